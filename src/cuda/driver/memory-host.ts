import { checkerOf } from "../../check/registry.ts";
import type { Caller } from "../../api/caller.ts";
import type { HostPtr, Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr } from "../abi/driver/types.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import type { Allocation } from "./core/memory.ts";
import { pinRange, unpinRange } from "./core/pinning.ts";
import { mapEverywhere, waitUsers } from "./memory.ts";

/** Memory Management: page-locked host memory. Under unified addressing all of it is visible to all contexts at its own address. */

const ALLOC_FLAGS = cu.CU_MEMHOSTALLOC_PORTABLE | cu.CU_MEMHOSTALLOC_DEVICEMAP | cu.CU_MEMHOSTALLOC_WRITECOMBINED;
const REGISTER_FLAGS = cu.CU_MEMHOSTREGISTER_PORTABLE | cu.CU_MEMHOSTREGISTER_DEVICEMAP | cu.CU_MEMHOSTREGISTER_IOMEMORY | cu.CU_MEMHOSTREGISTER_READ_ONLY;

function allocate(t: Caller, pp: Out<number> | null, bytesize: number, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pp === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pp must not be NULL");
  if (!(bytesize > 0) || !Number.isSafeInteger(bytesize)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytesize must be positive", { bytesize });
  if ((flags & ~ALLOC_FLAGS) !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_MEMHOSTALLOC_* bits", { Flags: flags });
  const mapping = mapEverywhere(t, context, bytesize);
  if (typeof mapping === "number") return fail(t, errnoCode(mapping), errnoRule(mapping, `allocating ${bytesize} bytes of host memory`), { bytesize });
  t.sys.watch?.allocated(mapping.address, bytesize);
  checkerOf(t)?.allocated(t.process, mapping.address, bytesize, "cuMemAllocHost", true);
  context.driver.remember("host", mapping.address, bytesize, { context, mappings: [mapping], flags });
  pp.value = mapping.address;
  return 0;
}

/**
 * Allocates page-locked host memory, visible to GPUs at the same address.
 * @param pp gets the address
 * @param bytesize bytes
 * @returns INVALID_VALUE: pp NULL, bytesize 0. OUT_OF_MEMORY.
 */
export function cuMemAllocHost_v2(t: Caller, pp: Out<number> | null, bytesize: number): CUresult {
  return allocate(t, pp, bytesize, cu.CU_MEMHOSTALLOC_DEVICEMAP);
}

/**
 * The same with flags.
 * @param Flags CU_MEMHOSTALLOC_* bits; without DEVICEMAP, cuMemHostGetDevicePointer refuses the memory
 * @returns INVALID_VALUE: pp NULL, bytesize 0, unknown flags. OUT_OF_MEMORY.
 */
export function cuMemHostAlloc(t: Caller, pp: Out<number> | null, bytesize: number, Flags: number): CUresult {
  return allocate(t, pp, bytesize, Flags);
}

/**
 * Frees memory of cuMemAllocHost or cuMemHostAlloc. Waits for all work that may use it. Blocks.
 * @returns INVALID_VALUE: not the beginning of such memory.
 */
export function* cuMemFreeHost(t: Caller, p: number | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const allocation = p === null ? undefined : context.driver.memory.find(p);
  if (allocation?.kind !== "host" || allocation.address !== p) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "p must be the beginning of memory of cuMemAllocHost or cuMemHostAlloc", { p });
  yield* waitUsers(t, allocation.context!, allocation.mappings);
  const { driver } = context;
  t.sys.watch?.freed(allocation.address, allocation.size);
  checkerOf(t)?.freed(t.process, allocation.address);
  driver.memory.remove(allocation);
  for (const mapping of allocation.mappings) {
    driver.everywhere.delete(mapping);
    mapping.unbindAll(t);
    t.sys.munmap(mapping.address, mapping.bytes);
  }
  return 0;
}

/** The page-locked allocation that a host pointer lies in. */
function lockedAt(t: Caller, p: HostPtr | null): { readonly allocation: Allocation; readonly address: number } | CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const allocation = typeof p === "number" ? context.driver.memory.find(p) : undefined;
  if (typeof p !== "number" || (allocation?.kind !== "host" && allocation?.kind !== "registered")) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "p must be page-locked host memory", { p: typeof p === "number" ? p : "a JavaScript buffer" });
  return { allocation, address: p };
}

/**
 * The address by which GPUs reach page-locked host memory: its own.
 * @param pdptr gets it
 * @param Flags must be 0
 * @returns INVALID_VALUE: pdptr NULL, Flags not 0, memory that is not page-locked or not mapped (no DEVICEMAP flag).
 */
export function cuMemHostGetDevicePointer_v2(t: Caller, pdptr: Out<CUdeviceptr> | null, p: HostPtr | null, Flags: number): CUresult {
  const found = lockedAt(t, p);
  if (typeof found === "number") return found;
  if (pdptr === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pdptr must not be NULL");
  if (Flags !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be 0", { Flags });
  if ((found.allocation.flags & cu.CU_MEMHOSTALLOC_DEVICEMAP) === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the memory must have been allocated or registered with the DEVICEMAP flag", { p: found.address });
  pdptr.value = found.address;
  return 0;
}

/**
 * The flags that page-locked memory was made with.
 * @param pFlags gets them
 * @returns INVALID_VALUE: pFlags NULL, memory that is not page-locked.
 */
export function cuMemHostGetFlags(t: Caller, pFlags: Out<number> | null, p: HostPtr | null): CUresult {
  const found = lockedAt(t, p);
  if (typeof found === "number") return found;
  if (pFlags === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pFlags must not be NULL");
  pFlags.value = found.allocation.flags;
  return 0;
}

/**
 * Page-locks memory that the process has already, so that GPUs reach it.
 * @param p a simulated address; bytes of the JavaScript program are not in the process's memory and cannot be registered
 * @param bytesize bytes
 * @param Flags CU_MEMHOSTREGISTER_* bits
 * @returns INVALID_VALUE: p NULL, bytesize 0, unknown flags, memory that the process cannot access. NOT_SUPPORTED: a JavaScript buffer, IOMEMORY, READ_ONLY.
 * HOST_MEMORY_ALREADY_REGISTERED: some of it is page-locked already. OUT_OF_MEMORY.
 */
export function cuMemHostRegister_v2(t: Caller, p: HostPtr | null, bytesize: number, Flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (p === null || p === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "p must not be NULL");
  if (!(bytesize > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytesize must be positive", { bytesize });
  if ((Flags & ~REGISTER_FLAGS) !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_MEMHOSTREGISTER_* bits", { Flags });
  if (typeof p !== "number") return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "a JavaScript buffer is not memory of the process: use malloc's or cuMemHostAlloc's");
  if ((Flags & cu.CU_MEMHOSTREGISTER_IOMEMORY) !== 0) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "memory of other devices cannot be registered", { Flags });
  if ((Flags & cu.CU_MEMHOSTREGISTER_READ_ONLY) !== 0) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "the device has no READ_ONLY_HOST_REGISTER_SUPPORTED", { Flags });
  const { driver } = context;
  if (driver.memory.overlaps(p, bytesize)) return fail(t, cu.CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, "no byte of the range may be registered or allocated by CUDA already", { p, bytesize });
  if (t.sys.memory(p, bytesize, true) === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the process must be able to read and write the range", { p, bytesize });
  const mappings = pinRange(t, driver, p, bytesize);
  if (typeof mappings === "number") return fail(t, errnoCode(mappings), errnoRule(mappings, "page-locking the range"), { p, bytesize });
  driver.remember("registered", p, bytesize, { context, mappings, flags: Flags });
  return 0;
}

/**
 * Undoes cuMemHostRegister. Waits for all work that may use the memory. Blocks.
 * @returns HOST_MEMORY_NOT_REGISTERED: never registered. INVALID_VALUE: p NULL, or inside a registered range instead of at its beginning.
 */
export function* cuMemHostUnregister(t: Caller, p: HostPtr | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (p === null || p === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "p must not be NULL");
  const allocation = typeof p === "number" ? context.driver.memory.find(p) : undefined;
  if (allocation?.kind !== "registered") return fail(t, cu.CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "p must have been registered with cuMemHostRegister", { p: typeof p === "number" ? p : "a JavaScript buffer" });
  if (allocation.address !== p) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "p must be the beginning of the registered range", { p, beginning: allocation.address });
  yield* waitUsers(t, allocation.context!, allocation.mappings);
  context.driver.memory.remove(allocation);
  unpinRange(t, context.driver, allocation.mappings);
  return 0;
}

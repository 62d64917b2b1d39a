import { checkerOf } from "../../check/registry.ts";
import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../kernel/sys/sys.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr } from "../abi/driver/types.ts";
import type { Context } from "./core/context.ts";
import { enter, failSticky } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import type { Block } from "./core/heap.ts";
import type { Allocation } from "./core/memory.ts";
import { Mapping, pageUp } from "./core/space.ts";
import { waitContext } from "./core/wait.ts";

/** Memory Management: device and managed memory. Host memory: memory-host.ts. Copies: memory-copy*.ts. Setting: memory-set.ts. */

/** Row pitches are multiples of this, bytes. */
const PITCH_ALIGNMENT = 512;

/**
 * Free and total memory of the current context's device.
 * @param free gets bytes; may be NULL
 * @param total gets bytes; may be NULL
 * @returns INVALID_VALUE: both NULL.
 */
export function cuMemGetInfo_v2(t: Caller, free: Out<number> | null, total: Out<number> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (free === null && total === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "free and total must not both be NULL");
  const arg = { vramTotal: 0, vramFree: 0 };
  const error = t.sys.ioctl(context.device.fd, "GLASS_MEM_QUERY", arg);
  if (error < 0) return fail(t, errnoCode(error), errnoRule(error, "asking for the memory"));
  if (free !== null) free.value = arg.vramFree;
  if (total !== null) total.value = arg.vramTotal;
  return 0;
}

/** Allocates device memory of a context. @returns the allocation, or the error. */
export function allocateDevice(t: Caller, context: Context, bytes: number): Allocation | CUresult {
  const made = context.heap.allocate(t, bytes);
  if (typeof made === "number") return fail(t, errnoCode(made), errnoRule(made, `allocating ${bytes} bytes`), { bytesize: bytes });
  t.sys.watch?.allocated(made.address, bytes);
  return context.driver.remember("device", made.address, bytes, { context, device: context.device, mappings: [made.block.mapping], owner: made.block });
}

/**
 * Allocates device memory: not zeroed, aligned to 512 bytes. Small requests share 2 MiB blocks.
 * @param dptr gets the address
 * @param bytesize bytes
 * @returns INVALID_VALUE: dptr NULL, bytesize 0. OUT_OF_MEMORY.
 */
export function cuMemAlloc_v2(t: Caller, dptr: Out<CUdeviceptr> | null, bytesize: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (dptr === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must not be NULL");
  if (!(bytesize > 0) || !Number.isSafeInteger(bytesize)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytesize must be positive", { bytesize });
  const allocation = allocateDevice(t, context, bytesize);
  if (typeof allocation === "number") return allocation;
  dptr.value = allocation.address;
  return 0;
}

/**
 * Allocates rows of device memory, each beginning at a multiple of the pitch: 512 bytes or a multiple of it.
 * @param dptr gets the address
 * @param pPitch gets the bytes from one row to the next
 * @param ElementSizeBytes 4, 8 or 16: the largest access that kernels will make
 * @returns INVALID_VALUE: an out-parameter NULL, a size 0, another element size. OUT_OF_MEMORY.
 */
export function cuMemAllocPitch_v2(t: Caller, dptr: Out<CUdeviceptr> | null, pPitch: Out<number> | null, WidthInBytes: number, Height: number, ElementSizeBytes: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (dptr === null || pPitch === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr and pPitch must not be NULL");
  if (!(WidthInBytes > 0 && Height > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "WidthInBytes and Height must be positive", { WidthInBytes, Height });
  if (ElementSizeBytes !== 4 && ElementSizeBytes !== 8 && ElementSizeBytes !== 16) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ElementSizeBytes must be 4, 8 or 16", { ElementSizeBytes });
  const pitch = Math.ceil(WidthInBytes / PITCH_ALIGNMENT) * PITCH_ALIGNMENT;
  const allocation = allocateDevice(t, context, pitch * Height);
  if (typeof allocation === "number") return allocation;
  dptr.value = allocation.address;
  pPitch.value = pitch;
  return 0;
}

/** Waits for the work of every context that may still use memory with these mappings. */
export function* waitUsers(t: Caller, context: Context, mappings: readonly Mapping[]): Blocking<CUresult> {
  const code = yield* waitContext(t, context);
  for (const [, other] of context.driver.contexts.entries()) {
    if (other === context || other.destroyed) continue;
    if (mappings.some((mapping) => [...mapping.spaces].some((space) => space !== context.space && space.device === other.device))) yield* waitContext(t, other);
  }
  return code;
}

/** Releases an allocation of the `device` or `managed` kind. The caller has waited for its users. */
export function releaseAllocation(t: Caller, allocation: Allocation): void {
  const context = allocation.context!;
  t.sys.watch?.freed(allocation.address, allocation.size);
  context.driver.memory.remove(allocation);
  if (allocation.kind === "device") {
    context.heap.release(t, allocation.owner as Block, allocation.address, allocation.size);
    return;
  }
  checkerOf(t)?.freed(t.process, allocation.address);
  for (const mapping of allocation.mappings) {
    context.driver.everywhere.delete(mapping);
    mapping.unbindAll(t);
    t.sys.munmap(mapping.address, mapping.bytes);
  }
}

/**
 * Frees memory of cuMemAlloc, cuMemAllocPitch, cuMemAllocManaged, or a stream-ordered allocation. Waits for all work that may use it. Blocks.
 * @returns INVALID_VALUE: not the beginning of such memory (freed already, inside it, host memory). The sticky error of a kernel that failed.
 */
export function* cuMemFree_v2(t: Caller, dptr: CUdeviceptr): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const allocation = context.driver.memory.find(dptr);
  if (allocation === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be memory that is allocated now (freed twice, or never allocated?)", { dptr });
  if (allocation.address !== dptr) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be the beginning of an allocation, not inside one", { dptr, beginning: allocation.address, size: allocation.size });
  if (allocation.kind === "pool") {
    const sticky = yield* waitContext(t, context);
    if (sticky !== 0) return failSticky(t, sticky);
    (allocation.owner as { freeNow(t: Caller, allocation: Allocation): void }).freeNow(t, allocation);
    return 0;
  }
  if (allocation.kind !== "device" && (allocation.kind !== "managed" || allocation.owner !== null)) {
    return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be memory of cuMemAlloc or cuMemAllocManaged", { dptr, kind: allocation.kind });
  }
  const sticky = yield* waitUsers(t, allocation.context!, allocation.mappings);
  if (sticky !== 0) return failSticky(t, sticky);
  releaseAllocation(t, allocation);
  return 0;
}

/**
 * The allocation that holds an address.
 * @param pbase gets its beginning; may be NULL
 * @param psize gets its bytes, as asked for; may be NULL
 * @returns NOT_FOUND: no allocation holds the address. INVALID_VALUE: both out-parameters NULL.
 */
export function cuMemGetAddressRange_v2(t: Caller, pbase: Out<CUdeviceptr> | null, psize: Out<number> | null, dptr: CUdeviceptr): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pbase === null && psize === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pbase and psize must not both be NULL");
  const allocation = context.driver.memory.find(dptr);
  if (allocation === undefined) return fail(t, cu.CUDA_ERROR_NOT_FOUND, "no allocation holds the address", { dptr });
  if (pbase !== null) pbase.value = allocation.address;
  if (psize !== null) psize.value = allocation.size;
  return 0;
}

/** Maps zeroed pages of the process that the CPU and every context see at one address: held in RAM, or `managed`, so that they move. @returns the mapping, or a negative errno. */
export function mapEverywhere(t: Caller, context: Context, bytes: number, managed: boolean = false): Mapping | number {
  const { driver } = context;
  const address = t.sys.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address < 0) return address;
  const mapping = new Mapping(address, pageUp(bytes), null, 0, managed);
  for (const space of driver.spaces()) {
    const error = mapping.bind(t, space);
    if (error >= 0) continue;
    mapping.unbindAll(t);
    t.sys.munmap(address, bytes);
    return error;
  }
  driver.everywhere.add(mapping);
  return mapping;
}

/**
 * Allocates memory that the CPU and all GPUs use at one address. Its pages move to who touches them, in units of 64 KiB (docs/decisions/0030-shared-virtual-memory.md).
 * @param dptr gets the address
 * @param bytesize bytes
 * @param flags CU_MEM_ATTACH_GLOBAL or CU_MEM_ATTACH_HOST
 * @returns INVALID_VALUE: dptr NULL, bytesize 0, other flags. OUT_OF_MEMORY.
 */
export function cuMemAllocManaged(t: Caller, dptr: Out<CUdeviceptr> | null, bytesize: number, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (dptr === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must not be NULL");
  if (!(bytesize > 0) || !Number.isSafeInteger(bytesize)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytesize must be positive", { bytesize });
  if (flags !== cu.CU_MEM_ATTACH_GLOBAL && flags !== cu.CU_MEM_ATTACH_HOST) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be CU_MEM_ATTACH_GLOBAL or CU_MEM_ATTACH_HOST", { flags });
  const mapping = mapEverywhere(t, context, bytesize, true);
  if (typeof mapping === "number") return fail(t, errnoCode(mapping), errnoRule(mapping, `allocating ${bytesize} bytes`), { bytesize });
  t.sys.watch?.allocated(mapping.address, bytesize);
  checkerOf(t)?.allocated(t.process, mapping.address, bytesize, "cuMemAllocManaged", true);
  context.driver.remember("managed", mapping.address, bytesize, { context, device: context.device, mappings: [mapping], flags });
  dptr.value = mapping.address;
  return 0;
}

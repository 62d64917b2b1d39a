import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUmemAllocationGranularity_flags, CUmemAllocationHandleType, CUresult } from "../abi/driver/enums.ts";
import type { CUmemAllocationProp, CUmemGenericAllocationHandle } from "../abi/driver/types.ts";
import type { Device } from "./core/device.ts";
import { enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { PhysicalMemory, VirtualMapping, virtualKey } from "./core/physical.ts";
import { importDmaBuf } from "./core/sharing.ts";
import { Backing } from "./core/space.ts";
import type { DriverState } from "./core/state.ts";
import { threadKey } from "./core/state.ts";
import { GRANULARITY } from "./virtual-memory.ts";

/** Virtual Memory Management: physical memory, and sharing it with other processes and APIs through file descriptors. */

/** The device that properties name; the error when they cannot be had. */
function deviceOf(t: Caller, driver: DriverState, prop: In<CUmemAllocationProp> | null): Device | CUresult {
  if (prop === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "prop must not be NULL");
  if (prop.type !== cu.CU_MEM_ALLOCATION_TYPE_PINNED) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "prop.type must be CU_MEM_ALLOCATION_TYPE_PINNED", { type: prop.type });
  const handles = prop.requestedHandleTypes ?? 0;
  switch (prop.location?.type) {
    case cu.CU_MEM_LOCATION_TYPE_DEVICE: break;
    case cu.CU_MEM_LOCATION_TYPE_HOST: case cu.CU_MEM_LOCATION_TYPE_HOST_NUMA:
      if (prop.location.type === cu.CU_MEM_LOCATION_TYPE_HOST && handles !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "memory of the host cannot be shared: requestedHandleTypes must be 0", { handles });
      return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "no device has CU_DEVICE_ATTRIBUTE_HOST_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED");
    default: return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "prop.location.type must be a device or the host", { type: prop.location?.type });
  }
  if (handles !== cu.CU_MEM_HANDLE_TYPE_NONE && handles !== cu.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "only POSIX file descriptors can be asked for", { handles });
  return driver.devices[prop.location.id ?? 0] ?? fail(t, cu.CUDA_ERROR_INVALID_DEVICE, "prop.location.id must be a device", { id: prop.location.id });
}

/** Complete properties. */
function properties(device: Device, handles: number): CUmemAllocationProp {
  return {
    type: cu.CU_MEM_ALLOCATION_TYPE_PINNED, requestedHandleTypes: handles as CUmemAllocationHandleType, location: { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: device.ordinal },
    win32HandleMetaData: null, allocFlags: { compressionType: 0, gpuDirectRDMACapable: 0, usage: 0, reserved: new Uint8Array(4) },
  };
}

/**
 * Makes physical memory on a device. It has no address; cuMemMap gives it one. It belongs to the process, not to a context.
 * @param handle gets it
 * @param size bytes, a multiple of cuMemGetAllocationGranularity
 * @param flags must be 0
 * @returns INVALID_VALUE: a pointer NULL, size 0 or no multiple of the granularity, unknown type or location, flags not 0. INVALID_DEVICE: no such device. NOT_SUPPORTED: host memory,
 * other handle types. OUT_OF_MEMORY.
 */
export function cuMemCreate(t: Caller, handle: Out<CUmemGenericAllocationHandle> | null, size: number, prop: In<CUmemAllocationProp> | null, flags: number | bigint): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (handle === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "handle must not be NULL");
  const device = deviceOf(t, driver, prop);
  if (typeof device === "number") return device;
  if (!(size > 0) || size % GRANULARITY !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "size must be a positive multiple of the granularity (2 MiB)", { size });
  if (BigInt(flags) !== 0n) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0", { flags });
  const backing = Backing.create(t, device, size, "vram", "cuMemCreate");
  if (typeof backing === "number") return fail(t, errnoCode(backing), errnoRule(backing, `making ${size} bytes`), { size });
  handle.value = file(t, new PhysicalMemory(backing, device, size, properties(device, prop?.requestedHandleTypes ?? 0)));
  return 0;
}

function file(t: Caller, memory: PhysicalMemory): CUmemGenericAllocationHandle {
  memory.handle = t.processState(virtualKey).handles.add(memory) as CUmemGenericAllocationHandle;
  return memory.handle;
}

/** The memory a handle names. */
function memoryArgument(t: Caller, handle: CUmemGenericAllocationHandle | null): PhysicalMemory | CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  return t.processState(virtualKey).handles.get(handle ?? 0) ?? fail(t, cu.CUDA_ERROR_INVALID_VALUE, "handle must be physical memory of this process", { handle });
}

/**
 * Gives one use of the handle back. With the last one the handle is gone, and the memory as soon as nothing is mapped to it.
 * @returns INVALID_VALUE: not a handle.
 */
export function cuMemRelease(t: Caller, handle: CUmemGenericAllocationHandle | null): CUresult {
  const memory = memoryArgument(t, handle);
  if (typeof memory === "number") return memory;
  memory.handleReferences--;
  memory.settle(t, t.processState(virtualKey));
  return 0;
}

/**
 * The handle of the memory mapped at an address, with one more use.
 * @param handle gets it
 * @returns INVALID_VALUE: handle NULL, nothing mapped at addr.
 */
export function cuMemRetainAllocationHandle(t: Caller, handle: Out<CUmemGenericAllocationHandle> | null, addr: number | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (handle === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "handle must not be NULL");
  const range = addr === null ? undefined : driver.memory.find(addr);
  const mapping = range?.mappings.find((m) => m instanceof VirtualMapping && addr! >= m.address && addr! < m.address + m.bytes) as VirtualMapping | undefined;
  if (mapping === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "memory of cuMemCreate must be mapped at addr", { addr });
  const { memory } = mapping;
  memory.handleReferences++;
  handle.value = memory.handle === 0 ? file(t, memory) : memory.handle;
  return 0;
}

/**
 * The granularity of sizes and addresses: 2 MiB.
 * @param granularity gets bytes
 * @param option CU_MEM_ALLOC_GRANULARITY_MINIMUM or _RECOMMENDED
 * @returns INVALID_VALUE: a pointer NULL, unknown option, properties that cannot be. NOT_SUPPORTED: as cuMemCreate.
 */
export function cuMemGetAllocationGranularity(t: Caller, granularity: Out<number> | null, prop: In<CUmemAllocationProp> | null, option: CUmemAllocationGranularity_flags): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (granularity === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "granularity must not be NULL");
  const device = deviceOf(t, driver, prop);
  if (typeof device === "number") return device;
  if (option !== cu.CU_MEM_ALLOC_GRANULARITY_MINIMUM && option !== cu.CU_MEM_ALLOC_GRANULARITY_RECOMMENDED) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "option must be of CUmemAllocationGranularity_flags", { option });
  granularity.value = GRANULARITY;
  return 0;
}

/**
 * The properties that physical memory was made with.
 * @param prop gets them
 * @returns INVALID_VALUE: prop NULL, not a handle.
 */
export function cuMemGetAllocationPropertiesFromHandle(t: Caller, prop: Out<CUmemAllocationProp> | null, handle: CUmemGenericAllocationHandle | null): CUresult {
  const memory = memoryArgument(t, handle);
  if (typeof memory === "number") return memory;
  if (prop === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "prop must not be NULL");
  prop.value = { ...memory.properties };
  return 0;
}

/**
 * A file descriptor (a dma-buf) of physical memory, for another process or API. The caller closes it.
 * @param shareableHandle gets the descriptor
 * @param handleType must be CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, and asked for when the memory was made
 * @param flags must be 0
 * @returns INVALID_VALUE: shareableHandle NULL, not a handle, another type, flags not 0. NOT_SUPPORTED: types of other systems.
 */
export function cuMemExportToShareableHandle(t: Caller, shareableHandle: Out<unknown> | null, handle: CUmemGenericAllocationHandle | null, handleType: CUmemAllocationHandleType, flags: number | bigint): CUresult {
  const memory = memoryArgument(t, handle);
  if (typeof memory === "number") return memory;
  if (shareableHandle === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "shareableHandle must not be NULL");
  if (BigInt(flags) !== 0n) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0", { flags });
  if (handleType === cu.CU_MEM_HANDLE_TYPE_WIN32 || handleType === cu.CU_MEM_HANDLE_TYPE_WIN32_KMT || handleType === cu.CU_MEM_HANDLE_TYPE_FABRIC) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "only POSIX file descriptors can be had", { handleType });
  if (handleType !== cu.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR || memory.properties.requestedHandleTypes !== handleType) {
    return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "handleType must be the one requested when the memory was made", { handleType, requested: memory.properties.requestedHandleTypes });
  }
  const fd = memory.backing.exportFd(t);
  if (fd < 0) return fail(t, errnoCode(fd), errnoRule(fd, "exporting the memory"));
  shareableHandle.value = fd;
  return 0;
}

/**
 * Physical memory behind a file descriptor (a dma-buf of this or another process or API).
 * @param handle gets it; the descriptor may be closed afterwards
 * @param osHandle the descriptor
 * @param shHandleType must be CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
 * @returns INVALID_VALUE: handle NULL, no dma-buf descriptor. NOT_SUPPORTED: other types.
 */
export function cuMemImportFromShareableHandle(t: Caller, handle: Out<CUmemGenericAllocationHandle> | null, osHandle: unknown, shHandleType: CUmemAllocationHandleType): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (handle === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "handle must not be NULL");
  if (shHandleType !== cu.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "only POSIX file descriptors can be imported", { shHandleType });
  if (typeof osHandle !== "number") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "osHandle must be a file descriptor", { osHandle });
  const device = t.threadState(threadKey).stack.at(-1)?.device ?? driver.devices[0]!;
  const imported = importDmaBuf(t, device, osHandle);
  if (typeof imported === "number") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, errnoRule(imported, "osHandle must be the descriptor of a dma-buf"), { osHandle });
  handle.value = file(t, new PhysicalMemory(imported, device, imported.size, properties(device, shHandleType)));
  return 0;
}

import type { Caller } from "../../api/caller.ts";
import { Out, type HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaExtent, cudaPitchedPtr } from "../abi/runtime/types.ts";
import { fail } from "../driver/core/fail.ts";
import * as cu from "../driver/memory.ts";
import * as host from "../driver/memory-host.ts";
import { inContext, inContextBlocking, refuse } from "./core/call.ts";

/** Memory Management: allocation. Copies: memory-copy.ts and memory-copy-strided.ts; filling: memory-set.ts. Sizes in bytes. */

/** Largest access that rows of cudaMallocPitch are aligned for. */
const PITCH_ELEMENT = 16;

/**
 * Allocates device memory, aligned to 256 bytes.
 * @param devPtr gets the address; 0 for size 0
 * @returns cudaErrorInvalidValue: devPtr NULL. cudaErrorMemoryAllocation: not enough memory.
 */
export function cudaMalloc(t: Caller, devPtr: Out<number> | null, size: number): cudaError_t {
  return inContext(t, () => {
    if (devPtr === null) return fail(t, rt.cudaErrorInvalidValue, "devPtr must not be NULL");
    if (size === 0) {
      devPtr.value = 0;
      return 0;
    }
    return cu.cuMemAlloc_v2(t, devPtr, size);
  });
}

/**
 * Allocates rows of device memory.
 * @param devPtr gets the address
 * @param pitch gets the bytes from one row to the next
 * @param width bytes of a row that are wanted
 * @returns cudaErrorInvalidValue: an out-parameter NULL. cudaErrorMemoryAllocation.
 */
export function cudaMallocPitch(t: Caller, devPtr: Out<number> | null, pitch: Out<number> | null, width: number, height: number): cudaError_t {
  return inContext(t, () => {
    if (devPtr === null || pitch === null) return fail(t, rt.cudaErrorInvalidValue, "devPtr and pitch must not be NULL");
    if (width === 0 || height === 0) {
      devPtr.value = 0;
      pitch.value = 0;
      return 0;
    }
    return cu.cuMemAllocPitch_v2(t, devPtr, pitch, width, height, PITCH_ELEMENT);
  });
}

/**
 * Allocates a box of device memory, in rows and slices.
 * @param pitchedDevPtr gets address, pitch and the sizes asked for
 * @param extent width in bytes, height in rows, depth in slices
 * @returns cudaErrorInvalidValue: pitchedDevPtr NULL. cudaErrorMemoryAllocation.
 */
export function cudaMalloc3D(t: Caller, pitchedDevPtr: Out<cudaPitchedPtr> | null, extent: In<cudaExtent>): cudaError_t {
  return inContext(t, () => {
    if (pitchedDevPtr === null) return fail(t, rt.cudaErrorInvalidValue, "pitchedDevPtr must not be NULL");
    const { width = 0, height = 0, depth = 0 } = extent;
    if (width === 0 || height === 0 || depth === 0) {
      pitchedDevPtr.value = { ptr: 0, pitch: 0, xsize: width, ysize: height };
      return 0;
    }
    const address = new Out<number>();
    const pitch = new Out<number>();
    const code = cu.cuMemAllocPitch_v2(t, address, pitch, width, height * depth, PITCH_ELEMENT);
    if (code === 0) pitchedDevPtr.value = { ptr: address.value, pitch: pitch.value, xsize: width, ysize: height };
    return code;
  });
}

/**
 * Allocates managed memory: one address for host and device.
 * @param devPtr gets the address
 * @param flags cudaMemAttachGlobal or cudaMemAttachHost
 * @returns cudaErrorInvalidValue: devPtr NULL, size 0, other flags. cudaErrorMemoryAllocation. cudaErrorNotSupported.
 */
export function cudaMallocManaged(t: Caller, devPtr: Out<number> | null, size: number, flags: number = rt.cudaMemAttachGlobal): cudaError_t {
  return inContext(t, () => cu.cuMemAllocManaged(t, devPtr, size, flags));
}

/**
 * Frees device or managed memory. Waits for the work that may use it. Blocks.
 * @param devPtr beginning of an allocation; 0 and NULL are ignored
 * @returns cudaErrorInvalidValue: not the beginning of such memory, or freed already.
 */
export function* cudaFree(t: Caller, devPtr: number | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* () {
    return devPtr === null || devPtr === 0 ? 0 : yield* cu.cuMemFree_v2(t, devPtr);
  });
}

/**
 * Allocates page-locked host memory, mapped into every device at the same address.
 * @param ptr gets the address
 * @returns cudaErrorInvalidValue: ptr NULL. cudaErrorMemoryAllocation.
 */
export function cudaMallocHost(t: Caller, ptr: Out<number> | null, size: number): cudaError_t {
  return cudaHostAlloc(t, ptr, size, rt.cudaHostAllocDefault);
}

/**
 * Allocates page-locked host memory.
 * @param pHost gets the address; 0 for size 0
 * @param flags of cudaHostAllocPortable, cudaHostAllocMapped, cudaHostAllocWriteCombined
 * @returns cudaErrorInvalidValue: pHost NULL, other flags. cudaErrorMemoryAllocation.
 */
export function cudaHostAlloc(t: Caller, pHost: Out<number> | null, size: number, flags: number): cudaError_t {
  return inContext(t, () => {
    if (pHost === null) return fail(t, rt.cudaErrorInvalidValue, "pHost must not be NULL");
    if (size === 0) {
      pHost.value = 0;
      return 0;
    }
    return host.cuMemHostAlloc(t, pHost, size, flags);
  });
}

/**
 * Frees memory of cudaHostAlloc or cudaMallocHost. Waits for the work that may use it. Blocks.
 * @param ptr 0 and NULL are ignored
 * @returns cudaErrorInvalidValue: not the beginning of such memory.
 */
export function* cudaFreeHost(t: Caller, ptr: number | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* () {
    return ptr === null || ptr === 0 ? 0 : yield* host.cuMemFreeHost(t, ptr);
  });
}

/**
 * Page-locks memory of the program.
 * @param ptr a simulated address
 * @param flags of cudaHostRegisterPortable, cudaHostRegisterMapped, cudaHostRegisterIoMemory, cudaHostRegisterReadOnly
 * @returns cudaErrorInvalidValue: ptr NULL, size 0, not the program's memory, other flags. cudaErrorHostMemoryAlreadyRegistered: it overlaps a registered range. cudaErrorNotSupported.
 */
export function cudaHostRegister(t: Caller, ptr: HostPtr | null, size: number, flags: number): cudaError_t {
  return inContext(t, () => host.cuMemHostRegister_v2(t, ptr, size, flags));
}

/**
 * Undoes cudaHostRegister. Blocks until work that may use the memory is done.
 * @returns cudaErrorInvalidValue: ptr NULL or inside a range. cudaErrorHostMemoryNotRegistered: not registered.
 */
export function* cudaHostUnregister(t: Caller, ptr: HostPtr | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => host.cuMemHostUnregister(t, ptr));
}

/**
 * The device's address of mapped host memory.
 * @param pDevice gets it
 * @param flags must be 0
 * @returns cudaErrorInvalidValue: an argument NULL, memory that is not mapped, flags not 0.
 */
export function cudaHostGetDevicePointer(t: Caller, pDevice: Out<number> | null, pHost: HostPtr | null, flags: number): cudaError_t {
  return inContext(t, () => host.cuMemHostGetDevicePointer_v2(t, pDevice, pHost, flags));
}

/**
 * The flags page-locked memory was made with.
 * @param pFlags gets them
 * @returns cudaErrorInvalidValue: an argument NULL, not page-locked memory.
 */
export function cudaHostGetFlags(t: Caller, pFlags: Out<number> | null, pHost: HostPtr | null): cudaError_t {
  return inContext(t, () => host.cuMemHostGetFlags(t, pFlags, pHost));
}

/**
 * Free and total memory of the current device, in bytes.
 * @returns cudaErrorInvalidValue: an out-parameter NULL.
 */
export function cudaMemGetInfo(t: Caller, free: Out<number> | null, total: Out<number> | null): cudaError_t {
  if (free === null || total === null) return refuse(t, rt.cudaErrorInvalidValue, "free and total must not be NULL");
  return inContext(t, () => cu.cuMemGetInfo_v2(t, free, total));
}

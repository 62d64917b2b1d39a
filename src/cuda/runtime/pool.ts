import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import type { CUmemAccess_flags, CUmemAllocationType, CUmemPool_attribute } from "../abi/driver/enums.ts";
import type { CUmemAccessDesc, CUmemLocation, CUmemPoolProps } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t, cudaMemAccessFlags, cudaMemAllocationType, cudaMemPoolAttr } from "../abi/runtime/enums.ts";
import type { cudaMemAccessDesc, cudaMemLocation, cudaMemPool_t, cudaMemPoolProps, cudaStream_t } from "../abi/runtime/types.ts";
import { fail } from "../driver/core/fail.ts";
import * as cu from "../driver/pool.ts";
import { inContext, withDriver } from "./core/call.ts";

/** Stream Ordered Memory Allocator: the driver's, with the runtime's names. */

/**
 * Allocates from the current pool of the stream's device, in stream order.
 * @param devPtr gets the address; 0 for size 0
 * @returns cudaErrorInvalidValue: devPtr NULL. cudaErrorInvalidResourceHandle: not a stream of the device. cudaErrorMemoryAllocation.
 */
export function cudaMallocAsync(t: Caller, devPtr: Out<number> | null, size: number, hStream: cudaStream_t | null): cudaError_t {
  return inContext(t, () => {
    if (devPtr === null || size !== 0) return cu.cuMemAllocAsync(t, devPtr, size, hStream);
    devPtr.value = 0;
    return 0;
  });
}

/** The same from a pool. @returns as cudaMallocAsync; cudaErrorInvalidValue: not a pool. */
export function cudaMallocFromPoolAsync(t: Caller, ptr: Out<number> | null, size: number, memPool: cudaMemPool_t | null, stream: cudaStream_t | null): cudaError_t {
  return inContext(t, () => cu.cuMemAllocFromPoolAsync(t, ptr, size, memPool, stream));
}

/**
 * Frees stream-ordered memory in stream order. NULL is no error.
 * @returns cudaErrorInvalidValue: not the beginning of such memory. cudaErrorInvalidResourceHandle: not a stream of the device.
 */
export function cudaFreeAsync(t: Caller, devPtr: number | null, hStream: cudaStream_t | null): cudaError_t {
  return inContext(t, () => (devPtr === null || devPtr === 0 ? 0 : cu.cuMemFreeAsync(t, devPtr, hStream)));
}

/** Gives unused memory of a pool back, down to some bytes. @returns cudaErrorInvalidValue: not a pool. */
export function cudaMemPoolTrimTo(t: Caller, memPool: cudaMemPool_t | null, minBytesToKeep: number): cudaError_t {
  return withDriver(t, () => cu.cuMemPoolTrimTo(t, memPool, minBytesToKeep));
}

/** Sets an attribute of a pool. @returns cudaErrorInvalidValue: not a pool, value NULL, an attribute that cannot be set so. */
export function cudaMemPoolSetAttribute(t: Caller, memPool: cudaMemPool_t | null, attr: cudaMemPoolAttr, value: number | bigint | null): cudaError_t {
  return withDriver(t, () => cu.cuMemPoolSetAttribute(t, memPool, attr as CUmemPool_attribute, value));
}

/** An attribute of a pool. @param value gets it @returns cudaErrorInvalidValue: not a pool, value NULL, unknown attribute. */
export function cudaMemPoolGetAttribute(t: Caller, memPool: cudaMemPool_t | null, attr: cudaMemPoolAttr, value: Out<number | bigint> | null): cudaError_t {
  return withDriver(t, () => cu.cuMemPoolGetAttribute(t, memPool, attr as CUmemPool_attribute, value));
}

/** Sets which devices may use a pool's memory. @returns cudaErrorInvalidValue: not a pool, no devices, access that cannot be. */
export function cudaMemPoolSetAccess(t: Caller, memPool: cudaMemPool_t | null, descList: readonly In<cudaMemAccessDesc>[] | null, count: number): cudaError_t {
  return withDriver(t, () => cu.cuMemPoolSetAccess(t, memPool, descList as readonly In<CUmemAccessDesc>[] | null, count));
}

/** Which access a device has to a pool's memory. @param flags gets it @returns cudaErrorInvalidValue: not a pool, a pointer NULL, no device. */
export function cudaMemPoolGetAccess(t: Caller, flags: Out<cudaMemAccessFlags> | null, memPool: cudaMemPool_t | null, location: In<cudaMemLocation> | null): cudaError_t {
  return withDriver(t, () => cu.cuMemPoolGetAccess(t, flags as Out<CUmemAccess_flags> | null, memPool, location as In<CUmemLocation> | null));
}

/** Makes a pool. @param memPool gets it @returns cudaErrorInvalidValue: a pointer NULL, unknown type or location. cudaErrorNotSupported: host memory, sharing. */
export function cudaMemPoolCreate(t: Caller, memPool: Out<cudaMemPool_t> | null, poolProps: In<cudaMemPoolProps> | null): cudaError_t {
  return withDriver(t, () => cu.cuMemPoolCreate(t, memPool, poolProps as In<CUmemPoolProps> | null));
}

/** Destroys a pool; what is allocated lives on. @returns cudaErrorInvalidValue: not a pool, a default pool. */
export function cudaMemPoolDestroy(t: Caller, memPool: cudaMemPool_t | null): cudaError_t {
  return withDriver(t, () => cu.cuMemPoolDestroy(t, memPool));
}

/** The default pool of a location. @param memPool gets it @returns cudaErrorInvalidValue: a pointer NULL, unknown type or location. cudaErrorInvalidDevice. */
export function cudaMemGetDefaultMemPool(t: Caller, memPool: Out<cudaMemPool_t> | null, location: In<cudaMemLocation> | null, type: cudaMemAllocationType): cudaError_t {
  return withDriver(t, () => cu.cuMemGetDefaultMemPool(t, memPool, location as In<CUmemLocation> | null, type as CUmemAllocationType));
}

/** The current pool of a location. @param memPool gets it @returns cudaErrorInvalidValue: a pointer NULL, unknown type or location. */
export function cudaMemGetMemPool(t: Caller, memPool: Out<cudaMemPool_t> | null, location: In<cudaMemLocation> | null, type: cudaMemAllocationType): cudaError_t {
  return withDriver(t, () => cu.cuMemGetMemPool(t, memPool, location as In<CUmemLocation> | null, type as CUmemAllocationType));
}

/** Makes a pool the current one of a location. @returns cudaErrorInvalidValue: not a pool, one of another device, unknown type or location. */
export function cudaMemSetMemPool(t: Caller, location: In<cudaMemLocation> | null, type: cudaMemAllocationType, memPool: cudaMemPool_t | null): cudaError_t {
  return withDriver(t, () => cu.cuMemSetMemPool(t, location as In<CUmemLocation> | null, type as CUmemAllocationType, memPool));
}

/** A device's default pool. (Device Management.) @param memPool gets it @returns cudaErrorInvalidValue: memPool NULL. cudaErrorInvalidDevice: no such device. */
export function cudaDeviceGetDefaultMemPool(t: Caller, memPool: Out<cudaMemPool_t> | null, device: number): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetDefaultMemPool(t, memPool, device));
}

/** Makes a pool a device's current one. (Device Management.) @returns cudaErrorInvalidValue: not a pool, one of another device. cudaErrorInvalidDevice: no such device. */
export function cudaDeviceSetMemPool(t: Caller, device: number, memPool: cudaMemPool_t | null): cudaError_t {
  return withDriver(t, (driver) => {
    if (driver.devices[device] === undefined) return fail(t, rt.cudaErrorInvalidDevice, "device must be an ordinal below cudaGetDeviceCount", { device });
    return cu.cuDeviceSetMemPool(t, device, memPool);
  });
}

/** A device's current pool. (Device Management.) @param memPool gets it @returns cudaErrorInvalidValue: memPool NULL, no such device. */
export function cudaDeviceGetMemPool(t: Caller, memPool: Out<cudaMemPool_t> | null, device: number): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetMemPool(t, memPool, device));
}

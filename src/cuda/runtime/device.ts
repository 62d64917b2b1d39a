import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import { CUarray_format, type CUatomicOperation, type CUdevice_attribute, type CUflushGPUDirectRDMAWritesScope, type CUflushGPUDirectRDMAWritesTarget, type CUfunc_cache, type CUlimit, type CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaAtomicOperation, cudaDeviceAttr, cudaError_t, cudaFlushGPUDirectRDMAWritesScope, cudaFlushGPUDirectRDMAWritesTarget, cudaFuncCache, cudaLimit, cudaSharedMemConfig } from "../abi/runtime/enums.ts";
import type { cudaChannelFormatDesc } from "../abi/runtime/types.ts";
import { cuCtxGetCacheConfig, cuCtxSetCacheConfig, cuCtxSynchronize } from "../driver/context.ts";
import { badContextFlags } from "../driver/context-flags.ts";
import { cuCtxGetLimit, cuCtxSetLimit } from "../driver/context-settings.ts";
import { failSticky } from "../driver/core/enter.ts";
import { fail } from "../driver/core/fail.ts";
import * as cu from "../driver/device.ts";
import { deviceOf, driverOf, finish, inContext, inContextBlocking, openPrimary, usePrimary, withDriver } from "./core/call.ts";
import { runtimeKey, runtimeThreadKey } from "./core/state.ts";

/** Device Management. Properties: device-properties.ts. */

/** cudaDeviceSetLimit's device flags: those that cudaSetDeviceFlags takes. */
const DEVICE_FLAGS = rt.cudaDeviceMask;

function badDevice(t: Caller, device: number, count: number): CUresult {
  return fail(t, rt.cudaErrorInvalidDevice as CUresult, "device must be an ordinal below cudaGetDeviceCount", { device, count });
}

/**
 * How many devices there are.
 * @param count gets the number; it is not written when initialisation fails
 * @returns cudaErrorNoDevice: none. cudaErrorInvalidValue: count NULL.
 */
export function cudaGetDeviceCount(t: Caller, count: Out<number> | null): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetCount(t, count));
}

/**
 * Chooses the thread's device, makes its primary context and makes that current.
 * @returns cudaErrorInvalidDevice: no such device. cudaErrorMemoryAllocation: no memory for the context.
 */
export function cudaSetDevice(t: Caller, device: number): cudaError_t {
  return withDriver(t, (driver) => {
    if (driver.devices[device] === undefined) return badDevice(t, device, driver.devices.length);
    if (driver.sticky !== 0) return failSticky(t, driver.sticky);
    const code = usePrimary(t, driver, device);
    if (code === 0) t.threadState(runtimeThreadKey).device = device;
    return code;
  });
}

/**
 * The thread's device: of the current context, else what cudaSetDevice chose, else the first.
 * @param device gets its ordinal
 * @returns cudaErrorInvalidValue: device NULL.
 */
export function cudaGetDevice(t: Caller, device: Out<number> | null): cudaError_t {
  return withDriver(t, () => {
    if (device === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "device must not be NULL");
    device.value = deviceOf(t);
    return 0;
  });
}

/**
 * Makes a device's primary context without making it current.
 * @param deviceFlags as cudaSetDeviceFlags; they count when `flags` has cudaInitDeviceFlagsAreValid
 * @returns cudaErrorInvalidDevice: no such device. cudaErrorInvalidValue: other flags.
 */
export function cudaInitDevice(t: Caller, device: number, deviceFlags: number, flags: number): cudaError_t {
  return withDriver(t, (driver) => {
    const found = driver.devices[device];
    if (found === undefined) return badDevice(t, device, driver.devices.length);
    if ((flags & ~rt.cudaInitDeviceFlagsAreValid) !== 0) return fail(t, rt.cudaErrorInvalidValue as CUresult, "flags must be 0 or cudaInitDeviceFlagsAreValid", { flags });
    if (flags !== 0) {
      const bad = badFlags(deviceFlags);
      if (bad !== null) return fail(t, rt.cudaErrorInvalidValue as CUresult, bad, { deviceFlags });
      found.primaryFlags = deviceFlags;
    }
    const context = openPrimary(t, driver, device);
    return typeof context === "number" ? context : 0;
  });
}

/**
 * Devices to use when a thread has chosen none, in order.
 * @param len how many of the array count; 0: all devices again
 * @returns cudaErrorInvalidValue: device_arr NULL with len not 0, more than there are. cudaErrorInvalidDevice: no such device.
 */
export function cudaSetValidDevices(t: Caller, device_arr: readonly number[] | null, len: number): cudaError_t {
  return withDriver(t, (driver) => {
    if (len !== 0 && device_arr === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "device_arr must not be NULL when len is not 0", { len });
    if (len < 0 || len > driver.devices.length || (device_arr?.length ?? 0) < len) return fail(t, rt.cudaErrorInvalidValue as CUresult, "len must not exceed the array or the number of devices", { len });
    const list = (device_arr ?? []).slice(0, len);
    const wrong = list.find((ordinal) => driver.devices[ordinal] === undefined);
    if (wrong !== undefined) return badDevice(t, wrong, driver.devices.length);
    t.processState(runtimeKey).validDevices = list;
    return 0;
  });
}

function badFlags(flags: number): string | null {
  return (flags & ~DEVICE_FLAGS) !== 0 ? "flags must be one cudaDeviceSchedule* and of cudaDeviceMapHost, cudaDeviceLmemResizeToMax, cudaDeviceSyncMemops" : badContextFlags(flags);
}

/**
 * How the thread's device waits and maps memory. Holds for a context that is active already, too.
 * @param flags one cudaDeviceSchedule*, and cudaDeviceMapHost, cudaDeviceLmemResizeToMax, cudaDeviceSyncMemops
 * @returns cudaErrorInvalidValue: other flags.
 */
export function cudaSetDeviceFlags(t: Caller, flags: number): cudaError_t {
  return withDriver(t, (driver) => {
    const bad = badFlags(flags);
    if (bad !== null) return fail(t, rt.cudaErrorInvalidValue as CUresult, bad, { flags });
    const device = driver.devices[deviceOf(t)]!;
    t.processState(runtimeKey).flags.set(device.ordinal, flags);
    device.primaryFlags = flags;
    if (device.primary !== null) device.primary.flags = flags;
    return 0;
  });
}

/**
 * The flags of the thread's device. cudaDeviceMapHost is always set.
 * @param flags gets them
 * @returns cudaErrorInvalidValue: flags NULL.
 */
export function cudaGetDeviceFlags(t: Caller, flags: Out<number> | null): cudaError_t {
  return withDriver(t, (driver) => {
    if (flags === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "flags must not be NULL");
    const device = driver.devices[deviceOf(t)]!;
    flags.value = (device.primary?.flags ?? device.primaryFlags) | rt.cudaDeviceMapHost;
    return 0;
  });
}

/** Blocks until all work of the current context is done. @returns the error of work that failed. */
export function* cudaDeviceSynchronize(t: Caller): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cuCtxSynchronize(t));
}

/**
 * Destroys the primary context of the thread's device and all that is in it; the next call makes a fresh one. Blocks until its work has ended.
 * NON-SPEC: an error after which the process must be restarted is not cleared.
 */
export function* cudaDeviceReset(t: Caller): Blocking<cudaError_t> {
  const driver = driverOf(t);
  if (typeof driver === "number") return finish(t, driver);
  const device = driver.devices[deviceOf(t)]!;
  if (device.primary !== null) {
    if (t.processState(runtimeKey).retained.delete(device.ordinal)) device.primaryReferences = Math.max(0, device.primaryReferences - 1);
    yield* device.primary.destroy(t);
  }
  return 0;
}

/** Sets a limit of the current context: stack size, printf buffer, malloc heap ... @param value bytes or a count. @returns cudaErrorUnsupportedLimit, cudaErrorInvalidValue. */
export function cudaDeviceSetLimit(t: Caller, limit: cudaLimit, value: number): cudaError_t {
  return inContext(t, () => cuCtxSetLimit(t, limit as CUlimit, value));
}

/** A limit of the current context. @param pValue gets it. @returns cudaErrorUnsupportedLimit, cudaErrorInvalidValue: pValue NULL. */
export function cudaDeviceGetLimit(t: Caller, pValue: Out<number> | null, limit: cudaLimit): cudaError_t {
  return inContext(t, () => cuCtxGetLimit(t, pValue, limit as CUlimit));
}

/** What the current context prefers of L1 cache and shared memory: kept, without effect. @param pCacheConfig gets it. @returns cudaErrorInvalidValue: NULL. */
export function cudaDeviceGetCacheConfig(t: Caller, pCacheConfig: Out<cudaFuncCache> | null): cudaError_t {
  return inContext(t, () => cuCtxGetCacheConfig(t, pCacheConfig as Out<CUfunc_cache> | null));
}

/** Sets what cudaDeviceGetCacheConfig answers. @returns cudaErrorInvalidValue: no cudaFuncCache. */
export function cudaDeviceSetCacheConfig(t: Caller, cacheConfig: cudaFuncCache): cudaError_t {
  return inContext(t, () => cuCtxSetCacheConfig(t, cacheConfig as CUfunc_cache));
}

/** Deprecated: the width of shared memory banks, always four bytes. @param pConfig gets it. @returns cudaErrorInvalidValue: pConfig NULL. */
export function cudaDeviceGetSharedMemConfig(t: Caller, pConfig: Out<cudaSharedMemConfig> | null): cudaError_t {
  return inContext(t, () => {
    if (pConfig === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pConfig must not be NULL");
    pConfig.value = rt.cudaSharedMemBankSizeFourByte;
    return 0;
  });
}

/** Deprecated: has no effect on GPUs of today. @returns cudaErrorInvalidValue: no cudaSharedMemConfig. */
export function cudaDeviceSetSharedMemConfig(t: Caller, config: cudaSharedMemConfig): cudaError_t {
  return inContext(t, () => (config >= 0 && config <= 2 ? 0 : fail(t, rt.cudaErrorInvalidValue as CUresult, "config must be of cudaSharedMemConfig", { config })));
}

/** One attribute of a device. @param value gets it. @returns cudaErrorInvalidDevice: no such device. cudaErrorInvalidValue: value NULL, no such attribute. */
export function cudaDeviceGetAttribute(t: Caller, value: Out<number> | null, attr: cudaDeviceAttr, device: number): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetAttribute(t, value, attr as CUdevice_attribute, device));
}

/** Which atomics host and device may do on the same memory. @param capabilities gets a mask for each operation. @returns cudaErrorInvalidDevice, cudaErrorInvalidValue. */
export function cudaDeviceGetHostAtomicCapabilities(t: Caller, capabilities: Out<readonly number[]> | null, operations: readonly cudaAtomicOperation[] | null, count: number, device: number): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetHostAtomicCapabilities(t, capabilities, operations as readonly CUatomicOperation[] | null, count, device));
}

/** The device at a PCI address. @param pciBusId "domain:bus:device.function". @returns cudaErrorInvalidValue: an argument NULL or ill-formed. cudaErrorInvalidDevice: none there. */
export function cudaDeviceGetByPCIBusId(t: Caller, device: Out<number> | null, pciBusId: string | null): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetByPCIBusId(t, device, pciBusId));
}

/** A device's PCI address. @param len bytes that there is room for, with the final NUL. @returns cudaErrorInvalidValue: NULL, no room. cudaErrorInvalidDevice: no such device. */
export function cudaDeviceGetPCIBusId(t: Caller, pciBusId: Out<string> | null, len: number, device: number): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetPCIBusId(t, pciBusId, len, device));
}

/** Makes writes of other devices visible: nothing to do in this model. @returns cudaErrorNotSupported: the device cannot. */
export function cudaDeviceFlushGPUDirectRDMAWrites(t: Caller, target: cudaFlushGPUDirectRDMAWritesTarget, scope: cudaFlushGPUDirectRDMAWritesScope): cudaError_t {
  return inContext(t, () => cu.cuFlushGPUDirectRDMAWrites(t, target as CUflushGPUDirectRDMAWritesTarget, scope as CUflushGPUDirectRDMAWritesScope));
}

/** Largest width of a 1D texture over linear memory. @param fmtDesc its element. @returns cudaErrorInvalidValue: NULL, no such format. cudaErrorInvalidDevice. */
export function cudaDeviceGetTexture1DLinearMaxWidth(t: Caller, maxWidthInElements: Out<number> | null, fmtDesc: In<cudaChannelFormatDesc> | null, device: number): cudaError_t {
  return withDriver(t, () => {
    if (fmtDesc === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "fmtDesc must not be NULL");
    const channels = [fmtDesc.x ?? 0, fmtDesc.y ?? 0, fmtDesc.z ?? 0, fmtDesc.w ?? 0].filter((bits) => bits !== 0);
    const bits = channels[0] ?? 0;
    const format = bits === 8 ? CUarray_format.CU_AD_FORMAT_UNSIGNED_INT8 : bits === 16 ? CUarray_format.CU_AD_FORMAT_UNSIGNED_INT16 : CUarray_format.CU_AD_FORMAT_UNSIGNED_INT32;
    if (![8, 16, 32].includes(bits) || channels.some((other) => other !== bits)) return fail(t, rt.cudaErrorInvalidValue as CUresult, "fmtDesc must have 1, 2 or 4 channels of 8, 16 or 32 bits");
    return cu.cuDeviceGetTexture1DLinearMaxWidth(t, maxWidthInElements, format, channels.length, device);
  });
}


import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUfunction_attribute, type CUfunc_cache, type CUresult } from "../abi/driver/enums.ts";
import type { CUdevice, CUfunction, CUkernel, CUlibrary } from "../abi/driver/types.ts";
import { isEnumerator } from "./core/arguments.ts";
import type { Device } from "./core/device.ts";
import { enter, enterDevice, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { Kernel } from "./core/module.ts";
import type { DriverState } from "./core/state.ts";
import { answerParam, badAttribute } from "./execution-attributes.ts";
import { kernelFunction } from "./function-argument.ts";

/** Library Management: kernels, which belong to no context. */

/** The kernel a handle names. */
function kernelArgument(t: Caller, driver: DriverState, kernel: CUkernel | null, code: CUresult = cu.CUDA_ERROR_INVALID_HANDLE): Kernel | CUresult {
  return driver.kernels.get(kernel ?? 0) ?? fail(t, code, "kernel must be of a loaded library", { kernel });
}

/**
 * A kernel's function in the current context; loads its library there. Blocks until the variables have their first values.
 * @param pFunc gets it
 * @returns INVALID_VALUE: pFunc NULL. INVALID_HANDLE: not a kernel.
 */
export function* cuKernelGetFunction(t: Caller, pFunc: Out<CUfunction> | null, kernel: CUkernel | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pFunc === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pFunc must not be NULL");
  const found = kernelArgument(t, context.driver, kernel);
  if (typeof found === "number") return found;
  const fn = yield* kernelFunction(t, context, found);
  if (typeof fn === "number") return fn;
  pFunc.value = fn.handle;
  return 0;
}

/**
 * A kernel's library.
 * @param pLib gets it
 * @returns INVALID_VALUE: pLib NULL. INVALID_HANDLE: not a kernel.
 */
export function cuKernelGetLibrary(t: Caller, pLib: Out<CUlibrary> | null, kernel: CUkernel | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (pLib === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pLib must not be NULL");
  const found = kernelArgument(t, driver, kernel);
  if (typeof found === "number") return found;
  pLib.value = found.library.handle;
  return 0;
}

/** An attribute of a kernel on a device; undefined when there is no such attribute. */
function kernelAttribute(kernel: Kernel, device: Device, attribute: number): number | undefined {
  const { info } = kernel;
  const set = kernel.attributes.get(device.ordinal)?.get(attribute);
  const [major, minor] = device.profile.computeCapability;
  switch (attribute) {
    case cu.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: {
      const perWarp = Math.ceil((info.attributes.registers * device.profile.warpSize) / 256) * 256;
      return Math.min(device.profile.limits.maxThreadsPerBlock, info.attributes.maxThreads ?? Infinity, Math.floor(device.profile.limits.registersPerBlock / perWarp) * device.profile.warpSize);
    }
    case cu.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: return info.sharedBytes;
    case cu.CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES: return info.constBytes;
    case cu.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES: return info.localBytes;
    case cu.CU_FUNC_ATTRIBUTE_NUM_REGS: return info.attributes.registers;
    case cu.CU_FUNC_ATTRIBUTE_PTX_VERSION: case cu.CU_FUNC_ATTRIBUTE_BINARY_VERSION: return major * 10 + minor;
    case cu.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: return set ?? Math.max(0, device.profile.limits.sharedPerBlock - info.sharedBytes);
    case cu.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT: return set ?? -1;
    default: return isEnumerator(CUfunction_attribute, attribute) && attribute !== cu.CU_FUNC_ATTRIBUTE_MAX ? set ?? 0 : undefined;
  }
}

/**
 * An attribute of a kernel on a device.
 * @param pi gets the value
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: pi NULL, unknown attribute. INVALID_HANDLE: not a kernel.
 */
export function cuKernelGetAttribute(t: Caller, pi: Out<number> | null, attrib: CUfunction_attribute, kernel: CUkernel | null, dev: CUdevice): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (pi === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pi must not be NULL");
  const found = kernelArgument(t, driver, kernel);
  if (typeof found === "number") return found;
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  const value = kernelAttribute(found, device, attrib);
  if (value === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attrib must be of CUfunction_attribute", { attrib });
  pi.value = value;
  return 0;
}

/**
 * Sets an attribute of a kernel on a device. What cuFuncSetAttribute set for a function goes before it.
 * @returns INVALID_HANDLE: not a kernel. INVALID_DEVICE: no such device. INVALID_VALUE: an attribute that cannot be set, a value out of range.
 */
export function cuKernelSetAttribute(t: Caller, attrib: CUfunction_attribute, val: number, kernel: CUkernel | null, dev: CUdevice): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const found = kernelArgument(t, driver, kernel);
  if (typeof found === "number") return found;
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  const bad = badAttribute(device, found.info, attrib, val);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad, { attrib, val });
  let own = found.attributes.get(dev);
  if (own === undefined) found.attributes.set(dev, (own = new Map()));
  own.set(attrib, val);
  for (const [context, module] of found.library.modules) {
    const fn = context.device === device && !context.destroyed ? module.function(found.info.name) : undefined;
    if (fn === undefined) continue;
    if (attrib === cu.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) fn.maxDynamicShared = val;
    else fn.attributes.set(attrib, val);
  }
  return 0;
}

/**
 * Which cache configuration the kernel prefers on a device. Without effect.
 * @returns INVALID_HANDLE: not a kernel. INVALID_DEVICE: no such device. INVALID_VALUE: not of CUfunc_cache.
 */
export function cuKernelSetCacheConfig(t: Caller, kernel: CUkernel | null, config: CUfunc_cache, dev: CUdevice): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const found = kernelArgument(t, driver, kernel);
  if (typeof found === "number") return found;
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  return config >= 0 && config <= cu.CU_FUNC_CACHE_PREFER_EQUAL ? 0 : fail(t, cu.CUDA_ERROR_INVALID_VALUE, "config must be of CUfunc_cache", { config });
}

/**
 * A kernel's name, mangled as in the PTX text.
 * @param name gets it
 * @returns INVALID_VALUE: name NULL, not a kernel.
 */
export function cuKernelGetName(t: Caller, name: Out<string> | null, hfunc: CUkernel | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (name === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "name must not be NULL");
  const found = kernelArgument(t, driver, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof found === "number") return found;
  name.value = found.info.name;
  return 0;
}

/**
 * Where a parameter lies in the kernel's parameter block.
 * @returns INVALID_VALUE: not a kernel, no such parameter, paramOffset NULL.
 */
export function cuKernelGetParamInfo(t: Caller, kernel: CUkernel | null, paramIndex: number, paramOffset: Out<number> | null, paramSize: Out<number> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const found = kernelArgument(t, driver, kernel, cu.CUDA_ERROR_INVALID_VALUE);
  return typeof found === "number" ? found : answerParam(t, found.info, paramIndex, paramOffset, paramSize);
}

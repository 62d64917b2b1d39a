import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUfunction_attribute, type CUfunc_cache, type CUfunctionLoadingState, type CUresult } from "../abi/driver/enums.ts";
import type { CUfunction, CUmodule } from "../abi/driver/types.ts";
import { isEnumerator } from "./core/arguments.ts";
import type { Device } from "./core/device.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { dynamicSharedLimit, maxThreads } from "./core/launch.ts";
import type { CudaFunction } from "./core/module.ts";
import { functionArgument } from "./function-argument.ts";
import type { KernelInfo } from "../../compiler/abi.ts";

/** Execution Control: attributes of functions, and what they are. */

/** An attribute's value; undefined when there is no such attribute. */
export function functionAttribute(fn: CudaFunction, attribute: number): number | undefined {
  const { info } = fn;
  switch (attribute) {
    case cu.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: return maxThreads(fn);
    case cu.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: return info.sharedBytes;
    case cu.CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES: return info.constBytes;
    case cu.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES: return info.localBytes;
    case cu.CU_FUNC_ATTRIBUTE_NUM_REGS: return info.attributes.registers;
    case cu.CU_FUNC_ATTRIBUTE_PTX_VERSION: case cu.CU_FUNC_ATTRIBUTE_BINARY_VERSION: {
      const [major, minor] = fn.module.context.device.profile.computeCapability;
      return major * 10 + minor;
    }
    case cu.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: return dynamicSharedLimit(fn);
    case cu.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT: return fn.attributes.get(attribute) ?? -1;
    default: return isEnumerator(CUfunction_attribute, attribute) && attribute !== cu.CU_FUNC_ATTRIBUTE_MAX ? fn.attributes.get(attribute) ?? 0 : undefined;
  }
}

/** Why an attribute cannot have a value, or null when it can. */
export function badAttribute(device: Device, info: KernelInfo, attribute: number, value: number): string | null {
  switch (attribute) {
    case cu.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      return value >= 0 && value + info.sharedBytes <= device.profile.limits.sharedPerBlockOptin ? null
        : `with the static ${info.sharedBytes} bytes it must not exceed CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN (${device.profile.limits.sharedPerBlockOptin})`;
    case cu.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT: return value >= -1 && value <= 100 ? null : "the carveout must be -1 (default) or 0 to 100 percent";
    case cu.CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH: case cu.CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT: case cu.CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
      return value >= 0 && value <= 1 ? null : "clusters of several blocks are not supported";
    case cu.CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED: case cu.CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE: return null;
    default: return "this attribute cannot be set";
  }
}

/**
 * One attribute of a function: how many threads it may have, its shared, constant and local memory, its registers.
 * @param pi gets the value
 * @returns INVALID_VALUE: pi NULL, unknown attribute. INVALID_HANDLE: not a function.
 */
export function cuFuncGetAttribute(t: Caller, pi: Out<number> | null, attrib: CUfunction_attribute, hfunc: CUfunction | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pi === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pi must not be NULL");
  const fn = functionArgument(t, context, hfunc, cu.CUDA_ERROR_INVALID_HANDLE);
  if (typeof fn === "number") return fn;
  const value = functionAttribute(fn, attrib);
  if (value === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attrib must be of CUfunction_attribute", { attrib });
  pi.value = value;
  return 0;
}

/**
 * Sets an attribute: how much dynamic shared memory launches may ask for, or a hint.
 * @returns INVALID_HANDLE: not a function. INVALID_VALUE: an attribute that cannot be set, a value out of range.
 */
export function cuFuncSetAttribute(t: Caller, hfunc: CUfunction | null, attrib: CUfunction_attribute, value: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const fn = functionArgument(t, context, hfunc, cu.CUDA_ERROR_INVALID_HANDLE);
  if (typeof fn === "number") return fn;
  const bad = badAttribute(fn.module.context.device, fn.info, attrib, value);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad, { attrib, value });
  if (attrib === cu.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) fn.maxDynamicShared = value;
  else fn.attributes.set(attrib, value);
  return 0;
}

/**
 * Which cache configuration the function prefers. Kept, without effect.
 * @returns INVALID_VALUE: not a function, not of CUfunc_cache.
 */
export function cuFuncSetCacheConfig(t: Caller, hfunc: CUfunction | null, config: CUfunc_cache): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const fn = functionArgument(t, context, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  if (!(config >= 0 && config <= cu.CU_FUNC_CACHE_PREFER_EQUAL)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "config must be of CUfunc_cache", { config });
  fn.cacheConfig = config;
  return 0;
}

/**
 * A function's module.
 * @param hmod gets it
 * @returns INVALID_VALUE: hmod NULL, not a function.
 */
export function cuFuncGetModule(t: Caller, hmod: Out<CUmodule> | null, hfunc: CUfunction | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (hmod === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hmod must not be NULL");
  const fn = functionArgument(t, context, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  hmod.value = fn.module.handle;
  return 0;
}

/**
 * A function's name, mangled as in the PTX text.
 * @param name gets it
 * @returns INVALID_VALUE: name NULL, not a function.
 */
export function cuFuncGetName(t: Caller, name: Out<string> | null, hfunc: CUfunction | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (name === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "name must not be NULL");
  const fn = functionArgument(t, context, hfunc, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  name.value = fn.info.name;
  return 0;
}

/** Writes where a parameter lies in the block. */
export function answerParam(t: Caller, info: KernelInfo, index: number, offset: Out<number> | null, size: Out<number> | null): CUresult {
  const param = info.params[index];
  if (offset === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "paramOffset must not be NULL");
  if (param === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "paramIndex must be below the number of parameters", { paramIndex: index, parameters: info.params.length });
  offset.value = param.offset;
  if (size !== null) size.value = param.size;
  return 0;
}

/**
 * Where a parameter lies in the parameter block.
 * @param paramIndex from 0
 * @param paramOffset gets bytes from the block's beginning
 * @param paramSize gets bytes; may be NULL
 * @returns INVALID_VALUE: not a function, no such parameter, paramOffset NULL.
 */
export function cuFuncGetParamInfo(t: Caller, func: CUfunction | null, paramIndex: number, paramOffset: Out<number> | null, paramSize: Out<number> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const fn = functionArgument(t, context, func, cu.CUDA_ERROR_INVALID_VALUE);
  return typeof fn === "number" ? fn : answerParam(t, fn.info, paramIndex, paramOffset, paramSize);
}

/**
 * Whether a function is loaded: always, because modules are loaded eagerly.
 * @param state gets CU_FUNCTION_LOADING_STATE_LOADED
 * @returns INVALID_VALUE: state NULL. INVALID_HANDLE: not a function.
 */
export function cuFuncIsLoaded(t: Caller, state: Out<CUfunctionLoadingState> | null, fn: CUfunction | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (state === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "state must not be NULL");
  const found = functionArgument(t, context, fn, cu.CUDA_ERROR_INVALID_HANDLE);
  if (typeof found === "number") return found;
  state.value = cu.CU_FUNCTION_LOADING_STATE_LOADED;
  return 0;
}

/**
 * Loads a function: nothing to do.
 * @returns INVALID_HANDLE: not a function.
 */
export function cuFuncLoad(t: Caller, fn: CUfunction | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const found = functionArgument(t, context, fn, cu.CUDA_ERROR_INVALID_HANDLE);
  return typeof found === "number" ? found : 0;
}

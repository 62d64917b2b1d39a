/**
 * OpenCL 3.0 API specification, 4.1 and the extensions: clGetExtensionFunctionAddressForPlatform and what it can give.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import { CL_INVALID_OPERATION, CL_INVALID_PLATFORM, CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_command_queue, cl_context, cl_device_id, cl_int, cl_kernel, cl_platform_id, cl_queue_properties, cl_uint } from "./abi/types.ts";
import { clGetKernelSuggestedLocalWorkSize } from "./ndrange.ts";
import { clGetPlatformIDs } from "./platform.ts";
import { clCreateCommandQueueWithProperties } from "./queue.ts";
import { fail } from "./runtime/fail.ts";
import type { ClSettings } from "./runtime/settings.ts";
import { stateOf } from "./runtime/state.ts";

/** clCreateCommandQueueWithPropertiesKHR (cl_khr_create_command_queue). @returns as clCreateCommandQueueWithProperties */
export function clCreateCommandQueueWithPropertiesKHR(t: Caller, context: cl_context | null, device: cl_device_id | null, properties: readonly cl_queue_properties[] | null, errcode_ret: Out<cl_int> | null): cl_command_queue {
  return clCreateCommandQueueWithProperties(t, context, device, properties, errcode_ret);
}

/** clGetKernelSuggestedLocalWorkSizeKHR (cl_khr_suggested_local_work_size). @returns as clGetKernelSuggestedLocalWorkSize */
export function clGetKernelSuggestedLocalWorkSizeKHR(t: Caller, command_queue: cl_command_queue | null, kernel: cl_kernel | null, work_dim: cl_uint, global_work_offset: readonly number[] | null, global_work_size: readonly number[] | null, suggested_local_work_size: Out<number[]> | null): cl_int {
  return clGetKernelSuggestedLocalWorkSize(t, command_queue, kernel, work_dim, global_work_offset, global_work_size, suggested_local_work_size);
}

/** clIcdGetPlatformIDsKHR (cl_khr_icd): what a loader asks a driver. @returns as clGetPlatformIDs */
export function clIcdGetPlatformIDsKHR(t: Caller, num_entries: cl_uint, platforms: Out<cl_platform_id[]> | null, num_platforms: Out<cl_uint> | null): cl_int {
  return clGetPlatformIDs(t, num_entries, platforms, num_platforms);
}

/**
 * clSetPlatformSettingsGLASS: how this platform behaves where it may choose (our own; a driver would read environment variables). For the
 * calling process, before it makes a context.
 * @returns CL_INVALID_PLATFORM, CL_INVALID_VALUE, CL_INVALID_OPERATION when there are contexts
 */
export function clSetPlatformSettingsGLASS(t: Caller, platform: cl_platform_id | null, settings: Partial<ClSettings>): cl_int {
  const state = stateOf(t);
  if (platform !== null && state.platforms.get(platform) === undefined) return fail(t, CL_INVALID_PLATFORM, "platform must be a valid platform", { platform });
  const wanted = { ...state.settings, ...settings };
  if ((wanted.version !== "3.0" && wanted.version !== "3.1") || (wanted.onFault !== "propagate" && wanted.onFault !== "poisonContext") || typeof wanted.strictFlush !== "boolean") {
    return fail(t, CL_INVALID_VALUE, "settings must hold known settings with known values", { ...settings });
  }
  if (state.contexts.size > 0) return fail(t, CL_INVALID_OPERATION, "settings must be made before the first context", { contexts: state.contexts.size });
  state.settings = wanted;
  return CL_SUCCESS;
}

/** Extension functions by name. All return at once. */
const functions: Readonly<Record<string, (t: Caller, ...args: never[]) => unknown>> = {
  clCreateCommandQueueWithPropertiesKHR, clGetKernelSuggestedLocalWorkSizeKHR, clIcdGetPlatformIDsKHR, clSetPlatformSettingsGLASS,
};

/** A function of an extension as the program calls it. */
export type ExtensionPointer = (...args: unknown[]) => unknown;

function addressOf(t: Caller, name: string | null): ExtensionPointer | null {
  if (name === null || !Object.hasOwn(functions, name)) return null;
  const fn = functions[name] as (t: Caller, ...args: unknown[]) => unknown;
  return (...args) => {
    t.call = name;
    return fn(t, ...args);
  };
}

/** clGetExtensionFunctionAddressForPlatform. @returns the function, or null (NULL) when there is no such function or platform */
export function clGetExtensionFunctionAddressForPlatform(t: Caller, platform: cl_platform_id | null, func_name: string | null): ExtensionPointer | null {
  return platform !== null && stateOf(t).platforms.get(platform) !== undefined ? addressOf(t, func_name) : null;
}

/** clGetExtensionFunctionAddress (deprecated in 1.2). @returns the function, or null (NULL) */
export function clGetExtensionFunctionAddress(t: Caller, func_name: string | null): ExtensionPointer | null {
  return addressOf(t, func_name);
}

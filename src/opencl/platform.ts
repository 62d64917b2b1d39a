/**
 * OpenCL 3.0 API specification, 4.1: Querying Platform Info.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import {
  CL_PLATFORM_EXTENSIONS, CL_PLATFORM_EXTENSIONS_WITH_VERSION, CL_PLATFORM_HOST_TIMER_RESOLUTION, CL_PLATFORM_ICD_SUFFIX_KHR, CL_PLATFORM_NAME, CL_PLATFORM_NUMERIC_VERSION,
  CL_PLATFORM_PROFILE, CL_PLATFORM_VENDOR, CL_PLATFORM_VERSION,
} from "./abi/constants.ts";
import { CL_INVALID_PLATFORM, CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_int, cl_platform_id, cl_platform_info, cl_uint } from "./abi/types.ts";
import { makeVersion, platformExtensions, versionOf, withVersions } from "./runtime/capabilities.ts";
import { fail } from "./runtime/fail.ts";
import { nameVersions, reply, text, uint, ulong, type Answer, type ParamValue } from "./runtime/info.ts";
import { stateOf } from "./runtime/state.ts";

/**
 * clGetPlatformIDs: there is one platform.
 * @returns CL_INVALID_VALUE when `num_entries` is 0 and `platforms` is not NULL, or both `platforms` and `num_platforms` are NULL
 */
export function clGetPlatformIDs(t: Caller, num_entries: cl_uint, platforms: Out<cl_platform_id[]> | null, num_platforms: Out<cl_uint> | null): cl_int {
  if (num_entries === 0 && platforms !== null) return fail(t, CL_INVALID_VALUE, "num_entries must be greater than 0 when platforms is not NULL");
  if (platforms === null && num_platforms === null) return fail(t, CL_INVALID_VALUE, "platforms and num_platforms must not both be NULL");
  if (platforms !== null) platforms.value = [stateOf(t).platform.handle as cl_platform_id];
  if (num_platforms !== null) num_platforms.value = 1;
  return CL_SUCCESS;
}

/** clGetPlatformInfo. @returns CL_INVALID_PLATFORM, CL_INVALID_VALUE */
export function clGetPlatformInfo(t: Caller, platform: cl_platform_id | null, param_name: cl_platform_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  if (platform === null || stateOf(t).platforms.get(platform) === undefined) return fail(t, CL_INVALID_PLATFORM, "platform must be a valid platform", { platform });
  const answer = platformInfo(t, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetPlatformInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

function platformInfo(t: Caller, name: cl_platform_info): Answer | null {
  const [major, minor] = versionOf(t);
  switch (name) {
    case CL_PLATFORM_PROFILE: return text("FULL_PROFILE");
    case CL_PLATFORM_VERSION: return text(`OpenCL ${major}.${minor} glassgpu`);
    case CL_PLATFORM_NUMERIC_VERSION: return uint(makeVersion(major, minor));
    case CL_PLATFORM_NAME: return text("glassgpu");
    case CL_PLATFORM_VENDOR: return text("glassgpu");
    case CL_PLATFORM_EXTENSIONS: return text(platformExtensions.join(" "));
    case CL_PLATFORM_EXTENSIONS_WITH_VERSION: return nameVersions(withVersions(platformExtensions));
    case CL_PLATFORM_HOST_TIMER_RESOLUTION: return ulong(1n);
    case CL_PLATFORM_ICD_SUFFIX_KHR: return text("GLASS");
    default: return null;
  }
}

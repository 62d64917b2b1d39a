/**
 * OpenCL 3.0 API specification, 5.7: Sampler Objects. Refused, as images are.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import * as cl from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_OPERATION, CL_INVALID_SAMPLER, CL_INVALID_VALUE } from "./abi/errors.ts";
import type { cl_addressing_mode, cl_bool, cl_context, cl_filter_mode, cl_int, cl_sampler, cl_sampler_info, cl_sampler_properties } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { fail, failNull } from "./runtime/fail.ts";
import type { ParamValue } from "./runtime/info.ts";
import { duplicateProperty, pairsOf } from "./runtime/properties.ts";

const values: ReadonlyMap<number, ReadonlySet<number>> = new Map([
  [cl.CL_SAMPLER_NORMALIZED_COORDS, new Set([cl.CL_TRUE, cl.CL_FALSE])],
  [cl.CL_SAMPLER_ADDRESSING_MODE, new Set([cl.CL_ADDRESS_NONE, cl.CL_ADDRESS_CLAMP_TO_EDGE, cl.CL_ADDRESS_CLAMP, cl.CL_ADDRESS_REPEAT, cl.CL_ADDRESS_MIRRORED_REPEAT])],
  [cl.CL_SAMPLER_FILTER_MODE, new Set([cl.CL_FILTER_NEAREST, cl.CL_FILTER_LINEAR])],
]);

function refuse(t: Caller, errcode_ret: Out<cl_int> | null): cl_sampler {
  return failNull(t, errcode_ret, CL_INVALID_OPERATION, "no device of the context has images (CL_DEVICE_IMAGE_SUPPORT)");
}

/** clCreateSamplerWithProperties: refused. @returns NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_OPERATION */
export function clCreateSamplerWithProperties(t: Caller, context: cl_context | null, sampler_properties: readonly cl_sampler_properties[] | null, errcode_ret: Out<cl_int> | null): cl_sampler {
  if (contextOf(t, context) === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const pairs = pairsOf(sampler_properties);
  const bad = pairs.find(([name, value]) => values.get(name)?.has(value) !== true);
  if (bad !== undefined) return failNull(t, errcode_ret, CL_INVALID_VALUE, "sampler_properties must name supported properties with valid values", { name: bad[0], value: bad[1] });
  const twice = duplicateProperty(pairs);
  if (twice !== null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "a sampler property must not be given twice", { name: twice });
  return refuse(t, errcode_ret);
}

/** clCreateSampler (deprecated in 2.0): refused. @returns NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_OPERATION */
export function clCreateSampler(t: Caller, context: cl_context | null, normalized_coords: cl_bool, addressing_mode: cl_addressing_mode, filter_mode: cl_filter_mode, errcode_ret: Out<cl_int> | null): cl_sampler {
  if (contextOf(t, context) === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const known = values.get(cl.CL_SAMPLER_NORMALIZED_COORDS)!.has(normalized_coords) && values.get(cl.CL_SAMPLER_ADDRESSING_MODE)!.has(addressing_mode) && values.get(cl.CL_SAMPLER_FILTER_MODE)!.has(filter_mode);
  if (!known) return failNull(t, errcode_ret, CL_INVALID_VALUE, "normalized_coords, addressing_mode and filter_mode must be known values", { normalized_coords, addressing_mode, filter_mode });
  return refuse(t, errcode_ret);
}

/** clRetainSampler: there are no samplers. @returns CL_INVALID_SAMPLER */
export function clRetainSampler(t: Caller, sampler: cl_sampler | null): cl_int {
  return fail(t, CL_INVALID_SAMPLER, "sampler must be a valid sampler, and the devices have none", { sampler });
}

/** clReleaseSampler: there are no samplers. @returns CL_INVALID_SAMPLER */
export function clReleaseSampler(t: Caller, sampler: cl_sampler | null): cl_int {
  return fail(t, CL_INVALID_SAMPLER, "sampler must be a valid sampler, and the devices have none", { sampler });
}

/** clGetSamplerInfo: there are no samplers. @returns CL_INVALID_SAMPLER */
export function clGetSamplerInfo(t: Caller, sampler: cl_sampler | null, _param_name: cl_sampler_info, _param_value_size: number, _param_value: ParamValue, _param_value_size_ret: Out<number> | null): cl_int {
  return fail(t, CL_INVALID_SAMPLER, "sampler must be a valid sampler, and the devices have none", { sampler });
}

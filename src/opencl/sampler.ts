/**
 * OpenCL 3.0 API specification, 5.7: Sampler Objects.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import * as cl from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_SAMPLER, CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_addressing_mode, cl_bool, cl_context, cl_filter_mode, cl_int, cl_sampler, cl_sampler_info, cl_sampler_properties } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { created, fail, failNull } from "./runtime/fail.ts";
import { nothing, reply, size, sizes, uint, type Answer, type ParamValue } from "./runtime/info.ts";
import { duplicateProperty, pairsOf } from "./runtime/properties.ts";
import { SamplerObject } from "./runtime/sampler-object.ts";
import { stateOf } from "./runtime/state.ts";

const values: ReadonlyMap<number, ReadonlySet<number>> = new Map([
  [cl.CL_SAMPLER_NORMALIZED_COORDS, new Set([cl.CL_TRUE, cl.CL_FALSE])],
  [cl.CL_SAMPLER_ADDRESSING_MODE, new Set([cl.CL_ADDRESS_NONE, cl.CL_ADDRESS_CLAMP_TO_EDGE, cl.CL_ADDRESS_CLAMP, cl.CL_ADDRESS_REPEAT, cl.CL_ADDRESS_MIRRORED_REPEAT])],
  [cl.CL_SAMPLER_FILTER_MODE, new Set([cl.CL_FILTER_NEAREST, cl.CL_FILTER_LINEAR])],
]);

/** The sampler behind a handle. */
function samplerOf(t: Caller, handle: cl_sampler | null): SamplerObject | undefined {
  return handle === null ? undefined : stateOf(t).samplers.get(handle);
}

/**
 * clCreateSamplerWithProperties. What the list does not name: normalized coordinates, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST.
 * @returns the sampler or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateSamplerWithProperties(t: Caller, context: cl_context | null, sampler_properties: readonly cl_sampler_properties[] | null, errcode_ret: Out<cl_int> | null): cl_sampler {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const pairs = pairsOf(sampler_properties);
  const bad = pairs.find(([name, value]) => values.get(name)?.has(value) !== true);
  if (bad !== undefined) return failNull(t, errcode_ret, CL_INVALID_VALUE, "sampler_properties must name supported properties with valid values", { name: bad[0], value: bad[1] });
  const twice = duplicateProperty(pairs);
  if (twice !== null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "a sampler property must not be given twice", { name: twice });
  const given = new Map(pairs);
  const sampling = {
    normalized: (given.get(cl.CL_SAMPLER_NORMALIZED_COORDS) ?? cl.CL_TRUE) !== cl.CL_FALSE,
    addressing: given.get(cl.CL_SAMPLER_ADDRESSING_MODE) ?? cl.CL_ADDRESS_CLAMP, filter: given.get(cl.CL_SAMPLER_FILTER_MODE) ?? cl.CL_FILTER_NEAREST,
  };
  const properties = sampler_properties === null ? null : [...pairs.flat(), 0];
  return created(errcode_ret, new SamplerObject(owner, sampling, properties).list(stateOf(t).samplers));
}

/**
 * clCreateSampler (deprecated in 2.0).
 * @returns the sampler or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateSampler(t: Caller, context: cl_context | null, normalized_coords: cl_bool, addressing_mode: cl_addressing_mode, filter_mode: cl_filter_mode, errcode_ret: Out<cl_int> | null): cl_sampler {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const known = values.get(cl.CL_SAMPLER_NORMALIZED_COORDS)!.has(normalized_coords) && values.get(cl.CL_SAMPLER_ADDRESSING_MODE)!.has(addressing_mode) && values.get(cl.CL_SAMPLER_FILTER_MODE)!.has(filter_mode);
  if (!known) return failNull(t, errcode_ret, CL_INVALID_VALUE, "normalized_coords, addressing_mode and filter_mode must be known values", { normalized_coords, addressing_mode, filter_mode });
  const sampling = { normalized: normalized_coords !== cl.CL_FALSE, addressing: addressing_mode, filter: filter_mode };
  return created(errcode_ret, new SamplerObject(owner, sampling, null).list(stateOf(t).samplers));
}

/** clRetainSampler. @returns CL_INVALID_SAMPLER */
export function clRetainSampler(t: Caller, sampler: cl_sampler | null): cl_int {
  const object = samplerOf(t, sampler);
  if (object === undefined) return fail(t, CL_INVALID_SAMPLER, "sampler must be a valid sampler", { sampler });
  object.refs++;
  return CL_SUCCESS;
}

/** clReleaseSampler. Kernels that have it as argument keep its value. @returns CL_INVALID_SAMPLER */
export function clReleaseSampler(t: Caller, sampler: cl_sampler | null): cl_int {
  const object = samplerOf(t, sampler);
  if (object === undefined) return fail(t, CL_INVALID_SAMPLER, "sampler must be a valid sampler", { sampler });
  object.release(t);
  return CL_SUCCESS;
}

function samplerInfo({ refs, context, sampling, properties }: SamplerObject, name: cl_sampler_info): Answer | null {
  switch (name) {
    case cl.CL_SAMPLER_REFERENCE_COUNT: return uint(refs);
    case cl.CL_SAMPLER_CONTEXT: return size(context.handle);
    case cl.CL_SAMPLER_NORMALIZED_COORDS: return uint(sampling.normalized ? cl.CL_TRUE : cl.CL_FALSE);
    case cl.CL_SAMPLER_ADDRESSING_MODE: return uint(sampling.addressing);
    case cl.CL_SAMPLER_FILTER_MODE: return uint(sampling.filter);
    case cl.CL_SAMPLER_PROPERTIES: return properties === null ? nothing : sizes(properties);
    default: return null;
  }
}

/** clGetSamplerInfo. @returns CL_INVALID_SAMPLER, CL_INVALID_VALUE */
export function clGetSamplerInfo(t: Caller, sampler: cl_sampler | null, param_name: cl_sampler_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = samplerOf(t, sampler);
  if (object === undefined) return fail(t, CL_INVALID_SAMPLER, "sampler must be a valid sampler", { sampler });
  const answer = samplerInfo(object, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetSamplerInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

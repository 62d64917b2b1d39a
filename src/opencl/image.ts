/**
 * OpenCL 3.0 API specification, 5.3.1: Creating Image Objects.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import * as cl from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_PROPERTY } from "./abi/errors.ts";
import type { cl_context, cl_image_desc, cl_image_format, cl_int, cl_mem, cl_mem_flags, cl_mem_properties } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { created, failNull } from "./runtime/fail.ts";
import { makeImage, type ImageRequest } from "./runtime/image-create.ts";
import { stateOf } from "./runtime/state.ts";

/** Everything that the functions below have in common. */
function create(t: Caller, context: cl_context | null, properties: readonly cl_mem_properties[] | null, request: ImageRequest, errcode_ret: Out<cl_int> | null): cl_mem {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if (properties !== null && properties.length > 0 && properties[0] !== 0) return failNull(t, errcode_ret, CL_INVALID_PROPERTY, "properties must name supported image properties only, and there are none", { name: properties[0] });
  const mem = makeImage(t, owner, properties, request);
  if (typeof mem !== "number") return created(errcode_ret, mem.list(stateOf(t).mems));
  if (errcode_ret !== null) errcode_ret.value = mem;
  return 0 as cl_mem;
}

/**
 * clCreateImage.
 * @param image_desc what the image is like; `mem_object` may be a buffer (1D image buffers, 2D images) or a 2D image whose pixels the new one shares
 * @param host_ptr a simulated address, or a JavaScript array. With CL_MEM_USE_HOST_PTR the first is used by the GPU directly, the second through a copy that is made current when the image is
 *   mapped and unmapped
 * @returns the image or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_INVALID_IMAGE_DESCRIPTOR, CL_INVALID_IMAGE_SIZE, CL_INVALID_HOST_PTR,
 *   CL_IMAGE_FORMAT_NOT_SUPPORTED, CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateImage(t: Caller, context: cl_context | null, flags: cl_mem_flags, image_format: cl_image_format | null, image_desc: cl_image_desc | null, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  return create(t, context, null, { flags, format: image_format, desc: image_desc, pointer: host_ptr, old: false }, errcode_ret);
}

/** clCreateImageWithProperties: there are no properties for images in OpenCL 3.0. @returns the image or NULL; errcode_ret: as clCreateImage, and CL_INVALID_PROPERTY */
export function clCreateImageWithProperties(t: Caller, context: cl_context | null, properties: readonly cl_mem_properties[] | null, flags: cl_mem_flags, image_format: cl_image_format | null, image_desc: cl_image_desc | null, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  return create(t, context, properties, { flags, format: image_format, desc: image_desc, pointer: host_ptr, old: false }, errcode_ret);
}

const plain = { image_depth: 0, image_array_size: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0, mem_object: null };

/**
 * clCreateImage2D (deprecated in 1.2).
 * @returns the image or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_INVALID_IMAGE_SIZE, CL_INVALID_HOST_PTR, CL_IMAGE_FORMAT_NOT_SUPPORTED,
 *   CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateImage2D(t: Caller, context: cl_context | null, flags: cl_mem_flags, image_format: cl_image_format | null, image_width: number, image_height: number, image_row_pitch: number, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  return create(t, context, null, { flags, format: image_format, desc: { ...plain, image_type: cl.CL_MEM_OBJECT_IMAGE2D, image_width, image_height, image_row_pitch }, pointer: host_ptr, old: true }, errcode_ret);
}

/** clCreateImage3D (deprecated in 1.2): the depth must be greater than 1. @returns the image or NULL; errcode_ret: as clCreateImage2D */
export function clCreateImage3D(t: Caller, context: cl_context | null, flags: cl_mem_flags, image_format: cl_image_format | null, image_width: number, image_height: number, image_depth: number, image_row_pitch: number, image_slice_pitch: number, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  const desc = { ...plain, image_type: cl.CL_MEM_OBJECT_IMAGE3D, image_width, image_height, image_depth, image_row_pitch, image_slice_pitch };
  return create(t, context, null, { flags, format: image_format, desc, pointer: host_ptr, old: true }, errcode_ret);
}

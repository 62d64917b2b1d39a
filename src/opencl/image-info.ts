/**
 * OpenCL 3.0 API specification, 5.3.2 and 5.3.8: Querying the List of Supported Image Formats, Image Object Queries.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import * as cl from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_context, cl_image_format, cl_image_info, cl_int, cl_mem, cl_mem_flags, cl_mem_object_type, cl_uint } from "./abi/types.ts";
import { memOf } from "./buffer.ts";
import { contextOf } from "./context.ts";
import { fail } from "./runtime/fail.ts";
import { badMemFlags } from "./runtime/flags.ts";
import { formatsOf } from "./runtime/image-format.ts";
import { imageTypes, type ImageShape } from "./runtime/image-shape.ts";
import { reply, size, uint, words, type Answer, type ParamValue } from "./runtime/info.ts";
import type { MemObject } from "./runtime/mem-object.ts";

/** clGetSupportedImageFormats: the same formats for reading and writing. @returns CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY */
export function clGetSupportedImageFormats(t: Caller, context: cl_context | null, flags: cl_mem_flags, image_type: cl_mem_object_type, num_entries: cl_uint, image_formats: Out<cl_image_format[]> | null, num_image_formats: Out<cl_uint> | null): cl_int {
  if (contextOf(t, context) === undefined) return fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const bad = badMemFlags(flags & ~cl.CL_MEM_KERNEL_READ_AND_WRITE);
  if (bad !== null) return fail(t, CL_INVALID_VALUE, bad, { flags });
  if (!imageTypes.has(image_type)) return fail(t, CL_INVALID_VALUE, "image_type must be the type of an image", { image_type });
  if (num_entries === 0 && image_formats !== null) return fail(t, CL_INVALID_VALUE, "num_entries must not be 0 when image_formats is not NULL");
  const formats = formatsOf(image_type);
  if (image_formats !== null) image_formats.value = formats.slice(0, num_entries);
  if (num_image_formats !== null) num_image_formats.value = formats.length;
  return CL_SUCCESS;
}

function imageInfo(mem: MemObject, shape: ImageShape, name: cl_image_info): Answer | null {
  const { dimensions, array } = imageTypes.get(shape.type)!;
  switch (name) {
    case cl.CL_IMAGE_FORMAT: return words(shape.format);
    case cl.CL_IMAGE_ELEMENT_SIZE: return size(shape.pixel);
    case cl.CL_IMAGE_ROW_PITCH: return size(shape.host.row);
    case cl.CL_IMAGE_SLICE_PITCH: return size(array || dimensions > 2 ? shape.host.slice : 0);
    case cl.CL_IMAGE_WIDTH: return size(shape.width);
    case cl.CL_IMAGE_HEIGHT: return size(dimensions > 1 ? shape.height : 0);
    case cl.CL_IMAGE_DEPTH: return size(dimensions > 2 ? shape.depth : 0);
    case cl.CL_IMAGE_ARRAY_SIZE: return size(array ? shape.layers : 0);
    case cl.CL_IMAGE_BUFFER: return size(mem.whole !== null && mem.whole.image === null ? mem.whole.handle : 0);
    case cl.CL_IMAGE_NUM_MIP_LEVELS: return uint(0);
    case cl.CL_IMAGE_NUM_SAMPLES: return uint(0);
    default: return null;
  }
}

/** clGetImageInfo. @returns CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY */
export function clGetImageInfo(t: Caller, image: cl_mem | null, param_name: cl_image_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const mem = memOf(t, image);
  if (mem === undefined || mem.image === null) return fail(t, CL_INVALID_MEM_OBJECT, "image must be a valid image", { image });
  const answer = imageInfo(mem, mem.image, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetImageInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

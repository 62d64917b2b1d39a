/**
 * OpenCL 3.0 API specification, 5.3: Image Objects. The devices have no images (CL_DEVICE_IMAGE_SUPPORT is CL_FALSE): what is well formed is refused with CL_INVALID_OPERATION, what is not with
 * its own code first, in the manual's order.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import * as cl from "./abi/constants.ts";
import {
  CL_INVALID_CONTEXT, CL_INVALID_HOST_PTR, CL_INVALID_IMAGE_DESCRIPTOR, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_INVALID_MEM_OBJECT, CL_INVALID_OPERATION, CL_INVALID_PROPERTY, CL_INVALID_VALUE, CL_SUCCESS,
} from "./abi/errors.ts";
import type {
  cl_bool, cl_command_queue, cl_context, cl_event, cl_image_desc, cl_image_format, cl_image_info, cl_int, cl_map_flags, cl_mem, cl_mem_flags, cl_mem_object_type, cl_mem_properties, cl_uint,
} from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { hostQueue } from "./runtime/command.ts";
import { fail, failNull } from "./runtime/fail.ts";
import { badMemFlags } from "./runtime/flags.ts";
import type { ParamValue } from "./runtime/info.ts";
import type { Triple } from "./runtime/rect.ts";

const orders: ReadonlySet<number> = new Set([
  cl.CL_R, cl.CL_A, cl.CL_RG, cl.CL_RA, cl.CL_RGB, cl.CL_RGBA, cl.CL_BGRA, cl.CL_ARGB, cl.CL_ABGR, cl.CL_INTENSITY, cl.CL_LUMINANCE, cl.CL_Rx, cl.CL_RGx, cl.CL_RGBx, cl.CL_DEPTH, cl.CL_sRGB,
  cl.CL_sRGBx, cl.CL_sRGBA, cl.CL_sBGRA,
]);
const dataTypes: ReadonlySet<number> = new Set([
  cl.CL_SNORM_INT8, cl.CL_SNORM_INT16, cl.CL_UNORM_INT8, cl.CL_UNORM_INT16, cl.CL_UNORM_SHORT_565, cl.CL_UNORM_SHORT_555, cl.CL_UNORM_INT_101010, cl.CL_UNORM_INT_101010_2, cl.CL_SIGNED_INT8,
  cl.CL_SIGNED_INT16, cl.CL_SIGNED_INT32, cl.CL_UNSIGNED_INT8, cl.CL_UNSIGNED_INT16, cl.CL_UNSIGNED_INT32, cl.CL_HALF_FLOAT, cl.CL_FLOAT,
]);
const imageTypes: ReadonlySet<number> = new Set([
  cl.CL_MEM_OBJECT_IMAGE1D, cl.CL_MEM_OBJECT_IMAGE1D_BUFFER, cl.CL_MEM_OBJECT_IMAGE1D_ARRAY, cl.CL_MEM_OBJECT_IMAGE2D, cl.CL_MEM_OBJECT_IMAGE2D_ARRAY, cl.CL_MEM_OBJECT_IMAGE3D,
]);

/** Whether a description makes no sense on any device. */
function badDescription(desc: cl_image_desc | null): boolean {
  if (desc === null || !imageTypes.has(desc.image_type) || !(desc.image_width > 0)) return true;
  const flat = desc.image_type === cl.CL_MEM_OBJECT_IMAGE2D || desc.image_type === cl.CL_MEM_OBJECT_IMAGE2D_ARRAY || desc.image_type === cl.CL_MEM_OBJECT_IMAGE3D;
  if (flat && !(desc.image_height > 0)) return true;
  if (desc.image_type === cl.CL_MEM_OBJECT_IMAGE3D && !(desc.image_depth > 0)) return true;
  const array = desc.image_type === cl.CL_MEM_OBJECT_IMAGE1D_ARRAY || desc.image_type === cl.CL_MEM_OBJECT_IMAGE2D_ARRAY;
  return (array && !(desc.image_array_size > 0)) || desc.num_mip_levels !== 0 || desc.num_samples !== 0;
}

function create(t: Caller, context: cl_context | null, properties: readonly cl_mem_properties[] | null, flags: cl_mem_flags, format: cl_image_format | null, desc: cl_image_desc | null, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  if (contextOf(t, context) === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if (properties !== null && properties.length > 0 && properties[0] !== 0) return failNull(t, errcode_ret, CL_INVALID_PROPERTY, "properties must name supported image properties only, and there are none", { name: properties[0] });
  const bad = badMemFlags(flags);
  if (bad !== null) return failNull(t, errcode_ret, CL_INVALID_VALUE, bad, { flags });
  if (format === null || !orders.has(format.image_channel_order) || !dataTypes.has(format.image_channel_data_type)) {
    return failNull(t, errcode_ret, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, "image_format must be a known channel order and data type", { ...format });
  }
  if (badDescription(desc)) return failNull(t, errcode_ret, CL_INVALID_IMAGE_DESCRIPTOR, "image_desc must describe an image: a known type, sizes that are not 0, no mip levels or samples", { ...desc });
  const wantsPointer = (flags & (cl.CL_MEM_USE_HOST_PTR | cl.CL_MEM_COPY_HOST_PTR)) !== 0;
  if (wantsPointer !== (host_ptr !== null && host_ptr !== 0)) return failNull(t, errcode_ret, CL_INVALID_HOST_PTR, "host_ptr must be given exactly with CL_MEM_USE_HOST_PTR or CL_MEM_COPY_HOST_PTR", { flags });
  return failNull(t, errcode_ret, CL_INVALID_OPERATION, "no device of the context has images (CL_DEVICE_IMAGE_SUPPORT)");
}

/**
 * clCreateImage: refused.
 * @returns NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_INVALID_IMAGE_DESCRIPTOR, CL_INVALID_HOST_PTR, CL_INVALID_OPERATION
 */
export function clCreateImage(t: Caller, context: cl_context | null, flags: cl_mem_flags, image_format: cl_image_format | null, image_desc: cl_image_desc | null, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  return create(t, context, null, flags, image_format, image_desc, host_ptr, errcode_ret);
}

/** clCreateImageWithProperties: refused. @returns NULL; errcode_ret: as clCreateImage, and CL_INVALID_PROPERTY */
export function clCreateImageWithProperties(t: Caller, context: cl_context | null, properties: readonly cl_mem_properties[] | null, flags: cl_mem_flags, image_format: cl_image_format | null, image_desc: cl_image_desc | null, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  return create(t, context, properties, flags, image_format, image_desc, host_ptr, errcode_ret);
}

const plain = { image_depth: 0, image_array_size: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0, mem_object: null };

/** clCreateImage2D (deprecated in 1.2): refused. @returns NULL; errcode_ret: as clCreateImage */
export function clCreateImage2D(t: Caller, context: cl_context | null, flags: cl_mem_flags, image_format: cl_image_format | null, image_width: number, image_height: number, image_row_pitch: number, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  return create(t, context, null, flags, image_format, { ...plain, image_type: cl.CL_MEM_OBJECT_IMAGE2D, image_width, image_height, image_row_pitch }, host_ptr, errcode_ret);
}

/** clCreateImage3D (deprecated in 1.2): refused. @returns NULL; errcode_ret: as clCreateImage */
export function clCreateImage3D(t: Caller, context: cl_context | null, flags: cl_mem_flags, image_format: cl_image_format | null, image_width: number, image_height: number, image_depth: number, image_row_pitch: number, image_slice_pitch: number, host_ptr: HostPtr | null, errcode_ret: Out<cl_int> | null): cl_mem {
  return create(t, context, null, flags, image_format, { ...plain, image_type: cl.CL_MEM_OBJECT_IMAGE3D, image_width, image_height, image_depth, image_row_pitch, image_slice_pitch }, host_ptr, errcode_ret);
}

/** clGetSupportedImageFormats: none. @returns CL_INVALID_CONTEXT, CL_INVALID_VALUE */
export function clGetSupportedImageFormats(t: Caller, context: cl_context | null, flags: cl_mem_flags, image_type: cl_mem_object_type, num_entries: cl_uint, image_formats: Out<cl_image_format[]> | null, num_image_formats: Out<cl_uint> | null): cl_int {
  if (contextOf(t, context) === undefined) return fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const bad = badMemFlags(flags & ~cl.CL_MEM_KERNEL_READ_AND_WRITE);
  if (bad !== null) return fail(t, CL_INVALID_VALUE, bad, { flags });
  if (!imageTypes.has(image_type)) return fail(t, CL_INVALID_VALUE, "image_type must be the type of an image", { image_type });
  if (num_entries === 0 && image_formats !== null) return fail(t, CL_INVALID_VALUE, "num_entries must not be 0 when image_formats is not NULL");
  if (image_formats !== null) image_formats.value = [];
  if (num_image_formats !== null) num_image_formats.value = 0;
  return CL_SUCCESS;
}

/** clGetImageInfo: there are no images. @returns CL_INVALID_MEM_OBJECT */
export function clGetImageInfo(t: Caller, image: cl_mem | null, _param_name: cl_image_info, _param_value_size: number, _param_value: ParamValue, _param_value_size_ret: Out<number> | null): cl_int {
  return fail(t, CL_INVALID_MEM_OBJECT, "image must be a valid image, and the devices have none", { image });
}

/** What every command on images answers: there is no valid image. */
function noImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null): cl_int {
  const queue = hostQueue(t, command_queue);
  return typeof queue === "number" ? queue : fail(t, CL_INVALID_MEM_OBJECT, "image must be a valid image, and the devices have none", { image });
}

/** clEnqueueReadImage: refused. @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT */
export function* clEnqueueReadImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, _blocking_read: cl_bool, _origin: Triple | null, _region: Triple | null, _row_pitch: number, _slice_pitch: number, _ptr: HostPtr | null, _num_events_in_wait_list: cl_uint, _event_wait_list: readonly (cl_event | null)[] | null, _event: Out<cl_event> | null): Blocking<cl_int> {
  return noImage(t, command_queue, image);
}

/** clEnqueueWriteImage: refused. @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT */
export function* clEnqueueWriteImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, _blocking_write: cl_bool, _origin: Triple | null, _region: Triple | null, _input_row_pitch: number, _input_slice_pitch: number, _ptr: HostPtr | null, _num_events_in_wait_list: cl_uint, _event_wait_list: readonly (cl_event | null)[] | null, _event: Out<cl_event> | null): Blocking<cl_int> {
  return noImage(t, command_queue, image);
}

/** clEnqueueFillImage: refused. @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT */
export function clEnqueueFillImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, _fill_color: ArrayBufferView | null, _origin: Triple | null, _region: Triple | null, _num_events_in_wait_list: cl_uint, _event_wait_list: readonly (cl_event | null)[] | null, _event: Out<cl_event> | null): cl_int {
  return noImage(t, command_queue, image);
}

/** clEnqueueCopyImage: refused. @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT */
export function clEnqueueCopyImage(t: Caller, command_queue: cl_command_queue | null, src_image: cl_mem | null, _dst_image: cl_mem | null, _src_origin: Triple | null, _dst_origin: Triple | null, _region: Triple | null, _num_events_in_wait_list: cl_uint, _event_wait_list: readonly (cl_event | null)[] | null, _event: Out<cl_event> | null): cl_int {
  return noImage(t, command_queue, src_image);
}

/** clEnqueueCopyImageToBuffer: refused. @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT */
export function clEnqueueCopyImageToBuffer(t: Caller, command_queue: cl_command_queue | null, src_image: cl_mem | null, _dst_buffer: cl_mem | null, _src_origin: Triple | null, _region: Triple | null, _dst_offset: number, _num_events_in_wait_list: cl_uint, _event_wait_list: readonly (cl_event | null)[] | null, _event: Out<cl_event> | null): cl_int {
  return noImage(t, command_queue, src_image);
}

/** clEnqueueCopyBufferToImage: refused. @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT */
export function clEnqueueCopyBufferToImage(t: Caller, command_queue: cl_command_queue | null, _src_buffer: cl_mem | null, dst_image: cl_mem | null, _src_offset: number, _dst_origin: Triple | null, _region: Triple | null, _num_events_in_wait_list: cl_uint, _event_wait_list: readonly (cl_event | null)[] | null, _event: Out<cl_event> | null): cl_int {
  return noImage(t, command_queue, dst_image);
}

/** clEnqueueMapImage: refused. @returns NULL; errcode_ret: CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT */
export function* clEnqueueMapImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, _blocking_map: cl_bool, _map_flags: cl_map_flags, _origin: Triple | null, _region: Triple | null, _image_row_pitch: Out<number> | null, _image_slice_pitch: Out<number> | null, _num_events_in_wait_list: cl_uint, _event_wait_list: readonly (cl_event | null)[] | null, _event: Out<cl_event> | null, errcode_ret: Out<cl_int> | null): Blocking<HostPtr> {
  const code = noImage(t, command_queue, image);
  if (errcode_ret !== null) errcode_ret.value = code;
  return 0;
}

import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_context } from "../../../../src/opencl/abi/types.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

/** Images, samplers, pipes: refused, and every rule that a call can break before. */
export function refusedRows(f: Fixture): Row[] {
  const { cl } = f;
  const badContext = 77 as cl_context;
  const format = { image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_FLOAT };
  const desc = { image_type: C.CL_MEM_OBJECT_IMAGE2D, image_width: 4, image_height: 4, image_depth: 0, image_array_size: 0, image_row_pitch: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0, mem_object: null };
  const image = (flags: number, change: object = {}, form: typeof format | null = format, pointer: ArrayBufferView | null = null): number => f.code((e) => cl.clCreateImage(f.ctx, flags, form, { ...desc, ...change }, pointer, e));
  const zero = [0, 0, 0];
  const one = [1, 1, 1];
  return [
    ["clCreateImage", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateImage(badContext, 0, format, desc, null, e))],
    ["clCreateImage", "flags invalid", E.CL_INVALID_VALUE, () => image(C.CL_MEM_READ_ONLY | C.CL_MEM_WRITE_ONLY)],
    ["clCreateImage", "format NULL", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, {}, null)],
    ["clCreateImage", "channel order unknown", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, {}, { ...format, image_channel_order: 5 as typeof C.CL_RGBA })],
    ["clCreateImage", "description NULL", E.CL_INVALID_IMAGE_DESCRIPTOR, () => f.code((e) => cl.clCreateImage(f.ctx, 0, format, null, null, e))],
    ["clCreateImage", "type of a buffer", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_type: C.CL_MEM_OBJECT_BUFFER })],
    ["clCreateImage", "width 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_width: 0 })],
    ["clCreateImage", "height 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_height: 0 })],
    ["clCreateImage", "depth 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_type: C.CL_MEM_OBJECT_IMAGE3D })],
    ["clCreateImage", "array size 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_type: C.CL_MEM_OBJECT_IMAGE2D_ARRAY })],
    ["clCreateImage", "mip levels", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { num_mip_levels: 2 })],
    ["clCreateImage", "COPY_HOST_PTR and NULL", E.CL_INVALID_HOST_PTR, () => image(C.CL_MEM_COPY_HOST_PTR)],
    ["clCreateImage", "pointer without a flag", E.CL_INVALID_HOST_PTR, () => image(0, {}, format, new Uint8Array(256))],
    ["clCreateImage", "no images", E.CL_INVALID_OPERATION, () => image(0)],
    ["clCreateImageWithProperties", "property unknown", E.CL_INVALID_PROPERTY, () => f.code((e) => cl.clCreateImageWithProperties(f.ctx, [7, 7, 0], 0, format, desc, null, e))],
    ["clCreateImageWithProperties", "no images", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clCreateImageWithProperties(f.ctx, null, 0, format, desc, null, e))],
    ["clCreateImage2D", "width 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => f.code((e) => cl.clCreateImage2D(f.ctx, 0, format, 0, 4, 0, null, e))],
    ["clCreateImage2D", "no images", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clCreateImage2D(f.ctx, 0, format, 4, 4, 0, null, e))],
    ["clCreateImage3D", "no images", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clCreateImage3D(f.ctx, 0, format, 4, 4, 4, 0, 0, null, e))],
    ["clGetSupportedImageFormats", "context invalid", E.CL_INVALID_CONTEXT, () => cl.clGetSupportedImageFormats(badContext, 0, C.CL_MEM_OBJECT_IMAGE2D, 1, out(), null)],
    ["clGetSupportedImageFormats", "flags invalid", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 2 ** 25, C.CL_MEM_OBJECT_IMAGE2D, 1, out(), null)],
    ["clGetSupportedImageFormats", "type of a buffer", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 0, C.CL_MEM_OBJECT_BUFFER, 1, out(), null)],
    ["clGetSupportedImageFormats", "number 0 with formats", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 0, C.CL_MEM_OBJECT_IMAGE2D, 0, out(), null)],
    ["clGetImageInfo", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clGetImageInfo(f.buf, C.CL_IMAGE_WIDTH, 8, out(), null)],
    ["clEnqueueReadImage", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueReadImage(null, f.buf, 1, zero, one, 0, 0, f.data, 0, null, null)],
    ["clEnqueueReadImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueReadImage(f.q, f.buf, 1, zero, one, 0, 0, f.data, 0, null, null)],
    ["clEnqueueWriteImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueWriteImage(f.q, f.buf, 1, zero, one, 0, 0, f.data, 0, null, null)],
    ["clEnqueueFillImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueFillImage(f.q, f.buf, f.data, zero, one, 0, null, null)],
    ["clEnqueueCopyImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueCopyImage(f.q, f.buf, f.buf2, zero, zero, one, 0, null, null)],
    ["clEnqueueCopyImageToBuffer", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueCopyImageToBuffer(f.q, f.buf, f.buf2, zero, one, 0, 0, null, null)],
    ["clEnqueueCopyBufferToImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueCopyBufferToImage(f.q, f.buf, f.buf2, 0, zero, one, 0, null, null)],
    ["clEnqueueMapImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => f.code((e) => cl.clEnqueueMapImage(f.q, f.buf, 1, C.CL_MAP_READ, zero, one, out(), out(), 0, null, null, e))],
    ["clCreateSamplerWithProperties", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateSamplerWithProperties(badContext, null, e))],
    ["clCreateSamplerWithProperties", "property unknown", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSamplerWithProperties(f.ctx, [5, 5, 0], e))],
    ["clCreateSamplerWithProperties", "property twice", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSamplerWithProperties(f.ctx, [C.CL_SAMPLER_FILTER_MODE, C.CL_FILTER_LINEAR, C.CL_SAMPLER_FILTER_MODE, C.CL_FILTER_LINEAR, 0], e))],
    ["clCreateSamplerWithProperties", "no images", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clCreateSamplerWithProperties(f.ctx, null, e))],
    ["clCreateSampler", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateSampler(badContext, 1, C.CL_ADDRESS_CLAMP, C.CL_FILTER_NEAREST, e))],
    ["clCreateSampler", "mode unknown", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSampler(f.ctx, 1, 5, C.CL_FILTER_NEAREST, e))],
    ["clCreateSampler", "no images", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clCreateSampler(f.ctx, 1, C.CL_ADDRESS_CLAMP, C.CL_FILTER_NEAREST, e))],
    ["clRetainSampler", "no samplers", E.CL_INVALID_SAMPLER, () => cl.clRetainSampler(null)],
    ["clReleaseSampler", "no samplers", E.CL_INVALID_SAMPLER, () => cl.clReleaseSampler(null)],
    ["clGetSamplerInfo", "no samplers", E.CL_INVALID_SAMPLER, () => cl.clGetSamplerInfo(null, C.CL_SAMPLER_CONTEXT, 8, out(), null)],
    ["clCreatePipe", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreatePipe(badContext, 0, 4, 4, null, e))],
    ["clCreatePipe", "flags invalid", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreatePipe(f.ctx, C.CL_MEM_READ_ONLY, 4, 4, null, e))],
    ["clCreatePipe", "properties", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreatePipe(f.ctx, 0, 4, 4, [0], e))],
    ["clCreatePipe", "packet size 0", E.CL_INVALID_PIPE_SIZE, () => f.code((e) => cl.clCreatePipe(f.ctx, 0, 0, 4, null, e))],
    ["clCreatePipe", "no packets", E.CL_INVALID_PIPE_SIZE, () => f.code((e) => cl.clCreatePipe(f.ctx, 0, 4, 0, null, e))],
    ["clCreatePipe", "no pipes", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clCreatePipe(f.ctx, 0, 4, 4, null, e))],
    ["clGetPipeInfo", "not a pipe", E.CL_INVALID_MEM_OBJECT, () => cl.clGetPipeInfo(f.buf, C.CL_PIPE_PACKET_SIZE, 4, out(), null)],
  ];
}

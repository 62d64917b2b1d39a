import type { Out } from "../../../../src/api/out.ts";
import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_context, cl_mem } from "../../../../src/opencl/abi/types.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

/** Images, samplers, pipes: refused, and every rule that a call can break before. */
export function refusedRows(f: Fixture): Row[] {
  const { cl } = f;
  const badContext = 77 as cl_context;
  const format = { image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_FLOAT };
  const desc = { image_type: C.CL_MEM_OBJECT_IMAGE2D, image_width: 4, image_height: 4, image_depth: 4, image_array_size: 0, image_row_pitch: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0, mem_object: null };
  type Form = typeof format | null;
  type Description = typeof desc | null;
  type Create = (e: Out<number>, context: cl_context, flags: number, form: Form, description: Description, pointer: ArrayBufferView | null) => cl_mem;
  /** Rules that all functions making images share; `withDescription` for those that take a cl_image_desc. */
  const creation = (fn: Row[0], create: Create, withDescription: boolean): Row[] => {
    const image = (flags: number, change: object = {}, form: Form = format, pointer: ArrayBufferView | null = null): number => f.code((e) => create(e, f.ctx, flags, form, { ...desc, ...change }, pointer));
    const described: Row[] = [
      [fn, "description NULL", E.CL_INVALID_IMAGE_DESCRIPTOR, () => f.code((e) => create(e, f.ctx, 0, format, null, null))],
      [fn, "type of a buffer", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_type: C.CL_MEM_OBJECT_BUFFER })],
      [fn, "depth 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_type: C.CL_MEM_OBJECT_IMAGE3D, image_depth: 0 })],
      [fn, "array size 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_type: C.CL_MEM_OBJECT_IMAGE2D_ARRAY })],
      [fn, "mip levels", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { num_mip_levels: 2 })],
    ];
    return [
      [fn, "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => create(e, badContext, 0, format, desc, null))],
      [fn, "flags invalid", E.CL_INVALID_VALUE, () => image(C.CL_MEM_READ_ONLY | C.CL_MEM_WRITE_ONLY)],
      [fn, "format NULL", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, {}, null)],
      [fn, "channel order unknown", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, {}, { ...format, image_channel_order: 5 as typeof C.CL_RGBA })],
      [fn, "width 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_width: 0 })],
      [fn, "height 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_height: 0 })],
      ...(withDescription ? described : []),
      [fn, "COPY_HOST_PTR and NULL", E.CL_INVALID_HOST_PTR, () => image(C.CL_MEM_COPY_HOST_PTR)],
      [fn, "pointer without a flag", E.CL_INVALID_HOST_PTR, () => image(0, {}, format, new Uint8Array(256))],
      [fn, "no images", E.CL_INVALID_OPERATION, () => image(0)],
    ];
  };
  const zero = [0, 0, 0];
  const one = [1, 1, 1];
  return [
    ...creation("clCreateImage", (e, context, flags, form, d, pointer) => cl.clCreateImage(context, flags, form, d, pointer, e), true),
    ...creation("clCreateImageWithProperties", (e, context, flags, form, d, pointer) => cl.clCreateImageWithProperties(context, null, flags, form, d, pointer, e), true),
    ["clCreateImageWithProperties", "property unknown", E.CL_INVALID_PROPERTY, () => f.code((e) => cl.clCreateImageWithProperties(f.ctx, [7, 7, 0], 0, format, desc, null, e))],
    ...creation("clCreateImage2D", (e, context, flags, form, d, pointer) => cl.clCreateImage2D(context, flags, form, d!.image_width, d!.image_height, 0, pointer, e), false),
    ...creation("clCreateImage3D", (e, context, flags, form, d, pointer) => cl.clCreateImage3D(context, flags, form, d!.image_width, d!.image_height, d!.image_depth, 0, 0, pointer, e), false),
    ["clGetSupportedImageFormats", "context invalid", E.CL_INVALID_CONTEXT, () => cl.clGetSupportedImageFormats(badContext, 0, C.CL_MEM_OBJECT_IMAGE2D, 1, out(), null)],
    ["clGetSupportedImageFormats", "flags invalid", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 2 ** 25, C.CL_MEM_OBJECT_IMAGE2D, 1, out(), null)],
    ["clGetSupportedImageFormats", "type of a buffer", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 0, C.CL_MEM_OBJECT_BUFFER, 1, out(), null)],
    ["clGetSupportedImageFormats", "number 0 with formats", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 0, C.CL_MEM_OBJECT_IMAGE2D, 0, out(), null)],
    ["clGetImageInfo", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clGetImageInfo(f.buf, C.CL_IMAGE_WIDTH, 8, out(), null)],
    ["clEnqueueReadImage", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueReadImage(null, f.buf, 1, zero, one, 0, 0, f.data, 0, null, null)],
    ["clEnqueueReadImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueReadImage(f.q, f.buf, 1, zero, one, 0, 0, f.data, 0, null, null)],
    ["clEnqueueWriteImage", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueWriteImage(null, f.buf, 1, zero, one, 0, 0, f.data, 0, null, null)],
    ["clEnqueueWriteImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueWriteImage(f.q, f.buf, 1, zero, one, 0, 0, f.data, 0, null, null)],
    ["clEnqueueFillImage", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueFillImage(null, f.buf, f.data, zero, one, 0, null, null)],
    ["clEnqueueFillImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueFillImage(f.q, f.buf, f.data, zero, one, 0, null, null)],
    ["clEnqueueCopyImage", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueCopyImage(null, f.buf, f.buf2, zero, zero, one, 0, null, null)],
    ["clEnqueueCopyImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueCopyImage(f.q, f.buf, f.buf2, zero, zero, one, 0, null, null)],
    ["clEnqueueCopyImageToBuffer", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueCopyImageToBuffer(null, f.buf, f.buf2, zero, one, 0, 0, null, null)],
    ["clEnqueueCopyImageToBuffer", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueCopyImageToBuffer(f.q, f.buf, f.buf2, zero, one, 0, 0, null, null)],
    ["clEnqueueCopyBufferToImage", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueCopyBufferToImage(null, f.buf, f.buf2, 0, zero, one, 0, null, null)],
    ["clEnqueueCopyBufferToImage", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clEnqueueCopyBufferToImage(f.q, f.buf, f.buf2, 0, zero, one, 0, null, null)],
    ["clEnqueueMapImage", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => f.code((e) => cl.clEnqueueMapImage(null, f.buf, 1, C.CL_MAP_READ, zero, one, out(), out(), 0, null, null, e))],
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

import type { Out } from "../../../../src/api/out.ts";
import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_command_queue, cl_context, cl_event, cl_image_desc, cl_image_format, cl_mem } from "../../../../src/opencl/abi/types.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

const format: cl_image_format = { image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_FLOAT };
const bytes: cl_image_format = { image_channel_order: C.CL_RGBA, image_channel_data_type: C.CL_UNORM_INT8 };
const plain: cl_image_desc = { image_type: C.CL_MEM_OBJECT_IMAGE2D, image_width: 4, image_height: 4, image_depth: 4, image_array_size: 0, image_row_pitch: 0, image_slice_pitch: 0, num_mip_levels: 0, num_samples: 0, mem_object: null };
const zero = [0, 0, 0];
const one = [1, 1, 1];

type Form = cl_image_format | null;
type Create = (e: Out<number>, context: cl_context, flags: number, form: Form, desc: cl_image_desc | null, pointer: ArrayBufferView | number | null) => cl_mem;

/** Rules of the functions that make images. */
function creation(f: Fixture, fn: Row[0], create: Create): Row[] {
  const old = fn === "clCreateImage2D" || fn === "clCreateImage3D";
  const base = fn === "clCreateImage3D" ? { ...plain, image_type: C.CL_MEM_OBJECT_IMAGE3D } : plain;
  const image = (flags: number, change: Partial<cl_image_desc> = {}, form: Form = format, pointer: ArrayBufferView | number | null = null): number => f.code((e) => create(e, f.ctx, flags, form, { ...base, ...change }, pointer));
  const bad = old ? E.CL_INVALID_IMAGE_SIZE : E.CL_INVALID_IMAGE_DESCRIPTOR;
  const data = new Uint8Array(8192);
  const copy = C.CL_MEM_COPY_HOST_PTR;
  const volume = { image_type: C.CL_MEM_OBJECT_IMAGE3D };
  const rows: Row[] = [
    [fn, "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => create(e, 77 as cl_context, 0, format, base, null))],
    [fn, "flags invalid", E.CL_INVALID_VALUE, () => image(C.CL_MEM_READ_ONLY | C.CL_MEM_WRITE_ONLY)],
    [fn, "format NULL", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, {}, null)],
    [fn, "channel order unknown", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, {}, { ...format, image_channel_order: 5 })],
    [fn, "data type unknown", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, {}, { ...format, image_channel_data_type: 5 })],
    [fn, "order and data type that do not go together", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, {}, { ...format, image_channel_order: C.CL_RGB })],
    [fn, "width 0", bad, () => image(0, { image_width: 0 })],
    [fn, "height 0", bad, () => image(0, { image_height: 0 })],
    [fn, "row pitch without a pointer", bad, () => image(0, { image_row_pitch: 64 })],
    [fn, "row pitch too small", bad, () => image(copy, { image_row_pitch: 48 }, format, data)],
    [fn, "row pitch no multiple of the pixel", bad, () => image(copy, { image_row_pitch: 72 }, format, data)],
    [fn, "width above the limit", E.CL_INVALID_IMAGE_SIZE, () => image(0, { image_width: 20000 }, bytes)],
    [fn, "height above the limit", E.CL_INVALID_IMAGE_SIZE, () => image(0, { image_height: 20000 }, bytes)],
    [fn, "COPY_HOST_PTR and NULL", E.CL_INVALID_HOST_PTR, () => image(copy)],
    [fn, "pointer without a flag", E.CL_INVALID_HOST_PTR, () => image(0, {}, format, data)],
    [fn, "array too short", E.CL_INVALID_HOST_PTR, () => image(copy, {}, format, data.subarray(0, 255))],
    [fn, "format that no device has", E.CL_IMAGE_FORMAT_NOT_SUPPORTED, () => image(0, {}, { image_channel_order: C.CL_sRGB, image_channel_data_type: C.CL_UNORM_INT8 })],
  ];
  if (fn === "clCreateImage3D") rows.push([fn, "depth 1", bad, () => image(0, { image_depth: 1 })], [fn, "depth above the limit", E.CL_INVALID_IMAGE_SIZE, () => image(0, { image_depth: 2049 }, bytes)]);
  if (old) return rows;
  const readOnly = f.buffer(f.ctx, 4096, C.CL_MEM_READ_ONLY | C.CL_MEM_HOST_READ_ONLY);
  const hosted = f.buffer(f.ctx, 4096, C.CL_MEM_USE_HOST_PTR, f.malloc(8192) + 4);
  const plane = f.make((e) => f.cl.clCreateImage(f.ctx, 0, bytes, plain, null, e));
  const lineBuffer = (change: Partial<cl_image_desc>, flags = 0): number => image(flags, { image_type: C.CL_MEM_OBJECT_IMAGE1D_BUFFER, mem_object: f.buf, ...change });
  const overBuffer = (change: Partial<cl_image_desc>, flags = 0): number => image(flags, { image_width: 16, mem_object: f.buf, ...change }, bytes);
  rows.push(
    [fn, "depth image with three dimensions", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, volume, { image_channel_order: C.CL_DEPTH, image_channel_data_type: C.CL_FLOAT })],
    [fn, "row pitch over a buffer not aligned", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => overBuffer({ image_row_pitch: 68 })],
    [fn, "host memory of the buffer not aligned", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => overBuffer({ mem_object: hosted })],
    [fn, "format not that of the image it is made of", E.CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, () => image(0, { mem_object: plane }, format)],
    [fn, "description NULL", E.CL_INVALID_IMAGE_DESCRIPTOR, () => f.code((e) => create(e, f.ctx, 0, format, null, null))],
    [fn, "type of a buffer", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_type: C.CL_MEM_OBJECT_BUFFER })],
    [fn, "depth 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { ...volume, image_depth: 0 })],
    [fn, "array size 0", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { image_type: C.CL_MEM_OBJECT_IMAGE2D_ARRAY })],
    [fn, "slice pitch without a pointer", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { ...volume, image_slice_pitch: 256 })],
    [fn, "slice pitch too small", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(copy, { ...volume, image_slice_pitch: 192 }, format, data)],
    [fn, "slice pitch no multiple of the row pitch", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(copy, { ...volume, image_slice_pitch: 272 }, format, data)],
    [fn, "slice pitch of a plane", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(copy, { image_slice_pitch: 256 }, format, data)],
    [fn, "mip levels", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { num_mip_levels: 2 })],
    [fn, "samples", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { num_samples: 4 })],
    [fn, "buffer image without a buffer", E.CL_INVALID_IMAGE_DESCRIPTOR, () => lineBuffer({ mem_object: null })],
    [fn, "buffer image over an image", E.CL_INVALID_IMAGE_DESCRIPTOR, () => lineBuffer({ mem_object: plane })],
    [fn, "buffer too small", E.CL_INVALID_IMAGE_DESCRIPTOR, () => lineBuffer({ image_width: 257 })],
    [fn, "buffer too small for all rows", E.CL_INVALID_IMAGE_DESCRIPTOR, () => overBuffer({ image_height: 65 })],
    [fn, "memory object of another context", E.CL_INVALID_IMAGE_DESCRIPTOR, () => overBuffer({ mem_object: f.bufOther })],
    [fn, "memory object for a volume", E.CL_INVALID_IMAGE_DESCRIPTOR, () => overBuffer(volume)],
    [fn, "description not that of the image it is made of", E.CL_INVALID_IMAGE_DESCRIPTOR, () => image(0, { mem_object: f.make((e) => f.cl.clCreateImage(f.ctx, 0, { ...format, image_channel_order: C.CL_R }, plain, null, e)), image_width: 3 }, { ...format, image_channel_order: C.CL_DEPTH })],
    [fn, "volume too deep", E.CL_INVALID_IMAGE_SIZE, () => image(0, { ...volume, image_depth: 2049 }, bytes)],
    [fn, "too many layers", E.CL_INVALID_IMAGE_SIZE, () => image(0, { image_type: C.CL_MEM_OBJECT_IMAGE2D_ARRAY, image_array_size: 2049 }, bytes)],
    [fn, "more than MAX_MEM_ALLOC_SIZE", E.CL_MEM_OBJECT_ALLOCATION_FAILURE, () => image(0, { ...volume, image_width: 2048, image_height: 2048, image_depth: 2048 })],
    [fn, "access that the buffer does not allow", E.CL_INVALID_VALUE, () => overBuffer({ mem_object: readOnly }, C.CL_MEM_WRITE_ONLY)],
    [fn, "host access that the buffer does not allow", E.CL_INVALID_VALUE, () => overBuffer({ mem_object: readOnly }, C.CL_MEM_HOST_WRITE_ONLY)],
    [fn, "host pointer flags with a buffer", E.CL_INVALID_VALUE, () => overBuffer({}, C.CL_MEM_ALLOC_HOST_PTR)],
  );
  return rows;
}

interface Change {
  readonly q?: cl_command_queue | null;
  readonly mem?: cl_mem | null;
  readonly num?: number;
  readonly list?: readonly (cl_event | null)[] | null;
  readonly blocking?: boolean;
  readonly origin?: readonly number[] | null;
  readonly region?: readonly number[] | null;
}

/** Making images, asking about them, and every command on them. */
export function imageRows(f: Fixture): Row[] {
  const { cl } = f;
  const make = (change: Partial<cl_image_desc> = {}, flags = 0, form: cl_image_format = bytes, context = f.ctx): cl_mem => f.make((e) => cl.clCreateImage(context, flags, form, { ...plain, ...change }, null, e));
  const img = make();
  const other = make({}, 0, bytes, f.ctx2);
  const line = make({ image_type: C.CL_MEM_OBJECT_IMAGE1D });
  const volume = make({ image_type: C.CL_MEM_OBJECT_IMAGE3D });
  const silent = make({}, C.CL_MEM_HOST_NO_ACCESS);
  const overBuf = f.make((e) => cl.clCreateImage(f.ctx, 0, bytes, { ...plain, image_type: C.CL_MEM_OBJECT_IMAGE1D_BUFFER, image_width: 4, mem_object: f.buf }, null, e));
  const color = new Uint8Array(16);
  const read = (c: Change, pitches: readonly [number, number] = [0, 0], ptr: ArrayBufferView | null = f.data): number =>
    cl.clEnqueueReadImage(c.q === undefined ? f.q : c.q, c.mem === undefined ? img : c.mem, c.blocking === true ? 1 : 0, c.origin === undefined ? zero : c.origin, c.region === undefined ? one : c.region, ...pitches, ptr, c.num ?? 0, c.list ?? null, null);
  const write = (c: Change, pitches: readonly [number, number] = [0, 0], ptr: ArrayBufferView | null = f.data): number =>
    cl.clEnqueueWriteImage(c.q === undefined ? f.q : c.q, c.mem === undefined ? img : c.mem, c.blocking === true ? 1 : 0, c.origin === undefined ? zero : c.origin, c.region === undefined ? one : c.region, ...pitches, ptr, c.num ?? 0, c.list ?? null, null);
  const fill = (c: Change, value: ArrayBufferView | null = color): number => cl.clEnqueueFillImage(c.q === undefined ? f.q : c.q, c.mem === undefined ? img : c.mem, value, c.origin === undefined ? zero : c.origin, c.region === undefined ? one : c.region, c.num ?? 0, c.list ?? null, null);
  const map = (c: Change, flags: number = C.CL_MAP_READ, rows: Out<number> | null = out(), slices: Out<number> | null = out()): number =>
    f.code((e) => cl.clEnqueueMapImage(c.q === undefined ? f.q : c.q, c.mem === undefined ? img : c.mem, c.blocking === true ? 1 : 0, flags, c.origin === undefined ? zero : c.origin, c.region === undefined ? one : c.region, rows, slices, c.num ?? 0, c.list ?? null, null, e));
  const toBuffer = (c: Change, buffer: cl_mem | null = f.buf, offset = 0): number => cl.clEnqueueCopyImageToBuffer(c.q === undefined ? f.q : c.q, c.mem === undefined ? img : c.mem, buffer, c.origin === undefined ? zero : c.origin, c.region === undefined ? one : c.region, offset, c.num ?? 0, c.list ?? null, null);
  const fromBuffer = (c: Change, buffer: cl_mem | null = f.buf, offset = 0): number => cl.clEnqueueCopyBufferToImage(c.q === undefined ? f.q : c.q, buffer, c.mem === undefined ? img : c.mem, offset, c.origin === undefined ? zero : c.origin, c.region === undefined ? one : c.region, c.num ?? 0, c.list ?? null, null);
  const target = make();
  const copy = (c: Change, dst: cl_mem | null = target, to: readonly number[] | null = zero): number => cl.clEnqueueCopyImage(c.q === undefined ? f.q : c.q, c.mem === undefined ? img : c.mem, dst, c.origin === undefined ? zero : c.origin, to, c.region === undefined ? one : c.region, c.num ?? 0, c.list ?? null, null);
  /** What all commands have in common. */
  const common = (fn: Row[0], call: (c: Change) => number, blocks: boolean): Row[] => [
    [fn, "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => call({ q: null })],
    [fn, "image NULL", E.CL_INVALID_MEM_OBJECT, () => call({ mem: null })],
    [fn, "a buffer for the image", E.CL_INVALID_MEM_OBJECT, () => call({ mem: f.buf2 })],
    [fn, "image of another context", E.CL_INVALID_CONTEXT, () => call({ mem: other })],
    [fn, "origin NULL", E.CL_INVALID_VALUE, () => call({ origin: null })],
    [fn, "region NULL", E.CL_INVALID_VALUE, () => call({ region: null })],
    [fn, "region 0", E.CL_INVALID_VALUE, () => call({ region: [0, 1, 1] })],
    [fn, "out of bounds in x", E.CL_INVALID_VALUE, () => call({ origin: [3, 0, 0], region: [2, 1, 1] })],
    [fn, "out of bounds in y", E.CL_INVALID_VALUE, () => call({ region: [1, 5, 1] })],
    [fn, "depth of a plane", E.CL_INVALID_VALUE, () => call({ region: [1, 1, 2] })],
    [fn, "height of a line", E.CL_INVALID_VALUE, () => call({ mem: line, origin: [0, 1, 0] })],
    [fn, "list NULL with a number", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 1 })],
    [fn, "list with number 0", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 0, list: [f.userEvent(f.ctx)] })],
    [fn, "event in list invalid", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 1, list: [77 as cl_event] })],
    [fn, "event of another context", E.CL_INVALID_CONTEXT, () => call({ num: 1, list: [f.userEvent(f.ctx2)] })],
    ...(blocks ? [[fn, "event in list failed, blocking", E.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, () => call({ num: 1, list: [f.failed()], blocking: true })] as Row] : []),
  ];
  const transfers = (fn: Row[0], call: typeof read, forbidden: cl_mem): Row[] => [
    ...common(fn, call, true),
    [fn, "row pitch too small", E.CL_INVALID_VALUE, () => call({ region: [4, 4, 1] }, [12, 0])],
    [fn, "slice pitch of a plane", E.CL_INVALID_VALUE, () => call({}, [0, 64])],
    [fn, "slice pitch too small", E.CL_INVALID_VALUE, () => call({ mem: volume, region: [4, 4, 2] }, [0, 32])],
    [fn, "ptr NULL", E.CL_INVALID_VALUE, () => call({}, [0, 0], null)],
    [fn, "array too short", E.CL_INVALID_VALUE, () => call({ region: [4, 4, 1] }, [0, 0], new Uint8Array(63))],
    [fn, "host has no access", E.CL_INVALID_OPERATION, () => call({ mem: silent })],
    [fn, "host has the other access only", E.CL_INVALID_OPERATION, () => call({ mem: forbidden })],
  ];
  const badContext = 77 as cl_context;
  return [
    ...creation(f, "clCreateImage", (e, context, flags, form, desc, pointer) => cl.clCreateImage(context, flags, form, desc, pointer, e)),
    ...creation(f, "clCreateImageWithProperties", (e, context, flags, form, desc, pointer) => cl.clCreateImageWithProperties(context, null, flags, form, desc, pointer, e)),
    ["clCreateImageWithProperties", "property unknown", E.CL_INVALID_PROPERTY, () => f.code((e) => cl.clCreateImageWithProperties(f.ctx, [7, 7, 0], 0, format, plain, null, e))],
    ...creation(f, "clCreateImage2D", (e, context, flags, form, d, pointer) => cl.clCreateImage2D(context, flags, form, d!.image_width, d!.image_height, d!.image_row_pitch, pointer, e)),
    ...creation(f, "clCreateImage3D", (e, context, flags, form, d, pointer) => cl.clCreateImage3D(context, flags, form, d!.image_width, d!.image_height, d!.image_depth, d!.image_row_pitch, d!.image_slice_pitch, pointer, e)),
    ["clGetSupportedImageFormats", "context invalid", E.CL_INVALID_CONTEXT, () => cl.clGetSupportedImageFormats(badContext, 0, C.CL_MEM_OBJECT_IMAGE2D, 1, out(), null)],
    ["clGetSupportedImageFormats", "flags invalid", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 2 ** 25, C.CL_MEM_OBJECT_IMAGE2D, 1, out(), null)],
    ["clGetSupportedImageFormats", "type of a buffer", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 0, C.CL_MEM_OBJECT_BUFFER, 1, out(), null)],
    ["clGetSupportedImageFormats", "number 0 with formats", E.CL_INVALID_VALUE, () => cl.clGetSupportedImageFormats(f.ctx, 0, C.CL_MEM_OBJECT_IMAGE2D, 0, out(), null)],
    ["clGetImageInfo", "not an image", E.CL_INVALID_MEM_OBJECT, () => cl.clGetImageInfo(f.buf, C.CL_IMAGE_WIDTH, 8, out(), null)],
    ["clGetImageInfo", "query unknown", E.CL_INVALID_VALUE, () => cl.clGetImageInfo(img, 5, 8, out(), null)],
    ["clGetImageInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetImageInfo(img, C.CL_IMAGE_WIDTH, 7, out(), null)],
    ...transfers("clEnqueueReadImage", read, make({}, C.CL_MEM_HOST_WRITE_ONLY)),
    ...transfers("clEnqueueWriteImage", write, make({}, C.CL_MEM_HOST_READ_ONLY)),
    ...common("clEnqueueFillImage", fill, false),
    ["clEnqueueFillImage", "colour NULL", E.CL_INVALID_VALUE, () => fill({}, null)],
    ["clEnqueueFillImage", "colour too short", E.CL_INVALID_VALUE, () => fill({}, new Uint8Array(12))],
    ...common("clEnqueueCopyImage", copy, false),
    ["clEnqueueCopyImage", "destination NULL", E.CL_INVALID_MEM_OBJECT, () => copy({}, null)],
    ["clEnqueueCopyImage", "destination of another context", E.CL_INVALID_CONTEXT, () => copy({}, other)],
    ["clEnqueueCopyImage", "origin of the destination NULL", E.CL_INVALID_VALUE, () => copy({}, target, null)],
    ["clEnqueueCopyImage", "destination out of bounds", E.CL_INVALID_VALUE, () => copy({ region: [2, 2, 1] }, target, [3, 0, 0])],
    ["clEnqueueCopyImage", "height of a line (destination)", E.CL_INVALID_VALUE, () => copy({}, line, [0, 1, 0])],
    ["clEnqueueCopyImage", "formats differ", E.CL_IMAGE_FORMAT_MISMATCH, () => copy({}, make({}, 0, format))],
    ["clEnqueueCopyImage", "regions overlap", E.CL_MEM_COPY_OVERLAP, () => copy({ region: [2, 2, 1] }, img, [1, 1, 0])],
    ...common("clEnqueueCopyImageToBuffer", toBuffer, false),
    ["clEnqueueCopyImageToBuffer", "buffer invalid", E.CL_INVALID_MEM_OBJECT, () => toBuffer({}, null)],
    ["clEnqueueCopyImageToBuffer", "an image for the buffer", E.CL_INVALID_MEM_OBJECT, () => toBuffer({}, target)],
    ["clEnqueueCopyImageToBuffer", "image made of the buffer", E.CL_INVALID_MEM_OBJECT, () => toBuffer({ mem: overBuf })],
    ["clEnqueueCopyImageToBuffer", "buffer of another context", E.CL_INVALID_CONTEXT, () => toBuffer({}, f.bufOther)],
    ["clEnqueueCopyImageToBuffer", "beyond the buffer", E.CL_INVALID_VALUE, () => toBuffer({}, f.buf, 4093)],
    ...common("clEnqueueCopyBufferToImage", fromBuffer, false),
    ["clEnqueueCopyBufferToImage", "buffer invalid", E.CL_INVALID_MEM_OBJECT, () => fromBuffer({}, null)],
    ["clEnqueueCopyBufferToImage", "image made of the buffer", E.CL_INVALID_MEM_OBJECT, () => fromBuffer({ mem: overBuf })],
    ["clEnqueueCopyBufferToImage", "beyond the buffer", E.CL_INVALID_VALUE, () => fromBuffer({}, f.buf, 4093)],
    ...common("clEnqueueMapImage", map, true),
    ["clEnqueueMapImage", "flags invalid", E.CL_INVALID_VALUE, () => map({}, C.CL_MAP_WRITE | C.CL_MAP_WRITE_INVALIDATE_REGION)],
    ["clEnqueueMapImage", "row pitch NULL", E.CL_INVALID_VALUE, () => map({}, C.CL_MAP_READ, null)],
    ["clEnqueueMapImage", "slice pitch NULL for a volume", E.CL_INVALID_VALUE, () => map({ mem: volume }, C.CL_MAP_READ, out(), null)],
    ["clEnqueueMapImage", "host has no access", E.CL_INVALID_OPERATION, () => map({ mem: silent })],
    ["clCreateSamplerWithProperties", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateSamplerWithProperties(badContext, null, e))],
    ["clCreateSamplerWithProperties", "property unknown", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSamplerWithProperties(f.ctx, [5, 5, 0], e))],
    ["clCreateSamplerWithProperties", "value unknown", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSamplerWithProperties(f.ctx, [C.CL_SAMPLER_FILTER_MODE, 5, 0], e))],
    ["clCreateSamplerWithProperties", "property twice", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSamplerWithProperties(f.ctx, [C.CL_SAMPLER_FILTER_MODE, C.CL_FILTER_LINEAR, C.CL_SAMPLER_FILTER_MODE, C.CL_FILTER_LINEAR, 0], e))],
    ["clCreateSampler", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateSampler(badContext, 1, C.CL_ADDRESS_CLAMP, C.CL_FILTER_NEAREST, e))],
    ["clCreateSampler", "mode unknown", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSampler(f.ctx, 1, 5, C.CL_FILTER_NEAREST, e))],
    ["clRetainSampler", "sampler invalid", E.CL_INVALID_SAMPLER, () => cl.clRetainSampler(null)],
    ["clReleaseSampler", "sampler invalid", E.CL_INVALID_SAMPLER, () => cl.clReleaseSampler(null)],
    ["clGetSamplerInfo", "sampler invalid", E.CL_INVALID_SAMPLER, () => cl.clGetSamplerInfo(null, C.CL_SAMPLER_CONTEXT, 8, out(), null)],
    ["clGetSamplerInfo", "query unknown", E.CL_INVALID_VALUE, () => cl.clGetSamplerInfo(f.make((e) => cl.clCreateSampler(f.ctx, 1, C.CL_ADDRESS_CLAMP, C.CL_FILTER_NEAREST, e)), 5, 8, out(), null)],
  ];
}

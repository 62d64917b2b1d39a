/**
 * OpenCL 3.0 API specification, 5.3.3 to 5.3.6: copying and filling images, copying between images and buffers.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { Extent } from "../kernel/sys/uapi.ts";
import { CL_COMMAND_COPY_BUFFER_TO_IMAGE, CL_COMMAND_COPY_IMAGE, CL_COMMAND_COPY_IMAGE_TO_BUFFER, CL_COMMAND_FILL_IMAGE } from "./abi/constants.ts";
import { CL_IMAGE_FORMAT_MISMATCH, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_MEM_COPY_OVERLAP } from "./abi/errors.ts";
import type { cl_command_queue, cl_event, cl_int, cl_mem, cl_uint } from "./abi/types.ts";
import { bufferOn, command, hostQueue, imageOn, issue } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import { viewBytes } from "./runtime/host-memory.ts";
import { colorBytes, pixelOf } from "./runtime/image-format.ts";
import { imageBox, imageTypes, type ImageBox, type ImageShape } from "./runtime/image-shape.ts";
import type { MemObject } from "./runtime/mem-object.ts";
import type { QueueObject } from "./runtime/queue-object.ts";
import type { Triple } from "./runtime/rect.ts";
import { copyJob, packed, type Layout } from "./runtime/transfer.ts";
import { waitList } from "./runtime/wait-list.ts";

/**
 * clEnqueueFillImage.
 * @param fill_color four floats, ints or unsigned ints, as the image's data type wants them (a float for depth images), converted to the image's format
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_IMAGE_SIZE, CL_IMAGE_FORMAT_NOT_SUPPORTED,
 *   CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueFillImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, fill_color: ArrayBufferView | null, origin: Triple | null, region: Triple | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const target = imageOn(t, queue, image, "image");
  if (typeof target === "number") return target;
  const { mem, shape } = target;
  if (fill_color === null) return fail(t, CL_INVALID_VALUE, "fill_color must not be NULL");
  const needed = colorBytes(shape.format);
  // NON-SPEC: C would read past the end.
  if (fill_color.byteLength < needed) return fail(t, CL_INVALID_VALUE, "fill_color must hold all components of the colour", { bytes: fill_color.byteLength, needed });
  if (origin === null || region === null) return fail(t, CL_INVALID_VALUE, "origin and region must not be NULL");
  const part = imageBox(t, shape, "origin", origin, region);
  if (typeof part === "number") return part;
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const fill = command(t, queue, CL_COMMAND_FILL_IMAGE, list, [mem]);
  const pattern = pixelOf(shape.format, viewBytes(fill_color, 0, needed));
  return issue(t, fill, { kind: "fill", dst: mem.address + part.offset, extent: part.box, pitch: shape.row, slicePitch: shape.slice, pattern }, "fill image", event);
}

function boxesMeet(a: ImageBox, b: ImageBox): boolean {
  return a.at.every((x, i) => x < b.at[i]! + b.size[i]! && b.at[i]! < x + a.size[i]!);
}

/** A region as rows of rows, whatever the image's type: the layers of a 1D array are rows of a plane for images of other types. */
function asPlanes(shape: ImageShape, { box }: ImageBox): { readonly box: Extent; readonly layout: Layout } {
  const { dimensions, array } = imageTypes.get(shape.type)!;
  if (dimensions > 1 || !array) return { box, layout: shape };
  return { box: { width: box.width, height: box.depth, depth: 1 }, layout: { row: shape.slice, slice: shape.slice * box.depth } };
}

/**
 * clEnqueueCopyImage: images may differ in type, not in format.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_IMAGE_FORMAT_MISMATCH, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_IMAGE_SIZE,
 *   CL_IMAGE_FORMAT_NOT_SUPPORTED, CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_MEM_COPY_OVERLAP, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueCopyImage(t: Caller, command_queue: cl_command_queue | null, src_image: cl_mem | null, dst_image: cl_mem | null, src_origin: Triple | null, dst_origin: Triple | null, region: Triple | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const src = imageOn(t, queue, src_image, "src_image");
  if (typeof src === "number") return src;
  const dst = imageOn(t, queue, dst_image, "dst_image");
  if (typeof dst === "number") return dst;
  const [a, b] = [src.shape.format, dst.shape.format];
  if (a.image_channel_order !== b.image_channel_order || a.image_channel_data_type !== b.image_channel_data_type) {
    return fail(t, CL_IMAGE_FORMAT_MISMATCH, "both images must have the same format", { src: [a.image_channel_order, a.image_channel_data_type], dst: [b.image_channel_order, b.image_channel_data_type] });
  }
  if (src_origin === null || dst_origin === null || region === null) return fail(t, CL_INVALID_VALUE, "src_origin, dst_origin and region must not be NULL");
  const from = imageBox(t, src.shape, "src_origin", src_origin, region);
  if (typeof from === "number") return from;
  const to = imageBox(t, dst.shape, "dst_origin", dst_origin, region);
  if (typeof to === "number") return to;
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  if (src.mem === dst.mem && boxesMeet(from, to)) return fail(t, CL_MEM_COPY_OVERLAP, "source and destination must not overlap", { src_origin: [...src_origin], dst_origin: [...dst_origin], region: [...region] });
  const copy = command(t, queue, CL_COMMAND_COPY_IMAGE, list, [src.mem, dst.mem]);
  const { box, layout } = asPlanes(src.shape, from);
  return issue(t, copy, copyJob(dst.mem.address + to.offset, asPlanes(dst.shape, to).layout, src.mem.address + from.offset, layout, box), "copy image", event);
}

interface BufferSide {
  readonly queue: QueueObject;
  readonly image: MemObject;
  readonly buffer: MemObject;
  readonly part: ImageBox;
}

/** What both functions between images and buffers check, in the manual's order. */
function bufferSide(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, buffer: cl_mem | null, names: readonly [image: string, buffer: string, origin: string, offset: string], origin: Triple | null, region: Triple | null, offset: number): BufferSide | cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const [imageName, bufferName, originName, offsetName] = names;
  const pixels = imageOn(t, queue, image, imageName);
  if (typeof pixels === "number") return pixels;
  const bytes = bufferOn(t, queue, buffer, bufferName);
  if (typeof bytes === "number") return bytes;
  if (pixels.mem.whole === bytes) return fail(t, CL_INVALID_MEM_OBJECT, `${imageName} must not have been made of ${bufferName}`, { [imageName]: image, [bufferName]: buffer });
  if (origin === null || region === null) return fail(t, CL_INVALID_VALUE, `${originName} and region must not be NULL`);
  const part = imageBox(t, pixels.shape, originName, origin, region);
  if (typeof part === "number") return part;
  const size = part.box.width * part.box.height * part.box.depth;
  if (!(offset >= 0 && offset + size <= bytes.size)) return fail(t, CL_INVALID_VALUE, `the region at ${offsetName} must lie inside ${bufferName}`, { [offsetName]: offset, size, buffer: bytes.size });
  return { queue, image: pixels.mem, buffer: bytes, part };
}

/**
 * clEnqueueCopyImageToBuffer: the rows follow each other in the buffer.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_MISALIGNED_SUB_BUFFER_OFFSET, CL_INVALID_IMAGE_SIZE,
 *   CL_IMAGE_FORMAT_NOT_SUPPORTED, CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueCopyImageToBuffer(t: Caller, command_queue: cl_command_queue | null, src_image: cl_mem | null, dst_buffer: cl_mem | null, src_origin: Triple | null, region: Triple | null, dst_offset: number, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const sides = bufferSide(t, command_queue, src_image, dst_buffer, ["src_image", "dst_buffer", "src_origin", "dst_offset"], src_origin, region, dst_offset);
  if (typeof sides === "number") return sides;
  const { queue, image, buffer, part } = sides;
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const copy = command(t, queue, CL_COMMAND_COPY_IMAGE_TO_BUFFER, list, [image, buffer]);
  return issue(t, copy, copyJob(buffer.address + dst_offset, packed(part.box), image.address + part.offset, image.image!, part.box), "copy image to buffer", event);
}

/** clEnqueueCopyBufferToImage. @returns as clEnqueueCopyImageToBuffer */
export function clEnqueueCopyBufferToImage(t: Caller, command_queue: cl_command_queue | null, src_buffer: cl_mem | null, dst_image: cl_mem | null, src_offset: number, dst_origin: Triple | null, region: Triple | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const sides = bufferSide(t, command_queue, dst_image, src_buffer, ["dst_image", "src_buffer", "dst_origin", "src_offset"], dst_origin, region, src_offset);
  if (typeof sides === "number") return sides;
  const { queue, image, buffer, part } = sides;
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const copy = command(t, queue, CL_COMMAND_COPY_BUFFER_TO_IMAGE, list, [buffer, image]);
  return issue(t, copy, copyJob(image.address + part.offset, image.image!, buffer.address + src_offset, packed(part.box), part.box), "copy buffer to image", event);
}

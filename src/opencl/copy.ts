/**
 * OpenCL 3.0 API specification, 5.2.2 and 5.2.3: copying and filling buffers.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import { CL_COMMAND_COPY_BUFFER, CL_COMMAND_COPY_BUFFER_RECT, CL_COMMAND_FILL_BUFFER } from "./abi/constants.ts";
import { CL_INVALID_VALUE, CL_MEM_COPY_OVERLAP } from "./abi/errors.ts";
import type { cl_command_queue, cl_event, cl_int, cl_mem, cl_uint } from "./abi/types.ts";
import { bufferOn, command, hostQueue, issue } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import { viewBytes } from "./runtime/host-memory.ts";
import type { MemObject } from "./runtime/mem-object.ts";
import { boxesOverlap, boxOf, fits, placeOf, type Triple } from "./runtime/rect.ts";
import { copyJob, line, MARKER, packed } from "./runtime/transfer.ts";
import { waitList } from "./runtime/wait-list.ts";

/** Both buffers of a copy, or the code that was recorded. */
function pair(t: Caller, command_queue: cl_command_queue | null, src_buffer: cl_mem | null, dst_buffer: cl_mem | null): { queue: Exclude<ReturnType<typeof hostQueue>, number>; src: MemObject; dst: MemObject } | cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const src = bufferOn(t, queue, src_buffer, "src_buffer");
  if (typeof src === "number") return src;
  const dst = bufferOn(t, queue, dst_buffer, "dst_buffer");
  return typeof dst === "number" ? dst : { queue, src, dst };
}

/**
 * clEnqueueCopyBuffer.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_MISALIGNED_SUB_BUFFER_OFFSET, CL_MEM_COPY_OVERLAP,
 *   CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueCopyBuffer(t: Caller, command_queue: cl_command_queue | null, src_buffer: cl_mem | null, dst_buffer: cl_mem | null, src_offset: number, dst_offset: number, size: number, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const both = pair(t, command_queue, src_buffer, dst_buffer);
  if (typeof both === "number") return both;
  const { queue, src, dst } = both;
  if (src_offset < 0 || size < 0 || src_offset + size > src.size) return fail(t, CL_INVALID_VALUE, "the source region must lie inside src_buffer", { src_offset, size, buffer: src.size });
  if (dst_offset < 0 || dst_offset + size > dst.size) return fail(t, CL_INVALID_VALUE, "the destination region must lie inside dst_buffer", { dst_offset, size, buffer: dst.size });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  // One buffer, or two parts of one: compared where they lie in it.
  if (src.root === dst.root && size > 0) {
    const from = src.origin + src_offset;
    const to = dst.origin + dst_offset;
    if (from < to + size && to < from + size) return fail(t, CL_MEM_COPY_OVERLAP, "source and destination must not overlap", { from, to, size });
  }
  const box = line(size);
  const copy = command(t, queue, CL_COMMAND_COPY_BUFFER, list, [src, dst]);
  return issue(t, copy, copyJob(dst.address + dst_offset, packed(box), src.address + src_offset, packed(box), box), "copy buffer", event);
}

/** clEnqueueCopyBufferRect. @returns as clEnqueueCopyBuffer */
export function clEnqueueCopyBufferRect(t: Caller, command_queue: cl_command_queue | null, src_buffer: cl_mem | null, dst_buffer: cl_mem | null, src_origin: Triple | null, dst_origin: Triple | null, region: Triple | null, src_row_pitch: number, src_slice_pitch: number, dst_row_pitch: number, dst_slice_pitch: number, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const both = pair(t, command_queue, src_buffer, dst_buffer);
  if (typeof both === "number") return both;
  const { queue, src, dst } = both;
  if (src_origin === null || dst_origin === null || region === null) return fail(t, CL_INVALID_VALUE, "src_origin, dst_origin and region must not be NULL");
  const box = boxOf(t, region);
  if (typeof box === "number") return box;
  const from = placeOf(t, "src", src_origin, box, src_row_pitch, src_slice_pitch);
  if (typeof from === "number") return from;
  const to = placeOf(t, "dst", dst_origin, box, dst_row_pitch, dst_slice_pitch);
  if (typeof to === "number") return to;
  if (src === dst && (from.row !== to.row || from.slice !== to.slice)) {
    return fail(t, CL_INVALID_VALUE, "inside one buffer both sides must have the same pitches", { src: [from.row, from.slice], dst: [to.row, to.slice] });
  }
  if (!fits(from, box, src.size)) return fail(t, CL_INVALID_VALUE, "the source region must lie inside src_buffer", { offset: from.offset, region, buffer: src.size });
  if (!fits(to, box, dst.size)) return fail(t, CL_INVALID_VALUE, "the destination region must lie inside dst_buffer", { offset: to.offset, region, buffer: dst.size });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  if (src.root === dst.root) {
    const a = { ...from, offset: src.origin + from.offset };
    const b = { ...to, offset: dst.origin + to.offset };
    if (boxesOverlap(a, b, box)) return fail(t, CL_MEM_COPY_OVERLAP, "source and destination must not overlap", { from: a.offset, to: b.offset, region });
  }
  const copy = command(t, queue, CL_COMMAND_COPY_BUFFER_RECT, list, [src, dst]);
  return issue(t, copy, copyJob(dst.address + to.offset, to, src.address + from.offset, from, box), "copy buffer rect", event);
}

const PATTERN_SIZES: ReadonlySet<number> = new Set([1, 2, 4, 8, 16, 32, 64, 128]);

/** The pattern of a fill as bytes of its own, or the code that was recorded. */
export function patternOf(t: Caller, pattern: ArrayBufferView | number | null, pattern_size: number): Uint8Array | cl_int {
  if (pattern === null || pattern === 0) return fail(t, CL_INVALID_VALUE, "pattern must not be NULL");
  if (!PATTERN_SIZES.has(pattern_size)) return fail(t, CL_INVALID_VALUE, "pattern_size must be 1, 2, 4, 8, 16, 32, 64 or 128", { pattern_size });
  const bytes = typeof pattern === "number" ? t.sys.memory(pattern, pattern_size, false) : pattern.byteLength >= pattern_size ? viewBytes(pattern, 0, pattern_size) : null;
  return bytes?.slice() ?? fail(t, CL_INVALID_VALUE, "pattern must point to pattern_size bytes", { pattern_size });
}

/**
 * clEnqueueFillBuffer.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_MISALIGNED_SUB_BUFFER_OFFSET,
 *   CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueFillBuffer(t: Caller, command_queue: cl_command_queue | null, buffer: cl_mem | null, pattern: ArrayBufferView | number | null, pattern_size: number, offset: number, size: number, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const mem = bufferOn(t, queue, buffer, "buffer");
  if (typeof mem === "number") return mem;
  if (offset < 0 || size < 0 || offset + size > mem.size) return fail(t, CL_INVALID_VALUE, "the region (offset, size) must lie inside the buffer", { offset, size, buffer: mem.size });
  const bytes = patternOf(t, pattern, pattern_size);
  if (typeof bytes === "number") return bytes;
  if (offset % pattern_size !== 0 || size % pattern_size !== 0) return fail(t, CL_INVALID_VALUE, "offset and size must be multiples of pattern_size", { offset, size, pattern_size });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const fill = command(t, queue, CL_COMMAND_FILL_BUFFER, list, [mem]);
  const job = size === 0 ? MARKER : ({ kind: "fill", dst: mem.address + offset, extent: line(size), pitch: size, slicePitch: size, pattern: bytes } as const);
  return issue(t, fill, job, "fill buffer", event);
}

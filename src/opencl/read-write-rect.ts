/**
 * OpenCL 3.0 API specification, 5.2.2: clEnqueueReadBufferRect, clEnqueueWriteBufferRect.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import { CL_COMMAND_READ_BUFFER_RECT, CL_COMMAND_WRITE_BUFFER_RECT, CL_FALSE } from "./abi/constants.ts";
import { CL_INVALID_VALUE } from "./abi/errors.ts";
import type { cl_bool, cl_command_queue, cl_event, cl_int, cl_mem, cl_uint } from "./abi/types.ts";
import { bufferOn, hostQueue } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import { checkRead, checkWrite, runRead, runWrite, type HostTransfer } from "./runtime/host-transfer.ts";
import { boxOf, fits, placeOf, type Triple } from "./runtime/rect.ts";
import { waitList } from "./runtime/wait-list.ts";

interface RectCall {
  readonly command_queue: cl_command_queue | null;
  readonly buffer: cl_mem | null;
  readonly blocking: cl_bool;
  readonly origins: readonly [buffer: Triple | null, host: Triple | null];
  readonly region: Triple | null;
  readonly pitches: readonly [bufferRow: number, bufferSlice: number, hostRow: number, hostSlice: number];
  readonly ptr: HostPtr | null;
  readonly num: cl_uint;
  readonly list: readonly (cl_event | null)[] | null;
  readonly event: Out<cl_event> | null;
}

/** What both functions check, in the manual's order. */
function prepare(t: Caller, call: RectCall, type: number, label: string): HostTransfer | cl_int {
  const queue = hostQueue(t, call.command_queue);
  if (typeof queue === "number") return queue;
  const mem = bufferOn(t, queue, call.buffer, "buffer");
  if (typeof mem === "number") return mem;
  const [bufferOrigin, hostOrigin] = call.origins;
  if (bufferOrigin === null || hostOrigin === null || call.region === null) return fail(t, CL_INVALID_VALUE, "buffer_origin, host_origin and region must not be NULL");
  const box = boxOf(t, call.region);
  if (typeof box === "number") return box;
  const [bufferRow, bufferSlice, hostRow, hostSlice] = call.pitches;
  const place = placeOf(t, "buffer", bufferOrigin, box, bufferRow, bufferSlice);
  if (typeof place === "number") return place;
  const host = placeOf(t, "host", hostOrigin, box, hostRow, hostSlice);
  if (typeof host === "number") return host;
  if (!fits(place, box, mem.size)) return fail(t, CL_INVALID_VALUE, "the region must lie inside the buffer", { offset: place.offset, region: call.region, buffer: mem.size });
  if (call.ptr === null || call.ptr === 0) return fail(t, CL_INVALID_VALUE, "ptr must not be NULL");
  const list = waitList(t, queue.context, call.num, call.list, call.event);
  if (typeof list === "number") return list;
  return {
    queue, mem, list, type, blocking: call.blocking !== CL_FALSE, event: call.event, label, device: mem.address + place.offset, layout: place, box, host: { ...host, pointer: call.ptr },
  };
}

/**
 * clEnqueueReadBufferRect: origins and region are [x in bytes, y in rows, z in slices].
 * @returns as clEnqueueReadBuffer; CL_INVALID_VALUE also for NULL or zero regions and bad pitches
 */
export function* clEnqueueReadBufferRect(t: Caller, command_queue: cl_command_queue | null, buffer: cl_mem | null, blocking_read: cl_bool, buffer_origin: Triple | null, host_origin: Triple | null, region: Triple | null, buffer_row_pitch: number, buffer_slice_pitch: number, host_row_pitch: number, host_slice_pitch: number, ptr: HostPtr | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): Blocking<cl_int> {
  const call: RectCall = {
    command_queue, buffer, blocking: blocking_read, origins: [buffer_origin, host_origin], region, pitches: [buffer_row_pitch, buffer_slice_pitch, host_row_pitch, host_slice_pitch], ptr,
    num: num_events_in_wait_list, list: event_wait_list, event,
  };
  const transfer = prepare(t, call, CL_COMMAND_READ_BUFFER_RECT, "read buffer rect");
  if (typeof transfer === "number") return transfer;
  const refused = checkRead(t, transfer.mem, transfer.list, transfer.blocking);
  return refused !== 0 ? refused : yield* runRead(t, transfer);
}

/** clEnqueueWriteBufferRect. @returns as clEnqueueReadBufferRect */
export function* clEnqueueWriteBufferRect(t: Caller, command_queue: cl_command_queue | null, buffer: cl_mem | null, blocking_write: cl_bool, buffer_origin: Triple | null, host_origin: Triple | null, region: Triple | null, buffer_row_pitch: number, buffer_slice_pitch: number, host_row_pitch: number, host_slice_pitch: number, ptr: HostPtr | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): Blocking<cl_int> {
  const call: RectCall = {
    command_queue, buffer, blocking: blocking_write, origins: [buffer_origin, host_origin], region, pitches: [buffer_row_pitch, buffer_slice_pitch, host_row_pitch, host_slice_pitch], ptr,
    num: num_events_in_wait_list, list: event_wait_list, event,
  };
  const transfer = prepare(t, call, CL_COMMAND_WRITE_BUFFER_RECT, "write buffer rect");
  if (typeof transfer === "number") return transfer;
  const refused = checkWrite(t, transfer.mem, transfer.list, transfer.blocking);
  return refused !== 0 ? refused : yield* runWrite(t, transfer);
}

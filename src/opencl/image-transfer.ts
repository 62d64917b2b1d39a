/**
 * OpenCL 3.0 API specification, 5.3.3: Reading, Writing and Copying Image Objects (clEnqueueReadImage, clEnqueueWriteImage).
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import { CL_COMMAND_READ_IMAGE, CL_COMMAND_WRITE_IMAGE, CL_FALSE } from "./abi/constants.ts";
import { CL_INVALID_VALUE } from "./abi/errors.ts";
import type { cl_bool, cl_command_queue, cl_event, cl_int, cl_mem, cl_uint } from "./abi/types.ts";
import { hostQueue, imageOn } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import { checkRead, checkWrite, runRead, runWrite, type HostTransfer } from "./runtime/host-transfer.ts";
import { hostLayout, imageBox } from "./runtime/image-shape.ts";
import type { Triple } from "./runtime/rect.ts";
import { waitList } from "./runtime/wait-list.ts";

interface ImageCall {
  readonly command_queue: cl_command_queue | null;
  readonly image: cl_mem | null;
  readonly blocking: cl_bool;
  readonly origin: Triple | null;
  readonly region: Triple | null;
  readonly pitches: readonly [row: number, slice: number];
  readonly ptr: HostPtr | null;
  readonly num: cl_uint;
  readonly list: readonly (cl_event | null)[] | null;
  readonly event: Out<cl_event> | null;
}

/** What both functions check, in the manual's order. */
function prepare(t: Caller, call: ImageCall, type: number, label: string): HostTransfer | cl_int {
  const queue = hostQueue(t, call.command_queue);
  if (typeof queue === "number") return queue;
  const image = imageOn(t, queue, call.image, "image");
  if (typeof image === "number") return image;
  const { mem, shape } = image;
  if (call.origin === null || call.region === null) return fail(t, CL_INVALID_VALUE, "origin and region must not be NULL");
  const part = imageBox(t, shape, "origin", call.origin, call.region);
  if (typeof part === "number") return part;
  const host = hostLayout(t, shape, part, ...call.pitches);
  if (typeof host === "number") return host;
  if (call.ptr === null || call.ptr === 0) return fail(t, CL_INVALID_VALUE, "ptr must not be NULL");
  const list = waitList(t, queue.context, call.num, call.list, call.event);
  if (typeof list === "number") return list;
  return {
    queue, mem, list, type, blocking: call.blocking !== CL_FALSE, event: call.event, label, device: mem.address + part.offset, layout: shape, box: part.box, host: { ...host, pointer: call.ptr, offset: 0 },
  };
}

/**
 * clEnqueueReadImage: origin and region are pixels [x, y, z]; of arrays the layer is y (1D) or z (2D).
 * @param row_pitch bytes from row to row in host memory, 0: rows follow each other
 * @param slice_pitch bytes from slice (layer) to slice, 0: they follow each other
 * @param ptr a simulated address or a JavaScript array with room for the region
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_IMAGE_SIZE, CL_IMAGE_FORMAT_NOT_SUPPORTED,
 *   CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST (blocking), CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function* clEnqueueReadImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, blocking_read: cl_bool, origin: Triple | null, region: Triple | null, row_pitch: number, slice_pitch: number, ptr: HostPtr | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): Blocking<cl_int> {
  const call: ImageCall = { command_queue, image, blocking: blocking_read, origin, region, pitches: [row_pitch, slice_pitch], ptr, num: num_events_in_wait_list, list: event_wait_list, event };
  const transfer = prepare(t, call, CL_COMMAND_READ_IMAGE, "read image");
  if (typeof transfer === "number") return transfer;
  const refused = checkRead(t, transfer.mem, transfer.list, transfer.blocking);
  return refused !== 0 ? refused : yield* runRead(t, transfer);
}

/** clEnqueueWriteImage. @returns as clEnqueueReadImage */
export function* clEnqueueWriteImage(t: Caller, command_queue: cl_command_queue | null, image: cl_mem | null, blocking_write: cl_bool, origin: Triple | null, region: Triple | null, input_row_pitch: number, input_slice_pitch: number, ptr: HostPtr | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): Blocking<cl_int> {
  const call: ImageCall = { command_queue, image, blocking: blocking_write, origin, region, pitches: [input_row_pitch, input_slice_pitch], ptr, num: num_events_in_wait_list, list: event_wait_list, event };
  const transfer = prepare(t, call, CL_COMMAND_WRITE_IMAGE, "write image");
  if (typeof transfer === "number") return transfer;
  const refused = checkWrite(t, transfer.mem, transfer.list, transfer.blocking);
  return refused !== 0 ? refused : yield* runWrite(t, transfer);
}

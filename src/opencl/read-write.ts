/**
 * OpenCL 3.0 API specification, 5.2.2: Reading, Writing and Copying Buffer Objects (clEnqueueReadBuffer, clEnqueueWriteBuffer).
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import { CL_COMMAND_READ_BUFFER, CL_COMMAND_WRITE_BUFFER, CL_FALSE } from "./abi/constants.ts";
import { CL_INVALID_VALUE } from "./abi/errors.ts";
import type { cl_bool, cl_command_queue, cl_event, cl_int, cl_mem, cl_uint } from "./abi/types.ts";
import { checkRead, checkWrite, runRead, runWrite } from "./runtime/host-transfer.ts";
import { bufferOn, hostQueue } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import { line, packed } from "./runtime/transfer.ts";
import { waitList } from "./runtime/wait-list.ts";

/**
 * clEnqueueReadBuffer.
 * @param ptr a simulated address or a JavaScript array of at least `size` bytes
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_MISALIGNED_SUB_BUFFER_OFFSET,
 *   CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST (blocking), CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function* clEnqueueReadBuffer(t: Caller, command_queue: cl_command_queue | null, buffer: cl_mem | null, blocking_read: cl_bool, offset: number, size: number, ptr: HostPtr | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): Blocking<cl_int> {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const mem = bufferOn(t, queue, buffer, "buffer");
  if (typeof mem === "number") return mem;
  if (offset < 0 || size < 0 || offset + size > mem.size) return fail(t, CL_INVALID_VALUE, "the region (offset, size) must lie inside the buffer", { offset, size, buffer: mem.size });
  if (ptr === null || ptr === 0) return fail(t, CL_INVALID_VALUE, "ptr must not be NULL");
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const blocking = blocking_read !== CL_FALSE;
  const refused = checkRead(t, mem, list, blocking);
  if (refused !== 0) return refused;
  const box = line(size);
  return yield* runRead(t, {
    queue, mem, list, type: CL_COMMAND_READ_BUFFER, blocking, event, label: "read buffer", device: mem.address + offset, layout: packed(box), box, host: { pointer: ptr, offset: 0, ...packed(box) },
  });
}

/**
 * clEnqueueWriteBuffer.
 * @param ptr a simulated address or a JavaScript array of at least `size` bytes; without blocking it is read when the command runs, so leave it alone until then
 * @returns as clEnqueueReadBuffer
 */
export function* clEnqueueWriteBuffer(t: Caller, command_queue: cl_command_queue | null, buffer: cl_mem | null, blocking_write: cl_bool, offset: number, size: number, ptr: HostPtr | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): Blocking<cl_int> {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const mem = bufferOn(t, queue, buffer, "buffer");
  if (typeof mem === "number") return mem;
  if (offset < 0 || size < 0 || offset + size > mem.size) return fail(t, CL_INVALID_VALUE, "the region (offset, size) must lie inside the buffer", { offset, size, buffer: mem.size });
  if (ptr === null || ptr === 0) return fail(t, CL_INVALID_VALUE, "ptr must not be NULL");
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  const blocking = blocking_write !== CL_FALSE;
  const refused = checkWrite(t, mem, list, blocking);
  if (refused !== 0) return refused;
  const box = line(size);
  return yield* runWrite(t, {
    queue, mem, list, type: CL_COMMAND_WRITE_BUFFER, blocking, event, label: "write buffer", device: mem.address + offset, layout: packed(box), box, host: { pointer: ptr, offset: 0, ...packed(box) },
  });
}

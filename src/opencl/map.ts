/**
 * OpenCL 3.0 API specification, 5.2.4 and 5.5.2: mapping buffers, unmapping memory objects.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import { CL_COMMAND_MAP_BUFFER, CL_COMMAND_UNMAP_MEM_OBJECT, CL_FALSE } from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_bool, cl_command_queue, cl_event, cl_int, cl_map_flags, cl_mem, cl_uint } from "./abi/types.ts";
import { memOf } from "./buffer.ts";
import { bufferOn, command, hostQueue } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import { badMapFlags } from "./runtime/flags.ts";
import { samePointer } from "./runtime/host-memory.ts";
import { bytesOf, closeWindow } from "./runtime/mapping.ts";
import { runMap } from "./runtime/run-map.ts";
import { enqueue } from "./runtime/submit.ts";
import { abandon, delegate, enqueueAfter } from "./runtime/transfer.ts";
import { publish, waitList } from "./runtime/wait-list.ts";

/**
 * clEnqueueMapBuffer. A buffer in device memory is shown through a copy of the region; one in host memory as it is.
 * @returns the pointer, or 0 (NULL): a simulated address, or for CL_MEM_USE_HOST_PTR with a JavaScript array a part of that array; errcode_ret: CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT,
 *   CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_MISALIGNED_SUB_BUFFER_OFFSET, CL_MAP_FAILURE, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST (blocking),
 *   CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_INVALID_OPERATION, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function* clEnqueueMapBuffer(t: Caller, command_queue: cl_command_queue | null, buffer: cl_mem | null, blocking_map: cl_bool, map_flags: cl_map_flags, offset: number, size: number, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null, errcode_ret: Out<cl_int> | null): Blocking<HostPtr> {
  const give = (code: cl_int): 0 => {
    if (errcode_ret !== null) errcode_ret.value = code;
    return 0;
  };
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return give(queue);
  const mem = bufferOn(t, queue, buffer, "buffer");
  if (typeof mem === "number") return give(mem);
  if (offset < 0 || offset + size > mem.size) return give(fail(t, CL_INVALID_VALUE, "the region (offset, size) must lie inside the buffer", { offset, size, buffer: mem.size }));
  if (!(size > 0)) return give(fail(t, CL_INVALID_VALUE, "size must not be 0"));
  const bad = badMapFlags(map_flags);
  if (bad !== null) return give(fail(t, CL_INVALID_VALUE, bad, { map_flags }));
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return give(list);
  const mapping = yield* runMap(t, {
    queue, mem, region: bytesOf(offset, size), flags: map_flags, list, blocking: blocking_map !== CL_FALSE, event, type: CL_COMMAND_MAP_BUFFER, label: "map buffer",
  });
  if (typeof mapping === "number") return give(mapping);
  if (errcode_ret !== null) errcode_ret.value = CL_SUCCESS;
  return mapping.pointer;
}

/**
 * clEnqueueUnmapMemObject: what the host wrote to a region mapped for writing becomes the buffer's contents.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_CONTEXT, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueUnmapMemObject(t: Caller, command_queue: cl_command_queue | null, memobj: cl_mem | null, mapped_ptr: HostPtr | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const mem = memOf(t, memobj);
  if (mem === undefined) return fail(t, CL_INVALID_MEM_OBJECT, "memobj must be a valid memory object", { memobj });
  const maps = mem.root.maps;
  const index = mapped_ptr === null ? -1 : maps.findIndex((map) => map.owner === mem && samePointer(map.pointer, mapped_ptr));
  if (index < 0) return fail(t, CL_INVALID_VALUE, "mapped_ptr must be a pointer that mapping memobj gave and that is still mapped", { mapped_ptr: typeof mapped_ptr === "number" ? mapped_ptr : null });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  if (mem.context !== queue.context) return fail(t, CL_INVALID_CONTEXT, "memobj must be of the queue's context", { memobj });
  const mapping = maps[index]!;
  const unmap = command(t, queue, CL_COMMAND_UNMAP_MEM_OBJECT, list, [mem]);
  const closing = closeWindow(t, unmap, mem, mapping);
  if (typeof closing === "number") return fail(t, closing, "the region could not be unmapped");
  const pending = closing.capture === null ? enqueue(t, unmap, closing.job, "unmap") : enqueueAfter(t, unmap, closing.job, "unmap", closing.capture);
  if (typeof pending === "number" && pending !== 0) {
    if (mapping.shadow === null) abandon(t, unmap);
    return fail(t, pending, "the command could not be enqueued");
  }
  maps.splice(index, 1);
  publish(t, unmap, event);
  if (pending !== 0) delegate(t, pending);
  return CL_SUCCESS;
}

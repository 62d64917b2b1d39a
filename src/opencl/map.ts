/**
 * OpenCL 3.0 API specification, 5.2.4 and 5.5.2: mapping buffers, unmapping memory objects.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import type { Job } from "../kernel/sys/uapi.ts";
import {
  CL_COMMAND_MAP_BUFFER, CL_COMMAND_UNMAP_MEM_OBJECT, CL_FALSE, CL_MAP_READ, CL_MAP_WRITE_INVALIDATE_REGION, CL_MEM_HOST_NO_ACCESS, CL_MEM_HOST_READ_ONLY, CL_MEM_HOST_WRITE_ONLY,
} from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_OPERATION, CL_INVALID_VALUE, CL_MAP_FAILURE, CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_SUCCESS, type cl_error } from "./abi/errors.ts";
import type { cl_bool, cl_command_queue, cl_event, cl_int, cl_map_flags, cl_mem, cl_uint } from "./abi/types.ts";
import { memOf } from "./buffer.ts";
import { bufferOn, command, hostQueue } from "./runtime/command.ts";
import { codeOf } from "./runtime/errno.ts";
import type { EventObject } from "./runtime/event.ts";
import { fail } from "./runtime/fail.ts";
import { badMapFlags, mapsForWriting } from "./runtime/flags.ts";
import { isView, samePointer, viewBytes } from "./runtime/host-memory.ts";
import { checkList } from "./runtime/host-transfer.ts";
import type { Mapping, MemObject } from "./runtime/mem-object.ts";
import { enqueue, flush } from "./runtime/submit.ts";
import { abandon, copyJob, delegate, enqueueAfter, line, MARKER, packed, readJob, writeJob, type WriteJob } from "./runtime/transfer.ts";
import { completion, publish, waitList } from "./runtime/wait-list.ts";

/** Why the host may not map the buffer like this, or null. */
function forbidden(mem: MemObject, flags: number, from: number, size: number): string | null {
  if ((flags & CL_MAP_READ) !== 0 && (mem.flags & (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS)) !== 0) return "the buffer was created so that the host does not read it";
  if (!mapsForWriting(flags)) return null;
  if ((mem.flags & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS)) !== 0) return "the buffer was created so that the host does not write it";
  const overlap = mem.root.maps.some((map) => mapsForWriting(map.flags) && from < map.offset + map.size && map.offset < from + size);
  return overlap ? "regions mapped for writing must not overlap" : null;
}

/** How a region becomes visible to the host: where, the job that brings its contents, and what has to be undone if that is not enqueued. */
interface Window {
  readonly mapping: Mapping;
  readonly job: Job;
}

function openWindow(t: Caller, event: EventObject, mem: MemObject, offset: number, size: number, flags: number): Window | cl_error {
  const at = mem.origin + offset;
  const contents = (flags & CL_MAP_WRITE_INVALIDATE_REGION) === 0;
  const mapping = (pointer: HostPtr, shadow: Mapping["shadow"]): Mapping => ({ owner: mem, pointer, offset: at, size, flags, shadow });
  const box = line(size);
  if (mem.hostPtr !== null && isView(mem.hostPtr)) {
    const pointer = viewBytes(mem.hostPtr, offset, size);
    if (!contents) return { mapping: mapping(pointer, null), job: MARKER };
    const job = readJob(t, event, mem.address + offset, packed(box), box, { pointer, offset: 0, ...packed(box) });
    return typeof job === "number" ? job : { mapping: mapping(pointer, null), job };
  }
  if (mem.store.cpu) return { mapping: mapping(mem.address + offset, null), job: MARKER };
  const shadow = mem.context.memory.take(t, size, "system");
  if (typeof shadow === "number") return codeOf(shadow) === CL_MEM_OBJECT_ALLOCATION_FAILURE ? CL_MAP_FAILURE : codeOf(shadow);
  event.cleanup = (who) => {
    if (event.status < 0) dropMapping(who, mem, made);
  };
  const made = mapping(shadow.address, shadow);
  return { mapping: made, job: contents ? copyJob(shadow.address, packed(box), mem.address + offset, packed(box), box) : MARKER };
}

/** A map command that never ran leaves no mapping behind. */
function dropMapping(t: Caller, mem: MemObject, mapping: Mapping): void {
  const maps = mem.root.maps;
  const i = maps.indexOf(mapping);
  if (i < 0) return;
  maps.splice(i, 1);
  if (mapping.shadow !== null) mem.context.memory.give(t, mapping.shadow);
}

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
  const blocking = blocking_map !== CL_FALSE;
  const failed = checkList(t, list, blocking);
  if (failed !== 0) return give(failed);
  const no = forbidden(mem, map_flags, mem.origin + offset, size);
  if (no !== null) return give(fail(t, CL_INVALID_OPERATION, no, { map_flags, offset, size }));
  const map = command(t, queue, CL_COMMAND_MAP_BUFFER, list, [mem]);
  const window = openWindow(t, map, mem, offset, size, map_flags);
  if (typeof window === "number") return give(fail(t, window, "no host memory for the mapped region", { size }));
  mem.root.maps.push(window.mapping);
  const code = enqueue(t, map, window.job, "map buffer");
  if (code !== 0) {
    dropMapping(t, mem, window.mapping);
    if (window.mapping.shadow === null) abandon(t, map);
    return give(fail(t, code, "the command could not be enqueued"));
  }
  if (!blocking) publish(t, map, event);
  else {
    flush(t, queue);
    const result = yield* completion(t, map, list);
    if (result !== 0) {
      dropMapping(t, mem, window.mapping);
      return give(result);
    }
    publish(t, map, event);
  }
  if (errcode_ret !== null) errcode_ret.value = CL_SUCCESS;
  return window.mapping.pointer;
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

/** How a region goes back to the device. */
function closeWindow(t: Caller, event: EventObject, mem: MemObject, mapping: Mapping): WriteJob | cl_error {
  const address = mem.root.address + mapping.offset;
  const box = line(mapping.size);
  const writes = mapsForWriting(mapping.flags);
  const { shadow, pointer } = mapping;
  if (shadow !== null) {
    event.cleanup = (who) => mem.context.memory.give(who, shadow);
    return { job: writes ? copyJob(address, packed(box), shadow.address, packed(box), box) : MARKER, capture: null };
  }
  if (isView(pointer) && writes) return writeJob(t, event, address, packed(box), box, { pointer, offset: 0, ...packed(box) });
  return { job: MARKER, capture: null };
}

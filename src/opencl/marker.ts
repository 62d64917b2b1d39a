/**
 * OpenCL 3.0 API specification, 5.12: Markers, Barriers and Waiting for Events.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import { CL_COMMAND_BARRIER, CL_COMMAND_MARKER } from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_EVENT, CL_INVALID_VALUE, CL_SUCCESS } from "./abi/errors.ts";
import type { cl_command_queue, cl_event, cl_int, cl_uint } from "./abi/types.ts";
import { eventOf } from "./event.ts";
import { command, hostQueue } from "./runtime/command.ts";
import { NONE, type EventObject } from "./runtime/event.ts";
import { fail } from "./runtime/fail.ts";
import type { QueueObject } from "./runtime/queue-object.ts";
import { enqueue, unfinished } from "./runtime/submit.ts";
import { MARKER } from "./runtime/transfer.ts";
import { publish, waitList } from "./runtime/wait-list.ts";

/**
 * Enqueues a marker or barrier. Without a list it comes after everything before it; those commands may fail without it failing. With a list it waits for the list only,
 * and fails with it.
 */
function sync(t: Caller, queue: QueueObject, type: number, list: readonly EventObject[], whole: boolean, out: Out<cl_event> | null): cl_int {
  const event = command(t, queue, type, list, []);
  event.whole = whole;
  if (whole && queue.outOfOrder) event.after = unfinished(t, queue);
  const code = enqueue(t, event, MARKER, type === CL_COMMAND_BARRIER ? "barrier" : "marker");
  if (code !== 0) return fail(t, code, "the command could not be enqueued");
  if (type === CL_COMMAND_BARRIER && queue.outOfOrder) {
    const gate = list.length === 0 ? event : behind(t, queue, event);
    if (typeof gate === "number") return fail(t, gate, "the command could not be enqueued");
    queue.gate = gate;
  }
  publish(t, event, out);
  return CL_SUCCESS;
}

/** What later commands come after when a barrier has a list: its end, not its success. */
function behind(t: Caller, queue: QueueObject, barrier: EventObject): EventObject | ReturnType<typeof enqueue> {
  const gate = command(t, queue, CL_COMMAND_BARRIER, NONE, []);
  gate.after = [barrier];
  const code = enqueue(t, gate, MARKER, "barrier gate");
  return code === 0 ? gate : code;
}

function syncWithList(t: Caller, command_queue: cl_command_queue | null, type: number, num: cl_uint, list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  const events = waitList(t, queue.context, num, list, event);
  if (typeof events === "number") return events;
  return sync(t, queue, type, events, list === null, event);
}

/**
 * clEnqueueMarkerWithWaitList.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_EVENT_WAIT_LIST, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueMarkerWithWaitList(t: Caller, command_queue: cl_command_queue | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  return syncWithList(t, command_queue, CL_COMMAND_MARKER, num_events_in_wait_list, event_wait_list, event);
}

/** clEnqueueBarrierWithWaitList. @returns as clEnqueueMarkerWithWaitList */
export function clEnqueueBarrierWithWaitList(t: Caller, command_queue: cl_command_queue | null, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  return syncWithList(t, command_queue, CL_COMMAND_BARRIER, num_events_in_wait_list, event_wait_list, event);
}

/** clEnqueueMarker (deprecated in 1.2). @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_VALUE */
export function clEnqueueMarker(t: Caller, command_queue: cl_command_queue | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if (event === null) return fail(t, CL_INVALID_VALUE, "event must not be NULL");
  return sync(t, queue, CL_COMMAND_MARKER, NONE, true, event);
}

/** clEnqueueBarrier (deprecated in 1.2). @returns CL_INVALID_COMMAND_QUEUE */
export function clEnqueueBarrier(t: Caller, command_queue: cl_command_queue | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  return sync(t, queue, CL_COMMAND_BARRIER, NONE, true, null);
}

/**
 * clEnqueueWaitForEvents (deprecated in 1.2): later commands of the queue wait for the events.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_VALUE, CL_INVALID_EVENT, CL_INVALID_CONTEXT
 */
export function clEnqueueWaitForEvents(t: Caller, command_queue: cl_command_queue | null, num_events: cl_uint, event_list: readonly (cl_event | null)[] | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if (num_events === 0 || event_list === null) return fail(t, CL_INVALID_VALUE, "num_events must not be 0, nor event_list NULL", { num_events });
  const events: EventObject[] = [];
  for (let i = 0; i < num_events; i++) {
    const object = eventOf(t, event_list[i] ?? null);
    // The code that OpenCL 1.1 gave; later texts are silent.
    if (object === undefined) return fail(t, CL_INVALID_EVENT, "event_list must hold valid events", { index: i, event: event_list[i] });
    if (object.context !== queue.context) return fail(t, CL_INVALID_CONTEXT, "events must be of the queue's context", { index: i });
    events.push(object);
  }
  return sync(t, queue, CL_COMMAND_BARRIER, events, false, null);
}

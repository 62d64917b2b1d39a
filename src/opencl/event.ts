/**
 * OpenCL 3.0 API specification, 5.11: Event Objects.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import { Errno } from "../kernel/errors.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import {
  CL_COMMAND_USER, CL_COMPLETE, CL_EVENT_COMMAND_EXECUTION_STATUS, CL_EVENT_COMMAND_QUEUE, CL_EVENT_COMMAND_TYPE, CL_EVENT_CONTEXT, CL_EVENT_REFERENCE_COUNT, CL_RUNNING, CL_SUBMITTED,
} from "./abi/constants.ts";
import {
  CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, CL_INVALID_CONTEXT, CL_INVALID_EVENT, CL_INVALID_OPERATION, CL_INVALID_VALUE, CL_OUT_OF_HOST_MEMORY, CL_SUCCESS,
} from "./abi/errors.ts";
import type { cl_context, cl_event, cl_event_info, cl_int, cl_uint } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { callBack, noCallback, startHelper } from "./runtime/callback.ts";
import { EventObject } from "./runtime/event.ts";
import { created, fail, failNull } from "./runtime/fail.ts";
import { int, reply, size, uint, type Answer, type ParamValue } from "./runtime/info.ts";
import { isOver, waitFor } from "./runtime/settle.ts";
import { signalPoint, wakeAll } from "./runtime/insist.ts";
import { stateOf } from "./runtime/state.ts";
import { flush, reap } from "./runtime/submit.ts";

/** The event behind a handle. */
export function eventOf(t: Caller, handle: cl_event | null): EventObject | undefined {
  return handle === null ? undefined : stateOf(t).events.get(handle);
}

/**
 * clCreateUserEvent: an event that the program completes.
 * @returns the event or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateUserEvent(t: Caller, context: cl_context | null, errcode_ret: Out<cl_int> | null): cl_event {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const state = stateOf(t);
  const event = new EventObject(owner, null, CL_COMMAND_USER);
  event.word = state.words.take(t);
  if (event.word === 0) return failNull(t, errcode_ret, CL_OUT_OF_HOST_MEMORY, "no memory for the event's status");
  t.sys.store32(event.word, 0);
  event.status = CL_SUBMITTED;
  event.expose();
  return created(errcode_ret, event.list(state.events));
}

/**
 * clSetUserEventStatus: CL_COMPLETE, or a negative value that fails whatever waits for the event. Once only.
 * @returns CL_INVALID_EVENT, CL_INVALID_VALUE, CL_INVALID_OPERATION
 */
export function clSetUserEventStatus(t: Caller, event: cl_event | null, execution_status: cl_int): cl_int {
  const object = eventOf(t, event);
  if (object === undefined || object.type !== CL_COMMAND_USER) return fail(t, CL_INVALID_EVENT, "event must be a valid user event", { event });
  if (execution_status > CL_COMPLETE) return fail(t, CL_INVALID_VALUE, "execution_status must be CL_COMPLETE or negative", { execution_status });
  if (object.status <= 0) return fail(t, CL_INVALID_OPERATION, "the status of a user event can be set once", { event, status: object.status });
  object.status = execution_status;
  t.sys.watch?.release(object);
  const { timeline, word } = object;
  if (timeline !== null) {
    signalPoint(t, timeline, object.point, execution_status < 0 ? -Errno.ECANCELED : 0);
    timeline.dispose(t);
  }
  t.sys.store32(word, execution_status < 0 ? 2 : 1);
  wakeAll(t, word);
  stateOf(t).words.give(word);
  object.word = 0;
  return CL_SUCCESS;
}

/**
 * clWaitForEvents: a synchronisation point. Flushes the queues of the events.
 * @returns CL_INVALID_VALUE, CL_INVALID_CONTEXT, CL_INVALID_EVENT, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST
 */
export function* clWaitForEvents(t: Caller, num_events: cl_uint, event_list: readonly (cl_event | null)[] | null): Blocking<cl_int> {
  if (num_events === 0 || event_list === null) return fail(t, CL_INVALID_VALUE, "num_events must not be 0, nor event_list NULL", { num_events });
  const events: EventObject[] = [];
  for (let i = 0; i < num_events; i++) {
    const object = eventOf(t, event_list[i] ?? null);
    if (object === undefined) return fail(t, CL_INVALID_EVENT, "event_list must hold valid events", { index: i, event: event_list[i] });
    events.push(object);
  }
  for (const event of events) if (event.context !== events[0]!.context) return fail(t, CL_INVALID_CONTEXT, "all events must be of one context", { event: event.handle });
  noCallback(t);
  for (const event of events) if (event.queue !== null) flush(t, event.queue);
  for (const event of events) yield* waitFor(t, event);
  reap(t);
  if (events.some((event) => event.status < 0)) return fail(t, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, "an event ended with an error", { statuses: events.map((event) => event.status) });
  return CL_SUCCESS;
}

/**
 * clGetEventInfo. Seeing CL_COMPLETE here is no synchronisation point.
 * @returns CL_INVALID_EVENT, CL_INVALID_VALUE
 */
export function clGetEventInfo(t: Caller, event: cl_event | null, param_name: cl_event_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = eventOf(t, event);
  if (object === undefined) return fail(t, CL_INVALID_EVENT, "event must be a valid event", { event });
  const answer = eventInfo(t, object, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetEventInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

function eventInfo(t: Caller, event: EventObject, name: cl_event_info): Answer | null {
  switch (name) {
    case CL_EVENT_COMMAND_QUEUE: return size(event.queue?.handle ?? 0);
    case CL_EVENT_CONTEXT: return size(event.context.handle);
    case CL_EVENT_COMMAND_TYPE: return uint(event.type);
    case CL_EVENT_COMMAND_EXECUTION_STATUS: return int(statusNow(t, event));
    case CL_EVENT_REFERENCE_COUNT: return uint(event.refs);
    default: return null;
  }
}

/** The status of a command at this moment; the kernel knows whether it runs. */
export function statusNow(t: Caller, event: EventObject): number {
  if (isOver(t, event) || event.queue === null || event.status !== CL_SUBMITTED) return event.status;
  const job = { queue: event.exec, point: event.point, state: "queued" as "queued" | "running" | "done", error: 0 };
  const result = t.sys.ioctl(event.queue.slot.device.fd, "GLASS_JOB_STATE", job);
  if (result < 0 || job.state === "queued") return CL_SUBMITTED;
  // "done" without the status word: the end is being told.
  return CL_RUNNING;
}

/** clRetainEvent. @returns CL_INVALID_EVENT */
export function clRetainEvent(t: Caller, event: cl_event | null): cl_int {
  const object = eventOf(t, event);
  if (object === undefined) return fail(t, CL_INVALID_EVENT, "event must be a valid event", { event });
  object.refs++;
  return CL_SUCCESS;
}

/** clReleaseEvent. Commands that wait for it go on waiting. @returns CL_INVALID_EVENT */
export function clReleaseEvent(t: Caller, event: cl_event | null): cl_int {
  const object = eventOf(t, event);
  if (object === undefined) return fail(t, CL_INVALID_EVENT, "event must be a valid event", { event });
  object.release(t);
  return CL_SUCCESS;
}

/** `void (*pfn_notify)(cl_event event, cl_int event_command_status, void *user_data)` */
export type EventNotify = (event: cl_event, event_command_status: cl_int, user_data: unknown) => unknown;

/**
 * clSetEventCallback. Every callback runs on a helper thread of its own, once; the order of several is the machine's choice. It may be a
 * generator function. A callback for CL_RUNNING runs when the command has ended at the latest.
 * @returns CL_INVALID_EVENT, CL_INVALID_VALUE
 */
export function clSetEventCallback(t: Caller, event: cl_event | null, command_exec_callback_type: cl_int, pfn_notify: EventNotify | null, user_data: unknown): cl_int {
  const object = eventOf(t, event);
  if (object === undefined) return fail(t, CL_INVALID_EVENT, "event must be a valid event", { event });
  if (pfn_notify === null) return fail(t, CL_INVALID_VALUE, "pfn_notify must not be NULL");
  const type = command_exec_callback_type;
  if (type !== CL_SUBMITTED && type !== CL_RUNNING && type !== CL_COMPLETE) {
    return fail(t, CL_INVALID_VALUE, "command_exec_callback_type must be CL_SUBMITTED, CL_RUNNING or CL_COMPLETE", { command_exec_callback_type });
  }
  // The event lives at least until its callbacks have run.
  object.uses++;
  startHelper(t, "opencl-callback", function* (helper) {
    if (type === CL_SUBMITTED) {
      if (object.status > CL_SUBMITTED) yield* waitFor(helper, object);
    } else if (!(type === CL_RUNNING && statusNow(helper, object) <= CL_RUNNING)) yield* waitFor(helper, object);
    yield* callBack(helper, () => pfn_notify(event!, object.status < 0 ? object.status : type, user_data));
    object.unuse(helper);
  });
  return CL_SUCCESS;
}

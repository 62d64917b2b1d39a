import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, CL_INVALID_CONTEXT, CL_INVALID_EVENT_WAIT_LIST, type cl_error } from "../abi/errors.ts";
import type { cl_event, cl_int, cl_uint } from "../abi/types.ts";
import type { ContextObject } from "./context-object.ts";
import { NONE, type EventObject } from "./event.ts";
import { fail, misuse } from "./fail.ts";
import { isOver, waitFor } from "./settle.ts";
import { stateOf } from "./state.ts";

/**
 * The events of a wait list.
 * @param event where the command's own event will go: it must not be one of them
 * @returns them, or the code that was recorded: CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_CONTEXT
 */
export function waitList(t: Caller, context: ContextObject, num: cl_uint, list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): readonly EventObject[] | cl_int {
  if (list === null) {
    return num === 0 ? NONE : fail(t, CL_INVALID_EVENT_WAIT_LIST, "num_events_in_wait_list must be 0 when event_wait_list is NULL", { num_events_in_wait_list: num });
  }
  if (num === 0) return fail(t, CL_INVALID_EVENT_WAIT_LIST, "event_wait_list must be NULL when num_events_in_wait_list is 0");
  const table = stateOf(t).events;
  const events: EventObject[] = [];
  for (let i = 0; i < num; i++) {
    const found = table.get(list[i] ?? 0);
    if (found === undefined) return fail(t, CL_INVALID_EVENT_WAIT_LIST, "event_wait_list must hold valid events", { index: i, event: list[i] });
    events.push(found);
  }
  for (const each of events) if (each.context !== context) return fail(t, CL_INVALID_CONTEXT, "events of event_wait_list must be of the queue's context", { event: each.handle });
  if (event !== null && event.isSet && list.slice(0, num).includes(event.value)) misuse(t, "event must not refer to an element of event_wait_list", { event: event.value });
  return events;
}

/** Gives the program the event of a command. */
export function publish(t: Caller, object: EventObject, event: Out<cl_event> | null): void {
  if (event === null) return;
  object.expose();
  event.value = object.list(stateOf(t).events) as cl_event;
}

/** Whether an event of a wait list has failed already: blocking calls return that at once. */
export function hasFailed(t: Caller, events: readonly EventObject[]): boolean {
  return events.some((each) => isOver(t, each) && each.status < 0);
}

/**
 * The end of a blocking call: waits for its command.
 * @returns CL_SUCCESS, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, or the status that the command itself ended with
 */
export function* completion(t: Caller, command: EventObject, waitedFor: readonly EventObject[]): Blocking<cl_int> {
  yield* waitFor(t, command);
  if (command.status === 0) return 0;
  const listed = waitedFor.some((each) => each.status < 0);
  const code = (listed ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST : command.status) as cl_error;
  return fail(t, code, listed ? "an event of event_wait_list ended with an error, so the command never ran" : "the command ended with an error", { status: command.status });
}

import type { Caller } from "../../api/caller.ts";
import { invariant } from "../../kernel/errors.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { CL_COMPLETE } from "../abi/constants.ts";
import { CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST } from "../abi/errors.ts";
import { NONE, NOTHING, type EventObject } from "./event.ts";
import { explainFault } from "./fault.ts";
import { wakeAll } from "./insist.ts";
import { stateOf } from "./state.ts";

/** Whether a command has ended; if the host sees that only now, does what the host has to do. */
export function isOver(t: Caller, event: EventObject): boolean {
  if (event.status <= 0) return true;
  if (event.word === 0 || t.sys.load32(event.word) === 0) return false;
  settle(t, event);
  return true;
}

/**
 * Sees the end of a command whose status word has changed. What it waited for is seen first, and on an in-order queue all that came before,
 * so that host work (reads into JavaScript arrays) happens in the order of the commands.
 */
export function settle(t: Caller, event: EventObject): void {
  if (event.status <= 0) return;
  for (const dep of event.deps) isOver(t, dep);
  const queue = event.queue;
  if (queue !== null && !queue.outOfOrder) {
    for (const earlier of queue.open) {
      if (earlier === event) break;
      if (earlier.status > 0 && earlier.word !== 0 && t.sys.load32(earlier.word) !== 0) end(t, earlier, statusOf(t, earlier));
    }
  }
  // Host work of an earlier command may have seen this one already.
  if (event.status > 0) end(t, event, statusOf(t, event));
}

/** The final status of a command by its status word. */
function statusOf(t: Caller, event: EventObject): number {
  if (t.sys.load32(event.word) === 1) return CL_COMPLETE;
  if (event.deps.some((dep) => dep.status < 0)) return CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
  return explainFault(t, event);
}

/** Ends a command that never got to the kernel. */
export function terminate(t: Caller, event: EventObject, status: number): void {
  if (event.status > 0) end(t, event, status);
}

function end(t: Caller, event: EventObject, status: number): void {
  invariant(event.word !== 0 && status <= 0, "a command ends once");
  const state = stateOf(t);
  event.status = status;
  if (event.stamps !== 0) {
    const read = (i: number): number => t.sys.load64(event.stamps + 8 * i) ?? 0;
    const [submit, start, finish, queued] = [read(0), read(1), read(2), read(3)];
    event.times = { queued: Math.min(event.queuedAt, queued === 0 ? event.queuedAt : queued, submit), submit, start, end: finish };
    state.stamps.give(event.stamps);
    event.stamps = 0;
  }
  // Whoever sleeps on a command that was terminated here is not woken by the kernel.
  if (t.sys.load32(event.word) === 0) {
    t.sys.store32(event.word, 2);
    wakeAll(t, event.word);
  }
  state.words.give(event.word);
  event.word = 0;
  const { finish, cleanup, retained, queue } = event;
  event.finish = null;
  event.cleanup = null;
  event.retained = NOTHING;
  event.deps = NONE;
  event.after = NONE;
  event.job = null;
  if (status === CL_COMPLETE) finish?.(t);
  cleanup?.(t);
  for (const object of retained) object.unuse(t);
  queue?.unuse(t);
}

/** Sleeps until a command or user event has ended: a futex on its status word. */
export function* waitFor(t: Caller, event: EventObject): Blocking<void> {
  while (!isOver(t, event)) {
    yield* t.sys.futexWait(event.word, 0, null, describe(event));
  }
  tellWatch(t, event);
}

/** The caller knows by a synchronisation point that the event is over. */
function tellWatch(t: Caller, event: EventObject): void {
  const { watch } = t.sys;
  if (watch === null) return;
  watch.acquire(event);
  if (event.queue !== null && event.timeline !== null) watch.sawPoints(event.queue.slot.device.fd, [{ syncobj: event.timeline.on(t, event.queue.slot), point: event.point }]);
}

function describe(event: EventObject): string {
  if (event.queue === null) return "clSetUserEventStatus on a user event";
  if (event.job !== null) return `command "${event.label}" to complete; its queue has not been flushed (strictFlush), and only clFlush or a blocking call on that queue would do it`;
  return `command "${event.label}" to complete`;
}

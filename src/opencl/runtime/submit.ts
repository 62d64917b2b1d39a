import type { Caller } from "../../api/caller.ts";
import { Errno } from "../../kernel/errors.ts";
import type { ExecArgs, Job, SyncPoint } from "../../kernel/sys/uapi.ts";
import { CL_COMMAND_UNMAP_MEM_OBJECT, CL_COMPLETE, CL_QUEUED, CL_SUBMITTED } from "../abi/constants.ts";
import { CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, CL_OUT_OF_HOST_MEMORY, CL_OUT_OF_RESOURCES, type cl_error } from "../abi/errors.ts";
import { codeOf, hostCodeOf } from "./errno.ts";
import { NONE, type EventObject } from "./event.ts";
import type { ClObject } from "./object.ts";
import type { QueueObject } from "./queue-object.ts";
import { recover } from "./recover.ts";
import { isOver, terminate } from "./settle.ts";
import { stateOf } from "./state.ts";
import { Timeline } from "./timeline.ts";

/** Waits that one job can have; more go through markers. */
const MAX_WAITS = 1024;

/**
 * Puts a command on its queue. `event` has its dependencies set. On failure nothing has happened.
 * @returns 0 or the code to fail with
 */
export function enqueue(t: Caller, event: EventObject, job: Job, label: string): 0 | cl_error {
  const queue = event.queue!;
  const state = stateOf(t);
  if (event.context.poisoned) return CL_OUT_OF_RESOURCES;
  trim(t, queue);
  if (queue.gate !== null) {
    if (isOver(t, queue.gate) && !tellsOfOld(t, queue.gate)) queue.gate = null;
    else event.after = [...event.after, queue.gate];
  }
  event.word = state.words.take(t);
  if (event.word === 0) return CL_OUT_OF_HOST_MEMORY;
  t.sys.store32(event.word, 0);
  if (queue.profiling) {
    event.stamps = state.stamps.take(t);
    event.queuedAt = t.sys.clockGettime();
  }
  event.label = label;
  let code: 0 | cl_error | "never" = 0;
  if (state.settings.strictFlush) {
    event.job = job;
    queue.held.push(event);
  } else code = submit(t, event, job);
  if (code !== 0 && code !== "never") {
    state.words.give(event.word);
    if (event.stamps !== 0) state.stamps.give(event.stamps);
    return code;
  }
  queue.uses++;
  for (const object of event.retained) object.uses++;
  queue.open.push(event);
  if (code === "never") terminate(t, event, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
  return 0;
}

/** Sees ended commands at the front of the queue: what keeps a queue that nobody waits for from growing. */
function trim(t: Caller, queue: QueueObject): void {
  const { open } = queue;
  let ended = 0;
  while (ended < open.length && isOver(t, open[ended]!)) ended++;
  if (ended === open.length) open.length = 0;
  else if (ended > 16) open.splice(0, ended);
}

/** Hands a command to the kernel. @returns 0, a code, or "never" when something it waits for has failed already */
function submit(t: Caller, event: EventObject, job: Job): 0 | cl_error | "never" {
  const queue = event.queue!;
  let waits: SyncPoint[] | null = null;
  for (const dep of event.deps) {
    if (isOver(t, dep)) {
      if (dep.status < 0) return "never";
      if (tellsOfOld(t, dep)) (waits ??= []).push(pointOf(t, dep, queue));
    } else (waits ??= []).push(pointOf(t, dep, queue));
  }
  for (const dep of event.after) if (!isOver(t, dep) || tellsOfOld(t, dep)) (waits ??= []).push(pointOf(t, dep, queue));
  const bad = waits?.find((wait) => wait.syncobj < 0);
  if (bad !== undefined) return hostCodeOf(bad.syncobj);
  if (waits !== null && waits.length > MAX_WAITS) {
    const gathered = gather(t, queue, waits);
    if (typeof gathered === "number") return hostCodeOf(gathered);
    waits = gathered;
  }
  const args: ExecArgs = {
    queue: queue.exec, job, waits: waits ?? NO_WAITS, propagateErrors: event.deps.length > 0,
    userFence: { address: event.word, value: 1, errorValue: 2 },
    timestamps: event.stamps === 0 ? null : event.stamps, label: event.label, point: 0, ...(event.whole ? { wholeQueue: true } : {}),
  };
  let result = t.sys.ioctl(queue.slot.device.fd, "GLASS_EXEC", args);
  if (result === -Errno.ECANCELED || result === -Errno.EIO) {
    if (!recover(t, event.context, queue.slot)) return CL_OUT_OF_RESOURCES;
    (args as { queue: number }).queue = queue.exec;
    result = t.sys.ioctl(queue.slot.device.fd, "GLASS_EXEC", args);
  }
  // Where nothing moves it cannot be the memory of objects that is missing.
  if (result < 0) return job.kind === "marker" || event.type === CL_COMMAND_UNMAP_MEM_OBJECT || event.retained.length === 0 ? hostCodeOf(result) : codeOf(result);
  event.status = CL_SUBMITTED;
  event.exec = queue.exec;
  event.timeline = queue.timeline;
  event.point = args.point;
  return 0;
}

/** Whoever watches the machine wants to hear of waits that are over too; the kernel passes over them. */
export function tellsOfOld(t: Caller, dep: EventObject): boolean {
  return t.sys.watch !== null && dep.status === CL_COMPLETE && dep.queue !== null && dep.timeline !== null;
}

const NO_WAITS: readonly SyncPoint[] = [];

function pointOf(t: Caller, dep: EventObject, queue: QueueObject): SyncPoint {
  if (dep.timeline === null) {
    const handle = userTimeline(t, dep, queue);
    if (handle < 0) return { syncobj: handle, point: 0 };
  }
  return { syncobj: dep.timeline!.on(t, queue.slot), point: dep.point };
}

/** A user event gets its syncobj when the first command waits for it. */
function userTimeline(t: Caller, event: EventObject, queue: QueueObject): number {
  const arg = { flags: 0, handle: 0 };
  const result = t.sys.ioctl(queue.slot.device.fd, "DRM_IOCTL_SYNCOBJ_CREATE", arg);
  if (result < 0) return result;
  event.timeline = new Timeline(queue.slot, arg.handle);
  event.point = 1;
  return arg.handle;
}

/** Markers on the same queue, each for some of the waits: one job cannot have more than MAX_WAITS. */
function gather(t: Caller, queue: QueueObject, waits: readonly SyncPoint[]): SyncPoint[] | number {
  const gathered: SyncPoint[] = [];
  for (let at = 0; at < waits.length; at += MAX_WAITS) {
    const args: ExecArgs = { queue: queue.exec, job: { kind: "marker" }, waits: waits.slice(at, at + MAX_WAITS), propagateErrors: true, userFence: null, timestamps: null, label: "gather", point: 0 };
    const result = t.sys.ioctl(queue.slot.device.fd, "GLASS_EXEC", args);
    if (result < 0) return result;
    gathered.push({ syncobj: queue.timeline!.handle, point: args.point });
  }
  return gathered;
}

/** A held command cannot go before those that it waits for have gone. */
function mayGo(event: EventObject): boolean {
  return event.deps.every((dep) => dep.status !== CL_QUEUED) && event.after.every((dep) => dep.status !== CL_QUEUED);
}

/**
 * Flushes a queue: gives everything held to the kernel. What waits for a command that another queue still holds stays, and goes when that
 * queue is flushed.
 */
export function flush(t: Caller, queue: QueueObject): void {
  if (queue.held.length === 0) return;
  queue.flushed = true;
  const queues = stateOf(t).queuesAlive;
  for (let progress = true; progress; ) {
    progress = false;
    for (const each of queues) if (each.flushed && release(t, each)) progress = true;
  }
}

function release(t: Caller, queue: QueueObject): boolean {
  let any = false;
  for (let i = 0; i < queue.held.length; ) {
    const event = queue.held[i]!;
    if (!mayGo(event)) {
      if (!queue.outOfOrder) return any;
      i++;
      continue;
    }
    queue.held.splice(i, 1);
    const code = submit(t, event, event.job!);
    event.job = null;
    if (code !== 0) terminate(t, event, code === "never" ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST : code);
    any = true;
  }
  if (queue.held.length === 0) queue.flushed = false;
  return any;
}

/** Commands of a queue that have not ended, oldest first. */
export function unfinished(t: Caller, queue: QueueObject): readonly EventObject[] {
  const rest = queue.open.filter((event) => !isOver(t, event));
  return rest.length === 0 ? NONE : rest;
}

/** Sees every ended command of the process: after a wait, before an object is let go. */
export function reap(t: Caller): void {
  for (const queue of [...stateOf(t).queuesAlive]) {
    const rest = unfinished(t, queue);
    if (rest.length < queue.open.length) queue.open.splice(0, queue.open.length, ...rest);
  }
}

/** Unfinished commands of the process that use an object. */
export function usersOf(t: Caller, object: ClObject): EventObject[] {
  const users: EventObject[] = [];
  for (const queue of stateOf(t).queuesAlive) for (const event of queue.open) if (event.status > 0 && event.retained.includes(object)) users.push(event);
  return users;
}

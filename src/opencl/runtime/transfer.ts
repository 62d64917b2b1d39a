import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { Extent, Job } from "../../kernel/sys/uapi.ts";
import { CL_COMMAND_USER, CL_COMPLETE, CL_SUBMITTED } from "../abi/constants.ts";
import { CL_INVALID_VALUE, CL_OUT_OF_HOST_MEMORY, type cl_error } from "../abi/errors.ts";
import { startHelper } from "./callback.ts";
import { hostCodeOf } from "./errno.ts";
import { signalPoint, wakeAll } from "./insist.ts";
import { EventObject } from "./event.ts";
import { isView, viewBytes } from "./host-memory.ts";
import { isOver, waitFor } from "./settle.ts";
import { stateOf } from "./state.ts";
import { enqueue } from "./submit.ts";

/** No work: commands that only order, or move nothing. */
export const MARKER: Job = { kind: "marker" };

/** One side of a copy: the address (or host pointer and offset) of the first byte, and the distances of rows and slices in bytes. */
export interface Layout {
  readonly row: number;
  readonly slice: number;
}

/** Bytes from the first to the last of a box, inclusive. */
export function span(box: Extent, layout: Layout): number {
  return (box.depth - 1) * layout.slice + (box.height - 1) * layout.row + box.width;
}

/** A copy of `bytes` in one piece. */
export function line(bytes: number): Extent {
  return { width: bytes, height: 1, depth: 1 };
}

/** Rows one after the other. */
export function packed(box: Extent): Layout {
  return { row: box.width, slice: box.width * box.height };
}

/** The job that copies a box. Nothing to copy: a marker. */
export function copyJob(dst: number, dstLayout: Layout, src: number, srcLayout: Layout, box: Extent): Job {
  if (box.width === 0 || box.height === 0 || box.depth === 0) return MARKER;
  return { kind: "copy", dst, src, extent: box, dstPitch: dstLayout.row, dstSlicePitch: dstLayout.slice, srcPitch: srcLayout.row, srcSlicePitch: srcLayout.slice };
}

/** Copies a box between byte arrays. */
function copyRows(dst: Uint8Array, dstLayout: Layout, src: Uint8Array, srcLayout: Layout, box: Extent): void {
  for (let z = 0; z < box.depth; z++) {
    for (let y = 0; y < box.height; y++) {
      const from = z * srcLayout.slice + y * srcLayout.row;
      dst.set(src.subarray(from, from + box.width), z * dstLayout.slice + y * dstLayout.row);
    }
  }
}

/** Virtual nanoseconds that a host copy of `bytes` takes (10 GB/s on one core). */
function hostCopyTime(bytes: number): number {
  return bytes / 10;
}

/** Where on the host a transfer begins. */
export interface HostPlace extends Layout {
  readonly pointer: HostPtr;
  readonly offset: number;
}

/**
 * Prepares a transfer from device memory to the host: the job, and what the host does after it. Memory of the process is written by the GPU itself
 * (userptr); a JavaScript array gets its bytes from a staging piece when the end of the command is seen.
 */
export function readJob(t: Caller, event: EventObject, device: number, layout: Layout, box: Extent, host: HostPlace): Job | cl_error {
  const memory = event.context.memory;
  const { pointer } = host;
  if (!isView(pointer)) {
    const address = pointer + host.offset;
    const bytes = span(box, host);
    const errno = memory.pin(t, address, bytes);
    if (errno < 0) return errno === -14 ? CL_INVALID_VALUE : hostCodeOf(errno);
    event.cleanup = (who) => memory.unpin(who, address, bytes);
    return copyJob(address, host, device, layout, box);
  }
  const bytes = box.width * box.height * box.depth;
  const piece = memory.take(t, bytes, "system");
  if (typeof piece === "number") return hostCodeOf(piece);
  t.sys.watch?.lent(viewBytes(pointer, host.offset).subarray(0, span(box, host)), true);
  event.finish = (who) => {
    copyRows(viewBytes(pointer, host.offset), host, who.sys.memory(piece.address, bytes, false)!, packed(box), box);
    who.sys.spend(hostCopyTime(bytes));
  };
  event.cleanup = (who) => memory.give(who, piece);
  return copyJob(piece.address, packed(box), device, layout, box);
}

/** A transfer to the device: its job, and for JavaScript arrays the copy into staging memory that has to come first. */
export interface WriteJob {
  readonly job: Job;
  readonly capture: ((t: Caller) => void) | null;
}

/** Prepares a transfer from the host to device memory. */
export function writeJob(t: Caller, event: EventObject, device: number, layout: Layout, box: Extent, host: HostPlace): WriteJob | cl_error {
  const memory = event.context.memory;
  const { pointer } = host;
  if (!isView(pointer)) {
    const address = pointer + host.offset;
    const bytes = span(box, host);
    const errno = memory.pin(t, address, bytes);
    if (errno < 0) return errno === -14 ? CL_INVALID_VALUE : hostCodeOf(errno);
    event.cleanup = (who) => memory.unpin(who, address, bytes);
    return { job: copyJob(device, layout, address, host, box), capture: null };
  }
  const bytes = box.width * box.height * box.depth;
  const piece = memory.take(t, bytes, "system");
  if (typeof piece === "number") return hostCodeOf(piece);
  t.sys.watch?.lent(viewBytes(pointer, host.offset).subarray(0, span(box, host)), false);
  event.cleanup = (who) => memory.give(who, piece);
  return {
    job: copyJob(device, layout, piece.address, packed(box), box),
    capture: (who) => {
      copyRows(who.sys.memory(piece.address, bytes, true)!, packed(box), viewBytes(pointer, host.offset), host, box);
      who.sys.spend(hostCopyTime(bytes));
    },
  };
}

/** Undoes a prepared transfer that could not be enqueued. */
export function abandon(t: Caller, event: EventObject): void {
  event.cleanup?.(t);
  event.cleanup = null;
  event.finish = null;
}

/** What a command on this queue has to wait for: its list, and on an in-order queue the command before it. */
function predecessors(t: Caller, event: EventObject): EventObject[] {
  const queue = event.queue!;
  const before = [...event.deps, ...event.after];
  if (!queue.outOfOrder) {
    const last = queue.open.at(-1);
    if (last !== undefined) before.push(last);
  } else if (queue.gate !== null) before.push(queue.gate);
  return before.filter((each) => !isOver(t, each));
}

/** Host work that is still to be done before a command may begin. */
export interface Pending {
  readonly before: readonly EventObject[];
  readonly work: (t: Caller) => void;
}

/**
 * Enqueues a command with host work (`capture`) that must see host memory as it is when the command begins: a non-blocking write reads its array
 * only after what it waits for. When nothing is in the way that is now; otherwise the command waits for a point that whoever does the work signals.
 * @returns 0, or a code, or what is left to do: by `doPending` of the calling thread, or a helper
 */
export function enqueueAfter(t: Caller, event: EventObject, job: Job, label: string, capture: (t: Caller) => void): 0 | cl_error | Pending {
  const before = predecessors(t, event);
  if (before.length === 0) {
    capture(t);
    return enqueue(t, event, job, label);
  }
  const ready = new EventObject(event.context, null, CL_COMMAND_USER);
  ready.status = CL_SUBMITTED;
  ready.word = stateOf(t).words.take(t);
  if (ready.word === 0) return CL_OUT_OF_HOST_MEMORY;
  t.sys.store32(ready.word, 0);
  event.after = [...event.after, ready];
  const code = enqueue(t, event, job, label);
  if (code !== 0) {
    ready.timeline?.dispose(t);
    stateOf(t).words.give(ready.word);
    return code;
  }
  return {
    before,
    work: (who) => {
      if (event.status > 0) capture(who);
      signal(who, ready);
    },
  };
}

/** Ends an internal user event. */
function signal(t: Caller, ready: EventObject): void {
  if (ready.status <= 0) return;
  if (ready.timeline !== null) {
    signalPoint(t, ready.timeline, ready.point);
    ready.timeline.dispose(t);
  }
  ready.status = CL_COMPLETE;
  t.sys.store32(ready.word, 1);
  wakeAll(t, ready.word);
  stateOf(t).words.give(ready.word);
  ready.word = 0;
}

/** Waits for what comes before, then does the host's work. */
export function* doPending(t: Caller, pending: Pending): Blocking<void> {
  for (const each of pending.before) yield* waitFor(t, each);
  pending.work(t);
}

/** Has a helper thread do the host's work. */
export function delegate(t: Caller, pending: Pending): void {
  startHelper(t, "opencl-staging", (helper) => doPending(helper, pending));
}

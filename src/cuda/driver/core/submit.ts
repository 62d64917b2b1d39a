import type { Caller } from "../../../api/caller.ts";
import type { ExecArgs, Job, MarkerJob, SyncPoint } from "../../../kernel/sys/uapi.ts";
import { Errno } from "../../../kernel/errors.ts";
import type { Device, Queue } from "./device.ts";
import { frontier, NO_POINTS, type Stream } from "./stream.ts";

/** Most points one submission may wait for. */
const MAX_WAITS = 1024;

const marker: MarkerJob = { kind: "marker" };

/** Which of a stream's queues. */
export type Engine = "compute" | "copy";

/** Opens a queue of a stream. @returns it, or a negative errno. */
function openQueue(t: Caller, stream: Stream, engine: Engine): Queue | number {
  const { context } = stream;
  const arg = {
    context: context.kernelContext, engine, order: "in-order" as const, priority: 2 as const, level: stream.priority, label: `stream ${stream.id}`, queue: 0, timeline: 0,
  };
  const error = t.sys.ioctl(context.device.fd, "GLASS_EXEC_QUEUE_CREATE", arg);
  if (error < 0) return error;
  const queue = { handle: arg.queue, timeline: arg.timeline };
  stream[engine] = queue;
  return queue;
}

/** One job. @param joins it is part of the submission before it (a graph's launch is one). @returns the point, or a negative errno. */
export function exec(t: Caller, device: Device, queue: Queue, job: Job, waits: readonly SyncPoint[], label: string, timestamps: number | null, joins: boolean = false): number {
  let last = waits;
  while (last.length > MAX_WAITS) {
    const point = exec(t, device, queue, marker, last.slice(0, MAX_WAITS), "wait", null);
    if (point < 0) return point;
    last = [{ syncobj: queue.timeline, point }, ...last.slice(MAX_WAITS)];
  }
  const args: ExecArgs = { queue: queue.handle, job, waits: last, propagateErrors: false, userFence: null, timestamps, joins, label, point: 0 };
  const error = t.sys.ioctl(device.fd, "GLASS_EXEC", args);
  return error < 0 ? error : args.point;
}

/**
 * Puts work at the end of a stream, after all that the stream must wait for (its own earlier work on the other engine, events, the legacy default stream's rules).
 * @param timestamps where the kernel writes four u64 time stamps, or null.
 * @returns 0, or a negative errno; then nothing has changed.
 */
export function submit(t: Caller, stream: Stream, engine: Engine, job: Job, label: string, timestamps: number | null = null, joins: boolean = false): number {
  // What becomes a node of a graph never comes here.
  if (stream.capture !== null) return -Errno.EBUSY;
  const old = stream[engine];
  const queue = old ?? openQueue(t, stream, engine);
  if (typeof queue === "number") return queue;
  const error = submitOn(t, stream, queue, job, label, timestamps, joins);
  if (error < 0 && old === null) {
    t.sys.ioctl(stream.context.device.fd, "GLASS_EXEC_QUEUE_DESTROY", { queue: queue.handle });
    t.sys.ioctl(stream.context.device.fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: queue.timeline });
    stream[engine] = null;
  }
  return error;
}

/** The same on a queue that is not the stream's own (the device's transfer queue). */
export function submitOn(t: Caller, stream: Stream, queue: Queue, job: Job, label: string, timestamps: number | null, joins: boolean = false): number {
  if (stream.capture !== null) return -Errno.EBUSY;
  const waits = frontier(stream, queue === stream.compute || queue === stream.copy ? queue.timeline : 0);
  const point = exec(t, stream.context.device, queue, job, waits, label, timestamps, joins);
  if (point < 0) return point;
  stream.advance(queue.timeline, point);
  return 0;
}

/** A job that does nothing but order. @returns 0 or a negative errno. */
export function submitMarker(t: Caller, stream: Stream, label: string, timestamps: number | null = null, joins: boolean = false): number {
  return submit(t, stream, stream.compute === null && stream.copy !== null ? "copy" : "compute", marker, label, timestamps, joins);
}

/** A job that moves pages of managed memory. @returns 0 or a negative errno. */
export function submitPrefetch(t: Caller, stream: Stream, prefetch: NonNullable<MarkerJob["prefetch"]>): number {
  return submit(t, stream, stream.compute === null && stream.copy !== null ? "copy" : "compute", { kind: "marker", prefetch }, "prefetch", null);
}

/** Makes the stream's next work wait for points of its own device. */
export function addWaits(t: Caller, stream: Stream, points: readonly SyncPoint[]): number {
  if (points.length === 0) return 0;
  stream.waits = stream.waits.length === 0 ? points : [...stream.waits, ...points];
  // Blocking streams wait for the legacy stream's actions, so each of them must be a point of its own.
  if (stream.isLegacy || stream.waits.length > MAX_WAITS) return submitMarker(t, stream, "wait");
  stream.touched = ++stream.context.sequence;
  return 0;
}

export { NO_POINTS };

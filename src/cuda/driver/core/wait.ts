import type { Caller } from "../../../api/caller.ts";
import { Errno } from "../../../kernel/errors.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import { stickyOf } from "./enter.ts";
import { errnoCode } from "./fault.ts";
import { flushPrintf } from "./printf.ts";
import { frontier, type Stream } from "./stream.ts";

/** How often a wait is tried that the kernel has no memory for, and how long between, ns. */
const WAIT_TRIES = 8;
const WAIT_PAUSE = 100_000;
/** Answers after which trying again makes sense. */
const passing: ReadonlySet<number> = new Set([-Errno.ENOMEM, -Errno.EFAULT, -Errno.EINTR, -Errno.EAGAIN]);

/**
 * Waits until all points (of the device's file) are reached, well or badly. Blocks.
 * @returns 0, or a negative errno: -ENODEV: the device is gone; others when the kernel refuses again and again
 */
export function* waitPoints(t: Caller, device: Device, points: readonly SyncPoint[]): Blocking<number> {
  if (points.length === 0) return 0;
  for (let tries = 1; ; tries++) {
    const result = yield* t.sys.ioctlWait(device.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", { points, all: true, deadline: null, error: 0 });
    if (result >= 0) return 0;
    if (!passing.has(result) || tries === WAIT_TRIES) return result;
    yield* t.sys.nanosleep(WAIT_PAUSE);
  }
}

/** What a wait that was refused is to the program: what became of the context, or the system's answer. */
function refused(t: Caller, context: Context, error: number): CUresult {
  return stickyOf(t, context) || errnoCode(error);
}

/** Whether all points are reached; false also when the kernel does not say. On a device that is gone nothing is outstanding. */
export function arePointsReached(t: Caller, device: Device, points: readonly SyncPoint[]): boolean {
  if (points.length === 0) return true;
  const arg = { handles: points.map((p) => p.syncobj), points: points.map(() => 0) };
  let result = -Errno.EAGAIN;
  for (let tries = 0; tries < WAIT_TRIES && passing.has(result); tries++) result = t.sys.ioctl(device.fd, "DRM_IOCTL_SYNCOBJ_QUERY", arg);
  if (result < 0) return result === -Errno.ENODEV;
  return points.every((p, i) => arg.points[i]! >= p.point);
}

/**
 * Waits for all work that is in a stream now. Blocks.
 * @returns 0, the context's sticky error, or that of a wait that was refused.
 */
export function* waitStream(t: Caller, stream: Stream): Blocking<CUresult> {
  const { tail, tailPoint } = stream;
  const error = yield* waitPoints(t, stream.context.device, frontier(stream));
  if (error < 0) return refused(t, stream.context, error);
  if (stream.tail === tail && stream.tailPoint === tailPoint) stream.idle = true;
  return settle(t, stream.context);
}

/** Whether all work of a stream has ended. */
export function isStreamDone(t: Caller, stream: Stream): boolean {
  if (!arePointsReached(t, stream.context.device, frontier(stream))) return false;
  stream.idle = true;
  return true;
}

/**
 * Waits for all work that is in a context now, and lets go of what was only kept for it. Blocks.
 * @returns 0, or the context's sticky error.
 */
export function* waitContext(t: Caller, context: Context): Blocking<CUresult> {
  const points: SyncPoint[] = [];
  const seen: (readonly [Stream, number])[] = [];
  for (const stream of context.streams) {
    if (stream.idle && stream.waits.length === 0) continue;
    seen.push([stream, stream.touched]);
    for (const point of frontier(stream)) points.push(point);
  }
  const error = yield* waitPoints(t, context.device, points);
  if (error < 0) return refused(t, context, error);
  for (const [stream, touched] of seen) {
    if (stream.touched !== touched) continue;
    stream.idle = true;
    if (stream.destroyed) context.streams.delete(stream);
  }
  for (const stamp of context.retiredStamps.splice(0)) context.driver.slots.give(stamp);
  return settle(t, context);
}

/** What every wait of the host ends with: printed text is written, hooks run. @returns the context's sticky error, or 0. */
export function settle(t: Caller, context: Context): CUresult {
  flushPrintf(t, context);
  for (const hook of context.driver.afterWait) hook(t);
  return stickyOf(t, context);
}

import type { Caller } from "../../../api/caller.ts";
import { EmulatorBug, errnoName } from "../../../kernel/errors.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import { stickyOf } from "./enter.ts";
import { flushPrintf } from "./printf.ts";
import { frontier, type Stream } from "./stream.ts";

/** Waits until all points (of the device's file) are reached, well or badly. Blocks. */
export function* waitPoints(t: Caller, device: Device, points: readonly SyncPoint[]): Blocking<void> {
  if (points.length === 0) return;
  const result = yield* t.sys.ioctlWait(device.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", { points, all: true, deadline: null, error: 0 });
  if (result < 0) throw new EmulatorBug(`waiting for a stream failed with ${errnoName(result)}`);
}

/** Whether all points are reached. */
export function arePointsReached(t: Caller, device: Device, points: readonly SyncPoint[]): boolean {
  if (points.length === 0) return true;
  const arg = { handles: points.map((p) => p.syncobj), points: points.map(() => 0) };
  const result = t.sys.ioctl(device.fd, "DRM_IOCTL_SYNCOBJ_QUERY", arg);
  if (result < 0) throw new EmulatorBug(`asking for a timeline failed with ${errnoName(result)}`);
  return points.every((p, i) => arg.points[i]! >= p.point);
}

/**
 * Waits for all work that is in a stream now. Blocks.
 * @returns 0, or the context's sticky error.
 */
export function* waitStream(t: Caller, stream: Stream): Blocking<CUresult> {
  const { tail, tailPoint } = stream;
  yield* waitPoints(t, stream.context.device, frontier(stream));
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
  yield* waitPoints(t, context.device, points);
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

import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUevent, CUstream } from "../abi/driver/types.ts";
import { anyEvent, anyStream } from "./core/arguments.ts";
import { checkLegacy } from "./core/capture.ts";
import { failSubmit } from "./core/copy.ts";
import { enter, failSticky, stickyOf } from "./core/enter.ts";
import { Event } from "./core/event.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { checkCaptured, recordCapturing } from "./event-capture.ts";
import { drop, SharedEvent } from "./core/shared-event.ts";
import { frontier } from "./core/stream.ts";
import { submitMarker } from "./core/submit.ts";
import { arePointsReached, settle, waitPoints } from "./core/wait.ts";

/** Event Management. */

const ALL_FLAGS = cu.CU_EVENT_BLOCKING_SYNC | cu.CU_EVENT_DISABLE_TIMING | cu.CU_EVENT_INTERPROCESS;

/**
 * Makes an event in the current context.
 * @param phEvent gets it
 * @param Flags CU_EVENT_* bits; CU_EVENT_BLOCKING_SYNC has no effect on results
 * @returns INVALID_VALUE: phEvent NULL, unknown flags, CU_EVENT_INTERPROCESS without CU_EVENT_DISABLE_TIMING.
 */
export function cuEventCreate(t: Caller, phEvent: Out<CUevent> | null, Flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (phEvent === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phEvent must not be NULL");
  if ((Flags & ~ALL_FLAGS) !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_EVENT_* bits", { Flags });
  if ((Flags & cu.CU_EVENT_INTERPROCESS) !== 0 && (Flags & cu.CU_EVENT_DISABLE_TIMING) === 0) {
    return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "an interprocess event must not take time stamps: add CU_EVENT_DISABLE_TIMING", { Flags });
  }
  const shared = (Flags & cu.CU_EVENT_INTERPROCESS) === 0 ? null : SharedEvent.create(t, context.device);
  if (typeof shared === "number") return fail(t, errnoCode(shared), errnoRule(shared, "making the shared event"));
  const event = new Event(context, Flags, shared);
  event.handle = context.driver.events.add(event) as CUevent;
  context.events.add(event);
  phEvent.value = event.handle;
  return 0;
}

/** Both forms. */
function record(t: Caller, hEvent: CUevent | null, hStream: CUstream | null, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const event = anyEvent(t, context, hEvent);
  if (typeof event === "number") return event;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (event.context !== stream.context) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "hEvent and hStream must be of one context", { hEvent, hStream });
  const { driver } = context;
  if (stream.capture !== null) return recordCapturing(t, stream, event, flags);
  if (flags !== cu.CU_EVENT_RECORD_DEFAULT) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be CU_EVENT_RECORD_DEFAULT outside of stream capture", { flags });
  if (driver.captures.size > 0) {
    const legacy = checkLegacy(t, stream);
    if (legacy !== 0) return legacy;
  }
  if ((event.flags & cu.CU_EVENT_DISABLE_TIMING) !== 0 && !stream.isLegacy && event.shared === null) {
    const points = frontier(stream);
    event.forget();
    event.recorded = { points, stream, stamps: 0, done: points.length === 0 };
    return 0;
  }
  const stamps = (event.flags & cu.CU_EVENT_DISABLE_TIMING) === 0 ? driver.slots.take(t) : 0;
  if (stamps < 0) return fail(t, cu.CUDA_ERROR_OUT_OF_MEMORY, "no memory for the time stamp");
  const error = submitMarker(t, stream, "event", stamps === 0 ? null : stamps);
  if (error < 0) {
    if (stamps > 0) driver.slots.give(stamps);
    return failSubmit(t, stream, error);
  }
  const passed = event.shared?.record(t, stream) ?? 0;
  if (passed < 0) return fail(t, errnoCode(passed), errnoRule(passed, "passing the fence to other processes"));
  event.forget();
  event.recorded = { points: [{ syncobj: stream.tail, point: stream.tailPoint }], stream, stamps, done: false };
  return 0;
}

/**
 * Captures in the event all work of the stream so far; a time stamp is taken when it has ended. Replaces an earlier record: waits already made
 * keep the old one. In a capturing stream the event stands for the nodes that the stream's next work would depend on.
 * @returns INVALID_HANDLE: not an event, not a stream, or of different contexts. STREAM_CAPTURE_IMPLICIT: the legacy stream while a blocking one captures. STREAM_CAPTURE_INVALIDATED.
 */
export function cuEventRecord(t: Caller, hEvent: CUevent | null, hStream: CUstream | null): CUresult {
  return record(t, hEvent, hStream, cu.CU_EVENT_RECORD_DEFAULT);
}

/**
 * cuEventRecord with flags.
 * @param flags CU_EVENT_RECORD_DEFAULT; CU_EVENT_RECORD_EXTERNAL, only while capturing, makes a node: each launch of the graph records the event
 * @returns as cuEventRecord; INVALID_VALUE: other flags.
 */
export function cuEventRecordWithFlags(t: Caller, hEvent: CUevent | null, hStream: CUstream | null, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (flags !== cu.CU_EVENT_RECORD_DEFAULT && flags !== cu.CU_EVENT_RECORD_EXTERNAL) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be CU_EVENT_RECORD_DEFAULT or CU_EVENT_RECORD_EXTERNAL", { flags });
  return record(t, hEvent, hStream, flags);
}

/** Whether what the event captured is over. */
function isOver(t: Caller, event: Event): boolean {
  const { recorded, shared } = event;
  if (shared !== null) {
    const { device } = event.context;
    const point = shared.take(t, device);
    // A process that cannot look has no reason to think that the work goes on.
    if (typeof point === "number") return true;
    const reached = arePointsReached(t, device, [point]);
    drop(t, device, point.syncobj);
    return reached;
  }
  if (recorded === null || recorded.done) return true;
  recorded.done = arePointsReached(t, event.context.device, recorded.points);
  return recorded.done;
}

/**
 * Whether the work that the event's latest record captured has ended. An event never recorded has.
 * @returns NOT_READY: not yet (no failure, no diagnostic). INVALID_HANDLE: not an event. CAPTURED_EVENT: last recorded in a capturing stream. STREAM_CAPTURE_UNSUPPORTED: a capture forbids
 * the calling thread to ask. The sticky error of a kernel that failed.
 */
export function cuEventQuery(t: Caller, hEvent: CUevent | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const event = anyEvent(t, context, hEvent);
  if (typeof event === "number") return event;
  const captured = checkCaptured(t, event);
  if (captured !== 0) return captured;
  if (!isOver(t, event)) return cu.CUDA_ERROR_NOT_READY;
  const sticky = stickyOf(t, event.context);
  return sticky === 0 ? 0 : failSticky(t, sticky);
}

/**
 * Waits until the work that the event's latest record captured has ended. Blocks. An event never recorded is no wait.
 * @returns INVALID_HANDLE: not an event. CAPTURED_EVENT: last recorded in a capturing stream. STREAM_CAPTURE_UNSUPPORTED: a capture forbids the calling thread to wait. The sticky error of
 * a kernel that failed.
 */
export function* cuEventSynchronize(t: Caller, hEvent: CUevent | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const event = anyEvent(t, context, hEvent);
  if (typeof event === "number") return event;
  const captured = checkCaptured(t, event);
  if (captured !== 0) return captured;
  const { recorded, shared } = event;
  if (shared !== null) {
    const { device } = event.context;
    const point = shared.take(t, device);
    if (typeof point === "number") return fail(t, errnoCode(point), errnoRule(point, "taking the event's fence"));
    const error = yield* waitPoints(t, device, [point]);
    drop(t, device, point.syncobj);
    if (error < 0 && stickyOf(t, event.context) === 0) return fail(t, errnoCode(error), errnoRule(error, "waiting"));
  } else if (recorded !== null && !recorded.done) {
    const error = yield* waitPoints(t, event.context.device, recorded.points);
    if (error < 0 && stickyOf(t, event.context) === 0) return fail(t, errnoCode(error), errnoRule(error, "waiting"));
    recorded.done = true;
  }
  const sticky = settle(t, event.context);
  return sticky === 0 ? 0 : failSticky(t, sticky);
}

/**
 * Destroys an event, pending or not. Returns at once; streams that wait for it go on waiting.
 * @returns INVALID_HANDLE: not an event.
 */
export function cuEventDestroy_v2(t: Caller, hEvent: CUevent | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const event = anyEvent(t, context, hEvent);
  if (typeof event === "number") return event;
  event.release(t);
  return 0;
}

/**
 * Time between two events on the GPU's clock.
 * @param pMilliseconds gets milliseconds, rounded to a float; negative when hEnd was over before hStart
 * @returns INVALID_VALUE: pMilliseconds NULL. INVALID_HANDLE: not an event, an event without timing, never recorded, or events of different devices.
 * NOT_READY: one of them is not over yet. CAPTURED_EVENT: one was last recorded in a capturing stream.
 */
export function cuEventElapsedTime_v2(t: Caller, pMilliseconds: Out<number> | null, hStart: CUevent | null, hEnd: CUevent | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pMilliseconds === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pMilliseconds must not be NULL");
  const start = anyEvent(t, context, hStart);
  if (typeof start === "number") return start;
  const end = anyEvent(t, context, hEnd);
  if (typeof end === "number") return end;
  for (const event of [start, end]) {
    if ((event.flags & cu.CU_EVENT_DISABLE_TIMING) !== 0) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "both events must take time stamps: no CU_EVENT_DISABLE_TIMING", { event: event.handle });
    const captured = checkCaptured(t, event);
    if (captured !== 0) return captured;
    if (event.recorded === null) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "both events must have been recorded", { event: event.handle });
  }
  if (start.context.device !== end.context.device) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "both events must be of one device", { hStart, hEnd });
  if (!isOver(t, start) || !isOver(t, end)) return cu.CUDA_ERROR_NOT_READY;
  // Third of the four time stamps: the end of the marker.
  const from = t.sys.load64(start.recorded!.stamps + 16) ?? 0;
  const to = t.sys.load64(end.recorded!.stamps + 16) ?? 0;
  pMilliseconds.value = Math.fround((to - from) / 1e6);
  return 0;
}

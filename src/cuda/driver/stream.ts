import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUdevice, CUevent, CUgreenCtx, CUstream, CUstreamCallback } from "../abi/driver/types.ts";
import { anyEvent, anyStream, ownStream } from "./core/arguments.ts";
import { checkWaitable, refuseCapturing } from "./core/capture.ts";
import { failSubmit } from "./core/copy.ts";
import { enter, failSticky, stickyOf } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { HostLine } from "./core/host-work.ts";
import { drop, type SharedEvent } from "./core/shared-event.ts";
import { Stream } from "./core/stream.ts";
import { addWaits, submitMarker } from "./core/submit.ts";
import { isStreamDone, waitStream } from "./core/wait.ts";
import { waitCapturing } from "./event-capture.ts";
import type { SyncPoint } from "../../kernel/sys/uapi.ts";

/** Stream Management: making, ordering and awaiting streams. Attributes: stream-attributes.ts. Capture: stream-capture.ts. */

/**
 * Makes a stream of default priority in the current context.
 * @param phStream gets it
 * @param Flags CU_STREAM_DEFAULT: synchronises with the legacy default stream; CU_STREAM_NON_BLOCKING: does not
 * @returns INVALID_VALUE: phStream NULL, other flags.
 */
export function cuStreamCreate(t: Caller, phStream: Out<CUstream> | null, Flags: number): CUresult {
  return cuStreamCreateWithPriority(t, phStream, Flags, 0);
}

/**
 * Makes a stream with a priority: kernels of more urgent streams go first when both wait. Running ones are not stopped, copies are not affected.
 * @param phStream gets it
 * @param flags CU_STREAM_DEFAULT or CU_STREAM_NON_BLOCKING
 * @param priority lower is more urgent; outside cuCtxGetStreamPriorityRange it is taken to the nearest end
 * @returns INVALID_VALUE: phStream NULL, other flags.
 */
export function cuStreamCreateWithPriority(t: Caller, phStream: Out<CUstream> | null, flags: number, priority: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (phStream === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phStream must not be NULL");
  if (flags !== cu.CU_STREAM_DEFAULT && flags !== cu.CU_STREAM_NON_BLOCKING) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be CU_STREAM_DEFAULT or CU_STREAM_NON_BLOCKING", { flags });
  const { least, greatest } = context.device.profile.priorities;
  const clamped = Math.min(least, Math.max(greatest, priority));
  const stream = new Stream(context, flags, clamped, flags === cu.CU_STREAM_NON_BLOCKING ? "non-blocking" : "blocking", context.driver.nextId());
  stream.handle = context.driver.streams.add(stream) as CUstream;
  stream.waits = context.awaited;
  context.streams.add(stream);
  phStream.value = stream.handle;
  return 0;
}

/** What the getters begin with: a live context, a stream of the process, a place for the answer. */
function query<T>(t: Caller, hStream: CUstream | null, out: Out<T> | null, name: string): Stream | CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  return out === null ? fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} must not be NULL`) : stream;
}

/**
 * A stream's priority, after clamping.
 * @param priority gets it
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: priority NULL.
 */
export function cuStreamGetPriority(t: Caller, hStream: CUstream | null, priority: Out<number> | null): CUresult {
  const stream = query(t, hStream, priority, "priority");
  if (typeof stream === "number") return stream;
  priority!.value = stream.priority;
  return 0;
}

/**
 * A stream's device.
 * @param device gets it
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: device NULL.
 */
export function cuStreamGetDevice(t: Caller, hStream: CUstream | null, device: Out<CUdevice> | null): CUresult {
  const stream = query(t, hStream, device, "device");
  if (typeof stream === "number") return stream;
  device!.value = stream.context.device.ordinal;
  return 0;
}

/**
 * The flags a stream was made with; 0 for the default streams.
 * @param flags gets them
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: flags NULL.
 */
export function cuStreamGetFlags(t: Caller, hStream: CUstream | null, flags: Out<number> | null): CUresult {
  const stream = query(t, hStream, flags, "flags");
  if (typeof stream === "number") return stream;
  flags!.value = stream.flags;
  return 0;
}

/**
 * A stream's identity, never used again in this process.
 * @param streamId gets it
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: streamId NULL.
 */
export function cuStreamGetId(t: Caller, hStream: CUstream | null, streamId: Out<bigint> | null): CUresult {
  const stream = query(t, hStream, streamId, "streamId");
  if (typeof stream === "number") return stream;
  streamId!.value = stream.id;
  return 0;
}

/**
 * A stream's context.
 * @param pctx gets it
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: pctx NULL.
 */
export function cuStreamGetCtx(t: Caller, hStream: CUstream | null, pctx: Out<CUcontext> | null): CUresult {
  const stream = query(t, hStream, pctx, "pctx");
  if (typeof stream === "number") return stream;
  pctx!.value = stream.context.handle;
  return 0;
}

/**
 * A stream's context and green context; there are no green ones here, so the second is always NULL.
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: pCtx NULL.
 */
export function cuStreamGetCtx_v2(t: Caller, hStream: CUstream | null, pCtx: Out<CUcontext> | null, pGreenCtx: Out<CUgreenCtx> | null): CUresult {
  const code = cuStreamGetCtx(t, hStream, pCtx);
  if (code === 0 && pGreenCtx !== null) pGreenCtx.value = 0;
  return code;
}

/**
 * Makes all later work of a stream wait for what the event's latest record captured, without blocking the host. An event never recorded is no wait.
 * The event may be of another context or device.
 * While the event's record belongs to a capture, the stream joins it. A wait of a capturing stream for work outside of the capture is an error, unless it is external: then
 * it becomes a node, and each launch of the graph waits for what the event's latest record says at that time.
 * @param Flags CU_EVENT_WAIT_DEFAULT; CU_EVENT_WAIT_EXTERNAL only while capturing
 * @returns INVALID_HANDLE: not a stream, not an event. INVALID_VALUE: other flags. CAPTURED_EVENT: recorded in a capture that is over. STREAM_CAPTURE_ISOLATION, STREAM_CAPTURE_MERGE: the
 * wait would cross the border of a capture, or tie two together; they are lost. STREAM_CAPTURE_IMPLICIT: the legacy stream cannot take part. STREAM_CAPTURE_INVALIDATED.
 */
export function cuStreamWaitEvent(t: Caller, hStream: CUstream | null, hEvent: CUevent | null, Flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const event = anyEvent(t, context, hEvent);
  if (typeof event === "number") return event;
  if (context.driver.captures.size > 0) {
    const code = waitCapturing(t, stream, event, Flags);
    if (code !== null) return code;
  }
  if (Flags !== cu.CU_EVENT_WAIT_DEFAULT) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_EVENT_WAIT_DEFAULT outside of stream capture", { Flags });
  if (event.captured !== null) return fail(t, cu.CUDA_ERROR_CAPTURED_EVENT, "hEvent was last recorded in a stream that captured: there is nothing that could be waited for", { hEvent });
  const { recorded, shared } = event;
  if (shared !== null) return waitShared(t, stream, shared);
  if (recorded === null || recorded.done) return 0;
  const points: SyncPoint[] = [];
  for (const { syncobj, point } of recorded.points) {
    const handle = stream.context.device.importTimeline(t, event.context.device, syncobj);
    if (handle < 0) return fail(t, errnoCode(handle), errnoRule(handle, "importing the event's timeline"));
    if (handle !== stream.tail || point > stream.tailPoint) points.push({ syncobj: handle, point });
  }
  const error = addWaits(t, stream, points);
  return error < 0 ? failSubmit(t, stream, error) : 0;
}

/** Lets a stream wait for the latest record of an interprocess event. */
function waitShared(t: Caller, stream: Stream, shared: SharedEvent): CUresult {
  const { device } = stream.context;
  const point = shared.take(t, device);
  if (typeof point === "number") return fail(t, errnoCode(point), errnoRule(point, "taking the event's fence"));
  // The fence goes with the marker, so that its syncobj need not stay.
  const old = stream.waits;
  stream.waits = [...old, point];
  const error = submitMarker(t, stream, "wait");
  if (error < 0) stream.waits = old;
  drop(t, device, point.syncobj);
  return error < 0 ? failSubmit(t, stream, error) : 0;
}

/** The stream's line of host functions, started on first use. */
export function hostLine(t: Caller, stream: Stream): HostLine | CUresult {
  if (stream.host !== null) return stream.host;
  const line = HostLine.create(t, stream.context, `stream ${stream.id}`);
  if (typeof line === "number") return fail(t, errnoCode(line), errnoRule(line, "starting the thread for host functions"));
  stream.host = line;
  return line;
}

/**
 * Calls a function once all earlier work of the stream has ended; later work waits for its return. It is called exactly once, with the context's error when
 * there is one. It must not call CUDA: such calls answer NOT_PERMITTED.
 * @param callback (hStream, status, userData); a generator function may block
 * @param flags must be 0
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: callback NULL, flags not 0. STREAM_CAPTURE_UNSUPPORTED: the stream captures.
 */
export function cuStreamAddCallback(t: Caller, hStream: CUstream | null, callback: CUstreamCallback | null, userData: unknown, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (stream.capture !== null) return refuseCapturing(t, stream, "cuStreamAddCallback has no place in a graph (cuLaunchHostFunc has)");
  if (callback === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "callback must not be NULL");
  if (flags !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0", { flags });
  const line = hostLine(t, stream);
  if (typeof line === "number") return line;
  const handle = hStream ?? 0;
  line.push(t, stream, (status) => callback(handle, status, userData));
  return 0;
}

/**
 * Whether all work of a stream has ended.
 * @returns NOT_READY: not yet (no failure, no diagnostic). INVALID_HANDLE: not a stream. STREAM_CAPTURE_UNSUPPORTED: it captures, or a capture forbids the calling thread to ask. The
 * sticky error of a kernel that failed.
 */
export function cuStreamQuery(t: Caller, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const captured = checkWaitable(t, stream);
  if (captured !== 0) return captured;
  if (!isStreamDone(t, stream)) return cu.CUDA_ERROR_NOT_READY;
  const sticky = stickyOf(t, stream.context);
  return sticky === 0 ? 0 : failSticky(t, sticky);
}

/**
 * Waits until all work of a stream has ended. Blocks. For the legacy default stream that includes all blocking streams.
 * @returns INVALID_HANDLE: not a stream. STREAM_CAPTURE_UNSUPPORTED: it captures, or a capture forbids the calling thread to wait. The sticky error of a kernel that failed.
 */
export function* cuStreamSynchronize(t: Caller, hStream: CUstream | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const captured = checkWaitable(t, stream);
  if (captured !== 0) return captured;
  const sticky = yield* waitStream(t, stream);
  return sticky === 0 ? 0 : failSticky(t, sticky);
}

/**
 * Destroys a stream. Returns at once; work already in it still runs, and its resources go when that is over. A capture that began in it ends without a graph.
 * @returns INVALID_VALUE: a default stream. INVALID_HANDLE: not a stream.
 */
export function cuStreamDestroy_v2(t: Caller, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (hStream === null || hStream === 0 || hStream === cu.CU_STREAM_LEGACY || hStream === cu.CU_STREAM_PER_THREAD) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a default stream cannot be destroyed", { hStream });
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  stream.context.closeStream(t, stream);
  if (stream.idle && stream.waits.length === 0) stream.context.streams.delete(stream);
  return 0;
}

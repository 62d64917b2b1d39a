import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import type { CUlaunchAttributeID } from "../abi/driver/enums.ts";
import type { CUstreamAttrValue, CUstreamCallback } from "../abi/driver/types.ts";
import type { cudaError_t, cudaLaunchAttributeID } from "../abi/runtime/enums.ts";
import type { cudaEvent_t, cudaLaunchAttributeValue, cudaStream_t, cudaStreamCallback_t } from "../abi/runtime/types.ts";
import * as cu from "../driver/stream.ts";
import { cuCtxGetStreamPriorityRange, cuCtxResetPersistingL2Cache } from "../driver/context-settings.ts";
import * as attributes from "../driver/stream-attributes.ts";
import { inContext, inContextBlocking } from "./core/call.ts";

/** Stream Management: the driver's streams under the runtime's names. Stream 0 is the default stream. */

/**
 * Makes a stream that synchronises with the legacy default stream.
 * @param pStream gets it
 * @returns cudaErrorInvalidValue: pStream NULL.
 */
export function cudaStreamCreate(t: Caller, pStream: Out<cudaStream_t> | null): cudaError_t {
  return inContext(t, () => cu.cuStreamCreate(t, pStream, 0));
}

/**
 * Makes a stream.
 * @param pStream gets it
 * @param flags cudaStreamDefault or cudaStreamNonBlocking
 * @returns cudaErrorInvalidValue: pStream NULL, other flags.
 */
export function cudaStreamCreateWithFlags(t: Caller, pStream: Out<cudaStream_t> | null, flags: number): cudaError_t {
  return inContext(t, () => cu.cuStreamCreate(t, pStream, flags));
}

/**
 * Makes a stream with a priority.
 * @param pStream gets it
 * @param flags cudaStreamDefault or cudaStreamNonBlocking
 * @param priority lower is more urgent; taken to the nearest end of cudaDeviceGetStreamPriorityRange
 * @returns cudaErrorInvalidValue: pStream NULL, other flags.
 */
export function cudaStreamCreateWithPriority(t: Caller, pStream: Out<cudaStream_t> | null, flags: number, priority: number): cudaError_t {
  return inContext(t, () => cu.cuStreamCreateWithPriority(t, pStream, flags, priority));
}

/**
 * Priorities that streams of the current device may have.
 * @param leastPriority gets the least urgent, 0; may be NULL
 * @param greatestPriority gets the most urgent, a negative number; may be NULL
 */
export function cudaDeviceGetStreamPriorityRange(t: Caller, leastPriority: Out<number> | null, greatestPriority: Out<number> | null): cudaError_t {
  return inContext(t, () => cuCtxGetStreamPriorityRange(t, leastPriority, greatestPriority));
}

/** A stream's priority, after clamping. @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: priority NULL. */
export function cudaStreamGetPriority(t: Caller, hStream: cudaStream_t | null, priority: Out<number> | null): cudaError_t {
  return inContext(t, () => cu.cuStreamGetPriority(t, hStream, priority));
}

/** The flags a stream was made with. @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: flags NULL. */
export function cudaStreamGetFlags(t: Caller, hStream: cudaStream_t | null, flags: Out<number> | null): cudaError_t {
  return inContext(t, () => cu.cuStreamGetFlags(t, hStream, flags));
}

/** A stream's identity, never used again. @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: streamId NULL. */
export function cudaStreamGetId(t: Caller, hStream: cudaStream_t | null, streamId: Out<bigint> | null): cudaError_t {
  return inContext(t, () => cu.cuStreamGetId(t, hStream, streamId));
}

/** A stream's device. @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: device NULL. */
export function cudaStreamGetDevice(t: Caller, hStream: cudaStream_t | null, device: Out<number> | null): cudaError_t {
  return inContext(t, () => cu.cuStreamGetDevice(t, hStream, device));
}

/** Makes persisting L2 lines normal again: nothing to do in this model, which has no cache contents. */
export function cudaCtxResetPersistingL2Cache(t: Caller): cudaError_t {
  return inContext(t, () => cuCtxResetPersistingL2Cache(t));
}

/** Copies a stream's attributes. @returns cudaErrorInvalidResourceHandle: not streams of one context. */
export function cudaStreamCopyAttributes(t: Caller, dst: cudaStream_t | null, src: cudaStream_t | null): cudaError_t {
  return inContext(t, () => attributes.cuStreamCopyAttributes(t, dst, src));
}

/** One attribute of a stream. @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: value_out NULL, not a stream's attribute. */
export function cudaStreamGetAttribute(t: Caller, hStream: cudaStream_t | null, attr: cudaLaunchAttributeID, value_out: Out<cudaLaunchAttributeValue> | null): cudaError_t {
  return inContext(t, () => attributes.cuStreamGetAttribute(t, hStream, attr as CUlaunchAttributeID, value_out as Out<CUstreamAttrValue> | null));
}

/** Sets an attribute of a stream. @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: value NULL, not a stream's attribute. */
export function cudaStreamSetAttribute(t: Caller, hStream: cudaStream_t | null, attr: cudaLaunchAttributeID, value: In<cudaLaunchAttributeValue> | null): cudaError_t {
  return inContext(t, () => attributes.cuStreamSetAttribute(t, hStream, attr as CUlaunchAttributeID, value as In<CUstreamAttrValue> | null));
}

/**
 * Destroys a stream. Its work goes on; does not block.
 * @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: a default one.
 */
export function cudaStreamDestroy(t: Caller, stream: cudaStream_t | null): cudaError_t {
  return inContext(t, () => cu.cuStreamDestroy_v2(t, stream));
}

/**
 * Later work of the stream waits for what the event's last record captured. The host does not wait.
 * @param flags cudaEventWaitDefault; cudaEventWaitExternal only while the stream is captured
 * @returns cudaErrorInvalidResourceHandle: not a stream, not an event. cudaErrorInvalidValue: other flags.
 */
export function cudaStreamWaitEvent(t: Caller, stream: cudaStream_t | null, event: cudaEvent_t | null, flags: number = 0): cudaError_t {
  return inContext(t, () => cu.cuStreamWaitEvent(t, stream, event, flags));
}

/**
 * Runs a function of the host after the stream's work so far; later work waits for it. It must not call CUDA.
 * @param flags must be 0
 * @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: callback NULL, other flags.
 */
export function cudaStreamAddCallback(t: Caller, stream: cudaStream_t | null, callback: cudaStreamCallback_t | null, userData: unknown, flags: number): cudaError_t {
  return inContext(t, () => cu.cuStreamAddCallback(t, stream, callback as CUstreamCallback | null, userData, flags));
}

/** Blocks until the stream's work so far is done. @returns cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaStreamSynchronize(t: Caller, stream: cudaStream_t | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cu.cuStreamSynchronize(t, stream));
}

/** Whether the stream's work is done. @returns 0: done. cudaErrorNotReady: not yet. cudaErrorInvalidResourceHandle: not a stream. */
export function cudaStreamQuery(t: Caller, stream: cudaStream_t | null): cudaError_t {
  return inContext(t, () => cu.cuStreamQuery(t, stream));
}

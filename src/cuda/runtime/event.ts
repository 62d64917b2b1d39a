import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaEvent_t, cudaStream_t } from "../abi/runtime/types.ts";
import * as cu from "../driver/event.ts";
import { inContext, inContextBlocking } from "./core/call.ts";

/** Event Management: the driver's events under the runtime's names. */

/**
 * Makes an event with timing.
 * @param event gets it
 * @returns cudaErrorInvalidValue: event NULL.
 */
export function cudaEventCreate(t: Caller, event: Out<cudaEvent_t> | null): cudaError_t {
  return cudaEventCreateWithFlags(t, event, 0);
}

/**
 * Makes an event.
 * @param event gets it
 * @param flags cudaEventDefault, or of cudaEventBlockingSync, cudaEventDisableTiming, cudaEventInterprocess (which needs cudaEventDisableTiming)
 * @returns cudaErrorInvalidValue: event NULL, other flags.
 */
export function cudaEventCreateWithFlags(t: Caller, event: Out<cudaEvent_t> | null, flags: number): cudaError_t {
  return inContext(t, () => cu.cuEventCreate(t, event, flags));
}

/**
 * Records what is in a stream at this moment; an earlier record is forgotten.
 * @returns cudaErrorInvalidResourceHandle: not an event, not a stream, or of different contexts.
 */
export function cudaEventRecord(t: Caller, event: cudaEvent_t | null, stream: cudaStream_t | null): cudaError_t {
  return inContext(t, () => cu.cuEventRecord(t, event, stream));
}

/**
 * cudaEventRecord with flags.
 * @param flags cudaEventRecordDefault; cudaEventRecordExternal only while the stream is captured
 * @returns as cudaEventRecord; cudaErrorInvalidValue: other flags.
 */
export function cudaEventRecordWithFlags(t: Caller, event: cudaEvent_t | null, stream: cudaStream_t | null, flags: number): cudaError_t {
  return inContext(t, () => cu.cuEventRecordWithFlags(t, event, stream, flags));
}

/**
 * Whether the recorded work is done. An event that was never recorded counts as done.
 * @returns 0: done. cudaErrorNotReady: not yet. cudaErrorInvalidResourceHandle: not an event.
 */
export function cudaEventQuery(t: Caller, event: cudaEvent_t | null): cudaError_t {
  return inContext(t, () => cu.cuEventQuery(t, event));
}

/**
 * Blocks until the recorded work is done.
 * @returns cudaErrorInvalidResourceHandle: not an event.
 */
export function* cudaEventSynchronize(t: Caller, event: cudaEvent_t | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cu.cuEventSynchronize(t, event));
}

/**
 * Destroys an event. A pending record goes on; its resources go when it ends. Does not block.
 * @returns cudaErrorInvalidResourceHandle: not an event.
 */
export function cudaEventDestroy(t: Caller, event: cudaEvent_t | null): cudaError_t {
  return inContext(t, () => cu.cuEventDestroy_v2(t, event));
}

/**
 * Virtual time between two recorded events, in milliseconds.
 * @param ms gets it
 * @returns cudaErrorInvalidResourceHandle: not an event, never recorded, or made without timing. cudaErrorNotReady: not done yet. cudaErrorInvalidValue: ms NULL.
 */
export function cudaEventElapsedTime(t: Caller, ms: Out<number> | null, start: cudaEvent_t | null, end: cudaEvent_t | null): cudaError_t {
  return inContext(t, () => cu.cuEventElapsedTime_v2(t, ms, start, end));
}

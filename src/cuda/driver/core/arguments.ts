import type { Caller } from "../../../api/caller.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { CUevent, CUstream } from "../../abi/driver/types.ts";
import { checkLegacy } from "./capture.ts";
import type { Context } from "./context.ts";
import type { Event } from "./event.ts";
import { fail } from "./fail.ts";
import type { Stream } from "./stream.ts";

/** The default stream that NULL means for the calling thread. */
export function defaultStream(t: Caller, context: Context): Stream {
  return context.driver.perThreadDefault ? context.perThreadStream(t) : context.legacy;
}

/**
 * The stream a handle names, of any context of the process. 0 and NULL: the default stream; CU_STREAM_LEGACY and CU_STREAM_PER_THREAD: those of the current context.
 * @returns INVALID_HANDLE: no stream of this process. CONTEXT_IS_DESTROYED: a destroyed stream (as drivers answer; the manual calls it undefined).
 */
export function anyStream(t: Caller, context: Context, hStream: CUstream | null): Stream | CUresult {
  if (hStream === null || hStream === 0) return defaultStream(t, context);
  const stream = context.driver.streams.get(hStream);
  if (stream !== undefined) return stream;
  if (hStream === cu.CU_STREAM_LEGACY) return context.legacy;
  if (hStream === cu.CU_STREAM_PER_THREAD) return context.perThreadStream(t);
  if (context.driver.streams.isStale(hStream)) return fail(t, cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "hStream names a stream that has been destroyed", { hStream });
  return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "hStream must be a stream of this process", { hStream });
}

/** The same for calls that put work into the stream: it must belong to the current context. */
export function ownStream(t: Caller, context: Context, hStream: CUstream | null): Stream | CUresult {
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (stream.context === context) {
    const code = context.driver.captures.size === 0 ? 0 : checkLegacy(t, stream);
    return code === 0 ? stream : code;
  }
  return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "hStream must belong to the current context", { hStream, streamContext: stream.context.handle, currentContext: context.handle });
}

/** The event a handle names. @returns INVALID_HANDLE: no event of this process. */
export function anyEvent(t: Caller, context: Context, hEvent: CUevent | null): Event | CUresult {
  const event = context.driver.events.get(hEvent ?? 0);
  if (event !== undefined) return event;
  const stale = hEvent !== null && context.driver.events.isStale(hEvent);
  return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, stale ? "hEvent names an event that has been destroyed" : "hEvent must be an event of this process", { hEvent });
}

/** Whether a number is what a C size_t can be. */
export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Whether a value is one of an enum's. */
export function isEnumerator(values: Readonly<Record<string, number>>, value: number): boolean {
  return Object.values(values).includes(value);
}

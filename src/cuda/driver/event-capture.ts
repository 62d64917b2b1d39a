import type { Caller } from "../../api/caller.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import { addTips, captureNode, checkLegacy, failInvalidated, invalidate, join } from "./core/capture.ts";
import type { Event } from "./core/event.ts";
import { fail } from "./core/fail.ts";
import type { Stream } from "./core/stream.ts";

/** What records and waits are while streams capture: how a capture spreads to other streams and comes together again. */

/**
 * A wait while captures are under way.
 * @returns the call's result; null: the wait has nothing to do with any capture
 */
export function waitCapturing(t: Caller, stream: Stream, event: Event, flags: number): CUresult | null {
  const { captured } = event;
  if (stream.capture === null) {
    if (captured === null) {
      const legacy = checkLegacy(t, stream);
      return legacy === 0 ? null : legacy;
    }
    if (!stream.context.driver.captures.has(captured.capture)) return null;
    if (flags !== cu.CU_EVENT_WAIT_DEFAULT) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_EVENT_WAIT_DEFAULT outside of stream capture", { Flags: flags });
    if (stream.isLegacy) {
      invalidate(captured.capture, cu.CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
      return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "the legacy default stream cannot take part in a capture");
    }
    if (captured.capture.broken !== 0) return failInvalidated(t, captured.capture);
    join(stream, captured.capture, captured.tips);
    return 0;
  }
  const { capture } = stream;
  if (flags !== cu.CU_EVENT_WAIT_DEFAULT && flags !== cu.CU_EVENT_WAIT_EXTERNAL) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be CU_EVENT_WAIT_DEFAULT or CU_EVENT_WAIT_EXTERNAL", { Flags: flags });
  if (capture.broken !== 0) return failInvalidated(t, capture);
  if (flags === cu.CU_EVENT_WAIT_EXTERNAL) return captureNode(t, stream, { kind: "wait", event });
  if (captured === null) {
    // An event never recorded stands for no work at all.
    if (event.recorded === null && event.shared === null) return 0;
    invalidate(capture, cu.CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
    return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "a capturing stream cannot wait for work outside of the capture (CU_EVENT_WAIT_EXTERNAL makes a node that does)", { hEvent: event.handle });
  }
  if (captured.capture === capture) {
    addTips(stream, captured.tips);
    return 0;
  }
  if (!stream.context.driver.captures.has(captured.capture)) return null;
  for (const each of [capture, captured.capture]) invalidate(each, cu.CUDA_ERROR_STREAM_CAPTURE_MERGE);
  return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_MERGE, "hEvent belongs to another capture: two captures cannot be tied together", { hEvent: event.handle });
}

/** A record in a capturing stream: the event stands for the stream's last nodes; an external one is a node. */
export function recordCapturing(t: Caller, stream: Stream, event: Event, flags: number): CUresult {
  const capture = stream.capture!;
  if (capture.broken !== 0) return failInvalidated(t, capture);
  if (flags === cu.CU_EVENT_RECORD_EXTERNAL) return captureNode(t, stream, { kind: "record", event });
  event.forget();
  event.captured = { capture, tips: stream.tips };
  return 0;
}

/** An event that stands for nodes of a graph can neither be asked nor waited for. @returns 0, or CAPTURED_EVENT; the capture is lost */
export function checkCaptured(t: Caller, event: Event): CUresult {
  if (event.captured === null) return 0;
  invalidate(event.captured.capture, cu.CUDA_ERROR_CAPTURED_EVENT);
  return fail(t, cu.CUDA_ERROR_CAPTURED_EVENT, "the event was last recorded in a stream that captured: it stands for nodes of a graph, which execute when that is launched", { hEvent: event.handle });
}

import { stateKey, type Caller, type StateKey } from "../../../api/caller.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult, CUstreamCaptureMode } from "../../abi/driver/enums.ts";
import type { Capture, Tip } from "./capture-state.ts";
import type { Context } from "./context.ts";
import { fail } from "./fail.ts";
import { PLAIN, type GraphNode } from "./graph.ts";
import type { NodeSpec } from "./graph-spec.ts";
import type { DriverState } from "./state.ts";
import type { Stream } from "./stream.ts";

/** What capture forbids a thread, as cuThreadExchangeStreamCaptureMode sets it. */
export const captureModeKey: StateKey<{ mode: CUstreamCaptureMode }> = stateKey<{ mode: CUstreamCaptureMode }>("cuda capture mode", () => ({ mode: cu.CU_STREAM_CAPTURE_MODE_GLOBAL }));

/** Ends the usefulness of a capture: its streams stay in it until its end is called, which gives no graph. */
export function invalidate(capture: Capture, code: CUresult): void {
  if (capture.broken === 0) capture.broken = code;
}

/** Answers a call that may not be made on a capturing stream: the capture is lost. */
export function refuseCapturing(t: Caller, stream: Stream, rule: string): CUresult {
  const { capture } = stream;
  if (capture !== null) invalidate(capture, cu.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, `${rule}: a stream that captures executes nothing, so nothing of it can be waited for or asked about`, { stream: stream.id });
}

/** Captures that a blocking stream of a context takes part in: the legacy default stream would become part of them. */
function conflicting(context: Context): Capture[] {
  return [...context.driver.captures].filter((capture) => [...capture.streams].some((stream) => stream.blocking && stream.context === context));
}

/** Whether the legacy stream cannot be used now. @returns 0 or STREAM_CAPTURE_IMPLICIT; `query`: the captures live on */
export function checkLegacy(t: Caller, stream: Stream, query = false): CUresult {
  if (!stream.isLegacy) return 0;
  const found = conflicting(stream.context);
  if (found.length === 0) return 0;
  if (!query) for (const capture of found) invalidate(capture, cu.CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
  return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "the legacy default stream cannot be used while a blocking stream of its context captures: it would have to be ordered with that (capture in a stream made with CU_STREAM_NON_BLOCKING)", { captures: found.length });
}

/** Captures that forbid a thread calls which may synchronise behind its back. */
export function forbidding(t: Caller, driver: DriverState): Capture[] {
  const { mode } = t.threadState(captureModeKey);
  if (mode === cu.CU_STREAM_CAPTURE_MODE_RELAXED) return [];
  return [...driver.captures].filter((capture) => {
    if (capture.mode === cu.CU_STREAM_CAPTURE_MODE_RELAXED) return false;
    return capture.tid === t.sys.tid || (mode === cu.CU_STREAM_CAPTURE_MODE_GLOBAL && capture.mode === cu.CU_STREAM_CAPTURE_MODE_GLOBAL);
  });
}

/** Refuses a call that may synchronise, in a thread that captures forbid it. @returns 0 or STREAM_CAPTURE_UNSUPPORTED */
export function checkUnsafe(t: Caller, driver: DriverState): CUresult {
  const found = forbidding(t, driver);
  if (found.length === 0) return 0;
  for (const capture of found) invalidate(capture, cu.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, `${t.call} may synchronise, which a capture under way forbids this thread (cuThreadExchangeStreamCaptureMode lifts it, at the program's own risk)`, { captures: found.length });
}

/** The checks of a call that works in a default stream and may wait for it. */
export function checkSynchronous(t: Caller, stream: Stream): CUresult {
  const code = checkLegacy(t, stream);
  if (code !== 0) return code;
  if (stream.capture !== null) return refuseCapturing(t, stream, "this call waits for its stream");
  return checkUnsafe(t, stream.context.driver);
}

/** The checks of a call that asks about a stream's work or waits for it. */
export function checkWaitable(t: Caller, stream: Stream): CUresult {
  if (stream.capture !== null) return refuseCapturing(t, stream, "the stream's work cannot be waited for or asked about");
  return stream.context.driver.captures.size === 0 ? 0 : checkLegacy(t, stream);
}

/** The checks of a call that waits for all streams of a context. @returns 0, or STREAM_CAPTURE_UNSUPPORTED */
export function checkContextIdle(t: Caller, context: Context): CUresult {
  const found = [...context.driver.captures].filter((capture) => [...capture.streams].some((stream) => stream.context === context));
  if (found.length === 0) return 0;
  for (const capture of found) invalidate(capture, cu.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "a stream of the context captures: its work cannot be waited for", { captures: found.length });
}

/** Takes an operation of a capturing stream as a node. @returns 0, or STREAM_CAPTURE_INVALIDATED */
export function captureNode(t: Caller, stream: Stream, spec: NodeSpec): CUresult {
  const capture = stream.capture!;
  if (capture.broken !== 0) return failInvalidated(t, capture);
  // The program may have destroyed nodes of the graph meanwhile.
  const tips = stream.tips.filter((tip) => capture.graph.nodes.has(tip.node));
  const node = capture.graph.add(spec, tips.map((tip) => tip.node), tips.map((tip) => tip.kind));
  stream.tips = [{ node, kind: PLAIN }];
  return 0;
}

/** Answers a call in a capture that an earlier call broke. */
export function failInvalidated(t: Caller, capture: Capture): CUresult {
  return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "an earlier call broke the rules of this capture: it takes no more work, and cuStreamEndCapture will give no graph", { capture: Number(capture.id), because: capture.broken });
}

/** Joins dependencies to those a stream has. */
export function addTips(stream: Stream, tips: readonly Tip[]): void {
  const more = tips.filter(({ node }) => !stream.tips.some((tip) => tip.node === node));
  if (more.length > 0) stream.tips = [...stream.tips, ...more];
}

/** Takes a stream into a capture. */
export function join(stream: Stream, capture: Capture, tips: readonly Tip[]): void {
  stream.capture = capture;
  stream.tips = tips;
  capture.streams.add(stream);
}

/** All streams leave a capture; it is over. */
export function endCapture(driver: DriverState, capture: Capture): void {
  driver.captures.delete(capture);
  for (const stream of capture.streams) {
    stream.capture = null;
    stream.tips = [];
  }
  capture.streams.clear();
}

/** A stream is destroyed: with the origin the whole capture ends, without a graph. */
export function leaveCapture(t: Caller, stream: Stream): void {
  const { capture } = stream;
  if (capture === null) return;
  if (capture.origin === stream) {
    endCapture(stream.context.driver, capture);
    if (capture.ownsGraph) capture.graph.destroy(t);
    return;
  }
  capture.orphans.push(...stream.tips);
  capture.streams.delete(stream);
  stream.capture = null;
  stream.tips = [];
}

/** Nodes that must end before these do, themselves included. */
export function ancestors(tips: readonly Tip[]): ReadonlySet<GraphNode> {
  const found = new Set<GraphNode>(tips.map((tip) => tip.node));
  for (const node of found) for (const edge of node.before) found.add(edge.from);
  return found;
}

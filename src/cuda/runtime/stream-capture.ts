import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import type { cudaError_t, cudaStreamCaptureMode, cudaStreamCaptureStatus } from "../abi/runtime/enums.ts";
import type { cudaGraph_t, cudaGraphEdgeData, cudaGraphNode_t, cudaStream_t } from "../abi/runtime/types.ts";
import * as cu from "../driver/stream-capture.ts";
import { inContext, withDriver } from "./core/call.ts";

/** Stream Management: capture. */

/**
 * Begins to capture: until cudaStreamEndCapture the stream's work becomes nodes of a new graph and does not execute.
 * @param mode what the capture forbids meanwhile
 * @returns cudaErrorStreamCaptureUnsupported: the legacy default stream. cudaErrorInvalidValue: not of cudaStreamCaptureMode. cudaErrorIllegalState: the stream captures already. cudaErrorInvalidResourceHandle: not a stream.
 */
export function cudaStreamBeginCapture(t: Caller, stream: cudaStream_t | null, mode: cudaStreamCaptureMode): cudaError_t {
  return inContext(t, () => cu.cuStreamBeginCapture_v2(t, stream, mode));
}

/**
 * Begins to capture into a graph that exists.
 * @param dependencies nodes of the graph that the first captured work begins after
 * @param dependencyData what those edges say; NULL: nothing
 * @returns as cudaStreamBeginCapture; cudaErrorInvalidValue: not a graph, one that is captured into already, dependencies that are no nodes of it or named twice.
 */
export function cudaStreamBeginCaptureToGraph(
  t: Caller, stream: cudaStream_t | null, graph: cudaGraph_t | null, dependencies: readonly cudaGraphNode_t[] | null, dependencyData: readonly In<cudaGraphEdgeData>[] | null, numDependencies: number, mode: cudaStreamCaptureMode,
): cudaError_t {
  return inContext(t, () => cu.cuStreamBeginCaptureToGraph(t, stream, graph, dependencies, dependencyData, numDependencies, mode));
}

/**
 * Swaps the calling thread's capture mode: what captures under way forbid it.
 * @param mode in: the new mode; out: the old one
 * @returns cudaErrorInvalidValue: mode NULL, or not of cudaStreamCaptureMode.
 */
export function cudaThreadExchangeStreamCaptureMode(t: Caller, mode: Out<cudaStreamCaptureMode> | null): cudaError_t {
  return withDriver(t, () => cu.cuThreadExchangeStreamCaptureMode(t, mode));
}

/**
 * Ends a capture. All streams that took part are ordinary again.
 * @param pGraph gets the graph; NULL (0) when the capture was invalidated
 * @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: pGraph NULL. cudaErrorIllegalState: the stream does not capture. cudaErrorStreamCaptureUnmatched,
 * cudaErrorStreamCaptureWrongThread, cudaErrorStreamCaptureInvalidated, cudaErrorStreamCaptureUnjoined: see cuStreamEndCapture.
 */
export function cudaStreamEndCapture(t: Caller, stream: cudaStream_t | null, pGraph: Out<cudaGraph_t> | null): cudaError_t {
  return inContext(t, () => cu.cuStreamEndCapture(t, stream, pGraph));
}

/**
 * Whether a stream is capturing.
 * @param pCaptureStatus gets cudaStreamCaptureStatusNone, Active or Invalidated
 * @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: pCaptureStatus NULL. cudaErrorStreamCaptureImplicit: the legacy stream, while a blocking one captures; that lives on.
 */
export function cudaStreamIsCapturing(t: Caller, stream: cudaStream_t | null, pCaptureStatus: Out<cudaStreamCaptureStatus> | null): cudaError_t {
  return inContext(t, () => cu.cuStreamIsCapturing(t, stream, pCaptureStatus));
}

/**
 * What a stream captures: the capture's identity, its graph, and the nodes that the next one will depend on. All but the status may be NULL.
 * @param captureStatus_out gets cudaStreamCaptureStatus*
 * @returns as cudaStreamIsCapturing; cudaErrorLossyQuery: edges will say something and edgeData_out is NULL.
 */
export function cudaStreamGetCaptureInfo(
  t: Caller, stream: cudaStream_t | null, captureStatus_out: Out<cudaStreamCaptureStatus> | null, id_out: Out<bigint> | null, graph_out: Out<cudaGraph_t> | null, dependencies_out: Out<readonly cudaGraphNode_t[]> | null,
  edgeData_out: Out<readonly cudaGraphEdgeData[]> | null, numDependencies_out: Out<number> | null,
): cudaError_t {
  return inContext(t, () => cu.cuStreamGetCaptureInfo_v3(t, stream, captureStatus_out, id_out, graph_out, dependencies_out, edgeData_out as never, numDependencies_out));
}

/**
 * Changes the nodes that a capturing stream's next work will depend on.
 * @param flags cudaStreamAddCaptureDependencies or cudaStreamSetCaptureDependencies
 * @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorIllegalState: it does not capture. cudaErrorInvalidValue: other flags, not nodes of the captured graph, named twice.
 */
export function cudaStreamUpdateCaptureDependencies(
  t: Caller, stream: cudaStream_t | null, dependencies: readonly cudaGraphNode_t[] | null, dependencyData: readonly In<cudaGraphEdgeData>[] | null, numDependencies: number, flags: number,
): cudaError_t {
  return inContext(t, () => cu.cuStreamUpdateCaptureDependencies_v2(t, stream, dependencies, dependencyData, numDependencies, flags));
}

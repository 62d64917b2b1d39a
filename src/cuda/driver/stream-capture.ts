import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUstreamCaptureMode, type CUresult, type CUstreamCaptureStatus } from "../abi/driver/enums.ts";
import type { CUgraph, CUgraphEdgeData, CUgraphNode, CUstream } from "../abi/driver/types.ts";
import { anyStream, isEnumerator } from "./core/arguments.ts";
import { addTips, ancestors, captureModeKey, checkLegacy, endCapture, failInvalidated, join } from "./core/capture.ts";
import type { Capture, Tip } from "./core/capture-state.ts";
import { enter, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { Graph, graphKey, PLAIN, type GraphNode } from "./core/graph.ts";
import type { Stream } from "./core/stream.ts";
import { dependencyNodes, edgeData, edgeKind, graphArgument } from "./graph-argument.ts";

/**
 * Stream Management: capture. Between its begin and its end nothing of a stream executes: work becomes nodes of a graph, each depending on the one before. What events spread and
 * bring together is in event-capture.ts, what is forbidden meanwhile in core/capture.ts and core/capture-guard.ts.
 */

/**
 * Swaps the calling thread's capture mode: what captures under way forbid it. GLOBAL: calls that may synchronise, while it captures itself or any thread has a global capture; THREAD_LOCAL: while it
 * captures itself; RELAXED: nothing but what cannot be.
 * @param mode in: the new mode; out: the old one
 * @returns INVALID_VALUE: mode NULL, or not of CUstreamCaptureMode.
 */
export function cuThreadExchangeStreamCaptureMode(t: Caller, mode: Out<CUstreamCaptureMode> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (mode === null || !mode.isSet || !isEnumerator(CUstreamCaptureMode, mode.value)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "mode must hold a value of CUstreamCaptureMode");
  const own = t.threadState(captureModeKey);
  const before = own.mode;
  own.mode = mode.value;
  mode.value = before;
  return 0;
}

/** A stream that can begin to capture. */
function fresh(t: Caller, hStream: CUstream | null, mode: CUstreamCaptureMode): Stream | CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (stream.isLegacy) return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the legacy default stream cannot capture", { hStream });
  if (!isEnumerator(CUstreamCaptureMode, mode)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "mode must be of CUstreamCaptureMode", { mode });
  if (stream.capture !== null) return fail(t, cu.CUDA_ERROR_ILLEGAL_STATE, "the stream captures already", { hStream });
  return stream;
}

function begin(t: Caller, stream: Stream, mode: CUstreamCaptureMode, graph: Graph, ownsGraph: boolean, tips: readonly Tip[]): CUresult {
  const { driver } = stream.context;
  const capture: Capture = { id: BigInt(driver.nextId()), graph, ownsGraph, mode, origin: stream, tid: t.sys.tid, streams: new Set(), orphans: [], broken: 0 };
  driver.captures.add(capture);
  join(stream, capture, tips);
  return 0;
}

/**
 * Begins to capture: until cuStreamEndCapture the stream's work becomes nodes of a new graph and does not execute.
 * @param mode what the capture forbids meanwhile; see cuThreadExchangeStreamCaptureMode
 * @returns STREAM_CAPTURE_UNSUPPORTED: the legacy default stream. INVALID_VALUE: not of CUstreamCaptureMode. ILLEGAL_STATE: the stream captures already. INVALID_HANDLE: not a stream.
 * CONTEXT_IS_DESTROYED: a destroyed stream.
 */
export function cuStreamBeginCapture_v2(t: Caller, hStream: CUstream | null, mode: CUstreamCaptureMode): CUresult {
  const stream = fresh(t, hStream, mode);
  return typeof stream === "number" ? stream : begin(t, stream, mode, Graph.create(t.processState(graphKey)), true, []);
}

/** Dependencies with what their edges say. */
function tipsArgument(t: Caller, graph: Graph, dependencies: readonly CUgraphNode[] | null, data: readonly In<CUgraphEdgeData>[] | null, count: number): readonly Tip[] | CUresult {
  const nodes = dependencyNodes(t, graph, dependencies, count);
  if (typeof nodes === "number") return nodes;
  if (data !== null && data.length < count) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dependencyData must have numDependencies entries", { numDependencies: count });
  const tips: Tip[] = [];
  for (const [i, node] of nodes.entries()) {
    // What will depend on it is not known yet: a kernel has every port.
    const kind = edgeKind(node, { spec: { kind: "kernel" } } as GraphNode, data?.[i]);
    if (typeof kind === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, kind, { node: node.handle });
    tips.push({ node, kind });
  }
  return tips;
}

/**
 * Begins to capture into a graph that exists: what is captured is added to it.
 * @param dependencies nodes of the graph that the first captured work begins after
 * @param dependencyData what those edges say; NULL: nothing
 * @returns as cuStreamBeginCapture; INVALID_VALUE: not a graph, one that is captured into already, dependencies that are no nodes of it or named twice.
 */
export function cuStreamBeginCaptureToGraph(t: Caller, hStream: CUstream | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, dependencyData: readonly In<CUgraphEdgeData>[] | null, numDependencies: number, mode: CUstreamCaptureMode): CUresult {
  const stream = fresh(t, hStream, mode);
  if (typeof stream === "number") return stream;
  const graph = graphArgument(t, hGraph);
  if (typeof graph === "number") return graph;
  if ([...stream.context.driver.captures].some((capture) => capture.graph === graph)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "another stream captures into this graph", { hGraph });
  const tips = tipsArgument(t, graph, dependencies, dependencyData, numDependencies);
  return typeof tips === "number" ? tips : begin(t, stream, mode, graph, false, tips);
}

/**
 * Ends a capture. All streams that took part are ordinary again.
 * @param phGraph gets the graph; NULL (0) when the capture was invalidated
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: phGraph NULL. ILLEGAL_STATE: the stream does not capture. STREAM_CAPTURE_UNMATCHED: the capture began in another stream. STREAM_CAPTURE_WRONG_THREAD:
 * another thread began it, not in relaxed mode. STREAM_CAPTURE_INVALIDATED: an earlier call broke it; it is over. STREAM_CAPTURE_UNJOINED: work of another stream leads nowhere; the capture is not ended.
 */
export function cuStreamEndCapture(t: Caller, hStream: CUstream | null, phGraph: Out<CUgraph> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (phGraph === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phGraph must not be NULL");
  const { capture } = stream;
  if (capture === null) return fail(t, cu.CUDA_ERROR_ILLEGAL_STATE, "the stream does not capture", { hStream });
  if (capture.origin !== stream) return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, "the capture began in another stream, and must end there", { hStream, origin: capture.origin.handle });
  if (capture.tid !== t.sys.tid && capture.mode !== cu.CU_STREAM_CAPTURE_MODE_RELAXED) {
    return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "the thread that began the capture must end it (CU_STREAM_CAPTURE_MODE_RELAXED lets any)", { began: capture.tid, ends: t.sys.tid });
  }
  if (capture.broken !== 0) {
    const code = failInvalidated(t, capture);
    endCapture(context.driver, capture);
    if (capture.ownsGraph) capture.graph.destroy(t);
    phGraph.value = 0;
    return code;
  }
  const joined = ancestors(stream.tips);
  for (const tip of [...[...capture.streams].filter((other) => other !== stream).flatMap((other) => other.tips), ...capture.orphans]) {
    if (!joined.has(tip.node)) return fail(t, cu.CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "work that other streams captured is not joined: the stream that the capture began in must wait for an event behind it", { node: tip.node.handle });
  }
  endCapture(context.driver, capture);
  phGraph.value = capture.graph.handle;
  return 0;
}

/** A stream whose capture is asked about: the legacy stream only when that means nothing. */
function asked(t: Caller, hStream: CUstream | null): Stream | CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const code = context.driver.captures.size === 0 ? 0 : checkLegacy(t, stream, true);
  return code === 0 ? stream : code;
}

function statusOf({ capture }: Stream): CUstreamCaptureStatus {
  return capture === null ? cu.CU_STREAM_CAPTURE_STATUS_NONE : capture.broken === 0 ? cu.CU_STREAM_CAPTURE_STATUS_ACTIVE : cu.CU_STREAM_CAPTURE_STATUS_INVALIDATED;
}

/**
 * Whether a stream is capturing.
 * @param captureStatus gets CU_STREAM_CAPTURE_STATUS_NONE, _ACTIVE or _INVALIDATED
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: captureStatus NULL. STREAM_CAPTURE_IMPLICIT: the legacy stream, while a blocking one captures; that lives on.
 */
export function cuStreamIsCapturing(t: Caller, hStream: CUstream | null, captureStatus: Out<CUstreamCaptureStatus> | null): CUresult {
  const stream = asked(t, hStream);
  if (typeof stream === "number") return stream;
  if (captureStatus === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "captureStatus must not be NULL");
  captureStatus.value = statusOf(stream);
  return 0;
}

/**
 * What a stream captures: the capture's identity, its graph, and the nodes that the next one will depend on. All but the status may be NULL, and is written only while the capture is active.
 * @param captureStatus_out gets CU_STREAM_CAPTURE_STATUS_*
 * @param id_out gets a number that no other capture of the process has
 * @param graph_out gets the graph, which may be read and added to but not destroyed
 * @returns INVALID_HANDLE: not a stream. INVALID_VALUE: captureStatus_out NULL. STREAM_CAPTURE_IMPLICIT: the legacy stream, while a blocking one captures. LOSSY_QUERY: edges will say something and
 * edgeData_out is NULL.
 */
export function cuStreamGetCaptureInfo_v3(
  t: Caller, hStream: CUstream | null, captureStatus_out: Out<CUstreamCaptureStatus> | null, id_out: Out<bigint> | null, graph_out: Out<CUgraph> | null, dependencies_out: Out<readonly CUgraphNode[]> | null,
  edgeData_out: Out<readonly CUgraphEdgeData[]> | null, numDependencies_out: Out<number> | null,
): CUresult {
  const stream = asked(t, hStream);
  if (typeof stream === "number") return stream;
  if (captureStatus_out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "captureStatus_out must not be NULL");
  const { capture, tips } = stream;
  if (capture !== null && capture.broken === 0) {
    if (dependencies_out !== null && edgeData_out === null && tips.some(({ kind }) => kind !== PLAIN)) return fail(t, cu.CUDA_ERROR_LOSSY_QUERY, "some dependencies have edge data that would be lost: edgeData_out must be given");
    if (id_out !== null) id_out.value = capture.id;
    if (graph_out !== null) graph_out.value = capture.graph.handle;
    if (dependencies_out !== null) dependencies_out.value = tips.map((tip) => tip.node.handle);
    if (edgeData_out !== null) edgeData_out.value = tips.map((tip) => edgeData(tip.kind));
    if (numDependencies_out !== null) numDependencies_out.value = tips.length;
  }
  captureStatus_out.value = statusOf(stream);
  return 0;
}

/**
 * Changes the nodes that a capturing stream's next work will depend on.
 * @param dependencies nodes of the captured graph
 * @param dependencyData what the edges will say; NULL: nothing
 * @param flags CU_STREAM_ADD_CAPTURE_DEPENDENCIES or CU_STREAM_SET_CAPTURE_DEPENDENCIES
 * @returns INVALID_HANDLE: not a stream. ILLEGAL_STATE: it does not capture. STREAM_CAPTURE_INVALIDATED: its capture is broken. INVALID_VALUE: other flags, not nodes of the captured graph, named twice.
 */
export function cuStreamUpdateCaptureDependencies_v2(t: Caller, hStream: CUstream | null, dependencies: readonly CUgraphNode[] | null, dependencyData: readonly In<CUgraphEdgeData>[] | null, numDependencies: number, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = anyStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const { capture } = stream;
  if (capture === null) return fail(t, cu.CUDA_ERROR_ILLEGAL_STATE, "the stream does not capture", { hStream });
  if (capture.broken !== 0) return failInvalidated(t, capture);
  if (flags !== cu.CU_STREAM_ADD_CAPTURE_DEPENDENCIES && flags !== cu.CU_STREAM_SET_CAPTURE_DEPENDENCIES) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be of CUstreamUpdateCaptureDependencies_flags", { flags });
  const tips = tipsArgument(t, capture.graph, dependencies, dependencyData, numDependencies);
  if (typeof tips === "number") return tips;
  if (flags === cu.CU_STREAM_SET_CAPTURE_DEPENDENCIES) stream.tips = tips;
  else addTips(stream, tips);
  return 0;
}

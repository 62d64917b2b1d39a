import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUgraphInstantiateResult, CUresult } from "../abi/driver/enums.ts";
import type { CUDA_GRAPH_INSTANTIATE_PARAMS, CUgraph, CUgraphExec, CUgraphNode, CUstream } from "../abi/driver/types.ts";
import { ownStream } from "./core/arguments.ts";
import { captureNode, refuseCapturing } from "./core/capture.ts";
import { failSubmit } from "./core/copy.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { Graph, GraphNode } from "./core/graph.ts";
import { GraphExec } from "./core/graph-exec.ts";
import type { Stream } from "./core/stream.ts";
import { submitMarker } from "./core/submit.ts";
import { enterGraphs, execArgument, graphArgument } from "./graph-argument.ts";
import { launchGraph } from "./graph-run.ts";

/** Graph Management: making graphs executable, and launching them. Changing them afterwards: graph-exec-nodes.ts, graph-update.ts. */

const AUTO_FREE = cu.CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH;
const UPLOAD = cu.CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD;
const DEVICE = cu.CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH;
const PRIORITY = cu.CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;

/** Whether a graph's dependencies, and those of its children, go round nowhere. */
function isSound(graph: Graph): boolean {
  if (graph.sorted() === null) return false;
  for (const { spec } of graph.nodes) if (spec.kind === "graph" && !isSound(spec.graph)) return false;
  return true;
}

/** How an instantiation went, for who asks in detail. */
interface Outcome {
  readonly code: CUresult;
  readonly result: CUgraphInstantiateResult;
  readonly exec: GraphExec | null;
}

function instantiate(t: Caller, phGraphExec: Out<CUgraphExec> | null, hGraph: CUgraph | null, flags: number, allowed: number): Outcome {
  const failed = (code: CUresult, result: CUgraphInstantiateResult = cu.CUDA_GRAPH_INSTANTIATE_ERROR): Outcome => ({ code, result, exec: null });
  const state = enterGraphs(t);
  if (typeof state === "number") return failed(state);
  if (phGraphExec === null) return failed(fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phGraphExec must not be NULL"));
  const graph = graphArgument(t, hGraph);
  if (typeof graph === "number") return failed(graph);
  if (!Number.isInteger(flags) || (flags & ~allowed) !== 0) return failed(fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be CUDA_GRAPH_INSTANTIATE_FLAG_* (UPLOAD with cuGraphInstantiateWithParams only)", { flags }));
  if ((flags & DEVICE) !== 0 && (flags & AUTO_FREE) !== 0) return failed(fail(t, cu.CUDA_ERROR_INVALID_VALUE, "graphs for launches from the device cannot free on launch", { flags }));
  if ((flags & DEVICE) !== 0) return failed(fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "graphs cannot be launched from the device", { flags }), cu.CUDA_GRAPH_INSTANTIATE_NODE_OPERATION_NOT_SUPPORTED);
  if (graph.owner !== null && graph.moved) return failed(fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a graph that was moved into another runs only there", { hGraph }));
  if (!isSound(graph)) return failed(fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the graph's dependencies go round", { hGraph }), cu.CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE);
  if (graph.execs.size > 0 && graph.hasMemory) return failed(fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a graph that allocates or frees can have one executable graph at a time", { hGraph }));
  const nodes = new Map<GraphNode, GraphNode>();
  const exec = new GraphExec(state, graph, graph.clone(false, nodes), nodes, flags);
  phGraphExec.value = exec.handle;
  return { code: 0, result: cu.CUDA_GRAPH_INSTANTIATE_SUCCESS, exec };
}

/**
 * Makes an executable graph of a graph: a snapshot, which later changes of the graph do not touch.
 * @param phGraphExec gets it
 * @param flags CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH (a launch frees what the one before allocated and nobody freed) and _USE_NODE_PRIORITY (kernel nodes by their own priority, not the stream's)
 * @returns INVALID_VALUE: phGraphExec NULL, not a graph, one that was moved into another, other flags, dependencies that go round, a second executable graph of one that allocates or frees.
 * NOT_SUPPORTED: launches from the device.
 */
export function cuGraphInstantiateWithFlags(t: Caller, phGraphExec: Out<CUgraphExec> | null, hGraph: CUgraph | null, flags: number | bigint): CUresult {
  return instantiate(t, phGraphExec, hGraph, Number(flags), AUTO_FREE | DEVICE | PRIORITY).code;
}

/**
 * cuGraphInstantiate with parameters in a struct, which also says how it went.
 * @param instantiateParams flags (CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD too) and hUploadStream; result_out gets a CUgraphInstantiateResult, hErrNode_out NULL
 * @returns as cuGraphInstantiate; INVALID_VALUE: instantiateParams NULL. INVALID_HANDLE: hUploadStream is not a stream of the current context.
 */
export function cuGraphInstantiateWithParams(t: Caller, phGraphExec: Out<CUgraphExec> | null, hGraph: CUgraph | null, instantiateParams: In<CUDA_GRAPH_INSTANTIATE_PARAMS> | null): CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  if (instantiateParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "instantiateParams must not be NULL");
  const flags = Number(instantiateParams.flags ?? 0);
  let upload: Stream | null = null;
  if ((flags & UPLOAD) !== 0) {
    const stream = uploadStream(t, instantiateParams.hUploadStream ?? 0);
    if (typeof stream === "number") return stream;
    upload = stream;
  }
  const { code, result, exec } = instantiate(t, phGraphExec, hGraph, flags, AUTO_FREE | UPLOAD | DEVICE | PRIORITY);
  const answer = instantiateParams as { result_out?: CUgraphInstantiateResult; hErrNode_out?: CUgraphNode };
  answer.result_out = result;
  answer.hErrNode_out = 0;
  if (exec === null || upload === null) return code;
  const uploaded = putUpload(t, upload);
  if (uploaded !== 0) exec.destroy(t);
  return uploaded;
}

function uploadStream(t: Caller, hStream: CUstream | null): Stream | CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number" || stream.capture === null) return stream;
  return refuseCapturing(t, stream, "an upload has no place in a graph");
}

/** The model has nothing to carry over: an upload is a point in the stream's order. */
function putUpload(t: Caller, stream: Stream): CUresult {
  const error = submitMarker(t, stream, "graph upload");
  return error < 0 ? failSubmit(t, stream, error) : 0;
}

/**
 * The flags that an executable graph was made with.
 * @param flags gets them
 * @returns INVALID_VALUE: not an executable graph, flags NULL.
 */
export function cuGraphExecGetFlags(t: Caller, hGraphExec: CUgraphExec | null, flags: Out<bigint> | null): CUresult {
  const exec = execArgument(t, hGraphExec);
  if (typeof exec === "number") return exec;
  if (flags === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must not be NULL");
  flags.value = BigInt(exec.flags);
  return 0;
}

/**
 * Carries an executable graph to the device in stream order, so that its first launch need not.
 * @returns INVALID_VALUE: not an executable graph. INVALID_HANDLE: not a stream of the current context. STREAM_CAPTURE_UNSUPPORTED: it captures.
 */
export function cuGraphUpload(t: Caller, hGraphExec: CUgraphExec | null, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const exec = execArgument(t, hGraphExec);
  if (typeof exec === "number") return exec;
  const stream = uploadStream(t, hStream);
  return typeof stream === "number" ? stream : putUpload(t, stream);
}

/** A launch in a capturing stream: a child graph, as the executable graph is now. */
function captureLaunch(t: Caller, exec: GraphExec, stream: Stream): CUresult {
  if (exec.graph.hasMemory) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a graph that allocates or frees cannot become a child graph");
  const copies = new Map<GraphNode, GraphNode>();
  const child = exec.graph.clone(true, copies);
  for (const node of exec.disabled) copies.get(node)!.spec = { kind: "empty" };
  const code = captureNode(t, stream, { kind: "graph", graph: child });
  if (code !== 0) child.destroy(t);
  return code;
}

/**
 * Launches an executable graph in a stream, as one unit: all of it comes after the stream's work so far, and later work after all of it. Launches of the same executable graph follow
 * each other in any streams. In a capturing stream it becomes a child graph.
 * @returns INVALID_VALUE: not an executable graph; memory of an earlier launch is not freed; what a node uses is gone. INVALID_HANDLE: not a stream of the current context. OUT_OF_MEMORY.
 */
export function cuGraphLaunch(t: Caller, hGraphExec: CUgraphExec | null, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const exec = execArgument(t, hGraphExec);
  if (typeof exec === "number") return exec;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  return stream.capture !== null ? captureLaunch(t, exec, stream) : launchGraph(t, exec, stream);
}

/**
 * Destroys an executable graph. Returns at once; a launch under way goes on.
 * @returns INVALID_VALUE: not an executable graph.
 */
export function cuGraphExecDestroy(t: Caller, hGraphExec: CUgraphExec | null): CUresult {
  const exec = execArgument(t, hGraphExec);
  if (typeof exec === "number") return exec;
  exec.destroy(t);
  return 0;
}

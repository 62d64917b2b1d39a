import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import type { CUDA_GRAPH_INSTANTIATE_PARAMS } from "../abi/driver/types.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaEvent_t, cudaGraphExecUpdateResultInfo, cudaGraphExec_t, cudaGraphInstantiateParams, cudaGraphNode_t, cudaGraph_t, cudaHostNodeParams, cudaKernelNodeParams, cudaMemsetParams, cudaStream_t } from "../abi/runtime/types.ts";
import * as cu from "../driver/graph-exec.ts";
import * as nodes from "../driver/graph-exec-nodes.ts";
import { cuGraphExecUpdate_v2 } from "../driver/graph-update.ts";
import { inContext, inContextBlocking, withDriver } from "./core/call.ts";
import { driverParams } from "./graph-kernel-node.ts";
import { setParams } from "./graph-simple-node.ts";

/** Graph Management: making graphs executable, launching and changing them. Copy nodes: graph-memcpy-node.ts. */

/**
 * Makes an executable graph of a graph: a snapshot, which later changes of the graph do not touch.
 * @param pGraphExec gets it
 * @param flags cudaGraphInstantiateFlagAutoFreeOnLaunch, cudaGraphInstantiateFlagUseNodePriority
 * @returns cudaErrorInvalidValue: pGraphExec NULL, not a graph, one that was moved into another, other flags, dependencies that go round, a second executable graph of one that allocates or frees.
 * cudaErrorNotSupported: launches from the device.
 */
export function cudaGraphInstantiate(t: Caller, pGraphExec: Out<cudaGraphExec_t> | null, graph: cudaGraph_t | null, flags: number | bigint): cudaError_t {
  return withDriver(t, () => cu.cuGraphInstantiateWithFlags(t, pGraphExec, graph, flags));
}

/** cudaGraphInstantiate under its older name. @returns as there. */
export function cudaGraphInstantiateWithFlags(
  t: Caller, pGraphExec: Out<cudaGraphExec_t> | null, graph: cudaGraph_t | null, flags: number | bigint,
): cudaError_t {
  return withDriver(t, () => cu.cuGraphInstantiateWithFlags(t, pGraphExec, graph, flags));
}

/**
 * cudaGraphInstantiate with parameters in a struct, which also says how it went.
 * @param instantiateParams flags (cudaGraphInstantiateFlagUpload too) and uploadStream; result_out gets a cudaGraphInstantiateResult, errNode_out NULL
 * @returns as cudaGraphInstantiate; cudaErrorInvalidValue: instantiateParams NULL. cudaErrorInvalidResourceHandle: uploadStream is not a stream.
 */
export function cudaGraphInstantiateWithParams(
  t: Caller, pGraphExec: Out<cudaGraphExec_t> | null, graph: cudaGraph_t | null, instantiateParams: In<cudaGraphInstantiateParams> | null,
): cudaError_t {
  return inContext(t, () => {
    if (instantiateParams === null) return cu.cuGraphInstantiateWithParams(t, pGraphExec, graph, null);
    const params = { flags: instantiateParams.flags, hUploadStream: instantiateParams.uploadStream };
    const code = cu.cuGraphInstantiateWithParams(t, pGraphExec, graph, params);
    const { result_out, hErrNode_out } = params as In<CUDA_GRAPH_INSTANTIATE_PARAMS>;
    if (result_out !== undefined) Object.assign(instantiateParams, { result_out, errNode_out: hErrNode_out });
    return code;
  });
}

/** The flags that an executable graph was made with. @param flags gets them @returns cudaErrorInvalidValue: not an executable graph, flags NULL. */
export function cudaGraphExecGetFlags(t: Caller, graphExec: cudaGraphExec_t | null, flags: Out<bigint> | null): cudaError_t {
  return withDriver(t, () => cu.cuGraphExecGetFlags(t, graphExec, flags));
}

/** Carries an executable graph to the device in stream order. @returns cudaErrorInvalidValue: not an executable graph. cudaErrorInvalidResourceHandle: not a stream. */
export function cudaGraphUpload(t: Caller, graphExec: cudaGraphExec_t | null, stream: cudaStream_t | null): cudaError_t {
  return inContext(t, () => cu.cuGraphUpload(t, graphExec, stream));
}

/**
 * Launches an executable graph in a stream, as one unit: all of it comes after the stream's work so far, and later work after all of it. Launches of the same executable graph follow each other.
 * @returns cudaErrorInvalidValue: not an executable graph; memory of an earlier launch is not freed; what a node uses is gone. cudaErrorInvalidResourceHandle: not a stream.
 */
export function cudaGraphLaunch(t: Caller, graphExec: cudaGraphExec_t | null, stream: cudaStream_t | null): cudaError_t {
  return inContext(t, () => cu.cuGraphLaunch(t, graphExec, stream));
}

/** Destroys an executable graph. Returns at once; a launch under way goes on. @returns cudaErrorInvalidValue: not an executable graph. */
export function cudaGraphExecDestroy(t: Caller, graphExec: cudaGraphExec_t | null): cudaError_t {
  return withDriver(t, () => cu.cuGraphExecDestroy(t, graphExec));
}

/**
 * Gives an executable graph the parameters of a graph with the same nodes, dependencies and order. When anything does not fit, nothing is changed.
 * @param resultInfo gets how it went, and the node (of hGraph) that does not fit
 * @returns cudaErrorGraphExecUpdateFailure: the graph does not fit. cudaErrorInvalidValue: not an executable graph, not a graph, resultInfo NULL.
 */
export function cudaGraphExecUpdate(
  t: Caller, hGraphExec: cudaGraphExec_t | null, hGraph: cudaGraph_t | null, resultInfo: Out<cudaGraphExecUpdateResultInfo> | null,
): cudaError_t {
  return withDriver(t, () => cuGraphExecUpdate_v2(t, hGraphExec, hGraph, resultInfo));
}

/**
 * Changes a kernel node of an executable graph; its attributes stay.
 * @returns cudaErrorInvalidValue: not an executable graph, not a kernel node of its graph, pNodeParams NULL, a function of another context, sizes and parameters that a launch would refuse.
 * cudaErrorInvalidDeviceFunction: no such kernel.
 */
export function* cudaGraphExecKernelNodeSetParams(
  t: Caller, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, pNodeParams: In<cudaKernelNodeParams> | null,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const params = yield* driverParams(t, context, pNodeParams);
    return typeof params === "number" ? params : yield* nodes.cuGraphExecKernelNodeSetParams_v2(t, hGraphExec, node, params);
  });
}

/** Changes a set node of an executable graph. Only sets of one row can be changed. @returns cudaErrorInvalidValue: not an executable graph, not a set node of its graph, pNodeParams NULL, parameters that cudaGraphAddMemsetNode would refuse, several rows. */
export function cudaGraphExecMemsetNodeSetParams(
  t: Caller, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, pNodeParams: In<cudaMemsetParams> | null,
): cudaError_t {
  return inContext(t, () => nodes.cuGraphExecMemsetNodeSetParams(t, hGraphExec, node, setParams(pNodeParams), null));
}

/** Changes a host node of an executable graph. @returns cudaErrorInvalidValue: not an executable graph, not a host node of its graph, pNodeParams or fn NULL. */
export function cudaGraphExecHostNodeSetParams(
  t: Caller, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, pNodeParams: In<cudaHostNodeParams> | null,
): cudaError_t {
  return withDriver(t, () => nodes.cuGraphExecHostNodeSetParams(t, hGraphExec, node, pNodeParams));
}

/** Gives a child graph of an executable graph the parameters of a graph of the same shape. @returns cudaErrorInvalidValue: not an executable graph, not a child node of its graph, not a graph, one that differs in more than parameters. */
export function cudaGraphExecChildGraphNodeSetParams(
  t: Caller, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, childGraph: cudaGraph_t | null,
): cudaError_t {
  return withDriver(t, () => nodes.cuGraphExecChildGraphNodeSetParams(t, hGraphExec, node, childGraph));
}

/** Changes the event that a node of an executable graph records. @returns cudaErrorInvalidValue: not an executable graph, not such a node of its graph, not an event. */
export function cudaGraphExecEventRecordNodeSetEvent(
  t: Caller, hGraphExec: cudaGraphExec_t | null, hNode: cudaGraphNode_t | null, event: cudaEvent_t | null,
): cudaError_t {
  return withDriver(t, () => nodes.cuGraphExecEventRecordNodeSetEvent(t, hGraphExec, hNode, event));
}

/** Changes the event that a node of an executable graph waits for. @returns cudaErrorInvalidValue: not an executable graph, not such a node of its graph, not an event. */
export function cudaGraphExecEventWaitNodeSetEvent(
  t: Caller, hGraphExec: cudaGraphExec_t | null, hNode: cudaGraphNode_t | null, event: cudaEvent_t | null,
): cudaError_t {
  return withDriver(t, () => nodes.cuGraphExecEventWaitNodeSetEvent(t, hGraphExec, hNode, event));
}

/** Switches a kernel, copy or set node of an executable graph off (it then only orders) or on. @param isEnabled 0: off @returns cudaErrorInvalidValue: not an executable graph, not such a node of its graph. */
export function cudaGraphNodeSetEnabled(t: Caller, hGraphExec: cudaGraphExec_t | null, hNode: cudaGraphNode_t | null, isEnabled: number): cudaError_t {
  return withDriver(t, () => nodes.cuGraphNodeSetEnabled(t, hGraphExec, hNode, isEnabled));
}

/** Whether a kernel, copy or set node of an executable graph is on. @param isEnabled gets 1 or 0 @returns cudaErrorInvalidValue: not an executable graph, not such a node of its graph, isEnabled NULL. */
export function cudaGraphNodeGetEnabled(
  t: Caller, hGraphExec: cudaGraphExec_t | null, hNode: cudaGraphNode_t | null, isEnabled: Out<number> | null,
): cudaError_t {
  return withDriver(t, () => nodes.cuGraphNodeGetEnabled(t, hGraphExec, hNode, isEnabled));
}

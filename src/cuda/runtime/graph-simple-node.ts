import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import type { CUDA_MEMSET_NODE_PARAMS } from "../abi/driver/types.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaEvent_t, cudaGraphNode_t, cudaGraph_t, cudaHostNodeParams, cudaMemsetParams } from "../abi/runtime/types.ts";
import * as child from "../driver/graph-child-node.ts";
import * as events from "../driver/graph-event-node.ts";
import * as host from "../driver/graph-host-node.ts";
import * as memset from "../driver/graph-memset-node.ts";
import { inContext, withDriver } from "./core/call.ts";

/** Graph Management: nodes that set memory, call the host, stand for a graph or an event, or only order. */

/** A set node's parameters for the driver. */
export function setParams(p: In<cudaMemsetParams> | null): In<CUDA_MEMSET_NODE_PARAMS> | null {
  return p === null ? null : { ...p, dst: typeof p.dst === "number" ? p.dst : 0 };
}

/**
 * Adds a node that sets memory.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, pMemsetParams NULL, another element size than 1, 2 or 4, no elements, misaligned, a range not inside one allocation.
 */
export function cudaGraphAddMemsetNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, pMemsetParams: In<cudaMemsetParams> | null,
): cudaError_t {
  return inContext(t, () => memset.cuGraphAddMemsetNode(t, pGraphNode, graph, pDependencies, numDependencies, setParams(pMemsetParams), null));
}

/** A set node's parameters. @param pNodeParams gets them @returns cudaErrorInvalidValue: not a node that sets memory, pNodeParams NULL. */
export function cudaGraphMemsetNodeGetParams(t: Caller, node: cudaGraphNode_t | null, pNodeParams: Out<cudaMemsetParams> | null): cudaError_t {
  return withDriver(t, () => memset.cuGraphMemsetNodeGetParams(t, node, pNodeParams as never));
}

/** Changes a set node's parameters. @returns cudaErrorInvalidValue: not a node that sets memory, pNodeParams NULL, parameters that cudaGraphAddMemsetNode would refuse. */
export function cudaGraphMemsetNodeSetParams(t: Caller, node: cudaGraphNode_t | null, pNodeParams: In<cudaMemsetParams> | null): cudaError_t {
  return withDriver(t, () => memset.cuGraphMemsetNodeSetParams(t, node, setParams(pNodeParams)));
}

/**
 * Adds a node that calls a function of the host program, which must not call CUDA.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, pNodeParams or fn NULL.
 */
export function cudaGraphAddHostNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, pNodeParams: In<cudaHostNodeParams> | null,
): cudaError_t {
  return withDriver(t, () => host.cuGraphAddHostNode(t, pGraphNode, graph, pDependencies, numDependencies, pNodeParams));
}

/** A host node's parameters. @param pNodeParams gets them @returns cudaErrorInvalidValue: not a host node, pNodeParams NULL. */
export function cudaGraphHostNodeGetParams(t: Caller, node: cudaGraphNode_t | null, pNodeParams: Out<cudaHostNodeParams> | null): cudaError_t {
  return withDriver(t, () => host.cuGraphHostNodeGetParams(t, node, pNodeParams));
}

/** Changes a host node's parameters. @returns cudaErrorInvalidValue: not a host node, pNodeParams or fn NULL. */
export function cudaGraphHostNodeSetParams(t: Caller, node: cudaGraphNode_t | null, pNodeParams: In<cudaHostNodeParams> | null): cudaError_t {
  return withDriver(t, () => host.cuGraphHostNodeSetParams(t, node, pNodeParams));
}

/**
 * Adds a node that stands for a copy of a whole graph.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, a child graph that allocates or frees.
 */
export function cudaGraphAddChildGraphNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, childGraph: cudaGraph_t | null,
): cudaError_t {
  return withDriver(t, () => child.cuGraphAddChildGraphNode(t, pGraphNode, graph, pDependencies, numDependencies, childGraph));
}

/** The graph of a child node: the node's own. @param pGraph gets it @returns cudaErrorInvalidValue: not a child node, pGraph NULL. */
export function cudaGraphChildGraphNodeGetGraph(t: Caller, node: cudaGraphNode_t | null, pGraph: Out<cudaGraph_t> | null): cudaError_t {
  return withDriver(t, () => child.cuGraphChildGraphNodeGetGraph(t, node, pGraph));
}

/**
 * Adds a node that does nothing but order.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice.
 */
export function cudaGraphAddEmptyNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number,
): cudaError_t {
  return withDriver(t, () => child.cuGraphAddEmptyNode(t, pGraphNode, graph, pDependencies, numDependencies));
}

/**
 * Adds a node that records an event at each launch.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, not an event.
 */
export function cudaGraphAddEventRecordNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, event: cudaEvent_t | null,
): cudaError_t {
  return withDriver(t, () => events.cuGraphAddEventRecordNode(t, pGraphNode, graph, pDependencies, numDependencies, event));
}

/** The event of a record node. @param event_out gets it @returns cudaErrorInvalidValue: not a record node, event_out NULL. */
export function cudaGraphEventRecordNodeGetEvent(t: Caller, node: cudaGraphNode_t | null, event_out: Out<cudaEvent_t> | null): cudaError_t {
  return withDriver(t, () => events.cuGraphEventRecordNodeGetEvent(t, node, event_out));
}

/** Changes the event of a record node. @returns cudaErrorInvalidValue: not a record node. cudaErrorInvalidResourceHandle: not an event. */
export function cudaGraphEventRecordNodeSetEvent(t: Caller, node: cudaGraphNode_t | null, event: cudaEvent_t | null): cudaError_t {
  return withDriver(t, () => events.cuGraphEventRecordNodeSetEvent(t, node, event));
}

/**
 * Adds a node that waits for what an event's latest record was when the graph was launched.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, not an event.
 */
export function cudaGraphAddEventWaitNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, event: cudaEvent_t | null,
): cudaError_t {
  return withDriver(t, () => events.cuGraphAddEventWaitNode(t, pGraphNode, graph, pDependencies, numDependencies, event));
}

/** The event of a wait node. @param event_out gets it @returns cudaErrorInvalidValue: not a wait node, event_out NULL. */
export function cudaGraphEventWaitNodeGetEvent(t: Caller, node: cudaGraphNode_t | null, event_out: Out<cudaEvent_t> | null): cudaError_t {
  return withDriver(t, () => events.cuGraphEventWaitNodeGetEvent(t, node, event_out));
}

/** Changes the event of a wait node. @returns cudaErrorInvalidValue: not a wait node. cudaErrorInvalidResourceHandle: not an event. */
export function cudaGraphEventWaitNodeSetEvent(t: Caller, node: cudaGraphNode_t | null, event: cudaEvent_t | null): cudaError_t {
  return withDriver(t, () => events.cuGraphEventWaitNodeSetEvent(t, node, event));
}

import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import type { cudaError_t, cudaGraphNodeType } from "../abi/runtime/enums.ts";
import type { cudaGraphEdgeData, cudaGraphNode_t, cudaGraph_t, cudaHostFn_t, cudaUserObject_t } from "../abi/runtime/types.ts";
import { cuGraphDebugDotPrint } from "../driver/graph-dot.ts";
import * as cu from "../driver/graph.ts";
import * as edges from "../driver/graph-edges.ts";
import * as objects from "../driver/user-object.ts";
import { withDriver } from "./core/call.ts";

/** Graph Management: graphs as objects, their edges, and what they keep alive. */

/**
 * Makes an empty graph.
 * @param pGraph gets it
 * @param flags must be 0
 * @returns cudaErrorInvalidValue: pGraph NULL, flags not 0.
 */
export function cudaGraphCreate(t: Caller, pGraph: Out<cudaGraph_t> | null, flags: number): cudaError_t {
  return withDriver(t, () => cu.cuGraphCreate(t, pGraph, flags));
}

/** Destroys a graph with its nodes and their child graphs. Executable graphs made of it live on. @returns cudaErrorInvalidValue: not a graph, a node's child graph, one that a stream captures into. */
export function cudaGraphDestroy(t: Caller, graph: cudaGraph_t | null): cudaError_t {
  return withDriver(t, () => cu.cuGraphDestroy(t, graph));
}

/**
 * Copies a graph with everything in it.
 * @param pGraphClone gets the copy
 * @returns cudaErrorInvalidValue: pGraphClone NULL, not a graph, a graph with nodes that allocate or free.
 */
export function cudaGraphClone(t: Caller, pGraphClone: Out<cudaGraph_t> | null, originalGraph: cudaGraph_t | null): cudaError_t {
  return withDriver(t, () => cu.cuGraphClone(t, pGraphClone, originalGraph));
}

/**
 * The node of a copy that stands for a node of the original.
 * @param pNode gets it
 * @returns cudaErrorInvalidValue: pNode NULL, not a node, not a graph, a graph that has no copy of the node.
 */
export function cudaGraphNodeFindInClone(
  t: Caller, pNode: Out<cudaGraphNode_t> | null, originalNode: cudaGraphNode_t | null, clonedGraph: cudaGraph_t | null,
): cudaError_t {
  return withDriver(t, () => cu.cuGraphNodeFindInClone(t, pNode, originalNode, clonedGraph));
}

/** A node's kind. @param pType gets a cudaGraphNodeType value @returns cudaErrorInvalidValue: not a node, pType NULL. */
export function cudaGraphNodeGetType(t: Caller, node: cudaGraphNode_t | null, pType: Out<cudaGraphNodeType> | null): cudaError_t {
  return withDriver(t, () => cu.cuGraphNodeGetType(t, node, pType as never));
}

/**
 * The nodes of a graph, in the order they were added.
 * @param nodes gets as many as numNodes says (0 behind the last); NULL: only the count is wanted
 * @param numNodes in: how many fit; out: how many there are (nodes NULL) or were written
 * @returns cudaErrorInvalidValue: not a graph, numNodes NULL.
 */
export function cudaGraphGetNodes(
  t: Caller, graph: cudaGraph_t | null, nodes: Out<readonly cudaGraphNode_t[]> | null, numNodes: Out<number> | null,
): cudaError_t {
  return withDriver(t, () => cu.cuGraphGetNodes(t, graph, nodes, numNodes));
}

/**
 * The nodes of a graph that depend on none.
 * @param pRootNodes gets them; NULL: only the count is wanted
 * @param pNumRootNodes in: how many fit; out: how many there are or were written
 * @returns cudaErrorInvalidValue: not a graph, pNumRootNodes NULL.
 */
export function cudaGraphGetRootNodes(
  t: Caller, graph: cudaGraph_t | null, pRootNodes: Out<readonly cudaGraphNode_t[]> | null, pNumRootNodes: Out<number> | null,
): cudaError_t {
  return withDriver(t, () => cu.cuGraphGetRootNodes(t, graph, pRootNodes, pNumRootNodes));
}

/**
 * The edges of a graph.
 * @param from gets the node that each begins at, `to` where it ends, edgeData what it says; all NULL: only the count is wanted
 * @param numEdges in: how many fit; out: how many there are or were written
 * @returns cudaErrorInvalidValue: not a graph, numEdges NULL, from without to. cudaErrorLossyQuery: edges say something and edgeData is NULL.
 */
export function cudaGraphGetEdges(
  t: Caller, graph: cudaGraph_t | null, from: Out<readonly cudaGraphNode_t[]> | null, to: Out<readonly cudaGraphNode_t[]> | null, edgeData: Out<readonly cudaGraphEdgeData[]> | null, numEdges: Out<number> | null,
): cudaError_t {
  return withDriver(t, () => cu.cuGraphGetEdges_v2(t, graph, from, to, edgeData as never, numEdges));
}

/**
 * The nodes that a node depends on.
 * @param pDependencies gets them; NULL: only the count is wanted
 * @param pNumDependencies in: how many fit; out: how many there are or were written
 * @returns cudaErrorInvalidValue: not a node, pNumDependencies NULL. cudaErrorLossyQuery: edges say something and edgeData is NULL.
 */
export function cudaGraphNodeGetDependencies(
  t: Caller, node: cudaGraphNode_t | null, pDependencies: Out<readonly cudaGraphNode_t[]> | null, edgeData: Out<readonly cudaGraphEdgeData[]> | null, pNumDependencies: Out<number> | null,
): cudaError_t {
  return withDriver(t, () => cu.cuGraphNodeGetDependencies_v2(t, node, pDependencies, edgeData as never, pNumDependencies));
}

/**
 * The nodes that depend on a node.
 * @param pDependentNodes gets them; NULL: only the count is wanted
 * @param pNumDependentNodes in: how many fit; out: how many there are or were written
 * @returns cudaErrorInvalidValue: not a node, pNumDependentNodes NULL. cudaErrorLossyQuery: edges say something and edgeData is NULL.
 */
export function cudaGraphNodeGetDependentNodes(
  t: Caller, node: cudaGraphNode_t | null, pDependentNodes: Out<readonly cudaGraphNode_t[]> | null, edgeData: Out<readonly cudaGraphEdgeData[]> | null, pNumDependentNodes: Out<number> | null,
): cudaError_t {
  return withDriver(t, () => cu.cuGraphNodeGetDependentNodes_v2(t, node, pDependentNodes, edgeData as never, pNumDependentNodes));
}

/**
 * Makes edges: each node of `to` begins after the node of `from` at the same place.
 * @param edgeData what the edges say; NULL: nothing
 * @returns cudaErrorInvalidValue: not a graph, not nodes of it, arrays too short, an edge that exists or is named twice, data that the nodes do not have.
 */
export function cudaGraphAddDependencies(
  t: Caller, graph: cudaGraph_t | null, from: readonly cudaGraphNode_t[] | null, to: readonly cudaGraphNode_t[] | null, edgeData: readonly In<cudaGraphEdgeData>[] | null, numDependencies: number,
): cudaError_t {
  return withDriver(t, () => edges.cuGraphAddDependencies_v2(t, graph, from, to, edgeData, numDependencies));
}

/**
 * Takes edges away.
 * @param edgeData what the edges say; NULL: nothing
 * @returns cudaErrorInvalidValue: not a graph, not nodes of it, arrays too short, an edge that does not exist, a graph that allocates or frees.
 */
export function cudaGraphRemoveDependencies(
  t: Caller, graph: cudaGraph_t | null, from: readonly cudaGraphNode_t[] | null, to: readonly cudaGraphNode_t[] | null, edgeData: readonly In<cudaGraphEdgeData>[] | null, numDependencies: number,
): cudaError_t {
  return withDriver(t, () => edges.cuGraphRemoveDependencies_v2(t, graph, from, to, edgeData, numDependencies));
}

/** Takes a node out of its graph, with its edges. @returns cudaErrorInvalidValue: not a node, a node of a graph that allocates or frees. */
export function cudaGraphDestroyNode(t: Caller, node: cudaGraphNode_t | null): cudaError_t {
  return withDriver(t, () => edges.cuGraphDestroyNode(t, node));
}

/**
 * Writes a graph to a file in the DOT language of Graphviz.
 * @param path a file in the process's file system; one that exists is replaced
 * @param flags cudaGraphDebugDotFlags*: what else to write about each node
 * @returns cudaErrorInvalidValue: not a graph, path NULL, other flags. cudaErrorOperatingSystem: the file cannot be written.
 */
export function cudaGraphDebugDotPrint(t: Caller, graph: cudaGraph_t | null, path: string | null, flags: number): cudaError_t {
  return withDriver(t, () => cuGraphDebugDotPrint(t, graph, path, flags));
}

/**
 * Makes an object whose references are counted; when the last is gone, `destroy(ptr)` is called by a thread of the driver. It must not call CUDA.
 * @param object_out gets it
 * @param initialRefcount references that the program begins with
 * @param flags must be cudaUserObjectNoDestructorSync
 * @returns cudaErrorInvalidValue: object_out or destroy NULL, a count below 1 or beyond INT_MAX, other flags.
 */
export function cudaUserObjectCreate(
  t: Caller, object_out: Out<cudaUserObject_t> | null, ptr: unknown, destroy: cudaHostFn_t | null, initialRefcount: number, flags: number,
): cudaError_t {
  return withDriver(t, () => objects.cuUserObjectCreate(t, object_out, ptr, destroy, initialRefcount, flags));
}

/** Takes references for the program. @returns cudaErrorInvalidValue: not a user object, a count below 1 or beyond INT_MAX. */
export function cudaUserObjectRetain(t: Caller, object: cudaUserObject_t | null, count: number): cudaError_t {
  return withDriver(t, () => objects.cuUserObjectRetain(t, object, count));
}

/** Gives references of the program back. @returns cudaErrorInvalidValue: not a user object, a count below 1, more than there are. */
export function cudaUserObjectRelease(t: Caller, object: cudaUserObject_t | null, count: number): cudaError_t {
  return withDriver(t, () => objects.cuUserObjectRelease(t, object, count));
}

/**
 * Lets a graph keep an object: its copies and executable graphs keep it too.
 * @param count references that the graph gets
 * @param flags cudaGraphUserObjectMove: they are the caller's, which has them no longer; 0: new ones
 * @returns cudaErrorInvalidValue: not a graph, not a user object, a count below 1 or beyond INT_MAX, other flags, more moved than there are.
 */
export function cudaGraphRetainUserObject(t: Caller, graph: cudaGraph_t | null, object: cudaUserObject_t | null, count: number, flags: number): cudaError_t {
  return withDriver(t, () => objects.cuGraphRetainUserObject(t, graph, object, count, flags));
}

/** Lets a graph give references back. @returns cudaErrorInvalidValue: not a graph, not a user object, a count below 1, more than the graph has. */
export function cudaGraphReleaseUserObject(t: Caller, graph: cudaGraph_t | null, object: cudaUserObject_t | null, count: number): cudaError_t {
  return withDriver(t, () => objects.cuGraphReleaseUserObject(t, graph, object, count));
}

import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUgraphNodeType, CUresult } from "../abi/driver/enums.ts";
import type { CUgraph, CUgraphEdgeData, CUgraphNode } from "../abi/driver/types.ts";
import { fail } from "./core/fail.ts";
import { Graph, type Edge, type GraphNode } from "./core/graph.ts";
import type { NodeSpec } from "./core/graph-spec.ts";
import { driverKey } from "./core/state.ts";
import { edgeData, enterGraphs, graphArgument, nodeArgument } from "./graph-argument.ts";

/**
 * Graph Management: graphs as objects, and questions about them. Edges: graph-edges.ts. Nodes of each kind have a file of their own, execution has graph-exec.ts.
 *
 * Arrays are answered by the two-call idiom: without a place for the array the count is written, with one (whose count box says how many fit) the array and how many are in it.
 */

/**
 * Makes an empty graph.
 * @param phGraph gets it
 * @param flags must be 0
 * @returns INVALID_VALUE: phGraph NULL, flags not 0.
 */
export function cuGraphCreate(t: Caller, phGraph: Out<CUgraph> | null, flags: number): CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  if (phGraph === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phGraph must not be NULL");
  if (flags !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0", { flags });
  phGraph.value = Graph.create(state).handle;
  return 0;
}

/** Refuses what can be done with a program's own graph only. */
export function ownGraph(t: Caller, hGraph: CUgraph | null, name: string = "hGraph"): Graph | CUresult {
  const graph = graphArgument(t, hGraph, name);
  if (typeof graph === "number" || graph.owner === null) return graph;
  return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} is the child graph of a node, which alone owns it`, { [name]: hGraph });
}

/**
 * Destroys a graph with its nodes and their child graphs. Executable graphs made of it live on, and so do their launches.
 * @returns INVALID_VALUE: not a graph, a node's child graph, one that a stream captures into.
 */
export function cuGraphDestroy(t: Caller, hGraph: CUgraph | null): CUresult {
  const graph = ownGraph(t, hGraph);
  if (typeof graph === "number") return graph;
  if (isCaptured(t, graph)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a stream captures into this graph now", { hGraph });
  graph.destroy(t);
  return 0;
}

/** Whether a capture under way adds to a graph. */
function isCaptured(t: Caller, graph: Graph): boolean {
  return [...t.processState(driverKey).captures].some((capture) => capture.graph === graph);
}

/**
 * Copies a graph with everything in it; the copy's nodes can be found by those of the original (cuGraphNodeFindInClone).
 * @param phGraphClone gets the copy
 * @returns INVALID_VALUE: phGraphClone NULL, not a graph, a graph with nodes that allocate or free.
 */
export function cuGraphClone(t: Caller, phGraphClone: Out<CUgraph> | null, originalGraph: CUgraph | null): CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  if (phGraphClone === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phGraphClone must not be NULL");
  const graph = graphArgument(t, originalGraph, "originalGraph");
  if (typeof graph === "number") return graph;
  if (graph.hasMemory) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a graph with nodes that allocate or free memory cannot be copied", { originalGraph });
  phGraphClone.value = graph.clone(true).handle;
  return 0;
}

/**
 * The node of a copy that stands for a node of the original.
 * @param phNode gets it
 * @returns INVALID_VALUE: phNode NULL, not a node, not a graph, a graph that is no copy of the node's, a node that was destroyed in the copy or made after it.
 */
export function cuGraphNodeFindInClone(t: Caller, phNode: Out<CUgraphNode> | null, hOriginalNode: CUgraphNode | null, hClonedGraph: CUgraph | null): CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  if (phNode === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phNode must not be NULL");
  const original = nodeArgument(t, hOriginalNode, "hOriginalNode");
  if (typeof original === "number") return original;
  const graph = graphArgument(t, hClonedGraph, "hClonedGraph");
  if (typeof graph === "number") return graph;
  for (const node of graph.nodes) {
    if (node.origin !== original) continue;
    phNode.value = node.handle;
    return 0;
  }
  return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hClonedGraph has no node that was copied from hOriginalNode", { hOriginalNode, hClonedGraph });
}

const types: { readonly [K in NodeSpec["kind"]]: CUgraphNodeType } = {
  kernel: cu.CU_GRAPH_NODE_TYPE_KERNEL, memcpy: cu.CU_GRAPH_NODE_TYPE_MEMCPY, memset: cu.CU_GRAPH_NODE_TYPE_MEMSET, host: cu.CU_GRAPH_NODE_TYPE_HOST, graph: cu.CU_GRAPH_NODE_TYPE_GRAPH,
  empty: cu.CU_GRAPH_NODE_TYPE_EMPTY, wait: cu.CU_GRAPH_NODE_TYPE_WAIT_EVENT, record: cu.CU_GRAPH_NODE_TYPE_EVENT_RECORD, alloc: cu.CU_GRAPH_NODE_TYPE_MEM_ALLOC, free: cu.CU_GRAPH_NODE_TYPE_MEM_FREE,
};

/** A node's kind as the API counts them. */
export function nodeType(node: GraphNode): CUgraphNodeType {
  return types[node.spec.kind];
}

/**
 * A node's kind.
 * @param type gets a CUgraphNodeType value
 * @returns INVALID_VALUE: not a node, type NULL.
 */
export function cuGraphNodeGetType(t: Caller, hNode: CUgraphNode | null, type: Out<CUgraphNodeType> | null): CUresult {
  const node = nodeArgument(t, hNode);
  if (typeof node === "number") return node;
  if (type === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "type must not be NULL");
  type.value = nodeType(node);
  return 0;
}

/** Answers an array of nodes. */
function answerNodes(t: Caller, found: readonly GraphNode[], nodes: Out<readonly CUgraphNode[]> | null, count: Out<number> | null, name: string): CUresult {
  if (count === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} must not be NULL`);
  if (nodes === null) {
    count.value = found.length;
    return 0;
  }
  const room = count.isSet ? count.value : found.length;
  nodes.value = Array.from({ length: room }, (_, i) => found[i]?.handle ?? 0);
  count.value = Math.min(room, found.length);
  return 0;
}

/**
 * The nodes of a graph, in the order they were added.
 * @param nodes gets as many as numNodes says (0 behind the last); NULL: only the count is wanted
 * @param numNodes in: how many fit; out: how many there are (nodes NULL) or were written
 * @returns INVALID_VALUE: not a graph, numNodes NULL.
 */
export function cuGraphGetNodes(t: Caller, hGraph: CUgraph | null, nodes: Out<readonly CUgraphNode[]> | null, numNodes: Out<number> | null): CUresult {
  const graph = graphArgument(t, hGraph);
  return typeof graph === "number" ? graph : answerNodes(t, [...graph.nodes], nodes, numNodes, "numNodes");
}

/**
 * The nodes of a graph that depend on none.
 * @param rootNodes gets as many as numRootNodes says; NULL: only the count is wanted
 * @param numRootNodes in: how many fit; out: how many there are or were written
 * @returns INVALID_VALUE: not a graph, numRootNodes NULL.
 */
export function cuGraphGetRootNodes(t: Caller, hGraph: CUgraph | null, rootNodes: Out<readonly CUgraphNode[]> | null, numRootNodes: Out<number> | null): CUresult {
  const graph = graphArgument(t, hGraph);
  return typeof graph === "number" ? graph : answerNodes(t, [...graph.nodes].filter((node) => node.before.length === 0), rootNodes, numRootNodes, "numRootNodes");
}

/** Answers edges: the nodes at their ends, and what they say. */
function answerEdges(
  t: Caller, found: readonly Edge[], ends: readonly { readonly end: "from" | "to"; readonly out: Out<readonly CUgraphNode[]> | null }[], data: Out<readonly CUgraphEdgeData[]> | null, count: Out<number> | null, name: string,
): CUresult {
  if (count === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `${name} must not be NULL`);
  const given = ends.filter(({ out }) => out !== null).length;
  if (given === 0 && data === null) {
    count.value = found.length;
    return 0;
  }
  if (given !== ends.length) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the arrays of nodes must be given together");
  const room = count.isSet ? count.value : found.length;
  const shown = found.slice(0, room);
  if (data === null && shown.some(({ fromPort, toPort, type }) => fromPort !== 0 || toPort !== 0 || type !== 0)) {
    return fail(t, cu.CUDA_ERROR_LOSSY_QUERY, "some edges have data that would be lost: edgeData must be given");
  }
  for (const { end, out } of ends) out!.value = Array.from({ length: room }, (_, i) => shown[i]?.[end].handle ?? 0);
  if (data !== null) data.value = shown.map(edgeData);
  count.value = shown.length;
  return 0;
}

/**
 * The edges of a graph.
 * @param from gets the node that each begins at, `to` where it ends, edgeData what it says; all NULL: only the count is wanted
 * @param numEdges in: how many fit; out: how many there are or were written
 * @returns INVALID_VALUE: not a graph, numEdges NULL, from without to. LOSSY_QUERY: edges say something and edgeData is NULL.
 */
export function cuGraphGetEdges_v2(
  t: Caller, hGraph: CUgraph | null, from: Out<readonly CUgraphNode[]> | null, to: Out<readonly CUgraphNode[]> | null, edgeData: Out<readonly CUgraphEdgeData[]> | null, numEdges: Out<number> | null,
): CUresult {
  const graph = graphArgument(t, hGraph);
  if (typeof graph === "number") return graph;
  return answerEdges(t, [...graph.nodes].flatMap((node) => node.after), [{ end: "from", out: from }, { end: "to", out: to }], edgeData, numEdges, "numEdges");
}

/**
 * The nodes that a node depends on.
 * @param dependencies gets them; NULL: only the count is wanted
 * @param numDependencies in: how many fit; out: how many there are or were written
 * @returns INVALID_VALUE: not a node, numDependencies NULL. LOSSY_QUERY: edges say something and edgeData is NULL.
 */
export function cuGraphNodeGetDependencies_v2(t: Caller, hNode: CUgraphNode | null, dependencies: Out<readonly CUgraphNode[]> | null, edgeData: Out<readonly CUgraphEdgeData[]> | null, numDependencies: Out<number> | null): CUresult {
  const node = nodeArgument(t, hNode);
  return typeof node === "number" ? node : answerEdges(t, node.before, [{ end: "from", out: dependencies }], edgeData, numDependencies, "numDependencies");
}

/**
 * The nodes that depend on a node.
 * @param dependentNodes gets them; NULL: only the count is wanted
 * @param numDependentNodes in: how many fit; out: how many there are or were written
 * @returns INVALID_VALUE: not a node, numDependentNodes NULL. LOSSY_QUERY: edges say something and edgeData is NULL.
 */
export function cuGraphNodeGetDependentNodes_v2(t: Caller, hNode: CUgraphNode | null, dependentNodes: Out<readonly CUgraphNode[]> | null, edgeData: Out<readonly CUgraphEdgeData[]> | null, numDependentNodes: Out<number> | null): CUresult {
  const node = nodeArgument(t, hNode);
  return typeof node === "number" ? node : answerEdges(t, node.after, [{ end: "to", out: dependentNodes }], edgeData, numDependentNodes, "numDependentNodes");
}

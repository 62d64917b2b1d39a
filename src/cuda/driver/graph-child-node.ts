import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUgraph, CUgraphNode } from "../abi/driver/types.ts";
import { fail } from "./core/fail.ts";
import type { Graph } from "./core/graph.ts";
import type { ChildSpec } from "./core/graph-spec.ts";
import { addNode, graphArgument, nodeOfKind, slot } from "./graph-argument.ts";

/** Graph Management: graphs inside graphs, and nodes that only order. */

/** Whether `inner` is `outer` or somewhere below it. */
function contains(inner: Graph, outer: Graph): boolean {
  if (inner === outer) return true;
  for (const { spec } of inner.nodes) if (spec.kind === "graph" && contains(spec.graph, outer)) return true;
  return false;
}

/** Checks a child graph. @param move the graph itself goes in; else a copy. @returns the operation, or the error; nothing is copied or moved before all is checked */
export function childSpec(t: Caller, parent: Graph, childGraph: CUgraph | null, move: boolean): ChildSpec | CUresult {
  const child = graphArgument(t, childGraph, "childGraph");
  if (typeof child === "number") return child;
  if (move) {
    if (child.owner !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "childGraph belongs to a node already", { childGraph });
    if (child.execs.size > 0 && child.hasMemory) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "childGraph has an executable graph that allocates", { childGraph });
    if (contains(child, parent)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a graph cannot be inside itself", { childGraph });
    child.moved = true;
    return { kind: "graph", graph: child };
  }
  if (child.hasMemory) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a graph with nodes that allocate or free memory cannot be copied into another (CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE of cuGraphAddNode moves it)", { childGraph });
  return { kind: "graph", graph: child.clone(true) };
}

/**
 * Adds a node that stands for a whole graph: a copy of it, made now.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that all of the child begins after
 * @returns INVALID_VALUE: phGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, a child graph that allocates or frees.
 */
export function cuGraphAddChildGraphNode(t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, childGraph: CUgraph | null): CUresult {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  return typeof place === "number" ? place : addNode(phGraphNode, place, childSpec(t, place.graph, childGraph, false));
}

/**
 * The graph of a child node: the node's own, so that changes of it change the node.
 * @param phGraph gets it
 * @returns INVALID_VALUE: not a child node, phGraph NULL.
 */
export function cuGraphChildGraphNodeGetGraph(t: Caller, hNode: CUgraphNode | null, phGraph: Out<CUgraph> | null): CUresult {
  const node = nodeOfKind(t, hNode, "graph");
  if (typeof node === "number") return node;
  if (phGraph === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phGraph must not be NULL");
  phGraph.value = node.spec.graph.handle;
  return 0;
}

/**
 * Adds a node that does nothing: n nodes before it and m behind it are ordered with n + m edges.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it comes after
 * @returns INVALID_VALUE: phGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice.
 */
export function cuGraphAddEmptyNode(t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number): CUresult {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  return typeof place === "number" ? place : addNode(phGraphNode, place, { kind: "empty" });
}

import type { Caller } from "../../api/caller.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUgraph, CUgraphEdgeData, CUgraphNode } from "../abi/driver/types.ts";
import { fail } from "./core/fail.ts";
import type { Edge, EdgeKind, GraphNode } from "./core/graph.ts";
import { edgeKind, graphArgument, nodeArgument } from "./graph-argument.ts";

/** Graph Management: dependencies between nodes, and taking nodes out. Edges that go round are found by instantiation. */

interface Asked {
  readonly from: GraphNode;
  readonly to: GraphNode;
  readonly kind: EdgeKind;
}

/** The edges that arrays name, all of one graph. */
function edgesArgument(
  t: Caller, hGraph: CUgraph | null, from: readonly CUgraphNode[] | null, to: readonly CUgraphNode[] | null, data: readonly In<CUgraphEdgeData>[] | null, count: number,
): readonly Asked[] | CUresult {
  const graph = graphArgument(t, hGraph);
  if (typeof graph === "number") return graph;
  if (!(count >= 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "numDependencies must not be negative", { numDependencies: count });
  if (count > (from?.length ?? 0) || count > (to?.length ?? 0) || (data !== null && count > data.length)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "from, to and edgeData must have numDependencies entries", { numDependencies: count });
  const edges: Asked[] = [];
  for (let i = 0; i < count; i++) {
    const a = nodeArgument(t, from![i]!, "from");
    if (typeof a === "number") return a;
    const b = nodeArgument(t, to![i]!, "to");
    if (typeof b === "number") return b;
    if (a.graph !== graph || b.graph !== graph) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "from and to must be nodes of hGraph", { from: from![i], to: to![i] });
    const kind = edgeKind(a, b, data?.[i]);
    if (typeof kind === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, kind, { from: from![i], to: to![i] });
    edges.push({ from: a, to: b, kind });
  }
  return edges;
}

const isSame = (a: Asked, b: Asked): boolean => a.from === b.from && a.to === b.to && a.kind.fromPort === b.kind.fromPort && a.kind.toPort === b.kind.toPort && a.kind.type === b.kind.type;

/**
 * Makes edges: each node of `to` begins after the node of `from` at the same place.
 * @param edgeData what the edges say; NULL: nothing
 * @returns INVALID_VALUE: not a graph, not nodes of it, arrays too short, an edge that exists or is named twice, data that the nodes do not have.
 */
export function cuGraphAddDependencies_v2(t: Caller, hGraph: CUgraph | null, from: readonly CUgraphNode[] | null, to: readonly CUgraphNode[] | null, edgeData: readonly In<CUgraphEdgeData>[] | null, numDependencies: number): CUresult {
  const edges = edgesArgument(t, hGraph, from, to, edgeData, numDependencies);
  if (typeof edges === "number") return edges;
  for (const [i, edge] of edges.entries()) {
    if (edge.from.graph.find(edge.from, edge.to, edge.kind) !== undefined || edges.slice(0, i).some((other) => isSame(other, edge))) {
      return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the dependency exists already", { from: edge.from.handle, to: edge.to.handle });
    }
  }
  for (const { from: a, to: b, kind } of edges) a.graph.connect(a, b, kind);
  return 0;
}

/**
 * Takes edges away.
 * @param edgeData what the edges say; NULL: nothing
 * @returns INVALID_VALUE: not a graph, not nodes of it, arrays too short, an edge that does not exist, a graph that allocates or frees.
 */
export function cuGraphRemoveDependencies_v2(t: Caller, hGraph: CUgraph | null, from: readonly CUgraphNode[] | null, to: readonly CUgraphNode[] | null, edgeData: readonly In<CUgraphEdgeData>[] | null, numDependencies: number): CUresult {
  const edges = edgesArgument(t, hGraph, from, to, edgeData, numDependencies);
  if (typeof edges === "number") return edges;
  const found = new Set<Edge>();
  for (const edge of edges) {
    if (edge.from.graph.hasMemory) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "edges of a graph with nodes that allocate or free memory cannot be taken away", { hGraph });
    const known = edge.from.graph.find(edge.from, edge.to, edge.kind);
    if (known === undefined || found.has(known)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "there is no such dependency", { from: edge.from.handle, to: edge.to.handle });
    found.add(known);
  }
  for (const edge of found) edge.from.graph.disconnect(edge);
  return 0;
}

/**
 * Takes a node out of its graph, with its edges.
 * @returns INVALID_VALUE: not a node, a node of a graph that allocates or frees.
 */
export function cuGraphDestroyNode(t: Caller, hNode: CUgraphNode | null): CUresult {
  const node = nodeArgument(t, hNode);
  if (typeof node === "number") return node;
  if (node.graph.hasMemory) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodes of a graph with nodes that allocate or free memory cannot be destroyed", { hNode });
  node.graph.drop(t, node);
  return 0;
}

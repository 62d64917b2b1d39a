import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUgraph, CUgraphEdgeData, CUgraphExec, CUgraphNode } from "../abi/driver/types.ts";
import { enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { graphKey, PLAIN, type EdgeKind, type Graph, type GraphNode, type GraphState } from "./core/graph.ts";
import type { GraphExec } from "./core/graph-exec.ts";
import type { NodeSpec } from "./core/graph-spec.ts";

/** What the functions of Graph Management begin with. None of them needs a context but where a node's own operation does. */

/** The process's graphs, or the error. */
export function enterGraphs(t: Caller): GraphState | CUresult {
  const driver = enterDriver(t);
  return typeof driver === "number" ? driver : t.processState(graphKey);
}

/** The graph a handle names. */
export function graphArgument(t: Caller, hGraph: CUgraph | null, name: string = "hGraph"): Graph | CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  const graph = state.graphs.get(hGraph ?? 0);
  if (graph !== undefined) return graph;
  return fail(t, cu.CUDA_ERROR_INVALID_VALUE, state.graphs.isStale(hGraph ?? 0) ? `${name} names a graph that has been destroyed` : `${name} must be a graph of this process`, { [name]: hGraph });
}

/** The node a handle names. @param code what the function's manual says of handles that are none */
export function nodeArgument(t: Caller, hNode: CUgraphNode | null, name: string = "hNode", code: CUresult = cu.CUDA_ERROR_INVALID_VALUE): GraphNode | CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  const node = state.nodes.get(hNode ?? 0);
  if (node !== undefined) return node;
  return fail(t, code, state.nodes.isStale(hNode ?? 0) ? `${name} names a node that has been destroyed` : `${name} must be a node of a graph of this process`, { [name]: hNode });
}

/** A node whose kind must be one. */
export function nodeOfKind<K extends NodeSpec["kind"]>(t: Caller, hNode: CUgraphNode | null, kind: K): (GraphNode & { spec: Extract<NodeSpec, { kind: K }> }) | CUresult {
  const node = nodeArgument(t, hNode);
  if (typeof node === "number") return node;
  if (node.spec.kind !== kind) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `hNode must be a ${kind} node`, { hNode, kind: node.spec.kind });
  return node as GraphNode & { spec: Extract<NodeSpec, { kind: K }> };
}

/** The executable graph a handle names. */
export function execArgument(t: Caller, hGraphExec: CUgraphExec | null): GraphExec | CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  const exec = state.execs.get(hGraphExec ?? 0);
  if (exec !== undefined) return exec;
  return fail(t, cu.CUDA_ERROR_INVALID_VALUE, state.execs.isStale(hGraphExec ?? 0) ? "hGraphExec names an executable graph that has been destroyed" : "hGraphExec must be an executable graph of this process", { hGraphExec });
}

/** What an edge's data says, checked against the node it begins at; a string: the rule it breaks. */
export function edgeKind(from: GraphNode, to: GraphNode, data: In<CUgraphEdgeData> | undefined): EdgeKind | string {
  const { from_port: fromPort = 0, to_port: toPort = 0, type = 0, reserved } = data ?? {};
  if (fromPort === 0 && toPort === 0 && type === 0) return PLAIN;
  if (reserved !== undefined && [...(reserved as Uint8Array)].some((byte) => byte !== 0)) return "reserved bytes of edge data must be 0";
  if (type !== cu.CU_GRAPH_DEPENDENCY_TYPE_DEFAULT && type !== cu.CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC) return "an edge's type must be of CUgraphDependencyType";
  if (toPort !== 0) return "no kind of node has a port to arrive at but 0";
  if (fromPort > cu.CU_GRAPH_KERNEL_NODE_PORT_LAUNCH_ORDER || (fromPort !== 0 && from.spec.kind !== "kernel")) return "only kernel nodes have ports to leave from, CU_GRAPH_KERNEL_NODE_PORT_*";
  if (type === cu.CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC && (from.spec.kind !== "kernel" || to.spec.kind !== "kernel" || fromPort === 0)) return "a programmatic edge goes from a port of a kernel node to a kernel node";
  return { fromPort, toPort, type };
}

/** An edge as the program reads it. */
export function edgeData({ fromPort, toPort, type }: EdgeKind): CUgraphEdgeData {
  return { from_port: fromPort, to_port: toPort, type, reserved: new Uint8Array(5) };
}

/** The nodes that a new one is to depend on: all of one graph, none twice. */
export function dependencyNodes(t: Caller, graph: Graph, dependencies: readonly CUgraphNode[] | null, numDependencies: number): readonly GraphNode[] | CUresult {
  const handles = dependencies ?? [];
  if (!(numDependencies >= 0) || numDependencies > handles.length) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dependencies must have numDependencies entries", { numDependencies, given: handles.length });
  const nodes: GraphNode[] = [];
  for (const handle of handles.slice(0, numDependencies)) {
    const node = nodeArgument(t, handle, "dependencies");
    if (typeof node === "number") return node;
    if (node.graph !== graph) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dependencies must be nodes of the same graph", { node: handle });
    if (nodes.includes(node)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "no dependency may be named twice", { node: handle });
    nodes.push(node);
  }
  return nodes;
}

/** A graph that can get nodes, and what a new one depends on. */
export interface Slot {
  readonly graph: Graph;
  readonly dependencies: readonly GraphNode[];
}

/** The checks that all cuGraphAdd*Node begin with: the place for the answer, the graph, the dependencies. */
export function slot(t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number): Slot | CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  if (phGraphNode === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "phGraphNode must not be NULL");
  const graph = graphArgument(t, hGraph);
  if (typeof graph === "number") return graph;
  const nodes = dependencyNodes(t, graph, dependencies, numDependencies);
  return typeof nodes === "number" ? nodes : { graph, dependencies: nodes };
}

/** Adds a node whose operation is checked (or is the error already). */
export function addNode(phGraphNode: Out<CUgraphNode> | null, { graph, dependencies }: Slot, spec: NodeSpec | CUresult, kinds: readonly EdgeKind[] | null = null): CUresult {
  if (typeof spec === "number") return spec;
  phGraphNode!.value = graph.add(spec, dependencies, kinds).handle;
  return 0;
}

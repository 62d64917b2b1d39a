import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUgraphExecUpdateResult, CUresult } from "../abi/driver/enums.ts";
import type { CUgraph, CUgraphExec, CUgraphExecUpdateResultInfo } from "../abi/driver/types.ts";
import { fail } from "./core/fail.ts";
import type { Graph, GraphNode } from "./core/graph.ts";
import type { KernelSpec, NodeSpec } from "./core/graph-spec.ts";
import { execArgument, graphArgument } from "./graph-argument.ts";

/** Graph Management: giving an executable graph the parameters of another graph of the same shape. */

/** Why a graph does not fit, and where. */
interface Misfit {
  readonly result: CUgraphExecUpdateResult;
  readonly rule: string;
  readonly node: GraphNode | null;
  readonly from: GraphNode | null;
}

const misfit = (result: CUgraphExecUpdateResult, rule: string, node: GraphNode | null = null, from: GraphNode | null = null): Misfit => ({ result, rule, node, from });

/** Whether a copy or set goes over one row only: others cannot be changed. */
function isFlat(spec: NodeSpec): boolean {
  return spec.kind === "memcpy" ? spec.what.height === 1 && spec.what.depth === 1 : spec.kind === "memset" ? spec.height === 1 : true;
}

const isCooperative = (spec: KernelSpec): boolean => (spec.attributes.get(cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE)?.cooperative ?? 0) !== 0;

/** Whether a node's operation may be put in the place of an executable one. @returns null, or why not */
export function checkChange(old: NodeSpec, next: NodeSpec, node: GraphNode | null): Misfit | null {
  if (old.kind !== next.kind) return misfit(cu.CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED, `a ${old.kind} node cannot become a ${next.kind} node`, node);
  switch (next.kind) {
    case "kernel": {
      const was = old as KernelSpec;
      if (was.fn.module.context !== next.fn.module.context) return misfit(cu.CU_GRAPH_EXEC_UPDATE_ERROR_UNSUPPORTED_FUNCTION_CHANGE, "a kernel node's function must stay in its context", node);
      return isCooperative(was) === isCooperative(next) ? null : misfit(cu.CU_GRAPH_EXEC_UPDATE_ERROR_ATTRIBUTES_CHANGED, "a kernel node must stay cooperative, or not", node);
    }
    case "memcpy": case "memset": {
      if ((old as typeof next).context !== next.context) return misfit(cu.CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED, "the node must stay in its context", node);
      const same = next.kind === "memset" || (next.what.height === (old as typeof next).what.height && next.what.depth === (old as typeof next).what.depth);
      return (isFlat(old) && isFlat(next)) || (same && JSON.stringify(plain(old)) === JSON.stringify(plain(next))) ? null : misfit(cu.CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED, "only copies and sets of one row can be changed", node);
    }
    case "alloc": case "free":
      return (old as typeof next).allocation === next.allocation ? null : misfit(cu.CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED, "nodes that allocate or free cannot be changed", node);
    default: return null;
  }
}

/** A copy or set as plain values, to compare. */
function plain(spec: NodeSpec): unknown {
  if (spec.kind === "memset") return [spec.dst, spec.pitch, spec.value, spec.elementSize, spec.width, spec.height];
  if (spec.kind !== "memcpy") return null;
  const { src, dst, width, height, depth } = spec.what;
  return [src, dst].map(({ type, host, device, array, x, y, z, pitch, height: rows }) => [type, typeof host === "number" ? host : null, device, array, x, y, z, pitch, rows]).concat([[width, height, depth]]);
}

const sinks = (graph: Graph): GraphNode[] => [...graph.nodes].filter((node) => node.after.length === 0);

/**
 * Pairs the nodes of two graphs: their last nodes in the order they were added, and from there the dependencies of each in the order they were made.
 * @param pairs filled with new and old node
 */
export function pairGraphs(old: Graph, next: Graph, pairs: Map<GraphNode, GraphNode>): Misfit | null {
  const [a, b] = [sinks(old), sinks(next)];
  const changed = (rule: string, node: GraphNode | null = null, from: GraphNode | null = null): Misfit => misfit(cu.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, rule, node, from);
  if (old.nodes.size !== next.nodes.size) return changed(`the graph must have as many nodes as the executable one: ${old.nodes.size}, not ${next.nodes.size}`);
  if (a.length !== b.length) return changed("the graph must have as many last nodes as the executable one");
  const todo: (readonly [GraphNode, GraphNode, GraphNode | null])[] = b.map((node, i) => [node, a[i]!, null] as const);
  const reverse = new Map<GraphNode, GraphNode>();
  for (let entry = todo.pop(); entry !== undefined; entry = todo.pop()) {
    const [node, was, to] = entry;
    const known = pairs.get(node);
    if (known !== undefined || reverse.has(was)) {
      if (known === was) continue;
      return changed("dependencies lead to other nodes than in the executable graph", to ?? node, node);
    }
    pairs.set(node, was);
    reverse.set(was, node);
    if (node.before.length !== was.before.length || node.after.length !== was.after.length) return changed("a node has more or fewer dependencies than in the executable graph", node);
    for (const [i, edge] of node.before.entries()) {
      const other = was.before[i]!;
      if (edge.type !== other.type || edge.fromPort !== other.fromPort || edge.toPort !== other.toPort) return changed("an edge says something else than in the executable graph", node, edge.from);
      todo.push([edge.from, other.from, node]);
    }
  }
  for (const [node, was] of pairs) {
    if (node.graph !== next) continue;
    const bad = checkChange(was.spec, node.spec, node);
    if (bad !== null) return bad;
    if (node.spec.kind !== "graph" || was.spec.kind !== "graph") continue;
    const inner = pairGraphs(was.spec.graph, node.spec.graph, pairs);
    if (inner !== null) return inner;
  }
  return null;
}

/** Gives executable nodes the operations of those they are paired with. */
export function applyPairs(pairs: ReadonlyMap<GraphNode, GraphNode>): void {
  for (const [node, was] of pairs) if (node.spec.kind !== "graph") was.spec = node.spec;
}

/**
 * Gives an executable graph the parameters of a graph with the same nodes, dependencies and order. Launches under way keep the old ones; which nodes are enabled stays. When anything does not fit,
 * nothing is changed.
 * @param resultInfo gets how it went, and the node (of hGraph) that does not fit
 * @returns GRAPH_EXEC_UPDATE_FAILURE: the graph does not fit. INVALID_VALUE: not an executable graph, not a graph, a graph that was moved into another, resultInfo NULL.
 */
export function cuGraphExecUpdate_v2(t: Caller, hGraphExec: CUgraphExec | null, hGraph: CUgraph | null, resultInfo: Out<CUgraphExecUpdateResultInfo> | null): CUresult {
  const exec = execArgument(t, hGraphExec);
  if (typeof exec === "number") return exec;
  const graph = graphArgument(t, hGraph);
  if (typeof graph === "number") return graph;
  if (resultInfo === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "resultInfo must not be NULL");
  if (graph.owner !== null && graph.moved) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a graph that was moved into another cannot update", { hGraph });
  const pairs = new Map<GraphNode, GraphNode>();
  const bad = pairGraphs(exec.graph, graph, pairs);
  resultInfo.value = { result: bad?.result ?? cu.CU_GRAPH_EXEC_UPDATE_SUCCESS, errorNode: bad?.node?.handle ?? 0, errorFromNode: bad?.from?.handle ?? 0 };
  if (bad !== null) return fail(t, cu.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, bad.rule, { node: bad.node?.handle ?? 0, result: bad.result });
  applyPairs(pairs);
  return 0;
}

import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUgraphNodeType, type CUresult } from "../abi/driver/enums.ts";
import type { CUgraph, CUgraphEdgeData, CUgraphExec, CUgraphNode, CUgraphNodeParams } from "../abi/driver/types.ts";
import { isEnumerator } from "./core/arguments.ts";
import { fail } from "./core/fail.ts";
import type { EdgeKind, Graph, GraphNode } from "./core/graph.ts";
import type { NodeSpec } from "./core/graph-spec.ts";
import { addNode, edgeKind, nodeArgument, slot } from "./graph-argument.ts";
import { childSpec } from "./graph-child-node.ts";
import { eventSpec } from "./graph-event-node.ts";
import { change, execNode, cuGraphExecChildGraphNodeSetParams } from "./graph-exec-nodes.ts";
import { hostSpec } from "./graph-host-node.ts";
import { kernelSpec, nodeContext } from "./graph-kernel-node.ts";
import { memcpySpec } from "./graph-memcpy-node.ts";
import { allocSpec, freeSpec } from "./graph-memory-node.ts";
import { memsetSpec } from "./graph-memset-node.ts";
import { nodeType } from "./graph.ts";

/** Graph Management: nodes of any kind, by one struct with the kind in it. */

/** Kinds that no graph of this model has. */
const unsupported: ReadonlySet<number> = new Set([cu.CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL, cu.CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT, cu.CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, cu.CU_GRAPH_NODE_TYPE_CONDITIONAL]);

/** The kind that parameters are of. @returns it, or the error */
function kindOf(t: Caller, nodeParams: In<CUgraphNodeParams> | null): { readonly type: number; readonly params: In<CUgraphNodeParams> } | CUresult {
  if (nodeParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodeParams must not be NULL");
  const type = nodeParams.type ?? 0;
  if (!isEnumerator(CUgraphNodeType, type)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "type must be of CUgraphNodeType", { type });
  if (unsupported.has(type)) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "nodes of this kind are not supported: external semaphores, batches of memory operations, conditions", { type });
  return { type, params: nodeParams };
}

/** Checks parameters of any kind. @param graph the graph that the node is of. @param old what the node does now; null: it is new */
function* specOf(t: Caller, graph: Graph, nodeParams: In<CUgraphNodeParams>, type: number, old: NodeSpec | null): Blocking<NodeSpec | CUresult> {
  const missing = (member: string): CUresult => fail(t, cu.CUDA_ERROR_INVALID_VALUE, `nodeParams.${member} must be given for a node of this type`, { type });
  const { kernel, memcpy, memset, host, graph: child, eventRecord, eventWait, alloc, free } = nodeParams;
  switch (type) {
    case cu.CU_GRAPH_NODE_TYPE_KERNEL: return kernel === undefined ? missing("kernel") : yield* kernelSpec(t, kernel, cu.CUDA_ERROR_INVALID_VALUE, old?.kind === "kernel" ? old.attributes : new Map());
    case cu.CU_GRAPH_NODE_TYPE_MEMCPY: {
      if (memcpy === undefined) return missing("memcpy");
      if ((memcpy.flags ?? 0) !== 0 || (memcpy.reserved ?? 0) !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "memcpy.flags and reserved must be 0", { flags: memcpy.flags });
      const context = nodeContext(t, memcpy.copyCtx ?? 0, cu.CUDA_ERROR_INVALID_CONTEXT);
      return typeof context === "number" ? context : memcpySpec(t, context, memcpy.copyParams ?? null);
    }
    case cu.CU_GRAPH_NODE_TYPE_MEMSET: {
      if (memset === undefined) return missing("memset");
      const context = nodeContext(t, memset.ctx ?? 0, cu.CUDA_ERROR_INVALID_CONTEXT);
      return typeof context === "number" ? context : memsetSpec(t, context, memset);
    }
    case cu.CU_GRAPH_NODE_TYPE_HOST: return host === undefined ? missing("host") : hostSpec(t, host);
    case cu.CU_GRAPH_NODE_TYPE_GRAPH: {
      if (child === undefined) return missing("graph");
      const { ownership = 0 } = child;
      if (ownership !== cu.CU_GRAPH_CHILD_GRAPH_OWNERSHIP_CLONE && ownership !== cu.CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "graph.ownership must be of CUgraphChildGraphNodeOwnership", { ownership });
      return childSpec(t, graph, child.graph ?? 0, ownership === cu.CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE);
    }
    case cu.CU_GRAPH_NODE_TYPE_WAIT_EVENT: return eventWait === undefined ? missing("eventWait") : eventSpec(t, "wait", eventWait.event ?? 0);
    case cu.CU_GRAPH_NODE_TYPE_EVENT_RECORD: return eventRecord === undefined ? missing("eventRecord") : eventSpec(t, "record", eventRecord.event ?? 0);
    case cu.CU_GRAPH_NODE_TYPE_MEM_ALLOC: return alloc === undefined ? missing("alloc") : allocSpec(t, graph, alloc);
    case cu.CU_GRAPH_NODE_TYPE_MEM_FREE: return free === undefined ? missing("free") : freeSpec(t, graph, free.dptr ?? 0);
    default: return { kind: "empty" };
  }
}

/**
 * Adds a node of any kind.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @param dependencyData what those edges say; NULL: nothing
 * @param nodeParams type, and the member that belongs to it
 * @returns INVALID_VALUE: as the function for the kind; not of CUgraphNodeType, the member missing, edge data that the nodes do not have. INVALID_CONTEXT: no context that a copy or set can run in.
 * NOT_SUPPORTED: external semaphores, batches of memory operations, conditional nodes.
 */
export function* cuGraphAddNode_v2(
  t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, dependencyData: readonly In<CUgraphEdgeData>[] | null, numDependencies: number,
  nodeParams: In<CUgraphNodeParams> | null,
): Blocking<CUresult> {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  if (typeof place === "number") return place;
  if (dependencyData !== null && dependencyData.length < numDependencies) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dependencyData must have numDependencies entries", { numDependencies });
  const kind = kindOf(t, nodeParams);
  if (typeof kind === "number") return kind;
  const target = { spec: { kind: kind.type === cu.CU_GRAPH_NODE_TYPE_KERNEL ? "kernel" : "empty" } } as GraphNode;
  const kinds: EdgeKind[] = [];
  for (const [i, from] of place.dependencies.entries()) {
    const edge = edgeKind(from, target, dependencyData?.[i]);
    if (typeof edge === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, edge, { from: from.handle });
    kinds.push(edge);
  }
  return addNode(phGraphNode, place, yield* specOf(t, place.graph, kind.params, kind.type, null), kinds);
}

/** Kinds whose nodes stay what they are. */
function refuseFixed(t: Caller, node: GraphNode, type: number): CUresult {
  if (type !== nodeType(node)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "type must be that of the node", { type, node: nodeType(node) });
  if (type === cu.CU_GRAPH_NODE_TYPE_MEM_ALLOC || type === cu.CU_GRAPH_NODE_TYPE_MEM_FREE) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "nodes that allocate or free cannot be changed", { type });
  return 0;
}

/**
 * Changes a node of any kind.
 * @param nodeParams type (that of the node) and the member that belongs to it
 * @returns INVALID_VALUE: not a node, nodeParams NULL, another type, as the function for the kind. NOT_SUPPORTED: nodes that allocate or free, child graphs, kinds that no node here has.
 */
export function* cuGraphNodeSetParams(t: Caller, hNode: CUgraphNode | null, nodeParams: In<CUgraphNodeParams> | null): Blocking<CUresult> {
  const node = nodeArgument(t, hNode);
  if (typeof node === "number") return node;
  const kind = kindOf(t, nodeParams);
  if (typeof kind === "number") return kind;
  const fixed = refuseFixed(t, node, kind.type);
  if (fixed !== 0) return fixed;
  if (kind.type === cu.CU_GRAPH_NODE_TYPE_GRAPH) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "a child graph is changed through cuGraphChildGraphNodeGetGraph", { hNode });
  const spec = yield* specOf(t, node.graph, kind.params, kind.type, node.spec);
  if (typeof spec === "number") return spec;
  node.spec = spec;
  return 0;
}

/**
 * Changes a node of any kind in an executable graph.
 * @param hNode a node of the graph that it was made of
 * @param nodeParams type (that of the node) and the member that belongs to it
 * @returns INVALID_VALUE: not an executable graph, not a node of its graph, nodeParams NULL, another type, as the function for the kind. NOT_SUPPORTED: nodes that allocate or free, kinds that no
 * node here has.
 */
export function* cuGraphExecNodeSetParams(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, nodeParams: In<CUgraphNodeParams> | null): Blocking<CUresult> {
  const found = execNode(t, hGraphExec, hNode, null);
  if (typeof found === "number") return found;
  const kind = kindOf(t, nodeParams);
  if (typeof kind === "number") return kind;
  const fixed = refuseFixed(t, found.node, kind.type);
  if (fixed !== 0) return fixed;
  if (kind.type === cu.CU_GRAPH_NODE_TYPE_GRAPH) return cuGraphExecChildGraphNodeSetParams(t, hGraphExec, hNode, kind.params.graph?.graph ?? 0);
  return change(t, found, yield* specOf(t, found.node.graph, kind.params, kind.type, found.node.spec));
}

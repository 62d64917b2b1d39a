import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUDA_HOST_NODE_PARAMS, CUDA_KERNEL_NODE_PARAMS, CUDA_MEMCPY3D, CUDA_MEMSET_NODE_PARAMS, CUevent, CUgraph, CUgraphExec, CUgraphNode } from "../abi/driver/types.ts";
import { fail } from "./core/fail.ts";
import type { GraphNode } from "./core/graph.ts";
import type { GraphExec } from "./core/graph-exec.ts";
import type { NodeSpec } from "./core/graph-spec.ts";
import { execArgument, graphArgument, nodeArgument } from "./graph-argument.ts";
import { eventSpec } from "./graph-event-node.ts";
import { hostSpec } from "./graph-host-node.ts";
import { kernelSpec, nodeContext } from "./graph-kernel-node.ts";
import { memcpySpec } from "./graph-memcpy-node.ts";
import { memsetSpec } from "./graph-memset-node.ts";
import { applyPairs, checkChange, pairGraphs } from "./graph-update.ts";

/** Graph Management: changing single nodes of an executable graph. They are named by the nodes of the graph that it was made of; launches under way keep the old parameters. */

/** An executable graph and its own node. */
export interface ExecNode {
  readonly exec: GraphExec;
  readonly node: GraphNode;
}

/** The executable graph's node that stands for a node. @param kinds what it may be; null: anything */
export function execNode(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, kinds: readonly NodeSpec["kind"][] | null): ExecNode | CUresult {
  const exec = execArgument(t, hGraphExec);
  if (typeof exec === "number") return exec;
  const original = nodeArgument(t, hNode);
  if (typeof original === "number") return original;
  const node = exec.nodes.get(original);
  if (node === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hNode must be a node of the graph that the executable graph was made of", { hNode });
  if (kinds !== null && !kinds.includes(node.spec.kind)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `hNode must be a ${kinds.join(" or ")} node`, { hNode, kind: node.spec.kind });
  return { exec, node };
}

/** Puts a checked operation in the place of another. */
export function change(t: Caller, { node }: ExecNode, spec: NodeSpec | CUresult): CUresult {
  if (typeof spec === "number") return spec;
  const bad = checkChange(node.spec, spec, null);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad.rule);
  node.spec = spec;
  return 0;
}

/**
 * Changes a kernel node of an executable graph; its attributes stay.
 * @returns INVALID_VALUE: not an executable graph, not a kernel node of its graph, nodeParams NULL, not a function or one of another context, sizes and parameters as cuLaunchKernel.
 */
export function* cuGraphExecKernelNodeSetParams_v2(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, nodeParams: In<CUDA_KERNEL_NODE_PARAMS> | null): Blocking<CUresult> {
  const found = execNode(t, hGraphExec, hNode, ["kernel"]);
  if (typeof found === "number") return found;
  const { spec } = found.node;
  return change(t, found, yield* kernelSpec(t, nodeParams, cu.CUDA_ERROR_INVALID_VALUE, spec.kind === "kernel" ? spec.attributes : new Map()));
}

/**
 * Changes a copy node of an executable graph. Only copies of one row can be changed.
 * @param ctx the context it runs in, which must stay; NULL: the current one
 * @returns INVALID_VALUE: not an executable graph, not a copy node of its graph, copyParams NULL, a copy that cuMemcpy3D would refuse, several rows, another context.
 */
export function cuGraphExecMemcpyNodeSetParams(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, copyParams: In<CUDA_MEMCPY3D> | null, ctx: CUcontext | null): CUresult {
  const found = execNode(t, hGraphExec, hNode, ["memcpy"]);
  if (typeof found === "number") return found;
  const context = nodeContext(t, ctx);
  return typeof context === "number" ? context : change(t, found, memcpySpec(t, context, copyParams));
}

/**
 * Changes a set node of an executable graph. Only sets of one row can be changed.
 * @param ctx the context it runs in, which must stay; NULL: the current one
 * @returns INVALID_VALUE: not an executable graph, not a set node of its graph, memsetParams NULL, parameters that cuGraphAddMemsetNode would refuse, several rows, another context.
 */
export function cuGraphExecMemsetNodeSetParams(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, memsetParams: In<CUDA_MEMSET_NODE_PARAMS> | null, ctx: CUcontext | null): CUresult {
  const found = execNode(t, hGraphExec, hNode, ["memset"]);
  if (typeof found === "number") return found;
  const context = nodeContext(t, ctx);
  return typeof context === "number" ? context : change(t, found, memsetSpec(t, context, memsetParams));
}

/** Changes a host node of an executable graph. @returns INVALID_VALUE: not an executable graph, not a host node of its graph, nodeParams or fn NULL. */
export function cuGraphExecHostNodeSetParams(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, nodeParams: In<CUDA_HOST_NODE_PARAMS> | null): CUresult {
  const found = execNode(t, hGraphExec, hNode, ["host"]);
  return typeof found === "number" ? found : change(t, found, hostSpec(t, nodeParams));
}

/**
 * Gives a child graph of an executable graph the parameters of a graph of the same shape.
 * @returns INVALID_VALUE: not an executable graph, not a child node of its graph, not a graph, one that differs in more than parameters.
 */
export function cuGraphExecChildGraphNodeSetParams(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, childGraph: CUgraph | null): CUresult {
  const found = execNode(t, hGraphExec, hNode, ["graph"]);
  if (typeof found === "number") return found;
  const child = graphArgument(t, childGraph, "childGraph");
  if (typeof child === "number") return child;
  const { spec } = found.node;
  if (spec.kind !== "graph") return 0;
  const pairs = new Map<GraphNode, GraphNode>();
  const bad = pairGraphs(spec.graph, child, pairs);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad.rule, { childGraph });
  applyPairs(pairs);
  return 0;
}

/** Changes the event that a node of an executable graph records. @returns INVALID_VALUE: not an executable graph, not a record node of its graph, not an event. */
export function cuGraphExecEventRecordNodeSetEvent(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, event: CUevent | null): CUresult {
  const found = execNode(t, hGraphExec, hNode, ["record"]);
  return typeof found === "number" ? found : change(t, found, eventSpec(t, "record", event));
}

/** Changes the event that a node of an executable graph waits for. @returns INVALID_VALUE: not an executable graph, not a wait node of its graph, not an event. */
export function cuGraphExecEventWaitNodeSetEvent(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, event: CUevent | null): CUresult {
  const found = execNode(t, hGraphExec, hNode, ["wait"]);
  return typeof found === "number" ? found : change(t, found, eventSpec(t, "wait", event));
}

/** Kinds that can be switched off. */
const SWITCHED = ["kernel", "memcpy", "memset"] as const;

/**
 * Switches a kernel, copy or set node of an executable graph off (it then only orders) or on.
 * @param isEnabled 0: off
 * @returns INVALID_VALUE: not an executable graph, not such a node of its graph.
 */
export function cuGraphNodeSetEnabled(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, isEnabled: number): CUresult {
  const found = execNode(t, hGraphExec, hNode, SWITCHED);
  if (typeof found === "number") return found;
  if (isEnabled === 0) found.exec.disabled.add(found.node);
  else found.exec.disabled.delete(found.node);
  return 0;
}

/**
 * Whether a kernel, copy or set node of an executable graph is on.
 * @param isEnabled gets 1 or 0
 * @returns INVALID_VALUE: not an executable graph, not such a node of its graph, isEnabled NULL.
 */
export function cuGraphNodeGetEnabled(t: Caller, hGraphExec: CUgraphExec | null, hNode: CUgraphNode | null, isEnabled: Out<number> | null): CUresult {
  const found = execNode(t, hGraphExec, hNode, SWITCHED);
  if (typeof found === "number") return found;
  if (isEnabled === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "isEnabled must not be NULL");
  isEnabled.value = found.exec.disabled.has(found.node) ? 0 : 1;
  return 0;
}

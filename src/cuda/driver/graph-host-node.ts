import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUDA_HOST_NODE_PARAMS, CUgraph, CUgraphNode, CUhostFn } from "../abi/driver/types.ts";
import { fail } from "./core/fail.ts";
import type { HostSpec } from "./core/graph-spec.ts";
import { addNode, nodeOfKind, slot } from "./graph-argument.ts";

/** Graph Management: nodes that call a function of the host program. It must not call CUDA, and is not called when the launching context has failed by then. */

/** Checks a host node's parameters. @returns the operation, or the error */
export function hostSpec(t: Caller, nodeParams: In<CUDA_HOST_NODE_PARAMS> | null): HostSpec | CUresult {
  if (nodeParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodeParams must not be NULL");
  if (typeof nodeParams.fn !== "function") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "fn must not be NULL");
  return { kind: "host", fn: nodeParams.fn as CUhostFn, userData: nodeParams.userData };
}

/**
 * Adds a node that calls a function of the host program.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @param nodeParams fn (a generator function may block) and userData
 * @returns INVALID_VALUE: phGraphNode, nodeParams or fn NULL, not a graph, dependencies that are no nodes of it or named twice.
 */
export function cuGraphAddHostNode(
  t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, nodeParams: In<CUDA_HOST_NODE_PARAMS> | null,
): CUresult {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  return typeof place === "number" ? place : addNode(phGraphNode, place, hostSpec(t, nodeParams));
}

/**
 * A host node's parameters.
 * @param nodeParams gets them
 * @returns INVALID_VALUE: not a host node, nodeParams NULL.
 */
export function cuGraphHostNodeGetParams(t: Caller, hNode: CUgraphNode | null, nodeParams: Out<CUDA_HOST_NODE_PARAMS> | null): CUresult {
  const node = nodeOfKind(t, hNode, "host");
  if (typeof node === "number") return node;
  if (nodeParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodeParams must not be NULL");
  nodeParams.value = { fn: node.spec.fn, userData: node.spec.userData };
  return 0;
}

/**
 * Changes a host node's parameters.
 * @returns INVALID_VALUE: not a host node, nodeParams or fn NULL.
 */
export function cuGraphHostNodeSetParams(t: Caller, hNode: CUgraphNode | null, nodeParams: In<CUDA_HOST_NODE_PARAMS> | null): CUresult {
  const node = nodeOfKind(t, hNode, "host");
  if (typeof node === "number") return node;
  const spec = hostSpec(t, nodeParams);
  if (typeof spec === "number") return spec;
  node.spec = spec;
  return 0;
}

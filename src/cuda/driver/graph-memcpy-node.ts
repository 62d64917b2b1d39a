import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUDA_MEMCPY3D, CUgraph, CUgraphNode } from "../abi/driver/types.ts";
import type { Context } from "./core/context.ts";
import { fail } from "./core/fail.ts";
import { memcpyParams } from "./core/graph-copy.ts";
import type { MemcpySpec } from "./core/graph-spec.ts";
import { addNode, nodeOfKind, slot } from "./graph-argument.ts";
import { nodeContext } from "./graph-kernel-node.ts";
import { reservedRule, resolveStrided, strided3D, type Strided } from "./memory-copy-strided.ts";

/**
 * Graph Management: copy nodes. Pageable host memory is read or written when the node executes, by a helper thread of the driver, not when the node is made or launched.
 */

/** Checks a copy node's parameters in a context. @returns the operation, or the error */
export function memcpySpec(t: Caller, context: Context, copyParams: In<CUDA_MEMCPY3D> | null): MemcpySpec | CUresult {
  if (copyParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "copyParams must not be NULL");
  const bad = reservedRule(copyParams);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad);
  return stridedSpec(t, context, strided3D(copyParams));
}

/** The same for a copy whose sides are known. */
export function stridedSpec(t: Caller, context: Context, what: Strided): MemcpySpec | CUresult {
  const found = resolveStrided(t, context, what);
  if (typeof found === "number") return found === cu.CUDA_ERROR_INVALID_HANDLE ? cu.CUDA_ERROR_INVALID_VALUE : found;
  if (found === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a copy node must copy something: no dimension may be 0", { width: what.width, height: what.height, depth: what.depth });
  return { kind: "memcpy", context, what };
}

/**
 * Adds a copy node.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @param copyParams as for cuMemcpy3D
 * @param ctx the context it runs in; NULL: the current one
 * @returns INVALID_VALUE: phGraphNode or copyParams NULL, not a graph, dependencies that are no nodes of it or named twice, not a context, a copy that cuMemcpy3D would refuse, an empty copy.
 */
export function cuGraphAddMemcpyNode(
  t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, copyParams: In<CUDA_MEMCPY3D> | null, ctx: CUcontext | null,
): CUresult {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  if (typeof place === "number") return place;
  const context = nodeContext(t, ctx);
  return typeof context === "number" ? context : addNode(phGraphNode, place, memcpySpec(t, context, copyParams));
}

/**
 * A copy node's parameters.
 * @param nodeParams gets them
 * @returns INVALID_VALUE: not a copy node, nodeParams NULL.
 */
export function cuGraphMemcpyNodeGetParams(t: Caller, hNode: CUgraphNode | null, nodeParams: Out<CUDA_MEMCPY3D> | null): CUresult {
  const node = nodeOfKind(t, hNode, "memcpy");
  if (typeof node === "number") return node;
  if (nodeParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodeParams must not be NULL");
  nodeParams.value = memcpyParams(node.spec.what);
  return 0;
}

/**
 * Changes a copy node's parameters; its context stays.
 * @returns INVALID_VALUE: not a copy node, nodeParams NULL, a copy that cuMemcpy3D would refuse, an empty copy.
 */
export function cuGraphMemcpyNodeSetParams(t: Caller, hNode: CUgraphNode | null, nodeParams: In<CUDA_MEMCPY3D> | null): CUresult {
  const node = nodeOfKind(t, hNode, "memcpy");
  if (typeof node === "number") return node;
  const spec = memcpySpec(t, node.spec.context, nodeParams);
  if (typeof spec === "number") return spec;
  node.spec = spec;
  return 0;
}

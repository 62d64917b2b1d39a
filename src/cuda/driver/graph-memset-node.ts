import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUDA_MEMSET_NODE_PARAMS, CUgraph, CUgraphNode } from "../abi/driver/types.ts";
import type { Context } from "./core/context.ts";
import { fail } from "./core/fail.ts";
import type { MemsetSpec } from "./core/graph-spec.ts";
import { addNode, nodeOfKind, slot } from "./graph-argument.ts";
import { nodeContext } from "./graph-kernel-node.ts";
import { checkFill } from "./memory-set.ts";

/** Graph Management: nodes that set memory. */

/** Checks a set node's parameters in a context. @returns the operation, or the error */
export function memsetSpec(t: Caller, context: Context, params: In<CUDA_MEMSET_NODE_PARAMS> | null): MemsetSpec | CUresult {
  if (params === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "memsetParams must not be NULL");
  const { dst = 0, pitch = 0, value = 0, elementSize = 0, width = 0, height = 0 } = params;
  if (elementSize !== 1 && elementSize !== 2 && elementSize !== 4) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "elementSize must be 1, 2 or 4", { elementSize });
  const filling = checkFill(t, context, dst, value, elementSize, pitch, width, height);
  if (typeof filling === "number") return filling;
  if (filling === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "width and height must not be 0", { width, height });
  return { kind: "memset", context, dst, pitch, value, elementSize, width, height };
}

/** A set node's parameters as the program reads them. */
export function memsetParams({ context, dst, pitch, value, elementSize, width, height }: MemsetSpec): CUDA_MEMSET_NODE_PARAMS & { ctx: CUcontext } {
  return { dst, pitch, value, elementSize, width, height, ctx: context.handle };
}

/**
 * Adds a node that sets memory.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @param memsetParams address, pitch in bytes, value, size of an element (1, 2 or 4), elements of a row, rows
 * @param ctx the context it runs in; NULL: the current one
 * @returns INVALID_VALUE: phGraphNode or memsetParams NULL, not a graph, dependencies that are no nodes of it or named twice, another element size, no elements, misaligned, a range not inside one
 * allocation. INVALID_CONTEXT: not a context.
 */
export function cuGraphAddMemsetNode(
  t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, memsetParams: In<CUDA_MEMSET_NODE_PARAMS> | null, ctx: CUcontext | null,
): CUresult {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  if (typeof place === "number") return place;
  const context = nodeContext(t, ctx, cu.CUDA_ERROR_INVALID_CONTEXT);
  return typeof context === "number" ? context : addNode(phGraphNode, place, memsetSpec(t, context, memsetParams));
}

/**
 * A set node's parameters.
 * @param nodeParams gets them
 * @returns INVALID_VALUE: not a node that sets memory, nodeParams NULL.
 */
export function cuGraphMemsetNodeGetParams(t: Caller, hNode: CUgraphNode | null, nodeParams: Out<CUDA_MEMSET_NODE_PARAMS> | null): CUresult {
  const node = nodeOfKind(t, hNode, "memset");
  if (typeof node === "number") return node;
  if (nodeParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodeParams must not be NULL");
  nodeParams.value = memsetParams(node.spec);
  return 0;
}

/**
 * Changes a set node's parameters; its context stays.
 * @returns INVALID_VALUE: not a node that sets memory, nodeParams NULL, parameters that cuGraphAddMemsetNode would refuse.
 */
export function cuGraphMemsetNodeSetParams(t: Caller, hNode: CUgraphNode | null, nodeParams: In<CUDA_MEMSET_NODE_PARAMS> | null): CUresult {
  const node = nodeOfKind(t, hNode, "memset");
  if (typeof node === "number") return node;
  const spec = memsetSpec(t, node.spec.context, nodeParams);
  if (typeof spec === "number") return spec;
  node.spec = spec;
  return 0;
}

import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUgraphNodeParams } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaGraphEdgeData, cudaGraphExec_t, cudaGraphNodeParams, cudaGraphNode_t, cudaGraph_t } from "../abi/runtime/types.ts";
import type { Context } from "../driver/core/context.ts";
import { fail } from "../driver/core/fail.ts";
import { memcpyParams } from "../driver/core/graph-copy.ts";
import * as cu from "../driver/graph-node.ts";
import { inContextBlocking } from "./core/call.ts";
import { driverParams } from "./graph-kernel-node.ts";
import { setParams } from "./graph-simple-node.ts";
import { stridedOf } from "./memory-copy-strided.ts";

/** Graph Management: nodes of any kind, by one struct with the kind in it. */

/** A node's parameters for the driver. @returns them, or the error */
function* driverNode(t: Caller, context: Context, p: In<cudaGraphNodeParams> | null): Blocking<In<CUgraphNodeParams> | CUresult> {
  if (p === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "nodeParams must not be NULL");
  const type = (p.type ?? 0) as CUgraphNodeParams["type"];
  if (type === rt.cudaGraphNodeTypeKernel && p.kernel !== undefined) {
    const kernel = yield* driverParams(t, context, p.kernel);
    return typeof kernel === "number" ? kernel : { type, kernel };
  }
  if (type === rt.cudaGraphNodeTypeMemcpy && p.memcpy !== undefined) {
    const what = stridedOf(t, context, p.memcpy.copyParams ?? null);
    return typeof what === "number" ? what : { type, memcpy: { flags: p.memcpy.flags ?? 0, copyParams: memcpyParams(what) } };
  }
  const { host, graph, eventWait, eventRecord, alloc, free } = p;
  // The structs of these kinds are the driver's under other names.
  return {
    type, memset: p.memset === undefined ? undefined : setParams(p.memset) ?? undefined, host, graph: graph as CUgraphNodeParams["graph"], eventWait, eventRecord,
    alloc: alloc === undefined ? undefined : { ...alloc } as In<NonNullable<CUgraphNodeParams["alloc"]>>, free: free === undefined ? undefined : { dptr: typeof free.dptr === "number" ? free.dptr : 0 },
  };
}

/**
 * Adds a node of any kind.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @param dependencyData what those edges say; NULL: nothing
 * @param nodeParams type, and the member that belongs to it
 * @returns cudaErrorInvalidValue: as the function for the kind; no kind, the member missing, edge data that the nodes do not have. cudaErrorInvalidDeviceFunction: no such kernel. cudaErrorNotSupported: external
 * semaphores, conditional nodes.
 */
export function* cudaGraphAddNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, dependencyData: readonly In<cudaGraphEdgeData>[] | null, numDependencies: number, nodeParams: In<cudaGraphNodeParams> | null,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const params = yield* driverNode(t, context, nodeParams);
    if (typeof params === "number") return params;
    const code = yield* cu.cuGraphAddNode_v2(t, pGraphNode, graph, pDependencies, dependencyData, numDependencies, params);
    if (code === 0 && nodeParams?.alloc !== undefined) Object.assign(nodeParams.alloc, { dptr: params.alloc?.dptr });
    return code;
  });
}

/**
 * Changes a node of any kind.
 * @param nodeParams type (that of the node) and the member that belongs to it
 * @returns cudaErrorInvalidValue: not a node, nodeParams NULL, another type, as the function for the kind. cudaErrorInvalidDeviceFunction: no such kernel. cudaErrorNotSupported: nodes that allocate or free, child graphs,
 * kinds that no node here has.
 */
export function* cudaGraphNodeSetParams(t: Caller, node: cudaGraphNode_t | null, nodeParams: In<cudaGraphNodeParams> | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const params = yield* driverNode(t, context, nodeParams);
    return typeof params === "number" ? params : yield* cu.cuGraphNodeSetParams(t, node, params);
  });
}

/**
 * Changes a node of any kind in an executable graph.
 * @param nodeParams type (that of the node) and the member that belongs to it
 * @returns cudaErrorInvalidValue: not an executable graph, not a node of its graph, nodeParams NULL, another type, as the function for the kind. cudaErrorInvalidDeviceFunction: no such kernel. cudaErrorNotSupported: nodes
 * that allocate or free, kinds that no node here has.
 */
export function* cudaGraphExecNodeSetParams(
  t: Caller, graphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, nodeParams: In<cudaGraphNodeParams> | null,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const params = yield* driverNode(t, context, nodeParams);
    return typeof params === "number" ? params : yield* cu.cuGraphExecNodeSetParams(t, graphExec, node, params);
  });
}

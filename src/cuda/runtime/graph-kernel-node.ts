import type { Caller } from "../../api/caller.ts";
import { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In, KernelFunction } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUDA_KERNEL_NODE_PARAMS } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t, cudaLaunchAttributeID } from "../abi/runtime/enums.ts";
import type { cudaGraphNode_t, cudaGraph_t, cudaKernelNodeParams, cudaLaunchAttributeValue } from "../abi/runtime/types.ts";
import type { Context } from "../driver/core/context.ts";
import { fail } from "../driver/core/fail.ts";
import * as kernels from "../driver/graph-kernel-node.ts";
import { inContextBlocking, withDriver } from "./core/call.ts";
import { functionOf } from "./core/registry.ts";
import { triple } from "./execution.ts";

/** Graph Management: kernel nodes. */

/** A kernel node's parameters for the driver. @returns them, or the error */
export function* driverParams(t: Caller, context: Context, p: In<cudaKernelNodeParams> | null): Blocking<In<CUDA_KERNEL_NODE_PARAMS> | CUresult> {
  if (p === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pNodeParams must not be NULL");
  const fn = yield* functionOf(t, context, (p.func ?? null) as KernelFunction | null);
  if (typeof fn === "number") return fn;
  const [gridDimX, gridDimY, gridDimZ] = triple(p.gridDim ?? 1);
  const [blockDimX, blockDimY, blockDimZ] = triple(p.blockDim ?? 1);
  return { func: fn.handle, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes: p.sharedMemBytes ?? 0, kernelParams: p.kernelParams ?? null, extra: p.extra ?? null };
}

function runtimeParams({ func, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes, kernelParams, extra }: CUDA_KERNEL_NODE_PARAMS): cudaKernelNodeParams {
  return { func, gridDim: { x: gridDimX, y: gridDimY, z: gridDimZ }, blockDim: { x: blockDimX, y: blockDimY, z: blockDimZ }, sharedMemBytes, kernelParams, extra };
}

/**
 * Adds a kernel node.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @param pNodeParams as for cudaLaunchKernel; the kernel is loaded into the current device's context
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, pNodeParams NULL, sizes and parameters that a launch would refuse. cudaErrorInvalidDeviceFunction: no such kernel.
 */
export function* cudaGraphAddKernelNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, pNodeParams: In<cudaKernelNodeParams> | null,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const params = yield* driverParams(t, context, pNodeParams);
    return typeof params === "number" ? params : yield* kernels.cuGraphAddKernelNode_v2(t, pGraphNode, graph, pDependencies, numDependencies, params);
  });
}

/**
 * Changes a kernel node's parameters; its attributes stay.
 * @returns cudaErrorInvalidValue: not a kernel node, pNodeParams NULL, sizes and parameters that a launch would refuse. cudaErrorInvalidDeviceFunction: no such kernel.
 */
export function* cudaGraphKernelNodeSetParams(t: Caller, node: cudaGraphNode_t | null, pNodeParams: In<cudaKernelNodeParams> | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const params = yield* driverParams(t, context, pNodeParams);
    return typeof params === "number" ? params : yield* kernels.cuGraphKernelNodeSetParams_v2(t, node, params);
  });
}

/**
 * A kernel node's parameters; func is a CUfunction.
 * @param pNodeParams gets them
 * @returns cudaErrorInvalidValue: not a kernel node, pNodeParams NULL.
 */
export function cudaGraphKernelNodeGetParams(t: Caller, node: cudaGraphNode_t | null, pNodeParams: Out<cudaKernelNodeParams> | null): cudaError_t {
  return withDriver(t, () => {
    if (pNodeParams === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pNodeParams must not be NULL");
    const box = new Out<CUDA_KERNEL_NODE_PARAMS>();
    const code = kernels.cuGraphKernelNodeGetParams_v2(t, node, box);
    if (code === 0) pNodeParams.value = runtimeParams(box.value);
    return code;
  });
}

/** Copies all attributes of one kernel node to another. @returns cudaErrorInvalidValue: not kernel nodes. */
export function cudaGraphKernelNodeCopyAttributes(t: Caller, hDst: cudaGraphNode_t | null, hSrc: cudaGraphNode_t | null): cudaError_t {
  return withDriver(t, () => kernels.cuGraphKernelNodeCopyAttributes(t, hDst, hSrc));
}

/**
 * One attribute of a kernel node.
 * @param value_out gets an object with the one member that belongs to the attribute
 * @returns cudaErrorInvalidResourceHandle: not a kernel node. cudaErrorInvalidValue: value_out NULL, no attribute of kernel nodes.
 */
export function cudaGraphKernelNodeGetAttribute(
  t: Caller, hNode: cudaGraphNode_t | null, attr: cudaLaunchAttributeID, value_out: Out<cudaLaunchAttributeValue> | null,
): cudaError_t {
  return withDriver(t, () => kernels.cuGraphKernelNodeGetAttribute(t, hNode, attr, value_out as never));
}

/**
 * Sets one attribute of a kernel node.
 * @param value an object with the one member that belongs to the attribute
 * @returns cudaErrorInvalidResourceHandle: not a kernel node. cudaErrorInvalidValue: value NULL or without that member, no attribute of kernel nodes. cudaErrorCooperativeLaunchTooLarge.
 */
export function cudaGraphKernelNodeSetAttribute(
  t: Caller, hNode: cudaGraphNode_t | null, attr: cudaLaunchAttributeID, value: In<cudaLaunchAttributeValue> | null,
): cudaError_t {
  return withDriver(t, () => kernels.cuGraphKernelNodeSetAttribute(t, hNode, attr, value as never));
}

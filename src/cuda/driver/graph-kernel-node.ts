import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUDA_KERNEL_NODE_PARAMS, CUgraph, CUgraphNode, CUkernelNodeAttrValue } from "../abi/driver/types.ts";
import type { Context } from "./core/context.ts";
import { enter, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { KernelSpec } from "./core/graph-spec.ts";
import { checkCooperative, checkSizes, pack } from "./execution.ts";
import { kernelFunction } from "./function-argument.ts";
import { addNode, nodeOfKind, slot } from "./graph-argument.ts";
import type { CudaFunction } from "./core/module.ts";

/** Graph Management: kernel nodes. Parameters are copied when they are given, as for a launch. */

/** The context that a node names: NULL means the current one. @param code what the manual says of numbers that are none */
export function nodeContext(t: Caller, ctx: CUcontext | null, code: CUresult = cu.CUDA_ERROR_INVALID_VALUE): Context | CUresult {
  if ((ctx ?? 0) === 0) return enter(t);
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const context = driver.contexts.get(ctx ?? 0);
  return context !== undefined && !context.destroyed ? context : fail(t, code, "ctx must be a live context of this process", { ctx });
}

/** The function that a node's parameters name: `func`, or `kern` in `ctx`. */
function* functionOf(t: Caller, params: In<CUDA_KERNEL_NODE_PARAMS>, code: CUresult): Blocking<CudaFunction | CUresult> {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const { func = 0, kern = 0 } = params;
  const fn = driver.functions.get(func);
  if (fn !== undefined) return fn;
  const kernel = driver.kernels.get(func !== 0 ? func : kern);
  if (kernel === undefined) return fail(t, code, "func must be a function of a loaded module, or kern a kernel of a loaded library", { func, kern });
  const context = nodeContext(t, params.ctx ?? 0);
  return typeof context === "number" ? context : yield* kernelFunction(t, context, kernel);
}

/** Checks a kernel node's parameters. @param code for a function that is none. @returns the operation, or the error */
export function* kernelSpec(t: Caller, nodeParams: In<CUDA_KERNEL_NODE_PARAMS> | null, code: CUresult, attributes: KernelSpec["attributes"] = new Map()): Blocking<KernelSpec | CUresult> {
  if (nodeParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodeParams must not be NULL");
  const fn = yield* functionOf(t, nodeParams, code);
  if (typeof fn === "number") return fn;
  const { gridDimX = 0, gridDimY = 0, gridDimZ = 0, blockDimX = 0, blockDimY = 0, blockDimZ = 0, sharedMemBytes: dynamic = 0, kernelParams = null, extra = null } = nodeParams;
  const grid = [gridDimX, gridDimY, gridDimZ] as const;
  const block = [blockDimX, blockDimY, blockDimZ] as const;
  const bad = checkSizes(t, fn, grid, block, dynamic);
  if (bad !== 0) return bad;
  const values = kernelParams as KernelSpec["values"];
  const params = pack(t, fn, values, extra as KernelSpec["extra"]);
  if (typeof params === "number") return params;
  const large = (attributes.get(cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE)?.cooperative ?? 0) === 0 ? 0 : checkCooperative(t, fn, grid, block, dynamic);
  if (large !== 0) return large;
  return { kind: "kernel", fn, kernel: nodeParams.kern ?? 0, grid, block, dynamic, params, values: values === null ? null : [...values], extra: extra as KernelSpec["extra"], attributes };
}

/** A kernel node's parameters as the program reads them. */
export function kernelParams({ fn, kernel, grid, block, dynamic, values, extra }: KernelSpec): CUDA_KERNEL_NODE_PARAMS {
  return {
    func: fn.handle, gridDimX: grid[0], gridDimY: grid[1], gridDimZ: grid[2], blockDimX: block[0], blockDimY: block[1], blockDimZ: block[2], sharedMemBytes: dynamic,
    kernelParams: values === null ? null : [...values], extra, kern: kernel, ctx: fn.module.context.handle,
  };
}

/**
 * Adds a kernel node.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @param nodeParams as for cuLaunchKernel; `func`, or `kern` with the context `ctx` (NULL: the current one)
 * @returns INVALID_VALUE: phGraphNode or nodeParams NULL, not a graph, dependencies that are no nodes of it or named twice, not a function, sizes and parameters as cuLaunchKernel.
 * LAUNCH_OUT_OF_RESOURCES: more registers than the device has.
 */
export function* cuGraphAddKernelNode_v2(
  t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, nodeParams: In<CUDA_KERNEL_NODE_PARAMS> | null,
): Blocking<CUresult> {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  if (typeof place === "number") return place;
  return addNode(phGraphNode, place, yield* kernelSpec(t, nodeParams, cu.CUDA_ERROR_INVALID_VALUE));
}

/**
 * A kernel node's parameters.
 * @param nodeParams gets them
 * @returns INVALID_VALUE: not a kernel node, nodeParams NULL.
 */
export function cuGraphKernelNodeGetParams_v2(t: Caller, hNode: CUgraphNode | null, nodeParams: Out<CUDA_KERNEL_NODE_PARAMS> | null): CUresult {
  const node = nodeOfKind(t, hNode, "kernel");
  if (typeof node === "number") return node;
  if (nodeParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodeParams must not be NULL");
  nodeParams.value = kernelParams(node.spec);
  return 0;
}

/**
 * Changes a kernel node's parameters; its attributes stay.
 * @returns INVALID_VALUE: not a kernel node, nodeParams NULL, sizes and parameters as cuLaunchKernel. INVALID_HANDLE: not a function.
 */
export function* cuGraphKernelNodeSetParams_v2(t: Caller, hNode: CUgraphNode | null, nodeParams: In<CUDA_KERNEL_NODE_PARAMS> | null): Blocking<CUresult> {
  const node = nodeOfKind(t, hNode, "kernel");
  if (typeof node === "number") return node;
  const spec = yield* kernelSpec(t, nodeParams, cu.CUDA_ERROR_INVALID_HANDLE, node.spec.attributes);
  if (typeof spec === "number") return spec;
  node.spec = spec;
  return 0;
}

/** Attributes of kernel nodes, with what they are when nobody has set them. */
const defaults: Readonly<Record<number, CUkernelNodeAttrValue>> = {
  [cu.CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW]: { accessPolicyWindow: { base_ptr: 0, num_bytes: 0, hitRatio: 0, hitProp: 0, missProp: 0 } },
  [cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE]: { cooperative: 0 },
  [cu.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION]: { clusterDim: { x: 1, y: 1, z: 1 } },
  [cu.CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE]: { clusterSchedulingPolicyPreference: 0 },
  [cu.CU_LAUNCH_ATTRIBUTE_PRIORITY]: { priority: 0 },
  [cu.CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP]: { memSyncDomainMap: { default_: 0, remote: 1 } },
  [cu.CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN]: { memSyncDomain: 0 },
  [cu.CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT]: { sharedMemCarveout: 0 },
};

/** A kernel node, for the functions on attributes. */
function attributed(t: Caller, hNode: CUgraphNode | null, name: string = "hNode"): ReturnType<typeof nodeOfKind<"kernel">> {
  const node = nodeOfKind(t, hNode, "kernel");
  if (typeof node !== "number") return node;
  return node === cu.CUDA_ERROR_INVALID_VALUE ? fail(t, cu.CUDA_ERROR_INVALID_HANDLE, `${name} must be a kernel node`, { [name]: hNode }) : node;
}

/**
 * Copies all attributes of one kernel node to another.
 * @returns INVALID_VALUE: not kernel nodes.
 */
export function cuGraphKernelNodeCopyAttributes(t: Caller, dst: CUgraphNode | null, src: CUgraphNode | null): CUresult {
  const to = nodeOfKind(t, dst, "kernel");
  if (typeof to === "number") return to;
  const from = nodeOfKind(t, src, "kernel");
  if (typeof from === "number") return from;
  to.spec = { ...to.spec, attributes: from.spec.attributes };
  return 0;
}

/**
 * One attribute of a kernel node.
 * @param value_out gets an object with the one member that belongs to the attribute
 * @returns INVALID_HANDLE: not a kernel node. INVALID_VALUE: value_out NULL, no attribute of kernel nodes.
 */
export function cuGraphKernelNodeGetAttribute(t: Caller, hNode: CUgraphNode | null, attr: number, value_out: Out<CUkernelNodeAttrValue> | null): CUresult {
  const node = attributed(t, hNode);
  if (typeof node === "number") return node;
  if (value_out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value_out must not be NULL");
  const otherwise = defaults[attr];
  if (otherwise === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attr must be an attribute of kernel nodes (CU_KERNEL_NODE_ATTRIBUTE_*)", { attr });
  value_out.value = { ...otherwise, ...(node.spec.attributes.get(attr) as CUkernelNodeAttrValue | undefined) };
  return 0;
}

/**
 * Sets one attribute of a kernel node. The priority counts in executable graphs made with CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY, cooperative launches are
 * checked; the other attributes are kept without effect.
 * @param value an object with the one member that belongs to the attribute
 * @returns INVALID_HANDLE: not a kernel node. INVALID_VALUE: value NULL or without that member, no attribute of kernel nodes, clusters of several blocks. COOPERATIVE_LAUNCH_TOO_LARGE.
 */
export function cuGraphKernelNodeSetAttribute(t: Caller, hNode: CUgraphNode | null, attr: number, value: In<CUkernelNodeAttrValue> | null): CUresult {
  const node = attributed(t, hNode);
  if (typeof node === "number") return node;
  if (value === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must not be NULL");
  const known = defaults[attr];
  if (known === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attr must be an attribute of kernel nodes (CU_KERNEL_NODE_ATTRIBUTE_*)", { attr });
  const member = Object.keys(known)[0] as keyof CUkernelNodeAttrValue;
  if (value[member] === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must have the member that belongs to attr", { attr, member });
  const { clusterDim, cooperative } = value;
  if (clusterDim !== undefined && (clusterDim.x ?? 1) * (clusterDim.y ?? 1) * (clusterDim.z ?? 1) !== 1) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "clusters of several blocks are not supported");
  const { fn, grid, block, dynamic } = node.spec;
  const large = (cooperative ?? 0) === 0 ? 0 : checkCooperative(t, fn, grid, block, dynamic);
  if (large !== 0) return large;
  node.spec = { ...node.spec, attributes: new Map([...node.spec.attributes, [attr, { [member]: value[member] }]]) };
  return 0;
}

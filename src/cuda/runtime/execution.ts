import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In, KernelFunction, KernelValue } from "../abi/common.ts";
import type { CUfunc_cache, CUfunction_attribute, CUresult } from "../abi/driver/enums.ts";
import type { CUlaunchAttribute } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import { cudaFuncAttribute, type cudaError_t, type cudaFuncCache, type cudaSharedMemConfig } from "../abi/runtime/enums.ts";
import type { cudaFuncAttributes, cudaHostFn_t, cudaLaunchConfig_t, cudaStream_t, dim3 } from "../abi/runtime/types.ts";
import type { Context } from "../driver/core/context.ts";
import { fail } from "../driver/core/fail.ts";
import { isEnumerator } from "../driver/core/arguments.ts";
import type { CudaFunction } from "../driver/core/module.ts";
import { cuFuncGetParamInfo, cuFuncSetAttribute, cuFuncSetCacheConfig, functionAttribute } from "../driver/execution-attributes.ts";
import { cuLaunchCooperativeKernel, cuLaunchHostFunc, cuLaunchKernel, cuLaunchKernelEx } from "../driver/execution.ts";
import { inContext, inContextBlocking } from "./core/call.ts";
import { functionOf } from "./core/registry.ts";

/**
 * Execution Control. A kernel is named by the object that registerModule gave, by its name, by a cudaKernel_t, or by a CUfunction. Launches do not wait; they block only while
 * a module is loaded for the first time.
 */

/** A dim3 as three numbers; what is left out is 1. */
export function triple(dim: In<dim3>): readonly [number, number, number] {
  if (typeof dim === "number") return [dim, 1, 1];
  if ("x" in dim || !("length" in dim)) {
    const { x, y, z } = dim as { readonly x?: number | undefined; readonly y?: number | undefined; readonly z?: number | undefined };
    return [x ?? 1, y ?? 1, z ?? 1];
  }
  return [dim[0] ?? 1, dim[1] ?? 1, dim[2] ?? 1];
}

/** NON-SPEC of the manual's list, the runtime's known answer: sizes that no launch can have are cudaErrorInvalidConfiguration, not cudaErrorInvalidValue. */
function badConfiguration(context: Context, fn: CudaFunction, grid: In<dim3>, block: In<dim3>, shared: number): string | null {
  const { maxGridDim, maxBlockDim, sharedPerBlockOptin } = context.device.profile.limits;
  const [blocks, sizes] = [triple(grid), triple(block)];
  for (let i = 0; i < 3; i++) {
    const axis = "xyz"[i];
    if (!(blocks[i]! >= 1 && blocks[i]! <= maxGridDim[i]!)) return `gridDim.${axis} must be 1 to ${maxGridDim[i]}`;
    if (!(sizes[i]! >= 1 && sizes[i]! <= maxBlockDim[i]!)) return `blockDim.${axis} must be 1 to ${maxBlockDim[i]}`;
  }
  const threads = sizes[0] * sizes[1] * sizes[2];
  if (threads > context.device.profile.limits.maxThreadsPerBlock) return `a block must not have more than ${context.device.profile.limits.maxThreadsPerBlock} threads`;
  const { maxThreads } = fn.info.attributes;
  if (maxThreads !== null && threads > maxThreads) return `this kernel's launch bounds allow no more than ${maxThreads} threads in a block`;
  return shared > sharedPerBlockOptin ? `a block must not have more than ${sharedPerBlockOptin} bytes of shared memory` : null;
}

function* launch(t: Caller, context: Context, func: KernelFunction | null, grid: In<dim3>, block: In<dim3>, args: readonly KernelValue[] | null, shared: number, stream: cudaStream_t | null, cooperative: boolean): Blocking<CUresult> {
  const fn = yield* functionOf(t, context, func);
  if (typeof fn === "number") return fn;
  const rule = badConfiguration(context, fn, grid, block, shared);
  if (rule !== null) return fail(t, rt.cudaErrorInvalidConfiguration as CUresult, rule, { grid: JSON.stringify(grid), block: JSON.stringify(block), sharedMem: shared });
  const [x, y, z] = triple(grid);
  const [bx, by, bz] = triple(block);
  return yield* cooperative
    ? cuLaunchCooperativeKernel(t, fn.handle, x, y, z, bx, by, bz, shared, stream, args)
    : cuLaunchKernel(t, fn.handle, x, y, z, bx, by, bz, shared, stream, args, null);
}

/**
 * Launches a kernel: `kernel<<<gridDim, blockDim, sharedMem, stream>>>(...args)`.
 * @param gridDim blocks; axes left out are 1
 * @param blockDim threads of a block
 * @param args one value for each parameter
 * @param sharedMem dynamic shared memory of a block, bytes
 * @returns cudaErrorInvalidDeviceFunction: no such kernel. cudaErrorInvalidConfiguration: sizes that the device or kernel cannot have. cudaErrorLaunchOutOfResources.
 * cudaErrorInvalidValue: parameters missing or of the wrong kind. cudaErrorInvalidResourceHandle: not a stream.
 */
export function* cudaLaunchKernel(t: Caller, func: KernelFunction | null, gridDim: In<dim3>, blockDim: In<dim3>, args: readonly KernelValue[] | null, sharedMem: number = 0, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => launch(t, context, func, gridDim, blockDim, args, sharedMem, stream, false));
}

/**
 * cudaLaunchKernel with all blocks on the device at once, so that they may wait for each other.
 * @returns as there; cudaErrorCooperativeLaunchTooLarge: more blocks than fit at once.
 */
export function* cudaLaunchCooperativeKernel(t: Caller, func: KernelFunction | null, gridDim: In<dim3>, blockDim: In<dim3>, args: readonly KernelValue[] | null, sharedMem: number = 0, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => launch(t, context, func, gridDim, blockDim, args, sharedMem, stream, true));
}

/**
 * Launches a kernel with attributes.
 * @param config sizes, stream, attributes
 * @returns as cudaLaunchKernel; cudaErrorInvalidValue: config NULL, unknown attributes. cudaErrorNotSupported: clusters.
 */
export function* cudaLaunchKernelExC(t: Caller, config: In<cudaLaunchConfig_t> | null, func: KernelFunction | null, args: readonly KernelValue[] | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    if (config === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "config must not be NULL");
    const fn = yield* functionOf(t, context, func);
    if (typeof fn === "number") return fn;
    const { gridDim = 1, blockDim = 1, dynamicSmemBytes = 0, stream = 0, attrs = null, numAttrs = 0 } = config;
    const rule = badConfiguration(context, fn, gridDim, blockDim, dynamicSmemBytes);
    if (rule !== null) return fail(t, rt.cudaErrorInvalidConfiguration as CUresult, rule);
    const [gridDimX, gridDimY, gridDimZ] = triple(gridDim);
    const [blockDimX, blockDimY, blockDimZ] = triple(blockDim);
    return yield* cuLaunchKernelEx(t, {
      gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ,
      sharedMemBytes: dynamicSmemBytes, hStream: stream, attrs: attrs as readonly In<CUlaunchAttribute>[] | null, numAttrs,
    }, fn.handle, args, null);
  });
}

/**
 * Calls a function of the host program after the stream's work so far; later work waits for it. It must not call CUDA.
 * @returns cudaErrorInvalidResourceHandle: not a stream. cudaErrorInvalidValue: fn NULL.
 */
export function cudaLaunchHostFunc(t: Caller, stream: cudaStream_t | null, fn: cudaHostFn_t | null, userData: unknown): cudaError_t {
  return inContext(t, () => cuLaunchHostFunc(t, stream, fn, userData));
}

/**
 * What a kernel needs and may have: threads, registers, shared, constant and local memory.
 * @param attr gets it
 * @returns cudaErrorInvalidDeviceFunction: no such kernel. cudaErrorInvalidValue: attr NULL.
 */
export function* cudaFuncGetAttributes(t: Caller, attr: Out<cudaFuncAttributes> | null, func: KernelFunction | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    if (attr === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "attr must not be NULL");
    const fn = yield* functionOf(t, context, func);
    if (typeof fn === "number") return fn;
    const value = (attribute: number): number => functionAttribute(fn, attribute) ?? 0;
    attr.value = {
      maxThreadsPerBlock: value(0), sharedSizeBytes: value(1), constSizeBytes: value(2), localSizeBytes: value(3), numRegs: value(4), ptxVersion: value(5), binaryVersion: value(6),
      cacheModeCA: value(7), maxDynamicSharedSizeBytes: value(8), preferredShmemCarveout: value(9), clusterDimMustBeSet: value(10), requiredClusterWidth: value(11),
      requiredClusterHeight: value(12), requiredClusterDepth: value(13), nonPortableClusterSizeAllowed: value(14), clusterSchedulingPolicyPreference: value(15), reserved: [],
    };
    return 0;
  });
}

/**
 * Sets an attribute of a kernel in the current device.
 * @param attr cudaFuncAttributeMaxDynamicSharedMemorySize, cudaFuncAttributePreferredSharedMemoryCarveout ...
 * @returns cudaErrorInvalidDeviceFunction: no such kernel. cudaErrorInvalidValue: no attribute, or a value it cannot have.
 */
export function* cudaFuncSetAttribute(t: Caller, func: KernelFunction | null, attr: cudaFuncAttribute, value: number): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const fn = yield* functionOf(t, context, func);
    if (typeof fn === "number") return fn;
    if (!isEnumerator(cudaFuncAttribute, attr)) return fail(t, rt.cudaErrorInvalidValue as CUresult, "attr must be of cudaFuncAttribute", { attr });
    return cuFuncSetAttribute(t, fn.handle, attr as CUfunction_attribute, value);
  });
}

/** Asks for more L1 cache or shared memory: a hint, kept and without effect. @returns cudaErrorInvalidDeviceFunction, cudaErrorInvalidValue: no cudaFuncCache. */
export function* cudaFuncSetCacheConfig(t: Caller, func: KernelFunction | null, cacheConfig: cudaFuncCache): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const fn = yield* functionOf(t, context, func);
    return typeof fn === "number" ? fn : cuFuncSetCacheConfig(t, fn.handle, cacheConfig as CUfunc_cache);
  });
}

/** Deprecated: the width of shared memory banks, which later GPUs do not change. @returns cudaErrorInvalidDeviceFunction, cudaErrorInvalidValue: no cudaSharedMemConfig. */
export function* cudaFuncSetSharedMemConfig(t: Caller, func: KernelFunction | null, config: cudaSharedMemConfig): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const fn = yield* functionOf(t, context, func);
    if (typeof fn === "number") return fn;
    return config >= 0 && config <= 2 ? 0 : fail(t, rt.cudaErrorInvalidValue as CUresult, "config must be of cudaSharedMemConfig", { config });
  });
}

/** A kernel's name. @param name gets it. @returns cudaErrorInvalidValue: name NULL. cudaErrorInvalidDeviceFunction: no such kernel. */
export function* cudaFuncGetName(t: Caller, name: Out<string> | null, func: KernelFunction | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    if (name === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "name must not be NULL");
    const fn = yield* functionOf(t, context, func);
    if (typeof fn === "number") return fn;
    name.value = fn.info.name;
    return 0;
  });
}

/**
 * Where a parameter of a kernel lies in its parameter block.
 * @param paramOffset gets the offset in bytes
 * @param paramSize gets the size in bytes; may be NULL
 * @returns cudaErrorInvalidValue: paramOffset NULL, no such parameter. cudaErrorInvalidDeviceFunction: no such kernel.
 */
export function* cudaFuncGetParamInfo(t: Caller, func: KernelFunction | null, paramIndex: number, paramOffset: Out<number> | null, paramSize: Out<number> | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const fn = yield* functionOf(t, context, func);
    return typeof fn === "number" ? fn : cuFuncGetParamInfo(t, fn.handle, paramIndex, paramOffset, paramSize);
  });
}

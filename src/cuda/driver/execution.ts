import type { Caller } from "../../api/caller.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In, KernelValue, LaunchExtra } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUlaunchAttributeID, type CUresult } from "../abi/driver/enums.ts";
import type { CUfunction, CUhostFn, CUlaunchAttributeValue, CUlaunchConfig, CUstream } from "../abi/driver/types.ts";
import { isEnumerator, ownStream } from "./core/arguments.ts";
import { captureNode } from "./core/capture.ts";
import type { Context } from "./core/context.ts";
import { failSubmit } from "./core/copy.ts";
import { enter } from "./core/enter.ts";
import { fail, misuse } from "./core/fail.ts";
import { blockRegisters, dynamicSharedLimit, launch, residentBlocks } from "./core/launch.ts";
import type { CudaFunction } from "./core/module.ts";
import { launchable } from "./function-argument.ts";
import { hostLine } from "./stream.ts";

/** Execution Control: launching. Attributes of functions: execution-attributes.ts. */

const isSize = (value: number): boolean => Number.isInteger(value) && value > 0;

/** Checks sizes against the device and the function. @returns 0 or the error. */
export function checkSizes(t: Caller, fn: CudaFunction, grid: readonly [number, number, number], block: readonly [number, number, number], dynamic: number): CUresult {
  const { limits } = fn.module.context.device.profile;
  const invalid = (rule: string, values: Readonly<Record<string, unknown>>): CUresult => fail(t, cu.CUDA_ERROR_INVALID_VALUE, rule, { kernel: fn.info.name, ...values });
  if (!grid.every(isSize)) return invalid("gridDimX, Y and Z must be positive", { grid: grid.join("x") });
  if (!block.every(isSize)) return invalid("blockDimX, Y and Z must be positive", { block: block.join("x") });
  if (grid.some((n, i) => n > limits.maxGridDim[i]!)) return invalid("the grid must not be larger than the device allows", { grid: grid.join("x"), limit: limits.maxGridDim.join("x") });
  if (block.some((n, i) => n > limits.maxBlockDim[i]!)) return invalid("the block must not be larger than the device allows in any dimension", { block: block.join("x"), limit: limits.maxBlockDim.join("x") });
  const threads = block[0] * block[1] * block[2];
  if (threads > limits.maxThreadsPerBlock) return invalid("the block must not have more threads than the device allows", { threads, limit: limits.maxThreadsPerBlock });
  const { attributes } = fn.info;
  if (attributes.maxThreads !== null && threads > attributes.maxThreads) return invalid("the block must not have more threads than the kernel's launch bounds (.maxntid) allow", { threads, limit: attributes.maxThreads });
  const required = attributes.reqdWorkGroupSize;
  if (required !== null && required.some((n, i) => n !== block[i])) return invalid("the block must have the size the kernel demands (.reqntid)", { block: block.join("x"), required: required.join("x") });
  if (!(Number.isInteger(dynamic) && dynamic >= 0)) return invalid("sharedMemBytes must not be negative", { sharedMemBytes: dynamic });
  if (dynamic > dynamicSharedLimit(fn)) {
    return invalid("sharedMemBytes must not exceed the function's CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES (raise it with cuFuncSetAttribute)", { sharedMemBytes: dynamic, limit: dynamicSharedLimit(fn), staticBytes: fn.info.sharedBytes });
  }
  const registers = blockRegisters(fn, threads);
  if (registers > limits.registersPerBlock) return fail(t, cu.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "a block of this size needs more registers than the device has", { kernel: fn.info.name, threads, registersPerThread: attributes.registers, limit: limits.registersPerBlock });
  return 0;
}

/** The parameter block, or the error. */
export function pack(t: Caller, fn: CudaFunction, kernelParams: readonly KernelValue[] | null, extra: LaunchExtra | null): Uint8Array | CUresult {
  if (kernelParams !== null && extra !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "only one of kernelParams and extra may be given");
  if (extra !== null) {
    const size = extra.size ?? extra.buffer.byteLength;
    if (!(size <= extra.buffer.byteLength) || size < fn.info.paramBytes) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "extra must hold the kernel's whole parameter block", { size, needed: fn.info.paramBytes });
    return new Uint8Array(extra.buffer.buffer, extra.buffer.byteOffset, fn.info.paramBytes).slice();
  }
  const values = kernelParams ?? [];
  const block = fn.pack(values);
  if (typeof block === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, `kernelParams: ${block}`, { kernel: fn.info.name });
  if (values.length > fn.info.params.length) misuse(t, "more kernelParams than the kernel has parameters: the rest is ignored, as in C", { kernel: fn.info.name, given: values.length, parameters: fn.info.params.length });
  return block;
}

/** Whether all blocks of a cooperative launch fit at once. @returns 0, or COOPERATIVE_LAUNCH_TOO_LARGE */
export function checkCooperative(t: Caller, fn: CudaFunction, grid: readonly [number, number, number], block: readonly [number, number, number], dynamic: number): CUresult {
  const blocks = grid[0] * grid[1] * grid[2];
  const resident = residentBlocks(t, fn, block[0] * block[1] * block[2], dynamic) * fn.module.context.device.profile.multiprocessors;
  return blocks <= resident ? 0 : fail(t, cu.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "all blocks of a cooperative launch must be on the device at once", { blocks, resident });
}

/** Every launch: checks, then puts it into the stream. */
export function launchChecked(
  t: Caller, context: Context, fn: CudaFunction, grid: readonly [number, number, number], block: readonly [number, number, number], dynamic: number, hStream: CUstream | null,
  kernelParams: readonly KernelValue[] | null, extra: LaunchExtra | null, cooperative: boolean, attributes: ReadonlyMap<number, In<CUlaunchAttributeValue>> | null = null,
): CUresult {
  if (fn.module.context !== context) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "f must belong to the current context", { kernel: fn.info.name });
  const bad = checkSizes(t, fn, grid, block, dynamic);
  if (bad !== 0) return bad;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const params = pack(t, fn, kernelParams, extra);
  if (typeof params === "number") return params;
  if (cooperative) {
    const large = checkCooperative(t, fn, grid, block, dynamic);
    if (large !== 0) return large;
  }
  if (stream.capture !== null) {
    const kept = new Map(attributes ?? []);
    if (cooperative) kept.set(cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE, { cooperative: 1 });
    return captureNode(t, stream, { kind: "kernel", fn, kernel: 0, grid, block, dynamic, params, values: kernelParams === null ? null : [...kernelParams], extra, attributes: kept });
  }
  const error = launch(t, context, fn, stream, grid, block, dynamic, params, cooperative);
  return error < 0 ? failSubmit(t, stream, error) : 0;
}

/**
 * Launches a kernel in a stream. Returns before it runs; what it does wrong is answered by later calls.
 * @param f a function of the current context, or a CUkernel
 * @param gridDimX blocks
 * @param blockDimX threads of a block
 * @param sharedMemBytes dynamic shared memory of a block, bytes
 * @param kernelParams one value for each parameter
 * @param extra the whole parameter block instead
 * @returns INVALID_HANDLE: f, hStream not of the current context. INVALID_VALUE: sizes of zero or beyond the limits of device or kernel, parameters missing, given twice or of the
 * wrong kind. LAUNCH_OUT_OF_RESOURCES: more registers than the device has.
 */
export function* cuLaunchKernel(
  t: Caller, f: CUfunction | null, gridDimX: number, gridDimY: number, gridDimZ: number, blockDimX: number, blockDimY: number, blockDimZ: number,
  sharedMemBytes: number, hStream: CUstream | null, kernelParams: readonly KernelValue[] | null, extra: LaunchExtra | null,
): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const fn = yield* launchable(t, context, f);
  if (typeof fn === "number") return fn;
  return launchChecked(t, context, fn, [gridDimX, gridDimY, gridDimZ], [blockDimX, blockDimY, blockDimZ], sharedMemBytes, hStream, kernelParams, extra, false);
}

/**
 * cuLaunchKernel with all blocks on the device at once, so that they may wait for each other.
 * @returns as cuLaunchKernel; COOPERATIVE_LAUNCH_TOO_LARGE: more blocks than fit at once.
 */
export function* cuLaunchCooperativeKernel(
  t: Caller, f: CUfunction | null, gridDimX: number, gridDimY: number, gridDimZ: number, blockDimX: number, blockDimY: number, blockDimZ: number,
  sharedMemBytes: number, hStream: CUstream | null, kernelParams: readonly KernelValue[] | null,
): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const fn = yield* launchable(t, context, f);
  if (typeof fn === "number") return fn;
  return launchChecked(t, context, fn, [gridDimX, gridDimY, gridDimZ], [blockDimX, blockDimY, blockDimZ], sharedMemBytes, hStream, kernelParams, null, true);
}

/** Attributes that may be given and change nothing: hints, and permissions that need not be used. */
const harmless: ReadonlySet<number> = new Set([
  cu.CU_LAUNCH_ATTRIBUTE_IGNORE, cu.CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW, cu.CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, cu.CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE,
  cu.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, cu.CU_LAUNCH_ATTRIBUTE_PRIORITY, cu.CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP, cu.CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN,
  cu.CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION, cu.CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, cu.CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING,
]);

/**
 * Launches a kernel with attributes. Cooperative launches work; clusters (other than 1x1x1) and events inside a launch do not; hints have no effect.
 * @param config sizes, stream, attributes
 * @returns as cuLaunchKernel; INVALID_VALUE: config NULL, unknown attributes. NOT_SUPPORTED: clusters, launch events, updatable nodes. COOPERATIVE_LAUNCH_TOO_LARGE.
 */
export function* cuLaunchKernelEx(t: Caller, config: In<CUlaunchConfig> | null, f: CUfunction | null, kernelParams: readonly KernelValue[] | null, extra: LaunchExtra | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (config === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "config must not be NULL");
  const attributes = (config.attrs ?? []).slice(0, config.numAttrs ?? 0);
  if (attributes.length < (config.numAttrs ?? 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attrs must have numAttrs entries", { numAttrs: config.numAttrs });
  let cooperative = false;
  const kept = new Map<number, In<CUlaunchAttributeValue>>();
  for (const { id, value } of attributes) {
    if (id === undefined || !isEnumerator(CUlaunchAttributeID, id)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attributes must be of CUlaunchAttributeID", { id });
    if (id !== cu.CU_LAUNCH_ATTRIBUTE_IGNORE) kept.set(id, value ?? {});
    if (harmless.has(id)) continue;
    if (id === cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE) cooperative = (value?.cooperative ?? 0) !== 0;
    else if (id === cu.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
      const cluster = value?.clusterDim;
      if ((cluster?.x ?? 1) * (cluster?.y ?? 1) * (cluster?.z ?? 1) !== 1) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "clusters of several blocks are not supported", { clusterDim: `${cluster?.x}x${cluster?.y}x${cluster?.z}` });
    } else return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "this launch attribute is not supported", { id });
  }
  const fn = yield* launchable(t, context, f);
  if (typeof fn === "number") return fn;
  return launchChecked(
    t, context, fn, [config.gridDimX ?? 0, config.gridDimY ?? 0, config.gridDimZ ?? 0], [config.blockDimX ?? 0, config.blockDimY ?? 0, config.blockDimZ ?? 0],
    config.sharedMemBytes ?? 0, config.hStream ?? 0, kernelParams, extra, cooperative, kept,
  );
}

/**
 * Calls a function of the host program once all earlier work of the stream has ended; later work waits for its return. It must not call CUDA. It is not called when the
 * context has failed by then.
 * @param fn (userData); a generator function may block
 * @returns INVALID_HANDLE: not a stream of the current context. INVALID_VALUE: fn NULL.
 */
export function cuLaunchHostFunc(t: Caller, hStream: CUstream | null, fn: CUhostFn | null, userData: unknown): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  if (fn === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "fn must not be NULL");
  if (stream.capture !== null) return captureNode(t, stream, { kind: "host", fn, userData });
  const line = hostLine(t, stream);
  if (typeof line === "number") return line;
  line.push(t, stream, (status) => (status === 0 ? fn(userData) : undefined));
  return 0;
}

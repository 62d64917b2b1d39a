import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUfunc_cache, CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUctxCreateParams, CUdevice, CUexecAffinityParam } from "../abi/driver/types.ts";
import { badContextFlags } from "./context-flags.ts";
import { Context } from "./core/context.ts";
import { checkContextIdle } from "./core/capture.ts";
import { enter, enterDevice, enterDriver, failSticky, stickyOf } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { threadKey, type DriverState } from "./core/state.ts";
import { waitContext } from "./core/wait.ts";

/** Context Management: making contexts, the stack of current ones, waiting. Limits and the rest: context-settings.ts. */

/** The context that a handle names; NULL is the current one. @returns it, or the error. */
export function contextArgument(t: Caller, driver: DriverState, ctx: CUcontext | null, stale: CUresult): Context | CUresult {
  if (ctx === null || ctx === 0) return enter(t);
  const context = driver.contexts.get(ctx);
  if (context !== undefined && !context.destroyed) return context;
  return driver.contexts.isStale(ctx) || context !== undefined
    ? fail(t, stale, "ctx names a context that has been destroyed", { ctx })
    : fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "ctx must be a context of this process", { ctx });
}

function create(t: Caller, pctx: Out<CUcontext> | null, flags: number, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (pctx === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pctx must not be NULL");
  const bad = badContextFlags(flags);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad, { flags });
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (driver.sticky !== 0) return failSticky(t, driver.sticky);
  const context = Context.create(t, driver, device, flags, false);
  if (typeof context === "number") return fail(t, errnoCode(context), errnoRule(context, "making a context"));
  t.threadState(threadKey).stack.push(context);
  pctx.value = context.handle;
  return 0;
}

/**
 * Makes a context on a device and pushes it onto the calling thread's stack.
 * @param pctx gets the context
 * @param ctxCreateParams NULL, or execution affinity (MPS) and graphics parameters, which are not supported
 * @param flags one CU_CTX_SCHED_* (no effect on results) and CU_CTX_* bits; CU_CTX_SYNC_MEMOPS makes copies synchronous
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: pctx NULL, flags of no meaning, both kinds of parameters at once. UNSUPPORTED_EXEC_AFFINITY, NOT_SUPPORTED: those
 * parameters. OUT_OF_MEMORY.
 */
export function cuCtxCreate_v4(t: Caller, pctx: Out<CUcontext> | null, ctxCreateParams: In<CUctxCreateParams> | null, flags: number, dev: CUdevice): CUresult {
  if (ctxCreateParams !== null) {
    const device = enterDevice(t, dev);
    if (typeof device === "number") return device;
    const affinity = (ctxCreateParams.numExecAffinityParams ?? 0) > 0;
    if (affinity && ctxCreateParams.cigParams != null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "execution affinity and graphics parameters exclude each other");
    if (affinity) return fail(t, cu.CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, "execution affinity needs a client of the Multi-Process Service");
    if (ctxCreateParams.cigParams != null) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "contexts in graphics are not supported");
  }
  return create(t, pctx, flags, dev);
}

/** cuCtxCreate of CUDA 11.4 to 12: as _v4, with the execution affinity parameters as an array. */
export function cuCtxCreate_v3(t: Caller, pctx: Out<CUcontext> | null, paramsArray: readonly In<CUexecAffinityParam>[] | null, numParams: number, flags: number, dev: CUdevice): CUresult {
  return cuCtxCreate_v4(t, pctx, { execAffinityParams: paramsArray, numExecAffinityParams: numParams }, flags, dev);
}

/** cuCtxCreate of CUDA 3.2 to 12: as _v4, without parameters. */
export function cuCtxCreate_v2(t: Caller, pctx: Out<CUcontext> | null, flags: number, dev: CUdevice): CUresult {
  return create(t, pctx, flags, dev);
}

/**
 * Destroys a context and everything in it, after its work has ended. Popped when it is on top of the calling thread's stack; other threads keep it, and
 * their calls answer CONTEXT_IS_DESTROYED. Blocks.
 * @returns INVALID_VALUE: ctx NULL. INVALID_CONTEXT: not a context of this process, or a primary one. CONTEXT_IS_DESTROYED: already gone.
 */
export function* cuCtxDestroy_v2(t: Caller, ctx: CUcontext | null): Blocking<CUresult> {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (ctx === null || ctx === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ctx must not be NULL");
  const context = contextArgument(t, driver, ctx, cu.CUDA_ERROR_CONTEXT_IS_DESTROYED);
  if (typeof context === "number") return context;
  if (context.primary) return fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "a primary context is given back with cuDevicePrimaryCtxRelease", { ctx });
  const { stack } = t.threadState(threadKey);
  if (stack[stack.length - 1] === context) stack.pop();
  yield* context.destroy(t);
  return 0;
}

/**
 * Pushes a context onto the calling thread's stack: it is the current one now.
 * @returns INVALID_VALUE: ctx NULL. INVALID_CONTEXT: not a live context of this process.
 */
export function cuCtxPushCurrent_v2(t: Caller, ctx: CUcontext | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (ctx === null || ctx === 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ctx must not be NULL");
  const context = contextArgument(t, driver, ctx, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof context === "number") return context;
  t.threadState(threadKey).stack.push(context);
  return 0;
}

/**
 * Pops the current context off the calling thread's stack.
 * @param pctx gets it; may be NULL
 * @returns INVALID_CONTEXT: the stack is empty.
 */
export function cuCtxPopCurrent_v2(t: Caller, pctx: Out<CUcontext> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const context = t.threadState(threadKey).stack.pop();
  if (context === undefined) return fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "the calling thread's stack of contexts is empty");
  if (pctx !== null) pctx.value = context.handle;
  return 0;
}

/**
 * Replaces the top of the calling thread's stack; with an empty stack, pushes. NULL pops (nothing happens when the stack is empty).
 * @returns INVALID_CONTEXT: not a live context of this process.
 */
export function cuCtxSetCurrent(t: Caller, ctx: CUcontext | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const { stack } = t.threadState(threadKey);
  if (ctx === null || ctx === 0) {
    stack.pop();
    return 0;
  }
  const context = contextArgument(t, driver, ctx, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof context === "number") return context;
  stack[Math.max(0, stack.length - 1)] = context;
  return 0;
}

/**
 * The calling thread's current context.
 * @param pctx gets it, or NULL (0) when there is none: that is no error
 * @returns INVALID_VALUE: pctx NULL.
 */
export function cuCtxGetCurrent(t: Caller, pctx: Out<CUcontext> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (pctx === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pctx must not be NULL");
  pctx.value = t.threadState(threadKey).stack.at(-1)?.handle ?? 0;
  return 0;
}

/**
 * The current context's device.
 * @param device gets it
 * @returns INVALID_VALUE: device NULL.
 */
export function cuCtxGetDevice(t: Caller, device: Out<CUdevice> | null): CUresult {
  return cuCtxGetDevice_v2(t, device, null);
}

/**
 * A context's device.
 * @param device gets it
 * @param ctx the context; NULL: the current one
 * @returns INVALID_VALUE: device NULL. INVALID_CONTEXT: not a live context of this process.
 */
export function cuCtxGetDevice_v2(t: Caller, device: Out<CUdevice> | null, ctx: CUcontext | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const context = contextArgument(t, driver, ctx, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof context === "number") return context;
  if (device === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "device must not be NULL");
  device.value = context.device.ordinal;
  return 0;
}

/**
 * A context's identity, never used again in this process.
 * @param ctx the context; NULL: the current one
 * @param ctxId gets the number
 * @returns INVALID_VALUE: ctxId NULL. INVALID_CONTEXT: not a context of this process. CONTEXT_IS_DESTROYED: destroyed.
 */
export function cuCtxGetId(t: Caller, ctx: CUcontext | null, ctxId: Out<bigint> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const context = contextArgument(t, driver, ctx, cu.CUDA_ERROR_CONTEXT_IS_DESTROYED);
  if (typeof context === "number") return context;
  if (ctxId === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "ctxId must not be NULL");
  ctxId.value = context.id;
  return 0;
}

/**
 * Waits until all work of the current context has ended. Blocks. What its kernels printed is written out.
 * @returns STREAM_CAPTURE_UNSUPPORTED: a stream of it captures, or a capture forbids the calling thread to wait. The sticky error of a kernel that failed meanwhile.
 */
export function* cuCtxSynchronize(t: Caller): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const capturing = checkContextIdle(t, context);
  if (capturing !== 0) return capturing;
  const sticky = yield* waitContext(t, context);
  return sticky === 0 ? 0 : failSticky(t, sticky);
}

/**
 * Waits until all work of a context has ended. Blocks.
 * @param ctx the context; NULL: the current one
 * @returns INVALID_CONTEXT: not a live context of this process. STREAM_CAPTURE_UNSUPPORTED: a stream of it captures. The sticky error of a kernel that failed.
 */
export function* cuCtxSynchronize_v2(t: Caller, ctx: CUcontext | null): Blocking<CUresult> {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const context = contextArgument(t, driver, ctx, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof context === "number") return context;
  const before = stickyOf(t, context);
  if (before !== 0) return failSticky(t, before);
  const capturing = checkContextIdle(t, context);
  if (capturing !== 0) return capturing;
  const sticky = yield* waitContext(t, context);
  return sticky === 0 ? 0 : failSticky(t, sticky);
}

/**
 * Which cache configuration kernels of the current context prefer. Kept, without effect: the model's L1 and shared memory do not compete.
 * @param pconfig gets it
 * @returns INVALID_VALUE: pconfig NULL.
 */
export function cuCtxGetCacheConfig(t: Caller, pconfig: Out<CUfunc_cache> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pconfig === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pconfig must not be NULL");
  pconfig.value = context.cacheConfig as CUfunc_cache;
  return 0;
}

/**
 * Sets that preference.
 * @returns INVALID_VALUE: not of CUfunc_cache.
 */
export function cuCtxSetCacheConfig(t: Caller, config: CUfunc_cache): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (!(config >= 0 && config <= cu.CU_FUNC_CACHE_PREFER_EQUAL)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "config must be of CUfunc_cache", { config });
  context.cacheConfig = config;
  return 0;
}

import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUexecAffinityType, CUlimit, type CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUevent, CUexecAffinityParam } from "../abi/driver/types.ts";
import { checkCaptured } from "./event-capture.ts";
import { contextArgument } from "./context.ts";
import { badContextFlags } from "./context-flags.ts";
import type { Context } from "./core/context.ts";
import { enter, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { checkContextIdle } from "./core/capture.ts";
import { failSubmit } from "./core/copy.ts";
import { frontier } from "./core/stream.ts";
import { addWaits, submitMarker } from "./core/submit.ts";
import type { SyncPoint } from "../../kernel/sys/uapi.ts";

/** Context Management: flags, limits, priorities, events of whole contexts. */

/**
 * The current context's flags.
 * @param flags gets them
 * @returns INVALID_VALUE: flags NULL.
 */
export function cuCtxGetFlags(t: Caller, flags: Out<number> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (flags === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must not be NULL");
  flags.value = context.flags;
  return 0;
}

/**
 * Replaces the current context's flags.
 * @returns INVALID_VALUE: flags of no meaning.
 */
export function cuCtxSetFlags(t: Caller, flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const bad = badContextFlags(flags);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad, { flags });
  context.flags = flags;
  return 0;
}

/** What each limit is when nothing was set, and how a value is rounded. Limits of features that do not exist here are missing. */
const limits: Readonly<Record<number, { readonly initial: number; readonly round: (value: number) => number }>> = {
  [cu.CU_LIMIT_STACK_SIZE]: { initial: 1024, round: (v) => Math.min(512 * 1024, Math.ceil(v / 16) * 16) },
  [cu.CU_LIMIT_PRINTF_FIFO_SIZE]: { initial: 1024 * 1024, round: (v) => Math.max(4096, Math.ceil(v / 8) * 8) },
  [cu.CU_LIMIT_MALLOC_HEAP_SIZE]: { initial: 8 * 1024 * 1024, round: (v) => Math.max(4 * 1024 * 1024, Math.ceil(v / 8) * 8) },
  [cu.CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH]: { initial: 2, round: (v) => v },
  [cu.CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT]: { initial: 2048, round: (v) => v },
  [cu.CU_LIMIT_MAX_L2_FETCH_GRANULARITY]: { initial: 64, round: (v) => (v <= 32 ? 32 : v <= 64 ? 64 : 128) },
  [cu.CU_LIMIT_PERSISTING_L2_CACHE_SIZE]: { initial: 0, round: (v) => v },
};

function limitOf(t: Caller, context: Context, limit: CUlimit): { readonly initial: number; readonly round: (value: number) => number } | CUresult {
  if (!Object.values(CUlimit).includes(limit) || limit === cu.CU_LIMIT_MAX) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "limit must be of CUlimit", { limit });
  const [major] = context.device.profile.computeCapability;
  const known = limits[limit];
  const missing = known === undefined || (limit === cu.CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH && major >= 9) || (limit === cu.CU_LIMIT_PERSISTING_L2_CACHE_SIZE && major < 8);
  return missing ? fail(t, cu.CUDA_ERROR_UNSUPPORTED_LIMIT, "this device has no such limit", { limit, computeCapability: context.device.profile.computeCapability.join(".") }) : known;
}

/**
 * Sets a resource limit of the current context. The driver may round the value.
 * @param value bytes, or a count
 * @returns INVALID_VALUE: not of CUlimit, negative value, the printf or malloc size after a kernel that prints has been launched. UNSUPPORTED_LIMIT: not on this device.
 */
export function cuCtxSetLimit(t: Caller, limit: CUlimit, value: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const known = limitOf(t, context, limit);
  if (typeof known === "number") return known;
  if (!(value >= 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must not be negative", { value });
  if ((limit === cu.CU_LIMIT_PRINTF_FIFO_SIZE || limit === cu.CU_LIMIT_MALLOC_HEAP_SIZE) && context.printfUsed) {
    return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the size must be set before the first kernel that uses printf or malloc is launched", { limit, value });
  }
  const rounded = known.round(value);
  context.limits.set(limit, rounded);
  if (limit === cu.CU_LIMIT_PRINTF_FIFO_SIZE) context.printfLimit = rounded;
  return 0;
}

/**
 * A resource limit of the current context.
 * @param pvalue gets bytes, or a count
 * @returns INVALID_VALUE: pvalue NULL, not of CUlimit. UNSUPPORTED_LIMIT: not on this device.
 */
export function cuCtxGetLimit(t: Caller, pvalue: Out<number> | null, limit: CUlimit): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pvalue === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pvalue must not be NULL");
  const known = limitOf(t, context, limit);
  if (typeof known === "number") return known;
  pvalue.value = context.limits.get(limit) ?? known.initial;
  return 0;
}

/**
 * The API version a context was made with: 3020 since CUDA 3.2.
 * @param ctx the context; NULL: the current one
 * @returns INVALID_VALUE: version NULL. INVALID_CONTEXT: not a live context of this process.
 */
export function cuCtxGetApiVersion(t: Caller, ctx: CUcontext | null, version: Out<number> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const context = contextArgument(t, driver, ctx, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof context === "number") return context;
  if (version === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "version must not be NULL");
  version.value = 3020;
  return 0;
}

/**
 * The range of stream priorities of the current context's device. Lower numbers are more urgent. 0 and 0: no priorities.
 * @param leastPriority gets 0; may be NULL
 * @param greatestPriority gets a number of 0 or less; may be NULL
 */
export function cuCtxGetStreamPriorityRange(t: Caller, leastPriority: Out<number> | null, greatestPriority: Out<number> | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const { least, greatest } = context.device.profile.priorities;
  if (leastPriority !== null) leastPriority.value = least;
  if (greatestPriority !== null) greatestPriority.value = greatest;
  return 0;
}

/**
 * Turns all persisting lines of the L2 cache back to normal. The model's caches hold no lines.
 * @returns NOT_SUPPORTED: the device has no persisting L2 cache (compute capability below 8.0).
 */
export function cuCtxResetPersistingL2Cache(t: Caller): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  return context.device.profile.computeCapability[0] >= 8 ? 0 : fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "the device has no persisting L2 cache");
}

/**
 * The execution affinity of the current context. Only MPS clients have one.
 * @returns INVALID_VALUE: pExecAffinity NULL, unknown type. UNSUPPORTED_EXEC_AFFINITY: otherwise.
 */
export function cuCtxGetExecAffinity(t: Caller, pExecAffinity: Out<CUexecAffinityParam> | null, type: CUexecAffinityType): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pExecAffinity === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pExecAffinity must not be NULL");
  if (!Object.values(CUexecAffinityType).includes(type) || type === cu.CU_EXEC_AFFINITY_TYPE_MAX) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "type must be of CUexecAffinityType", { type });
  return fail(t, cu.CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, "only clients of the Multi-Process Service have an execution affinity");
}

/**
 * Records in an event all work of a context so far.
 * @param hCtx the context; NULL: the current one
 * @param hEvent an event of that context
 * @returns INVALID_CONTEXT: not a live context. INVALID_HANDLE: not an event of the context. STREAM_CAPTURE_UNSUPPORTED: a stream of it captures.
 */
export function cuCtxRecordEvent(t: Caller, hCtx: CUcontext | null, hEvent: CUevent | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const context = contextArgument(t, driver, hCtx, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof context === "number") return context;
  const event = driver.events.get(hEvent ?? 0);
  if (event === undefined || event.context !== context) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "hEvent must be an event of that context", { hEvent });
  const capturing = checkContextIdle(t, context);
  if (capturing !== 0) return capturing;
  const points: SyncPoint[] = [];
  for (const stream of context.streams) if (stream !== context.internal) points.push(...frontier(stream));
  let stamps = 0;
  if ((event.flags & cu.CU_EVENT_DISABLE_TIMING) === 0) {
    stamps = driver.slots.take(t);
    if (stamps < 0) return fail(t, cu.CUDA_ERROR_OUT_OF_MEMORY, "no memory for the time stamp");
  }
  let error = addWaits(t, context.internal, points);
  if (error >= 0) error = submitMarker(t, context.internal, "context event", stamps === 0 ? null : stamps);
  if (error < 0) return failSubmit(t, context.internal, error);
  const passed = event.shared?.record(t, context.internal) ?? 0;
  if (passed < 0) return fail(t, cu.CUDA_ERROR_OUT_OF_MEMORY, "the fence cannot be passed to other processes");
  event.forget();
  event.recorded = { points: [{ syncobj: context.internal.tail, point: context.internal.tailPoint }], stream: context.internal, stamps, done: false };
  return 0;
}

/**
 * Makes all later work of a context wait for an event.
 * @param hCtx the context; NULL: the current one
 * @returns INVALID_CONTEXT: not a live context. INVALID_HANDLE: not an event of this process. STREAM_CAPTURE_UNSUPPORTED: a stream of it captures. CAPTURED_EVENT: last recorded in a capturing stream.
 */
export function cuCtxWaitEvent(t: Caller, hCtx: CUcontext | null, hEvent: CUevent | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const context = contextArgument(t, driver, hCtx, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof context === "number") return context;
  const event = driver.events.get(hEvent ?? 0);
  if (event === undefined) return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "hEvent must be an event of this process", { hEvent });
  const capturing = checkContextIdle(t, context);
  if (capturing !== 0) return capturing;
  const captured = checkCaptured(t, event);
  if (captured !== 0) return captured;
  const { recorded, shared } = event;
  const points: SyncPoint[] = [];
  if (shared !== null) {
    // Streams to come wait for it too, so it stays.
    const point = shared.take(t, context.device);
    if (typeof point === "number") return fail(t, cu.CUDA_ERROR_OUT_OF_MEMORY, "the event's fence cannot be taken");
    points.push(point);
  } else if (recorded === null || recorded.done) return 0;
  else for (const { syncobj, point } of recorded.points) {
    const handle = context.device.importTimeline(t, event.context.device, syncobj);
    if (handle < 0) return fail(t, cu.CUDA_ERROR_OUT_OF_MEMORY, "the event's timeline cannot be imported");
    points.push({ syncobj: handle, point });
  }
  context.awaited = [...context.awaited, ...points];
  for (const stream of context.streams) {
    const error = addWaits(t, stream, points);
    if (error < 0) return failSubmit(t, stream, error);
  }
  return 0;
}

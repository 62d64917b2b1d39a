import type { Caller } from "../../../api/caller.ts";
import type { LaunchJob } from "../../../kernel/sys/uapi.ts";
import { collectPrintf } from "./printf.ts";
import type { Context } from "./context.ts";
import type { CudaFunction } from "./module.ts";
import type { Reference } from "./reference.ts";
import type { Stream } from "./stream.ts";
import { submit } from "./submit.ts";

type Triple = readonly [number, number, number];

const ZERO: Triple = Object.freeze([0, 0, 0] as const);

/** Static and dynamic shared memory that a launch takes, bytes: the dynamic part begins at the next multiple of 16. */
export function sharedBytes(fn: CudaFunction, dynamic: number): number {
  return dynamic === 0 ? fn.info.sharedBytes : Math.ceil(fn.info.sharedBytes / 16) * 16 + dynamic;
}

/** Most dynamic shared memory a launch of the function may ask for, bytes. */
export function dynamicSharedLimit(fn: CudaFunction): number {
  if (fn.maxDynamicShared >= 0) return fn.maxDynamicShared;
  return Math.max(0, fn.module.context.device.profile.limits.sharedPerBlock - fn.info.sharedBytes);
}

/** Registers that a work-group of `threads` takes: hardware gives them out by warp, in units of 256. */
export function blockRegisters(fn: CudaFunction, threads: number): number {
  const { warpSize } = fn.module.context.device.profile;
  const perWarp = Math.ceil((fn.info.attributes.registers * warpSize) / 256) * 256;
  return perWarp * Math.ceil(threads / warpSize);
}

/** Most threads a work-group of the function may have: by its launch bounds and its registers. */
export function maxThreads(fn: CudaFunction): number {
  const { limits, warpSize } = fn.module.context.device.profile;
  const perWarp = Math.ceil((Math.max(1, fn.info.attributes.registers) * warpSize) / 256) * 256;
  const byRegisters = Math.floor(limits.registersPerBlock / perWarp) * warpSize;
  return Math.min(limits.maxThreadsPerBlock, fn.info.attributes.maxThreads ?? Infinity, byRegisters);
}

/**
 * Work-groups of the function that one multiprocessor holds at once.
 * @returns the number, or a negative errno
 */
export function residentBlocks(t: Caller, fn: CudaFunction, threads: number, dynamic: number): number {
  const arg = { threads, sharedBytes: sharedBytes(fn, dynamic), registers: fn.info.attributes.registers, blocks: 0 };
  const error = t.sys.ioctl(fn.module.context.device.fd, "GLASS_OCCUPANCY", arg);
  return error < 0 ? error : arg.blocks;
}

/** Parameters with the descriptors of the references that they name. NON-SPEC: CUDA itself passes none; a value that is no CUtexref is a texture or surface object. */
function withHandles(context: Context, fn: CudaFunction, params: Uint8Array): Uint8Array {
  const out = params.slice();
  const view = new DataView(out.buffer);
  for (const offset of fn.handles) {
    const reference = referenceAt(context, view, offset);
    if (reference !== undefined) view.setBigUint64(offset, BigInt(reference.place), true);
  }
  return out;
}

function referenceAt({ driver }: Context, view: DataView, offset: number): Reference | undefined {
  const handle = Number(view.getBigUint64(offset, true));
  return driver.references.get(handle) ?? driver.surfaces.get(handle);
}

/** The job of a checked launch. */
export function launchJob(context: Context, fn: CudaFunction, grid: Triple, block: Triple, dynamic: number, params: Uint8Array, cooperative: boolean): LaunchJob {
  const { module, info } = fn;
  fn.loaded = true;
  let stdout: LaunchJob["stdout"] = null;
  if (info.usesPrintf) {
    context.printfUsed = true;
    stdout = collectPrintf(context);
  }
  return {
    kind: "launch", code: module.code, kernel: info.name, workDim: 3, grid, block,
    globalSize: [grid[0] * block[0], grid[1] * block[1], grid[2] * block[2]], globalOffset: ZERO,
    dynamicSharedBytes: dynamic, params: fn.handles.length === 0 ? params : withHandles(context, fn, params), symbols: module.symbols, cooperative, stdout,
  };
}

/** Puts a checked launch into a stream. @returns 0 or a negative errno. */
export function launch(t: Caller, context: Context, fn: CudaFunction, stream: Stream, grid: Triple, block: Triple, dynamic: number, params: Uint8Array, cooperative: boolean): number {
  const error = submit(t, stream, "compute", launchJob(context, fn, grid, block, dynamic, params, cooperative), fn.info.name);
  if (error >= 0 && (fn.module.references !== null || fn.handles.length > 0)) noteReferences(context, fn, stream, params);
  return error;
}

/** The launch that was just made reads these references until it ends. */
function noteReferences(context: Context, fn: CudaFunction, stream: Stream, params: Uint8Array): void {
  for (const reference of fn.module.references?.values() ?? []) reference.used(stream);
  const view = new DataView(params.buffer, params.byteOffset, params.byteLength);
  for (const offset of fn.handles) referenceAt(context, view, offset)?.used(stream);
}

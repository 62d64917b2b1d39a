import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUdevice } from "../abi/driver/types.ts";
import { Context } from "./core/context.ts";
import type { Device } from "./core/device.ts";
import { enterDevice } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { driverKey } from "./core/state.ts";
import { badContextFlags } from "./context-flags.ts";

/** Primary Context Management. One context a device and process, shared by all libraries in it; the runtime uses it. */

/** The device's primary context, made when it is not active. @returns it, or a negative errno. */
export function activatePrimary(t: Caller, device: Device): Context | number {
  if (device.primary !== null) return device.primary;
  const context = Context.create(t, t.processState(driverKey), device, device.primaryFlags, true);
  if (typeof context !== "number") device.primary = context;
  return context;
}

/**
 * Retains the device's primary context, making it when it is not active. Does not make it current.
 * @param pctx gets the context
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: pctx NULL. OUT_OF_MEMORY: no memory for it.
 */
export function cuDevicePrimaryCtxRetain(t: Caller, pctx: Out<CUcontext> | null, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (pctx === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pctx must not be NULL");
  const context = activatePrimary(t, device);
  if (typeof context === "number") return fail(t, errnoCode(context), errnoRule(context, "making the primary context"));
  device.primaryReferences++;
  pctx.value = context.handle;
  return 0;
}

/**
 * Gives one retain back. The last one destroys the context, after its work has ended; it stays on the stacks of threads, where it is destroyed then. Blocks.
 * @returns INVALID_DEVICE: no such device. INVALID_CONTEXT: the context is not retained.
 */
export function* cuDevicePrimaryCtxRelease_v2(t: Caller, dev: CUdevice): Blocking<CUresult> {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (device.primaryReferences === 0) return fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "the primary context is not retained: each release needs its retain", { dev });
  if (--device.primaryReferences === 0 && device.primary !== null) yield* device.primary.destroy(t);
  return 0;
}

/**
 * Sets the flags of the primary context, active or not.
 * @param flags one CU_CTX_SCHED_* and CU_CTX_* bits
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: flags of no meaning.
 */
export function cuDevicePrimaryCtxSetFlags_v2(t: Caller, dev: CUdevice, flags: number): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  const bad = badContextFlags(flags);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad, { flags });
  device.primaryFlags = flags;
  if (device.primary !== null) device.primary.flags = flags;
  return 0;
}

/**
 * The primary context's flags, and whether it is active.
 * @param active gets 1 or 0
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: an out-parameter NULL.
 */
export function cuDevicePrimaryCtxGetState(t: Caller, dev: CUdevice, flags: Out<number> | null, active: Out<number> | null): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (flags === null || active === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags and active must not be NULL");
  flags.value = device.primaryFlags;
  active.value = device.primary === null ? 0 : 1;
  return 0;
}

/**
 * Destroys the primary context and everything in it, whoever retained it; retains stay and must be given back. The next use makes a fresh one. Blocks until
 * its work has ended.
 * @returns INVALID_DEVICE: no such device.
 */
export function* cuDevicePrimaryCtxReset_v2(t: Caller, dev: CUdevice): Blocking<CUresult> {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (device.primary !== null) yield* device.primary.destroy(t);
  return 0;
}

import type { Caller } from "../../../api/caller.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { cudaError_t } from "../../abi/runtime/enums.ts";
import * as rt from "../../abi/runtime/constants.ts";
import type { Context } from "../../driver/core/context.ts";
import { enter, enterDriver } from "../../driver/core/enter.ts";
import { errorName, fail } from "../../driver/core/fail.ts";
import { errnoCode, errnoRule } from "../../driver/core/fault.ts";
import { driverKey, threadKey, type DriverState } from "../../driver/core/state.ts";
import { cuInit } from "../../driver/initialize.ts";
import { activatePrimary } from "../../driver/primary-context.ts";
import { runtimeKey, runtimeThreadKey } from "./state.ts";

/** The runtime's code for a driver's: the same number, unless the runtime has no such code. */
export function toRuntime(code: CUresult | cudaError_t): cudaError_t {
  return errorName(code) === null ? rt.cudaErrorUnknown : (code as cudaError_t);
}

/** Ends a call: keeps an error as the thread's last one. */
export function finish(t: Caller, code: CUresult | cudaError_t): cudaError_t {
  if (code === 0) return 0;
  const result = toRuntime(code);
  t.threadState(runtimeThreadKey).lastError = result;
  return result;
}

/** Explains an error of the runtime's own and ends the call with it. */
export function refuse(t: Caller, code: cudaError_t, rule: string, values: Readonly<Record<string, unknown>> = {}): cudaError_t {
  return finish(t, fail(t, code, rule, values));
}

/** Initialises the driver when nobody has. @returns its state, or the error: there is no device, or a callback calls. */
export function driverOf(t: Caller): DriverState | CUresult {
  const driver = t.processState(driverKey);
  if (driver.initialised) return enterDriver(t);
  const code = cuInit(t, 0);
  return code === 0 ? driver : code;
}

/** The device that the thread works on: that of its current context, else what cudaSetDevice chose, else the first valid one. */
export function deviceOf(t: Caller): number {
  const current = t.threadState(threadKey).stack.at(-1);
  return current !== undefined && !current.destroyed ? current.device.ordinal : t.threadState(runtimeThreadKey).device ?? t.processState(runtimeKey).validDevices[0] ?? 0;
}

/**
 * A device's primary context, made when it is not active. What is current stays so.
 * @returns the context, or the error
 */
export function openPrimary(t: Caller, driver: DriverState, ordinal: number): Context | CUresult {
  const device = driver.devices[ordinal];
  if (device === undefined) return fail(t, rt.cudaErrorInvalidDevice as CUresult, "device must be an ordinal below cudaGetDeviceCount", { device: ordinal, count: driver.devices.length });
  const state = t.processState(runtimeKey);
  const flags = state.flags.get(ordinal);
  if (flags !== undefined && device.primary === null) device.primaryFlags = flags;
  const context = activatePrimary(t, device);
  if (typeof context === "number") return fail(t, errnoCode(context), errnoRule(context, "making the primary context"));
  if (!state.retained.has(ordinal)) {
    state.retained.add(ordinal);
    device.primaryReferences++;
  }
  return context;
}

/**
 * Makes a device's primary context current to the calling thread, making the context when it is not active.
 * @returns 0, or the error
 */
export function usePrimary(t: Caller, driver: DriverState, ordinal: number): CUresult {
  const context = openPrimary(t, driver, ordinal);
  if (typeof context === "number") return context;
  const { stack } = t.threadState(threadKey);
  stack[Math.max(0, stack.length - 1)] = context;
  return 0;
}

/**
 * Begins a call that works in a context: the current one, else the primary context of the thread's device, which becomes current.
 * @returns the context, or the error
 */
export function begin(t: Caller): Context | CUresult {
  const driver = driverOf(t);
  if (typeof driver === "number") return driver;
  const { stack } = t.threadState(threadKey);
  const top = stack[stack.length - 1];
  if (top === undefined || (top.destroyed && top.primary)) {
    if (driver.sticky !== 0) return enter(t);
    const code = usePrimary(t, driver, top?.device.ordinal ?? deviceOf(t));
    if (code !== 0) return code;
  }
  return enter(t);
}

/** A whole call that works in a context and does not block. */
export function inContext(t: Caller, body: (context: Context) => CUresult | cudaError_t): cudaError_t {
  const context = begin(t);
  return finish(t, typeof context === "number" ? context : body(context));
}

/** A whole call that works in a context and may block. */
export function* inContextBlocking(t: Caller, body: (context: Context) => Blocking<CUresult | cudaError_t>): Blocking<cudaError_t> {
  const context = begin(t);
  return finish(t, typeof context === "number" ? context : yield* body(context));
}

/** A whole call that needs the driver, but no context. */
export function withDriver(t: Caller, body: (driver: DriverState) => CUresult | cudaError_t): cudaError_t {
  const driver = driverOf(t);
  return finish(t, typeof driver === "number" ? driver : body(driver));
}

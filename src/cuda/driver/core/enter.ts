import type { Caller } from "../../../api/caller.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import { Errno } from "../../../kernel/errors.ts";
import type { ContextFault } from "../../../kernel/sys/uapi.ts";
import { guardCall } from "./capture-guard.ts";
import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import { errorName, fail, resultName } from "./fail.ts";
import { contextFaultCode, describeFault, faultValues, isProcessWide } from "./fault.ts";
import { driverKey, threadKey, type DriverState } from "./state.ts";

/** First check of every call that needs no context. @returns the driver's state, or the error. */
export function enterDriver(t: Caller): DriverState | CUresult {
  const driver = t.processState(driverKey);
  if (!driver.initialised) return fail(t, cu.CUDA_ERROR_NOT_INITIALIZED, "cuInit(0) must come before any other call of the driver API");
  if (driver.callbackThreads.size > 0 && driver.callbackThreads.has(t.sys.tid)) return fail(t, cu.CUDA_ERROR_NOT_PERMITTED, "a callback or host function must not call CUDA");
  return driver;
}

/** The same for calls that name a device. @returns the device, or the error. */
export function enterDevice(t: Caller, dev: number): Device | CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  return driver.devices[dev] ?? fail(t, cu.CUDA_ERROR_INVALID_DEVICE, "dev must be an ordinal below cuDeviceGetCount", { dev, count: driver.devices.length });
}

/**
 * First checks of every call that works in the current context: initialised, no sticky error, a live context is current.
 * @returns the context, or the error.
 */
export function enter(t: Caller): Context | CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const stack = t.threadState(threadKey).stack;
  const context = stack[stack.length - 1];
  if (context === undefined) {
    if (driver.sticky !== 0) return failSticky(t, driver.sticky);
    return fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "no context is current to the calling thread: cuCtxCreate or cuCtxSetCurrent must come first");
  }
  if (context.destroyed) return fail(t, cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "the current context has been destroyed (by another thread)", { ctx: context.handle });
  const sticky = stickyOf(t, context);
  if (sticky !== 0) return failSticky(t, sticky);
  if (driver.captures.size === 0) return context;
  const forbidden = guardCall(t, driver);
  return forbidden === 0 ? context : forbidden;
}

/** Answers a call with an earlier kernel's error. */
export function failSticky(t: Caller, code: CUresult): CUresult {
  const name = t.call.startsWith("cuda") ? errorName(code) : resultName(code);
  return fail(t, code, `an earlier kernel ended with ${name}: ${isProcessWide(code) ? "every further call of this process answers the same, until it is restarted" : "its context cannot be used any more and must be destroyed"}`);
}

/**
 * The sticky error of a context or its process; 0 while there is none. The kernel says through the context's notifier word that work has faulted, so this is one load.
 */
export function stickyOf(t: Caller, context: Context): CUresult {
  if (context.sticky !== 0) return context.sticky;
  const driver = context.driver;
  if (driver.sticky !== 0) return driver.sticky;
  if (t.sys.load32(context.notifier) === 0) return 0;
  const arg: { context: number; fault: ContextFault | null } = { context: context.kernelContext, fault: null };
  const error = t.sys.ioctl(context.device.fd, "GLASS_CONTEXT_STATE", arg);
  // A device that is gone cannot be asked what happened.
  if (error === -Errno.ENODEV) arg.fault = { reason: "device-lost", fault: null, label: "", queue: 0, point: 0, time: t.sys.clockGettime() };
  if (arg.fault === null) return 0;
  return recordFault(t, context, arg.fault);
}

function recordFault(t: Caller, context: Context, fault: ContextFault): CUresult {
  const code = contextFaultCode(fault);
  context.sticky = code;
  if (isProcessWide(code)) context.driver.sticky = code;
  t.diagnostics.add({
    kind: "fault", api: "device", call: fault.fault?.site.kernel ?? fault.label, code, codeName: resultName(code) ?? "", message: describeFault(fault), values: faultValues(fault),
    process: t.process.name, pid: t.process.pid, tid: t.thread.tid, time: fault.time, site: null,
  });
  if (fault.fault?.kind === "assert") t.sys.write(2, `${fault.fault.message}\n`);
  return code;
}

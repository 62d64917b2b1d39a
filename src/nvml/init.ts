import type { Caller } from "../api/caller.ts";
import { nvmlReturn_t } from "./abi.ts";
import { enter, openControl, stateOf } from "./core.ts";
import { errorText, fail } from "./errors.ts";

/** Initialization and Cleanup; Error Reporting. */

/**
 * Opens the driver for this process. May be called again; each call needs a nvmlShutdown.
 * @returns DRIVER_NOT_LOADED: the machine has no NVIDIA driver. NO_PERMISSION: this user may not open it.
 */
export function nvmlInit_v2(t: Caller): nvmlReturn_t {
  const state = stateOf(t);
  if (state.users === 0) {
    const fd = openControl(t);
    if (fd === -13) return fail(t, nvmlReturn_t.NVML_ERROR_NO_PERMISSION, "this user may not open /dev/nvidiactl");
    if (fd < 0) return fail(t, nvmlReturn_t.NVML_ERROR_DRIVER_NOT_LOADED, "there is no /dev/nvidiactl: no NVIDIA GPU, or no Linux", { errno: fd });
    state.control = fd;
  }
  state.users++;
  return 0;
}

/** nvmlInit_v2 with flags (1: no error without GPUs, 2: does not attach GPUs): here they change nothing. @returns as nvmlInit_v2 */
export function nvmlInitWithFlags(t: Caller, _flags: number): nvmlReturn_t {
  return nvmlInit_v2(t);
}

/** Ends what nvmlInit_v2 began; the last one closes the driver. @returns UNINITIALIZED */
export function nvmlShutdown(t: Caller): nvmlReturn_t {
  const state = enter(t);
  if (typeof state === "number") return state;
  if (--state.users > 0) return 0;
  t.sys.close(state.control);
  if (state.config !== null && state.config >= 0) t.sys.close(state.config);
  state.config = null;
  return 0;
}

/** What a code means; "Unknown Error" for numbers that are none. */
export function nvmlErrorString(_t: Caller, result: number): string {
  return errorText(result);
}

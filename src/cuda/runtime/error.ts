import type { Caller } from "../../api/caller.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import { describeCode } from "../driver/error-strings.ts";
import { errorName } from "../driver/core/fail.ts";
import { driverKey, threadKey } from "../driver/core/state.ts";
import { stickyOf } from "../driver/core/enter.ts";
import { toRuntime } from "./core/call.ts";
import { runtimeThreadKey } from "./core/state.ts";

/** Error Handling. The last error is kept for each host thread. */

const UNKNOWN = "unrecognized error code";

/** The error that no call resets: of a kernel that faulted. 0 when there is none. */
function stickyError(t: Caller): cudaError_t {
  const { stack } = t.threadState(threadKey);
  const context = stack[stack.length - 1];
  return toRuntime(context === undefined ? t.processState(driverKey).sticky : stickyOf(t, context));
}

/**
 * The last error of a runtime call in this thread, and forgets it. An error that made the context unusable is not forgotten: it comes again.
 * @returns the error, 0 (cudaSuccess) when there is none
 */
export function cudaGetLastError(t: Caller): cudaError_t {
  const thread = t.threadState(runtimeThreadKey);
  const error = thread.lastError;
  thread.lastError = 0;
  const sticky = stickyError(t);
  return sticky === 0 ? error : sticky;
}

/**
 * The last error of a runtime call in this thread, without forgetting it.
 * @returns the error, 0 (cudaSuccess) when there is none
 */
export function cudaPeekAtLastError(t: Caller): cudaError_t {
  const sticky = stickyError(t);
  return sticky === 0 ? t.threadState(runtimeThreadKey).lastError : sticky;
}

/**
 * The enumerator's name of a code.
 * @returns "unrecognized error code" for numbers that are none
 */
export function cudaGetErrorName(_t: Caller, error: cudaError_t): string {
  return errorName(error) ?? UNKNOWN;
}

/**
 * What a code means.
 * @returns "unrecognized error code" for numbers that are none
 */
export function cudaGetErrorString(_t: Caller, error: cudaError_t): string {
  const name = errorName(error);
  return name === null ? UNKNOWN : describeCode(error, name);
}

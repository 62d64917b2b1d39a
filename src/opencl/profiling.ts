/**
 * OpenCL 3.0 API specification, 5.13: Profiling Operations on Memory Objects and Kernels.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import {
  CL_COMPLETE, CL_PROFILING_COMMAND_COMPLETE, CL_PROFILING_COMMAND_END, CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_START, CL_PROFILING_COMMAND_SUBMIT,
} from "./abi/constants.ts";
import { CL_INVALID_EVENT, CL_INVALID_VALUE, CL_PROFILING_INFO_NOT_AVAILABLE } from "./abi/errors.ts";
import type { cl_event, cl_int, cl_profiling_info } from "./abi/types.ts";
import { eventOf } from "./event.ts";
import type { Times } from "./runtime/event.ts";
import { fail } from "./runtime/fail.ts";
import { reply, ulong, type ParamValue } from "./runtime/info.ts";
import { isOver } from "./runtime/settle.ts";

const instants: ReadonlyMap<number, keyof Times> = new Map<number, keyof Times>([
  [CL_PROFILING_COMMAND_QUEUED, "queued"], [CL_PROFILING_COMMAND_SUBMIT, "submit"], [CL_PROFILING_COMMAND_START, "start"], [CL_PROFILING_COMMAND_END, "end"],
  // No command here has children, so a command is complete when it ends.
  [CL_PROFILING_COMMAND_COMPLETE, "end"],
]);

/**
 * clGetEventProfilingInfo: nanoseconds of the device's clock, as bigint.
 * @returns CL_PROFILING_INFO_NOT_AVAILABLE, CL_INVALID_VALUE, CL_INVALID_EVENT
 */
export function clGetEventProfilingInfo(t: Caller, event: cl_event | null, param_name: cl_profiling_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = eventOf(t, event);
  if (object === undefined) return fail(t, CL_INVALID_EVENT, "event must be a valid event", { event });
  if (object.queue === null) return fail(t, CL_PROFILING_INFO_NOT_AVAILABLE, "a user event has no profiling information", { event });
  if (!object.queue.profiling) return fail(t, CL_PROFILING_INFO_NOT_AVAILABLE, "the queue was created without CL_QUEUE_PROFILING_ENABLE", { event });
  if (!isOver(t, object) || object.status !== CL_COMPLETE || object.times === null) {
    return fail(t, CL_PROFILING_INFO_NOT_AVAILABLE, "the command is not CL_COMPLETE", { event, status: object.status });
  }
  const instant = instants.get(param_name);
  if (instant === undefined) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetEventProfilingInfo", { param_name });
  return reply(t, ulong(BigInt(Math.floor(object.times[instant]))), param_value_size, param_value, param_value_size_ret);
}

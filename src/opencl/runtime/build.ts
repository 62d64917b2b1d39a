import type { Caller } from "../../api/caller.ts";
import { CompileError } from "../../compiler/abi.ts";
import type { Module } from "../../compiler/ir/module.ts";
import { CL_BUILD_ERROR, CL_BUILD_IN_PROGRESS, CL_BUILD_SUCCESS, CL_PROGRAM_BINARY_TYPE_EXECUTABLE, CL_PROGRAM_BINARY_TYPE_NONE } from "../abi/constants.ts";
import { CL_INVALID_DEVICE, CL_INVALID_OPERATION, CL_INVALID_VALUE } from "../abi/errors.ts";
import type { cl_device_id, cl_int, cl_uint } from "../abi/types.ts";
import { codeFor } from "./compiler.ts";
import type { DeviceObject } from "./device-object.ts";
import { deviceOf } from "./devices.ts";
import { fail } from "./fail.ts";
import type { Build, ProgramObject } from "./program-object.ts";

/** Virtual nanoseconds that a compiler takes: about 100 ms, and 2 us a character. MODEL. */
export function compileTime(source: string): number {
  return 100_000_000 + 2_000 * source.length;
}

/** The builds that a call is about, or the code that was recorded: CL_INVALID_VALUE, CL_INVALID_DEVICE. */
export function targets(t: Caller, program: ProgramObject, num: cl_uint, list: readonly (cl_device_id | null)[] | null): readonly Build[] | cl_int {
  if ((list === null) !== (num === 0)) return fail(t, CL_INVALID_VALUE, "num_devices must be 0 exactly when device_list is NULL", { num_devices: num });
  if (list === null) return [...program.builds.values()];
  const builds: Build[] = [];
  for (let i = 0; i < num; i++) {
    const device = deviceOf(t, list[i] ?? null);
    const build = device === undefined ? undefined : program.builds.get(device);
    if (build === undefined) return fail(t, CL_INVALID_DEVICE, "every device of device_list must be one of the program's", { index: i, device: list[i] });
    if (!builds.includes(build)) builds.push(build);
  }
  return builds;
}

/** What stands in the way of any kind of build, or null. */
export function busy(t: Caller, program: ProgramObject, builds: readonly Build[]): cl_int {
  if (builds.some((build) => build.status === CL_BUILD_IN_PROGRESS)) return fail(t, CL_INVALID_OPERATION, "an earlier build for one of the devices has not finished");
  if (program.children > 0) return fail(t, CL_INVALID_OPERATION, "there are kernel objects attached to the program", { kernels: program.children });
  return 0;
}

/** Marks the beginning of a build. */
export function begin(t: Caller, program: ProgramObject, builds: readonly Build[], options: string): void {
  program.dropInstances(t, program.devices.filter((device) => builds.includes(program.builds.get(device)!)));
  for (const build of builds) {
    build.status = CL_BUILD_IN_PROGRESS;
    build.options = options;
    build.log = "";
    build.code = null;
  }
}

/** What came out of a build. */
export interface Outcome {
  readonly module: Module | null;
  readonly log: string;
  /** CL_PROGRAM_BINARY_TYPE_*, when there is a module. */
  readonly type: number;
  readonly nonUniform: boolean;
  readonly argInfo: boolean;
}

/** Why a kernel's required sub-groups are none of the device's (cl_intel_required_subgroup_size: such a program does not build), or null. */
function subGroupMisfit(module: Module, device: DeviceObject): string | null {
  const { warpSize } = device.info.profile;
  for (const { kind, name, attributes } of module.functions.values()) {
    const wanted = kind === "kernel" ? attributes?.subGroupSize : undefined;
    if (wanted !== undefined && wanted !== warpSize) return `kernel ${name} requires sub-groups of ${wanted} work-items (intel_reqd_sub_group_size); those of the device have ${warpSize}`;
  }
  return null;
}

/** Enters the outcome. @returns whether it is a success */
export function conclude(build: Build, outcome: Outcome): boolean {
  let { module, log } = outcome;
  build.code = null;
  const misfit = module === null || outcome.type !== CL_PROGRAM_BINARY_TYPE_EXECUTABLE ? null : subGroupMisfit(module, build.device);
  if (misfit !== null) {
    log += `${log === "" || log.endsWith("\n") ? "" : "\n"}error: ${misfit}\n`;
    module = null;
  }
  if (module !== null && outcome.type === CL_PROGRAM_BINARY_TYPE_EXECUTABLE) {
    try {
      build.code = codeFor(module);
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      log += `${log === "" ? "" : "\n"}error: ${error.message}`;
      module = null;
    }
  }
  build.module = module;
  build.log = log;
  build.status = module === null ? CL_BUILD_ERROR : CL_BUILD_SUCCESS;
  build.binaryType = module === null ? CL_PROGRAM_BINARY_TYPE_NONE : outcome.type;
  build.nonUniform = outcome.nonUniform;
  build.argInfo = outcome.argInfo;
  return module !== null;
}


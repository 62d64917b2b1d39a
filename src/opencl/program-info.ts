/**
 * OpenCL 3.0 API specification, 5.8.9: Program Object Queries.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import {
  CL_BUILD_NONE, CL_FALSE, CL_PROGRAM_BINARIES, CL_PROGRAM_BINARY_SIZES, CL_PROGRAM_BINARY_TYPE, CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE, CL_PROGRAM_BUILD_LOG,
  CL_PROGRAM_BUILD_OPTIONS, CL_PROGRAM_BUILD_STATUS, CL_PROGRAM_CONTEXT, CL_PROGRAM_DEVICES, CL_PROGRAM_IL, CL_PROGRAM_KERNEL_NAMES, CL_PROGRAM_NUM_DEVICES, CL_PROGRAM_NUM_KERNELS,
  CL_PROGRAM_REFERENCE_COUNT, CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT, CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT, CL_PROGRAM_SOURCE,
} from "./abi/constants.ts";
import { CL_INVALID_DEVICE, CL_INVALID_PROGRAM, CL_INVALID_PROGRAM_EXECUTABLE, CL_INVALID_VALUE } from "./abi/errors.ts";
import type { cl_device_id, cl_int, cl_program, cl_program_build_info, cl_program_info } from "./abi/types.ts";
import { programOf } from "./program.ts";
import { encodeBinary } from "./runtime/binary.ts";
import { deviceOf } from "./runtime/devices.ts";
import { fail } from "./runtime/fail.ts";
import { int, nothing, reply, size, sizes, text, uint, type Answer, type ParamValue } from "./runtime/info.ts";
import type { Build, ProgramObject } from "./runtime/program-object.ts";

const needExecutable: ReadonlySet<number> = new Set([CL_PROGRAM_NUM_KERNELS, CL_PROGRAM_KERNEL_NAMES, CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT, CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT]);

/** Names of kernels in a program's first executable, in the order of the source. */
export function kernelNames(program: ProgramObject): string[] {
  return [...(program.executables()[0]?.code?.kernels.keys() ?? [])];
}

function binaryOf(build: Build): Uint8Array {
  return build.module === null ? new Uint8Array(0) : encodeBinary({ type: build.binaryType, options: build.options, nonUniform: build.nonUniform, argInfo: build.argInfo, module: build.module });
}

/** CL_PROGRAM_BINARIES: an Out box gets the binaries; an array of 64-bit words holds simulated addresses to copy them to, as in C. */
function binaries(t: Caller, program: ProgramObject): Answer {
  const list = [...program.builds.values()].map(binaryOf);
  return {
    size: 8 * list.length,
    value: list,
    write: (view) => list.forEach((binary, i) => {
      const address = Number(view.getBigUint64(8 * i, true));
      if (address !== 0) t.sys.memory(address, binary.length, true)?.set(binary);
    }),
  };
}

function programInfo(t: Caller, program: ProgramObject, name: cl_program_info): Answer | null {
  switch (name) {
    case CL_PROGRAM_REFERENCE_COUNT: return uint(program.refs);
    case CL_PROGRAM_CONTEXT: return size(program.context.handle);
    case CL_PROGRAM_NUM_DEVICES: return uint(program.devices.length);
    case CL_PROGRAM_DEVICES: return sizes(program.devices.map((device) => device.handle));
    case CL_PROGRAM_SOURCE: return text(program.source ?? "");
    case CL_PROGRAM_IL: return nothing;
    case CL_PROGRAM_BINARY_SIZES: return sizes([...program.builds.values()].map((build) => binaryOf(build).length));
    case CL_PROGRAM_BINARIES: return binaries(t, program);
    case CL_PROGRAM_NUM_KERNELS: return size(kernelNames(program).length);
    case CL_PROGRAM_KERNEL_NAMES: return text(kernelNames(program).join(";"));
    case CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT: return uint(CL_FALSE);
    case CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT: return uint(CL_FALSE);
    default: return null;
  }
}

/** clGetProgramInfo. @returns CL_INVALID_PROGRAM, CL_INVALID_VALUE, CL_INVALID_PROGRAM_EXECUTABLE */
export function clGetProgramInfo(t: Caller, program: cl_program | null, param_name: cl_program_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = programOf(t, program);
  if (object === undefined) return fail(t, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  const answer = programInfo(t, object, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetProgramInfo", { param_name });
  if (needExecutable.has(param_name) && object.executables().length === 0) return fail(t, CL_INVALID_PROGRAM_EXECUTABLE, "the program has not been built for any device", { program });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

function buildInfo(build: Build, name: cl_program_build_info): Answer | null {
  const none = build.status === CL_BUILD_NONE;
  switch (name) {
    case CL_PROGRAM_BUILD_STATUS: return int(build.status);
    case CL_PROGRAM_BUILD_OPTIONS: return text(none ? "" : build.options);
    case CL_PROGRAM_BUILD_LOG: return text(none ? "" : build.log);
    case CL_PROGRAM_BINARY_TYPE: return uint(build.binaryType);
    case CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE: {
      let total = 0;
      for (const variable of build.module?.globals.values() ?? []) if (variable.space === "global") total += variable.size;
      return size(total);
    }
    default: return null;
  }
}

/** clGetProgramBuildInfo. @returns CL_INVALID_PROGRAM, CL_INVALID_DEVICE, CL_INVALID_VALUE */
export function clGetProgramBuildInfo(t: Caller, program: cl_program | null, device: cl_device_id | null, param_name: cl_program_build_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = programOf(t, program);
  if (object === undefined) return fail(t, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  const root = deviceOf(t, device);
  const build = root === undefined ? undefined : object.builds.get(root);
  if (build === undefined) return fail(t, CL_INVALID_DEVICE, "device must be one of the program's devices", { device });
  const answer = buildInfo(build, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetProgramBuildInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

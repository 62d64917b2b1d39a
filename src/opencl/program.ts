/**
 * OpenCL 3.0 API specification, 5.8.1 to 5.8.3: creating, retaining and releasing program objects, specialization constants.
 */
import type { Caller } from "../api/caller.ts";
import type { HostPtr, Out } from "../api/out.ts";
import {
  CL_INVALID_BINARY, CL_INVALID_CONTEXT, CL_INVALID_DEVICE, CL_INVALID_OPERATION, CL_INVALID_PLATFORM, CL_INVALID_PROGRAM, CL_INVALID_VALUE, CL_SUCCESS,
  type cl_error,
} from "./abi/errors.ts";
import type { cl_context, cl_device_id, cl_int, cl_platform_id, cl_program, cl_uint } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { decodeBinary } from "./runtime/binary.ts";
import { unloadCompiler } from "./runtime/compiler.ts";
import type { ContextObject } from "./runtime/context-object.ts";
import type { DeviceObject } from "./runtime/device-object.ts";
import { deviceOf } from "./runtime/devices.ts";
import { created, fail, failNull } from "./runtime/fail.ts";
import { viewBytes } from "./runtime/host-memory.ts";
import { ProgramObject, type ProgramKind } from "./runtime/program-object.ts";
import { stateOf } from "./runtime/state.ts";

/** The program behind a handle. */
export function programOf(t: Caller, handle: cl_program | null): ProgramObject | undefined {
  return handle === null ? undefined : stateOf(t).programs.get(handle);
}

/** Makes a program object with a handle. */
export function listProgram(t: Caller, context: ContextObject, kind: ProgramKind, devices: readonly DeviceObject[], source: string | null): ProgramObject {
  const program = new ProgramObject(context, kind, devices, source);
  program.list(stateOf(t).programs);
  return program;
}

/**
 * clCreateProgramWithSource.
 * @param lengths characters of each string to take; 0, or a NULL array: up to a null character or the end
 * @returns the program or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE
 */
export function clCreateProgramWithSource(t: Caller, context: cl_context | null, count: cl_uint, strings: readonly (string | null)[] | null, lengths: readonly number[] | null, errcode_ret: Out<cl_int> | null): cl_program {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if (count === 0 || strings === null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "count must not be 0, nor strings NULL", { count });
  let source = "";
  for (let i = 0; i < count; i++) {
    const text = strings[i] ?? null;
    if (text === null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "no entry of strings may be NULL", { index: i });
    const length = lengths?.[i] ?? 0;
    // A string without a length ends at its null character, as in C; one that is counted in is none of the language.
    source += length === 0 ? text.split("\0", 1)[0]! : text.slice(0, length).replaceAll("\0", "");
  }
  const program = listProgram(t, owner, "source", owner.slots.map((slot) => slot.device), source);
  return created(errcode_ret, program.handle);
}

/** Devices of a list that must be a context's, or what is wrong. */
export function deviceList(t: Caller, context: ContextObject, num: cl_uint, list: readonly (cl_device_id | null)[] | null): readonly DeviceObject[] | readonly [cl_error, string] {
  const devices: DeviceObject[] = [];
  for (let i = 0; i < num; i++) {
    const device = deviceOf(t, list?.[i] ?? null);
    if (device === undefined || context.slotOf(device) === undefined) return [CL_INVALID_DEVICE, "every device of device_list must be one of the context's"];
    if (!devices.includes(device)) devices.push(device);
  }
  return devices;
}

function isProblem(result: readonly unknown[]): result is readonly [cl_error, string] {
  return typeof result[0] === "number";
}

/**
 * clCreateProgramWithBinary: takes what clGetProgramInfo(CL_PROGRAM_BINARIES) gave.
 * @returns the program or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_DEVICE, CL_INVALID_BINARY
 */
export function clCreateProgramWithBinary(t: Caller, context: cl_context | null, num_devices: cl_uint, device_list: readonly (cl_device_id | null)[] | null, lengths: readonly number[] | null, binaries: readonly (ArrayBufferView | null)[] | null, binary_status: Out<cl_int[]> | null, errcode_ret: Out<cl_int> | null): cl_program {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if (device_list === null || num_devices === 0) return failNull(t, errcode_ret, CL_INVALID_VALUE, "num_devices must not be 0, nor device_list NULL", { num_devices });
  const devices = deviceList(t, owner, num_devices, device_list);
  if (isProblem(devices)) return failNull(t, errcode_ret, devices[0], devices[1]);
  if (lengths === null || binaries === null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "lengths and binaries must not be NULL");
  const status: cl_int[] = [];
  const contents = [];
  for (let i = 0; i < num_devices; i++) {
    const binary = binaries[i] ?? null;
    const length = lengths[i] ?? 0;
    if (binary === null || length === 0) {
      status.push(CL_INVALID_VALUE);
      contents.push(null);
      continue;
    }
    const decoded = length <= binary.byteLength ? decodeBinary(viewBytes(binary, 0, length)) : null;
    status.push(decoded === null ? CL_INVALID_BINARY : CL_SUCCESS);
    contents.push(decoded);
  }
  if (binary_status !== null) binary_status.value = status;
  if (status.includes(CL_INVALID_VALUE)) return failNull(t, errcode_ret, CL_INVALID_VALUE, "no length may be 0 and no binary NULL", { status });
  if (status.includes(CL_INVALID_BINARY)) return failNull(t, errcode_ret, CL_INVALID_BINARY, "not a program binary of this platform, or damaged", { status });
  const program = listProgram(t, owner, "binary", devices, null);
  for (let i = 0; i < num_devices; i++) {
    const build = program.builds.get(deviceOf(t, device_list[i]!)!)!;
    const loaded = contents[i]!;
    build.binaryType = loaded.type;
    build.module = loaded.module;
    build.options = loaded.options;
    build.nonUniform = loaded.nonUniform;
    build.argInfo = loaded.argInfo;
  }
  return created(errcode_ret, program.handle);
}

/**
 * clCreateProgramWithBuiltInKernels: the devices have none.
 * @returns NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_DEVICE
 */
export function clCreateProgramWithBuiltInKernels(t: Caller, context: cl_context | null, num_devices: cl_uint, device_list: readonly (cl_device_id | null)[] | null, kernel_names: string | null, errcode_ret: Out<cl_int> | null): cl_program {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if (device_list === null || num_devices === 0) return failNull(t, errcode_ret, CL_INVALID_VALUE, "num_devices must not be 0, nor device_list NULL", { num_devices });
  const devices = deviceList(t, owner, num_devices, device_list);
  if (isProblem(devices)) return failNull(t, errcode_ret, devices[0], devices[1]);
  return failNull(t, errcode_ret, CL_INVALID_VALUE, "kernel_names must name built-in kernels of the devices, and they have none", { kernel_names });
}

/**
 * clCreateProgramWithIL: the devices take no intermediate language.
 * @returns NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_OPERATION
 */
export function clCreateProgramWithIL(t: Caller, context: cl_context | null, il: HostPtr | null, length: number, errcode_ret: Out<cl_int> | null): cl_program {
  if (contextOf(t, context) === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if (il === null || il === 0 || length === 0) return failNull(t, errcode_ret, CL_INVALID_VALUE, "il must not be NULL, nor length 0", { length });
  return failNull(t, errcode_ret, CL_INVALID_OPERATION, "no device of the context takes an intermediate language (CL_DEVICE_IL_VERSION is empty)", { length });
}

/** clRetainProgram. @returns CL_INVALID_PROGRAM */
export function clRetainProgram(t: Caller, program: cl_program | null): cl_int {
  const object = programOf(t, program);
  if (object === undefined || object.refs === 0) return fail(t, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  object.refs++;
  return CL_SUCCESS;
}

/** clReleaseProgram. Its kernels keep it. @returns CL_INVALID_PROGRAM */
export function clReleaseProgram(t: Caller, program: cl_program | null): cl_int {
  const object = programOf(t, program);
  if (object === undefined || object.refs === 0) return fail(t, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  object.release(t);
  return CL_SUCCESS;
}

/**
 * clSetProgramReleaseCallback (deprecated in 3.0): for devices with destructors of program variables, which these have not.
 * @returns CL_INVALID_PROGRAM, CL_INVALID_VALUE, CL_INVALID_OPERATION
 */
export function clSetProgramReleaseCallback(t: Caller, program: cl_program | null, pfn_notify: ((program: cl_program, user_data: unknown) => unknown) | null, _user_data: unknown): cl_int {
  if (programOf(t, program) === undefined) return fail(t, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  if (pfn_notify === null) return fail(t, CL_INVALID_VALUE, "pfn_notify must not be NULL");
  return fail(t, CL_INVALID_OPERATION, "no device of the context has destructors of program scope variables", { program });
}

/**
 * clSetProgramSpecializationConstant: for programs of an intermediate language, which cannot be made here.
 * @returns CL_INVALID_PROGRAM
 */
export function clSetProgramSpecializationConstant(t: Caller, program: cl_program | null, spec_id: cl_uint, _spec_size: number, _spec_value: HostPtr | null): cl_int {
  return fail(t, CL_INVALID_PROGRAM, "program must be a valid program created from an intermediate language", { program, spec_id });
}

/** clUnloadPlatformCompiler: the compiler's memory is given back, also other machines' of this JavaScript program, which share it. @returns CL_INVALID_PLATFORM */
export function clUnloadPlatformCompiler(t: Caller, platform: cl_platform_id | null): cl_int {
  if (platform === null || stateOf(t).platforms.get(platform) === undefined) return fail(t, CL_INVALID_PLATFORM, "platform must be a valid platform", { platform });
  unloadCompiler();
  return CL_SUCCESS;
}

/** clUnloadCompiler (deprecated in 1.2): as clUnloadPlatformCompiler. */
export function clUnloadCompiler(_t: Caller): cl_int {
  unloadCompiler();
  return CL_SUCCESS;
}


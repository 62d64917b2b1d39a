/**
 * OpenCL 3.0 API specification, 5.8.4 and 5.8.5: building, compiling and linking programs.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { BuildOptions } from "../compiler/clang/options.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import {
  CL_BUILD_IN_PROGRESS, CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT, CL_PROGRAM_BINARY_TYPE_EXECUTABLE, CL_PROGRAM_BINARY_TYPE_LIBRARY,
} from "./abi/constants.ts";
import {
  CL_BUILD_PROGRAM_FAILURE, CL_COMPILE_PROGRAM_FAILURE, CL_COMPILER_NOT_AVAILABLE, CL_INVALID_BINARY, CL_INVALID_BUILD_OPTIONS, CL_INVALID_COMPILER_OPTIONS, CL_INVALID_CONTEXT,
  CL_INVALID_DEVICE, CL_INVALID_LINKER_OPTIONS, CL_INVALID_OPERATION, CL_INVALID_PROGRAM, CL_INVALID_VALUE, CL_LINK_PROGRAM_FAILURE, CL_SUCCESS, type cl_error,
} from "./abi/errors.ts";
import type { cl_context, cl_device_id, cl_int, cl_program, cl_uint } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { listProgram, programOf } from "./program.ts";
import { begin, busy, compileTime, conclude, targets, type Outcome } from "./runtime/build.ts";
import { callBack, startHelper } from "./runtime/callback.ts";
import { allowsNonUniform, compilerAvailable, compileSource, readOptions, type CompileRequest } from "./runtime/compiler.ts";

import type { DeviceObject } from "./runtime/device-object.ts";
import { deviceOf } from "./runtime/devices.ts";
import { fail, failNull } from "./runtime/fail.ts";
import { linkModules } from "./runtime/link-modules.ts";
import type { Build, ProgramObject } from "./runtime/program-object.ts";

/** `void (*pfn_notify)(cl_program program, void* user_data)` */
export type BuildNotify = (program: cl_program, user_data: unknown) => unknown;

/** Does the work of a build, now or on a helper thread that calls back. The result is the code of the synchronous form. */
function* perform(t: Caller, program: ProgramObject, time: number, work: () => boolean, failure: cl_error, rule: string, notify: BuildNotify | null, userData: unknown): Blocking<cl_int> {
  const outcome = (who: Caller): cl_int => (work() ? CL_SUCCESS : fail(who, failure, rule, { log: [...program.builds.values()].find((build) => build.log !== "")?.log ?? "" }));
  if (notify === null) {
    yield* t.sys.nanosleep(time);
    return outcome(t);
  }
  program.uses++;
  const handle = program.handle as cl_program;
  startHelper(t, "opencl-build", function* (helper) {
    yield* helper.sys.nanosleep(time);
    outcome(helper);
    yield* callBack(helper, () => notify(handle, userData));
    program.unuse(helper);
  });
  return CL_SUCCESS;
}

function compiled(request: CompileRequest, options: BuildOptions, type: number): Outcome {
  const { module, log } = compileSource(request);
  return { module, log, type, nonUniform: allowsNonUniform(options), argInfo: options.kernelArgInfo };
}

/**
 * clBuildProgram: from source, or from an executable binary. With `pfn_notify` it returns at once and the build goes on beside.
 * @returns CL_INVALID_PROGRAM, CL_INVALID_VALUE, CL_INVALID_DEVICE, CL_INVALID_BINARY, CL_INVALID_BUILD_OPTIONS, CL_COMPILER_NOT_AVAILABLE, CL_BUILD_PROGRAM_FAILURE, CL_INVALID_OPERATION,
 *   CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function* clBuildProgram(t: Caller, program: cl_program | null, num_devices: cl_uint, device_list: readonly (cl_device_id | null)[] | null, options: string | null, pfn_notify: BuildNotify | null, user_data: unknown): Blocking<cl_int> {
  const object = programOf(t, program);
  if (object === undefined) return fail(t, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  if (pfn_notify === null && user_data !== null && user_data !== undefined) return fail(t, CL_INVALID_VALUE, "user_data must be NULL when pfn_notify is");
  const builds = targets(t, object, num_devices, device_list);
  if (typeof builds === "number") return builds;
  if (object.kind === "binary" && builds.some((build) => build.module === null || build.binaryType !== CL_PROGRAM_BINARY_TYPE_EXECUTABLE)) {
    return fail(t, CL_INVALID_BINARY, "the program has no executable binary for one of the devices");
  }
  const read = readOptions(options, "build");
  if (typeof read === "string") return fail(t, CL_INVALID_BUILD_OPTIONS, "options must be known build options", { problem: read });
  if (object.kind === "source" && !compilerAvailable()) return fail(t, CL_COMPILER_NOT_AVAILABLE, "no OpenCL C compiler is installed: add the package @yowasp/clang, or a clang of version 15 or later");
  const refused = busy(t, object, builds);
  if (refused !== 0) return refused;
  if (object.kind === "linked") return fail(t, CL_INVALID_OPERATION, "a program made by clLinkProgram is built already");
  const before = new Map(builds.map((build) => [build, build.options]));
  begin(t, object, builds, options ?? "");
  const work = object.kind === "source" ? () => fromSource(object, builds, options ?? "", read) : () => fromBinary(builds, options, before);
  const time = object.kind === "source" ? compileTime(object.source!) : compileTime("");
  return yield* perform(t, object, time, work, CL_BUILD_PROGRAM_FAILURE, "the program does not build; the log says why", pfn_notify, user_data);
}

function fromSource(program: ProgramObject, builds: readonly Build[], text: string, options: BuildOptions): boolean {
  // All devices run the same code: one compilation serves them.
  const outcome = compiled({ source: program.source!, options: text, headers: {}, phase: "build" }, options, CL_PROGRAM_BINARY_TYPE_EXECUTABLE);
  return builds.map((build) => conclude(build, outcome)).every(Boolean);
}

function fromBinary(builds: readonly Build[], options: string | null, before: ReadonlyMap<Build, string>): boolean {
  return builds
    .map((build) => {
      if (options === null) build.options = before.get(build) ?? "";
      return conclude(build, { module: build.module, log: "", type: build.binaryType, nonUniform: build.nonUniform, argInfo: build.argInfo });
    })
    .every(Boolean);
}

/**
 * clCompileProgram: makes an object for clLinkProgram.
 * @returns CL_INVALID_PROGRAM, CL_INVALID_VALUE, CL_INVALID_DEVICE, CL_INVALID_COMPILER_OPTIONS, CL_INVALID_OPERATION, CL_COMPILER_NOT_AVAILABLE, CL_COMPILE_PROGRAM_FAILURE, CL_OUT_OF_RESOURCES,
 *   CL_OUT_OF_HOST_MEMORY
 */
export function* clCompileProgram(t: Caller, program: cl_program | null, num_devices: cl_uint, device_list: readonly (cl_device_id | null)[] | null, options: string | null, num_input_headers: cl_uint, input_headers: readonly (cl_program | null)[] | null, header_include_names: readonly string[] | null, pfn_notify: BuildNotify | null, user_data: unknown): Blocking<cl_int> {
  const object = programOf(t, program);
  if (object === undefined) return fail(t, CL_INVALID_PROGRAM, "program must be a valid program", { program });
  const none = num_input_headers === 0;
  if ((input_headers === null) !== none || (header_include_names === null) !== none) {
    return fail(t, CL_INVALID_VALUE, "input_headers and header_include_names must be NULL exactly when num_input_headers is 0", { num_input_headers });
  }
  if (pfn_notify === null && user_data !== null && user_data !== undefined) return fail(t, CL_INVALID_VALUE, "user_data must be NULL when pfn_notify is");
  const builds = targets(t, object, num_devices, device_list);
  if (typeof builds === "number") return builds;
  const headers: Record<string, string> = {};
  for (let i = 0; i < num_input_headers; i++) {
    const header = programOf(t, input_headers![i] ?? null);
    // NON-SPEC: the specification does not say what a program of another context is here. Nothing else of a context can be used in another.
    if (header !== undefined && header.context !== object.context) return fail(t, CL_INVALID_PROGRAM, "input_headers must be of the program's context", { index: i });
    if (header === undefined || header.source === null) return fail(t, CL_INVALID_PROGRAM, "input_headers must hold programs created from source", { index: i });
    headers[header_include_names![i] ?? ""] ??= header.source; // of two with one name the first counts
  }
  const read = readOptions(options, "compile");
  if (typeof read === "string") return fail(t, CL_INVALID_COMPILER_OPTIONS, "options must be known compiler options", { problem: read });
  if (object.kind !== "source") return fail(t, CL_INVALID_OPERATION, "the program has no source");
  if (!compilerAvailable()) return fail(t, CL_COMPILER_NOT_AVAILABLE, "no OpenCL C compiler is installed: add the package @yowasp/clang, or a clang of version 15 or later");
  const refused = busy(t, object, builds);
  if (refused !== 0) return refused;
  begin(t, object, builds, options ?? "");
  const work = (): boolean => {
    const outcome = compiled({ source: object.source!, options: options ?? "", headers, phase: "compile" }, read, CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT);
    return builds.map((build) => conclude(build, outcome)).every(Boolean);
  };
  return yield* perform(t, object, compileTime(object.source!), work, CL_COMPILE_PROGRAM_FAILURE, "the program does not compile; the log says why", pfn_notify, user_data);
}

/** What a device links, or why it cannot. */
type LinkInput = readonly Build[] | null | "mixed";

function inputsFor(device: DeviceObject, programs: readonly ProgramObject[]): LinkInput {
  const builds = programs.map((program) => program.builds.get(device));
  const usable = builds.filter((build): build is Build => build !== undefined && build.module !== null && (build.binaryType === CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT || build.binaryType === CL_PROGRAM_BINARY_TYPE_LIBRARY));
  return usable.length === programs.length ? usable : usable.length === 0 ? null : "mixed";
}

/**
 * clLinkProgram: makes an executable, or with -create-library a library, of compiled programs.
 * @returns a program, also when linking failed (CL_LINK_PROGRAM_FAILURE), so that its log can be read; else NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_PROGRAM, CL_INVALID_DEVICE,
 *   CL_INVALID_LINKER_OPTIONS, CL_INVALID_OPERATION, CL_LINKER_NOT_AVAILABLE, CL_LINK_PROGRAM_FAILURE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function* clLinkProgram(t: Caller, context: cl_context | null, num_devices: cl_uint, device_list: readonly (cl_device_id | null)[] | null, options: string | null, num_input_programs: cl_uint, input_programs: readonly (cl_program | null)[] | null, pfn_notify: BuildNotify | null, user_data: unknown, errcode_ret: Out<cl_int> | null): Blocking<cl_program> {
  const owner = contextOf(t, context);
  if (owner === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if ((device_list === null) !== (num_devices === 0)) return failNull(t, errcode_ret, CL_INVALID_VALUE, "num_devices must be 0 exactly when device_list is NULL", { num_devices });
  if (num_input_programs === 0 || input_programs === null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "num_input_programs must not be 0, nor input_programs NULL", { num_input_programs });
  const inputs: ProgramObject[] = [];
  for (let i = 0; i < num_input_programs; i++) {
    const input = programOf(t, input_programs[i] ?? null);
    if (input === undefined) return failNull(t, errcode_ret, CL_INVALID_PROGRAM, "input_programs must hold valid programs", { index: i });
    // NON-SPEC: the specification does not say what a program of another context is here. Nothing else of a context can be used in another.
    if (input.context !== owner) return failNull(t, errcode_ret, CL_INVALID_PROGRAM, "input_programs must be of the context", { index: i });
    inputs.push(input);
  }
  if (pfn_notify === null && user_data !== null && user_data !== undefined) return failNull(t, errcode_ret, CL_INVALID_VALUE, "user_data must be NULL when pfn_notify is");
  const devices: DeviceObject[] = device_list === null ? owner.slots.map((slot) => slot.device) : [];
  for (let i = 0; i < num_devices; i++) {
    const device = deviceOf(t, device_list![i] ?? null);
    if (device === undefined || owner.slotOf(device) === undefined) return failNull(t, errcode_ret, CL_INVALID_DEVICE, "every device of device_list must be one of the context's", { index: i });
    if (!devices.includes(device)) devices.push(device);
  }
  const read = readOptions(options, "link");
  if (typeof read === "string") return failNull(t, errcode_ret, CL_INVALID_LINKER_OPTIONS, "options must be known linker options", { problem: read });
  if (inputs.some((input) => [...input.builds.values()].some((build) => build.status === CL_BUILD_IN_PROGRESS))) {
    return failNull(t, errcode_ret, CL_INVALID_OPERATION, "a compilation of one of the programs has not finished");
  }
  const plan = new Map<DeviceObject, LinkInput>(devices.map((device) => [device, inputsFor(device, inputs)]));
  if ([...plan.values()].includes("mixed")) return failNull(t, errcode_ret, CL_INVALID_OPERATION, "for each device either all of the programs must be compiled or none");
  const program = listProgram(t, owner, "linked", devices, null);
  const linkable = devices.filter((device) => plan.get(device) !== null);
  begin(t, program, linkable.map((device) => program.builds.get(device)!), options ?? "");
  const work = (): boolean => linkable.map((device) => linkFor(program.builds.get(device)!, plan.get(device) as readonly Build[], read.createLibrary)).every(Boolean);
  const code = yield* perform(t, program, compileTime(""), work, CL_LINK_PROGRAM_FAILURE, "the programs do not link; the log says why", pfn_notify, user_data);
  if (errcode_ret !== null) errcode_ret.value = code;
  return program.handle as cl_program;
}

function linkFor(build: Build, inputs: readonly Build[], library: boolean): boolean {
  const linked = linkModules(inputs.map((input) => input.module!), "program", library);
  const type = library ? CL_PROGRAM_BINARY_TYPE_LIBRARY : CL_PROGRAM_BINARY_TYPE_EXECUTABLE;
  const nonUniform = inputs.every((input) => input.nonUniform);
  const argInfo = inputs.some((input) => input.argInfo);
  return conclude(build, typeof linked === "string" ? { module: null, log: linked, type, nonUniform, argInfo } : { module: linked, log: "", type, nonUniform, argInfo });
}

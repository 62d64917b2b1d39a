import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_context, cl_device_id, cl_program } from "../../../../src/opencl/abi/types.ts";
import { encodeBinary } from "../../../../src/opencl/runtime/binary.ts";
import { testModule } from "../../../opencl/kernels.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

/** Programs: making, building, compiling, linking, asking. */
export function programRows(f: Fixture): Row[] {
  const { cl } = f;
  const badContext = 77 as cl_context;
  const badProgram = 77 as cl_program;
  const badDevice = 77 as cl_device_id;
  const notMine = f.devices[1]!;
  const source = (text = "kernel void k() {}", context = f.ctx): cl_program => f.make((e) => cl.clCreateProgramWithSource(context, 1, [text], null, e));
  const binary = encodeBinary({ type: C.CL_PROGRAM_BINARY_TYPE_EXECUTABLE, options: "", nonUniform: true, argInfo: false, module: testModule() });
  const damaged = binary.slice();
  damaged[damaged.length - 1]! ^= 1;
  const objectFile = f.program(f.ctx, testModule(), { type: C.CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT });
  const load = (context: cl_context, num: number, list: (cl_device_id | null)[] | null, lengths: number[] | null, binaries: (Uint8Array | null)[] | null): number => f.code((e) => cl.clCreateProgramWithBinary(context, num, list, lengths, binaries, null, e));
  /** A build that has been begun and has not ended. */
  const building = (): cl_program => {
    const program = source();
    f.ok(cl.clBuildProgram(program, 0, null, null, () => {}, null));
    return program;
  };
  const withKernel = (): cl_program => {
    const program = f.program(f.ctx, testModule());
    f.kernelOf(program, "fill");
    return program;
  };
  const compile = (program: cl_program | null, change: { num?: number; list?: (cl_device_id | null)[] | null; options?: string; headers?: readonly [number, (cl_program | null)[] | null, string[] | null]; data?: unknown } = {}): number => {
    const [count, programs, names] = change.headers ?? [0, null, null];
    return cl.clCompileProgram(program, change.num ?? 0, change.list ?? null, change.options ?? null, count, programs, names, null, change.data ?? null);
  };
  const link = (change: { context?: cl_context; num?: number; list?: (cl_device_id | null)[] | null; options?: string; count?: number; programs?: (cl_program | null)[] | null; data?: unknown } = {}): number => {
    const programs = change.programs === undefined ? [objectFile] : change.programs;
    return f.code((e) => cl.clLinkProgram(change.context ?? f.ctx, change.num ?? 0, change.list ?? null, change.options ?? null, change.count ?? programs?.length ?? 0, programs, null, change.data ?? null, e));
  };
  return [
    ["clCreateProgramWithSource", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateProgramWithSource(badContext, 1, [""], null, e))],
    ["clCreateProgramWithSource", "count 0", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateProgramWithSource(f.ctx, 0, [""], null, e))],
    ["clCreateProgramWithSource", "strings NULL", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateProgramWithSource(f.ctx, 1, null, null, e))],
    ["clCreateProgramWithSource", "a string NULL", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateProgramWithSource(f.ctx, 2, ["", null], null, e))],
    ["clCreateProgramWithIL", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateProgramWithIL(badContext, f.data, 16, e))],
    ["clCreateProgramWithIL", "il NULL", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateProgramWithIL(f.ctx, null, 16, e))],
    ["clCreateProgramWithIL", "length 0", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateProgramWithIL(f.ctx, f.data, 0, e))],
    ["clCreateProgramWithIL", "no device takes one", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clCreateProgramWithIL(f.ctx, f.data, 16, e))],
    ["clCreateProgramWithBinary", "context invalid", E.CL_INVALID_CONTEXT, () => load(badContext, 1, [f.device], [binary.length], [binary])],
    ["clCreateProgramWithBinary", "device_list NULL", E.CL_INVALID_VALUE, () => load(f.ctx, 1, null, [binary.length], [binary])],
    ["clCreateProgramWithBinary", "num_devices 0", E.CL_INVALID_VALUE, () => load(f.ctx, 0, [f.device], [binary.length], [binary])],
    ["clCreateProgramWithBinary", "device not in the context", E.CL_INVALID_DEVICE, () => load(f.ctx, 1, [notMine], [binary.length], [binary])],
    ["clCreateProgramWithBinary", "lengths NULL", E.CL_INVALID_VALUE, () => load(f.ctx, 1, [f.device], null, [binary])],
    ["clCreateProgramWithBinary", "binaries NULL", E.CL_INVALID_VALUE, () => load(f.ctx, 1, [f.device], [binary.length], null)],
    ["clCreateProgramWithBinary", "a length 0", E.CL_INVALID_VALUE, () => load(f.ctx, 1, [f.device], [0], [binary])],
    ["clCreateProgramWithBinary", "a binary NULL", E.CL_INVALID_VALUE, () => load(f.ctx, 1, [f.device], [10], [null])],
    ["clCreateProgramWithBinary", "not a binary", E.CL_INVALID_BINARY, () => load(f.ctx, 1, [f.device], [64], [f.data])],
    ["clCreateProgramWithBinary", "binary damaged", E.CL_INVALID_BINARY, () => load(f.ctx, 1, [f.device], [damaged.length], [damaged])],
    ["clCreateProgramWithBinary", "binary cut short", E.CL_INVALID_BINARY, () => load(f.ctx, 1, [f.device], [binary.length - 1], [binary])],
    ["clCreateProgramWithBuiltInKernels", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateProgramWithBuiltInKernels(badContext, 1, [f.device], "k", e))],
    ["clCreateProgramWithBuiltInKernels", "device_list NULL", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateProgramWithBuiltInKernels(f.ctx, 1, null, "k", e))],
    ["clCreateProgramWithBuiltInKernels", "kernel_names NULL", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateProgramWithBuiltInKernels(f.ctx, 1, [f.device], null, e))],
    ["clCreateProgramWithBuiltInKernels", "name unknown", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateProgramWithBuiltInKernels(f.ctx, 1, [f.device], "k", e))],
    ["clCreateProgramWithBuiltInKernels", "device not in the context", E.CL_INVALID_DEVICE, () => f.code((e) => cl.clCreateProgramWithBuiltInKernels(f.ctx, 1, [notMine], "k", e))],
    ["clRetainProgram", "program invalid", E.CL_INVALID_PROGRAM, () => cl.clRetainProgram(badProgram)],
    ["clReleaseProgram", "program invalid", E.CL_INVALID_PROGRAM, () => cl.clReleaseProgram(null)],
    ["clReleaseProgram", "released before", E.CL_INVALID_PROGRAM, () => {
      const program = source();
      f.ok(cl.clReleaseProgram(program));
      return cl.clReleaseProgram(program);
    }],
    ["clSetProgramReleaseCallback", "program invalid", E.CL_INVALID_PROGRAM, () => cl.clSetProgramReleaseCallback(badProgram, () => {}, null)],
    ["clSetProgramReleaseCallback", "callback NULL", E.CL_INVALID_VALUE, () => cl.clSetProgramReleaseCallback(f.prog, null, null)],
    ["clSetProgramReleaseCallback", "no destructors of variables", E.CL_INVALID_OPERATION, () => cl.clSetProgramReleaseCallback(f.prog, () => {}, null)],
    ["clSetProgramSpecializationConstant", "program not of an intermediate language", E.CL_INVALID_PROGRAM, () => cl.clSetProgramSpecializationConstant(f.prog, 1, 4, f.data)],
    ["clUnloadPlatformCompiler", "platform invalid", E.CL_INVALID_PLATFORM, () => cl.clUnloadPlatformCompiler(null)],

    ["clBuildProgram", "program invalid", E.CL_INVALID_PROGRAM, () => cl.clBuildProgram(badProgram, 0, null, null, null, null)],
    ["clBuildProgram", "number without list", E.CL_INVALID_VALUE, () => cl.clBuildProgram(source(), 1, null, null, null, null)],
    ["clBuildProgram", "list without number", E.CL_INVALID_VALUE, () => cl.clBuildProgram(source(), 0, [f.device], null, null, null)],
    ["clBuildProgram", "user_data without callback", E.CL_INVALID_VALUE, () => cl.clBuildProgram(source(), 0, null, null, null, 5)],
    ["clBuildProgram", "device not the program's", E.CL_INVALID_DEVICE, () => cl.clBuildProgram(source(), 1, [notMine], null, null, null)],
    ["clBuildProgram", "device invalid", E.CL_INVALID_DEVICE, () => cl.clBuildProgram(source(), 1, [badDevice], null, null, null)],
    ["clBuildProgram", "binary is no executable", E.CL_INVALID_BINARY, () => cl.clBuildProgram(objectFile, 0, null, null, null, null)],
    ["clBuildProgram", "option unknown", E.CL_INVALID_BUILD_OPTIONS, () => cl.clBuildProgram(source(), 0, null, "-O3", null, null)],
    ["clBuildProgram", "-D without a name", E.CL_INVALID_BUILD_OPTIONS, () => cl.clBuildProgram(source(), 0, null, "-D", null, null)],
    ["clBuildProgram", "language version unknown", E.CL_INVALID_BUILD_OPTIONS, () => cl.clBuildProgram(source(), 0, null, "-cl-std=CL9.9", null, null)],
    ["clBuildProgram", "earlier build not finished", E.CL_INVALID_OPERATION, () => cl.clBuildProgram(building(), 0, null, null, null, null)],
    ["clBuildProgram", "kernels attached", E.CL_INVALID_OPERATION, () => cl.clBuildProgram(withKernel(), 0, null, null, null, null)],
    ["clBuildProgram", "neither source nor binary", E.CL_INVALID_OPERATION, () => cl.clBuildProgram(f.make((e) => cl.clLinkProgram(f.ctx, 0, null, null, 1, [objectFile], null, null, e)), 0, null, null, null, null)],
    ["clBuildProgram", "does not compile", E.CL_BUILD_PROGRAM_FAILURE, () => cl.clBuildProgram(source("kernel void k() { nonsense }"), 0, null, null, null, null)],
    ["clBuildProgram", "function undefined", E.CL_BUILD_PROGRAM_FAILURE, () => cl.clBuildProgram(source("int away(int); kernel void k(global int *p) { *p = away(1); }"), 0, null, null, null, null)],

    ["clCompileProgram", "program invalid", E.CL_INVALID_PROGRAM, () => compile(null)],
    ["clCompileProgram", "a header invalid", E.CL_INVALID_PROGRAM, () => compile(source(), { headers: [1, [badProgram], ["a.h"]] })],
    ["clCompileProgram", "a header without source", E.CL_INVALID_PROGRAM, () => compile(source(), { headers: [1, [f.prog], ["a.h"]] })],
    ["clCompileProgram", "a header of another context", E.CL_INVALID_PROGRAM, () => compile(source(), { headers: [1, [source("", f.ctx2)], ["a.h"]] })],
    ["clCompileProgram", "number without list", E.CL_INVALID_VALUE, () => compile(source(), { num: 1 })],
    ["clCompileProgram", "list without number", E.CL_INVALID_VALUE, () => compile(source(), { num: 0, list: [f.device] })],
    ["clCompileProgram", "headers without number", E.CL_INVALID_VALUE, () => compile(source(), { headers: [0, [source()], ["a.h"]] })],
    ["clCompileProgram", "header names NULL", E.CL_INVALID_VALUE, () => compile(source(), { headers: [1, [source()], null] })],
    ["clCompileProgram", "headers NULL", E.CL_INVALID_VALUE, () => compile(source(), { headers: [1, null, ["a.h"]] })],
    ["clCompileProgram", "user_data without callback", E.CL_INVALID_VALUE, () => compile(source(), { data: 1 })],
    ["clCompileProgram", "device not the program's", E.CL_INVALID_DEVICE, () => compile(source(), { num: 1, list: [notMine] })],
    ["clCompileProgram", "option unknown", E.CL_INVALID_COMPILER_OPTIONS, () => compile(source(), { options: "-fancy" })],
    ["clCompileProgram", "a linker's option", E.CL_INVALID_COMPILER_OPTIONS, () => compile(source(), { options: "-create-library" })],
    ["clCompileProgram", "no source", E.CL_INVALID_OPERATION, () => compile(objectFile)],
    ["clCompileProgram", "earlier build not finished", E.CL_INVALID_OPERATION, () => compile(building())],
    ["clCompileProgram", "does not compile", E.CL_COMPILE_PROGRAM_FAILURE, () => compile(source("#include <nowhere.h>\n"))],

    ["clLinkProgram", "context invalid", E.CL_INVALID_CONTEXT, () => link({ context: badContext })],
    ["clLinkProgram", "number without list", E.CL_INVALID_VALUE, () => link({ num: 1 })],
    ["clLinkProgram", "list without number", E.CL_INVALID_VALUE, () => link({ num: 0, list: [f.device] })],
    ["clLinkProgram", "no programs", E.CL_INVALID_VALUE, () => link({ programs: null })],
    ["clLinkProgram", "number of programs 0", E.CL_INVALID_VALUE, () => link({ count: 0 })],
    ["clLinkProgram", "a program invalid", E.CL_INVALID_PROGRAM, () => link({ programs: [objectFile, badProgram] })],
    ["clLinkProgram", "a program of another context", E.CL_INVALID_PROGRAM, () => link({ programs: [objectFile, f.program(f.ctx2, testModule(), { type: C.CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT })] })],
    ["clLinkProgram", "user_data without callback", E.CL_INVALID_VALUE, () => link({ data: {} })],
    ["clLinkProgram", "device not in the context", E.CL_INVALID_DEVICE, () => link({ num: 1, list: [notMine] })],
    ["clLinkProgram", "option unknown", E.CL_INVALID_LINKER_OPTIONS, () => link({ options: "-lm" })],
    ["clLinkProgram", "a compiler's option", E.CL_INVALID_LINKER_OPTIONS, () => link({ options: "-cl-kernel-arg-info" })],
    ["clLinkProgram", "compilation not finished", E.CL_INVALID_OPERATION, () => link({ programs: [building()] })],
    ["clLinkProgram", "some compiled, some not", E.CL_INVALID_OPERATION, () => link({ programs: [objectFile, source()] })],
    ["clLinkProgram", "two definitions", E.CL_LINK_PROGRAM_FAILURE, () => link({ programs: [objectFile, f.program(f.ctx, testModule(), { type: C.CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT })] })],

    ["clGetProgramInfo", "program invalid", E.CL_INVALID_PROGRAM, () => cl.clGetProgramInfo(badProgram, C.CL_PROGRAM_CONTEXT, 8, out(), null)],
    ["clGetProgramInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetProgramInfo(f.prog, 1, 8, out(), null)],
    ["clGetProgramInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetProgramInfo(f.prog, C.CL_PROGRAM_CONTEXT, 4, out(), null)],
    ["clGetProgramInfo", "NUM_KERNELS of what is not built", E.CL_INVALID_PROGRAM_EXECUTABLE, () => cl.clGetProgramInfo(source(), C.CL_PROGRAM_NUM_KERNELS, 8, out(), null)],
    ["clGetProgramInfo", "KERNEL_NAMES of what is not built", E.CL_INVALID_PROGRAM_EXECUTABLE, () => cl.clGetProgramInfo(objectFile, C.CL_PROGRAM_KERNEL_NAMES, 8, out(), null)],
    ["clGetProgramBuildInfo", "program invalid", E.CL_INVALID_PROGRAM, () => cl.clGetProgramBuildInfo(badProgram, f.device, C.CL_PROGRAM_BUILD_STATUS, 4, out(), null)],
    ["clGetProgramBuildInfo", "device not the program's", E.CL_INVALID_DEVICE, () => cl.clGetProgramBuildInfo(f.prog, notMine, C.CL_PROGRAM_BUILD_STATUS, 4, out(), null)],
    ["clGetProgramBuildInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetProgramBuildInfo(f.prog, f.device, 1, 4, out(), null)],
    ["clGetProgramBuildInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetProgramBuildInfo(f.prog, f.device, C.CL_PROGRAM_BUILD_STATUS, 2, out(), null)],
  ];
}

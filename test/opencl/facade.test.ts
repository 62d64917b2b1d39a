import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { throwingFacade, tupleFacade } from "../../src/api/facades.ts";
import { coverage } from "../../src/api/support.ts";
import { useOpenClCompiler } from "../../src/compiler/clang/compiler.ts";
import { out, type Out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import { coreSignatures } from "../../src/opencl/abi/signatures.ts";
import type { cl_platform_id } from "../../src/opencl/abi/types.ts";
import * as entry from "../../src/opencl/entry/opencl.ts";
import { ClError } from "../../src/opencl/errors.ts";
import { openclFacade, type OpenClThrowing, type OpenClTuple } from "../../src/opencl/facade.ts";
import { opencl } from "../../src/opencl/index.ts";
import { openclSupport } from "../../src/opencl/support.ts";
import { Machine } from "../../src/machine.ts";
import { Bench } from "./harness.ts";
import { testModule } from "./kernels.ts";

describe("calling styles", () => {
  const b = new Bench({ gpus: ["tiny"] });

  test("tuples: the code, what was made, other outs", () => {
    const cl = tupleFacade(b.cl, openclFacade) as OpenClTuple;
    const [code, ctx] = cl.clCreateContext(null, 1, [b.device], null, null);
    expect(code).toBe(0);
    const [made, mem] = cl.clCreateBuffer(ctx, 0, 64, null);
    expect([made, cl.clReleaseMemObject(mem)]).toEqual([0, [0]]);
    expect(cl.clCreateBuffer(ctx, 0, 0, null)[0]).toBe(E.CL_INVALID_BUFFER_SIZE);
    const [, , count] = cl.clGetDeviceIDs(b.platform, C.CL_DEVICE_TYPE_ALL, 4);
    expect(count).toBe(b.devices.length);
  });

  test("throwing: what was made, or ClError with code and name", () => {
    const cl = throwingFacade(b.cl, openclFacade) as OpenClThrowing;
    const ctx = cl.clCreateContext(null, 1, [b.device], null, null);
    const mem = cl.clCreateBuffer(ctx, 0, 64, null);
    expect(cl.clReleaseMemObject(mem)).toBeUndefined();
    let thrown: unknown;
    try {
      cl.clReleaseMemObject(mem);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ClError);
    expect(thrown).toMatchObject({ code: E.CL_INVALID_MEM_OBJECT, name: "ClError" });
    expect((thrown as Error).message).toContain("CL_INVALID_MEM_OBJECT");
  });

  test("extension functions by their names", () => {
    const get = b.cl.clGetExtensionFunctionAddressForPlatform;
    const ids = get(b.platform, "clIcdGetPlatformIDsKHR");
    const count = out<number>();
    expect(ids!(0, null, count)).toBe(0);
    expect(count.value).toBe(1);
    expect(b.cl.clGetExtensionFunctionAddress("clCreateCommandQueueWithPropertiesKHR")).not.toBeNull();
    for (const name of ["clCreateBuffer", "clNothing", "toString", null]) expect(get(b.platform, name)).toBeNull();
    expect(get(77 as cl_platform_id, "clIcdGetPlatformIDsKHR")).toBeNull();
  });
});

test("the module that programs import acts on the machine's process", () => {
  const machine = new Machine({ gpus: ["tiny"] });
  machine.use(machine.process("program"));
  const platforms: Out<cl_platform_id[]> = out();
  expect(entry.clGetPlatformIDs(1, platforms, null)).toBe(entry.CL_SUCCESS);
  const name = out<unknown>();
  expect(entry.clGetPlatformInfo(platforms.value[0]!, entry.CL_PLATFORM_NAME, Infinity, name, null)).toBe(0);
  expect(name.value).toBe("glassgpu");
  expect(entry.clReleaseMemObject(null)).toBe(entry.CL_INVALID_MEM_OBJECT);
  expect(machine.lastDiagnostic()).toMatchObject({ call: "clReleaseMemObject" });
  machine.dispose();
});

describe("tables", () => {
  test("the implementation, the entry module and the support table know the same functions", () => {
    expect(Object.keys(coreSignatures)).toHaveLength(115);
    for (const name of Object.keys(coreSignatures)) expect(Object.keys(opencl)).toContain(name);
    expect(Object.keys(opencl).filter((name) => !(name in entry))).toEqual([]);
    const rows = openclSupport.map((row) => row.name);
    expect(new Set(rows).size).toBe(rows.length);
    // The settings are our own, not OpenCL's.
    expect(Object.keys(opencl).filter((name) => !rows.includes(name))).toEqual(["clSetPlatformSettingsGLASS"]);
    for (const row of openclSupport) expect([row.name, row.note !== ""]).toEqual([row.name, row.support !== "full"]);
    expect(coverage(openclSupport).total).toBe(rows.length);
  });

  test("generated files are what the generator gives", () => {
    execFileSync(process.execPath, ["scripts/opencl/generate.mjs", "--check"], { stdio: "pipe" });
  });
});

describe("settings", () => {
  test("3.1: a local argument of size 0 is legal", () => {
    for (const [version, code] of [["3.0", E.CL_INVALID_ARG_SIZE], ["3.1", 0]] as const) {
      const b = new Bench({ gpus: ["tiny"], settings: { version } });
      const kernel = b.kernelOf(b.program(b.context(), testModule()), "locals");
      expect([version, b.cl.clSetKernelArg(kernel, 1, 0, null)]).toEqual([version, code]);
    }
  });

  test("without a compiler source is refused, binaries still build", () => {
    const b = new Bench({ gpus: ["tiny"] });
    const ctx = b.context();
    const source = b.make((e) => b.cl.clCreateProgramWithSource(ctx, 1, ["kernel void k() {}"], null, e));
    useOpenClCompiler(null);
    try {
      expect(b.cl.clBuildProgram(source, 0, null, null, null, null)).toBe(E.CL_COMPILER_NOT_AVAILABLE);
      expect(b.last()).toMatchObject({ kind: "api-error", code: E.CL_COMPILER_NOT_AVAILABLE });
      expect(b.cl.clCompileProgram(source, 0, null, null, 0, null, null, null, null)).toBe(E.CL_COMPILER_NOT_AVAILABLE);
      const available = out<number>();
      b.ok(b.cl.clGetDeviceInfo(b.device, C.CL_DEVICE_COMPILER_AVAILABLE, 4, available, null));
      expect(available.value).toBe(C.CL_FALSE);
      b.kernelOf(b.program(ctx, testModule()), "fill");
    } finally {
      useOpenClCompiler(undefined);
    }
  });
});

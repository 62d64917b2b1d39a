import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import type { cl_program } from "../../src/opencl/abi/types.ts";
import { openClCompiler } from "../../src/compiler/clang/compiler.ts";
import { Bench } from "./harness.ts";

/** Options of clBuildProgram, clCompileProgram and clLinkProgram (OpenCL 3.0 API 5.8.6 and 5.8.7): what each does, and which call takes it. */
const b = new Bench();
const { cl } = b;
const ctx = b.context();
const q = b.queue(ctx);
const compiler = openClCompiler() !== null;
const fromSource = (text: string): cl_program => b.make((e) => cl.clCreateProgramWithSource(ctx, 1, [text], null, e));
const logOf = (program: cl_program): string => {
  const box = out<string>();
  b.ok(cl.clGetProgramBuildInfo(program, b.device, C.CL_PROGRAM_BUILD_LOG, Infinity, box, null));
  return box.value;
};
const build = (text: string, options: string | null): { code: number; log: string; program: cl_program } => {
  const program = fromSource(text);
  const code = cl.clBuildProgram(program, 0, null, options, null, null);
  return { code, program, log: logOf(program) };
};
/** What an expression of OpenCL C is, as the kernel sees it. */
const value = (expression: string, options: string, head = ""): number => {
  const { code, program, log } = build(`${head}\nkernel void k(global int *o, float one, float zero) { o[0] = ${expression}; }`, options);
  if (code !== 0) throw new Error(log);
  const kernel = b.kernelOf(program, "k");
  const result = b.buffer(ctx, 4);
  b.ok(cl.clSetKernelArg(kernel, 0, 8, result));
  b.ok(cl.clSetKernelArg(kernel, 1, 4, new Float32Array([1])));
  b.ok(cl.clSetKernelArg(kernel, 2, 4, new Float32Array([0])));
  b.ok(cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [1], null, 0, null, null));
  return b.read32(q, result, 1)[0]! | 0;
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glassgpu test-"));
  mkdirSync(join(folder, "in side"));
  writeFileSync(join(folder, "one.h"), "#define ONE 11\n#include \"in side/two.h\"\n");
  writeFileSync(join(folder, "in side", "two.h"), "#define TWO 22\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(compiler)("what an option does", () => {
  test.each<[string, string, number]>([
    ["-DA=5", "A", 5], ["-D A=5", "A", 5], ["-DA", "A", 1], ["-D A", "A", 1], ["  -D\tA=5\n -DB=7 ", "A * 10 + B", 57], ["-DA=1 -DA=2 -w", "A", 2],
    ['-D "A=1 + 2"', "A * 3", 7], ['-DA="1 + 2"', "A * 3", 7], ["-D'A=1 + 2'", "A * 3", 7], ["-DA=1\\ +\\ 2", "A * 3", 7], ["-DADD(x,y)=x+y", "ADD(2, 3)", 5], ['-D "F(x) = x * 2"', "F(4) == 8", 1],
    ['-DS=\\"abc\\"', "sizeof(S)", 4], ["-DA=", "(A 3)", 3],
    ["-cl-std=CL1.2", "__OPENCL_C_VERSION__", 120], ["-cl-std=CL1.0", "__OPENCL_C_VERSION__", 100], ["-cl-std=CL1.1", "__OPENCL_C_VERSION__", 110], ["-cl-std=CL2.0", "__OPENCL_C_VERSION__", 200],
    ["-cl-std=CL3.0", "__OPENCL_C_VERSION__", 300], ["-cl-std=CL1.2 -cl-std=CL3.0", "__OPENCL_C_VERSION__", 300],
    ["-cl-fast-relaxed-math", "__FAST_RELAXED_MATH__", 1], ["-cl-single-precision-constant", "sizeof(1.0)", 4], ["", "sizeof(1.0)", 8], ["-cl-opt-disable", "5", 5], ["-g -cl-opt-disable", "6", 6],
  ])("%j makes %s %d", (options, expression, wanted) => {
    expect(value(expression, options)).toBe(wanted);
  });

  test.each([
    "-cl-denorms-are-zero", "-cl-fp32-correctly-rounded-divide-sqrt", "-cl-strict-aliasing", "-cl-uniform-work-group-size", "-cl-no-subgroup-ifp", "-cl-mad-enable", "-cl-no-signed-zeros",
    "-cl-unsafe-math-optimizations", "-cl-finite-math-only", "-cl-kernel-arg-info",
  ])("%s leaves exact results exact", (option) => {
    expect(value("(int)(one / 4.0f * 8.0f + zero)", option)).toBe(2);
  });

  test("-I: folders are searched in order, with blanks in their names too", () => {
    const text = '#include "one.h"\nconstant int sum = ONE + TWO;';
    expect(value("sum", `-I "${folder}"`, text)).toBe(33);
    expect(value("sum", `-I${folder.replaceAll(" ", "\\ ")}`, text)).toBe(33);
    expect(value("TWO", `-I /nowhere -I '${folder}/in side'`, "#include <two.h>")).toBe(22);
    expect(build(text, "-I /nowhere").log).toContain("'one.h' file not found");
  });

  test("-w and -Werror", () => {
    const warned = build("#warning look\nkernel void k() { }", "");
    expect([warned.code, warned.log]).toEqual([0, expect.stringContaining("program.cl:1:2: warning: look")]);
    expect(build("#warning look\nkernel void k() { }", "-w")).toMatchObject({ code: 0, log: "" });
    const refused = build("#warning look\nkernel void k() { }", "-Werror");
    expect([refused.code, refused.log]).toEqual([E.CL_BUILD_PROGRAM_FAILURE, expect.stringContaining("error: look [-Werror")]);
    // Nothing is left to become an error.
    expect(build("#warning look\nkernel void k() { }", "-w -Werror").code).toBe(0);
    expect(build("#warning look\nkernel void k() { }", "-Werror -w").code).toBe(0);
  });
});

/** Who takes an option: B clBuildProgram, C clCompileProgram, L clLinkProgram. */
const takers: readonly (readonly [string, string])[] = [
  ["", "BCL"], ["   ", "BCL"], ["-D A", "BC"], ["-DA=1", "BC"], ["-I .", "BC"], ["-Iinc", "BC"], ["-cl-single-precision-constant", "BC"], ["-cl-denorms-are-zero", "BCL"], ["-cl-fp32-correctly-rounded-divide-sqrt", "BC"],
  ["-cl-opt-disable", "BC"], ["-cl-strict-aliasing", "BC"], ["-cl-uniform-work-group-size", "BC"], ["-cl-no-subgroup-ifp", "BCL"], ["-cl-mad-enable", "BC"], ["-cl-no-signed-zeros", "BCL"], ["-cl-no-signed-zeroes", "L"],
  ["-cl-unsafe-math-optimizations", "BCL"], ["-cl-finite-math-only", "BCL"], ["-cl-fast-relaxed-math", "BCL"], ["-w", "BC"], ["-Werror", "BC"], ["-cl-std=CL1.2", "BC"], ["-cl-std=CL3.0", "BC"], ["-cl-kernel-arg-info", "BC"], ["-g", "BC"],
  ["-create-library", "L"], ["-create-library -enable-link-options", "L"], ["-enable-link-options -create-library", "L"], ["-enable-link-options", ""],
  ["-cl-std=CLC++", ""], ["-cl-std=CLC++2021", ""], ["-cl-std=clc++", ""], ["-cl-std=cl1.2", ""], ["-cl-std=CL4.0", ""], ["-cl-std", ""], ["-D", ""], ["-I", ""], ["-D 3A", ""], ["-D \"\"", ""], ["-U A", ""], ["-O2", ""], ["-cl-kernel-arg-infos", ""],
  ["-x spir -spir-std=1.2", ""], ["program.cl", ""], ["-", ""], ["--", ""], ["-o x", ""], ["-include x.h", ""], ["-Xclang -emit-pch", ""], ["@file", ""], ["-D \"A", ""], ["-D 'A", ""], ["-DA=1 -nonsense -DB=2", ""], ["-emit-llvm", ""],
];

describe.runIf(compiler)("which call takes an option", () => {
  const object = (): cl_program => {
    const program = fromSource("kernel void linked() { }");
    b.ok(cl.clCompileProgram(program, 0, null, null, 0, null, null, null, null));
    return program;
  };
  const compiled = object();
  const invalid = { B: E.CL_INVALID_BUILD_OPTIONS, C: E.CL_INVALID_COMPILER_OPTIONS, L: E.CL_INVALID_LINKER_OPTIONS };
  test.each(takers)("%j: %s", (options, who) => {
    const codes = {
      B: cl.clBuildProgram(fromSource("kernel void k() { }"), 0, null, options, null, null),
      C: cl.clCompileProgram(fromSource("kernel void k() { }"), 0, null, options, 0, null, null, null, null),
      L: b.code((e) => cl.clLinkProgram(ctx, 0, null, options, 1, [compiled], null, null, e)),
    };
    for (const call of ["B", "C", "L"] as const) expect(codes[call], call).toBe(who.includes(call) ? 0 : invalid[call]);
    if (who !== "BCL") expect(b.last()?.values["problem"]).toEqual(expect.stringMatching(/\w/));
  });

  test("an invalid option leaves the program as it was", () => {
    const { program } = build("kernel void k() { }", "-DA=1");
    expect(cl.clBuildProgram(program, 0, null, "-nonsense", null, null)).toBe(E.CL_INVALID_BUILD_OPTIONS);
    const options = out<string>();
    b.ok(cl.clGetProgramBuildInfo(program, b.device, C.CL_PROGRAM_BUILD_OPTIONS, Infinity, options, null));
    expect(options.value).toBe("-DA=1");
    expect(b.kernelOf(program, "k")).not.toBe(0);
  });
});

describe.runIf(compiler)("logs", () => {
  test.each<[string, string, RegExp]>([
    ["an error, where it is", "kernel void k(global int *p) {\n  *p = nonsense;\n}", /^program\.cl:2:8: error: use of undeclared identifier 'nonsense'\n {4}2 \| {3}\*p = nonsense;\n {6}\| {8}\^~{7}\n1 error generated\.\n$/],
    ["several", "int f( {\nkernel void k() { return 1; }", /program\.cl:1:\d+: error[^]*errors? generated/],
    ["lines that #line moves", '#line 100 "mine.cl"\nkernel void k() { x; }', /^mine\.cl:100:19: error: use of undeclared identifier 'x'/],
    ["an undefined function", "int away(int);\nkernel void k(global int *p) {\n  *p = away(1);\n}", /away/],
    ["#error", "#error no such device\n", /^program\.cl:1:2: error: no such device/],
    ["a builtin of another version", "kernel void k(global int *p) { atomic_fetch_add(p, 1); work_group_all(1); }", /program\.cl:1:/],
    ["recursion is none of Clang's concern, a missing header is", "#include \"missing.h\"\n", /^program\.cl:1:10: fatal error: 'missing.h' file not found/],
  ])("%s", (_what, text, log) => {
    const result = build(text, "");
    expect(result.code).toBe(E.CL_BUILD_PROGRAM_FAILURE);
    expect(result.log).toMatch(log);
    expect(b.last()).toMatchObject({ call: "clBuildProgram", code: E.CL_BUILD_PROGRAM_FAILURE });
    expect(b.last()?.values["log"]).toBe(result.log);
  });

  test("warnings stay in the log of a build that succeeds, and go with the next", () => {
    const program = fromSource("#ifdef W\n#warning careful\n#endif\nkernel void k() { }");
    b.ok(cl.clBuildProgram(program, 0, null, "-DW", null, null));
    expect(logOf(program)).toContain("careful");
    b.ok(cl.clBuildProgram(program, 0, null, null, null, null));
    expect(logOf(program)).toBe("");
  });
});

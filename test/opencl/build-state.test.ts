import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import { openClCompiler } from "../../src/compiler/clang/compiler.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import type { cl_device_id, cl_kernel, cl_program } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";

/** What programs say of themselves before, during and after builds, on each device (OpenCL 3.0 API 5.8.4 to 5.8.9). */
const b = new Bench({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] });
const { cl } = b;
const [one, two] = b.devices as [cl_device_id, cl_device_id];
const ctx = b.context([one, two]);
const queues = [b.queue(ctx, 0, one), b.queue(ctx, 0, two)] as const;
const fromSource = (...strings: string[]): cl_program => b.make((e) => cl.clCreateProgramWithSource(ctx, strings.length, strings, null, e));
const info = <T>(program: cl_program, name: number): T => {
  const box = out<T>();
  b.ok(cl.clGetProgramInfo(program, name, Infinity, box, null));
  return box.value;
};
const buildInfo = <T>(program: cl_program, name: number, device = one): T => {
  const box = out<T>();
  b.ok(cl.clGetProgramBuildInfo(program, device, name, Infinity, box, null));
  return box.value;
};
const { CL_BUILD_NONE: NONE, CL_BUILD_ERROR: ERROR, CL_BUILD_SUCCESS: SUCCESS, CL_BUILD_IN_PROGRESS: BUSY } = C;
const { CL_PROGRAM_BINARY_TYPE_NONE: EMPTY, CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT: OBJECT, CL_PROGRAM_BINARY_TYPE_LIBRARY: LIBRARY, CL_PROGRAM_BINARY_TYPE_EXECUTABLE: EXECUTABLE } = C;
/** Status, options and binary type on a device. */
const state = (program: cl_program, device = one): unknown[] => [
  buildInfo(program, C.CL_PROGRAM_BUILD_STATUS, device), buildInfo(program, C.CL_PROGRAM_BUILD_OPTIONS, device), buildInfo(program, C.CL_PROGRAM_BINARY_TYPE, device),
];
const compile = (program: cl_program, options: string | null = null, headers: readonly (readonly [string, cl_program])[] = []): number =>
  cl.clCompileProgram(program, 0, null, options, headers.length, headers.length ? headers.map(([, header]) => header) : null, headers.length ? headers.map(([name]) => name) : null, null, null);
/** What a kernel writes to its only argument, on each device. */
const run = (kernel: cl_kernel, which: 0 | 1 = 0, items = 1): number => {
  const result = b.buffer(ctx, 4);
  b.ok(cl.clSetKernelArg(kernel, 0, 8, result));
  b.ok(cl.clEnqueueNDRangeKernel(queues[which], kernel, 1, null, [items], null, 0, null, null));
  return b.read32(queues[which], result, 1)[0]!;
};
const good = "kernel void k(global int *p) { p[0] = VALUE; }";

describe.runIf(openClCompiler() !== null)("state", () => {
  test("nothing is known of a program before it is built", () => {
    const program = fromSource(good);
    expect([state(program), state(program, two)]).toEqual([[NONE, "", EMPTY], [NONE, "", EMPTY]]);
    expect([buildInfo(program, C.CL_PROGRAM_BUILD_LOG), buildInfo(program, C.CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE)]).toEqual(["", 0]);
    expect(info(program, C.CL_PROGRAM_BINARY_SIZES)).toEqual([0, 0]);
    for (const name of [C.CL_PROGRAM_NUM_KERNELS, C.CL_PROGRAM_KERNEL_NAMES, C.CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT, C.CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT]) {
      expect(cl.clGetProgramInfo(program, name, Infinity, out(), null)).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
    }
    expect(b.code((e) => cl.clCreateKernel(program, "k", e))).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
    expect(cl.clCreateKernelsInProgram(program, 0, null, out())).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
  });

  test("built, then built in vain, then built again", () => {
    const program = fromSource(good);
    b.ok(cl.clBuildProgram(program, 0, null, "-DVALUE=1", null, null));
    expect([state(program), state(program, two)]).toEqual([[SUCCESS, "-DVALUE=1", EXECUTABLE], [SUCCESS, "-DVALUE=1", EXECUTABLE]]);
    expect([info(program, C.CL_PROGRAM_NUM_KERNELS), info(program, C.CL_PROGRAM_KERNEL_NAMES)]).toEqual([1, "k"]);
    expect(cl.clBuildProgram(program, 0, null, "-DVALUE=nothing", null, null)).toBe(E.CL_BUILD_PROGRAM_FAILURE);
    expect(state(program)).toEqual([ERROR, "-DVALUE=nothing", EMPTY]);
    expect(buildInfo(program, C.CL_PROGRAM_BUILD_LOG)).toContain("nothing");
    expect(info(program, C.CL_PROGRAM_BINARY_SIZES)).toEqual([0, 0]);
    expect(b.code((e) => cl.clCreateKernel(program, "k", e))).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
    b.ok(cl.clBuildProgram(program, 0, null, "-DVALUE=3", null, null));
    expect([state(program)[0], buildInfo(program, C.CL_PROGRAM_BUILD_LOG), run(b.kernelOf(program, "k"))]).toEqual([SUCCESS, "", 3]);
  });

  test("compiled, then built of the same source", () => {
    const program = fromSource(good);
    b.ok(compile(program, "-DVALUE=1"));
    expect(state(program)).toEqual([SUCCESS, "-DVALUE=1", OBJECT]);
    expect(b.code((e) => cl.clCreateKernel(program, "k", e))).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
    expect(compile(program, "-DVALUE=x")).toBe(E.CL_COMPILE_PROGRAM_FAILURE);
    expect(state(program)).toEqual([ERROR, "-DVALUE=x", EMPTY]);
    b.ok(cl.clBuildProgram(program, 0, null, "-DVALUE=2", null, null));
    expect([state(program)[2], run(b.kernelOf(program, "k"))]).toEqual([EXECUTABLE, 2]);
  });

  test("for one device of two", () => {
    const program = fromSource(good);
    b.ok(cl.clBuildProgram(program, 1, [two], "-DVALUE=8", null, null));
    expect([state(program), state(program, two)]).toEqual([[NONE, "", EMPTY], [SUCCESS, "-DVALUE=8", EXECUTABLE]]);
    const sizes = info<number[]>(program, C.CL_PROGRAM_BINARY_SIZES);
    expect(sizes[0]).toBe(0);
    expect(sizes[1]).toBeGreaterThan(0);
    const kernel = b.kernelOf(program, "k");
    expect(run(kernel, 1)).toBe(8);
    expect(cl.clEnqueueNDRangeKernel(queues[0], kernel, 1, null, [1], null, 0, null, null)).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
  });

  test("different code for each device: each runs its own, and a different signature is no kernel", () => {
    const text = `kernel void k(global int *p) {
  local int room[SIZE];
  room[get_local_id(0)] = VALUE;
  barrier(CLK_LOCAL_MEM_FENCE);
  p[0] = room[0];
}
#if VALUE == 1
kernel void other(global int *p) { *p = 1; }
kernel void lone() { }
#else
kernel void other(global int *p, int n) { *p = n; }
#endif`;
    const program = fromSource(text);
    b.ok(cl.clBuildProgram(program, 1, [one], "-DVALUE=1 -DSIZE=4", null, null));
    b.ok(cl.clBuildProgram(program, 1, [two], "-DVALUE=2 -DSIZE=64", null, null));
    expect([state(program)[1], state(program, two)[1]]).toEqual(["-DVALUE=1 -DSIZE=4", "-DVALUE=2 -DSIZE=64"]);
    expect(b.code((e) => cl.clCreateKernel(program, "other", e))).toBe(E.CL_INVALID_KERNEL_DEFINITION);
    expect(b.last()).toMatchObject({ call: "clCreateKernel", code: E.CL_INVALID_KERNEL_DEFINITION });
    expect(b.code((e) => cl.clCreateKernel(program, "lone", e))).toBe(E.CL_INVALID_KERNEL_DEFINITION);
    expect(b.code((e) => cl.clCreateKernel(program, "nobody", e))).toBe(E.CL_INVALID_KERNEL_NAME);
    const kernel = b.kernelOf(program, "k");
    expect([run(kernel, 0), run(kernel, 1)]).toEqual([1, 2]);
    const local = [one, two].map((device) => {
      const box = out<number>();
      b.ok(cl.clGetKernelWorkGroupInfo(kernel, device, C.CL_KERNEL_LOCAL_MEM_SIZE, 8, box, null));
      return box.value;
    });
    expect(local).toEqual([16, 256]);
    const all = out<cl_kernel[]>();
    const count = out<number>();
    b.ok(cl.clCreateKernelsInProgram(program, 8, all, count));
    expect([all.value.length, count.value]).toEqual([1, 1]);
  });

  test("program variables of a device live on when the other is built again", () => {
    const program = fromSource("global int calls = VALUE;\nkernel void k(global int *p) { p[0] = ++calls; }");
    b.ok(cl.clBuildProgram(program, 0, null, "-DVALUE=10", null, null));
    expect([buildInfo(program, C.CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE)]).toEqual([4]);
    const kernel = b.kernelOf(program, "k");
    expect([run(kernel), run(kernel), run(kernel, 1)]).toEqual([11, 12, 11]);
    b.ok(cl.clReleaseKernel(kernel));
    b.ok(cl.clBuildProgram(program, 1, [two], "-DVALUE=20", null, null));
    const again = b.kernelOf(program, "k");
    expect([run(again, 1), run(again)]).toEqual([21, 13]);
  });

  test("no build while kernels are attached; their release opens the way", () => {
    const program = fromSource(good);
    b.ok(cl.clBuildProgram(program, 0, null, "-DVALUE=1", null, null));
    const kernel = b.kernelOf(program, "k");
    b.ok(cl.clRetainKernel(kernel));
    for (let left = 2; left > 0; left--) {
      expect(cl.clBuildProgram(program, 0, null, "-DVALUE=2", null, null)).toBe(E.CL_INVALID_OPERATION);
      expect(compile(program, "-DVALUE=2")).toBe(E.CL_INVALID_OPERATION);
      expect([state(program)[1], run(kernel)]).toEqual(["-DVALUE=1", 1]);
      b.ok(cl.clReleaseKernel(kernel));
    }
    b.ok(cl.clBuildProgram(program, 0, null, "-DVALUE=2", null, null));
    expect(run(b.kernelOf(program, "k"))).toBe(2);
  });

  test("global variables: their sizes and no constants'", () => {
    const program = fromSource("global int a[10]; constant int c[100] = { 1 }; global char last; kernel void k(global int *p) { a[p[0]] = c[p[0]]; last = 1; static global long counter; counter++; }");
    b.ok(cl.clBuildProgram(program, 0, null, null, null, null));
    expect(buildInfo(program, C.CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE)).toBe(40 + 1 + 8);
  });

  test("the source ends at a null character, and where its length says", () => {
    const program = b.make((e) => cl.clCreateProgramWithSource(ctx, 3, ["ab\0cd", "efgh", "ij\n"], [0, 2, 0], e));
    expect(info(program, C.CL_PROGRAM_SOURCE)).toBe("abefij\n");
    const size = out<number>();
    b.ok(cl.clGetProgramInfo(program, C.CL_PROGRAM_SOURCE, 0, null, size));
    expect(size.value).toBe(8);
  });
});

describe.runIf(openClCompiler() !== null)("callbacks", () => {
  test.each([
    ["clBuildProgram", good, "-DVALUE=1", SUCCESS], ["clBuildProgram", good, "", ERROR], ["clCompileProgram", good, "-DVALUE=1", SUCCESS], ["clCompileProgram", good, "", ERROR],
  ] as const)("%s of %j with %j: the call succeeds, the callback comes once with the outcome in place", (call, text, options, outcome) => {
    const program = fromSource(text);
    const seen: unknown[] = [];
    const notify = (of: cl_program, data: unknown): void => void seen.push([of === program, data, buildInfo(of, C.CL_PROGRAM_BUILD_STATUS), buildInfo(of, C.CL_PROGRAM_BUILD_STATUS, two)]);
    b.ok(call === "clBuildProgram" ? cl.clBuildProgram(program, 0, null, options, notify, 7) : cl.clCompileProgram(program, 0, null, options, 0, null, null, notify, 7));
    expect(state(program)).toEqual([BUSY, options, EMPTY]);
    expect([buildInfo(program, C.CL_PROGRAM_BUILD_LOG), seen]).toEqual(["", []]);
    expect(cl.clBuildProgram(program, 0, null, null, null, null)).toBe(E.CL_INVALID_OPERATION);
    expect(compile(program)).toBe(E.CL_INVALID_OPERATION);
    expect(b.code((e) => cl.clCreateKernel(program, "k", e))).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
    expect(b.code((e) => cl.clLinkProgram(ctx, 0, null, null, 1, [program], null, null, e))).toBe(E.CL_INVALID_OPERATION);
    b.run();
    expect(seen).toEqual([[true, 7, outcome, outcome]]);
    if (outcome === ERROR) expect(b.last()).toMatchObject({ code: call === "clBuildProgram" ? E.CL_BUILD_PROGRAM_FAILURE : E.CL_COMPILE_PROGRAM_FAILURE, values: { log: expect.stringContaining("VALUE") } });
  });

  test("clLinkProgram gives the program at once, and calls back about it", () => {
    const object = fromSource("kernel void k(global int *p) { p[0] = 6; }");
    b.ok(compile(object));
    const seen: unknown[] = [];
    const program = b.make((e) => cl.clLinkProgram(ctx, 0, null, "", 1, [object], (of, data) => seen.push([of, data, buildInfo(of, C.CL_PROGRAM_BUILD_STATUS)]), "mine", e));
    expect(state(program)).toEqual([BUSY, "", EMPTY]);
    b.run();
    expect(seen).toEqual([[program, "mine", SUCCESS]]);
    expect(run(b.kernelOf(program, "k"), 1)).toBe(6);
  });

  test("a program that is released while it is built lives until the callback", () => {
    const program = fromSource(good);
    const seen: unknown[] = [];
    b.ok(cl.clBuildProgram(program, 0, null, "-DVALUE=1", (of) => seen.push(of === program), null));
    b.ok(cl.clReleaseProgram(program));
    b.run();
    expect(seen).toEqual([true]);
    expect(cl.clReleaseProgram(program)).toBe(E.CL_INVALID_PROGRAM);
  });
});

describe.runIf(openClCompiler() !== null)("compiling and linking", () => {
  test("embedded headers: by the names they are included by, the first of two, before folders, without changing the programs they come from", () => {
    const folder = mkdtempSync(join(tmpdir(), "glassgpu-test-"));
    try {
      writeFileSync(join(folder, "v.h"), "#define V 100\n#define W 7\n");
      const main = fromSource('#include <dir/v.h>\n#include "w.h"\nkernel void k(global int *p) { p[0] = V + W; }');
      const header = fromSource("#define V 5\n");
      b.ok(compile(main, `-I "${folder}"`, [["dir/v.h", header], ["dir/v.h", fromSource("#define V 6\n")], ["w.h", fromSource("#define W 20\n")]]));
      expect(state(header)).toEqual([NONE, "", EMPTY]);
      expect(run(b.kernelOf(b.make((e) => cl.clLinkProgram(ctx, 0, null, null, 1, [main], null, null, e)), "k"))).toBe(25);
      const both = fromSource("#include <v.h>\nkernel void k(global int *p) { p[0] = V; }");
      b.ok(compile(both, `-I "${folder}"`, [["v.h", header]]));
      expect(run(b.kernelOf(b.make((e) => cl.clLinkProgram(ctx, 0, null, null, 1, [both], null, null, e)), "k"))).toBe(5);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("what nothing is compiled for is not linked, and has no executable", () => {
    const object = fromSource("kernel void k(global int *p) { p[0] = 6; }");
    b.ok(cl.clCompileProgram(object, 1, [two], null, 0, null, null, null, null));
    const program = b.make((e) => cl.clLinkProgram(ctx, 0, null, null, 1, [object], null, null, e));
    expect([state(program), state(program, two)]).toEqual([[NONE, "", EMPTY], [SUCCESS, "", EXECUTABLE]]);
    const nothing = b.make((e) => cl.clLinkProgram(ctx, 1, [one], null, 1, [object], null, null, e));
    expect(state(nothing)).toEqual([NONE, "", EMPTY]);
    expect(b.code((e) => cl.clCreateKernel(nothing, "k", e))).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
  });

  test("libraries of libraries, with static helpers of one name in each", () => {
    const part = (name: string, n: number, calls = ""): cl_program => {
      const program = fromSource(`${calls ? `int ${calls}(void);` : ""} static int helper(void) { return ${n}; } int ${name}(void) { return helper()${calls ? ` + ${calls}()` : ""}; }`);
      b.ok(compile(program));
      return program;
    };
    const library = (...parts: cl_program[]): cl_program => b.make((e) => cl.clLinkProgram(ctx, 0, null, "-create-library -enable-link-options", parts.length, parts, null, null, e));
    const inner = library(part("f", 1), part("g", 20, "f"));
    expect(state(inner)).toEqual([SUCCESS, "-create-library -enable-link-options", LIBRARY]);
    const outer = library(inner, part("h", 300, "g"));
    const main = fromSource("int h(void); kernel void k(global int *p) { p[0] = h(); }");
    b.ok(compile(main));
    const program = b.make((e) => cl.clLinkProgram(ctx, 0, null, "-cl-fast-relaxed-math", 2, [main, outer], null, null, e));
    expect([state(program), run(b.kernelOf(program, "k"))]).toEqual([[SUCCESS, "-cl-fast-relaxed-math", EXECUTABLE], 321]);
    const code = out<number>();
    const twice = cl.clLinkProgram(ctx, 0, null, null, 2, [inner, inner], null, null, code);
    expect(code.value).toBe(E.CL_LINK_PROGRAM_FAILURE);
    expect([state(twice)[0], buildInfo(twice, C.CL_PROGRAM_BUILD_LOG)]).toEqual([ERROR, expect.stringContaining("duplicate symbol \"f\"")]);
    expect(b.last()).toMatchObject({ call: "clLinkProgram", code: E.CL_LINK_PROGRAM_FAILURE });
  });
});

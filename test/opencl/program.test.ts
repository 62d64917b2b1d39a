import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import type { cl_kernel, cl_program } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";

const source = `
#include <scale.h>
constant uint table[4] = { 10, 20, 30, 40 };
__kernel __attribute__((reqd_work_group_size(4, 1, 1))) void scaled(__global uint *restrict result, const uint factor, __constant uint *offsets, __local uint *scratch) {
  uint i = get_global_id(0);
  scratch[get_local_id(0)] = table[i & 3] * SCALE * factor + offsets[i & 3];
  barrier(CLK_LOCAL_MEM_FENCE);
  result[i] = scratch[3 - get_local_id(0)] + helper(i);
}
`;
const header = "#define SCALE 2\nuint helper(uint x);\n";
const helperSource = "static uint twice(uint x) { return 2 * x; } uint helper(uint x) { return twice(x) + 1; }";

describe("programs from source", () => {
  const b = new Bench();
  const { cl } = b;
  const ctx = b.context();
  const q = b.queue(ctx);
  const fromSource = (...strings: string[]): cl_program => b.make((e) => cl.clCreateProgramWithSource(ctx, strings.length, strings, null, e));
  const compile = (program: cl_program, headers: Record<string, cl_program> = {}, options: string | null = null): void => {
    const names = Object.keys(headers);
    b.ok(cl.clCompileProgram(program, 0, null, options, names.length, names.length ? Object.values(headers) : null, names.length ? names : null, null, null));
  };
  const info = <T>(program: cl_program, name: number): T => {
    const box = out<T>();
    b.ok(cl.clGetProgramInfo(program, name, Infinity, box, null));
    return box.value;
  };
  const buildInfo = <T>(program: cl_program, name: number): T => {
    const box = out<T>();
    b.ok(cl.clGetProgramBuildInfo(program, b.device, name, Infinity, box, null));
    return box.value;
  };
  const runScaled = (kernel: cl_kernel): number[] => {
    const result = b.buffer(ctx, 32);
    const offsets = b.buffer(ctx, 16, C.CL_MEM_COPY_HOST_PTR, new Uint32Array([1, 2, 3, 4]));
    b.ok(cl.clSetKernelArg(kernel, 0, 8, result));
    b.ok(cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([3])));
    b.ok(cl.clSetKernelArg(kernel, 2, 8, offsets));
    b.ok(cl.clSetKernelArg(kernel, 3, 16, null));
    b.ok(cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [8], null, 0, null, null));
    return [...b.read32(q, result, 8)];
  };
  const wanted = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => {
    const k = 3 - (i & 3);
    return (k + 1) * 10 * 2 * 3 + k + 1 + 2 * i + 1;
  });

  test("compiled with an embedded header, linked, run; then from the linked program's binary", () => {
    const main = fromSource(source);
    compile(main, { "scale.h": fromSource(header) }, "-cl-kernel-arg-info");
    expect(buildInfo(main, C.CL_PROGRAM_BINARY_TYPE)).toBe(C.CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT);
    const rest = fromSource(helperSource);
    compile(rest);
    const library = b.make((e) => cl.clLinkProgram(ctx, 0, null, "-create-library", 1, [rest], null, null, e));
    expect(buildInfo(library, C.CL_PROGRAM_BINARY_TYPE)).toBe(C.CL_PROGRAM_BINARY_TYPE_LIBRARY);
    const program = b.make((e) => cl.clLinkProgram(ctx, 0, null, null, 2, [main, library], null, null, e));
    expect([buildInfo(program, C.CL_PROGRAM_BINARY_TYPE), buildInfo(program, C.CL_PROGRAM_BUILD_STATUS)]).toEqual([C.CL_PROGRAM_BINARY_TYPE_EXECUTABLE, C.CL_BUILD_SUCCESS]);
    expect([info(program, C.CL_PROGRAM_NUM_KERNELS), info(program, C.CL_PROGRAM_KERNEL_NAMES)]).toEqual([1, "scaled"]);
    expect(runScaled(b.kernelOf(program, "scaled"))).toEqual(wanted);

    const [binary] = info<Uint8Array[]>(program, C.CL_PROGRAM_BINARIES);
    expect(info(program, C.CL_PROGRAM_BINARY_SIZES)).toEqual([binary!.length]);
    const status = out<number[]>();
    const again = b.make((e) => cl.clCreateProgramWithBinary(ctx, 1, [b.device], [binary!.length], [binary!], status, e));
    expect(status.value).toEqual([0]);
    b.ok(cl.clBuildProgram(again, 0, null, null, null, null));
    expect(runScaled(b.kernelOf(again, "scaled"))).toEqual(wanted);
  });

  test("an undefined function fails the link, and the program object tells why", () => {
    const main = fromSource(source);
    compile(main, { "scale.h": fromSource(header) });
    const code = out<number>();
    const program = cl.clLinkProgram(ctx, 0, null, null, 1, [main], null, null, code);
    expect(code.value).toBe(E.CL_LINK_PROGRAM_FAILURE);
    expect(program).not.toBe(0);
    expect(buildInfo<string>(program, C.CL_PROGRAM_BUILD_LOG)).toContain('undefined symbol "helper"');
    expect(buildInfo(program, C.CL_PROGRAM_BUILD_STATUS)).toBe(C.CL_BUILD_ERROR);
  });

  test("a syntax error is a build failure with Clang's words in the log (Build syntax error)", () => {
    const program = fromSource("kernel void k(global int *p) { *p = nonsense; }");
    expect(buildInfo(program, C.CL_PROGRAM_BUILD_STATUS)).toBe(C.CL_BUILD_NONE);
    expect(cl.clBuildProgram(program, 0, null, null, null, null)).toBe(E.CL_BUILD_PROGRAM_FAILURE);
    expect(buildInfo<string>(program, C.CL_PROGRAM_BUILD_LOG)).toContain("nonsense");
    expect(buildInfo(program, C.CL_PROGRAM_BUILD_STATUS)).toBe(C.CL_BUILD_ERROR);
  });

  test("with a callback the build goes on beside; meanwhile another is refused", () => {
    const program = fromSource("kernel void k(global int *p) { *p = VALUE; }");
    const calls: unknown[] = [];
    b.ok(cl.clBuildProgram(program, 0, null, "-D VALUE=5", (p, data) => calls.push([p, data, buildInfo(program, C.CL_PROGRAM_BUILD_STATUS)]), "mine"));
    expect(buildInfo(program, C.CL_PROGRAM_BUILD_STATUS)).toBe(C.CL_BUILD_IN_PROGRESS);
    expect(cl.clBuildProgram(program, 0, null, null, null, null)).toBe(E.CL_INVALID_OPERATION);
    b.run();
    expect(calls).toEqual([[program, "mine", C.CL_BUILD_SUCCESS]]);
    expect(buildInfo(program, C.CL_PROGRAM_BUILD_OPTIONS)).toBe("-D VALUE=5");
  });

  test("argument information is there when it was asked for", () => {
    const text = "kernel void k(global const uint *restrict in, constant float4 *c, local char *l, uint n, volatile global int *v) { if (n) *v = in[0] + (int)c->x + l[0]; }";
    const program = fromSource(text);
    b.ok(cl.clBuildProgram(program, 0, null, "-cl-kernel-arg-info", null, null));
    const kernel = b.kernelOf(program, "k");
    const ask = (index: number, name: number): unknown => {
      const box = out<unknown>();
      b.ok(cl.clGetKernelArgInfo(kernel, index, name, Infinity, box, null));
      return box.value;
    };
    expect([0, 1, 2, 3, 4].map((i) => ask(i, C.CL_KERNEL_ARG_NAME))).toEqual(["in", "c", "l", "n", "v"]);
    expect([0, 1, 2, 3, 4].map((i) => ask(i, C.CL_KERNEL_ARG_TYPE_NAME))).toEqual(["uint*", "float4*", "char*", "uint", "int*"]);
    expect([0, 1, 2, 3, 4].map((i) => ask(i, C.CL_KERNEL_ARG_ADDRESS_QUALIFIER))).toEqual([
      C.CL_KERNEL_ARG_ADDRESS_GLOBAL, C.CL_KERNEL_ARG_ADDRESS_CONSTANT, C.CL_KERNEL_ARG_ADDRESS_LOCAL, C.CL_KERNEL_ARG_ADDRESS_PRIVATE, C.CL_KERNEL_ARG_ADDRESS_GLOBAL,
    ]);
    expect([0, 1, 2, 3, 4].map((i) => ask(i, C.CL_KERNEL_ARG_TYPE_QUALIFIER))).toEqual([
      C.CL_KERNEL_ARG_TYPE_CONST | C.CL_KERNEL_ARG_TYPE_RESTRICT, C.CL_KERNEL_ARG_TYPE_CONST, 0, 0, C.CL_KERNEL_ARG_TYPE_VOLATILE,
    ]);
    expect(ask(0, C.CL_KERNEL_ARG_ACCESS_QUALIFIER)).toBe(C.CL_KERNEL_ARG_ACCESS_NONE);
    const plain = fromSource(text);
    b.ok(cl.clBuildProgram(plain, 0, null, null, null, null));
    expect(cl.clGetKernelArgInfo(b.kernelOf(plain, "k"), 0, C.CL_KERNEL_ARG_NAME, Infinity, out(), null)).toBe(E.CL_KERNEL_ARG_INFO_NOT_AVAILABLE);
  });

  test("the source is the strings' concatenation; lengths cut them", () => {
    const program = b.make((e) => cl.clCreateProgramWithSource(ctx, 2, ["abcdef", "xyz"], [3, 0], e));
    expect(info(program, C.CL_PROGRAM_SOURCE)).toBe("abcxyz");
  });

  test("attributes of kernels, local memory, work-group sizes", () => {
    const program = fromSource("__kernel __attribute__((reqd_work_group_size(8, 2, 1))) void k(local int *p) { local int a[16]; a[get_local_id(0)] = 1; barrier(CLK_LOCAL_MEM_FENCE); p[0] = a[15 - get_local_id(0)]; }");
    b.ok(cl.clBuildProgram(program, 0, null, null, null, null));
    const kernel = b.kernelOf(program, "k");
    const ask = (name: number): unknown => {
      const box = out<unknown>();
      b.ok(cl.clGetKernelWorkGroupInfo(kernel, null, name, Infinity, box, null));
      return box.value;
    };
    expect(ask(C.CL_KERNEL_COMPILE_WORK_GROUP_SIZE)).toEqual([8, 2, 1]);
    expect(ask(C.CL_KERNEL_LOCAL_MEM_SIZE)).toBe(64);
    b.ok(cl.clSetKernelArg(kernel, 0, 32, null));
    expect(ask(C.CL_KERNEL_LOCAL_MEM_SIZE)).toBe(96);
    const attributes = out<string>();
    b.ok(cl.clGetKernelInfo(kernel, C.CL_KERNEL_ATTRIBUTES, Infinity, attributes, null));
    expect(attributes.value.replace(/ /g, "")).toBe("reqd_work_group_size(8,2,1)");
  });

  test("device printf goes to the process's output", () => {
    const program = fromSource('kernel void hello() { printf("item %d\\n", (int)get_global_id(0)); }');
    b.ok(cl.clBuildProgram(program, 0, null, null, null, null));
    b.ok(cl.clEnqueueNDRangeKernel(q, b.kernelOf(program, "hello"), 1, null, [2], null, 0, null, null));
    b.ok(cl.clFinish(q));
    expect(b.host.process.stdout).toBe("item 0\nitem 1\n");
  });
});

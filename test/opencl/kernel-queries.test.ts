import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import { openClCompiler } from "../../src/compiler/clang/compiler.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import type { cl_kernel, cl_program } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";

/** What kernels say of themselves and of their arguments (OpenCL 3.0 API 5.9.4), from source, object, library and binary. */
const b = new Bench();
const { cl } = b;
const ctx = b.context();
const q = b.queue(ctx);
const fromSource = (text: string): cl_program => b.make((e) => cl.clCreateProgramWithSource(ctx, 1, [text], null, e));
const built = (text: string, options: string | null = null): cl_program => {
  const program = fromSource(text);
  b.ok(cl.clBuildProgram(program, 0, null, options, null, null));
  return program;
};
const argument = <T>(kernel: cl_kernel, index: number, name: number): T => {
  const box = out<T>();
  b.ok(cl.clGetKernelArgInfo(kernel, index, name, Infinity, box, null));
  return box.value;
};
const kernelInfo = <T>(kernel: cl_kernel, name: number): T => {
  const box = out<T>();
  b.ok(cl.clGetKernelInfo(kernel, name, Infinity, box, null));
  return box.value;
};
const groupInfo = <T>(kernel: cl_kernel, name: number): T => {
  const box = out<T>();
  b.ok(cl.clGetKernelWorkGroupInfo(kernel, b.device, name, Infinity, box, null));
  return box.value;
};
const { CL_KERNEL_ARG_ADDRESS_GLOBAL: GLOBAL, CL_KERNEL_ARG_ADDRESS_CONSTANT: CONSTANT, CL_KERNEL_ARG_ADDRESS_LOCAL: LOCAL, CL_KERNEL_ARG_ADDRESS_PRIVATE: PRIVATE } = C;
const { CL_KERNEL_ARG_ACCESS_NONE: NONE, CL_KERNEL_ARG_ACCESS_READ_ONLY: READ, CL_KERNEL_ARG_ACCESS_WRITE_ONLY: WRITE, CL_KERNEL_ARG_ACCESS_READ_WRITE: BOTH } = C;
const { CL_KERNEL_ARG_TYPE_NONE: PLAIN, CL_KERNEL_ARG_TYPE_CONST: CONST, CL_KERNEL_ARG_TYPE_RESTRICT: RESTRICT, CL_KERNEL_ARG_TYPE_VOLATILE: VOLATILE } = C;

/** Declaration, name, type's name, address space, access, qualifiers. */
const ARGUMENTS: readonly (readonly [string, string, string, number, number, number])[] = [
  ["char a", "a", "char", PRIVATE, NONE, PLAIN], ["unsigned char b", "b", "uchar", PRIVATE, NONE, PLAIN], ["unsigned short c", "c", "ushort", PRIVATE, NONE, PLAIN],
  ["unsigned int d", "d", "uint", PRIVATE, NONE, PLAIN], ["unsigned e", "e", "uint", PRIVATE, NONE, PLAIN], ["unsigned long f", "f", "ulong", PRIVATE, NONE, PLAIN], ["const int g", "g", "int", PRIVATE, NONE, PLAIN],
  ["float16 h", "h", "float16", PRIVATE, NONE, PLAIN], ["uint3 i", "i", "uint3", PRIVATE, NONE, PLAIN], ["double j", "j", "double", PRIVATE, NONE, PLAIN], ["struct pair k", "k", "struct pair", PRIVATE, NONE, PLAIN],
  ["named l", "l", "named", PRIVATE, NONE, PLAIN],
  ["global int *m", "m", "int*", GLOBAL, NONE, PLAIN], ["__global const int *n", "n", "int*", GLOBAL, NONE, CONST], ["global unsigned int *o", "o", "uint*", GLOBAL, NONE, PLAIN],
  ["global int *restrict p", "p", "int*", GLOBAL, NONE, RESTRICT], ["global volatile int *q", "q", "int*", GLOBAL, NONE, VOLATILE],
  ["global const volatile float4 *restrict r", "r", "float4*", GLOBAL, NONE, CONST | VOLATILE | RESTRICT], ["global int *const s", "s", "int*", GLOBAL, NONE, PLAIN],
  ["constant float *t", "t", "float*", CONSTANT, NONE, CONST], ["__constant int *restrict u", "u", "int*", CONSTANT, NONE, CONST | RESTRICT], ["local float *v", "v", "float*", LOCAL, NONE, PLAIN],
  ["local volatile uint *restrict w", "w", "uint*", LOCAL, NONE, VOLATILE | RESTRICT], ["global named *x", "x", "named*", GLOBAL, NONE, PLAIN], ["global void *y", "y", "void*", GLOBAL, NONE, PLAIN],
  ["read_only image2d_t aa", "aa", "image2d_t", GLOBAL, READ, PLAIN], ["write_only image3d_t bb", "bb", "image3d_t", GLOBAL, WRITE, PLAIN], ["read_write image1d_t cc", "cc", "image1d_t", GLOBAL, BOTH, PLAIN],
  ["image2d_array_t dd", "dd", "image2d_array_t", GLOBAL, READ, PLAIN], ["__read_only image1d_buffer_t ee", "ee", "image1d_buffer_t", GLOBAL, READ, PLAIN], ["sampler_t ff", "ff", "sampler_t", PRIVATE, NONE, PLAIN],
];
const text = `struct pair { int a; float b; };
typedef struct { int a; } named;
kernel void k(${ARGUMENTS.map(([declaration]) => declaration).join(", ")}) { }`;
const QUERIES = [C.CL_KERNEL_ARG_NAME, C.CL_KERNEL_ARG_TYPE_NAME, C.CL_KERNEL_ARG_ADDRESS_QUALIFIER, C.CL_KERNEL_ARG_ACCESS_QUALIFIER, C.CL_KERNEL_ARG_TYPE_QUALIFIER] as const;
const all = (kernel: cl_kernel): unknown[][] => ARGUMENTS.map((_, i) => QUERIES.map((query) => argument(kernel, i, query)));
const wanted = ARGUMENTS.map(([, ...rest]) => rest);

const binaryOf = (program: cl_program): Uint8Array => {
  const box = out<Uint8Array[]>();
  b.ok(cl.clGetProgramInfo(program, C.CL_PROGRAM_BINARIES, Infinity, box, null));
  return box.value[0]!;
};
const load = (binary: Uint8Array): cl_program => b.make((e) => cl.clCreateProgramWithBinary(ctx, 1, [b.device], [binary.length], [binary], null, e));
const link = (programs: readonly cl_program[], options: string | null = null): cl_program => b.make((e) => cl.clLinkProgram(ctx, 0, null, options, programs.length, programs, null, null, e));
const compiled = (source: string, options: string | null = null): cl_program => {
  const program = fromSource(source);
  b.ok(cl.clCompileProgram(program, 0, null, options, 0, null, null, null, null));
  return program;
};

describe.runIf(openClCompiler() !== null)("clGetKernelArgInfo", () => {
  const ways: readonly (readonly [string, (options: string | null) => cl_program])[] = [
    ["built", (options) => built(text, options)],
    ["compiled and linked", (options) => link([compiled(text, options)])],
    ["linked through a library", (options) => link([link([compiled(text, options)], "-create-library")])],
    ["an executable binary", (options) => {
      const program = load(binaryOf(built(text, options)));
      b.ok(cl.clBuildProgram(program, 0, null, null, null, null));
      return program;
    }],
    ["a linked binary of a compiled object", (options) => link([load(binaryOf(compiled(text, options)))])],
  ];
  test.each(ways)("%s: every argument with -cl-kernel-arg-info, none without", (_way, make) => {
    expect(all(b.kernelOf(make("-cl-kernel-arg-info"), "k"))).toEqual(wanted);
    const plain = b.kernelOf(make(null), "k");
    for (const query of QUERIES) {
      expect(cl.clGetKernelArgInfo(plain, 0, query, Infinity, out(), null)).toBe(E.CL_KERNEL_ARG_INFO_NOT_AVAILABLE);
      expect(b.last()).toMatchObject({ call: "clGetKernelArgInfo", message: expect.stringContaining("-cl-kernel-arg-info") });
    }
    expect(cl.clGetKernelArgInfo(plain, ARGUMENTS.length, QUERIES[0], Infinity, out(), null)).toBe(E.CL_INVALID_ARG_INDEX);
  });

  test("sizes as in C", () => {
    const kernel = b.kernelOf(built(text, "-cl-kernel-arg-info"), "k");
    const size = (query: number): number => {
      const box = out<number>();
      b.ok(cl.clGetKernelArgInfo(kernel, 17, query, 0, null, box));
      return box.value;
    };
    expect(QUERIES.map(size)).toEqual([2, 8, 4, 4, 8]);
    const bytes = new Uint8Array(8);
    b.ok(cl.clGetKernelArgInfo(kernel, 17, C.CL_KERNEL_ARG_TYPE_NAME, 8, bytes, null));
    expect([...bytes]).toEqual([...new TextEncoder().encode("float4*\0")]);
    expect(cl.clGetKernelArgInfo(kernel, 17, C.CL_KERNEL_ARG_TYPE_NAME, 7, bytes, null)).toBe(E.CL_INVALID_VALUE);
  });
});

describe.runIf(openClCompiler() !== null)("kernels", () => {
  test.each([
    ["", "", [0, 0, 0]], ["__attribute__((reqd_work_group_size(8, 2, 1)))", "reqd_work_group_size(8,2,1)", [8, 2, 1]], ["__attribute__((work_group_size_hint(4,5,6)))", "work_group_size_hint(4,5,6)", [0, 0, 0]],
    ["__attribute__((vec_type_hint(float4)))", "vec_type_hint(float4)", [0, 0, 0]], ["__attribute__((vec_type_hint(uint)))", "vec_type_hint(uint)", [0, 0, 0]], ["__attribute__((vec_type_hint(double2)))", "vec_type_hint(double2)", [0, 0, 0]],
    ["__attribute__((vec_type_hint(char16)))", "vec_type_hint(char16)", [0, 0, 0]], ["__attribute__((vec_type_hint(ulong3)))", "vec_type_hint(ulong3)", [0, 0, 0]],
    ["__attribute__((vec_type_hint(half8))) __attribute__((reqd_work_group_size(16,1,1)))", "reqd_work_group_size(16,1,1) vec_type_hint(half8)", [16, 1, 1]],
    ["__attribute__((intel_reqd_sub_group_size(32)))", "intel_reqd_sub_group_size(32)", [0, 0, 0]],
  ])("attributes %s", (attributes, told, required) => {
    const source = `kernel ${attributes} void k(global int *p) { p[0] = 1; }`;
    const program = built(source);
    const kernel = b.kernelOf(program, "k");
    expect([kernelInfo(kernel, C.CL_KERNEL_ATTRIBUTES), groupInfo(kernel, C.CL_KERNEL_COMPILE_WORK_GROUP_SIZE)]).toEqual([told, required]);
    const again = load(binaryOf(program));
    b.ok(cl.clBuildProgram(again, 0, null, null, null, null));
    // The text is for kernels from source alone; what it asks for holds for all.
    const other = b.kernelOf(again, "k");
    expect([kernelInfo(other, C.CL_KERNEL_ATTRIBUTES), groupInfo(other, C.CL_KERNEL_COMPILE_WORK_GROUP_SIZE)]).toEqual(["", required]);
  });

  test("a kernel for sub-groups that the device has not does not build", () => {
    const program = fromSource("kernel __attribute__((intel_reqd_sub_group_size(8))) void narrow() { }");
    expect(cl.clBuildProgram(program, 0, null, null, null, null)).toBe(E.CL_BUILD_PROGRAM_FAILURE);
    expect(b.last()?.values["log"]).toBe("error: kernel narrow requires sub-groups of 8 work-items (intel_reqd_sub_group_size); those of the device have 32\n");
  });

  test("names, programs, counts; a copy has the values but is another kernel", () => {
    const program = built("kernel void one(global int *p, int n) { p[0] = n; }\nkernel void two() { }\nkernel void three(local int *p) { p[0] = 1; }");
    const kernels = out<cl_kernel[]>();
    const count = out<number>();
    b.ok(cl.clCreateKernelsInProgram(program, 0, null, count));
    b.ok(cl.clCreateKernelsInProgram(program, count.value, kernels, null));
    expect(kernels.value.map((kernel) => [kernelInfo(kernel, C.CL_KERNEL_FUNCTION_NAME), kernelInfo(kernel, C.CL_KERNEL_NUM_ARGS), kernelInfo(kernel, C.CL_KERNEL_REFERENCE_COUNT), kernelInfo(kernel, C.CL_KERNEL_PROGRAM), kernelInfo(kernel, C.CL_KERNEL_CONTEXT)]))
      .toEqual([["one", 2], ["two", 0], ["three", 1]].map(([name, args]) => [name, args, 1, program, ctx]));
    expect(cl.clCreateKernelsInProgram(program, 2, out(), null)).toBe(E.CL_INVALID_VALUE);
    const [one] = kernels.value as [cl_kernel];
    const result = b.buffer(ctx, 4);
    b.ok(cl.clSetKernelArg(one, 0, 8, result));
    b.ok(cl.clSetKernelArg(one, 1, 4, new Int32Array([5])));
    const copy = b.make((e) => cl.clCloneKernel(one, e));
    b.ok(cl.clSetKernelArg(one, 1, 4, new Int32Array([6])));
    b.ok(cl.clReleaseKernel(one));
    b.ok(cl.clEnqueueNDRangeKernel(q, copy, 1, null, [1], null, 0, null, null));
    expect(b.read32(q, result, 1)[0]).toBe(5);
    expect([kernelInfo(copy, C.CL_KERNEL_REFERENCE_COUNT), kernelInfo(copy, C.CL_KERNEL_FUNCTION_NAME)]).toEqual([1, "one"]);
  });

  test("sub-groups are warps of 32", () => {
    const kernel = b.kernelOf(built("kernel void k() { }"), "k");
    const ask = (name: number, input: readonly number[] | null, bytes = 8): unknown => {
      const box = out<unknown>();
      const code = cl.clGetKernelSubGroupInfo(kernel, b.device, name, input === null ? 0 : 8 * input.length, input, bytes, box, null);
      return code === 0 ? box.value : code;
    };
    const { CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE: SIZE, CL_KERNEL_SUB_GROUP_COUNT_FOR_NDRANGE: COUNT, CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT: LOCAL_FOR, CL_KERNEL_MAX_NUM_SUB_GROUPS: MOST, CL_KERNEL_COMPILE_NUM_SUB_GROUPS: REQUIRED } = C;
    expect([[64], [8], [8, 8], [3, 3, 3]].map((sizes) => ask(SIZE, sizes))).toEqual([32, 8, 32, 27]);
    expect([[64], [33], [8, 8], [3, 3, 4], [1]].map((sizes) => ask(COUNT, sizes))).toEqual([2, 2, 2, 2, 1]);
    expect([ask(LOCAL_FOR, [2]), ask(LOCAL_FOR, [4], 24), ask(LOCAL_FOR, [100_000], 24)]).toEqual([[64], [128, 1, 1], [0, 0, 0]]);
    expect(ask(MOST, null)).toBe(groupInfo<number>(kernel, C.CL_KERNEL_WORK_GROUP_SIZE) / 32);
    expect(ask(REQUIRED, null)).toBe(0);
    for (const [name, input] of [[SIZE, null], [COUNT, [1, 1, 1, 1]], [LOCAL_FOR, null], [LOCAL_FOR, [1, 1]], [77, null]] as const) expect(ask(name, input)).toBe(E.CL_INVALID_VALUE);
  });

  test("memory and sizes of work-groups", () => {
    const kernel = b.kernelOf(built("kernel void k(global int *p, local int *scratch) { local int a[16]; int own[100]; for (int i = 0; i < 100; i++) own[i] = p[i]; a[p[0]] = own[p[1]]; barrier(CLK_LOCAL_MEM_FENCE); scratch[0] = a[p[2]]; p[0] = scratch[0]; }"), "k");
    expect(groupInfo(kernel, C.CL_KERNEL_LOCAL_MEM_SIZE)).toBe(64);
    b.ok(cl.clSetKernelArg(kernel, 1, 100, null));
    expect(groupInfo(kernel, C.CL_KERNEL_LOCAL_MEM_SIZE)).toBeGreaterThanOrEqual(164);
    const own = groupInfo<number>(kernel, C.CL_KERNEL_PRIVATE_MEM_SIZE);
    expect(own >= 400 && own < 432, `${own} bytes for an array of 400`).toBe(true);
    expect(groupInfo(kernel, C.CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE)).toBe(32);
    expect(groupInfo(kernel, C.CL_KERNEL_WORK_GROUP_SIZE)).toBe(1024);
  });
});

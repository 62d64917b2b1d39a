import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Cl, classes, found } from "./host.ts";

const data = Uint32Array.from({ length: 64 }, (_, i) => i);

describe("mistakes in OpenCL C", () => {
  test("bounds, with line, work-item and allocation", () => {
    const h = new Cl("__kernel void k(__global int* a) {\n  int i = get_global_id(0);\n  a[i + 1] = i;\n}\n");
    h.run([h.buffer(data)], 64, 32);
    expect(classes(h.machine)).toEqual(["bounds"]);
    expect(found(h.machine)[0]!.message).toMatch(/write of 4 bytes outside every allocation: 0 bytes past the end of buffer #\d+ \(256 bytes.*work-item 63,0,0 \(group 1,0,0, local 31,0,0\) in line 3$/);
  });

  test("vectors that lie in two pages: each work-item's is its own, and what it shares with its neighbour's is told", () => {
    const words = (step: string): Cl => {
      const h = new Cl(`__kernel void k(__global int* a, __global int* b) {\n  int i = get_global_id(0);\n  int4 v = vload4(0, a + 16384 - 34 + ${step});\n  vstore4(v + i, 0, a + 16384 - 34 + ${step});\n}\n`);
      h.run([h.buffer(new Uint32Array(65536)), h.buffer(new Uint32Array([1, 2, 3, 4]))], 64, 16);
      return h;
    };
    expect(found(words("4 * i + b[0]").machine)).toEqual([]);
    expect(found(words("4 * i").machine)).toEqual([]);
    expect(classes(words("3 * i + b[0]").machine)).toEqual(new Array(8).fill("races"));
  });

  test("uninitialised, out of bounds: vectors that lie in two pages", () => {
    // Shared memory lies beside what is staged.
    for (const shared of ["", "volatile __local int s[4];\n  s[0] = 1;"]) {
      const h = new Cl(`__kernel void k(__global int* a, __global int* b) {\n  ${shared}\n  vstore4(vload4(0, a + 16382), 0, b + 16381);\n}\n`);
      const b = h.buffer(65536);
      h.run([h.buffer(262144), b], 1, 1);
      expect(classes(h.machine)).toEqual(["uninitialised", "uninitialised", "bounds"]);
    }
  });

  test("lifetime: a pointer kept from an earlier launch", () => {
    const h = new Cl("__kernel void k(__global ulong* keep, __global int* a, __global int* how) {\n  if (*how == 0) *keep = (ulong)a;\n  else *(__global int*)*keep = 1;\n}\n");
    const [keep, gone, other] = [h.buffer(new Uint32Array(64)), h.buffer(data), h.buffer(data)];
    const [first, second] = [h.buffer(new Uint32Array(1)), h.buffer(new Uint32Array([1]))];
    h.run([keep, gone, first], 1, 1);
    h.process.throwing.opencl.clReleaseMemObject(gone);
    h.run([keep, other, second], 1, 1);
    expect(classes(h.machine)).toEqual(["lifetime"]);
    expect(found(h.machine)[0]!.message).toContain("of memory that was freed: it was byte 0 of buffer");
  });

  test("uninitialised: global, local, private", () => {
    // Clang makes constants of what it sees to be undefined, so the places read depend on data.
    const h = new Cl("__kernel void k(__global int* a, __global int* b, __global int* c) {\n  __local int l[64];\n  int p[64];\n  b[0] = c[1];\n  if (a[0] == 1) l[a[1]] = 3;\n  b[1] = l[a[3]];\n  p[a[4]] = 1;\n  p[a[5]] = 2;\n  b[2] = p[a[6]] + p[a[5]];\n}\n");
    h.run([h.buffer(data), h.buffer(256), h.buffer(256)], 1, 1);
    expect(classes(h.machine)).toEqual(["uninitialised", "uninitialised", "uninitialised"]);
    expect(found(h.machine).map(({ values }) => values["space"])).toEqual(["global", "shared", "private"]);
  });

  test("races: a reduction that lacks a barrier, and one that has it", () => {
    const source = (barrier: string): string => `__kernel void k(__global const int* in, __global int* out) {\n  __local int s[64];\n  int l = get_local_id(0);\n  s[l] = in[get_global_id(0)];\n  barrier(CLK_LOCAL_MEM_FENCE);\n`
      + `  for (int n = 32; n > 0; n >>= 1) {\n    if (l < n) s[l] += s[l + n];\n    ${barrier}\n  }\n  if (l == 0) out[get_group_id(0)] = s[0];\n}\n`;
    for (const [barrier, some] of [["", true], ["barrier(CLK_LOCAL_MEM_FENCE);", false]] as const) {
      const h = new Cl(source(barrier));
      h.run([h.buffer(data), h.buffer(64)], 64, 64);
      expect(classes(h.machine).includes("races")).toBe(some);
      expect(found(h.machine).every(({ codeName }) => codeName === "races")).toBe(true);
    }
  });

  test("barriers: one half of the group goes another way", () => {
    const h = new Cl("__kernel void k(__global int* a) {\n  int l = get_local_id(0);\n  if (l >= 48) return;\n  barrier(CLK_GLOBAL_MEM_FENCE);\n  a[l] = 1;\n}\n");
    h.run([h.buffer(data)], 64, 64);
    expect(classes(h.machine)).toEqual(["barriers"]);
    expect(found(h.machine)[0]!.message).toContain("16 of 64 work-items have exited");
  });
});

describe("no false alarm in kernels that are right", () => {
  const source = readFileSync(new URL("../../bench/kernels.cl", import.meta.url), "utf8");
  const f = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => 1 + (i % 7));
  const u = (n: number): Uint32Array => Uint32Array.from({ length: n }, (_, i) => (i * 2654435761) >>> 0);
  const int = (value: number): Int32Array => new Int32Array([value]);
  type Arg = ArrayBufferView | { readonly buffer: ArrayBufferView | number } | { readonly local: number };
  const b = (buffer: ArrayBufferView | number): Arg => ({ buffer });
  const local = (bytes: number): Arg => ({ local: bytes });
  const runs: readonly (readonly [string, readonly Arg[], readonly number[], readonly number[]])[] = [
    ["vecadd", [b(f(512)), b(f(512)), b(2048)], [512], [64]],
    ["saxpy", [f(1), b(f(512)), b(f(512))], [512], [64]],
    ["triad", [b(2048), b(f(512)), b(f(512)), f(1)], [512], [64]],
    ["matmul_naive", [b(f(1024)), b(f(1024)), b(4096), int(32)], [32, 32], [16, 16]],
    ["matmul_tiled", [b(f(1024)), b(f(1024)), b(4096), int(32)], [32, 32], [16, 16]],
    ["reduce", [b(f(512)), b(64), local(512)], [512], [128]],
    ["hist_global", [b(new Uint8Array(1024).fill(3)), b(new Uint32Array(256))], [1024], [64]],
    ["hist_local", [b(new Uint8Array(4096).map((_, i) => i * 7)), b(new Uint32Array(256)), int(4)], [1024], [256]],
    ["scan_block", [b(u(512)), b(2048), b(16), local(1024)], [256], [64]],
    ["scan_add", [b(u(512)), b(u(4))], [256], [64]],
    ["nbody", [b(f(512)), b(2048), int(128)], [128], [32]],
    ["mandel", [b(4096), int(32), int(32), int(50)], [32, 32], [16, 16]],
    ["bs", [b(f(256)), b(f(256)), b(f(256)), b(1024), b(1024), f(1), f(1)], [256], [64]],
    ["stencil", [b(f(1024)), b(4096), int(32), int(32)], [32, 32], [16, 16]],
    ["sobel", [b(f(1024)), b(4096), int(32), int(32)], [32, 32], [16, 16]],
    ["bitonic", [b(u(512)), int(4), int(8)], [512], [64]],
    ["counter", [b(new Uint32Array(1))], [512], [64]],
    ["empty", [], [64], [64]],
    ["empty1", [b(16)], [64], [64]],
  ];
  const h = new Cl(source);
  test.each(runs)("%s", (name, args, global, localSize) => {
    h.launch(name, args.map((arg) => ("local" in arg ? arg.local : "BYTES_PER_ELEMENT" in arg ? (arg as ArrayBufferView) : h.buffer((arg as { buffer: ArrayBufferView | number }).buffer))), global, localSize);
    expect(h.machine.diagnostics().map(({ message }) => message)).toEqual([]);
  });
});

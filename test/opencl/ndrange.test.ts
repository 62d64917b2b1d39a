import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FnBuilder, newModule } from "../../src/compiler/ir/builder.ts";
import type { Module } from "../../src/compiler/ir/module.ts";
import type { SpecialRegister } from "../../src/compiler/ir/ops.ts";
import { out } from "../../src/api/out.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import { Bench } from "./harness.ts";
import { testModule } from "./kernels.ts";

/** `kernel where(global uint* out)`: 9 words for each work-item, at its place in the range (x fastest): global id, local id, local size. */
function whereModule(): Module {
  const module = newModule("where");
  const b = new FnBuilder("where", { kind: "kernel", kernelParams: [{ name: "out", offset: 0, size: 8, align: 8, kind: "global", type: "i64", info: null }], paramBytes: 8 });
  const reg = (name: SpecialRegister, type: "i32" | "i64" = "i64") => b.def(type, { op: "sreg", reg: name });
  const i64 = (value: bigint) => b.const("i64", value);
  const sub = (x: ReturnType<typeof i64>, y: ReturnType<typeof i64>) => b.def("i64", { op: "sub", a: x, b: y });
  const mul = (x: ReturnType<typeof i64>, y: ReturnType<typeof i64>) => b.def("i64", { op: "mul", a: x, b: y });
  const add = (x: ReturnType<typeof i64>, y: ReturnType<typeof i64>) => b.def("i64", { op: "add", a: x, b: y });
  const place = (axis: "x" | "y" | "z") => sub(reg(`gid.${axis}`), reg(`goff.${axis}`));
  const index = add(place("x"), mul(reg("gsize.x"), add(place("y"), mul(reg("gsize.y"), place("z")))));
  const address = add(b.def("i64", { op: "param", offset: 0 }), mul(index, i64(36n)));
  let at = 0;
  const put = (value: ReturnType<typeof i64>): void => {
    b.emit({ op: "store", src: [value], space: "global", addr: address, offset: at, align: 4 });
    at += 4;
  };
  for (const axis of ["x", "y", "z"] as const) put(b.def("i32", { op: "trunc", a: reg(`gid.${axis}`) }));
  for (const axis of ["x", "y", "z"] as const) put(reg(`tid.${axis}`, "i32"));
  for (const axis of ["x", "y", "z"] as const) put(reg(`ntid.${axis}`, "i32"));
  b.emit({ op: "ret", values: [] });
  module.functions.set("where", b.fn);
  return module;
}

describe("ND-ranges", () => {
  const b = new Bench({ gpus: ["tiny"] });
  const { cl } = b;
  const ctx = b.context();
  const q = b.queue(ctx);
  const where = b.kernelOf(b.program(ctx, whereModule()), "where");
  const prog = b.program(ctx, testModule());
  const mem = b.buffer(ctx, 1 << 20);
  b.ok(cl.clSetKernelArg(where, 0, 8, mem));

  /** What every work-item saw. */
  function run(global: number[], local: number[] | null, offset: number[] | null): Uint32Array {
    b.ok(cl.clEnqueueNDRangeKernel(q, where, global.length, offset, global, local, 0, null, null));
    return b.read32(q, mem, 9 * global.reduce((x, y) => x * y, 1));
  }

  test("every work-item runs once and sees its ids, for all shapes, non-uniform ones too", () => {
    const size = fc.integer({ min: 1, max: 9 });
    const axis = fc.record({ global: size, local: size, offset: fc.integer({ min: 0, max: 1000 }) });
    fc.assert(
      fc.property(fc.array(axis, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.boolean(), (axes, chosen, moved) => {
        const global = axes.map((a) => a.global);
        const local = axes.map((a) => a.local);
        const offset = axes.map((a) => a.offset);
        const seen = run(global, chosen ? local : null, moved ? offset : null);
        const pad = (list: number[], rest: number): number[] => [...list, ...Array<number>(3 - list.length).fill(rest)];
        const [g, l, o] = [pad(global, 1), pad(local, 1), pad(moved ? offset : [], 0)];
        let i = 0;
        for (let z = 0; z < g[2]!; z++) for (let y = 0; y < g[1]!; y++) for (let x = 0; x < g[0]!; x++, i++) {
          const words = [...seen.subarray(9 * i, 9 * i + 9)];
          const at = [x, y, z];
          expect(words.slice(0, 3)).toEqual(at.map((p, k) => p + o[k]!));
          if (!chosen) continue;
          // Remainder work-groups are smaller (OpenCL C 3.0, get_local_size).
          expect(words.slice(3, 6)).toEqual(at.map((p, k) => p % l[k]!));
          expect(words.slice(6)).toEqual(at.map((p, k) => Math.min(l[k]!, g[k]! - p + (p % l[k]!))));
        }
      }),
      { seed: 20, numRuns: 40 },
    );
  });

  test("the suggested local size is what is taken when none is given, and fits", () => {
    const groups = b.kernelOf(prog, "groups");
    b.ok(cl.clSetKernelArg(groups, 0, 8, mem));
    for (const n of [1, 7, 64, 100, 1000, 1024, 4096, 6000]) {
      const suggested = out<number[]>();
      b.ok(cl.clGetKernelSuggestedLocalWorkSize(q, groups, 1, null, [n], suggested));
      b.ok(cl.clEnqueueNDRangeKernel(q, groups, 1, null, [n], null, 0, null, null));
      expect(b.read32(q, mem, n)[0]).toBe(suggested.value[0]);
      expect(suggested.value[0]).toBeLessThanOrEqual(1024);
    }
    const suggested = out<number[]>();
    const fixed = b.kernelOf(prog, "fixed");
    b.ok(cl.clSetKernelArg(fixed, 0, 8, mem));
    b.ok(cl.clSetKernelArg(fixed, 1, 4, new Uint32Array(1)));
    b.ok(cl.clGetKernelSuggestedLocalWorkSize(q, fixed, 1, null, [16], suggested));
    expect(suggested.value[0]).toBe(4);
    b.ok(cl.clGetKernelSuggestedLocalWorkSizeKHR(q, where, 3, null, [8, 8, 8], suggested));
    expect(suggested.value).toHaveLength(3);
    expect(suggested.value.reduce((x, y) => x * y, 1)).toBeLessThanOrEqual(1024);
  });

  test("local arguments lie apart, aligned, each work-group's own", () => {
    const kernel = b.kernelOf(prog, "locals");
    b.ok(cl.clSetKernelArg(kernel, 0, 8, mem));
    b.ok(cl.clSetKernelArg(kernel, 1, 20, null));
    b.ok(cl.clSetKernelArg(kernel, 2, 4, null));
    b.ok(cl.clEnqueueTask(q, kernel, 0, null, null));
    const [a, c, first] = b.read32(q, mem, 3);
    expect(Math.abs(a! - c!)).toBeGreaterThanOrEqual(20);
    expect(first).toBe(7);
    const bytes = out<number>();
    b.ok(cl.clGetKernelWorkGroupInfo(kernel, b.device, C.CL_KERNEL_LOCAL_MEM_SIZE, 8, bytes, null));
    expect(bytes.value).toBeGreaterThanOrEqual(24);
  });

  test("a clone has the arguments of its source, and goes its own way", () => {
    const one = b.kernelOf(prog, "fill");
    const [m1, m2] = [b.buffer(ctx, 64), b.buffer(ctx, 64)];
    b.ok(cl.clSetKernelArg(one, 0, 8, m1));
    b.ok(cl.clSetKernelArg(one, 1, 4, new Uint32Array([10])));
    const two = b.make((e) => cl.clCloneKernel(one, e));
    b.ok(cl.clSetKernelArg(two, 0, 8, m2));
    b.ok(cl.clSetKernelArg(one, 1, 4, new Uint32Array([20])));
    for (const kernel of [one, two]) b.ok(cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [2], null, 0, null, null));
    expect([[...b.read32(q, m1, 2)], [...b.read32(q, m2, 2)]]).toEqual([[20, 21], [10, 11]]);
    b.ok(cl.clReleaseKernel(two));
    b.ok(cl.clReleaseKernel(one));
  });

  test("a failed clSetKernelArg leaves the kernel as it was", () => {
    const kernel = b.kernelOf(prog, "fill");
    const m = b.buffer(ctx, 64);
    b.ok(cl.clSetKernelArg(kernel, 0, 8, m));
    b.ok(cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([30])));
    expect(cl.clSetKernelArg(kernel, 1, 3, new Uint8Array(3))).not.toBe(0);
    expect(cl.clSetKernelArg(kernel, 1, 4, null)).not.toBe(0);
    expect(cl.clSetKernelArg(kernel, 0, 8, 77)).not.toBe(0);
    expect(cl.clSetKernelArg(kernel, 0, 4, m)).not.toBe(0);
    b.ok(cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [2], null, 0, null, null));
    expect([...b.read32(q, m, 2)]).toEqual([30, 31]);
  });

  test("arguments by handle, by the handle's bytes, by address; of every typed array", () => {
    const m = b.buffer(ctx, 64);
    const kernel = b.kernelOf(prog, "fill");
    const address = b.malloc(16);
    new DataView(b.view(address, 16).buffer, b.view(address, 16).byteOffset).setUint32(0, 3, true);
    const values = [new Uint32Array([3]), new Int32Array([3]), new Uint8Array([3, 0, 0, 0]), new Uint16Array([3, 0]), new DataView(new Uint32Array([3]).buffer), address];
    for (const target of [m, new BigUint64Array([BigInt(m)])]) {
      for (const value of values) {
        b.ok(cl.clEnqueueFillBuffer(q, m, new Uint8Array(1), 1, 0, 64, 0, null, null));
        b.ok(cl.clSetKernelArg(kernel, 0, 8, target));
        b.ok(cl.clSetKernelArg(kernel, 1, 4, value));
        b.ok(cl.clEnqueueTask(q, kernel, 0, null, null));
        expect([...b.read32(q, m, 2)]).toEqual([3, 0]);
      }
    }
  });
});

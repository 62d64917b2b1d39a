import { describe, expect, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { Program } from "../builtins/support.ts";
import { irOf, sourceOf } from "../clang/fixtures.ts";

const module = openclToIr(irOf("features"), "features", { sourceName: "program.cl" });

/** params_t: float, int4 at 16, three chars at 32, double at 40; 48 bytes. */
function params(scale: number, add: readonly number[], tag: readonly number[], d: number): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  view.setFloat32(0, scale, true);
  add.forEach((v, n) => view.setInt32(16 + 4 * n, v, true));
  tag.forEach((v, n) => view.setInt8(32 + n, v));
  view.setFloat64(40, d, true);
  return bytes;
}

test("the module is valid, and its kernels are described", () => {
  expect(verifyModule(module)).toEqual([]);
  const hints = module.functions.get("hints")!;
  expect(hints.attributes).toMatchObject({ vecTypeHint: "float4", workGroupSizeHint: [8, 4, 2], reqdWorkGroupSize: null });
  expect(hints.kernelParams.map(({ name, kind, offset, size, info }) => ({ name, kind, offset, size, info }))).toEqual([
    { name: "out", kind: "global", offset: 0, size: 8, info: { typeName: "int*", access: "none", qualifiers: ["restrict"] } },
    { name: "in", kind: "global", offset: 8, size: 8, info: { typeName: "int*", access: "none", qualifiers: ["const"] } },
    { name: "c", kind: "const", offset: 16, size: 8, info: { typeName: "float*", access: "none", qualifiers: ["const"] } },
    { name: "n", kind: "scalar", offset: 24, size: 4, info: { typeName: "int", access: "none", qualifiers: [] } },
  ]);
  const byValue = module.functions.get("by_value")!.kernelParams.map(({ kind, offset, size, align, info }) => [kind, offset, size, align, info?.typeName]);
  expect(byValue).toEqual([["global", 0, 8, 8, "float4*"], ["bytes", 16, 48, 16, "params_t"], ["bytes", 64, 16, 16, "float3"], ["bytes", 80, 2, 2, "uchar2"]]);
  expect([...module.globals.values()].map(({ name, space }) => `${name} ${space}`).sort()).toEqual(["__const.generic_pointers.own const", "links const", "program_counter global", "program_pointer global", "table const", "weights const", "zeros const"]);
  expect(module.sourceName).toBe("program.cl");
});

test("a structure argument that is only read stays in the parameter block", () => {
  const ops = module.functions.get("by_value")!.blocks.flatMap((block) => block.instrs);
  expect(module.functions.get("by_value")!.locals).toEqual([]);
  expect(ops.filter((i) => i.op === "load")).toEqual([]);
  // Indexed at run time, it is copied.
  expect(module.functions.get("by_value_copy")!.locals.length).toBeGreaterThan(0);
});

test("instructions carry the lines of the source", () => {
  const source = sourceOf("features").split("\n").findIndex((line) => line.startsWith("kernel void by_value(")) + 1;
  const lines = new Set(module.functions.get("by_value")!.blocks.flatMap((block) => block.instrs.flatMap((i) => (i.line === undefined ? [] : [i.line]))));
  expect([...lines].every((line) => line >= source && line <= source + 3)).toBe(true);
});

describe.each([["interpreter", interpretModule], ["WebAssembly", compileModule]] as const)("on the %s", (_, compile) => {
  const program = new Program(module, compile);

  test("structures and vectors by value", () => {
    const out = new Float32Array(8);
    const v = new Uint8Array(16);
    new Float32Array(v.buffer).set([1, 2, 3]);
    program.run("by_value", [out, { bytes: params(2, [10, 20, 30, 40], [1, 2, 3], 0.5) }, { bytes: v }, { bytes: Uint8Array.of(100, 200) }], 2);
    expect([...out]).toEqual([2 + 10 + 100, 4 + 20 + 200, 6 + 30 + 3, 0.5 + 40 + 1, 112, 224, 39, 41.5]);
    const ints = new Int32Array(3);
    program.run("by_value_copy", [ints, { bytes: params(2, [0, 0, 0, 0], [1, 2, 3], 0) }], 3);
    expect([...ints]).toEqual([30211, 31201, 130201]);
  });

  test("constant tables, with addresses in them", () => {
    const out = new Float32Array(4);
    program.run("constants", [out], 4);
    expect([...out]).toEqual([1 + 2, 4 + 6, 6 + 2, 4 + 6]);
  });

  test("program-scope variables start with their values", () => {
    const out = new Int32Array(1);
    program.run("program_scope", [out], 1);
    expect(out[0]).toBe(42);
  });

  test("private arrays", () => {
    const input = Int32Array.from({ length: 50 }, (_, n) => n * n);
    const want = Array.from({ length: 8 }, (_, bin) => [...input].filter((v) => (v & 7) === bin).length);
    const out = new Int32Array(16);
    program.run("private_array", [input, out, 50], 2, 2);
    expect([...out]).toEqual([...want, ...want]);
  });

  test("generic pointers reach private, local and global memory", () => {
    const out = Int32Array.of(0, 0, 0, 0, 5, 6, 7, 0);
    program.run("generic_pointers", [out, { local: 12 }], 3, 3);
    expect([...out]).toEqual([6, 60, 18, 6, 5, 6, 7, 4]);
    const other = Int32Array.of(0, 0, 0, 0, -5, 6, 7, 0);
    program.run("generic_pointers", [other, { local: 12 }], 3, 3);
    expect([other[3], other[7]]).toEqual([60, 2]);
  });

  test("vector components, swizzles, loads and stores", () => {
    const a = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const b = Uint8Array.from({ length: 32 }, (_, n) => n);
    const f = Float32Array.of(1, 2, 3, 4, 5, 6);
    program.run("vectors", [a, b, f], 2);
    // xy = zw + (1, 2); then odd elements are twice the even ones; above 10 doubled.
    expect([...a]).toEqual([4, 8, 3, 6, 8, 32, 7, 28]);
    const order = [0, 15, 1, 14, 2, 13, 3, 12, 4, 11, 5, 10, 6, 9, 7, 8].map((n) => (n + 8) % 16);
    expect([...b]).toEqual([...order, ...order.map((n) => n + 16)]);
    expect([...f]).toEqual([3, 2, 1, 6, 5, 4]);
  });

  test("halves", () => {
    const h = new Uint16Array(16);
    h.set([0x3e00, 0xc000]); // 1.5, -2
    const v = Uint16Array.of(0, 0, 0, 0x4200); // w = 3
    const out = new Float32Array(2);
    program.run("halves", [h, v, out], 2);
    expect([...out]).toEqual([2.75 + 3, 4.5 + 3]);
    expect([...h.slice(0, 2)]).toEqual([0x4180, 0x4480]);
    expect([...h.slice(8, 10)]).toEqual([0x45c0, 0x4780]);
  });

  test("structures in memory, by value through a call, and unions", () => {
    const p = params(1.5, [1, 2, 3, 4], [5, 6, 7], 8);
    const out = new Uint32Array(1);
    program.run("structs", [p, out], 1);
    expect([...p]).toEqual([...params(2.5, [1, 2, 3, 4], [5, 6, 7], 8)]);
    expect(out[0]).toBe(0x40200000 + 0x40);
  });

  test("loops, switches and jumps", () => {
    const reference = (i: number, n: number): number => {
      let r = 0;
      for (let k = 0; k < n; k++) {
        if (k === 13) continue;
        const c = (i + k) & 7;
        if (c === 0) r += 1;
        else if (c === 1 || c === 2) r += 110;
        else if (c === 3) r += 100;
        else if (c === 5) return r;
        else r ^= k;
      }
      return r;
    };
    const out = new Int32Array(16);
    program.run("control", [out, 20], 16, 4);
    expect([...out]).toEqual(Array.from({ length: 16 }, (_, i) => reference(i, 20)));
  });
});

import { describe, expect, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { Program } from "../builtins/support.ts";
import { irOf } from "../clang/fixtures.ts";

const module = openclToIr(irOf("groups"), "groups");

test("the module is valid", () => {
  expect(verifyModule(module)).toEqual([]);
});

const scan = (values: readonly number[], start: number, f: (a: number, b: number) => number): number[] => values.reduce<number[]>((sums, v) => [...sums, f(sums.at(-1) ?? start, v)], []);
const add = (a: number, b: number): number => a + b;

describe.each([["interpreter", interpretModule], ["WebAssembly", compileModule]] as const)("on the %s", (_, compile) => {
  const program = new Program(module, compile);

  test("work-items know their place", () => {
    const out = new BigUint64Array(16 * 12);
    program.run("ids", [out, 1], [6, 2], [4, 1], { globalOffset: [100, 200, 0] });
    // The last item: (5, 1), in the second group of its row, which has 2 items.
    const row = out.slice(16 * 11, 16 * 11 + 13);
    expect([...row].map(Number)).toEqual([105, 201, 6, 200, 1, 2, 1, 2, 2, 4, 1, 201, 1]);
  });

  test("atomics of OpenCL 1", () => {
    const i = Int32Array.of(0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 9, 0);
    const u = Uint32Array.of(2 ** 32 - 1, 0);
    const q = BigInt64Array.of(0n, -1000n);
    const f = Float32Array.of(0);
    program.run("legacy_atomics", [i, u, q, f, { local: 4 }], 16, 4);
    expect([...i]).toEqual([120, -120, 16, -16, -15, 15, ~0xffff, 0xffff, 0xffff, 77, 9, 5, 16]);
    expect([...u]).toEqual([2 ** 32 - 16, 15]);
    expect([...q]).toEqual([120n << 33n, 0n]);
    expect(f[0]).toBe(2.5);
  });

  test("atomics of C11", () => {
    const a = Int32Array.of(0, 0, 0, 7, 0, 0, 0);
    const u = new Uint32Array(3);
    const q = new BigInt64Array(1);
    const out = new Int32Array(12);
    program.run("c11_atomics", [a, u, q, out, { local: 4 }], 16, 8);
    expect([...a]).toEqual([120, -120, -15, 8, 1, 15, 42]);
    expect([...u]).toEqual([15, 0xffff, 9]);
    expect(q[0]).toBe(16n << 40n);
    expect([...out.slice(0, 2)]).toEqual([108, 108]);
    expect([...out.slice(8, 10)].sort((x, y) => x - y)).toEqual([0, 9]);
  });

  test("the group copies, also with a stride", () => {
    const input = Float32Array.from({ length: 2 * 5 * 4 }, (_, n) => n);
    const out = new Float32Array(40);
    program.run("copies", [input, out, { local: 5 * 16 }, 5], 6, 3);
    const want = new Float32Array(40);
    for (let group = 0; group < 2; group++) for (let e = 0; e < 5; e++) for (let c = 0; c < 4; c++) want[4 * (group + 2 * e) + c] = 2 * input[4 * (5 * group + e) + c]!;
    expect([...out]).toEqual([...want]);
  });

  test("collectives of the work-group, in warps of 4 and of 32", () => {
    const values = Array.from({ length: 20 }, (_, n) => (n * 37) % 101 - 5);
    const floats = values.map((v) => v / 4);
    for (const warpSize of [4, 32]) {
      const out = new Int32Array(160);
      const fout = new Float32Array(40);
      program.run("group_collectives", [Int32Array.from(values), out, Float32Array.from(floats), fout], 20, 10, { warpSize });
      for (const group of [0, 10]) {
        const part = values.slice(group, group + 10);
        const inclusive = scan(part, 0, add);
        const min = scan(part, 2 ** 31 - 1, Math.min);
        part.forEach((_, n) => {
          expect([...out.slice(8 * (group + n), 8 * (group + n) + 7)]).toEqual([
            part.reduce(add), Math.max(...part), inclusive[n], inclusive[n]! - part[n]!, n === 0 ? 2 ** 31 - 1 : min[n - 1],
            part[3], (part.some((v) => v > 90) ? 1 : 0) + (part.every((v) => v > 0) ? 2 : 0),
          ]);
          expect([...fout.slice(2 * (group + n), 2 * (group + n) + 2)]).toEqual([Math.min(...part) / 4, Math.max(...part.slice(0, n + 1)) / 4]);
        });
      }
    }
  });

  test("collectives of the sub-group, the last one not full", () => {
    const values = Array.from({ length: 10 }, (_, n) => (n * 37) % 101 - 5);
    const wide = values.map((v) => BigInt(v) << 35n);
    const out = new Int32Array(160);
    const qout = new BigInt64Array(10);
    program.run("sub_group_collectives", [Int32Array.from(values), out, BigInt64Array.from(wide), qout], 10, 10, { warpSize: 4 });
    values.forEach((v, n) => {
      const first = n - n % 4;
      const part = values.slice(first, first + 4);
      const lane = n % 4;
      const at = (l: number): number => part[l] ?? v;
      expect([...out.slice(16 * n, 16 * n + 13)], `work-item ${n}`).toEqual([
        part.length, 4, 3, first / 4, lane, part.reduce(add), part.slice(0, lane).reduce(add, 0), Math.max(...part.slice(0, lane + 1)),
        at(2), part.some((x) => x > 90) ? 1 : 0, part.every((x) => x > 0) ? 1 : 0, at(lane ^ 1), part.reduce((mask, x, l) => mask | (x & 1) << l, 0),
      ]);
      expect(out[16 * n + 13]).toBe(at((lane + 1) & 3));
      expect(qout[n]).toBe(BigInt(part.reduce(add)) << 35n);
    });
  });

  test("printf", () => {
    const v = new Uint8Array(Float32Array.of(1.5, -2, 0.25, 1e10).buffer);
    const result = program.run("print", [{ bytes: v }, 65], 3, 3);
    expect(result.printed).toBe("-5 word 1.50|1.500000,-2.000000,0.250000,10000000000.000000|A 3 %\n");
  });
});

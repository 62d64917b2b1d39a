import { describe, expect, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { Program } from "../builtins/support.ts";
import { irOf } from "../clang/fixtures.ts";

const module = openclToIr(irOf("subgroups"), "subgroups");
const values = Array.from({ length: 20 }, (_, n) => (n * 37) % 101 - 5);

describe.each([["interpreter", interpretModule], ["WebAssembly", compileModule]] as const)("on the %s", (_, compile) => {
  const program = new Program(module, compile);

  test("work-items that come alone act among themselves", () => {
    const out = new Int32Array(160);
    program.run("divergent", [Int32Array.from(values), out], 20, 20, { warpSize: 8 });
    values.forEach((v, n) => {
      const first = n - n % 8;
      const group = values.slice(first, first + 8);
      const active = group.flatMap((x, lane) => (x & 1 ? [{ x, lane }] : []));
      const mine = active.filter(({ lane }) => lane <= n % 8);
      const row = [...out.slice(8 * n, 8 * n + 7)];
      if (!(v & 1)) return expect(row).toEqual([0, 0, 0, 0, 0, 0, 0]);
      const sum = (list: readonly { x: number }[]): number => list.reduce((t, { x }) => t + x, 0);
      expect(row, `work-item ${n}`).toEqual([
        sum(active), sum(mine), Math.max(-(2 ** 31), ...mine.slice(0, -1).map(({ x }) => x)), active[0]!.lane === n % 8 ? 1 : 0, active[0]!.x,
        active.reduce((mask, { x, lane }) => mask | (x > 10 ? 1 << lane : 0), 0),
        (active.every(({ x }) => x > 0) ? 1 : 0) + (active.some(({ x }) => x > 90) ? 2 : 0),
      ]);
      const partner = group[(n % 8) ^ 2];
      if (partner !== undefined && partner & 1) expect(out[8 * n + 7]).toBe(partner);
      return undefined;
    });
  });

  test.each([8, 32, 64])("ballots in warps of %i", (warpSize) => {
    const out = new Uint32Array(240);
    program.run("ballots", [Int32Array.from(values), out], 20, 20, { warpSize });
    values.forEach((v, n) => {
      const first = n - n % warpSize;
      const lane = n - first;
      const group = values.slice(first, first + warpSize);
      const bits = group.map((x) => x & 1);
      const mask = bits.reduce((m, bit, l) => m | bit << l, 0) >>> 0;
      const all = (2 ** group.length - 1) >>> 0;
      const below = 2 ** lane - 1;
      const count = (n1: number): number => bits.slice(0, n1).reduce((a, b) => a + b, 0);
      expect([...out.slice(12 * n, 12 * n + 12)], `work-item ${n}`).toEqual([
        mask, v & 1, mask >> 2 & 1, count(64), count(lane + 1), count(lane), bits.indexOf(1), bits.lastIndexOf(1),
        2 ** lane, (all & ~below) >>> 0, below, all,
      ]);
    });
  });

  test("clusters and rotation", () => {
    const floats = values.slice(0, 16).map((v) => v / 2);
    const out = new Float32Array(96);
    program.run("clusters", [Float32Array.from(floats), out], 16, 16, { warpSize: 8 });
    floats.forEach((v, n) => {
      const first = n - n % 8;
      const lane = n % 8;
      const at = (l: number): number => floats[first + l] ?? v;
      const four = floats.slice(n - n % 4, n - n % 4 + 4);
      expect([...out.slice(6 * n, 6 * n + 6)], `work-item ${n}`).toEqual([
        four.reduce((a, b) => a + b), Math.max(...floats.slice(n - n % 2, n - n % 2 + 2)), at((lane + 3) % 8), four[(n % 4 + 1) % 4],
        lane === 0 ? v : at(lane - 1), lane > 5 ? v : at(lane + 2),
      ]);
    });
  });

  test("atomics of floats, and clocks", () => {
    const f = Float32Array.of(1, 0, 0);
    const d = Float64Array.of(100);
    program.run("float_atomics", [f, d], 16, 8);
    expect([...f, ...d]).toEqual([9, -15, 15, 68]);
    const out = new BigUint64Array(3);
    program.run("clocks", [out], 1);
    expect(out[0]).toBe(12345n);
    expect(out[2]).toBe(12345n);
  });
});

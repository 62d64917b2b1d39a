import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, PtxBench, sample } from "./bench.ts";

/** Votes, shuffles, matches, reductions, barriers, grid synchronisation, fences and special registers as nvcc 13.0 emits them (fixtures/ptx/nvcc/warp.cu). */

const values = Int32Array.from({ length: 64 }, (_, i) => ((i * 37 + 11) % 101) - (i % 7 === 0 ? 60 : 0));
const bits = (lanes: readonly number[], f: (v: number, i: number) => boolean): number => lanes.reduce((m, v, i) => (f(v, i) ? m | (1 << i) : m), 0);

describe.each(engines)("on %s", (_name, compile) => {
  const bench = new PtxBench(sample("warp"), compile);
  const { machine } = bench;

  test("collectives", () => {
    const [out, dout] = [machine.map(64 * 40 * 4), machine.map(64 * 16)];
    bench.launch("warp", packParams(machine.upload(values), out, dout), { block: [64, 1, 1] });
    const got = machine.i32(out, 64 * 40);
    const doubles = machine.f64(dout, 128);
    for (let i = 0; i < 64; i++) {
      const lane = i & 31;
      const warp = [...values.slice(i & 32, (i & 32) + 32)];
      const v = warp[lane]!;
      const at = (from: number): number => warp[from]!;
      const half = warp.filter((_, j) => (j & 1) === (lane & 1));
      const mine = (m: number): number => m & (lane & 1 ? 0xaaaaaaaa : 0x55555555);
      const tile = warp.slice(lane & 24, (lane & 24) + 8);
      const same = new Set(warp).size === 1;
      const expected = [
        Number(warp.every((x) => x > 0)), Number(warp.some((x) => x > 90)), 1, bits(warp, (x) => (x & 1) !== 0),
        at((lane * 3) & 31), at(lane < 3 ? lane : lane - 3), at(lane > 26 ? lane : lane + 5), at(lane ^ 9),
        at((lane & 24) + 2), at((lane & 7) < 2 ? lane : lane - 2), at((lane & 15) > 13 ? lane : lane + 2),
        // Partners outside of the segment of four: own value, unless they lie in front of it.
        (lane ^ 4) > (lane | 3) ? v : at(lane ^ 4),
        bits(warp, (x) => x % 5 === v % 5), same ? -1 : 0, Number(same), -1, 1, bits(warp, (x) => (x & 3) === (v & 3)),
        warp.reduce((x, y) => x + y, 0), Math.min(...warp), Math.max(...warp.map((x) => x >>> 0)) | 0, warp.reduce((x, y) => x & (y | 0xf0), -1), warp.reduce((x, y) => x | y, 0), warp.reduce((x, y) => x ^ y, 0),
        mine(bits(warp, (x) => x > 50)), at(lane & 1), half.reduce((x, y) => x + y, 0),
        (1 << lane) - 1, lane === 31 ? -1 : (2 << lane) - 1, 1 << lane, -1 << lane, lane === 31 ? 0 : -2 << lane, lane, i >> 5, -1,
        lane >= 4 ? 1 : 0, at(lane >= 4 ? lane - 4 : lane), bits(warp, (x) => x > 40), tile.reduce((x, y) => x + y, 0), tile.slice(0, (lane & 7) + 1).reduce((x, y) => x + y, 0),
      ];
      expect([...got.slice(40 * i, 40 * i + 40)].map((x) => x | 0)).toEqual(expected.map((x) => x | 0));
      expect([doubles[2 * i], doubles[2 * i + 1]]).toEqual([at(31 - lane) * 1.5, at(Math.min(lane + 1, 31)) * 2 ** 33]);
    }
  });

  test("coalesced groups of lanes that took a branch", () => {
    const out = machine.map(64 * 16);
    bench.launch("coalesced", packParams(machine.upload(values), out), { block: [64, 1, 1] });
    const got = machine.i32(out, 256);
    for (let i = 0; i < 64; i++) {
      const warp = [...values.slice(i & 32, (i & 32) + 32)];
      const group = warp.filter((x) => x > 50);
      const expected = values[i]! > 50 ? [warp.slice(0, i & 31).filter((x) => x > 50).length, group.length, Math.max(...group), group[0]] : [-1, -1, -1, -1];
      expect([...got.slice(4 * i, 4 * i + 4)]).toEqual(expected);
    }
  });

  test("named barriers, arrival without waiting, barriers that reduce", () => {
    const n = 128;
    const out = machine.map(4 * n * 4);
    bench.launch("barriers", packParams(out), { block: [n, 1, 1] });
    const got = machine.i32(out, 4 * n);
    for (let i = 0; i < n; i++) {
      const h = n / 2;
      expect(got[i]).toBe(i < h ? (i + 1) % h : 2 * (h + ((i + 1 - h) % h)) + (i - h));
      expect([got[n + i], got[2 * n + i], got[3 * n + i]]).toEqual([Math.ceil(n / 3), 3, 40]);
    }
  });

  test("grid synchronisation", () => {
    const [blocks, threads] = [5, 64];
    const n = blocks * threads;
    const [out, sums] = [machine.map(n * 4), machine.map(n * 4 + 4)];
    bench.launch("grid", packParams(out, sums), { grid: [blocks, 1, 1], block: [threads, 1, 1] });
    let [a, b] = [Array.from({ length: n }, (_, i) => i), new Array<number>(n).fill(0)];
    for (let k = 0; k < 3; k++) {
      if (k > 0) a = b.map((_, i) => b[(i + 1) % n]! + k);
      b = a.map((_, i) => a[(i + 5) % n]!);
    }
    expect([...machine.i32(out, n)]).toEqual(a);
    expect([...machine.i32(sums, n + 1)]).toEqual([...b, blocks]);
  });

  test("release and acquire between blocks; fences of every kind", () => {
    const out = machine.map(4 * 200);
    bench.launch("fences", packParams(out), { grid: [2, 1, 1], block: [64, 1, 1] });
    expect([...machine.i32(out, 129)]).toEqual([42, ...Array.from({ length: 128 }, (_, i) => i)]);
  });

  test("special registers", () => {
    const [out, wide] = [machine.map(64 * 24 * 4), machine.map(64 * 24)];
    bench.launch("special", packParams(out, wide), { block: [16, 4, 1], grid: [1, 1, 1], dynamicShared: 48 });
    const got = machine.u32(out, 64 * 24);
    const times = machine.u64(wide, 192);
    for (let i = 0; i < 64; i++) {
      expect([...got.slice(24 * i, 24 * i + 10)]).toEqual([i % 16, i >> 4, 0, 16, 4, 1, 0, 0, 1, 1]);
      expect(got[24 * i + 13]).toBe(48);
      expect(got[24 * i + 14]! >= 48).toBe(true);
      expect(times[3 * i]! > 0n).toBe(true);
      expect(got[24 * i + 19]! > 0).toBe(true);
    }
  });
});

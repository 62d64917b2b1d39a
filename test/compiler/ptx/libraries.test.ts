import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, fixture, PtxBench } from "./bench.ts";

/** Kernels built from CUB and cooperative groups (fixtures/ptx/16_libraries.cu), 128-bit division, bit intrinsics: what library headers compile to. */

const random = (n: number, seed: number): Uint32Array<ArrayBuffer> => {
  let s = seed;
  return Uint32Array.from({ length: n }, () => {
    s = (Math.imul(s, 1664525) + 1013904223) | 0;
    return s >>> 0;
  });
};

describe.each(engines.flatMap(([name, compile]) => (["sm_75", "sm_90"] as const).map((arch) => ({ name, compile, arch }))))("$arch on $name", ({ compile, arch }) => {
  const bench = new PtxBench(fixture(arch, "16_libraries"), compile);
  const { machine } = bench;

  test("block radix sort", () => {
    const keys = random(512, 1);
    const at = machine.upload(keys);
    bench.launch("sort", packParams(at), { block: [128, 1, 1] });
    expect(machine.u32(at, 512)).toEqual(keys.toSorted());
  });

  test("block scan and reduction", () => {
    const values = random(1024, 5).map((x) => x % 100);
    const out = machine.map(4096);
    bench.launch("scan", packParams(machine.upload(values), out), { block: [128, 1, 1], grid: [2, 1, 1] });
    let sum = 0;
    expect(machine.u32(out, 1024)).toEqual(values.map((x, i) => { sum = i === 512 ? x : sum + x; return sum; }));
    const floats = Float32Array.from(values.slice(0, 256));
    const total = machine.map(4);
    bench.launch("red", packParams(machine.upload(floats), total), { block: [256, 1, 1] });
    expect(machine.f32(total, 1)[0]).toBe(floats.reduce((x, y) => x + y, 0));
  });

  test("cooperative groups: asynchronous copy, scan, shuffle, match, labeled partition", () => {
    const values = random(64, 9).map((x) => x % 10);
    const out = machine.map(64 * 16);
    bench.launch("coop", packParams(machine.upload(values), out), { block: [64, 1, 1], dynamicShared: 256 });
    const got = machine.i32(out, 256);
    for (let i = 0; i < 64; i++) {
      const warp = i & 32;
      const lanes = [...values.slice(warp, warp + 32)];
      const sum = lanes.slice(0, i - warp + 1).reduce((x, y) => x + y, 0);
      const same = lanes.reduce((mask, x, j) => ((x & 3) === (values[i]! & 3) ? mask | (1 << j) : mask), 0);
      expect([...got.slice(4 * i, 4 * i + 4)]).toEqual([sum, values[i ^ 3], same, 8]);
    }
  });

  test("128-bit division, remainder, multiplication, shift", () => {
    const halves = random(128, 3);
    const words = BigUint64Array.from({ length: 64 }, (_, i) => (BigInt(halves[2 * i]!) << 32n) | BigInt(halves[2 * i + 1]!));
    // Every other divisor is below 2^64.
    for (let i = 1; i < 8; i += 2) words[8 * i + 5] = 0n;
    const at = machine.upload(words);
    bench.launch("i128", packParams(at), { block: [8, 1, 1] });
    const wide = (from: BigUint64Array, i: number): bigint => from[2 * i]! | (from[2 * i + 1]! << 64n);
    const got = machine.u64(at, 64);
    for (let i = 0; i < 8; i++) {
      const [x, y, z] = [1, 2, 3].map((k) => wide(words, 4 * i + k)) as [bigint, bigint, bigint];
      expect(wide(got, 4 * i)).toBe(BigInt.asUintN(128, x / y + (x % y) * (z >> (z & 127n))));
    }
  });

  test("bit intrinsics", () => {
    const values = random(64, 77);
    const out = machine.map(32 * 48);
    bench.launch("bits", packParams(machine.upload(values), out), { block: [32, 1, 1] });
    const got = machine.u32(out, 32 * 12);
    const u = (v: bigint): number => Number(BigInt.asUintN(32, v));
    const s = (v: bigint): bigint => BigInt.asIntN(32, v);
    const bytes = (f: (j: number) => bigint): number => u([0, 1, 2, 3].reduce((w, j) => w | (f(j) << BigInt(8 * j)), 0n));
    for (let i = 0; i < 32; i++) {
      const [x, y] = [BigInt(values[i]!), BigInt(values[i + 32]!)];
      const byte = (v: bigint, j: number): bigint => (v >> BigInt(8 * j)) & 255n;
      const distance = (j: number): bigint => (byte(x, j) > byte(y, j) ? byte(x, j) - byte(y, j) : byte(y, j) - byte(x, j));
      const both = (y << 32n) | x;
      const turned = (x << 32n) | y;
      const set = Array.from({ length: 32 }, (_, j) => j).filter((j) => ((x >> BigInt(j)) & 1n) === 1n);
      const first = Array.from({ length: 64 }, (_, j) => j).find((j) => ((turned >> BigInt(j)) & 1n) === 1n)!;
      expect([...got.slice(12 * i, 12 * i + 12)]).toEqual([
        u(both >> (x > 32n ? 32n : x)), u((x + y) >> 1n), u((x + y + 1n) >> 1n), u((s(x) + s(y) + 1n) >> 1n), bytes(distance), set[2], bytes((j) => byte(both, Number((x >> BigInt(4 * j)) & 7n))),
        u(BigInt.asIntN(24, x) * BigInt.asIntN(24, y)), first + 1, u((turned * both) >> 64n), bytes((j) => (byte(x, j) > byte(y, j) ? 255n : 0n)), Number([0, 1, 2, 3].reduce((sum, j) => sum + distance(j), 0n)),
      ]);
    }
  });
});

import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, fixture, PtxBench } from "./bench.ts";

/** Compiled mathematics: double-precision functions that nvcc inlines, single precision, integers, half precision. */

/** Values of erf and tgamma at the test points (from tables). */
const erf: Record<number, number> = { 0.5: 0.5204998778130465, 1: 0.8427007929497149, 2: 0.9953222650189527, 3: 0.9999779095030014 };
const gamma: Record<number, number> = { 0.5: 1.772453850905516, 1: 1, 2: 1, 3: 2 };
const rint = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

describe.each(engines.flatMap(([name, compile]) => (["sm_75", "sm_90"] as const).map((arch) => ({ name, compile, arch }))))("$arch on $name", ({ compile, arch }) => {
  const bench = new PtxBench(fixture(arch, "11_dmath"), compile);
  const { machine } = bench;

  test("double precision, and a large argument that takes the slow reduction", () => {
    const xs = Float64Array.of(0.5, 1, 2, 3);
    const out = machine.map(xs.length * 8);
    bench.launch("dm", packParams(machine.upload(xs), out), { block: [xs.length, 1, 1] });
    const got = machine.f64(out, xs.length);
    xs.forEach((x, i) => {
      const expected = Math.sin(x) + Math.exp(x) + x ** 1.7 + Math.log(x) + Math.sqrt(x) + 1 / x + Math.cbrt(x) + erf[x]! + (x * x + 1) + (x + 1) + x / 3 + Math.floor(x) + rint(x) + (x % 2.5) + gamma[x]!;
      expect(Math.abs(got[i]! / expected - 1), `${x}`).toBeLessThan(1e-14);
    });
    const large = machine.upload(Float64Array.of(1e10));
    bench.launch("dm", packParams(large, out));
    // exp and tgamma overflow there: only that nothing faults on the way through the table-driven reduction.
    expect(machine.f64(out, 1)[0]).toBe(Infinity);
  });

  test("single precision", () => {
    const xs = Float32Array.of(0.25, 0.5, 0.75, 1.5);
    const out = machine.map(xs.length * 4);
    bench.launch("fm", packParams(machine.upload(xs), out), { block: [xs.length, 1, 1] });
    const got = machine.f32(out, xs.length);
    xs.forEach((x, i) => {
      const expected = Math.sin(x) + Math.exp(x) + x ** 1.7 + Math.log(x) + Math.sqrt(x) + x / 3.7 + Math.tanh(x) + Math.sin(x) + Math.exp(x) + x / 2 + 1 / x + Math.min(x, 0) - x + Math.trunc(x) + Math.trunc(x)
        + Math.sqrt(x) + Math.min(1, x) + x + Math.log2(x) + 2 ** x;
      expect(Math.abs(got[i]! - expected), `${x}`).toBeLessThan(2e-5);
    });
  });

  test("integers: exact", () => {
    const xs = Int32Array.of(0, 1, -1, 77, 123456789, -987654321, 2147483647, -2147483648);
    const out = machine.map(xs.length * 8);
    bench.launch("im", packParams(machine.upload(xs), out), { block: [xs.length, 1, 1] });
    const got = machine.u64(out, xs.length);
    const s32 = (v: bigint): bigint => BigInt.asIntN(32, v);
    const u32 = (v: bigint): bigint => BigInt.asUintN(32, v);
    const low24 = (v: bigint): bigint => BigInt.asIntN(24, v);
    const view = new DataView(new ArrayBuffer(8));
    xs.forEach((a, i) => {
      const x = BigInt(a);
      const abs = x < 0n ? s32(-x) : x;
      const byte = (v: bigint, k: bigint): bigint => BigInt.asIntN(8, v >> (8n * k));
      const dp4a = [0n, 1n, 2n, 3n].reduce((s, k) => s + byte(x, k) * byte(5n, k), 6n);
      const vadd4 = [0n, 1n, 2n, 3n].reduce((s, k) => s | ((((u32(x) >> (8n * k)) + (7n >> (8n * k))) & 255n) << (8n * k)), 0n);
      const d = x - 3n;
      view.setInt32(0, a);
      const f = view.getFloat32(0);
      const rz = Number.isNaN(f) ? 0n : f >= 2 ** 63 ? 2n ** 63n - 1n : f <= -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(f));
      const bits = BigInt.asUintN(64, x).toString(2);
      const popc = bits.replaceAll("0", "").length;
      const clz = x === 0n ? 64 : 64 - bits.length;
      const usad = BigInt(Math.abs(1 - i) + 3);
      // Every term with the type the C++ source gives it; sums wrap at 64 bits.
      const sum = x / 7n + x % 13n + s32((x * 77n) >> 32n) + ((x * 99n) >> 64n) + u32((d < 0n ? -d : d) + 4n) + s32(dp4a) + (x >> 3n) + u32(x) / 9n + s32(low24(x) * 3n) + abs + (x < 4n ? x : 4n) + u32(vadd4)
        + usad + rz + BigInt(popc + clz) + s32((x & 255n) * (BigInt.asUintN(16, x)));
      const expected = BigInt.asUintN(64, sum + ((x * x) >> 64n));
      expect(got[i]!.toString(16), `${a}`).toBe(expected.toString(16));
    });
  });

  test("half precision and bfloat16", () => {
    const halfBench = new PtxBench(fixture(arch, "10_half_bf16"), compile);
    const m = halfBench.machine;
    // a = 0.5, 1.5; b pairs (1, 1), (2, 1); c (bf16) = 1, 2.
    const a = m.upload(Uint16Array.of(0x3800, 0x3e00));
    const b = m.upload(Uint16Array.of(0x3c00, 0x3c00, 0x4000, 0x3c00));
    const c = m.upload(Uint16Array.of(0x3f80, 0x4000));
    const o = m.map(8);
    halfBench.launch("h", packParams(a, b, c, o, 2), { block: [1, 1, 1] });
    // y = fma(.5, .5, .5) = 0.75; o = y + 1 + sqrt(.5) + exp(.5) in halves.
    const [root, power] = [0.70703125, 1.6484375];
    const first = Math.fround(0.75 + 1 + root + power);
    const got = m.f32(o, 1)[0]!;
    expect(Math.abs(got - (first + 0 + 1 + 0.75))).toBeLessThan(2e-3);
    expect([...new Uint16Array(m.read(b, 4).buffer)]).toEqual([0x3800, 0x3a00]);
    const bf = new DataView(new ArrayBuffer(4));
    bf.setUint16(0, new Uint16Array(m.read(c, 2).buffer)[0]!);
    // c = bf16(o) * 1 + c[0], each rounded to 8 bits.
    expect(Math.abs(bf.getFloat32(0) - (first + 1))).toBeLessThan(0.05);
    const codes = m.upload(Uint8Array.from({ length: 32 }, (_, i) => 8 * i));
    const f8 = m.map(128);
    halfBench.launch("f8", packParams(codes, f8), { block: [15, 1, 1] });
    const e4m3 = (v: number): number => ((v & 0x78) === 0 ? (v & 7) * 2 ** -9 : (8 + (v & 7)) * 2 ** (((v & 0x78) >> 3) - 10));
    const values = m.f32(f8, 15);
    // Values with an empty mantissa survive the second format unchanged (while it reaches), so they double.
    values.forEach((v, i) => expect(v).toBe(2 * e4m3(8 * i)));
  });
});

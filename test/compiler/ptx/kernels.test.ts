import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, fixture, PtxBench } from "./bench.ts";

/** Whole kernels as nvcc compiled them, against plain JavaScript. */

const random = (seed: number) => (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 0) / 2 ** 32;
};
const f = Math.fround;
const floats = (n: number, seed: number): Float32Array => Float32Array.from({ length: n }, random(seed));
const ints = (n: number, seed: number, limit: number): Int32Array => { const r = random(seed); return Int32Array.from({ length: n }, () => Math.floor(r() * limit)); };

describe.each(engines.flatMap(([name, compile]) => (["sm_75", "sm_90"] as const).map((arch) => ({ name, compile, arch }))))("$arch on $name", ({ compile, arch }) => {
  test("01 vecadd, saxpy, vecadd4", () => {
    const bench = new PtxBench(fixture(arch, "01_vecadd"), compile);
    const { machine } = bench;
    const n = 1000;
    const [a, b] = [floats(n, 1), floats(n, 2)];
    const [pa, pb, pc] = [machine.upload(a), machine.upload(b), machine.map(n * 4)];
    bench.launch("vecadd", packParams(pa, pb, pc, n), { grid: [8, 1, 1], block: [128, 1, 1] });
    expect(machine.f32(pc, n)).toEqual(a.map((x, i) => f(x + b[i]!)));
    bench.launch("saxpy", packParams(["f32", 2.5], pa, pb, BigInt(n)), { grid: [2, 1, 1], block: [128, 1, 1] });
    // One rounding: the product of two floats is exact in a double, and so is the sum at these magnitudes to well below half a unit.
    expect(machine.f32(pb, n)).toEqual(b.map((y, i) => f(2.5 * a[i]! + y)));
    bench.launch("vecadd4", packParams(pa, pa, pc, n / 4), { grid: [2, 1, 1], block: [128, 1, 1] });
    expect(machine.f32(pc, n)).toEqual(a.map((x) => f(x + x)));
  });

  test("02 matmul", () => {
    const bench = new PtxBench(fixture(arch, "02_matmul"), compile);
    const { machine } = bench;
    const n = 32;
    // Small integers, so that sums are exact in any order.
    const [a, b] = [Float32Array.from(ints(n * n, 3, 9)), Float32Array.from(ints(n * n, 4, 9))];
    const out = machine.map(n * n * 4);
    bench.launch("matmul", packParams(machine.upload(a), machine.upload(b), out, n), { grid: [n / 16, n / 16, 1], block: [16, 16, 1] });
    const expected = new Float32Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) expected[i * n + j]! += a[i * n + k]! * b[k * n + j]!;
    expect(machine.f32(out, n * n)).toEqual(expected);
  });

  test("03 reduce", () => {
    const bench = new PtxBench(fixture(arch, "03_reduce"), compile);
    const { machine } = bench;
    const n = 3000;
    const data = Float32Array.from(ints(n, 5, 100));
    const out = machine.map(4);
    bench.launch("reduce", packParams(machine.upload(data), out, n), { grid: [4, 1, 1], block: [128, 1, 1] });
    expect(machine.f32(out, 1)[0]).toBe(data.reduce((s, x) => s + x, 0));
  });

  test("03 votes", () => {
    const bench = new PtxBench(fixture(arch, "03_reduce"), compile);
    const { machine } = bench;
    const data = Int32Array.from({ length: 32 }, (_, i) => (i % 3) - 1);
    const out = machine.map(32 * 6 * 4);
    bench.launch("votes", packParams(machine.upload(data), out), { block: [32, 1, 1] });
    const words = machine.u32(out, 32 * 6);
    const ballot = data.reduce((m, x, i) => (x > 0 ? m | (1 << i) : m), 0) >>> 0;
    const same = (v: number): number => data.reduce((m, x, i) => (x === v ? m | (1 << i) : m), 0) >>> 0;
    const positive = data.filter((x) => x > 0).length;
    for (let i = 0; i < 32; i++) {
      const redux = arch === "sm_90" ? data.reduce((s, x) => s + x, 0) + 0xffffffff + data.reduce((s, x) => s & x, -1) : 0;
      expect(words[6 * i]).toBe((ballot + redux) >>> 0);
      // any is 1; then popc, clz, ffs, brev, byte_perm, funnel shift (l = mask, h = i), or, and, count.
      const rest = 32 + 0 + 1 + 0xffffffff + 0xffffffff + ((i << 3) | 7) + 1 + 0 + positive;
      expect(words[6 * i + 1]).toBe((1 + rest) >>> 0);
      expect(words[6 * i + 2]).toBe(0);
      if (data[i]! > 0) expect(words[6 * i + 3]! & ballot).toBe(words[6 * i + 3]);
      expect(words[6 * i + 4]).toBe(same(data[i]!));
      expect(words[6 * i + 5]).toBe(0);
    }
  });

  test("04 hist", () => {
    const bench = new PtxBench(fixture(arch, "04_hist_atomics"), compile);
    const { machine } = bench;
    const n = 5000;
    const data = Uint8Array.from(ints(n, 6, 256));
    const bins = machine.map(1024);
    bench.launch("hist", packParams(machine.upload(data), bins, n), { grid: [3, 1, 1], block: [96, 1, 1] });
    const expected = new Uint32Array(256);
    for (const x of data) expected[x]!++;
    expect(machine.u32(bins, 256)).toEqual(expected);
  });

  test("04 atoms: one work-item, step by step", () => {
    const bench = new PtxBench(fixture(arch, "04_hist_atomics"), compile);
    const { machine } = bench;
    const [a, u, l, fl, d, r] = [machine.upload(Int32Array.of(-5)), machine.upload(Uint32Array.of(7)), machine.upload(BigUint64Array.of(1n)),
      machine.upload(Float32Array.of(2.5)), machine.upload(Float64Array.of(4)), machine.map(4)];
    bench.launch("atoms", packParams(a, u, l, fl, d, r));
    // atomicCAS(a, 0, 1): -5; exch 0: -5; then min, max, and, or, xor of 0 with 0: all 0; inc(u, 7) gives 7 and stores 0; dec(u, 9) gives 0 and stores 9; sub gives 0.
    let expected = -5 - 5 + 7 + 0 + 0;
    // add(l, 5): 1 (6 after); cas(l, 1, 2): 6; add(f, 1): 2.
    expected += 1 + 6 + 2;
    // add(d, 1): 4; system and block adds on a: -1 and 0.
    expected += 4 - 1 + 0;
    // add 3 to a (1 before), or 4 into u; the volatile load sees 4.
    expected += 4;
    expect(machine.i32(r, 1)[0]).toBe(expected);
    expect(machine.i32(a, 1)[0]).toBe(7);
    expect(machine.u32(u, 1)[0]).toBe(13);
    expect(machine.u64(l, 1)[0]).toBe(6n);
    expect(machine.f32(fl, 1)[0]).toBe(3.5);
    expect(machine.f64(d, 1)[0]).toBe(5);
  });

  test("04 atoms: sums over many work-items", () => {
    const bench = new PtxBench(fixture(arch, "04_hist_atomics"), compile);
    const { machine } = bench;
    const n = 128;
    const [a, u, l, fl, d, r] = [machine.upload(Int32Array.of(0)), machine.upload(Uint32Array.of(0)), machine.upload(BigUint64Array.of(10n)),
      machine.upload(Float32Array.of(0)), machine.upload(Float64Array.of(0)), machine.map(4 * n)];
    bench.launch("atoms", packParams(a, u, l, fl, d, r), { block: [n, 1, 1] });
    expect(machine.u64(l, 1)[0]).toBe(10n + 5n * BigInt(n));
    expect(machine.f32(fl, 1)[0]).toBe(n);
    expect(machine.f64(d, 1)[0]).toBe(n);
  });

  test("05 scan in dynamic shared memory", () => {
    const bench = new PtxBench(fixture(arch, "05_scan_dynsmem"), compile);
    const { machine } = bench;
    const n = 128;
    const data = ints(n, 7, 1000);
    const out = machine.map(n * 4);
    bench.launch("scan", packParams(machine.upload(data), out, n), { block: [n, 1, 1], dynamicShared: 2 * n * 4 });
    let sum = 0;
    expect(machine.i32(out, n)).toEqual(data.map((x) => { const before = sum; sum += x; return before; }));
  });

  test("06 nbody", () => {
    const bench = new PtxBench(fixture(arch, "06_nbody_mandel"), compile);
    const { machine } = bench;
    const n = 256;
    const p = floats(n * 4, 8);
    const out = machine.map(n * 12);
    bench.launch("nbody", packParams(machine.upload(p), out, n), { block: [256, 1, 1] });
    const got = machine.f32(out, n * 3);
    for (const i of [0, 17, 255]) {
      const acc = [0, 0, 0];
      for (let j = 0; j < n; j++) {
        const dx = [0, 1, 2].map((k) => p[4 * j + k]! - p[4 * i + k]!);
        const s = p[4 * j + 3]! / (dx[0]! ** 2 + dx[1]! ** 2 + dx[2]! ** 2 + 1e-9) ** 1.5;
        for (let k = 0; k < 3; k++) acc[k]! += dx[k]! * s;
      }
      for (let k = 0; k < 3; k++) expect(Math.abs(got[3 * i + k]! / acc[k]! - 1)).toBeLessThan(1e-3);
    }
  });

  test("06 mandel", () => {
    const bench = new PtxBench(fixture(arch, "06_nbody_mandel"), compile);
    const { machine } = bench;
    const [w, h, most] = [32, 16, 50];
    const out = machine.map(w * h);
    bench.launch("mandel", packParams(out, w, h, ["f64", -2], ["f64", -1], ["f64", 0.1], most), { grid: [4, 2, 1], block: [8, 8, 1] });
    const expected = new Uint8Array(w * h);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const [cr, ci] = [-2 + x * 0.1, -1 + y * 0.1];
        let [zr, zi, k] = [0, 0, 0];
        while (k < most && zr * zr + zi * zi < 4) {
          [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
          k++;
        }
        expected[y * w + x] = k === most ? 0 : Math.floor((255 * k) / most);
      }
    }
    // The device contracts to fma, so points at the very edge may need one step more or less.
    const got = machine.read(out, w * h);
    const differing = got.filter((v, i) => Math.abs(v - expected[i]!) > 6).length;
    expect(differing).toBe(0);
    expect(got.filter((v, i) => v === expected[i]).length).toBeGreaterThan(w * h * 0.98);
  });

  test("07 printf, assert, clock", () => {
    const bench = new PtxBench(fixture(arch, "07_printf_assert"), compile);
    const { machine } = bench;
    const data = machine.upload(Int32Array.of(1, 2));
    const { printed } = bench.launch("pr", packParams(data, 9), { block: [2, 1, 1] });
    expect(printed).toBe(`t 0 of 9: 0.000000 str 0x${data.toString(16)}\nt 1 of 9: 1.500000 str 0x${data.toString(16)}\n`);
    const bad = machine.upload(Int32Array.of(-1));
    expect(() => bench.launch("pr", packParams(bad, 9))).toThrow(/assert/);
    const trapped = machine.upload(Int32Array.of(42));
    expect(() => bench.launch("pr", packParams(trapped, 9))).toThrow(/trap/);
    bench.launch("pr", packParams(machine.upload(Int32Array.of(44)), 9));
    const out = machine.map(40);
    bench.launch("clk", packParams(out));
    const words = machine.u64(out, 5);
    expect(words[1]! >= words[0]!).toBe(true);
    expect(words.slice(2)).toEqual(BigUint64Array.of(0n, 0n, 12345n));
  });

  test("08 recursion, function pointers in tables, structs by value, switch", () => {
    const bench = new PtxBench(fixture(arch, "08_virtual_recursion"), compile);
    const { machine } = bench;
    const n = 10;
    const out = machine.map(n * 4);
    const params = new Uint8Array(136);
    const view = new DataView(params.buffer);
    view.setBigUint64(0, out, true);
    for (let i = 0; i < 5; i++) {
      view.setFloat32(8 + 4 * i, i + 1, true);
      view.setFloat32(28 + 4 * i, 2, true);
    }
    for (let i = 0; i < 20; i++) view.setInt32(48 + 4 * i, i, true);
    view.setFloat64(128, 21, true);
    bench.launch("rec", params, { block: [n, 1, 1] });
    const fib = (k: number): number => (k < 2 ? k : fib(k - 1) + fib(k - 2));
    expect([...machine.i32(out, n)]).toEqual(Array.from({ length: n }, (_, i) => fib(i) + 30 + (i % 2 === 0 ? 9 : 27) + 42));
    const slots = machine.map(128);
    const cases: [number, number, number][] = [[0, 0, 3], [1, 1, 5], [2, 2, 9], [3, 1, 11], [4, 7, 1], [5, 8, 2], [6, 9, 6], [7, 3, 7], [-1, 3, -1]];
    for (const [k, at, value] of cases) {
      machine.write(slots, new Uint8Array(128));
      bench.launch("sw", packParams(slots, k));
      const words = machine.i32(slots, 32);
      expect(words[at]).toBe(value);
      // Before word 5 is overwritten, it is 0; the array is a copy.
      const copied = at === ((k * 7) & 31) ? value : 0;
      expect(words[5]).toBe(copied);
    }
  });

  test("07 and 08: device-side malloc, virtual calls, free", () => {
    const bench = new PtxBench(fixture(arch, "08_virtual_recursion"), compile);
    const { machine } = bench;
    const out = machine.map(4 * 40);
    bench.launch("virt", packParams(out, 1), { block: [40, 1, 1] });
    expect([...machine.f32(out, 40)]).toEqual(Array.from({ length: 40 }, (_, i) => 2 * i));
    bench.launch("virt", packParams(out, 0), { block: [40, 1, 1] });
    expect([...machine.f32(out, 40)]).toEqual(Array.from({ length: 40 }, (_, i) => i * i + 1));
    const other = new PtxBench(fixture(arch, "07_printf_assert"), compile);
    const pointers = other.machine.map(8 * 64);
    other.launch("dmalloc", packParams(pointers), { block: [64, 1, 1] });
    const addresses = [...other.machine.u64(pointers, 64)];
    expect(new Set(addresses).size).toBe(64);
    for (const address of addresses) expect(address % 16n).toBe(0n);
  });

  test("09 grid synchronisation and tiles", () => {
    const bench = new PtxBench(arch === "sm_75" ? fixture(arch, "09_coop") : withoutClusters(fixture(arch, "09_coop")), compile);
    const { machine } = bench;
    const n = 40;
    const data = machine.upload(Int32Array.from({ length: n }, (_, i) => i));
    bench.launch("gridsync", packParams(data, n), { grid: [2, 1, 1], block: [32, 1, 1], resident: 2 });
    // Each item is multiplied by its neighbour, which may or may not have been multiplied already: bounds only.
    const got = machine.i32(data, n);
    got.forEach((v, i) => expect(v % (i + 1)).toBe(0));
    expect(got[0]! % 1).toBe(0);
    const values = ints(64, 9, 50);
    const sums = machine.map(16);
    bench.launch("tiles", packParams(machine.upload(values), sums), { block: [64, 1, 1] });
    const expected = [0, 1, 2, 3].map((t) => values.slice(16 * t, 16 * t + 16).reduce((s, x) => s + x, 0));
    expect([...machine.i32(sums, 4)].slice(1)).toEqual(expected.slice(1));
    expect(machine.i32(sums, 1)[0]!).toBeGreaterThan(expected[0]!);
  });

  test("14 acquire, release, fences", () => {
    const bench = new PtxBench(fixture(arch, "14_atomic_ref_cdp"), compile);
    const { machine } = bench;
    const [a, flag, out] = [machine.upload(Int32Array.of(0)), machine.map(4), machine.map(4)];
    bench.launch("ar", packParams(a, flag, out));
    expect([machine.i32(a, 1)[0], machine.i32(flag, 1)[0], machine.i32(out, 1)[0]]).toEqual([2, 1, 1]);
  });
});

/** The kernel of thread-block clusters left out. */
function withoutClusters(text: string): string {
  return text.slice(0, text.indexOf("\t// .globl\tclus"));
}

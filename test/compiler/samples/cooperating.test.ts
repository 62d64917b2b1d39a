import { afterAll, describe, expect, test } from "vitest";
import { architectures, ints, SampleHost, sampleText, type Shape } from "./host.ts";

/** Samples whose work-items work together (warps, shared memory, atomics, barriers, the grid), through the driver API, against plain JavaScript. */

const WARP: readonly number[] = Array.from({ length: 32 }, (_, i) => i);

describe.each(architectures)("$arch on $gpu", ({ arch, gpu }) => {
  const open: SampleHost[] = [];
  const load = (name: string, change: (text: string) => string = (text) => text): SampleHost => {
    const host = new SampleHost(gpu, change(sampleText(arch, name)));
    open.push(host);
    return host;
  };
  afterAll(() => open.forEach((host) => host.close()));

  test("03 reduce, votes", () => {
    const host = load("03_reduce");
    const n = 20_000;
    const data = Float32Array.from(ints(n, 5, 100));
    const total = host.buffer(4);
    host.launch("reduce", { grid: [7], block: [160] }, host.buffer(data), total, n);
    expect(host.read(total, new Float32Array(1))[0]).toBe(data.reduce((s, x) => s + x, 0));
    const values = Int32Array.from(WARP, (i) => (i % 3) - 1);
    const out = host.buffer(32 * 24);
    host.launch("votes", { block: [32] }, host.buffer(values), out);
    const words = host.read(out, new Uint32Array(32 * 6));
    const where = (test: (x: number) => boolean): number => values.reduce((mask, x, i) => (test(x) ? mask | (1 << i) : mask), 0) >>> 0;
    const positive = values.filter((x) => x > 0).length;
    const ballot = where((x) => x > 0);
    const reduced = arch === "sm_90" ? values.reduce((s, x) => s + x, 0) + 0xffffffff + values.reduce((s, x) => s & x, -1) : 0;
    for (const i of WARP) {
      // any; then popc, clz, ffs, brev, byte_perm, funnel shift of a full mask, or, and, count.
      const second = 1 + 32 + 0 + 1 + 0xffffffff + 0xffffffff + ((i << 3) | 7) + 1 + 0 + positive;
      expect([...words.slice(6 * i, 6 * i + 3), ...words.slice(6 * i + 4, 6 * i + 6)])
        .toEqual([(ballot + reduced) >>> 0, second >>> 0, 0, where((x) => x === values[i]), 0]);
      if (values[i]! > 0) expect(words[6 * i + 3]! & ~ballot).toBe(0);
    }
  });

  test("04 hist, atoms", () => {
    const host = load("04_hist_atomics");
    const n = 30_000;
    const data = Uint8Array.from(ints(n, 6, 256));
    const bins = host.buffer(1024);
    host.launch("hist", { grid: [9], block: [96] }, host.buffer(data), bins, n);
    const expected = new Uint32Array(256);
    for (const x of data) expected[x]!++;
    expect(host.read(bins, new Uint32Array(256))).toEqual(expected);
    const cells = (): number[] => [Int32Array.of(-5), Uint32Array.of(7), BigUint64Array.of(10n), Float32Array.of(2.5), Float64Array.of(4)].map((cell) => host.buffer(cell));
    const [a, u, l, fl, d] = cells() as [number, number, number, number, number];
    const result = host.buffer(4);
    host.launch("atoms", { block: [1] }, a, u, l, fl, d, result);
    // cas -5, exch -5, min max and or xor 0, inc 7, dec 0, sub 0; 10 (15 after), 15, 2.5 cut to 2; 4, -1, 0; then 4 seen.
    expect(host.read(result, new Int32Array(1))[0]).toBe(-5 - 5 + 7 + 10 + 15 + 2 + 4 - 1 + 0 + 4);
    expect([host.read(a, new Int32Array(1))[0], host.read(u, new Uint32Array(1))[0]]).toEqual([7, 9 | 4]);
    const many = cells() as [number, number, number, number, number];
    host.launch("atoms", { grid: [3], block: [128] }, ...many, host.buffer(512));
    expect([host.read(many[2], new BigUint64Array(1))[0], host.read(many[3], new Float32Array(1))[0], host.read(many[4], new Float64Array(1))[0]]).toEqual([10n + 5n * 384n, 386.5, 388]);
  });

  test("05 scan in dynamic shared memory, with and without room", () => {
    const host = load("05_scan_dynsmem");
    for (const n of [128, 1000]) {
      const data = ints(n, 7, 1000);
      const out = host.buffer(4 * n);
      host.launch("scan", { block: [n], shared: 8 * n }, host.buffer(data), out, n);
      let sum = 0;
      expect(host.read(out, new Int32Array(n))).toEqual(data.map((x) => { const before = sum; sum += x; return before; }));
    }
    expect(host.failure("scan", { block: [128] }, host.buffer(512), host.buffer(512), 128)).toBe(700);
  });

  test("09 synchronisation of the grid, tiles", () => {
    // The last kernel for sm_90 wants clusters of two blocks, which the front end refuses.
    const host = load("09_coop", (text) => (text.includes("\tclus\n") ? text.slice(0, text.indexOf("\t// .globl\tclus")) : text));
    const n = 5000;
    const data = host.buffer(Int32Array.from({ length: n }, (_, i) => (i % 2 === 0 ? i : -1)));
    const shape: Shape = { grid: [16], block: [64], cooperative: true };
    // After the first phase odd elements are 0: an element times its neighbour is 0 whether the neighbour was multiplied already or not. Without the barrier some would not be.
    host.launch("gridsync", shape, data, n);
    expect(host.read(data, new Int32Array(n)).findIndex((x) => x !== 0)).toBe(-1);
    const ones = host.buffer(Int32Array.from({ length: n }, () => 1));
    for (let i = 0; i < 3; i++) host.launch("gridsync", { grid: [1], block: [1], cooperative: true }, ones, 1);
    expect(host.read(ones, new Int32Array(1))[0]).toBe(((2 * 2 + 1) ** 2 + 1) ** 2);
    const values = ints(64, 9, 50);
    const sums = host.buffer(16);
    host.launch("tiles", { block: [64] }, host.buffer(values), sums);
    const expected = [0, 1, 2, 3].map((t) => values.slice(16 * t, 16 * t + 16).reduce((s, x) => s + x, 0));
    const got = [...host.read(sums, new Int32Array(4))];
    expect(got.slice(1)).toEqual(expected.slice(1));
    expect(got[0]).toBeGreaterThan(expected[0]!);
  });

  test("13 matrices, asynchronous copies, barriers", () => {
    const host = load("13_wmma_async");
    // Halves of 0 to 7: a small integer's exponent and mantissa.
    const half = (x: number): number => (x === 0 ? 0 : ((15 + Math.floor(Math.log2(x))) << 10) | ((x / 2 ** Math.floor(Math.log2(x)) - 1) * 1024));
    const [a, b] = [ints(256, 1, 8), ints(256, 2, 8)];
    const c = host.buffer(1024);
    host.launch("wm", { block: [32] }, host.buffer(Uint16Array.from(a, half)), host.buffer(Uint16Array.from(b, half)), c);
    const product = Float32Array.from({ length: 256 }, (_, at) => {
      let sum = 0;
      for (let k = 0; k < 16; k++) sum += a[16 * (at >> 4) + k]! * b[16 * (at & 15) + k]!;
      return sum;
    });
    expect(host.read(c, new Float32Array(256))).toEqual(product);
    if (arch === "sm_90") {
      // All lanes hold the same registers: rows 0 to 7 consist of a0 and a2, rows 8 to 15 of a1 and a3, columns of b0 and b1.
      const small = ints(12, 3, 8);
      host.launch("mm", { block: [32] }, host.buffer(Uint16Array.from(small, half)), c);
      const dot = (x: number, y: number): number => small[2 * x]! * small[2 * y]! + small[2 * x + 1]! * small[2 * y + 1]!;
      const rows = 2 * 4 * (dot(0, 4) + dot(2, 5)) + 2 * 4 * (dot(1, 4) + dot(3, 5));
      expect([...new Set(host.read(c, new Float32Array(32)))]).toEqual([rows]);
    }
    const data = Uint32Array.from({ length: 512 }, (_, i) => 3 * i);
    const turned = host.buffer(2048);
    host.launch("cpa", { block: [128] }, host.buffer(data), turned);
    expect(host.read(turned, new Uint32Array(512))).toEqual(data.map((_, i) => 3 * (4 * (127 - (i >> 2)) + (i & 3))));
    const out = host.buffer(4 * 96);
    host.launch("bar", { block: [96] }, out);
    // Each item arrives, stores 1, waits for the arrivals and adds what its neighbour holds: nothing yet, 1, or more. Nobody is left waiting.
    for (const x of host.read(out, new Int32Array(96))) expect(x).toBeGreaterThanOrEqual(1);
  });

  test("14 acquire, release, fences", () => {
    const host = load("14_atomic_ref_cdp");
    const [a, flag, out] = [host.buffer(4), host.buffer(4), host.buffer(4)];
    host.launch("ar", {}, a, flag, out);
    expect([a, flag, out].map((at) => host.read(at, new Int32Array(1))[0])).toEqual([2, 1, 1]);
    host.launch("ar", { grid: [5], block: [64] }, a, flag, out);
    expect(host.read(a, new Int32Array(1))[0]).toBe(322);
  });

  test("15 kernels that launch kernels: refused when the parent is loaded or launched, with a reason", () => {
    const text = sampleText(arch, "15_cdp");
    let reason = "";
    try {
      const host = load("15_cdp");
      expect(host.failure("parent", { block: [32] }, host.buffer(128))).not.toBe(0);
      reason = host.machine.diagnostics().map(({ message }) => message).join("\n");
    } catch (error) {
      reason = String(error);
    }
    expect(text).toContain("__cudaCDP2LaunchDeviceV2");
    expect(reason).toMatch(/__cudaCDP2/);
  });

  test("16 block primitives of a library", () => {
    const host = load("16_libraries");
    const values = Uint32Array.from(ints(1024, 5, 100));
    const out = host.buffer(4096);
    host.launch("scan", { grid: [2], block: [128] }, host.buffer(values), out);
    let sum = 0;
    expect(host.read(out, new Uint32Array(1024))).toEqual(values.map((x, i) => (sum = i === 512 ? x : sum + x)));
    const keys = Uint32Array.from(ints(512, 8, 2 ** 31 - 1));
    const sorted = host.buffer(keys);
    host.launch("sort", { block: [128] }, sorted);
    expect(host.read(sorted, new Uint32Array(512))).toEqual(keys.toSorted());
    const total = host.buffer(4);
    host.launch("red", { block: [256] }, host.buffer(Float32Array.from(values.slice(0, 256))), total);
    expect(host.read(total, new Float32Array(1))[0]).toBe(values.slice(0, 256).reduce((x, y) => x + y, 0));
    const few = Int32Array.from(values.slice(0, 64), (x) => x % 10);
    const groups = host.buffer(1024);
    host.launch("coop", { block: [64], shared: 256 }, host.buffer(few), groups);
    const got = host.read(groups, new Int32Array(256));
    few.forEach((x, i) => {
      const lanes = [...few.slice(i & 32, (i & 32) + 32)];
      const same = lanes.reduce((mask, y, j) => ((y & 3) === (x & 3) ? mask | (1 << j) : mask), 0);
      expect([...got.slice(4 * i, 4 * i + 4)]).toEqual([lanes.slice(0, (i & 31) + 1).reduce((s, y) => s + y, 0), few[i ^ 3], same, 8]);
    });
  });
});

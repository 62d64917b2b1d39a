import { afterAll, describe, expect, test } from "vitest";
import { architectures, floats, ints, SampleHost, sampleText } from "./host.ts";

/** Samples that stream and compute, loaded and launched through the driver API, against plain JavaScript. */

const f = Math.fround;

describe.each(architectures)("$arch on $gpu", ({ arch, gpu }) => {
  const open: SampleHost[] = [];
  const load = (name: string): SampleHost => {
    const host = new SampleHost(gpu, sampleText(arch, name));
    open.push(host);
    return host;
  };
  afterAll(() => open.forEach((host) => host.close()));

  test("01 vecadd, saxpy, vecadd4", () => {
    const host = load("01_vecadd");
    const n = 10_000;
    const [a, b] = [floats(n, 1), floats(n, 2)];
    const [pa, pb, pc] = [host.buffer(a), host.buffer(b), host.buffer(4 * n)];
    host.launch("vecadd", { grid: [Math.ceil(n / 256)], block: [256] }, pa, pb, pc, n);
    expect(host.read(pc, new Float32Array(n))).toEqual(a.map((x, i) => f(x + b[i]!)));
    // One rounding: the product of two floats is exact in a double, and the sum's error there is far below half a unit of a float.
    host.launch("saxpy", { grid: [6], block: [128] }, 2.5, pa, pb, n);
    expect(host.read(pb, new Float32Array(n))).toEqual(b.map((y, i) => f(2.5 * a[i]! + y)));
    host.launch("vecadd4", { grid: [20], block: [128] }, pa, pa, pc, n / 4);
    expect(host.read(pc, new Float32Array(n))).toEqual(a.map((x) => f(x + x)));
  });

  test("02 matmul", () => {
    const host = load("02_matmul");
    const n = 48;
    // Small integers, so that sums are exact in any order.
    const [a, b] = [Float32Array.from(ints(n * n, 3, 9)), Float32Array.from(ints(n * n, 4, 9))];
    const c = host.buffer(4 * n * n);
    host.launch("matmul", { grid: [n / 16, n / 16], block: [16, 16] }, host.buffer(a), host.buffer(b), c, n);
    const expected = new Float32Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) expected[i * n + j]! += a[i * n + k]! * b[k * n + j]!;
    expect(host.read(c, new Float32Array(n * n))).toEqual(expected);
  });

  test("06 nbody, mandel", () => {
    const host = load("06_nbody_mandel");
    const n = 512;
    const p = floats(4 * n, 8);
    const acc = host.buffer(12 * n);
    host.launch("nbody", { grid: [2], block: [256] }, host.buffer(p), acc, n);
    const got = host.read(acc, new Float32Array(3 * n));
    for (let i = 0; i < n; i += 7) {
      const sum = [0, 0, 0];
      for (let j = 0; j < n; j++) {
        const d = [0, 1, 2].map((k) => p[4 * j + k]! - p[4 * i + k]!);
        const s = p[4 * j + 3]! / (d[0]! ** 2 + d[1]! ** 2 + d[2]! ** 2 + 1e-9) ** 1.5;
        for (let k = 0; k < 3; k++) sum[k]! += d[k]! * s;
      }
      for (let k = 0; k < 3; k++) expect(Math.abs(got[3 * i + k]! - sum[k]!), `body ${i}`).toBeLessThan(2e-3 * Math.max(1, Math.abs(sum[k]!)));
    }
    const [w, h, most] = [60, 31, 50];
    const out = host.buffer(w * h);
    host.launch("mandel", { grid: [8, 4], block: [8, 8] }, out, w, h, -2, -1, 0.05, most);
    const pixels = host.read(out, new Uint8Array(w * h));
    let equal = 0;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const [cr, ci] = [-2 + x * 0.05, -1 + y * 0.05];
        let [zr, zi, k] = [0, 0, 0];
        while (k < most && zr * zr + zi * zi < 4) {
          [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
          k++;
        }
        if (pixels[y * w + x] === (k === most ? 0 : Math.floor((255 * k) / most))) equal++;
      }
    }
    // The device contracts to fma: points at the very edge may need another number of steps.
    expect(equal).toBeGreaterThan(w * h * 0.99);
  });

  test("10 half precision, bfloat16, 8-bit floats", () => {
    const host = load("10_half_bf16");
    const half = (x: number): number => { const e = Math.floor(Math.log2(x)); return ((e + 15) << 10) | ((x / 2 ** e - 1) * 1024); };
    const xs = [0.5, 1.5, 2, 0.25];
    const [a, b] = [host.buffer(Uint16Array.from(xs, half)), host.buffer(Uint16Array.from({ length: 8 }, (_, i) => half(i % 2 === 0 ? 2 : 1)))];
    // Work-items read c[0] that item 0 writes: one at a time.
    const [c, o] = [host.buffer(Uint16Array.of(0x3f80, 0x4000, 0x3f80, 0x3f80)), host.buffer(16)];
    host.launch("h", { block: [1] }, a, b, c, o, 4);
    const out = host.read(o, new Float32Array(1))[0]!;
    const y = 0.5 * 0.5 + 0.5;
    // o = y + c + sqrt(x) + exp(x) in halves, then + int(x) + (x < y) + max(x, y).
    expect(out).toBe(f(f(f(f(y + 1) + 0.70703125) + 1.6484375) + 0 + 1 + 0.75));
    const doubled = host.read(b, new Uint16Array(2));
    expect([...doubled]).toEqual([half(1), half(0.75)]);
    const codes = host.buffer(Uint8Array.from({ length: 15 }, (_, i) => 8 * i));
    const f8 = host.buffer(60);
    host.launch("f8", { block: [15] }, codes, f8);
    // e4m3 with an empty mantissa is a power of two; e5m2 reaches all of them, so each value is doubled.
    host.read(f8, new Float32Array(15)).forEach((v, i) => expect(v).toBe(i === 0 ? 0 : 2 * 2 ** (i - 7)));
  });

  test("11 functions of floats and doubles, integers", () => {
    const host = load("11_dmath");
    const erf = [0.5204998778130465, 0.8427007929497149, 0.9953222650189527, 0.9999779095030014];
    const gamma = [Math.sqrt(Math.PI), 1, 1, 2];
    const xs = Float64Array.of(0.5, 1, 2, 3);
    const out = host.buffer(32);
    host.launch("dm", { block: [4] }, host.buffer(xs), out);
    const even = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
    host.read(out, new Float64Array(4)).forEach((v, i) => {
      const x = xs[i]!;
      const expected = Math.sin(x) + Math.exp(x) + x ** 1.7 + Math.log(x) + Math.sqrt(x) + 1 / x + Math.cbrt(x) + erf[i]! + (x * x + 1) + (x + 1) + x / 3 + Math.floor(x) + even(x) + (x % 2.5) + gamma[i]!;
      expect(Math.abs(v / expected - 1), `${x}`).toBeLessThan(1e-14);
    });
    const ys = Float32Array.of(0.25, 0.5, 0.75, 1.5);
    host.launch("fm", { block: [4] }, host.buffer(ys), out);
    host.read(out, new Float32Array(4)).forEach((v, i) => {
      const x = ys[i]!;
      const expected = Math.sin(x) + Math.exp(x) + x ** 1.7 + Math.log(x) + Math.sqrt(x) + x / 3.7 + Math.tanh(x) + Math.sin(x) + Math.exp(x) + x / 2 + 1 / x - x + 2 * Math.trunc(x)
        + Math.sqrt(x) + Math.min(1, x) + x + Math.log2(x) + 2 ** x;
      expect(Math.abs(v - expected), `${x}`).toBeLessThan(2e-5);
    });
    // Small numbers, so that every term is what plain arithmetic says. A small integer's bits, read as a float, are 0 once truncated.
    const zs = Int32Array.of(0, 1, 2, 14, 100);
    const sums = host.buffer(40);
    host.launch("im", { block: [5] }, host.buffer(zs), sums);
    host.read(sums, new BigInt64Array(5)).forEach((v, i) => {
      const z = zs[i]!;
      const bits = z.toString(2);
      const expected = Math.trunc(z / 7) + (z % 13) + Math.abs(z - 3) + 4 + (z * 5 + 6) + (z >> 3) + Math.trunc(z / 9) + 3 * z + z + Math.min(z, 4) + (z + 7) + Math.abs(1 - i) + 3
        + bits.replaceAll("0", "").length + (z === 0 ? 64 : 64 - bits.length) + z * z;
      expect(Number(v), `${z}`).toBe(expected);
    });
  });
});

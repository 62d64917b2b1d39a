import { describe, expect, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { Program } from "../builtins/support.ts";
import { irOf } from "../clang/fixtures.ts";

/** The kernels of bench.cl and build-time.cl, small, against JavaScript. Exact where the order of operations is given. */
const f = Math.fround;
const floats = (n: number, g: (i: number) => number): Float32Array => Float32Array.from({ length: n }, (_, i) => g(i));
const module = openclToIr(irOf("bench"), "bench");
const second = openclToIr(irOf("build-time"), "build-time");

test("both modules are valid and have their kernels", () => {
  expect(verifyModule(module)).toEqual([]);
  expect(verifyModule(second)).toEqual([]);
  const kernels = (m: typeof module): string[] => [...m.functions.values()].flatMap((fn) => (fn.kind === "kernel" ? [fn.name] : []));
  expect(kernels(module)).toEqual([
    "empty", "empty1", "vecadd", "saxpy", "triad", "matmul_naive", "matmul_tiled", "reduce", "hist_global", "hist_local", "scan_block", "scan_add", "nbody", "mandel", "bs", "stencil", "sobel", "bitonic", "counter",
  ]);
  expect(kernels(second)).toEqual(["k50", "k50_red", "empty", "empty1"]);
  expect(module.functions.get("matmul_tiled")!.attributes!.reqdWorkGroupSize).toEqual([16, 16, 1]);
  expect([...module.shared.values()].map((v) => [v.name, v.size])).toEqual([["matmul_tiled.As", 1024], ["matmul_tiled.Bs", 1024], ["hist_local.lh", 1024]]);
});

describe.each([["interpreter", interpretModule], ["WebAssembly", compileModule]] as const)("on the %s", (_, compile) => {
  const p = new Program(module, compile);
  const a = floats(256, (i) => i / 3);
  const b = floats(256, (i) => 7 - i);

  test("empty kernels", () => {
    p.run("empty", [], 8, 4);
    p.run("empty1", [new Int32Array(1)], 8, 4);
  });

  test("vecadd, saxpy, triad", () => {
    const c = new Float32Array(256);
    p.run("vecadd", [a, b, c], 256, 64);
    expect([...c]).toEqual([...a].map((x, i) => f(x + b[i]!)));
    const y = Float32Array.from(b);
    p.run("saxpy", [2.5, a, y], 256, 64);
    expect([...y]).toEqual([...b].map((v, i) => f(2.5 * a[i]! + v)));
    p.run("triad", [c, a, b, 3], 256, 64);
    expect([...c]).toEqual([...a].map((x, i) => f(3 * b[i]! + x)));
  });

  test("matrix products, naive and tiled", () => {
    const n = 32;
    const A = floats(n * n, (i) => i % 7 - 3);
    const B = floats(n * n, (i) => i % 5 - 2);
    const want = floats(n * n, (i) => Array.from({ length: n }, (_x, k) => A[Math.floor(i / n) * n + k]! * B[k * n + i % n]!).reduce((x, y) => x + y));
    for (const kernel of ["matmul_naive", "matmul_tiled"]) {
      const C = new Float32Array(n * n);
      p.run(kernel, [A, B, C, n], [n, n], [16, 16]);
      expect([...C], kernel).toEqual([...want]);
    }
  });

  test("reduction, histograms, scans", () => {
    const out = new Float32Array(4);
    p.run("reduce", [floats(256, (i) => i), out, { local: 256 }], 256, 64);
    expect([...out]).toEqual([2016, 6112, 10208, 14304]);

    const bytes = Uint8Array.from({ length: 2048 }, (_x, i) => i * i % 251);
    const want = new Uint32Array(256);
    bytes.forEach((v) => want[v]!++);
    const global = new Uint32Array(256);
    p.run("hist_global", [bytes, global], 2048, 128);
    expect([...global]).toEqual([...want]);
    const local = new Uint32Array(256);
    p.run("hist_local", [bytes, local, 4], 512, 256);
    expect([...local]).toEqual([...want]);

    const input = Uint32Array.from({ length: 64 }, (_x, i) => i % 5 + 1);
    const scanned = new Uint32Array(64);
    const sums = new Uint32Array(2);
    p.run("scan_block", [input, scanned, sums, { local: 128 }], 32, 16);
    const prefix = (from: number): number[] => Array.from({ length: 32 }, (_x, i) => input.slice(from, from + i).reduce((x, y) => x + y, 0));
    expect([...scanned]).toEqual([...prefix(0), ...prefix(32)]);
    p.run("scan_add", [scanned, Uint32Array.of(0, sums[0]!)], 32, 16);
    expect(scanned[63]).toBe(input.slice(0, 63).reduce((x, y) => x + y, 0));
  });

  test("n-body and Black-Scholes stay close to double precision", () => {
    const n = 16;
    const bodies = floats(4 * n, (i) => Math.sin(i * 1.7) + (i % 4 === 3 ? 2 : 0));
    const acceleration = new Float32Array(4 * n);
    p.run("nbody", [bodies, acceleration, n], n, 8);
    for (let i = 0; i < n; i++) {
      const sum = [0, 0, 0];
      for (let j = 0; j < n; j++) {
        const d = [0, 1, 2].map((c) => bodies[4 * j + c]! - bodies[4 * i + c]!);
        const inverse = 1 / Math.sqrt(d[0]! ** 2 + d[1]! ** 2 + d[2]! ** 2 + 1e-3);
        d.forEach((v, c) => (sum[c]! += bodies[4 * j + 3]! * inverse ** 3 * v));
      }
      sum.forEach((v, c) => expect(Math.abs(acceleration[4 * i + c]! - v)).toBeLessThan(1e-3 * Math.max(1, Math.abs(v))));
      expect(acceleration[4 * i + 3]).toBe(0);
    }

    const m = 64;
    const [S, X, T] = [floats(m, (i) => 5 + i), floats(m, (i) => 20 + i / 2), floats(m, (i) => 0.25 + i / 10)];
    const [call, put] = [new Float32Array(m), new Float32Array(m)];
    p.run("bs", [S, X, T, call, put, 0.02, 0.3], m, 16);
    const cnd = (d: number): number => {
      const k = 1 / (1 + 0.2316419 * Math.abs(d));
      const c = 0.3989422804014327 * Math.exp(-0.5 * d * d) * (k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429)))));
      return d > 0 ? 1 - c : c;
    };
    for (let i = 0; i < m; i++) {
      const [s, x, t] = [S[i]!, X[i]!, T[i]!];
      const d1 = (Math.log(s / x) + (0.02 + 0.045) * t) / (0.3 * Math.sqrt(t));
      const d2 = d1 - 0.3 * Math.sqrt(t);
      const e = Math.exp(-0.02 * t);
      expect(call[i]).toBeCloseTo(s * cnd(d1) - x * e * cnd(d2), 3);
      expect(put[i]).toBeCloseTo(x * e * (1 - cnd(d2)) - s * (1 - cnd(d1)), 3);
    }
  });

  test("mandelbrot, stencil, sobel, bitonic step, counter", () => {
    const [w, h] = [24, 16];
    const counts = new Int32Array(w * h);
    p.run("mandel", [counts, w, h, 50], [w, h], [8, 8]);
    const iterations = (px: number, py: number): number => {
      const cx = f(-2 + f(f(3 * px) / w));
      const cy = f(-1.5 + f(f(3 * py) / h));
      let [zx, zy, it] = [0, 0, 0];
      while (it < 50) {
        const [x2, y2] = [f(zx * zx), f(zy * zy)];
        if (f(x2 + y2) > 4) break;
        zy = f(f(f(2 * zx) * zy) + cy);
        zx = f(f(x2 - y2) + cx);
        it++;
      }
      return it;
    };
    expect([...counts]).toEqual(Array.from({ length: w * h }, (_x, i) => iterations(i % w, Math.floor(i / w))));

    const image = floats(w * h, (i) => i * i % 17);
    const out = new Float32Array(w * h);
    p.run("stencil", [image, out, w, h], [w, h], [8, 8]);
    const inside = (i: number): boolean => i % w > 0 && i % w < w - 1 && i >= w && i < w * (h - 1);
    expect([...out]).toEqual([...image].map((v, i) => (inside(i) ? 0.5 * v + 0.125 * (image[i - 1]! + image[i + 1]! + image[i - w]! + image[i + w]!) : 0)));
    out.fill(0);
    p.run("sobel", [image, out, w, h], [w, h], [8, 8]);
    const at = (i: number): number => image[i]!;
    expect([...out]).toEqual([...image].map((_v, i) => {
      if (!inside(i)) return 0;
      const gx = at(i - w + 1) + 2 * at(i + 1) + at(i + w + 1) - at(i - w - 1) - 2 * at(i - 1) - at(i + w - 1);
      const gy = at(i + w - 1) + 2 * at(i + w) + at(i + w + 1) - at(i - w - 1) - 2 * at(i - w) - at(i - w + 1);
      return f(Math.sqrt(f(gx * gx + gy * gy)));
    }));

    const values = Uint32Array.from({ length: 64 }, (_x, i) => (i * 37) % 64);
    for (let k = 2; k <= 64; k *= 2) for (let j = k / 2; j >= 1; j /= 2) p.run("bitonic", [values, j, k], 64, 32);
    expect([...values]).toEqual(Array.from({ length: 64 }, (_x, i) => i));

    const count = Int32Array.of(5);
    p.run("counter", [count], 300, 30);
    expect(count[0]).toBe(305);
  });

  test("the program of the build-time measurement", () => {
    const q = new Program(second, compile);
    const input = floats(16, (i) => i / 4 - 2);
    const index = Int32Array.from({ length: 16 }, (_x, i) => i * 5);
    const out = new Float32Array(16);
    q.run("k50", [input, out, index, { local: 4 }, 16, 2], 20, 10);
    const poly = (x: number): number => {
      let r = 1;
      for (let i = 1; i < 8; i++) r = r * x / i + 1;
      return r;
    };
    input.forEach((v, i) => {
      const w = input[index[i]! & 15]!;
      let acc = 0;
      for (let k = 0; k < 8; k++) {
        acc += (k + 1) * poly(v * k);
        if (acc > 1e6) acc %= 1e3;
      }
      const helper = (x: number, y: number): number => x * y + Math.sin(x) * 0.5;
      if ((index[i]! & 3) === 0) acc += helper(v, w);
      else if ((index[i]! & 3) === 1) acc -= helper(w, v);
      else if ((index[i]! & 3) === 2) acc *= Math.exp(-Math.abs(w));
      else acc = Math.sqrt(Math.abs(acc)) + Math.log(1 + Math.abs(w));
      expect(Math.abs(out[i]! - 2 * acc)).toBeLessThan(1e-4 * Math.max(1, Math.abs(2 * acc)));
    });
    const sums = new Float32Array(2);
    q.run("k50_red", [floats(30, (i) => i), sums, { local: 64 }, 30], 32, 16);
    expect([...sums]).toEqual([120, 315]);
  });
});

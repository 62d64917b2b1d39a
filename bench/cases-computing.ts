import { differs, floats, type Case } from "./case.ts";

const fround = Math.fround;

function matmul(name: "matmul_naive" | "matmul_tiled"): Case {
  const n = 512;
  return {
    name, workItems: n * n,
    prepare(host) {
      const [a, b] = [floats(n * n, 11), floats(n * n, 12)];
      const c = host.buffer(4 * n * n);
      const kernel = host.kernel(name, host.buffer(a), host.buffer(b), c, new Int32Array([n]));
      const want = (i: number): number => {
        let sum = 0;
        for (let k = 0; k < n; k++) sum = fround(sum + a[Math.floor(i / n) * n + k]! * b[k * n + (i % n)]!);
        return sum;
      };
      return {
        run: () => { host.enqueue(kernel, [n, n], [16, 16]); host.finish(); },
        // Every 97th element: a whole product in JavaScript would take longer than all the runs.
        check: () => differs(host.read(c, new Float32Array(n * n)), want, 1e-4, 97),
      };
    },
  };
}

function cumulativeNormal(d: number): number {
  const k = 1 / (1 + 0.2316419 * Math.abs(d));
  const poly = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
  const c = 0.3989422804014327 * Math.exp(-0.5 * d * d) * poly;
  return d > 0 ? 1 - c : c;
}

/** Kernels that mostly compute. */
export const computing: readonly Case[] = [
  matmul("matmul_naive"),
  matmul("matmul_tiled"),
  {
    name: "nbody", workItems: 4096,
    prepare(host) {
      const n = 4096;
      const p = floats(4 * n, 13);
      const acc = host.buffer(16 * n);
      const kernel = host.kernel("nbody", host.buffer(p), acc, new Int32Array([n]));
      const want = (index: number): number => {
        const i = 4 * (index >> 2);
        if (index % 4 === 3) return 0;
        let sum = 0;
        for (let j = 0; j < 4 * n; j += 4) {
          const [dx, dy, dz] = [p[j]! - p[i]!, p[j + 1]! - p[i + 1]!, p[j + 2]! - p[i + 2]!];
          const inverse = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz + 1e-3);
          sum += p[j + 3]! * inverse ** 3 * [dx, dy, dz][index % 4]!;
        }
        return sum;
      };
      return {
        run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
        check: () => differs(host.read(acc, new Float32Array(4 * n)), want, 1e-3, 41),
      };
    },
  },
  {
    name: "mandel", workItems: 1024 * 1024,
    prepare(host) {
      const [w, h, most] = [1024, 1024, 256];
      const out = host.buffer(4 * w * h);
      const kernel = host.kernel("mandel", out, new Int32Array([w]), new Int32Array([h]), new Int32Array([most]));
      const want = (i: number): number => {
        const cx = fround(-2 + fround(fround(3 * (i % w)) / w));
        const cy = fround(-1.5 + fround(fround(3 * Math.floor(i / w)) / h));
        let [x, y, steps] = [0, 0, 0];
        for (; steps < most; steps++) {
          const [x2, y2] = [fround(x * x), fround(y * y)];
          if (fround(x2 + y2) > 4) break;
          y = fround(fround(2 * x * y) + cy);
          x = fround(fround(x2 - y2) + cx);
        }
        return steps;
      };
      return {
        run: () => { host.enqueue(kernel, [w, h], [16, 16]); host.finish(); },
        check: () => {
          // Near the border of the set one rounding decides; a compiler that contracts to fma may differ there. Few may.
          const got = host.read(out, new Int32Array(w * h));
          let off = 0;
          let seen = 0;
          for (let i = 0; i < got.length; i += 31, seen++) if (Math.abs(got[i]! - want(i)) > 1) off++;
          return off > seen / 100 ? `${off} of ${seen} pixels differ` : null;
        },
      };
    },
  },
  {
    name: "bs", workItems: 2 ** 20,
    prepare(host) {
      const n = 2 ** 20;
      const [s, x, t] = [floats(n, 14, 5, 30), floats(n, 15, 1, 100), floats(n, 16, 0.25, 10)];
      const [r, v] = [fround(0.02), fround(0.3)];
      const [call, put] = [host.buffer(4 * n), host.buffer(4 * n)];
      const kernel = host.kernel("bs", host.buffer(s), host.buffer(x), host.buffer(t), call, put, new Float32Array([r]), new Float32Array([v]));
      const want = (i: number): number => {
        const root = Math.sqrt(t[i]!);
        const d1 = (Math.log(s[i]! / x[i]!) + (r + 0.5 * v * v) * t[i]!) / (v * root);
        return s[i]! * cumulativeNormal(d1) - x[i]! * Math.exp(-r * t[i]!) * cumulativeNormal(d1 - v * root);
      };
      return {
        run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
        check: () => differs(host.read(call, new Float32Array(n)), want, 1e-4),
      };
    },
  },
];

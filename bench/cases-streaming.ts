import { differs, floats, type Case } from "./case.ts";

const n = 2 ** 22;
const w = 2048;
const fround = Math.fround;

/** Kernels that mostly move memory. */
export const streaming: readonly Case[] = [
  {
    name: "vecadd", workItems: n,
    prepare(host) {
      const [a, b] = [floats(n, 1), floats(n, 2)];
      const c = host.buffer(4 * n);
      const kernel = host.kernel("vecadd", host.buffer(a), host.buffer(b), c);
      return {
        run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
        check: () => differs(host.read(c, new Float32Array(n)), (i) => fround(a[i]! + b[i]!)),
      };
    },
  },
  {
    name: "saxpy", workItems: n,
    prepare(host) {
      const [x, y] = [floats(n, 3), floats(n, 4)];
      const out = host.buffer(y);
      const kernel = host.kernel("saxpy", new Float32Array([0.5]), host.buffer(x), out);
      return {
        run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
        check: () => differs(host.read(out, new Float32Array(n)), (i) => 0.5 * x[i]! + y[i]!, 1e-6),
      };
    },
  },
  {
    name: "triad", workItems: n,
    prepare(host) {
      const [b, c] = [floats(n, 5), floats(n, 6)];
      const a = host.buffer(4 * n);
      const kernel = host.kernel("triad", a, host.buffer(b), host.buffer(c), new Float32Array([3]));
      return {
        run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
        check: () => differs(host.read(a, new Float32Array(n)), (i) => b[i]! + 3 * c[i]!, 1e-6),
      };
    },
  },
  {
    name: "stencil", workItems: w * w,
    prepare(host) {
      const a = floats(w * w, 7);
      const b = host.buffer(4 * w * w);
      const kernel = host.kernel("stencil", host.buffer(a), b, new Int32Array([w]), new Int32Array([w]));
      const inside = (i: number): boolean => i % w !== 0 && i % w !== w - 1 && i >= w && i < w * (w - 1);
      return {
        run: () => { host.enqueue(kernel, [w, w], [16, 16]); host.finish(); },
        check: () => differs(host.read(b, new Float32Array(w * w)), (i) => (inside(i) ? 0.5 * a[i]! + 0.125 * (a[i - 1]! + a[i + 1]! + a[i - w]! + a[i + w]!) : 0), 1e-6),
      };
    },
  },
  {
    name: "sobel", workItems: w * w,
    prepare(host) {
      const a = floats(w * w, 8);
      const b = host.buffer(4 * w * w);
      const kernel = host.kernel("sobel", host.buffer(a), b, new Int32Array([w]), new Int32Array([w]));
      const want = (i: number): number => {
        if (i % w === 0 || i % w === w - 1 || i < w || i >= w * (w - 1)) return 0;
        const gx = a[i - w + 1]! + 2 * a[i + 1]! + a[i + w + 1]! - a[i - w - 1]! - 2 * a[i - 1]! - a[i + w - 1]!;
        const gy = a[i + w - 1]! + 2 * a[i + w]! + a[i + w + 1]! - a[i - w - 1]! - 2 * a[i - w]! - a[i - w + 1]!;
        return Math.sqrt(gx * gx + gy * gy);
      };
      return {
        run: () => { host.enqueue(kernel, [w, w], [16, 16]); host.finish(); },
        check: () => differs(host.read(b, new Float32Array(w * w)), want, 1e-5),
      };
    },
  },
];

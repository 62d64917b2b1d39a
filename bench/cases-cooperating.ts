import { differs, floats, noise, type Case, type Started } from "./case.ts";

const n = 2 ** 22;
const u32 = (value: number): Uint32Array => new Uint32Array([value]);

function histogram(bytes: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]!++;
  return counts;
}

function bytes(length: number, seed: number): Uint8Array {
  const next = noise(seed);
  return Uint8Array.from({ length }, () => next() * 256);
}

/** Kernels with barriers, local memory and atomics. */
export const cooperating: readonly Case[] = [
  {
    name: "reduce", workItems: n,
    prepare(host) {
      const data = floats(n, 21);
      const out = host.buffer(4 * (n / 256));
      const kernel = host.kernel("reduce", host.buffer(data), out, { local: 1024 });
      const want = (group: number): number => data.subarray(group * 256, group * 256 + 256).reduce((a, b) => a + b, 0);
      return {
        run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
        check: () => differs(host.read(out, new Float32Array(n / 256)), want, 1e-4),
      };
    },
  },
  {
    name: "hist_global", workItems: n,
    prepare(host) {
      const data = bytes(n, 22);
      const counts = host.buffer(new Uint32Array(256));
      const kernel = host.kernel("hist_global", host.buffer(data), counts);
      return {
        run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
        check: () => { const want = histogram(data); return differs(host.read(counts, new Uint32Array(256)), (i) => want[i]!); },
      };
    },
  },
  {
    name: "hist_local", workItems: n,
    prepare(host) {
      const data = bytes(n, 23);
      const counts = host.buffer(new Uint32Array(256));
      const per = 16;
      const kernel = host.kernel("hist_local", host.buffer(data), counts, new Int32Array([per]));
      return {
        run: () => { host.enqueue(kernel, [n / per], [256]); host.finish(); },
        check: () => { const want = histogram(data); return differs(host.read(counts, new Uint32Array(256)), (i) => want[i]!); },
      };
    },
  },
  {
    name: "scan", workItems: 2 ** 20,
    prepare(host) {
      const length = 2 ** 20;
      const next = noise(24);
      const data = Uint32Array.from({ length }, () => next() * 100);
      const out = host.buffer(4 * length);
      // 2,048 sums of blocks of 512 are scanned in four blocks, whose four sums are scanned in one.
      const [sums, sumsOut, tops, topsOut, total] = [host.buffer(4 * 2048), host.buffer(4 * 2048), host.buffer(16), host.buffer(16), host.buffer(4)];
      const steps: readonly (readonly [Started, number, number])[] = [
        [host.kernel("scan_block", host.buffer(data), out, sums, { local: 2048 }), length / 2, 256],
        [host.kernel("scan_block", sums, sumsOut, tops, { local: 2048 }), 1024, 256],
        [host.kernel("scan_block", tops, topsOut, total, { local: 16 }), 2, 2],
        [host.kernel("scan_add", sumsOut, topsOut), 1024, 256],
        [host.kernel("scan_add", out, sumsOut), length / 2, 256],
      ];
      return {
        run: () => { for (const [kernel, global, local] of steps) host.enqueue(kernel, [global], [local]); host.finish(); },
        check: () => { let sum = 0; return differs(host.read(out, new Uint32Array(length)), (i) => { const before = sum; sum += data[i]!; return before; }); },
      };
    },
  },
  {
    name: "bitonic", workItems: 2 ** 18 * 171,
    prepare(host) {
      const length = 2 ** 18;
      const next = noise(25);
      const data = Uint32Array.from({ length }, () => next() * 2 ** 32);
      const memory = host.buffer(data);
      const kernel = host.kernel("bitonic", memory, u32(0), u32(0));
      return {
        reset: () => host.write(memory, data),
        run: () => {
          for (let k = 2; k <= length; k *= 2) {
            host.setArg(kernel, 2, u32(k));
            for (let j = k / 2; j >= 1; j /= 2) {
              host.setArg(kernel, 1, u32(j));
              host.enqueue(kernel, [length], [256]);
            }
          }
          host.finish();
        },
        check: () => { const want = data.toSorted(); return differs(host.read(memory, new Uint32Array(length)), (i) => want[i]!); },
      };
    },
  },
  {
    name: "counter", workItems: 2 ** 20,
    prepare(host) {
      const count = host.buffer(new Int32Array(1));
      const kernel = host.kernel("counter", count);
      return {
        run: () => { host.enqueue(kernel, [2 ** 20], [256]); host.finish(); },
        check: () => differs(host.read(count, new Int32Array(1)), () => 2 ** 20),
      };
    },
  },
];

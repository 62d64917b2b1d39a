import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, PtxBench, sample } from "./bench.ts";

/** Integer instructions as nvcc 13.0 emits them (fixtures/ptx/nvcc/integer.cu), against plain JavaScript. */

const words = [0, 1, 2, 7, 8, 31, 32, 33, 63, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x12345678, 0x76543210, 0x7fffffff, 0x80000000, 0x80000001, 0xdeadbeef, 0xfffffff8, 0xffffffff];
let state = 12345;
const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 0;
const pick = (): number => ((random() >>> 8) % 3 === 0 ? random() : words[(random() >>> 8) % words.length]!);
const N = 128;
const triples = Array.from({ length: N }, (_, i) => (i < words.length ? [words[i]!, words[(i * 7 + 3) % words.length]!, words[(i * 5 + 1) % words.length]!] : [pick(), pick(), pick()]) as [number, number, number]);

type Column = (a: number, b: number, c: number) => number | bigint;
const s8 = (x: number, i: number): number => (x << (24 - 8 * i)) >> 24;
const u8 = (x: number, i: number): number => (x >>> (8 * i)) & 255;
const s16 = (x: number, i: number): number => (x << (16 - 16 * i)) >> 16;
const u16 = (x: number, i: number): number => (x >>> (16 * i)) & 0xffff;
const S = (x: number): bigint => BigInt(x | 0);
const U = (x: number): bigint => BigInt(x >>> 0);
const clamp = (x: bigint, low = -(2n ** 31n), high = 2n ** 31n - 1n): bigint => (x < low ? low : x > high ? high : x);
const sum = (n: number, f: (i: number) => number): number => Array.from({ length: n }, (_, i) => f(i)).reduce((x, y) => x + y, 0);
const permute = (a: number, b: number, selectors: readonly number[]): number => {
  const byte = (s: number): number => {
    const value = (s & 4) !== 0 ? u8(b, s & 3) : u8(a, s & 3);
    return (s & 8) !== 0 ? (value & 0x80 ? 255 : 0) : value;
  };
  return selectors.reduce((x, s, i) => x | (byte(s) << (8 * i)), 0);
};
const nibbles = (c: number): number[] => [0, 1, 2, 3].map((i) => (c >>> (4 * i)) & 15);
const lop3 = (table: number): Column => (a, b, c) => {
  let r = 0;
  for (let i = 0; i < 32; i++) r |= ((table >>> ((((a >>> i) & 1) << 2) | (((b >>> i) & 1) << 1) | ((c >>> i) & 1))) & 1) << i;
  return r;
};
/** bfe of `width` bits (PTX ISA 9.7.1.20): position and length from the low bytes, bits above the top are the sign (or 0). */
const bfe = (a: bigint, position: number, length: number, width: number, signed: boolean): bigint => {
  const [pos, len] = [position & 255, length & 255];
  const bit = (i: number): bigint => (BigInt.asUintN(width, a) >> BigInt(i)) & 1n;
  const sign = !signed || len === 0 ? 0n : bit(Math.min(pos + len - 1, width - 1));
  let d = 0n;
  for (let i = 0; i < width; i++) d |= (i < len && pos + i < width ? bit(pos + i) : sign) << BigInt(i);
  return d;
};
const bfi = (a: bigint, b: bigint, position: number, length: number, width: number): bigint => {
  const [pos, len] = [position & 255, length & 255];
  let d = BigInt.asUintN(width, b);
  for (let i = 0; i < len && pos + i < width; i++) d = (d & ~(1n << BigInt(pos + i))) | (((BigInt.asUintN(width, a) >> BigInt(i)) & 1n) << BigInt(pos + i));
  return d;
};
const reverse = (x: bigint, width: number): bigint => BigInt(`0b${[...BigInt.asUintN(width, x).toString(2).padStart(width, "0")].toReversed().join("")}`);
const clz = (x: bigint, width: number): number => width - (x === 0n ? 0 : x.toString(2).length);
const popc = (x: bigint): number => [...x.toString(2)].filter((d) => d === "1").length;
const ffs = (x: bigint): number => (x === 0n ? 0 : [...x.toString(2)].toReversed().indexOf("1") + 1);
const bfind = (x: bigint, width: number, signed: boolean, shift: boolean): number => {
  const value = BigInt.asUintN(width, signed && BigInt.asIntN(width, x) < 0n ? ~x : x);
  const at = width - 1 - clz(value, width);
  return at < 0 ? -1 : shift ? width - 1 - at : at;
};
const abs = (x: bigint): bigint => (x < 0n ? -x : x);
const s24 = (x: number): bigint => BigInt.asIntN(24, BigInt(x));
const u24 = (x: number): bigint => BigInt.asUintN(24, BigInt(x));
/** The n-th set bit from `base`, upwards for positive n, downwards for negative ones (PTX ISA 9.7.1.17). */
const fns = (mask: number, base: number, offset: number): number => {
  if (offset === 0) return (mask >>> base) & 1 ? base : -1;
  let left = Math.abs(offset);
  for (let i = base; i >= 0 && i < 32; i += Math.sign(offset)) if ((mask >>> i) & 1 && --left === 0) return i;
  return -1;
};
const shl = (x: number, n: number): bigint => (n > 31 ? 0n : U(x) << BigInt(n));
const shr = (x: bigint, n: number): bigint => x >> BigInt(Math.min(n, 64));
const wrap32 = (high: number, low: number): bigint => (U(high) << 32n) | U(low);
const mask = (from: number, width: number): bigint => { let m = 0n; for (let i = 0; i < width && from + i < 32; i++) m |= 1n << BigInt(from + i); return m; };

const columns32: readonly Column[] = [
  (a, b, c) => S(c) + BigInt(sum(4, (i) => s8(a, i) * s8(b, i))), (a, b, c) => U(c) + BigInt(sum(4, (i) => u8(a, i) * u8(b, i))), (a, b, c) => S(c) + BigInt(sum(4, (i) => s8(a, i) * u8(b, i))), (a, b, c) => S(c) + BigInt(sum(4, (i) => u8(a, i) * s8(b, i))),
  (a, b, c) => S(c) + BigInt(sum(2, (i) => s16(a, i) * s8(b, i))), (a, b, c) => U(c) + BigInt(sum(2, (i) => u16(a, i) * u8(b, i + 2))), (a, b, c) => S(c) + BigInt(sum(2, (i) => s16(a, i) * u8(b, i + 2))), (a, b, c) => S(c) + BigInt(sum(2, (i) => u16(a, i) * s8(b, i))),
  // __byte_perm uses three bits of each selector.
  (a, b, c) => permute(a, b, nibbles(c).map((s) => s & 7)), (a, b, c) => permute(a, b, [0, 1, 2, 3].map((i) => (c & 3) + i)), (a, b, c) => permute(a, b, [0, 1, 2, 3].map((i) => ((c & 3) - i) & 7)),
  (a, b, c) => permute(a, b, [0, 0, 0, 0].map(() => c & 3)), (a, b, c) => permute(a, b, [0, 1, 2, 3].map((i) => Math.max(c & 3, i))), (a, b, c) => permute(a, b, [0, 1, 2, 3].map((i) => Math.min(c & 3, i))), (a, b, c) => permute(a, b, [0, 1, 0, 1].map((i) => 2 * (c & 1) + i)),
  (a, b, c) => permute(a, b, nibbles(c)), lop3(0x96), lop3(0xca), lop3(0x01), lop3(0xe8),
  (a, b, c) => (wrap32(b, a) << BigInt(c & 31)) >> 32n, (a, b, c) => (wrap32(b, a) << BigInt(Math.min(c, 32))) >> 32n, (a, b, c) => wrap32(b, a) >> BigInt(c & 31), (a, b, c) => wrap32(b, a) >> BigInt(Math.min(c, 32)),
  (a, b, c) => bfe(U(a), b, c, 32, false), (a, b, c) => bfe(U(a), b, c, 32, true), (a, b, c) => bfi(U(a), U(c), b, c, 32), (a, b, c) => bfe(U(a), b & 31, c & 31, 32, false), (a, b, c) => bfe(U(a), b & 31, c & 31, 32, true), (a, b, c) => bfi(U(a), U(c), b & 31, c & 31, 32),
  (a) => popc(U(a)), (a) => clz(U(a), 32), (a) => reverse(U(a), 32), (a) => ffs(U(a)), (a) => bfind(U(a), 32, false, false), (a) => bfind(U(a), 32, true, false), (a) => bfind(U(a), 32, false, true), (a) => bfind(U(a), 32, true, true),
  (a, b, c) => U(c) + abs(S(a) - S(b)), (a, b, c) => U(c) + abs(U(a) - U(b)), (a, b) => s24(a) * s24(b), (a, b) => u24(a) * u24(b), (a, b) => (S(a) * S(b)) >> 32n, (a, b) => (U(a) * U(b)) >> 32n,
  (a, b) => (s24(a) * s24(b)) >> 16n, (a, b, c) => clamp(((s24(a) * s24(b)) >> 16n) + S(c)), (a, b, c) => clamp(((S(a) * S(b)) >> 32n) + S(c)), (a, b) => clamp(S(a) + S(b)), (a, b) => clamp(S(a) - S(b)), (a, b, c) => u24(a) * u24(b) + U(c),
  (a, b, c) => fns(a, b & 31, (c & 15) - 8), (a, b) => ((b & 31) === 0 ? 0 : BigInt.asIntN(b & 31, U(a))), (a, b) => ((b & 63) >= 32 ? U(a) : BigInt.asUintN(b & 63, U(a))), (a, b) => mask(a & 31, b & 31), (a, b) => mask(a & 63, b & 63),
  (a, b) => shl(a, b), (a, b) => shr(S(a), b), (a, b) => shr(U(a), b & 63), (a, b) => shl(a, b & 63), (a, b) => shr(S(a), b & 63), (a) => abs(S(a)), (a) => -S(a), (a) => ((a & 1) === 0 ? 1 : 0), (a) => ~a,
  (a, b, c) => { const t = U(a) + U(b); return U(c) + (t & 0xffffffffn) + (t >> 32n); }, (a, b, c) => { const t = U(a) - U(b); return U(c) - BigInt.asUintN(32, t) - (t < 0n ? 1n : 0n); },
  (a, b, c) => { const p = U(a) * U(b); const t = (p & 0xffffffffn) + U(c); return (p >> 32n) + (t & 0xffffffffn) + (t >> 32n); },
  (a, b, c) => ((c | 0) >= 0 ? a : b), (a, b, c) => ((c | 0) >= 0 ? a : b), (a, b) => (S(a) < S(b) ? -1 : 0), (a, b) => (U(a) > U(b) ? -1 : 0), (a, b) => (S(a) <= S(b) ? -1 : 0),
  (a, b) => (S(a) < S(b) ? a : b), (a, b) => (U(a) > U(b) ? a : b), (a, b) => S(a) % S(b | 1), (a, b) => S(a) / S(b | 1),
  (a) => (Math.imul(u16(a, 0), u16(a, 1)) + u16(a, 0)) & 0xffff, (a) => s16(Math.abs(s16(a, 0) - s16(a, 1)) + s16(a, 1), 0), (a) => (s16(a, 0) * s16(a, 1)) >> 16, (a, b) => BigInt(s16(a, 0) * s16(a, 1)) + S(b),
];
/** vmad (PTX ISA 9.7.16.5): a product of parts, scaled, with saturation. */
const vmads = new Map<number, Column>([
  [89, (a, b, c) => (BigInt(s8(a, 2) * s16(b, 0)) + S(c)) >> 7n], [90, (a, b, c) => BigInt(u8(a, 2) * u16(b, 0)) + U(c) + 1n], [91, (a, b, c) => clamp((S(a) * S(b) + S(c)) >> 15n)], [92, (a, b, c) => BigInt(-s16(a, 0) * s8(b, 1)) + S(c)],
]);

const B = (x: bigint): bigint => BigInt.asIntN(64, x);
const wide = (low: number, high: number): bigint => U(low) | (U(high) << 32n);
const columns64: readonly ((a: bigint, b: bigint, c: bigint) => number | bigint)[] = [
  (a) => popc(a), (a) => clz(a, 64), (a) => reverse(a, 64), (a) => ffs(a), (a, b) => (B(a) * B(b)) >> 64n, (a, b) => (a * b) >> 64n,
  (a, b, c) => bfe(a, Number(b & 63n), Number(c & 63n), 64, false), (a, b, c) => bfe(a, Number(b & 63n), Number(c & 63n), 64, true), (a, b, c) => bfi(a, c, Number(b & 63n), Number(c & 63n), 64), (a, b, c) => bfe(a, Number(b & 255n), Number(c & 255n), 64, true),
  (a, b) => ((b & 127n) > 63n ? 0n : a << (b & 127n)), (a, b) => B(a) >> (b & 127n), (a, b) => shr(a, Number(b & 0xffffffffn)), (a, b, c) => c + abs(a - b), (a, b, c) => a * b + c, (a, b, c) => ((a * b) >> 64n) + c,
  (a, b, c) => BigInt.asIntN(32, a) * BigInt.asIntN(32, b) + c, (a, b, c) => { const t = a + b; return c + BigInt.asUintN(64, t) + (t >> 64n); }, (a, b, c) => { const t = a - b; return c - BigInt.asUintN(64, t) - (t < 0n ? 1n : 0n); },
  (a, b, c) => { const t = BigInt.asUintN(64, a * b) + c; return ((a * b) >> 64n) + BigInt.asUintN(64, t) + (t >> 64n); },
  (a, b) => (B(a) < B(b) ? a : b), (a, b) => (a > b ? a : b), (a, b) => B(a) % B(b | 1n), (a, b) => a / (b | 1n), (a) => abs(B(a)), (a, b) => a ^ b, (a) => ((a & 1n) === 0n ? 1 : 0),
  (a) => BigInt.asUintN(32, BigInt(bfind(a, 64, true, false))), (a) => BigInt.asUintN(32, BigInt(bfind(a, 64, false, true))),
];

describe.each(engines)("on %s", (_name, compile) => {
  const bench = new PtxBench(sample("integer"), compile);
  const { machine } = bench;
  const input = Uint32Array.from(triples.flat());

  test("32 bits", () => {
    const out = machine.map(N * 96 * 4);
    bench.launch("int32", packParams(machine.upload(input), out), { block: [N, 1, 1] });
    const got = machine.u32(out, N * 96);
    const check = (column: Column, k: number): void => triples.forEach(([a, b, c], i) => {
      expect([k, a, b, c, got[96 * i + k]]).toEqual([k, a, b, c, Number(BigInt.asUintN(32, BigInt(column(a, b, c))))]);
    });
    columns32.forEach(check);
    for (const [k, column] of vmads) check(column, k);
  });

  test("64 bits", () => {
    const values = Array.from({ length: N }, (_, i) => [0, 1, 2].map((k) => (i % 3 === 0 ? wide(triples[i]![k]!, triples[(i + 1) % N]![k]!) : i % 3 === 1 ? wide(triples[i]![k]!, 0) : BigInt.asUintN(64, -wide(triples[i]![k]!, 0)))) as [bigint, bigint, bigint]);
    const out = machine.map(N * 64 * 8);
    bench.launch("int64", packParams(machine.upload(BigUint64Array.from(values.flat())), out), { block: [N, 1, 1] });
    const got = machine.u64(out, N * 64);
    columns64.forEach((column, k) => values.forEach(([a, b, c], i) => {
      expect([k, a, b, c, got[64 * i + k]]).toEqual([k, a, b, c, BigInt.asUintN(64, BigInt(column(a, b, c)))]);
    }));
  });

  test("parts of registers", () => {
    const out = machine.map(N * 96 * 4);
    bench.launch("simd", packParams(machine.upload(input), out), { block: [N, 1, 1] });
    const got = machine.u32(out, N * 96);
    triples.forEach(([a, b, c], i) => {
      const at = (k: number): number => got[96 * i + k]!;
      const each = (n: 2 | 4, f: (x: number, y: number, z: number) => number, signed: boolean): number => {
        const part = n === 2 ? (signed ? s16 : u16) : signed ? s8 : u8;
        return Array.from({ length: n }, (_, j) => (f(part(a, j), part(b, j), part(c, j)) & (n === 2 ? 0xffff : 255)) << ((32 / n) * j)).reduce((x, y) => x | y, 0) >>> 0;
      };
      const limit = (low: number, high: number) => (x: number): number => Math.min(Math.max(x, low), high);
      expect(at(0), `vadd2 ${a} ${b}`).toBe(each(2, (x, y) => limit(-32768, 32767)(x + y), true));
      expect(at(7), `vadd4 ${a} ${b}`).toBe(each(4, (x, y) => limit(0, 255)(x + y), false));
      expect(at(15)).toBe(each(4, (x, y) => limit(-128, 127)(x + y), true));
      expect(at(16)).toBe(each(2, (x, y) => (x + y + (x + y >= 0 ? 1 : 0)) >> 1, true));
      expect(at(17)).toBe(each(4, (x, y) => (x > y ? 255 : 0), false));
      expect(at(18)).toBe(each(4, (x, y) => Math.abs(x - y), false));
      expect(at(19)).toBe(sum(4, (j) => Math.abs(u8(a, j) - u8(b, j))));
      expect(at(20)).toBe(each(2, (x, y) => Math.max(x, y), true));
      expect(at(21)).toBe(each(4, (x) => -x, true));
      expect(at(22)).toBe(each(2, (x) => limit(-32768, 32767)(Math.abs(x)), true));
      expect(at(23)).toBe(each(2, (x, y, z) => Math.max(s16(x + y, 0), z), true));
      expect(at(24)).toBe(Math.max(0, a | 0, b | 0, c | 0));
      expect(at(25)).toBe(each(2, (x, y) => Math.max(0, Math.min(x, y)), true));
      expect(at(26)).toBe(Math.min((a + b) >>> 0, c));
    });
  });
});

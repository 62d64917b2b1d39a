import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callBuiltin, type Buffer } from "./support.ts";

/** Integer types by mangled code. */
const TYPES = {
  c: { bits: 8, signed: true, make: (v: bigint[]) => Int8Array.from(v.map(Number)) },
  h: { bits: 8, signed: false, make: (v: bigint[]) => Uint8Array.from(v.map(Number)) },
  s: { bits: 16, signed: true, make: (v: bigint[]) => Int16Array.from(v.map(Number)) },
  t: { bits: 16, signed: false, make: (v: bigint[]) => Uint16Array.from(v.map(Number)) },
  i: { bits: 32, signed: true, make: (v: bigint[]) => Int32Array.from(v.map(Number)) },
  j: { bits: 32, signed: false, make: (v: bigint[]) => Uint32Array.from(v.map(Number)) },
  l: { bits: 64, signed: true, make: (v: bigint[]) => BigInt64Array.from(v) },
  m: { bits: 64, signed: false, make: (v: bigint[]) => BigUint64Array.from(v) },
} as const;
type Code = keyof typeof TYPES;
const CODES = Object.keys(TYPES) as Code[];

function wrap(code: Code, v: bigint): bigint {
  const { bits, signed } = TYPES[code];
  return signed ? BigInt.asIntN(bits, v) : BigInt.asUintN(bits, v);
}
function low(code: Code): bigint {
  return TYPES[code].signed ? -(1n << BigInt(TYPES[code].bits - 1)) : 0n;
}
function high(code: Code): bigint {
  const { bits, signed } = TYPES[code];
  return (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
}
const clamp = (code: Code, v: bigint): bigint => (v < low(code) ? low(code) : v > high(code) ? high(code) : v);
const abs = (v: bigint): bigint => (v < 0n ? -v : v);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const shift = (code: Code, v: bigint): bigint => v >> BigInt(TYPES[code].bits);
const pattern = (code: Code, v: bigint): bigint => BigInt.asUintN(TYPES[code].bits, v);
const binary = (code: Code, v: bigint): string => pattern(code, v).toString(2).padStart(TYPES[code].bits, "0");

/** Reference on mathematical integers; the result is wrapped to the result's type afterwards. */
const FUNCTIONS: Readonly<Record<string, { readonly arity: number; readonly f: (code: Code, a: bigint, b: bigint, c: bigint) => bigint; readonly unsigned?: boolean; readonly codes?: readonly Code[] }>> = {
  abs: { arity: 1, f: (_, a) => abs(a), unsigned: true },
  abs_diff: { arity: 2, f: (_, a, b) => abs(a - b), unsigned: true },
  add_sat: { arity: 2, f: (t, a, b) => clamp(t, a + b) },
  sub_sat: { arity: 2, f: (t, a, b) => clamp(t, a - b) },
  hadd: { arity: 2, f: (_, a, b) => (a + b) >> 1n },
  rhadd: { arity: 2, f: (_, a, b) => (a + b + 1n) >> 1n },
  max: { arity: 2, f: (_, a, b) => max(a, b) },
  min: { arity: 2, f: (_, a, b) => min(a, b) },
  clamp: { arity: 3, f: (_, a, b, c) => min(max(a, min(b, c)), max(b, c)) },
  clz: { arity: 1, f: (t, a) => BigInt(`${binary(t, a)}1`.indexOf("1")) },
  ctz: { arity: 1, f: (t, a) => BigInt(`${[...binary(t, a)].reverse().join("")}1`.indexOf("1")) },
  popcount: { arity: 1, f: (t, a) => BigInt(binary(t, a).replaceAll("0", "").length) },
  bit_reverse: { arity: 1, f: (t, a) => BigInt(`0b${[...binary(t, a)].reverse().join("")}`) },
  mul_hi: { arity: 2, f: (t, a, b) => shift(t, a * b) },
  mad_hi: { arity: 3, f: (t, a, b, c) => shift(t, a * b) + c },
  mad_sat: { arity: 3, f: (t, a, b, c) => clamp(t, a * b + c) },
  rotate: { arity: 2, f: (t, a, b) => {
    const bits = BigInt(TYPES[t].bits);
    const by = pattern(t, b) % bits;
    return (pattern(t, a) << by) | (pattern(t, a) >> (bits - by));
  } },
  mul24: { arity: 2, f: (t, a, b) => (TYPES[t].signed ? BigInt.asIntN(24, a) * BigInt.asIntN(24, b) : BigInt.asUintN(24, a) * BigInt.asUintN(24, b)), codes: ["i", "j"] },
  mad24: { arity: 3, f: (t, a, b, c) => (TYPES[t].signed ? BigInt.asIntN(24, a) * BigInt.asIntN(24, b) : BigInt.asUintN(24, a) * BigInt.asUintN(24, b)) + c, codes: ["i", "j"] },
};

function sample(code: Code, count: number, seed: number): bigint[] {
  const { bits } = TYPES[code];
  const any = fc.oneof(
    fc.constantFrom(0n, 1n, -1n, 2n, low(code), high(code), low(code) + 1n, high(code) - 1n),
    fc.bigInt({ min: low(code), max: high(code) }),
    fc.integer({ min: 0, max: bits - 1 }).map((n) => 1n << BigInt(n)),
  );
  return fc.sample(any, { numRuns: count, seed }).map((v) => wrap(code, v));
}

describe("integer functions", () => {
  test.each(Object.keys(FUNCTIONS))("%s of every integer type", (name) => {
    const { arity, f, codes = CODES } = FUNCTIONS[name]!;
    for (const code of codes) {
      const columns = [1, 2, 3].map((seed) => sample(code, 60, seed * 1009));
      // clamp is undefined when its bounds are crossed.
      if (name === "clamp") columns[1]!.forEach((b, n) => ([columns[1]![n], columns[2]![n]] = [min(b, columns[2]![n]!), max(b, columns[2]![n]!)]));
      const result = TYPES[code].make(columns[0]!.map(() => 0n));
      const type = `i${TYPES[code].bits}`;
      const mangled = `_Z${name.length}${name}${code.repeat(arity)}`;
      callBuiltin<Buffer>(mangled, type, new Array<string>(arity).fill(type), result, ...columns.slice(0, arity).map((v) => TYPES[code].make(v)));
      columns[0]!.forEach((a, n) => {
        const [b, c] = [columns[1]![n]!, columns[2]![n]!];
        expect(pattern(code, BigInt(result[n]!)), `${mangled}(${a}, ${b}, ${c})`).toBe(pattern(code, f(code, a, b, c)));
      });
    }
  });

  test("upsample joins a high and an unsigned low half", () => {
    const short = callBuiltin("_Z8upsamplest", "i32", ["i16", "i16"], new Int32Array(2), Int16Array.of(-2, 0x1234), Uint16Array.of(0xffff, 0x8001));
    expect([...short]).toEqual([-65537, 0x12348001]);
    const int = callBuiltin("_Z8upsampleij", "i64", ["i32", "i32"], new BigInt64Array(1), Int32Array.of(-1), Uint32Array.of(5));
    expect(int[0]).toBe(-4294967291n);
  });

  test("bit fields", () => {
    const words = Uint32Array.of(0xabcd1234, 0xffffffff, 0x80000000, 0x12345678);
    const offset = Uint32Array.of(8, 0, 31, 4);
    const count = Uint32Array.of(12, 32, 1, 0);
    expect([...callBuiltin("_Z25bitfield_extract_unsignedjjj", "i32", ["i32", "i32", "i32"], new Uint32Array(4), words, offset, count)]).toEqual([0xd12, 0xffffffff, 1, 0]);
    expect([...callBuiltin("_Z23bitfield_extract_signedjjj", "i32", ["i32", "i32", "i32"], new Int32Array(4), words, offset, count)]).toEqual([-750, -1, -1, 0]);
    expect([...callBuiltin("_Z15bitfield_insertjjjj", "i32", ["i32", "i32", "i32", "i32"], new Uint32Array(4), words, Uint32Array.of(0, 5, 0, 7), offset, count)]).toEqual([0xabc00034, 5, 0, 0x12345678]);
  });

  test("integer dot products", () => {
    const a = Int8Array.of(1, -2, 3, -128);
    const b = Int8Array.of(5, 6, -7, -128);
    expect([...callBuiltin("_Z3dotDv4_cS_", "i32", ["<4 x i8>", "<4 x i8>"], new Int32Array(1), a, b)]).toEqual([5 - 12 - 21 + 16384]);
    expect([...callBuiltin("_Z11dot_acc_satDv4_cS_i", "i32", ["<4 x i8>", "<4 x i8>", "i32"], new Int32Array(1), a, b, Int32Array.of(2 ** 31 - 5))]).toEqual([2 ** 31 - 1]);
    const word = Uint32Array.of(0x04fffe01);
    expect([...callBuiltin("_Z20dot_4x8packed_ss_intjj", "i32", ["i32", "i32"], new Int32Array(1), word, word)]).toEqual([1 + 4 + 1 + 16]);
    expect([...callBuiltin("_Z21dot_4x8packed_uu_uintjj", "i32", ["i32", "i32"], new Uint32Array(1), word, word)]).toEqual([1 + 254 * 254 + 255 * 255 + 16]);
  });
});

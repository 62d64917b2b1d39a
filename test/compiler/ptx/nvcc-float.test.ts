import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, PtxBench, sample } from "./bench.ts";
import { add, BF16, compare, decode, divide, encode, extreme, F16, F32, F64, isNegative, magnitude, multiply, NAN, negate, number, ofInteger, saturate, squareRoot, toInteger, type Format, type Mode, type Value } from "./exact.ts";

/** Floating-point instructions as nvcc 13.0 emits them (fixtures/ptx/nvcc/float.cu), against exact arithmetic rounded once. NaNs count as equal. */

let state = 4711;
const random = (): bigint => BigInt((state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 0);
const N = 160;
/** Numbers of a format: special ones, near ones, any bits. */
function inputs(format: Format, count: number): bigint[] {
  const special = [0, 0.5, 1, 1.5, 2, 3, 0.1, 127.5, 255.5, 32767.5, 65504, 65520, 1e-7, 6e-5, 2 ** 31, 2 ** 32, 2 ** 63, 1e30, 3e-39, 1e-45, Infinity, NaN].flatMap((x) => [x, -x]).map((x) => {
    const double = new DataView(new ArrayBuffer(8));
    double.setFloat64(0, x);
    return encode(decode(double.getBigUint64(0), F64), format) ?? (1n << BigInt(format.width - 1)) - 1n;
  });
  const bits = (): bigint => BigInt.asUintN(format.width, (random() << 32n) ^ random());
  // Half of them with exponents close to that of 1, so that sums and products are not all far apart.
  const near = (): bigint => {
    const fraction = BigInt(format.precision - 1);
    return (BigInt.asUintN(1, random() >> 9n) << BigInt(format.width - 1)) | ((BigInt(format.most) + (random() >> 8n) % 9n - 4n) << fraction) | BigInt.asUintN(format.precision - 1, (random() << 32n) ^ random());
  };
  return Array.from({ length: count }, (_, i) => (i < special.length ? special[i]! : (random() >> 7n) % 4n === 0n ? bits() : (random() >> 7n) % 3n === 0n ? special[Number((random() >> 6n) % BigInt(special.length))]! : near()));
}

const modes: readonly Mode[] = ["rn", "rz", "rm", "rp"];
/** Zero for subnormal numbers. */
const flush = (v: Value, format: Format): Value => (v.kind === "number" && v.m !== 0n && v.e + v.m.toString(2).length - 1 < format.least ? number(v.sign, 0n, 0) : v);
const fma = (a: Value, b: Value, c: Value, mode: Mode): Value => add(multiply(a, b), c, mode);
const relu = (v: Value): Value => (v.kind !== "nan" && isNegative(v) ? number(false, 0n, 0) : v);
const one = number(false, 1n, 0);
type Column = (a: Value, b: Value, c: Value) => readonly [Value, Mode] | number;

/** The four-mode operations that f32 and f64 share, in the order of the sample. */
const shared: readonly Column[] = [
  ...modes.map((mode): Column => (a, b) => [add(a, b, mode), mode]), ...modes.map((mode): Column => (a, b) => [multiply(a, b), mode]), ...modes.map((mode): Column => (a, b, c) => [fma(a, b, c, mode), mode]),
  ...modes.map((mode): Column => (a, b) => [divide(a, b), mode]), ...modes.map((mode): Column => (a) => [squareRoot(a), mode]), ...modes.map((mode): Column => (a) => [divide(one, a), mode]),
];
const copysign = (a: Value, b: Value): Value => (a.kind === "nan" ? a : isNegative(a) === isNegative(b) ? a : negate(a));
const all = (x: boolean): number => (x ? 0xffffffff : 0);
const rounded = (v: Value, mode: Mode, format: Format): Value => { const bits = encode(v, format, mode); return bits === null ? NAN : decode(bits, format); };
const xorsign = (a: Value, b: Value, format: Format): Value => {
  const least = extreme(magnitude(a), magnitude(b), false);
  void format;
  return least.kind === "nan" ? least : { ...least, sign: isNegative(a) !== isNegative(b) };
};
const subnormal = (v: Value): boolean => v.kind === "number" && v.m !== 0n && flush(v, F32) !== v;
const F = (v: Value): Value => flush(v, F32);
const columns32: readonly Column[] = [
  ...shared, (a, b) => [add(a, negate(b)), "rn"], (a, b) => [add(a, negate(b), "rp"), "rp"], (a, b) => [saturate(rounded(add(a, b), "rn", F32)), "rn"], (a, b, c) => [saturate(rounded(fma(a, b, c, "rz"), "rz", F32)), "rn"],
  (a, b) => [F(rounded(multiply(F(a), F(b)), "rn", F32)), "rn"], (a, b) => [saturate(F(rounded(add(F(a), F(b), "rm"), "rm", F32))), "rn"],
  (a, b) => [extreme(a, b, false), "rn"], (a, b) => [extreme(a, b, true, true), "rn"], (a, b) => [xorsign(a, b, F32), "rn"],
  // copysign d, a, b: the sign of a, the magnitude of b.
  (a, b) => [copysign(b, a), "rn"], (a) => [magnitude(F(a)), "rn"], (a) => [negate(a), "rn"],
  (a) => Number(a.kind === "number" && a.m !== 0n && !subnormal(a)), (a) => Number(subnormal(a)), (a) => Number(a.kind === "number"), (a) => Number(a.kind === "nan"), (a) => Number(a.kind === "inf"), (a) => Number(a.kind !== "nan"),
  (a, b) => all((compare(a, b) ?? 1) < 0), (a, b) => all((compare(a, b) ?? -1) < 0), (a, b) => all(compare(a, b) !== null), (a, b) => all(compare(a, b) === null), (a, b) => [compare(a, b) !== 0 ? one : number(false, 0n, 0), "rn"], (a, b) => all((compare(F(a), F(b)) ?? 0) === 0),
  (a, b, c) => [extreme(extreme(a, b, true), c, false), "rn"], (a, b) => [saturate(rounded(multiply(a, b), "rp", F32)), "rn"],
];

const isNan = (bits: bigint, format: Format): boolean => decode(bits, format).kind === "nan";
const shown = (bits: bigint | null, format: Format): string => (bits === null || isNan(bits, format) ? "NaN" : `0x${bits.toString(16)}`);

describe.each(engines)("on %s", (_name, compile) => {
  const bench = new PtxBench(sample("float"), compile);
  const { machine } = bench;

  test.each([["f32", F32, columns32], ["f64", F64, [...shared, (a, b) => [extreme(a, b, false), "rn"], (a, b) => [copysign(b, a), "rn"]] as readonly Column[]]] as const)("%s", (kernel, format, columns) => {
    const bits = inputs(format, 3 * N).map((_, i, list) => list[(i % 3) * N + ((Math.floor(i / 3) * [1, 7, 11][i % 3]!) % N)]!);
    const wide = format === F64;
    const out = machine.map(N * 64 * 8);
    bench.launch(kernel, packParams(machine.upload(wide ? BigUint64Array.from(bits) : Uint32Array.from(bits, Number)), out), { block: [N, 1, 1] });
    const got = wide ? machine.u64(out, N * 64) : BigUint64Array.from(machine.u32(out, N * 64), BigInt);
    columns.forEach((column, k) => {
      for (let i = 0; i < N; i++) {
        const [a, b, c] = [0, 1, 2].map((j) => decode(bits[3 * i + j]!, format)) as [Value, Value, Value];
        const want = column(a, b, c);
        const is = got[64 * i + k]!;
        const at = [k, ...bits.slice(3 * i, 3 * i + 3).map((x) => x.toString(16))];
        if (typeof want === "number") expect([...at, is]).toEqual([...at, BigInt(want)]);
        else expect([...at, shown(is, format)]).toEqual([...at, shown(encode(want[0], format, want[1]), format)]);
      }
    });
  });

  test("conversions", () => {
    const [floats, doubles] = [inputs(F32, N), inputs(F64, N)];
    const out = machine.map(N * 64 * 8);
    bench.launch("convert", packParams(machine.upload(Uint32Array.from(floats, Number)), machine.upload(BigUint64Array.from(doubles)), out), { block: [N, 1, 1] });
    const got = machine.u64(out, N * 64);
    const integer = (v: Value, mode: Mode, width: number, signed: boolean): bigint => {
      const [low, high] = signed ? [-(1n << BigInt(width - 1)), (1n << BigInt(width - 1)) - 1n] : [0n, (1n << BigInt(width)) - 1n];
      if (v.kind === "nan") return 0n;
      const x = toInteger(v, mode) ?? (isNegative(v) ? low : high);
      return x < low ? low : x > high ? high : x;
    };
    const clampTo = (x: bigint, width: number, signed: boolean): bigint => integer(ofInteger(x), "rn", width, signed);
    const whole = (v: Value, mode: Mode): Value => { const x = toInteger(v, mode); return x === null ? v : { ...ofInteger(x), sign: isNegative(v) } as Value; };
    for (let i = 0; i < N; i++) {
      const [a, d, n] = [decode(floats[i]!, F32), decode(doubles[i]!, F64), doubles[i]!];
      const w = BigInt.asIntN(32, n >> 11n);
      const sn = BigInt.asIntN(64, n);
      const s16 = BigInt.asIntN(16, w);
      const tf32 = a.kind === "number" ? encode(a, { ...F32, precision: 11, width: 19 }, "rna") : null;
      const f = (v: Value, mode: Mode = "rn"): [bigint | null, Format] => [encode(v, F32, mode), F32];
      const fd = (v: Value, mode: Mode = "rn"): [bigint | null, Format] => [encode(v, F64, mode), F64];
      const h = (v: Value, mode: Mode = "rn"): [bigint | null, Format] => [encode(v, F16, mode), F16];
      const bf = (v: Value, mode: Mode = "rn"): [bigint | null, Format] => [encode(v, BF16, mode), BF16];
      const x = (value: bigint, width = 32): [bigint, number] => [BigInt.asUintN(width, value), width];
      const pair = (high: Value, low: Value, format: Format, mode: Mode): [bigint, number] | null => { const [p, q] = [encode(high, format, mode), encode(low, format, mode)]; return p === null || q === null ? null : [(p << 16n) | q, 32]; };
      const twice = rounded(multiply(a, ofInteger(2n)), "rn", F32);
      const expected: ((readonly [bigint | null, Format | number]) | null)[] = [
        x(integer(a, "rn", 32, true)), x(integer(a, "rz", 32, true)), x(integer(a, "rm", 32, true)), x(integer(a, "rp", 32, true)), x(integer(a, "rn", 32, false)), x(integer(a, "rp", 32, false)), x(integer(a, "rm", 64, true), 64), x(integer(a, "rz", 64, false), 64),
        x(integer(a, "rz", 8, false)), x(integer(a, "rn", 8, true)), x(integer(a, "rp", 16, true)), x(integer(a, "rm", 16, false)),
        f(whole(a, "rn")), f(whole(a, "rz")), f(whole(a, "rm")), f(whole(a, "rp")), f(saturate(a)), f(whole(F(a), "rp")),
        x(integer(d, "rn", 32, true)), x(integer(d, "rm", 64, true), 64), x(integer(d, "rp", 64, false), 64), x(integer(d, "rz", 32, false)), ...modes.map((mode) => f(d, mode)), f(saturate(rounded(d, "rn", F32))),
        f(ofInteger(sn)), f(ofInteger(sn), "rz"), f(ofInteger(n), "rm"), f(ofInteger(n), "rp"), f(ofInteger(w)), f(ofInteger(w), "rp"), f(ofInteger(BigInt.asUintN(32, w)), "rz"),
        fd(ofInteger(sn)), fd(ofInteger(n), "rz"), fd(ofInteger(sn), "rp"), fd(ofInteger(BigInt.asUintN(32, w))), fd(a), fd(whole(d, "rm")),
        ...modes.map((mode) => h(a, mode)), bf(a), bf(relu(a), "rz"), h(d), h(d, "rp"),
        pair(a, twice, F16, "rn"), pair(a, twice, BF16, "rn"), pair(relu(a), relu(negate(a)), F16, "rz"), tf32 === null ? null : [tf32 << 13n, 32],
        h(ofInteger(w)), h(ofInteger(n), "rz"), h(ofInteger(s16), "rp"),
        x(clampTo(w, 16, true)), x(clampTo(w, 8, false)), x(clampTo(sn, 32, false)), x(clampTo(w, 64, false), 64), x(clampTo(BigInt.asUintN(32, w), 32, true)), x(w, 64), x(BigInt.asIntN(8, w)), h(saturate(rounded(a, "rn", F16))),
      ];
      expected.forEach((want, k) => {
        if (want === null) return;
        const [value, format] = want;
        const is = got[64 * i + k]!;
        const at = [k, floats[i]!.toString(16), n.toString(16)];
        if (typeof format === "number") expect([...at, is.toString(16)]).toEqual([...at, value!.toString(16)]);
        else expect([...at, shown(is, format)]).toEqual([...at, shown(value, format)]);
      });
    }
  });

  test("halves, alone and in pairs", () => {
    const bits = inputs(F16, 3 * N).map((_, i, list) => list[(i % 3) * N + ((Math.floor(i / 3) * [1, 7, 11][i % 3]!) % N)]!);
    const out = machine.map(N * 64 * 8);
    bench.launch("halves", packParams(machine.upload(Uint16Array.from(bits, Number)), out), { block: [N, 1, 1] });
    const got = machine.u64(out, N * 64);
    for (let i = 0; i < N; i++) {
      const raw = bits.slice(3 * i, 3 * i + 3);
      const [a, b, c] = raw.map((x) => decode(x, F16)) as [Value, Value, Value];
      const [p, q, r] = raw.map((x) => decode(x, BF16)) as [Value, Value, Value];
      const H = (v: Value): Value => flush(v, F16);
      const sat = (v: Value): Value => saturate(rounded(v, "rn", F16));
      const at = (k: number): bigint => got[64 * i + k]!;
      const name = (k: number): string => `${k}: ${raw.map((x) => x.toString(16)).join(" ")}`;
      const h = (k: number, v: Value, format: Format = F16): void => expect(`${name(k)} ${shown(at(k), format)}`).toBe(`${name(k)} ${shown(encode(v, format), format)}`);
      /** Low half from the first, high half from the second. */
      const h2 = (k: number, low: Value, high: Value, format: Format = F16): void => {
        expect(`${name(k)} ${shown(at(k) & 0xffffn, format)} ${shown((at(k) >> 16n) & 0xffffn, format)}`).toBe(`${name(k)} ${shown(encode(low, format), format)} ${shown(encode(high, format), format)}`);
      };
      const n = (k: number, value: bigint | number): void => expect(`${name(k)} ${at(k)}`).toBe(`${name(k)} ${BigInt(value)}`);
      h(0, add(a, b)); h(1, multiply(a, b)); h(2, fma(a, b, c, "rn")); h(3, sat(add(a, negate(b)))); h(4, relu(rounded(fma(a, b, c, "rn"), "rn", F16))); h(5, H(rounded(add(H(a), H(b)), "rn", F16)));
      h(6, extreme(a, b, false)); h(7, extreme(a, b, true, true)); h(8, negate(a)); h(9, magnitude(a));
      h2(10, add(a, b), add(b, c)); h2(11, multiply(a, b), multiply(b, c)); h2(12, fma(a, b, c, "rn"), fma(b, c, a, "rn")); h2(13, add(a, negate(b)), add(b, negate(c))); h2(14, sat(fma(a, b, c, "rn")), sat(fma(b, c, a, "rn"))); h2(15, extreme(a, b, true), extreme(b, c, true));
      const less = (x: Value, y: Value): Value => ((compare(x, y) ?? 1) < 0 ? one : number(false, 0n, 0));
      h2(16, less(a, b), less(b, c)); n(17, all((compare(a, b) ?? 1) >= 0)); n(18, Number((compare(a, b) ?? 0) > 0) + 2 * Number((compare(b, c) ?? 0) > 0));
      h(19, fma(p, q, r, "rn"), BF16); h2(20, fma(p, q, r, "rn"), fma(q, r, p, "rn"), BF16); h2(21, relu(rounded(fma(p, q, r, "rn"), "rn", BF16)), relu(rounded(fma(q, r, p, "rn"), "rn", BF16)), BF16); h(22, extreme(p, q, false), BF16); h2(23, extreme(p, q, true, true), extreme(q, r, true, true), BF16); h2(24, negate(p), negate(q), BF16); h2(25, magnitude(p), magnitude(q), BF16);
      expect(shown(at(26), F32)).toBe(shown(encode(a, F32), F32));
      n(27, raw[0]! << 16n);
      expect(shown(at(28), F64)).toBe(shown(encode(a, F64), F64));
      h(32, a.kind === "number" ? ({ ...ofInteger(toInteger(a, "rm")!), sign: a.sign } as Value) : a);
      h(33, add(p, q), BF16); h(34, multiply(p, q), BF16);
      const order = compare(p, q);
      n(35, Number(order === -1) + 2 * Number(order !== null && order >= 0) + 4 * Number(order === 0) + 8 * Number(order === null || order > 0));
      h(37, ofInteger(BigInt.asIntN(16, raw[1]!)), BF16);
      h(38, divide(a, b)); h(39, squareRoot(a)); h(40, divide(one, a)); h(42, a.kind === "number" ? ({ ...ofInteger(toInteger(a, "rn")!), sign: a.sign } as Value) : a);
      h(48, saturate(H(rounded(add(H(a), H(b)), "rn", F16)))); h(49, saturate(H(rounded(fma(H(a), H(b), H(c), "rn"), "rn", F16)))); h2(50, H(rounded(add(H(a), negate(H(b))), "rn", F16)), H(rounded(add(H(b), negate(H(c))), "rn", F16))); h(51, xorsign(a, b, F16));
      // Approximations: within a unit in the last place of the half.
      const x = a.kind === "number" ? Number(a.sign ? -a.m : a.m) * 2 ** a.e : NaN;
      for (const [k, want] of [[43, 2 ** x], [44, Math.tanh(x)]] as const) {
        if (Number.isNaN(want) || Math.abs(want) > 65000 || Math.abs(want) < 7e-5) continue;
        const is = decode(at(k), F16);
        expect(is.kind).toBe("number");
        if (is.kind === "number") expect(Math.abs(Number(is.sign ? -is.m : is.m) * 2 ** is.e / want - 1), name(k)).toBeLessThan(2 ** -10);
        expect(at(k + 2) & 0xffffn).toBe(at(k));
      }
    }
  });
});

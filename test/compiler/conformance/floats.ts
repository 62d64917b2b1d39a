import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FloatPredicate, Rounding } from "../../../src/compiler/ir/ops.ts";
import { applyOp, hex, pairs, type Compile } from "./op-bench.ts";
import * as q from "./rational.ts";

export const modes: readonly Rounding[] = ["rn", "rz", "rm", "rp"];
type FloatType = "f32" | "f64";

/** A pattern drawn so that exponents are near enough for sums to interact, with edges now and then. */
export function floatPatterns(format: q.FloatFormat): fc.Arbitrary<bigint> {
  const width = q.widthOf(format);
  const any = fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n });
  const one = ((1n << BigInt(format.exponentBits - 1)) - 1n) << BigInt(format.fractionBits);
  const near = fc.tuple(fc.integer({ min: -30, max: 30 }), fc.bigInt({ min: 0n, max: (1n << BigInt(format.fractionBits)) - 1n }), fc.boolean())
    .map(([exponent, fraction, negative]) => {
      const magnitude = one + BigInt(exponent) * (1n << BigInt(format.fractionBits));
      return q.withSign(format, q.isFiniteBits(format, magnitude) && magnitude > 0n ? magnitude | fraction : one, negative);
    });
  return fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: any }, { weight: 1, arbitrary: fc.constantFrom(...q.floatEdges(format)) });
}

/** Exactly what an operation on finite operands is, or the pattern that it must give. */
type Exact = { readonly kind: "pattern"; readonly bits: bigint } | { readonly kind: "value"; readonly against: (candidate: q.Rational) => number; readonly positive: boolean };

function exactly(value: q.Rational): Exact {
  return { kind: "value", against: (candidate) => q.compare(value, candidate), positive: value.n > 0n };
}

function expectRounded(format: q.FloatFormat, mode: Rounding, exact: Exact, bits: bigint, shown: string): void {
  if (exact.kind === "pattern" ? bits !== exact.bits : !q.isRounding(format, mode, bits, exact.against, exact.positive)) {
    expect.fail(`${shown} gives ${hex(bits)}${exact.kind === "pattern" ? `, not ${hex(exact.bits)}` : `, which is not its rounding (${mode})`}`);
  }
}

/** Zeros, infinities and NaN of the four operations, by the tables of IEEE 754; null when the result is a nonzero finite exact value. */
function sumOf(format: q.FloatFormat, a: bigint, b: bigint, mode: Rounding): Exact {
  const nan: Exact = { kind: "pattern", bits: q.canonicalNaN(format) };
  if (q.isNaNBits(format, a) || q.isNaNBits(format, b)) return nan;
  const [aInfinite, bInfinite] = [!q.isFiniteBits(format, a), !q.isFiniteBits(format, b)];
  if (aInfinite && bInfinite) return a === b ? { kind: "pattern", bits: a } : nan;
  if (aInfinite) return { kind: "pattern", bits: a };
  if (bInfinite) return { kind: "pattern", bits: b };
  const value = q.add(q.valueOf(format, a), q.valueOf(format, b));
  if (value.n !== 0n) return exactly(value);
  const bothZero = q.magnitudeOf(format, a) === 0n;
  const negative = bothZero && q.signOf(format, a) === q.signOf(format, b) ? q.signOf(format, a) : mode === "rm";
  return { kind: "pattern", bits: q.withSign(format, 0n, negative) };
}

function productOf(format: q.FloatFormat, a: bigint, b: bigint): Exact {
  const nan: Exact = { kind: "pattern", bits: q.canonicalNaN(format) };
  if (q.isNaNBits(format, a) || q.isNaNBits(format, b)) return nan;
  const negative = q.signOf(format, a) !== q.signOf(format, b);
  const zero = q.magnitudeOf(format, a) === 0n || q.magnitudeOf(format, b) === 0n;
  if (!q.isFiniteBits(format, a) || !q.isFiniteBits(format, b)) return zero ? nan : { kind: "pattern", bits: q.withSign(format, q.infinity(format), negative) };
  if (zero) return { kind: "pattern", bits: q.withSign(format, 0n, negative) };
  return exactly(q.multiply(q.valueOf(format, a), q.valueOf(format, b)));
}

function quotientOf(format: q.FloatFormat, a: bigint, b: bigint): Exact {
  const nan: Exact = { kind: "pattern", bits: q.canonicalNaN(format) };
  if (q.isNaNBits(format, a) || q.isNaNBits(format, b)) return nan;
  const negative = q.signOf(format, a) !== q.signOf(format, b);
  const pattern = (magnitude: bigint): Exact => ({ kind: "pattern", bits: q.withSign(format, magnitude, negative) });
  const [aZero, bZero] = [q.magnitudeOf(format, a) === 0n, q.magnitudeOf(format, b) === 0n];
  const [aInfinite, bInfinite] = [!q.isFiniteBits(format, a), !q.isFiniteBits(format, b)];
  if ((aZero && bZero) || (aInfinite && bInfinite)) return nan;
  if (aInfinite || bZero) return pattern(q.infinity(format));
  if (bInfinite || aZero) return pattern(0n);
  return exactly(q.divide(q.valueOf(format, a), q.valueOf(format, b)));
}

function rootOf(format: q.FloatFormat, a: bigint): Exact {
  if (q.isNaNBits(format, a)) return { kind: "pattern", bits: q.canonicalNaN(format) };
  if (q.magnitudeOf(format, a) === 0n || a === q.infinity(format)) return { kind: "pattern", bits: a };
  if (q.signOf(format, a)) return { kind: "pattern", bits: q.canonicalNaN(format) };
  const value = q.valueOf(format, a);
  return { kind: "value", positive: true, against: (candidate) => (candidate.n < 0n ? 1 : q.compare(value, q.multiply(candidate, candidate))) };
}

function fusedOf(format: q.FloatFormat, a: bigint, b: bigint, c: bigint, mode: Rounding): Exact {
  const nan: Exact = { kind: "pattern", bits: q.canonicalNaN(format) };
  if (q.isNaNBits(format, c)) return nan;
  const product = productOf(format, a, b);
  if (product.kind === "pattern") {
    if (q.isNaNBits(format, product.bits)) return nan;
    return sumOf(format, product.bits, c, mode); // infinity or zero plus c: exact but for the sign rules, which sumOf knows
  }
  if (!q.isFiniteBits(format, c)) return { kind: "pattern", bits: c };
  const value = q.add(q.multiply(q.valueOf(format, a), q.valueOf(format, b)), q.valueOf(format, c));
  return value.n === 0n ? { kind: "pattern", bits: q.withSign(format, 0n, mode === "rm") } : exactly(value);
}

/** `fadd` ... `fma` in every rounding, against exact rational arithmetic. */
function roundedOperations(compile: Compile, type: FloatType): void {
  const format = q.formats[type];
  const patterns = floatPatterns(format);
  const operands = [...pairs(q.floatEdges(format).filter((_, i) => i % 3 !== 1)), ...fc.sample(fc.tuple(patterns, patterns), { numRuns: 400, seed: 11 })];
  const binary = { fadd: sumOf, fsub: (f: q.FloatFormat, a: bigint, b: bigint, mode: Rounding) => sumOf(f, a, b ^ (1n << BigInt(q.widthOf(f) - 1)), mode), fmul: productOf, fdiv: quotientOf } as const;

  describe.each(modes)("%s", (mode) => {
    test.each(Object.keys(binary) as (keyof typeof binary)[])("%s", (op) => {
      const results = applyOp(compile, [type, type], type, (f, [a, b]) => f.def(type, { op, a: a!, b: b!, round: mode }), operands);
      results.forEach((bits, i) => {
        const [a, b] = operands[i]!;
        // A NaN operand's sign is flipped by the reference of fsub; it stays a NaN.
        expectRounded(format, mode, binary[op](format, a, b, mode), bits, `${op}(${hex(a)}, ${hex(b)})`);
      });
    });

    test("fsqrt", () => {
      const values = [...q.floatEdges(format), ...fc.sample(patterns, { numRuns: 300, seed: 12 })];
      const results = applyOp(compile, [type], type, (f, [a]) => f.def(type, { op: "fsqrt", a: a!, round: mode }), values.map((value) => [value]));
      results.forEach((bits, i) => expectRounded(format, mode, rootOf(format, values[i]!), bits, `fsqrt(${hex(values[i]!)})`));
    });

    test("fma", () => {
      const edges = q.floatEdges(format).filter((_, i) => i % 7 === 0);
      const triples = [...edges.flatMap((a) => pairs(edges).map(([b, c]) => [a, b, c] as const)), ...fc.sample(fc.tuple(patterns, patterns, patterns), { numRuns: 600, seed: 13 }), ...nearMisses(format)];
      const results = applyOp(compile, [type, type, type], type, (f, [a, b, c]) => f.def(type, { op: "fma", a: a!, b: b!, c: c!, round: mode }), triples);
      results.forEach((bits, i) => {
        const [a, b, c] = triples[i]!;
        expectRounded(format, mode, fusedOf(format, a, b, c, mode), bits, `fma(${hex(a)}, ${hex(b)}, ${hex(c)})`);
      });
    });
  });
}

/** Products that cancel against c but for the last bits, and products that lie next to a tie: where a double rounding shows. */
function nearMisses(format: q.FloatFormat): (readonly [bigint, bigint, bigint])[] {
  const fraction = BigInt(format.fractionBits);
  const one = ((1n << BigInt(format.exponentBits - 1)) - 1n) << fraction;
  const sign = 1n << BigInt(q.widthOf(format) - 1);
  const triples: (readonly [bigint, bigint, bigint])[] = [];
  for (let i = 1n; i < 40n; i++) {
    const a = one + i * 7919n;
    for (const c of [one, one + i, one + 2n * i * 7919n, one | sign, (one + 2n * i * 7919n) | sign]) {
      triples.push([a, a, c], [a, one + 1n, c], [a, one + i, c | sign], [a, a, c - (fraction + 1n) * (1n << fraction)], [a, a, c + (fraction + 1n) * (1n << fraction)]);
    }
  }
  return triples.filter((triple) => triple.every((bits) => bits >= 0n));
}

const predicates: Readonly<Record<FloatPredicate, (order: -1 | 0 | 1 | null) => boolean>> = {
  oeq: (o) => o === 0, one: (o) => o !== null && o !== 0, olt: (o) => o === -1, ole: (o) => o !== null && o <= 0, ogt: (o) => o === 1, oge: (o) => o !== null && o >= 0,
  ueq: (o) => o === null || o === 0, une: (o) => o !== 0, ult: (o) => o === null || o === -1, ule: (o) => o === null || o <= 0, ugt: (o) => o === null || o === 1, uge: (o) => o === null || o >= 0,
  ord: (o) => o !== null, uno: (o) => o === null,
};

/** Operations that do not round: sign, order, minimum, rounding to integers. */
function exactOperations(compile: Compile, type: FloatType): void {
  const format = q.formats[type];
  const edges = q.floatEdges(format);
  const nan = q.canonicalNaN(format);
  const sign = 1n << BigInt(q.widthOf(format) - 1);
  const isNaN = (bits: bigint): boolean => q.isNaNBits(format, bits);
  /** -0 below +0; not for NaN. */
  const order = (a: bigint, b: bigint): number => q.compare(q.valueOf(format, a), q.valueOf(format, b)) || Number(q.signOf(format, b)) - Number(q.signOf(format, a));
  const unary = (op: "fneg" | "fabs" | "ffloor" | "fceil" | "ftrunc" | "frint" | "fround", values: readonly bigint[]): bigint[] =>
    applyOp(compile, [type], type, (f, [a]) => f.def(type, { op, a: a! }), values.map((value) => [value]));
  const binary = (op: "fmin" | "fmax" | "copysign", tuples: readonly (readonly [bigint, bigint])[]): bigint[] =>
    applyOp(compile, [type, type], type, (f, [a, b]) => f.def(type, { op, a: a!, b: b! }), tuples);

  test("fneg, fabs and copysign touch the sign bit only, of NaN too", () => {
    expect(unary("fneg", edges)).toEqual(edges.map((a) => a ^ sign));
    expect(unary("fabs", edges)).toEqual(edges.map((a) => a & (sign - 1n)));
    const both = pairs(edges);
    expect(binary("copysign", both)).toEqual(both.map(([a, b]) => (a & (sign - 1n)) | (b & sign)));
  });

  test("fmin and fmax", () => {
    const both = pairs(edges);
    const pick = (better: (difference: number) => boolean) => ([a, b]: readonly [bigint, bigint]): bigint => {
      if (isNaN(a)) return isNaN(b) ? nan : b;
      return isNaN(b) || better(order(a, b)) ? a : b;
    };
    expect(binary("fmin", both)).toEqual(both.map(pick((difference) => difference <= 0)));
    expect(binary("fmax", both)).toEqual(both.map(pick((difference) => difference >= 0)));
  });

  test.each(Object.keys(predicates) as FloatPredicate[])("fcmp %s", (pred) => {
    const both = pairs(edges);
    const results = applyOp(compile, [type, type], "i1", (f, [a, b]) => f.def("i1", { op: "fcmp", pred, a: a!, b: b! }), both);
    expect(results).toEqual(both.map(([a, b]) => BigInt(predicates[pred](isNaN(a) || isNaN(b) ? null : q.compare(q.valueOf(format, a), q.valueOf(format, b))))));
  });

  test("ffloor, fceil, ftrunc, frint and fround", () => {
    const values = [...edges, ...fc.sample(floatPatterns(format), { numRuns: 300, seed: 14 })];
    const half = q.rational(1n, 2n);
    const operations = {
      ffloor: (value: q.Rational) => q.toInteger(value, "rm"),
      fceil: (value: q.Rational) => q.toInteger(value, "rp"),
      ftrunc: (value: q.Rational) => q.toInteger(value, "rz"),
      frint: (value: q.Rational) => q.toInteger(value, "rn"),
      fround: (value: q.Rational) => (value.n >= 0n ? q.toInteger(q.add(value, half), "rm") : q.toInteger(q.add(value, q.negate(half)), "rp")),
    } as const;
    for (const op of Object.keys(operations) as (keyof typeof operations)[]) {
      unary(op, values).forEach((bits, i) => {
        const a = values[i]!;
        if (isNaN(a)) expect(bits).toBe(nan);
        else if (!q.isFiniteBits(format, a)) expect(bits).toBe(a);
        else {
          const whole = operations[op](q.valueOf(format, a));
          expect([op, hex(a), q.signOf(format, bits)]).toEqual([op, hex(a), q.signOf(format, a)]);
          expect([op, hex(a), q.compare(q.valueOf(format, bits), q.rational(whole))]).toEqual([op, hex(a), 0]);
        }
      });
    }
  });

  test("frem is C's fmod", () => {
    const operands = [...pairs(edges), ...fc.sample(fc.tuple(floatPatterns(format), floatPatterns(format)), { numRuns: 300, seed: 15 })];
    const results = applyOp(compile, [type, type], type, (f, [a, b]) => f.def(type, { op: "frem", a: a!, b: b! }), operands);
    results.forEach((bits, i) => {
      const [a, b] = operands[i]!;
      let wanted: bigint;
      if (isNaN(a) || isNaN(b) || !q.isFiniteBits(format, a) || q.magnitudeOf(format, b) === 0n) wanted = nan;
      else if (!q.isFiniteBits(format, b)) wanted = a;
      else {
        const [x, y] = [q.valueOf(format, a), q.valueOf(format, b)];
        const rest = q.add(x, q.negate(q.multiply(y, q.rational(q.toInteger(q.divide(x, y), "rz")))));
        expect([hex(a), hex(b), q.signOf(format, bits), q.compare(q.valueOf(format, bits), rest)]).toEqual([hex(a), hex(b), q.signOf(format, a), 0]);
        return;
      }
      expect([hex(a), hex(b), hex(bits)]).toEqual([hex(a), hex(b), hex(wanted)]);
    });
  });

  test("moves, select, loads and stores keep NaN patterns", () => {
    const moved = applyOp(compile, ["i1", type, type], type, (f, [c, a, b]) => f.def(type, { op: "copy", a: f.def(type, { op: "select", c: c!, a: a!, b: b! }) }), edges.map((a) => [1n, a, 0n]));
    expect(moved).toEqual(edges);
  });

  test("constbits keeps its pattern, a NaN constant is canonical", () => {
    for (const bits of edges) expect(applyOp(compile, [type], type, (f) => f.def(type, { op: "constbits", bits }), [[0n]])).toEqual([bits]);
    expect(applyOp(compile, [type], type, (f) => f.def(type, { op: "const", value: NaN }), [[0n]])).toEqual([nan]);
    expect(applyOp(compile, [type], type, (f) => f.def(type, { op: "const", value: -0 }), [[0n]])).toEqual([sign]);
  });
}

/** Floating-point operations of one type. */
export function floatConformance(compile: Compile, type: FloatType): void {
  describe(type, () => {
    roundedOperations(compile, type);
    exactOperations(compile, type);
  });
}

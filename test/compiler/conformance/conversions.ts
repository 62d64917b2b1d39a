import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Conversion } from "../../../src/compiler/ir/ops.ts";
import { bitsOf, type Type } from "../../../src/compiler/ir/types.ts";
import { floatPatterns, modes } from "./floats.ts";
import { integerEdges } from "./integers.ts";
import { applyOp, hex, type Compile } from "./op-bench.ts";
import * as q from "./rational.ts";

const ints: readonly Type[] = ["i1", "i8", "i16", "i32", "i64"];
const floats = ["f32", "f64"] as const;

/** Every conversion against exact rational arithmetic. */
export function conversionConformance(compile: Compile): void {
  const convert = (op: Conversion, from: Type, to: Type, values: readonly bigint[], round?: (typeof modes)[number]): bigint[] =>
    applyOp(compile, [from], to, (f, [a]) => f.def(to, { op, a: a!, ...(round === undefined ? {} : { round }) }), values.map((value) => [value]));

  test.each(ints.flatMap((from) => ints.map((to) => [from, to] as const)).filter(([from, to]) => from !== to))("%s to %s", (from, to) => {
    const values = integerEdges(bitsOf[from]);
    if (bitsOf[to] < bitsOf[from]) expect(convert("trunc", from, to, values)).toEqual(values.map((value) => BigInt.asUintN(bitsOf[to], value)));
    else {
      expect(convert("zext", from, to, values)).toEqual(values);
      expect(convert("sext", from, to, values)).toEqual(values.map((value) => BigInt.asUintN(bitsOf[to], BigInt.asIntN(bitsOf[from], value))));
    }
  });

  test.each([["i32", "f32"], ["f32", "i32"], ["i64", "f64"], ["f64", "i64"]] as const)("bitcast %s to %s keeps every bit", (from, to) => {
    const values = q.floatEdges(q.formats[to === "f32" || from === "f32" ? "f32" : "f64"]);
    expect(convert("bitcast", from, to, values)).toEqual(values);
  });

  describe.each([...modes, undefined])("rounding %s", (mode) => {
    describe.each(floats)("from %s", (type) => {
      const format = q.formats[type];
      const values = [...q.floatEdges(format), ...fc.sample(floatPatterns(format), { numRuns: 400, seed: 21 })];

      test.each(ints.slice(1).flatMap((to) => [["fptosi", to], ["fptoui", to]] as const))("%s %s", (op, to) => {
        const width = bitsOf[to];
        const [low, high] = op === "fptosi" ? [-(1n << BigInt(width - 1)), (1n << BigInt(width - 1)) - 1n] : [0n, (1n << BigInt(width)) - 1n];
        convert(op, type, to, values, mode).forEach((bits, i) => {
          const a = values[i]!;
          let whole: bigint;
          if (q.isNaNBits(format, a)) whole = 0n;
          else if (!q.isFiniteBits(format, a)) whole = q.signOf(format, a) ? low : high;
          else whole = q.toInteger(q.valueOf(format, a), mode ?? "rz");
          const clamped = whole < low ? low : whole > high ? high : whole;
          expect([hex(a), bits]).toEqual([hex(a), BigInt.asUintN(width, clamped)]);
        });
      });
    });

    test.each(ints.flatMap((from) => floats.flatMap((to) => [["sitofp", from, to], ["uitofp", from, to]] as const)))("%s %s to %s", (op, from, to) => {
      const width = bitsOf[from];
      const nearTies = width < 64 ? [] : Array.from({ length: 64 }, (_, i) => [(1n << 62n) + (1n << BigInt(i)), (1n << 63n) + (1n << BigInt(i)) + 1n, (1n << 63n) - (1n << BigInt(i)) + 1n]).flat();
      const values = [...integerEdges(width), ...nearTies, ...fc.sample(fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n }), { numRuns: 200, seed: 22 })].map((value) => BigInt.asUintN(width, value));
      convert(op, from, to, values, mode).forEach((bits, i) => {
        const value = op === "sitofp" ? BigInt.asIntN(width, values[i]!) : values[i]!;
        if (value === 0n) expect(bits).toBe(0n);
        else if (!q.isRounding(q.formats[to], mode ?? "rn", bits, (candidate) => q.compare(q.rational(value), candidate), value > 0n)) expect.fail(`${op}(${value}) gives ${hex(bits)}`);
      });
    });

    test.each([["fptrunc", "f64", "f32", "f32"], ["f32tof16", "f32", "i16", "f16"], ["f64tof16", "f64", "i16", "f16"], ["f32tobf16", "f32", "i16", "bf16"]] as const)("%s", (op, from, to, target) => {
      const source = q.formats[from];
      const format = q.formats[target];
      // Numbers near the target's own: its edges moved by a few units of the source.
      const near = q.floatEdges(format).filter((bits) => q.isFiniteBits(format, bits)).flatMap((bits) => neighbours(source, format, bits));
      const values = [...q.floatEdges(source), ...near, ...fc.sample(floatPatterns(source), { numRuns: 400, seed: 23 })];
      convert(op, from, to, values, mode).forEach((bits, i) => {
        const a = values[i]!;
        const value = q.isNaNBits(source, a) ? null : q.valueOf(source, a);
        if (value === null) expect([hex(a), hex(bits)]).toEqual([hex(a), hex(q.canonicalNaN(format))]);
        else if (!q.isFiniteBits(source, a) || value.n === 0n) {
          expect([hex(a), hex(bits)]).toEqual([hex(a), hex(q.withSign(format, value.n === 0n ? 0n : q.infinity(format), q.signOf(source, a)))]);
        } else if (!q.isRounding(format, mode ?? "rn", bits, (candidate) => q.compare(value, candidate), value.n > 0n)) expect.fail(`${op}(${hex(a)}) gives ${hex(bits)} in ${mode}`);
      });
    });
  });

  test.each([["f16tof32", "f16"], ["bf16tof32", "bf16"]] as const)("%s of every pattern", (op, name) => {
    const format = q.formats[name];
    const values = Array.from({ length: 65536 }, (_, i) => BigInt(i));
    convert(op, "i16", "f32", values).forEach((bits, i) => {
      const a = values[i]!;
      if (q.isNaNBits(format, a)) expect(bits).toBe(q.canonicalNaN(q.formats.f32));
      else if (!q.isFiniteBits(format, a)) expect(bits).toBe(q.withSign(q.formats.f32, q.infinity(q.formats.f32), q.signOf(format, a)));
      else if (q.compare(q.valueOf(q.formats.f32, bits), q.valueOf(format, a)) !== 0 || q.signOf(q.formats.f32, bits) !== q.signOf(format, a)) expect.fail(`${hex(a)} gives ${hex(bits)}`);
    });
  });

  test("fpext is exact", () => {
    const values = [...q.floatEdges(q.formats.f32), ...fc.sample(floatPatterns(q.formats.f32), { numRuns: 300, seed: 24 })];
    convert("fpext", "f32", "f64", values).forEach((bits, i) => {
      const a = values[i]!;
      if (q.isNaNBits(q.formats.f32, a)) expect(bits).toBe(q.canonicalNaN(q.formats.f64));
      else if (!q.isFiniteBits(q.formats.f32, a)) expect(bits).toBe(q.withSign(q.formats.f64, q.infinity(q.formats.f64), q.signOf(q.formats.f32, a)));
      else expect([hex(a), q.compare(q.valueOf(q.formats.f64, bits), q.valueOf(q.formats.f32, a)), q.signOf(q.formats.f64, bits)]).toEqual([hex(a), 0, q.signOf(q.formats.f32, a)]);
    });
  });
}

/** Source patterns at, next to and halfway beyond the value of a target pattern. */
function neighbours(source: q.FloatFormat, target: q.FloatFormat, bits: bigint): bigint[] {
  const value = q.valueOf(target, q.magnitudeOf(target, bits));
  if (value.n === 0n) return [];
  // The source pattern of the same value: search by bisection, patterns are ordered like values.
  let [low, high] = [0n, q.infinity(source)];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (q.compare(q.valueOf(source, middle), value) <= 0) low = middle;
    else high = middle;
  }
  const half = 1n << BigInt(Math.max(0, source.fractionBits - target.fractionBits - 1));
  return [-half - 1n, -half, -1n, 0n, 1n, half - 1n, half, half + 1n].map((delta) => low + delta).filter((magnitude) => magnitude > 0n).map((magnitude) => q.withSign(source, magnitude, q.signOf(target, bits)));
}

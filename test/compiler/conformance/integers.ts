import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IntBinary, IntPredicate, IntUnary } from "../../../src/compiler/ir/ops.ts";
import { bitsOf, type Type } from "../../../src/compiler/ir/types.ts";
import { applyOp, pairs, type Compile } from "./op-bench.ts";

const types: readonly Type[] = ["i1", "i8", "i16", "i32", "i64"];

/** Every operation on mathematical integers; results are cut to the width afterwards. `s`, `t` are the operands read as signed, `a`, `b` as unsigned. */
type Reference = (a: bigint, b: bigint, s: bigint, t: bigint, width: bigint) => bigint;

const floorDivide = (s: bigint, width: bigint): bigint => s >> width;

const binaries: Readonly<Record<IntBinary, Reference>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  "mulhi.s": (_a, _b, s, t, w) => floorDivide(s * t, w),
  "mulhi.u": (a, b, _s, _t, w) => floorDivide(a * b, w),
  "div.s": (_a, b, s, t) => (b === 0n ? -1n : s / t),
  "div.u": (a, b) => (b === 0n ? -1n : a / b),
  "rem.s": (a, b, s, t) => (b === 0n ? a : s % t),
  "rem.u": (a, b) => (b === 0n ? a : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, _s, _t, w) => a << (b % w),
  lshr: (a, b, _s, _t, w) => a >> (b % w),
  ashr: (_a, b, s, _t, w) => s >> (b % w),
  rotl: (a, b, _s, _t, w) => (a << (b % w)) | (a >> (w - (b % w))),
  "min.s": (_a, _b, s, t) => (s < t ? s : t),
  "max.s": (_a, _b, s, t) => (s > t ? s : t),
  "min.u": (a, b) => (a < b ? a : b),
  "max.u": (a, b) => (a > b ? a : b),
};

const predicates: Readonly<Record<IntPredicate, Reference>> = {
  eq: (a, b) => BigInt(a === b),
  ne: (a, b) => BigInt(a !== b),
  "lt.s": (_a, _b, s, t) => BigInt(s < t),
  "le.s": (_a, _b, s, t) => BigInt(s <= t),
  "gt.s": (_a, _b, s, t) => BigInt(s > t),
  "ge.s": (_a, _b, s, t) => BigInt(s >= t),
  "lt.u": (a, b) => BigInt(a < b),
  "le.u": (a, b) => BigInt(a <= b),
  "gt.u": (a, b) => BigInt(a > b),
  "ge.u": (a, b) => BigInt(a >= b),
};

function bitsOfValue(a: bigint, width: number): bigint[] {
  return Array.from({ length: width }, (_, i) => (a >> BigInt(i)) & 1n);
}

const unaries: Readonly<Record<IntUnary, (a: bigint, width: number) => bigint>> = {
  not: (a) => -1n - a,
  neg: (a) => -a,
  clz: (a, width) => BigInt([...bitsOfValue(a, width)].reverse().findIndex((bit) => bit === 1n)),
  ctz: (a, width) => BigInt(bitsOfValue(a, width).indexOf(1n)),
  popc: (a, width) => bitsOfValue(a, width).reduce((sum, bit) => sum + bit, 0n),
  brev: (a, width) => bitsOfValue(a, width).reduce((sum, bit) => sum * 2n + bit, 0n),
};

/** Zero, one, extremes and their neighbours, and some bit patterns. */
export function integerEdges(width: number): bigint[] {
  const top = 1n << BigInt(width - 1);
  const all = [0n, 1n, 2n, 3n, 5n, 7n, 8n, 15n, 31n, 32n, 33n, 63n, 64n, 65n, top - 1n, top, top + 1n, -1n, -2n, -3n, -7n, 0x5555555555555555n, 0x123456789abcdef1n];
  return [...new Set(all.map((value) => BigInt.asUintN(width, value)))];
}

/** Operands: all pairs of edges, and random pairs from a fixed seed. */
function operandPairs(width: number): (readonly [bigint, bigint])[] {
  const any = fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n });
  return [...pairs(integerEdges(width)), ...fc.sample(fc.tuple(any, any), { numRuns: 100, seed: 7 })];
}

/** Integer operations against arithmetic on mathematical integers. */
export function integerConformance(compile: Compile): void {
  describe.each(types)("%s", (type) => {
    const width = bitsOf[type];
    const operands = operandPairs(width);
    const expected = (reference: Reference, resultWidth: number): bigint[] => operands.map(([a, b]) =>
      BigInt.asUintN(resultWidth, reference(a, b, BigInt.asIntN(width, a), BigInt.asIntN(width, b), BigInt(width))));

    test.each(Object.keys(binaries) as IntBinary[])("%s", (op) => {
      const results = applyOp(compile, [type, type], type, (f, [a, b]) => f.def(type, { op, a: a!, b: b! }), operands);
      const wanted = expected(binaries[op], width);
      results.forEach((result, i) => expect([...operands[i]!, result]).toEqual([...operands[i]!, wanted[i]]));
    });

    test.each(Object.keys(predicates) as IntPredicate[])("icmp %s", (pred) => {
      const results = applyOp(compile, [type, type], "i1", (f, [a, b]) => f.def("i1", { op: "icmp", pred, a: a!, b: b! }), operands);
      const wanted = expected(predicates[pred], 1);
      results.forEach((result, i) => expect([...operands[i]!, result]).toEqual([...operands[i]!, wanted[i]]));
    });

    test.each(Object.keys(unaries) as IntUnary[])("%s", (op) => {
      const values = [...new Set(operands.flat())];
      const results = applyOp(compile, [type], type, (f, [a]) => f.def(type, { op, a: a! }), values.map((value) => [value]));
      values.forEach((a, i) => {
        const raw = unaries[op](a, width);
        // Counting zeros of 0: indexOf found nothing.
        const wanted = BigInt.asUintN(width, (op === "clz" || op === "ctz") && a === 0n ? BigInt(width) : raw);
        expect([a, results[i]]).toEqual([a, wanted]);
      });
    });
  });

  test("select takes the first when the condition holds", () => {
    const tuples = [[0n, 5n, 7n], [1n, 5n, 7n]];
    const results = applyOp(compile, ["i1", "i64", "i64"], "i64", (f, [c, a, b]) => f.def("i64", { op: "select", c: c!, a: a!, b: b! }), tuples);
    expect(results).toEqual([7n, 5n]);
  });

  test("an i1 in memory is its lowest bit", () => {
    expect(applyOp(compile, ["i1"], "i1", (f, [a]) => f.def("i1", { op: "copy", a: a! }), [[0xfen], [0xffn], [2n], [3n]])).toEqual([0n, 1n, 0n, 1n]);
  });
}

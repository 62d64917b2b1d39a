import { expect, test } from "vitest";
import { corners, evaluate, f32, floats32, floats64, fromF32, fromF64, int, product } from "./bench.ts";

type Order = (a: number | bigint, b: number | bigint) => boolean;
const ordered: Record<string, Order> = {
  eq: (a, b) => a === b, ne: (a, b) => a !== b, lt: (a, b) => a < b, le: (a, b) => a <= b, gt: (a, b) => a > b, ge: (a, b) => a >= b,
};
const unsignedNames: Record<string, Order> = { lo: ordered.lt!, ls: ordered.le!, hi: ordered.gt!, hs: ordered.ge! };

for (const type of ["u16", "s16", "u32", "s32", "u64", "s64"]) {
  const bits = Number(type.slice(1));
  const signed = type.startsWith("s");
  test.each(Object.entries(signed ? ordered : { ...ordered, ...unsignedNames }))(`setp.%s.${type}`, (name, f) => {
    const vectors = product(corners(bits), corners(bits));
    const results = evaluate({ code: `setp.${name}.${type} d|e, a, b;`, inputs: [type, type], outputs: ["pred", "pred"] }, vectors);
    vectors.forEach(([a, b], i) => {
      const v = f(int(a!, bits, signed), int(b!, bits, signed));
      expect(results[i]).toEqual(v ? [1n, 0n] : [0n, 1n]);
    });
  });
}

/** Comparisons of floats: ordered ones are false, unordered ones true for NaN. */
const floatNames: [string, Order, boolean][] = [
  ...Object.entries(ordered).map(([name, f]): [string, Order, boolean] => [name, f, false]),
  ...Object.entries(ordered).map(([name, f]): [string, Order, boolean] => [`${name}u`, f, true]),
];

test.each(floatNames)("setp.%s on f32 and f64", (name, f, unordered) => {
  const single = product(floats32, floats32);
  const results = evaluate({ code: `setp.${name}.f32 d, a, b;`, inputs: ["f32", "f32"], outputs: ["pred"] }, single);
  const truth = (a: number, b: number): bigint => (Number.isNaN(a) || Number.isNaN(b) ? (unordered ? 1n : 0n) : f(a, b) ? 1n : 0n);
  single.forEach(([a, b], i) => expect(results[i]![0]).toBe(truth(fromF32(a!), fromF32(b!))));
  const double = product(floats64, floats64.slice(0, 12));
  const wide = evaluate({ code: `setp.${name}.f64 d, a, b;`, inputs: ["f64", "f64"], outputs: ["pred"] }, double);
  double.forEach(([a, b], i) => expect(wide[i]![0]).toBe(truth(fromF64(a!), fromF64(b!))));
});

test("setp.num and setp.nan", () => {
  const vectors = [[f32(1), f32(2)], [f32(NaN), f32(2)]];
  expect(evaluate({ code: "setp.num.f32 d, a, b; setp.nan.f32 e, a, b;", inputs: ["f32", "f32"], outputs: ["pred", "pred"] }, vectors)).toEqual([[1n, 0n], [0n, 1n]]);
});

test("setp.ftz takes subnormals for zero", () => {
  const vectors = [[1n, 0n], [0x80000001n, 0n]];
  expect(evaluate({ code: "setp.eq.ftz.f32 d, a, b; setp.eq.f32 e, a, b;", inputs: ["f32", "f32"], outputs: ["pred", "pred"] }, vectors)).toEqual([[1n, 0n], [1n, 0n]]);
});

test.each([
  ["and", (v: boolean, c: boolean) => v && c], ["or", (v: boolean, c: boolean) => v || c], ["xor", (v: boolean, c: boolean) => v !== c],
] as const)("setp.lt.%s combines both results with a predicate", (op, f) => {
  const vectors = product([1n, 5n], [3n], [0n, 1n]);
  for (const [text, flip] of [["c", false], ["!c", true]] as const) {
    const results = evaluate({ code: `setp.lt.${op}.s32 d|e, a, b, ${text};`, inputs: ["s32", "s32", "pred"], outputs: ["pred", "pred"] }, vectors);
    vectors.forEach(([a, b, c], i) => {
      const third = (c === 1n) !== flip;
      expect(results[i]).toEqual([f(a! < b!, third) ? 1n : 0n, f(a! >= b!, third) ? 1n : 0n]);
    });
  }
});

test("set gives all ones, 1.0 or zero", () => {
  const vectors = [[1n, 2n], [2n, 1n]];
  expect(evaluate({ code: "set.lt.u32.s32 d, a, b;", inputs: ["s32", "s32"] }, vectors)).toEqual([[0xffffffffn], [0n]]);
  expect(evaluate({ code: "set.lt.f32.u32 d, a, b;", inputs: ["u32", "u32"], outputs: ["f32"] }, vectors)).toEqual([[f32(1)], [0n]]);
  expect(evaluate({ code: "set.gt.and.s32.f64 d, a, b, c;", inputs: ["f64", "f64", "pred"], outputs: ["s32"] }, [[floats64[2]!, 0n, 1n], [floats64[2]!, 0n, 0n]])).toEqual([[0xffffffffn], [0n]]);
});

test("selp of every kind", () => {
  for (const type of ["b16", "u32", "s64", "f32", "f64"]) {
    expect(evaluate({ code: `selp.${type} d, a, b, c;`, inputs: [type, type, "pred"] }, [[1n, 2n, 1n], [1n, 2n, 0n]])).toEqual([[1n], [2n]]);
  }
  expect(evaluate({ code: "selp.f32 d, 0f3F800000, 0f00000000, a;", inputs: ["pred"], outputs: ["f32"] }, [[1n], [0n]])).toEqual([[f32(1)], [0n]]);
  expect(evaluate({ code: "selp.b32 d, a, b, c;", inputs: ["f32", "u32", "pred"] }, [[5n, 6n, 1n], [5n, 6n, 0n]])).toEqual([[5n], [6n]]);
});

test("slct picks by sign; -0 counts as positive, NaN as negative", () => {
  expect(evaluate({ code: "slct.u32.s32 d, a, b, c;", inputs: ["u32", "u32", "s32"] }, [[1n, 2n, 0n], [1n, 2n, 0xffffffffn]])).toEqual([[1n], [2n]]);
  const by = [f32(3), f32(-0), f32(-3), f32(NaN), 0x80000001n];
  expect(evaluate({ code: "slct.f32.f32 d, a, b, c;", inputs: ["f32", "f32", "f32"] }, by.map((x) => [1n, 2n, x])).map((v) => v[0])).toEqual([1n, 1n, 2n, 2n, 2n]);
  expect(evaluate({ code: "slct.ftz.u64.f32 d, a, b, c;", inputs: ["u64", "u64", "f32"] }, by.map((x) => [1n, 2n, x])).map((v) => v[0])).toEqual([1n, 1n, 2n, 2n, 1n]);
});

test("predicates in logic", () => {
  const vectors = product([0n, 1n], [0n, 1n]);
  const logic = (op: string): bigint[] => evaluate({ code: `${op}.pred d, a, b;`, inputs: ["pred", "pred"], outputs: ["pred"] }, vectors).map((v) => v[0]!);
  expect([logic("and"), logic("or"), logic("xor")]).toEqual([[0n, 0n, 0n, 1n], [0n, 1n, 1n, 1n], [0n, 1n, 1n, 0n]]);
  expect(evaluate({ code: "not.pred d, a; mov.pred e, -1;", inputs: ["pred"], outputs: ["pred", "pred"] }, [[0n], [1n]])).toEqual([[1n, 1n], [0n, 1n]]);
});

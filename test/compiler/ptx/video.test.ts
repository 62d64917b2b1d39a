import { expect, test } from "vitest";
import { corners, evaluate, product } from "./bench.ts";

const words = [...corners(32), 0x807f00ffn, 0x01fe80c3n];
const lane = (v: bigint, i: number, bits: number, signed: boolean): bigint => {
  const field = (v >> BigInt(i * bits)) & ((1n << BigInt(bits)) - 1n);
  return signed ? BigInt.asIntN(bits, field) : field;
};
const clamp = (v: bigint, bits: number, signed: boolean): bigint => {
  const [low, high] = signed ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n] : [0n, (1n << BigInt(bits)) - 1n];
  return v < low ? low : v > high ? high : v;
};
const ops: Record<string, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => a + b, sub: (a, b) => a - b, absdiff: (a, b) => (a > b ? a - b : b - a), min: (a, b) => (a < b ? a : b), max: (a, b) => (a > b ? a : b),
  avrg: (a, b) => (a + b + (a + b >= 0n ? 1n : 0n)) >> 1n,
};

test.each(product(Object.keys(ops), ["2", "4"], ["u32", "s32"]))("v%s%s on %s, saturated and summed", (op, n, type) => {
  const count = Number(n);
  const bits = 32 / count;
  const signed = type === "s32";
  const f = ops[op!]!;
  const vectors = product(words.slice(5), words.slice(3), [0x11223344n]);
  const run = (mods: string): bigint[] => evaluate({ code: `v${op}${n}.${type}.${type}.${type}${mods} d, a, b, c;`, inputs: ["b32", "b32", "b32"] }, vectors).map((v) => v[0]!);
  const [plain, sat, sum] = [run(""), run(".sat"), run(".add")];
  vectors.forEach(([a, b, c], i) => {
    const lanes = Array.from({ length: count }, (_, k) => f(lane(a!, k, bits, signed), lane(b!, k, bits, signed)));
    const join = (x: bigint[]): bigint => x.reduce((w, v, k) => w | (BigInt.asUintN(bits, v) << BigInt(k * bits)), 0n);
    expect(plain[i]).toBe(join(lanes));
    expect(sat[i]).toBe(join(lanes.map((v) => clamp(v, bits, signed))));
    expect(sum[i]).toBe(BigInt.asUintN(32, lanes.reduce((s, v) => s + (signed ? BigInt.asIntN(bits, v) : BigInt.asUintN(bits, v)), c!)));
  });
});

test("selections, masks, comparisons of lanes", () => {
  const [a, b, c] = [0x11223344n, 0x55667788n, 0xaabbccddn];
  const one = (code: string): bigint => evaluate({ code, inputs: ["b32", "b32", "b32"] }, [[a, b, c]])[0]![0]!;
  expect(one("vadd4.u32.u32.u32 d.b31, a.b0123, b.b7654, c;")).toBe(0x99bb99ddn);
  expect(one("vadd2.u32.u32.u32 d.h1, a.h01, b.h23, c;")).toBe(0xaaccccddn);
  expect(one("vmax4.u32.u32.u32 d, a.b4444, b.b3210, c;")).toBe(0x88888888n);
  expect(one("vset4.u32.u32.lt d, a, b.b7014, c;")).toBe(0x01010001n);
  expect(one("vset2.s32.s32.lt.add d, a, b, c;")).toBe(c + 2n);
});

test.each(product(["add", "sub", "absdiff", "min", "max"], ["u32", "s32"], ["", ".sat"]))("v%s.%s%s on whole words", (op, type, sat) => {
  const signed = type === "s32";
  const vectors = product(words, words);
  const results = evaluate({ code: `v${op}.${type}.${type}.${type}${sat} d, a, b;`, inputs: ["b32", "b32"] }, vectors);
  vectors.forEach(([a, b], i) => {
    const exact = ops[op!]!(lane(a!, 0, 32, signed), lane(b!, 0, 32, signed));
    expect(results[i]![0]).toBe(BigInt.asUintN(32, sat === "" ? exact : clamp(exact, 32, signed)));
  });
});

test("parts of words, merging, second operations, shifts, set", () => {
  const one = (code: string): bigint => evaluate({ code, inputs: ["b32", "b32", "b32"] }, [[0x80ff7f01n, 0xfe02c003n, 0x12345678n]])[0]![0]!;
  expect(one("vadd.s32.s32.u32 d, a.b3, b.h0;")).toBe(BigInt(-128 + 0xc003));
  expect(one("vsub.s32.s32.s32.sat d.b2, a.b3, b.b1, c;")).toBe(0x12c05678n);
  expect(one("vsub.s32.s32.s32.sat d.b2, a.h1, b.b1, c;")).toBe(0x12805678n);
  expect(one("vmax.u32.u32.u32.add d, a.b0, b.b0, c;")).toBe(0x1234567bn);
  expect(one("vmin.s32.s32.s32.max d, a.h1, b.h1, c;")).toBe(0x12345678n);
  expect(one("vshl.u32.u32.u32.clamp d, a.h0, 4;")).toBe(0x7f010n);
  expect(one("vshl.u32.u32.u32.wrap d, a.b1, 33;")).toBe(0xfen);
  expect(one("vshr.s32.s32.u32.clamp d, a, 40;")).toBe(0xffffffffn);
  expect(one("vset.u32.u32.ge d, a.b2, b.b3;")).toBe(1n);
});

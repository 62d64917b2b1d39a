import { expect, test } from "vitest";
import { evaluate, f32, f64, floats32, floats64, fromF32, fromF64, HEAD, product } from "./bench.ts";

/** JavaScript's result as bits; every NaN as the canonical one. */
const bits32 = (x: number): bigint => (Number.isNaN(x) ? 0x7fc00000n : f32(Math.fround(x)));
const bits64 = (x: number): bigint => (Number.isNaN(x) ? 0x7ff8000000000000n : f64(x));
const flush = (x: number): number => (Math.abs(x) < 2 ** -126 ? (Object.is(x, -0) || x < 0 ? -0 : 0) : x);
const sat = (x: number): number => (Number.isNaN(x) ? 0 : Math.min(1, Math.max(0, x) + 0));
const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
const fmin = (a: number, b: number): number => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b));
const fmax = (a: number, b: number): number => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b));

interface Case {
  readonly code: string;
  readonly count: 1 | 2;
  readonly f: (a: number, b: number) => number;
}

const plain: Case[] = [
  { code: "add", count: 2, f: (a, b) => a + b },
  { code: "sub", count: 2, f: (a, b) => a - b },
  { code: "mul", count: 2, f: (a, b) => a * b },
  { code: "add.rn", count: 2, f: (a, b) => a + b },
  { code: "div.rn", count: 2, f: (a, b) => a / b },
  { code: "rcp.rn", count: 1, f: (a) => 1 / a },
  { code: "sqrt.rn", count: 1, f: Math.sqrt },
  { code: "min", count: 2, f: fmin },
  { code: "max", count: 2, f: fmax },
];

const single: Case[] = [
  ...plain.map((c) => ({ ...c, code: `${c.code}.f32` })),
  ...plain.map((c) => ({ code: `${c.code}.ftz.f32`, count: c.count, f: (a: number, b: number) => flush(Math.fround(c.f(flush(a), flush(b)))) })),
  { code: "add.sat.f32", count: 2, f: (a, b) => sat(a + b) },
  { code: "mul.ftz.sat.f32", count: 2, f: (a, b) => flush(sat(Math.fround(flush(a) * flush(b)))) },
  { code: "div.approx.f32", count: 2, f: (a, b) => a / b },
  { code: "div.full.ftz.f32", count: 2, f: (a, b) => flush(Math.fround(flush(a) / flush(b))) },
  { code: "rcp.approx.f32", count: 1, f: (a) => 1 / a },
  { code: "rcp.approx.ftz.f32", count: 1, f: (a) => flush(Math.fround(1 / flush(a))) },
  { code: "sqrt.approx.f32", count: 1, f: Math.sqrt },
  { code: "sqrt.approx.ftz.f32", count: 1, f: (a) => flush(Math.fround(Math.sqrt(flush(a)))) },
  { code: "rsqrt.approx.f32", count: 1, f: (a) => 1 / Math.sqrt(a) },
  { code: "rsqrt.approx.ftz.f32", count: 1, f: (a) => flush(Math.fround(1 / Math.sqrt(flush(a)))) },
  { code: "min.NaN.f32", count: 2, f: Math.min },
  { code: "max.NaN.f32", count: 2, f: Math.max },
  { code: "min.xorsign.abs.f32", count: 2, f: (a, b) => { const m = fmin(Math.abs(a), Math.abs(b)); return isNegative(a) === isNegative(b) ? m : -m; } },
  { code: "cvt.sat.f32.f32", count: 1, f: sat },
  { code: "cvt.rni.f32.f32", count: 1, f: (a) => { const r = Math.round(a); const even = Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : r; return Object.is(even, 0) && isNegative(a) ? -0 : Math.abs(a) > 2 ** 23 ? a : even; } },
  { code: "cvt.rzi.f32.f32", count: 1, f: Math.trunc },
  { code: "cvt.rmi.ftz.f32.f32", count: 1, f: (a) => Math.floor(flush(a)) },
  { code: "cvt.rpi.f32.f32", count: 1, f: Math.ceil },
];

test.each(single.map((c) => [c.code, c] as const))("%s", (_name, c) => {
  const vectors = c.count === 1 ? product(floats32) : product(floats32, floats32);
  const results = evaluate({ code: `${c.code} d, a${c.count === 2 ? ", b" : ""};`, inputs: Array<string>(c.count).fill("f32") }, vectors);
  vectors.forEach((v, i) => {
    // The sign of a NaN does not matter to xorsign's test: NaN inputs are left out there.
    if (c.code.includes("xorsign") && v.some((x) => Number.isNaN(fromF32(x)))) return;
    const expected = bits32(c.f(fromF32(v[0]!), fromF32(v[1] ?? 0n)));
    expect(results[i]![0]!.toString(16), `${v.map((x) => fromF32(x)).join(", ")}`).toBe(expected.toString(16));
  });
});

test.each(plain.map((c) => [`${c.code}.f64`, c] as const))("%s", (name, c) => {
  const vectors = c.count === 1 ? product(floats64) : product(floats64, floats64);
  const results = evaluate({ code: `${name} d, a${c.count === 2 ? ", b" : ""};`, inputs: Array<string>(c.count).fill("f64") }, vectors);
  vectors.forEach((v, i) => {
    const expected = bits64(c.f(fromF64(v[0]!), fromF64(v[1] ?? 0n)));
    expect(results[i]![0]!.toString(16), `${v.map((x) => fromF64(x)).join(", ")}`).toBe(expected.toString(16));
  });
});

test("neg and abs keep NaN payloads", () => {
  expect(evaluate({ code: "neg.f32 d, a;", inputs: ["f32"] }, [[0x7f812345n]])[0]).toEqual([0xff812345n]);
  expect(evaluate({ code: "abs.f64 d, a;", inputs: ["f64"] }, [[0xfff0000000012345n]])[0]).toEqual([0x7ff0000000012345n]);
});

test("directed roundings differ where they must", () => {
  const third = ["rn", "rz", "rm", "rp"].map((r) => evaluate({ code: `div.${r}.f32 d, a, b;`, inputs: ["f32", "f32"] }, [[f32(1), f32(3)], [f32(-1), f32(3)]]).map((v) => v[0]!));
  const at = f32(1 / 3);
  const below = at - 1n;
  const sign = 0x80000000n;
  expect(third).toEqual([[at, at + sign], [below, below + sign], [below, at + sign], [at, below + sign]]);
  const sum = (r: string): bigint => evaluate({ code: `add.${r}.f64 d, a, b;`, inputs: ["f64", "f64"] }, [[f64(1), f64(2 ** -60)]])[0]![0]!;
  expect([sum("rm"), sum("rp"), sum("rz")]).toEqual([f64(1), f64(1 + 2 ** -52), f64(1)]);
});

test("fma rounds once", () => {
  const a = 1 + 2 ** -12;
  const [r] = evaluate({ code: "fma.rn.f32 d, a, b, c;", inputs: ["f32", "f32", "f32"] }, [[f32(a), f32(a), f32(-(1 + 2 ** -11))]]);
  expect(fromF32(r![0]!)).toBe(2 ** -24);
  const [d] = evaluate({ code: "fma.rn.f64 d, a, b, c;", inputs: ["f64", "f64", "f64"] }, [[f64(1 + 2 ** -30), f64(1 + 2 ** -30), f64(-(1 + 2 ** -29))]]);
  expect(fromF64(d![0]!)).toBe(2 ** -60);
  const [s] = evaluate({ code: "mad.rn.ftz.sat.f32 d, a, b, c;", inputs: ["f32", "f32", "f32"] }, [[f32(3), f32(5), f32(1)]]);
  expect(fromF32(s![0]!)).toBe(1);
});

test("copysign takes the sign of its first operand", () => {
  const vectors = [[f32(-1), f32(2)], [f32(1), f32(-2)], [f32(-0), f32(0)]];
  expect(evaluate({ code: "copysign.f32 d, a, b;", inputs: ["f32", "f32"] }, vectors).map((v) => fromF32(v[0]!))).toEqual([-2, 2, -0]);
});

test.each([
  ["finite", (x: number) => Number.isFinite(x)], ["infinite", (x: number) => Math.abs(x) === Infinity], ["number", (x: number) => !Number.isNaN(x)],
  ["notanumber", (x: number) => Number.isNaN(x)], ["normal", (x: number) => Math.abs(x) >= 2 ** -126 && Number.isFinite(x)], ["subnormal", (x: number) => x !== 0 && Math.abs(x) < 2 ** -126],
] as const)("testp.%s", (name, f) => {
  const results = evaluate({ code: `testp.${name}.f32 d, a;`, inputs: ["f32"], outputs: ["pred"] }, product(floats32));
  floats32.forEach((x, i) => expect(results[i]![0], `${fromF32(x)}`).toBe(f(fromF32(x)) ? 1n : 0n));
});

test("rcp.approx.ftz.f64 keeps 20 bits of mantissa, near the quotient", () => {
  const inputs = [1, 3, -7.5, 1e200, 0.1].map((x) => [f64(x)]);
  const results = evaluate({ code: "rcp.approx.ftz.f64 d, a;", inputs: ["f64"] }, inputs);
  results.forEach(([r], i) => {
    const x = fromF64(inputs[i]![0]!);
    expect(r! & 0xffffffffn).toBe(0n);
    expect(Math.abs(fromF64(r!) * x - 1)).toBeLessThan(2 ** -18);
  });
  const edge = evaluate({ code: "rcp.approx.ftz.f64 d, a;", inputs: ["f64"] }, [[f64(5e-324)], [f64(-0)], [f64(Infinity)]]).map((v) => fromF64(v[0]!));
  expect(edge).toEqual([Infinity, -Infinity, 0]);
});

test.each([["sin", Math.sin], ["cos", Math.cos], ["ex2", (x: number) => 2 ** x], ["lg2", Math.log2], ["tanh", Math.tanh]] as const)("%s.approx.f32 stays within the ISA's bound", (name, f) => {
  const inputs = [0.001, 0.1, 0.5, 1, 1.5, 2, 3].map((x) => [f32(x)]);
  const results = evaluate({ code: `${name}.approx.f32 d, a;`, inputs: ["f32"] }, inputs);
  results.forEach(([r], i) => expect(Math.abs(fromF32(r!) - f(fromF32(inputs[i]![0]!)))).toBeLessThan(2 ** -20));
});

test("ex2.approx.ftz.f32 is 2^x within a relative error of 2^-22, exact for whole numbers, zero where it is subnormal", () => {
  const inputs = [-0, 1e-40, -1e-40, Infinity, -Infinity, NaN, 1e10, -1e10, 128, -126, -126.00001, -150, 127.99999, 127.5, 127.49999];
  for (let x = -130; x < 130; x += 0.37) inputs.push(Math.fround(x), Math.round(x));
  const results = evaluate({ code: "ex2.approx.ftz.f32 d, a;", inputs: ["f32"] }, inputs.map((x) => [f32(x)]));
  results.forEach(([bits], i) => {
    const x = Math.fround(inputs[i]!);
    const [got, want] = [fromF32(bits!), Math.fround(2 ** x)];
    if (Number.isNaN(x)) expect(bits).toBe(0x7fc00000n);
    else if (x < -126) expect(bits).toBe(0n);
    else if (Number.isInteger(x) || want === Infinity) expect(got, `${x}`).toBe(want);
    else expect(Math.abs(got / 2 ** x - 1), `${x}`).toBeLessThan(2 ** -22);
  });
});

test("f32x2 computes both halves", () => {
  const pack = (a: number, b: number): bigint => f32(a) | (f32(b) << 32n);
  const [r] = evaluate({ head: HEAD.replace("sm_90", "sm_100"), code: "fma.rn.f32x2 d, a, b, c;", inputs: ["u64", "u64", "u64"] }, [[pack(2, 3), pack(5, 7), pack(1, -1)]]);
  expect(r![0]).toBe(pack(11, 20));
});

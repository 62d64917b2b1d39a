import { expect, test } from "vitest";
import { evaluate, f32, f64, fromF32, product } from "./bench.ts";

/** f16 pattern to number. */
function fromHalf(h: bigint): number {
  const n = Number(h);
  const exponent = (n >> 10) & 31;
  const mantissa = n & 1023;
  const magnitude = exponent === 31 ? (mantissa === 0 ? Infinity : NaN) : exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25);
  return n >= 0x8000 ? -magnitude : magnitude;
}

/** Number to the nearest f16 pattern, ties to even: by search, so that it shares nothing with what it judges. */
function toHalf(x: number): bigint {
  if (Number.isNaN(x)) return 0x7e00n;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65520) return BigInt(sign + 0x7c00);
  let low = 0;
  let high = 0x7bff;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if (fromHalf(BigInt(mid)) <= a) low = mid;
    else high = mid - 1;
  }
  const down = a - fromHalf(BigInt(low));
  const next = low === 0x7bff ? 65536 : fromHalf(BigInt(low + 1));
  const up = next - a;
  return BigInt(sign + (down < up || (down === up && low % 2 === 0) ? low : low + 1));
}

const fromBrain = (b: bigint): number => fromF32(b << 16n);
function toBrain(x: number): bigint {
  if (Number.isNaN(x)) return 0x7fc0n;
  // The exact double, cut to 8 bits of mantissa, ties to even.
  if (!Number.isFinite(x) || x === 0) return f32(x) >> 16n;
  const a = Math.abs(x);
  const step = 2 ** Math.max(Math.floor(Math.log2(a)) - 7, -133);
  const q = a / step;
  const floor = Math.floor(q);
  const rounded = (q - floor > 0.5 || (q - floor === 0.5 && floor % 2 === 1) ? floor + 1 : floor) * step;
  return f32(x < 0 ? -rounded : rounded) >> 16n;
}

const halves = [0x0000n, 0x8000n, 0x3c00n, 0xbc00n, 0x3555n, 0x0001n, 0x03ffn, 0x0400n, 0x7bffn, 0xfbffn, 0x7c00n, 0x3c01n, 0x4248n, 0x7e00n, 0x1400n, 0xc3ffn];
const brains = [0x0000n, 0x8000n, 0x3f80n, 0xbf80n, 0x3eabn, 0x4049n, 0x7f7fn, 0x7f80n, 0x0080n, 0x3f81n, 0x7fc0n, 0xc2c7n];

interface Format {
  readonly name: string;
  readonly values: readonly bigint[];
  readonly from: (b: bigint) => number;
  readonly to: (x: number) => bigint;
}
const formats: Format[] = [
  { name: "f16", values: halves, from: fromHalf, to: toHalf },
  { name: "bf16", values: brains, from: fromBrain, to: toBrain },
];
const ops: [string, (a: number, b: number) => number][] = [
  ["add", (a, b) => a + b], ["sub", (a, b) => a - b], ["mul", (a, b) => a * b],
  ["min", (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b))], ["max", (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b))],
];

for (const f of formats) {
  test.each(ops)(`%s.${f.name}`, (op, g) => {
    const vectors = product(f.values, f.values);
    const results = evaluate({ code: `${op}.${f.name} d, a, b;`, inputs: ["b16", "b16"] }, vectors);
    vectors.forEach(([a, b], i) => expect(results[i]![0]!.toString(16), `${f.from(a!)}, ${f.from(b!)}`).toBe(f.to(g(f.from(a!), f.from(b!))).toString(16)));
  });

  test(`fma.rn.${f.name} rounds once`, () => {
    const few = f.values.filter((_, i) => i % 2 === 0 || i > 8);
    const vectors = product(few, few, few);
    const results = evaluate({ code: `fma.rn.${f.name} d, a, b, c;`, inputs: ["b16", "b16", "b16"] }, vectors);
    vectors.forEach(([a, b, c], i) => {
      const [x, y, z] = [f.from(a!), f.from(b!), f.from(c!)];
      expect(results[i]![0]!.toString(16), `${x}, ${y}, ${z}`).toBe(f.to(x * y + z).toString(16));
    });
  });

  test(`${f.name}x2 computes both halves`, () => {
    const [a, b, c] = [f.values[2]!, f.values[4]!, f.values[11]!];
    const [r] = evaluate({ code: `mul.${f.name}x2 d, a, b;`, inputs: ["b32", "b32"] }, [[a | (b << 16n), c | (c << 16n)]]);
    expect(r![0]).toBe(f.to(f.from(a) * f.from(c)) | (f.to(f.from(b) * f.from(c)) << 16n));
  });

  test(`setp and set on ${f.name}`, () => {
    const vectors = product(f.values, f.values);
    const results = evaluate({ code: `setp.lt.${f.name} d, a, b;`, inputs: ["b16", "b16"], outputs: ["pred"] }, vectors);
    vectors.forEach(([a, b], i) => expect(results[i]![0]).toBe(f.from(a!) < f.from(b!) ? 1n : 0n));
    const unit = f.to(1);
    const sets = evaluate({ code: `set.eq.${f.name}.${f.name} d, a, b;`, inputs: ["b16", "b16"] }, vectors);
    vectors.forEach(([a, b], i) => expect(sets[i]![0]).toBe(f.from(a!) === f.from(b!) ? unit : 0n));
  });

  test(`cvt between ${f.name} and f32, f64 and integers`, () => {
    const out = evaluate({ code: `cvt.f32.${f.name} d, a;`, inputs: ["b16"], outputs: ["f32"] }, product(f.values));
    f.values.forEach((v, i) => { if (!Number.isNaN(f.from(v))) expect(fromF32(out[i]![0]!)).toBe(f.from(v)); });
    const singles = [0, -0, 1, 0.1, -3.3, 65519, 65520, 1e-7, 6e-8, 2.9e-8, 1e30, -1e30, NaN, 1.00048828125, 1.00146484375].map((x) => Math.fround(x));
    const back = evaluate({ code: `cvt.rn.${f.name}.f32 d, a;`, inputs: ["f32"], outputs: ["b16"] }, singles.map((x) => [f32(x)]));
    singles.forEach((x, i) => expect(back[i]![0]!.toString(16), `${x}`).toBe(f.to(x).toString(16)));
    const doubles = [0.1, 1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -8 + 2 ** -45, -7.3e4];
    const fromDouble = evaluate({ code: `cvt.rn.${f.name}.f64 d, a;`, inputs: ["f64"], outputs: ["b16"] }, doubles.map((x) => [f64(x)]));
    doubles.forEach((x, i) => expect(fromDouble[i]![0]!.toString(16), `${x}`).toBe(f.to(x).toString(16)));
    const ints = [0n, 1n, 2049n, 4099n, 65519n, 65520n, 0xfffffffffffffff7n, 257n, 16843009n];
    const fromInt = evaluate({ code: `cvt.rn.${f.name}.s64 d, a;`, inputs: ["s64"], outputs: ["b16"] }, ints.map((x) => [x]));
    ints.forEach((x, i) => expect(fromInt[i]![0]!.toString(16), `${x}`).toBe(f.to(Number(BigInt.asIntN(64, x))).toString(16)));
    const toInt = evaluate({ code: `cvt.rni.s32.${f.name} d, a;`, inputs: ["b16"], outputs: ["s32"] }, [[f.to(2.5)], [f.to(-3.5)], [f.to(100)]]);
    expect(toInt.map((v) => BigInt.asIntN(32, v[0]!))).toEqual([2n, -4n, 100n]);
  });
}

test("two floats become a pair, the first one high", () => {
  const [r] = evaluate({ code: "cvt.rn.f16x2.f32 d, a, b;", inputs: ["f32", "f32"], outputs: ["b32"] }, [[f32(1), f32(-2)]]);
  expect(r![0]).toBe((toHalf(1) << 16n) | toHalf(-2));
  const [relu] = evaluate({ code: "cvt.rn.relu.bf16x2.f32 d, a, b;", inputs: ["f32", "f32"], outputs: ["b32"] }, [[f32(1.5), f32(-2)]]);
  expect(relu![0]).toBe(toBrain(1.5) << 16n);
});

test("tf32 keeps ten bits of mantissa", () => {
  const x = 1 + 2 ** -11;
  const [away] = evaluate({ code: "cvt.rna.tf32.f32 d, a;", inputs: ["f32"], outputs: ["b32"] }, [[f32(x)]]);
  const [even] = evaluate({ code: "cvt.rn.tf32.f32 d, a;", inputs: ["f32"], outputs: ["b32"] }, [[f32(x)]]);
  const [zero] = evaluate({ code: "cvt.rz.tf32.f32 d, a;", inputs: ["f32"], outputs: ["b32"] }, [[f32(1 + 2 ** -10 + 2 ** -11)]]);
  expect([away![0], even![0], zero![0]].map((b) => fromF32(b!))).toEqual([1 + 2 ** -10, 1, 1 + 2 ** -10]);
});

/** e4m3 and e5m2 patterns by their definition. */
function fromFp8(b: number, mantissaBits: 2 | 3): number {
  const bias = mantissaBits === 3 ? 7 : 15;
  const exponent = (b & 0x7f) >> mantissaBits;
  const mantissa = b & ((1 << mantissaBits) - 1);
  let value = exponent === 0 ? mantissa * 2 ** (1 - bias - mantissaBits) : (1 + mantissa / (1 << mantissaBits)) * 2 ** (exponent - bias);
  if (mantissaBits === 3 && (b & 0x7f) === 0x7f) value = NaN;
  if (mantissaBits === 2 && exponent === 31) value = mantissa === 0 ? Infinity : NaN;
  return b >= 128 ? -value : value;
}

test.each([["e4m3", 3, 448], ["e5m2", 2, 57344]] as const)("%s decodes and encodes", (name, mantissaBits, largest) => {
  const all = Array.from({ length: 256 }, (_, i) => i);
  const decoded = evaluate({ code: `cvt.rn.f16x2.${name}x2 d, a;`, inputs: ["b16"], outputs: ["b32"] }, all.map((b) => [BigInt(b) | (0x38n << 8n)]));
  all.forEach((b, i) => {
    expect(fromHalf(decoded[i]![0]! & 0xffffn), `${b}`).toBe(fromFp8(b, mantissaBits));
    expect(fromHalf(decoded[i]![0]! >> 16n)).toBe(fromFp8(0x38, mantissaBits));
  });
  const finite = all.filter((b) => b < 128 && Number.isFinite(fromFp8(b, mantissaBits)));
  const nearest = (x: number): number => finite.reduce((best, b) => {
    const [d, e] = [Math.abs(fromFp8(b, mantissaBits) - Math.abs(x)), Math.abs(fromFp8(best, mantissaBits) - Math.abs(x))];
    return d < e || (d === e && b % 2 === 0) ? b : best;
  }, 0) + (x < 0 ? 128 : 0);
  const xs = [0, 1, 1.06, 1.07, -0.3, 1e-4, 0.0009765625, 0.0029296875, 3.3, 100, 440, largest, largest * 4, -1e9, 2 ** -17, 2 ** -18].map((x) => Math.fround(x));
  const encoded = evaluate({ code: `cvt.rn.satfinite.${name}x2.f32 d, a, b;`, inputs: ["f32", "f32"], outputs: ["b16"] }, xs.map((x) => [f32(NaN), f32(x)]));
  xs.forEach((x, i) => expect(encoded[i]![0], `${x}`).toBe((0x7fn << 8n) | BigInt(nearest(x))));
  const [pair] = evaluate({ code: `cvt.rn.satfinite.${name}x2.f16x2 d, a;`, inputs: ["b32"], outputs: ["b16"] }, [[toHalf(1) | (toHalf(-2) << 16n)]]);
  expect(pair![0]).toBe(BigInt(nearest(1)) | (BigInt(nearest(-2)) << 8n));
});

test("neg and abs touch the sign only", () => {
  expect(evaluate({ code: "neg.f16 d, a; ", inputs: ["b16"] }, [[0x7e01n]])[0]).toEqual([0xfe01n]);
  expect(evaluate({ code: "abs.bf16x2 d, a; ", inputs: ["b32"] }, [[0xbf80ff81n]])[0]).toEqual([0x3f807f81n]);
});

test("ex2 and tanh of halves", () => {
  expect(evaluate({ code: "ex2.approx.f16 d, a;", inputs: ["b16"] }, [[toHalf(3)]])[0]).toEqual([toHalf(8)]);
  expect(evaluate({ code: "tanh.approx.f16x2 d, a;", inputs: ["b32"] }, [[0n]])[0]).toEqual([0n]);
});

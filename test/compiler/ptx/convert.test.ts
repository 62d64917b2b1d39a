import { expect, test } from "vitest";
import { corners, evaluate, f32, f64, floats32, floats64, fromF32, fromF64, int, product } from "./bench.ts";

const intTypes = ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"];
const parse = (type: string): { readonly bits: number; readonly signed: boolean } => ({ bits: Number(type.slice(1)), signed: type.startsWith("s") });
/** Register that holds a type: 8-bit ones live in 16 bits. */
const register = (type: string): string => (type.endsWith("8") ? `${type[0]}16` : type);
const range = (type: string): readonly [bigint, bigint] => {
  const { bits, signed } = parse(type);
  return signed ? [-(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n] : [0n, (1n << BigInt(bits)) - 1n];
};
const clamp = (v: bigint, type: string): bigint => {
  const [low, high] = range(type);
  return v < low ? low : v > high ? high : v;
};

test.each(product(intTypes, intTypes))("cvt.%s.%s", (to, from) => {
  const source = parse(from!);
  const target = parse(to!);
  const vectors = corners(parse(register(from!)).bits).map((x) => [x]);
  const plain = evaluate({ code: `cvt.${to}.${from} d, a;`, inputs: [register(from!)], outputs: [register(to!)] }, vectors);
  // .sat stands only where something can be out of range.
  const [low, high] = range(from!);
  const limits = low < range(to!)[0] || high > range(to!)[1];
  const sat = limits ? evaluate({ code: `cvt.sat.${to}.${from} d, a;`, inputs: [register(from!)], outputs: [register(to!)] }, vectors) : null;
  const width = parse(register(to!)).bits;
  vectors.forEach(([x], i) => {
    const v = int(x!, source.bits, source.signed);
    // The result is extended to the register by the target's sign.
    expect(plain[i]![0]).toBe(BigInt.asUintN(width, int(v, target.bits, target.signed)));
    if (sat !== null) expect(sat[i]![0]).toBe(BigInt.asUintN(width, clamp(v, to!)));
  });
});

test("cvt extends into wider registers by the target's sign", () => {
  expect(evaluate({ code: "cvt.s8.s32 d, a;", inputs: ["s32"] }, [[0x1ffn]])[0]).toEqual([0xffffffffn]);
  expect(evaluate({ code: "cvt.u8.u32 d, a;", inputs: ["u32"], outputs: ["u64"] }, [[0x1ffn]])[0]).toEqual([0xffn]);
  expect(evaluate({ code: "cvt.u32.u16 d, %tid.x;", inputs: ["u32"] }, [[9n]])[0]).toEqual([0n]);
});

const rounds: Record<string, (x: number) => number> = {
  rni: (x) => { const r = Math.round(x); return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : r; }, rzi: Math.trunc, rmi: Math.floor, rpi: Math.ceil,
};

test.each(product(intTypes, ["f32", "f64"], Object.keys(rounds)))("cvt.%s.%s with .%s", (to, from, round) => {
  const wide = from === "f64";
  const inputs = wide ? floats64 : floats32;
  const results = evaluate({ code: `cvt.${round}.${to}.${from} d, a;`, inputs: [from!], outputs: [register(to!)] }, inputs.map((x) => [x]));
  const width = parse(register(to!)).bits;
  inputs.forEach((bits, i) => {
    const x = wide ? fromF64(bits) : fromF32(bits);
    const r = rounds[round!]!(x);
    const expected = Number.isNaN(x) ? 0n : r === Infinity ? range(to!)[1] : r === -Infinity ? range(to!)[0] : clamp(BigInt(r), to!);
    expect(results[i]![0], `${x}`).toBe(BigInt.asUintN(width, expected));
  });
});

test.each(product(["f32", "f64"], intTypes))("cvt.rn.%s.%s", (to, from) => {
  const source = parse(from!);
  const vectors = corners(parse(register(from!)).bits).map((x) => [x]);
  const results = evaluate({ code: `cvt.rn.${to}.${from} d, a;`, inputs: [register(from!)], outputs: [to!] }, vectors);
  vectors.forEach(([x], i) => {
    const v = int(x!, source.bits, source.signed);
    // Number() rounds to nearest even; a float goes through a double that holds every 53-bit integer, so only 64-bit ones can round twice.
    if (to === "f64") expect(results[i]![0]).toBe(f64(Number(v)));
    else if (source.bits < 64) expect(results[i]![0]).toBe(f32(Number(v)));
    else expect(Math.abs(fromF32(results[i]![0]!) - Number(v))).toBeLessThanOrEqual(Math.abs(Number(v)) * 2 ** -24);
  });
});

test("integer to float obeys directed roundings", () => {
  const v = [[16777217n]];
  expect(["rn", "rz", "rm", "rp"].map((r) => fromF32(evaluate({ code: `cvt.${r}.f32.u32 d, a;`, inputs: ["u32"], outputs: ["f32"] }, v)[0]![0]!))).toEqual([16777216, 16777216, 16777216, 16777218]);
});

test("between floats", () => {
  const wide = evaluate({ code: "cvt.f64.f32 d, a;", inputs: ["f32"], outputs: ["f64"] }, product(floats32));
  floats32.forEach((x, i) => { if (!Number.isNaN(fromF32(x))) expect(wide[i]![0]).toBe(f64(fromF32(x))); });
  const ftz = evaluate({ code: "cvt.ftz.f64.f32 d, a;", inputs: ["f32"], outputs: ["f64"] }, [[1n], [0x80000001n]]);
  expect(ftz).toEqual([[0n], [1n << 63n]]);
  const narrow = ["rn", "rz", "rm", "rp"].map((r) => fromF32(evaluate({ code: `cvt.${r}.f32.f64 d, a;`, inputs: ["f64"], outputs: ["f32"] }, [[f64(-0.1)]])[0]![0]!));
  const near = Math.fround(-0.1);
  expect(narrow[0]).toBe(near);
  expect(narrow[1]! > narrow[2]!).toBe(true);
  expect(narrow[3]).toBe(narrow[1]);
  expect(evaluate({ code: "cvt.rn.ftz.f32.f64 d, a;", inputs: ["f64"], outputs: ["f32"] }, [[f64(1e-40)]])[0]).toEqual([0n]);
});

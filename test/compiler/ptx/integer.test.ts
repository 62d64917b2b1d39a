import { expect, test } from "vitest";
import { corners, evaluate, int, product } from "./bench.ts";

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const abs = (a: bigint): bigint => (a < 0n ? -a : a);

interface Case {
  readonly code: string;
  readonly inputs: readonly string[];
  readonly output?: string;
  /** From inputs, read by their types, to the output (wrapped by the test). */
  readonly f: (...v: bigint[]) => bigint;
  /** Inputs for which the ISA leaves the result open. */
  readonly skip?: (...v: bigint[]) => boolean;
}

function parse(type: string): { readonly bits: number; readonly signed: boolean } {
  return { bits: Number(type.slice(1)), signed: type.startsWith("s") };
}

const cases: Case[] = [];
const ints = ["u16", "s16", "u32", "s32", "u64", "s64"];
for (const t of ints) {
  const { bits, signed } = parse(t);
  const two = [t, t];
  const three = [t, t, t];
  cases.push(
    { code: `add.${t} d, a, b;`, inputs: two, f: (a, b) => a! + b! },
    { code: `sub.${t} d, a, b;`, inputs: two, f: (a, b) => a! - b! },
    { code: `mul.lo.${t} d, a, b;`, inputs: two, f: (a, b) => a! * b! },
    { code: `mul.hi.${t} d, a, b;`, inputs: two, f: (a, b) => (a! * b!) >> BigInt(bits) },
    { code: `mad.lo.${t} d, a, b, c;`, inputs: three, f: (a, b, c) => a! * b! + c! },
    { code: `mad.hi.${t} d, a, b, c;`, inputs: three, f: (a, b, c) => ((a! * b!) >> BigInt(bits)) + c! },
    { code: `sad.${t} d, a, b, c;`, inputs: three, f: (a, b, c) => c! + abs(a! - b!) },
    { code: `div.${t} d, a, b;`, inputs: two, f: (a, b) => a! / b!, skip: (_a, b) => b === 0n },
    { code: `rem.${t} d, a, b;`, inputs: two, f: (a, b) => a! % b!, skip: (_a, b) => b === 0n },
    { code: `min.${t} d, a, b;`, inputs: two, f: min },
    { code: `max.${t} d, a, b;`, inputs: two, f: max },
  );
  if (bits < 64) {
    const wide = `${t[0]}${bits * 2}`;
    cases.push(
      { code: `mul.wide.${t} d, a, b;`, inputs: two, output: wide, f: (a, b) => a! * b! },
      { code: `mad.wide.${t} d, a, b, c;`, inputs: [t, t, wide], output: wide, f: (a, b, c) => a! * b! + c! },
    );
  }
  if (signed) {
    cases.push(
      { code: `abs.${t} d, a;`, inputs: [t], f: abs },
      { code: `neg.${t} d, a;`, inputs: [t], f: (a) => -a! },
    );
  }
}
const limit32 = (v: bigint): bigint => max(-(2n ** 31n), min(2n ** 31n - 1n, v));
const low24 = (v: bigint, signed: boolean): bigint => int(v & 0xffffffn, 24, signed);
cases.push(
  { code: "add.sat.s32 d, a, b;", inputs: ["s32", "s32"], f: (a, b) => limit32(a! + b!) },
  { code: "sub.sat.s32 d, a, b;", inputs: ["s32", "s32"], f: (a, b) => limit32(a! - b!) },
  { code: "mad.hi.sat.s32 d, a, b, c;", inputs: ["s32", "s32", "s32"], f: (a, b, c) => limit32(((a! * b!) >> 32n) + c!) },
  { code: "min.relu.s32 d, a, b;", inputs: ["s32", "s32"], f: (a, b) => max(0n, min(a!, b!)) },
  { code: "max.relu.s32 d, a, b;", inputs: ["s32", "s32"], f: (a, b) => max(0n, max(a!, b!)) },
);
for (const t of ["u32", "s32"]) {
  const signed = t === "s32";
  cases.push(
    { code: `mul24.lo.${t} d, a, b;`, inputs: [t, t], f: (a, b) => low24(a!, signed) * low24(b!, signed) },
    { code: `mul24.hi.${t} d, a, b;`, inputs: [t, t], f: (a, b) => (low24(a!, signed) * low24(b!, signed)) >> 16n },
    { code: `mad24.lo.${t} d, a, b, c;`, inputs: [t, t, t], f: (a, b, c) => low24(a!, signed) * low24(b!, signed) + c! },
    { code: `mad24.hi.${t} d, a, b, c;`, inputs: [t, t, t], f: (a, b, c) => int((low24(a!, signed) * low24(b!, signed)) >> 16n, 32, signed) + c! },
  );
}
cases.push({ code: "mad24.hi.sat.s32 d, a, b, c;", inputs: ["s32", "s32", "s32"], f: (a, b, c) => limit32(((low24(a!, true) * low24(b!, true)) >> 16n) + c!) });

const byte = (v: bigint, i: number, signed: boolean): bigint => int((v >> BigInt(8 * i)) & 255n, 8, signed);
const half = (v: bigint, i: number, signed: boolean): bigint => int((v >> BigInt(16 * i)) & 65535n, 16, signed);
for (const [ta, tb] of product(["u32", "s32"], ["u32", "s32"])) {
  const [sa, sb] = [ta === "s32", tb === "s32"];
  const tc = sa || sb ? "s32" : "u32";
  const inputs = [ta!, tb!, tc];
  cases.push(
    { code: `dp4a.${ta}.${tb} d, a, b, c;`, inputs, f: (a, b, c) => c! + [0, 1, 2, 3].reduce((s, i) => s + byte(a!, i, sa) * byte(b!, i, sb), 0n) },
    { code: `dp2a.lo.${ta}.${tb} d, a, b, c;`, inputs, f: (a, b, c) => c! + [0, 1].reduce((s, i) => s + half(a!, i, sa) * byte(b!, i, sb), 0n) },
    { code: `dp2a.hi.${ta}.${tb} d, a, b, c;`, inputs, f: (a, b, c) => c! + [0, 1].reduce((s, i) => s + half(a!, i, sa) * byte(b!, i + 2, sb), 0n) },
  );
}
const pair = (f: (a: bigint, b: bigint) => bigint, signed: boolean) => (a?: bigint, b?: bigint): bigint =>
  BigInt.asUintN(16, f(half(a!, 0, signed), half(b!, 0, signed))) | (BigInt.asUintN(16, f(half(a!, 1, signed), half(b!, 1, signed))) << 16n);
for (const t of ["u16x2", "s16x2"]) {
  const signed = t === "s16x2";
  cases.push(
    { code: `add.${t} d, a, b;`, inputs: ["u32", "u32"], f: pair((a, b) => a + b, signed) },
    { code: `min.${t} d, a, b;`, inputs: ["u32", "u32"], f: pair(min, signed) },
    { code: `max.${t} d, a, b;`, inputs: ["u32", "u32"], f: pair(max, signed) },
  );
}
cases.push({ code: "max.relu.s16x2 d, a, b;", inputs: ["u32", "u32"], f: pair((a, b) => max(0n, max(a, b)), true) });

test.each(cases.map((c) => [c.code.replace(";", ""), c] as const))("%s", (_name, c) => {
  const types = c.inputs.map(parse);
  const lists = types.map(({ bits }) => (c.inputs.length === 3 ? corners(bits).filter((_, i) => i % 2 === 0) : corners(bits)));
  const vectors = product(...lists).filter((v) => !(c.skip?.(...v.map((x, i) => int(x, types[i]!.bits, types[i]!.signed))) ?? false));
  const output = c.output ?? c.inputs[0]!;
  const results = evaluate({ code: c.code, inputs: c.inputs, outputs: [output] }, vectors);
  vectors.forEach((v, i) => {
    const expected = BigInt.asUintN(parse(output).bits, c.f(...v.map((x, j) => int(x, types[j]!.bits, types[j]!.signed))));
    expect(results[i]![0], `inputs ${v.map((x) => x.toString(16)).join(", ")}`).toBe(expected);
  });
});

test("division by zero gives a quotient of all ones and the dividend as remainder, without fault", () => {
  const [q] = evaluate({ code: "div.u32 d, a, b;", inputs: ["u32", "u32"] }, [[5n, 0n]]);
  const [r] = evaluate({ code: "rem.s32 d, a, b;", inputs: ["s32", "s32"] }, [[5n, 0n]]);
  const [m] = evaluate({ code: "div.s32 d, a, b;", inputs: ["s32", "s32"] }, [[0x80000000n, 0xffffffffn]]);
  expect([q![0], r![0], m![0]]).toEqual([0xffffffffn, 5n, 0x80000000n]);
});

test("constants stand where registers do", () => {
  expect(evaluate({ code: "mul.wide.s32 d, a, -4;", inputs: ["s32"], outputs: ["s64"] }, [[3n]])[0]).toEqual([BigInt.asUintN(64, -12n)]);
  expect(evaluate({ code: "mul.wide.u32 d, a, -858993459;", inputs: ["u32"], outputs: ["u64"] }, [[10n]])[0]).toEqual([10n * 3435973837n]);
  expect(evaluate({ code: "add.s16 d, a, -1;", inputs: ["u16"] }, [[0n]])[0]).toEqual([0xffffn]);
  expect(evaluate({ code: "add.s64 d, a, (1 << 40) | 0xFU;", inputs: ["u64"] }, [[1n]])[0]).toEqual([(1n << 40n) + 16n]);
});

const chain = `
  .reg .u32 x0, x1, y0, y1, z0, z1, z2, z3;
  mov.b64 {x0, x1}, a; mov.b64 {y0, y1}, b;`;

test("add.cc and addc carry through 64 bits in 32-bit steps, and on into a 128-bit sum", () => {
  const vectors = product(corners(64), corners(64));
  const results = evaluate({
    code: `${chain} add.cc.u32 z0, x0, y0; addc.cc.u32 z1, x1, y1; addc.u32 z2, 0, 0; mov.b64 d, {z0, z1}; cvt.u64.u32 e, z2;`,
    inputs: ["u64", "u64"], outputs: ["u64", "u64"],
  }, vectors);
  vectors.forEach(([a, b], i) => {
    const sum = a! + b!;
    expect(results[i]).toEqual([BigInt.asUintN(64, sum), sum >> 64n]);
  });
});

test("sub.cc and subc borrow", () => {
  const vectors = product(corners(64), corners(64));
  const results = evaluate({
    code: `${chain} sub.cc.u32 z0, x0, y0; subc.cc.u32 z1, x1, y1; subc.u32 z2, 0, 0; mov.b64 d, {z0, z1}; cvt.s64.s32 e, z2;`,
    inputs: ["u64", "u64"], outputs: ["u64", "u64"],
  }, vectors);
  vectors.forEach(([a, b], i) => expect(results[i]).toEqual([BigInt.asUintN(64, a! - b!), BigInt.asUintN(64, (a! - b!) >> 64n)]));
});

test("the carry of a subtraction says that nothing was borrowed", () => {
  const code = "sub.cc.u32 d, a, b; addc.u32 e, 0, 0;";
  expect(evaluate({ code, inputs: ["u32", "u32"], outputs: ["u32", "u32"] }, [[5n, 3n], [3n, 5n], [3n, 3n]])).toEqual([[2n, 1n], [0xfffffffen, 0n], [0n, 1n]]);
  expect(evaluate({ code: "add.cc.u32 d, a, b; subc.u32 e, 0, 0;", inputs: ["u32", "u32"], outputs: ["u32", "u32"] }, [[5n, 3n], [0xffffffffn, 1n]])).toEqual([[8n, 0xffffffffn], [0n, 0n]]);
});

test("mad.cc and madc multiply 64 by 64 bits", () => {
  const vectors = product(corners(64), corners(64));
  const results = evaluate({
    code: `${chain}
      mul.lo.u32 z0, x0, y0; mul.hi.u32 z1, x0, y0;
      mad.lo.cc.u32 z1, x0, y1, z1; madc.hi.u32 z2, x0, y1, 0;
      mad.lo.cc.u32 z1, x1, y0, z1; madc.hi.cc.u32 z2, x1, y0, z2; addc.u32 z3, 0, 0;
      mad.lo.cc.u32 z2, x1, y1, z2; madc.hi.u32 z3, x1, y1, z3;
      mov.b64 d, {z0, z1}; mov.b64 e, {z2, z3};`,
    inputs: ["u64", "u64"], outputs: ["u64", "u64"],
  }, vectors);
  vectors.forEach(([a, b], i) => expect(results[i]).toEqual([BigInt.asUintN(64, a! * b!), (a! * b!) >> 64n]));
});

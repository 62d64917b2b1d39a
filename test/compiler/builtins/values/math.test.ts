import { expect, test } from "vitest";
import { declarations } from "../declarations.ts";
import { fromNumber } from "../ulp/real.ts";
import { faultsOf, namesOf, type Options, type Reference, type Wanted } from "./batch.ts";
import { bitsOf, fromBits, rounded, type Element, type Value } from "./elements.ts";
import { limitsOf, narrowed, shiftRounded, toFloat, toInteger, type Mode } from "./rounding.ts";

/** Math functions whose results are exact or rounded once (OpenCL C 3.0 sections 6.15.2 and 7.5), with every type, width and address space. */
type One = (e: Element, ...args: number[]) => number | null;

const INF = Infinity;
/** Whole numbers; halves go away from zero with "away". Zeros keep their sign. */
const integral = (mode: Mode | "away") => (_e: Element, x?: number): number => {
  if (!Number.isFinite(x!) || x === 0) return x!;
  const size = Math.abs(x!);
  // Adding a half is exact below 2^52, and above there are no fractions.
  const whole = mode !== "away" ? Number(toInteger(x!, mode)) : Math.sign(x!) * Number(size < 2 ** 52 && size - Math.floor(size) >= 0.5 ? Math.floor(size) + 1 : toInteger(size, "rtn"));
  return whole === 0 ? (x! < 0 ? -0 : 0) : whole;
};

/** x = n y + rest exactly, n the integer nearest to x / y. */
function nearestQuotient(e: Element, x: number, y: number): { rest: number; n: bigint } | null {
  if (Number.isNaN(x) || Number.isNaN(y) || !Number.isFinite(x) || y === 0) return null;
  if (!Number.isFinite(y) || x === 0) return { rest: x, n: 0n };
  const [a, b] = [fromNumber(x), fromNumber(y)];
  const exponent = Math.min(a.e, b.e);
  const [top, bottom] = [a.m << BigInt(a.e - exponent), b.m << BigInt(b.e - exponent)];
  const size = bottom < 0n ? -bottom : bottom;
  const twice = 2n * (top < 0n ? -top : top);
  let n = (twice + size) / (2n * size);
  // A tie goes to the even one.
  if ((twice + size) % (2n * size) === 0n && n % 2n === 1n) n -= 1n;
  const signed = (top < 0n) !== (bottom < 0n) ? -n : n;
  return { rest: toFloat(e, top - signed * bottom, exponent, "rte", x < 0), n: signed };
}

/** The exponent of the leading bit. */
function exponentOf(x: number): number {
  const { m, e } = fromNumber(Math.abs(x));
  return m.toString(2).length + e - 1;
}

/** a b + c rounded once. */
function fused(e: Element, a: number, b: number, c: number): number {
  if (![a, b, c].every(Number.isFinite)) return Number.isFinite(a) && Number.isFinite(b) ? c : a * b + c;
  const [x, y, z] = [fromNumber(a), fromNumber(b), fromNumber(c)];
  const exponent = Math.min(x.e + y.e, z.e);
  const sum = ((x.m * y.m) << BigInt(x.e + y.e - exponent)) + (z.m << BigInt(z.e - exponent));
  return sum === 0n ? a * b + c : toFloat(e, sum, exponent);
}

function next(e: Element, x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === y) return y;
  if (x === 0) return Number(fromBits(e, 1n)) * (y < 0 ? -1 : 1);
  const up = x < y;
  return Number(fromBits(e, bitsOf(e, x) + (up === x > 0 ? 1n : -1n)));
}

/** Either zero may come out of fmax(0, -0). */
const smaller = (x: number, y: number): number => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : x < y ? x : y);
const larger = (x: number, y: number): number => (Number.isNaN(x) ? y : Number.isNaN(y) ? x : x > y ? x : y);

function scaled(e: Element, x: number, n: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  const { m, e: exponent } = fromNumber(x);
  return toFloat(e, m, exponent + Math.max(-5000, Math.min(5000, n)));
}

const FUNCTIONS: Readonly<Record<string, One>> = {
  ceil: integral("rtp"), floor: integral("rtn"), trunc: integral("rtz"), rint: integral("rte"), round: integral("away"),
  fabs: (_, x) => Math.abs(x!),
  copysign: (_, x, y) => (Number.isNaN(y) ? null : Math.abs(x!) * (y! < 0 || Object.is(y, -0) ? -1 : 1)),
  fdim: (e, x, y) => (Number.isNaN(x) || Number.isNaN(y) ? NaN : x! > y! ? fused(e, x!, 1, -y!) : 0),
  fma: (e, a, b, c) => fused(e, a!, b!, c!),
  fmin: (_, x, y) => smaller(x!, y!), fmax: (_, x, y) => larger(x!, y!),
  maxmag: (_, x, y) => (Math.abs(x!) > Math.abs(y!) ? x! : Math.abs(y!) > Math.abs(x!) ? y! : larger(x!, y!)),
  minmag: (_, x, y) => (Math.abs(x!) < Math.abs(y!) ? x! : Math.abs(y!) < Math.abs(x!) ? y! : smaller(x!, y!)),
  fmod: (_, x, y) => x! % y!,
  remainder: (e, x, y) => (Number.isNaN(x) || Number.isNaN(y) ? NaN : nearestQuotient(e, x!, y!)?.rest ?? NaN),
  ldexp: (e, x, n) => scaled(e, x!, n!),
  logb: (_, x) => (Number.isNaN(x) ? NaN : Math.abs(x!) === INF ? INF : x === 0 ? -INF : exponentOf(x!)),
  nextafter: (e, x, y) => next(e, x!, y!),
  sqrt: (e, x) => rounded(e, Math.sqrt(x!)),
};

const names = namesOf(declarations());

/** Zeros compare equal where the specification leaves the sign open. */
const OPEN_ZERO = new Set(["fmin", "fmax", "maxmag", "minmag"]);
const OPTIONS: Options = { compiled: 4, close: ({ name }, _lane, got, want) => OPEN_ZERO.has(name) && got === want };

function lanes(f: One): Reference {
  return ({ params, result, args }) => ({ result: Array.from({ length: result.lanes }, (_, lane) => f(params[0]!.element, ...args.map((values) => Number(values[values.length === 1 ? 0 : lane])))) });
}

test.each(Object.keys(FUNCTIONS))("%s", (name) => {
  const list = names.get(name);
  if (list !== undefined) expect(faultsOf(list, lanes(FUNCTIONS[name]!), OPTIONS)).toEqual([]);
});

test("ilogb", () => {
  const reference: Reference = ({ args }) => ({
    result: args[0]!.map((v) => (Number.isNaN(v) || Math.abs(Number(v)) === INF ? 2147483647n : v === 0 ? -2147483648n : BigInt(exponentOf(Number(v))))),
  });
  if (names.size > 0) expect(faultsOf(names.get("ilogb")!, reference, OPTIONS)).toEqual([]);
});

test("nan has the payload's low bits", () => {
  // What it gives is a NaN; its bits are looked at in floats.test.ts.
  if (names.size > 0) expect(faultsOf(names.get("nan")!, ({ result }) => ({ result: new Array<number>(result.lanes).fill(NaN) }), OPTIONS)).toEqual([]);
});

/** Functions with a second result behind a pointer. */
type Two = (e: Element, ...args: number[]) => readonly [Value | null, Value | null];

const POINTERS: Readonly<Record<string, Two>> = {
  fract: (e, x) => {
    if (Number.isNaN(x)) return [NaN, NaN];
    if (Math.abs(x!) === INF) return [x! < 0 ? -0 : 0, x!];
    const whole = integral("rtn")(e, x);
    const rest = fused(e, x!, 1, -whole);
    const [digits] = limitsOf(e);
    // min(x - floor(x), the number below 1); zeros keep their sign.
    return [x === 0 ? x : Math.min(rest, 1 - 2 ** -digits), whole];
  },
  modf: (e, x) => {
    if (Number.isNaN(x)) return [NaN, NaN];
    const zero = x! < 0 || Object.is(x, -0) ? -0 : 0;
    if (Math.abs(x!) === INF) return [zero, x!];
    const whole = integral("rtz")(e, x);
    const rest = fused(e, x!, 1, -whole);
    return [rest === 0 ? zero : rest, whole];
  },
  frexp: (e, x) => {
    if (!Number.isFinite(x!)) return [x!, null];
    if (x === 0) return [x, 0n];
    const n = exponentOf(x!) + 1;
    return [scaled(e, x!, -n), BigInt(n)];
  },
  remquo: (e, x, y) => {
    const found = nearestQuotient(e, x!, y!);
    if (found === null) return [NaN, null];
    // The low seven bits of the quotient's size, with its sign.
    const size = (found.n < 0n ? -found.n : found.n) & 127n;
    return [found.rest, found.n < 0n ? -size : size];
  },
};

function withPointer(f: Two): Reference {
  return ({ params, result, args }): Wanted => {
    const values = Array.from({ length: result.lanes }, (_, lane) => f(params[0]!.element, ...args.slice(0, -1).map((each) => Number(each[lane]))));
    // A vector of three takes the room of four, whose last element nobody promises.
    const left = [...values.map((v) => v[1]), ...(result.lanes === 3 ? [null] : [])];
    return { result: values.map((v) => v[0]), left: [left] };
  };
}

test.each(Object.keys(POINTERS))("%s", (name) => {
  const list = names.get(name);
  if (list !== undefined) expect(faultsOf(list, withPointer(POINTERS[name]!), OPTIONS)).toEqual([]);
});

test("the reference rounds as IEEE 754 says", () => {
  const [half, float, double] = [{ code: "Dh", bits: 16, float: true, signed: true }, { code: "f", bits: 32, float: true, signed: true }, { code: "d", bits: 64, float: true, signed: true }];
  for (const x of [Math.PI, -1e-40, 1e39, 65519.9, 65520, 2 ** -25, 2 ** -25 * 1.0001, -0]) {
    expect(narrowed(float, x)).toBe(Math.fround(x));
    expect(narrowed(half, x)).toBe(rounded(half, x));
    expect(narrowed(double, x)).toBe(x);
  }
  expect([narrowed(half, 65520, "rtz"), narrowed(half, -1e9, "rtp"), narrowed(half, 1e-9, "rtp"), narrowed(half, -1e-9, "rtn"), narrowed(half, 1e9, "rtp")]).toEqual([65504, -65504, 2 ** -24, -(2 ** -24), INF]);
  expect([shiftRounded(5n, 1, "rte"), shiftRounded(7n, 1, "rte"), shiftRounded(-5n, 1, "rtz"), shiftRounded(-5n, 1, "rtn"), shiftRounded(-5n, 1, "rtp"), shiftRounded(-5n, 1, "rte")]).toEqual([2n, 4n, -2n, -3n, -2n, -2n]);
});

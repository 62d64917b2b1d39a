import * as f from "./elementary.ts";
import { add, div, isZero, less, mul, neg, ONE, real, sign, sqrt, sub, toNumber, type Real } from "./real.ts";
import { erf, erfc, gamma, lgamma } from "./special.ts";

/** What a function should give: a number, an exact special value, or null where the arguments say nothing. */
export type Exact = Real | number | null;

/** One function of the table in section 7.4 of OpenCL C 3.0. */
export interface Measured {
  /** ULPs allowed in float, double and half; null where the format has no such function; Infinity where the error is the implementation's business. */
  readonly allowed: readonly [float: number | null, double: number | null, half: number | null];
  /** What each argument is. */
  readonly args: readonly ("x" | "n")[];
  readonly exact: (...args: Real[]) => Exact;
  /** Where arguments are drawn from, besides random patterns; one list an argument. */
  readonly ranges: readonly (readonly (readonly [number, number])[])[];
  /** What to call, when that is not the name itself. */
  readonly call?: string;
  /** Patterns at random say nothing: the fast forms are bounded in their ranges only. */
  readonly rangesOnly?: boolean;
}

type Allowed = Measured["allowed"];
type Ranges = readonly (readonly [number, number])[];

function one(allowed: Allowed, exact: (x: Real) => Exact, ...ranges: Ranges): Measured {
  return { allowed, args: ["x"], exact, ranges: [ranges] };
}
function two(allowed: Allowed, exact: (x: Real, y: Real) => Exact, x: Ranges, y: Ranges = x): Measured {
  return { allowed, args: ["x", "x"], exact, ranges: [x, y] };
}

const within = (x: Real, low: number, high: number): boolean => !less(x, real(low)) && !less(real(high), x);
const positive = (g: (x: Real) => Exact) => (x: Real): Exact => (sign(x) > 0 ? g(x) : null);
const rational = (p: number, q: number) => (x: Real): Real => div(mul(x, real(p)), real(q));

/** x^y; null where it is no question of accuracy. */
function power(x: Real, y: Real): Exact {
  if (isZero(x) || isZero(y)) return null;
  const whole = isZero(sub(y, real(floorOf(y))));
  if (sign(x) < 0 && !whole) return NaN;
  const size = f.exp(mul(y, f.log(sign(x) < 0 ? neg(x) : x)));
  return sign(x) < 0 && floorOf(y) % 2n !== 0n ? neg(size) : size;
}

function floorOf(x: Real): bigint {
  return x.e >= 0 ? x.m << BigInt(x.e) : x.m >> BigInt(-x.e);
}

/** x - n y, exactly; n is x / y toward zero, or the nearest with ties to even. */
function remainder(x: Real, y: Real, nearest: boolean): Exact {
  if (isZero(y)) return NaN;
  const e = Math.min(x.e, y.e);
  const a = (x.m < 0n ? -x.m : x.m) << BigInt(x.e - e);
  const b = (y.m < 0n ? -y.m : y.m) << BigInt(y.e - e);
  let rest = a % b;
  if (nearest && (2n * rest > b || (2n * rest === b && (a / b) % 2n !== 0n))) rest -= b;
  return { m: x.m < 0n ? -rest : rest, e };
}

function root(x: Real, n: Real): Exact {
  if (isZero(n)) return NaN;
  if (isZero(x)) return null;
  const odd = floorOf(n) % 2n !== 0n;
  if (sign(x) < 0 && !odd) return NaN;
  const size = f.exp(div(f.log(sign(x) < 0 ? neg(x) : x), n));
  return sign(x) < 0 ? neg(size) : size;
}

const pi2 = (g: (x: Real) => { sin: Real; cos: Real }, part: "sin" | "cos" | "tan") => (x: Real): Exact => {
  const { sin, cos } = g(x);
  return part === "tan" ? (isZero(cos) || isZero(sin) ? null : div(sin, cos)) : { sin, cos }[part];
};
const overPi = (x: Real): Real => div(x, f.PI);
const unit = (g: (x: Real) => Real) => (x: Real): Exact => (within(x, -1, 1) ? g(x) : NaN);

const SMALL: Ranges = [[-1, 1]];
const TURNS: Ranges = [[-4, 4], [-100, 100], [-1e5, 1e5]];
const EXPONENTS: Ranges = [[-1, 1], [-18, 12], [-105, 90], [-746, 711]];
const AROUND_ONE: Ranges = [[0.5, 2], [0.999, 1.001], [0, 1000]];
const EVERYWHERE: Ranges = [[-2, 2], [-1000, 1000]];

/** Functions by name, as the table of the specification lists them. */
export const FUNCTIONS: Readonly<Record<string, Measured>> = {
  acos: one([4, 4, 2], unit(f.acos), ...SMALL), acosh: one([4, 4, 2], (x) => (less(x, ONE) ? NaN : f.acosh(x)), [1, 1.01], [1, 4], [1, 1e6]), acospi: one([5, 5, 2], unit((x) => overPi(f.acos(x))), ...SMALL),
  asin: one([4, 4, 2], unit(f.asin), ...SMALL), asinh: one([4, 4, 2], f.asinh, ...SMALL, ...EVERYWHERE), asinpi: one([5, 5, 2], unit((x) => overPi(f.asin(x))), ...SMALL),
  atan: one([5, 5, 2], (x) => f.atan2(x, ONE), ...SMALL, [-10, 10]), atanh: one([5, 5, 2], (x) => (within(x, -1, 1) ? (isZero(sub(mul(x, x), ONE)) ? null : f.atanh(x)) : NaN), ...SMALL),
  atanpi: one([5, 5, 2], (x) => overPi(f.atan2(x, ONE)), ...SMALL, [-10, 10]),
  atan2: two([6, 6, 2], (y, x) => (isZero(y) ? null : f.atan2(y, x)), EVERYWHERE), atan2pi: two([6, 6, 2], (y, x) => (isZero(y) ? null : overPi(f.atan2(y, x))), EVERYWHERE),
  cbrt: one([2, 2, 2], (x) => (isZero(x) ? 0 : root(x, real(3))), ...EVERYWHERE),
  cos: one([4, 4, 2], pi2(f.sincos, "cos"), ...TURNS), cosh: one([4, 4, 2], f.cosh, ...EXPONENTS), cospi: one([4, 4, 2], pi2(f.sincosPi, "cos"), ...TURNS),
  erfc: one([16, 16, 4], (x) => erfc(x) ?? 0, [-3, 3], [0, 11]), erf: one([16, 16, 4], erf, [-3, 3]),
  exp: one([3, 3, 2], f.exp, ...EXPONENTS), exp2: one([3, 3, 2], (x) => f.exp(mul(x, f.LN2)), ...EXPONENTS), exp10: one([3, 3, 2], (x) => f.exp(mul(x, f.log(real(10)))), ...EXPONENTS),
  expm1: one([3, 3, 2], f.expm1, ...EXPONENTS),
  fdim: two([0.5, 0.5, 0.5], (x, y) => (less(y, x) ? sub(x, y) : 0), EVERYWHERE),
  fma: { allowed: [0.5, 0.5, 0.5], args: ["x", "x", "x"], exact: (a, b, c) => add(mul(a, b), c), ranges: [EVERYWHERE, EVERYWHERE, EVERYWHERE] },
  fmod: two([0, 0, 0], (x, y) => remainder(x, y, false), EVERYWHERE), remainder: two([0, 0, 0], (x, y) => remainder(x, y, true), EVERYWHERE),
  hypot: two([4, 4, 2], (x, y) => sqrt(add(mul(x, x), mul(y, y))), EVERYWHERE),
  ldexp: { allowed: [0.5, 0.5, 0.5], args: ["x", "n"], exact: (x, n) => ({ m: x.m, e: x.e + toNumber(n) }), ranges: [EVERYWHERE, [[-40, 40], [-300, 300], [-2200, 2200]]] },
  lgamma: one([Infinity, Infinity, Infinity], lgamma, [0.01, 5], [5, 100], [-20, 0]),
  log: one([3, 3, 2], positive(f.log), ...AROUND_ONE), log2: one([3, 3, 2], positive((x) => div(f.log(x), f.LN2)), ...AROUND_ONE), log10: one([3, 3, 2], positive((x) => div(f.log(x), f.log(real(10)))), ...AROUND_ONE),
  log1p: one([2, 2, 2], (x) => (less(real(-1), x) ? f.log1p(x) : null), [-1, 1], [0, 1000]),
  pow: two([16, 16, 4], power, [[-3, 3], [0.9, 1.1], [0, 100]], [[-5, 5], [-100, 100], [-1000, 1000]]),
  pown: { allowed: [16, 16, 4], args: ["x", "n"], exact: power, ranges: [[[-3, 3], [0.9, 1.1]], [[-5, 5], [-100, 100], [-1000, 1000]]] },
  powr: two([16, 16, 4], (x, y) => (sign(x) > 0 ? power(x, y) : null), [[0, 3], [0.9, 1.1], [0, 100]], [[-5, 5], [-100, 100], [-1000, 1000]]),
  rootn: { allowed: [16, 16, 4], args: ["x", "n"], exact: root, ranges: [EVERYWHERE, [[-10, 10], [-1000, 1000]]] },
  rsqrt: one([2, 2, 1], positive((x) => div(ONE, sqrt(x))), [0, 10]), sqrt: one([3, 0.5, 0.5], positive(sqrt), [0, 10]),
  sin: one([4, 4, 2], pi2(f.sincos, "sin"), ...TURNS), sinh: one([4, 4, 2], f.sinh, ...EXPONENTS), sinpi: one([4, 4, 2], pi2(f.sincosPi, "sin"), ...TURNS),
  tan: one([5, 5, 2], pi2(f.sincos, "tan"), ...TURNS), tanh: one([5, 5, 2], f.tanh, ...SMALL, [-20, 20]), tanpi: one([6, 6, 2], pi2(f.sincosPi, "tan"), ...TURNS),
  tgamma: one([16, 16, 4], (x) => gamma(x) ?? null, [0.01, 5], [5, 36], [5, 172], [-20, 0], [-180, -20]),
  degrees: one([2, 2, 2], (x) => overPi(mul(x, real(180))), ...EVERYWHERE), radians: one([2, 2, 2], (x) => mul(rational(1, 180)(x), f.PI), ...EVERYWHERE),
  ...fastForms("half", 8192), ...fastForms("native", Infinity),
};

/** Functions of vectors, and what their error may be for n elements. */
export const GEOMETRIC: Readonly<Record<string, { readonly allowed: (n: number) => Allowed; readonly args: 1 | 2; readonly exact: (n: number, elements: readonly Real[]) => Real | readonly Real[] | null }>> = {
  length: { allowed: (n) => [2.75 + 0.5 * n, 5.5 + n, 0.25 + 0.5 * n], args: 1, exact: (_, v) => norm(v) },
  distance: { allowed: (n) => [2.5 + 2 * n, 5.5 + 2 * n, 2 * n], args: 2, exact: (n, v) => norm(differences(n, v)) },
  normalize: { allowed: (n) => [2 + n, 4.5 + n, 1 + n], args: 1, exact: (_, v) => unitOf(v) },
  fast_length: { allowed: (n) => [8191.5 + n, null, null], args: 1, exact: (_, v) => norm(v) },
  fast_distance: { allowed: (n) => [8191.5 + 2 * n, null, null], args: 2, exact: (n, v) => norm(differences(n, v)) },
  fast_normalize: { allowed: (n) => [8192 + n, null, null], args: 1, exact: (_, v) => unitOf(v) },
};

function norm(v: readonly Real[]): Real {
  return sqrt(v.map((x) => mul(x, x)).reduce(add));
}
function differences(n: number, v: readonly Real[]): Real[] {
  return v.slice(0, n).map((x, i) => sub(x, v[n + i]!));
}
function unitOf(v: readonly Real[]): readonly Real[] | null {
  const size = norm(v);
  return isZero(size) ? null : v.map((x) => div(x, size));
}

/** half_ functions are bounded for arguments of their ranges, native_ ones are the implementation's business. */
function fastForms(prefix: string, allowed: number): Record<string, Measured> {
  const all: Allowed = [allowed, null, null];
  const forms: Record<string, Measured> = {
    cos: one(all, pi2(f.sincos, "cos"), [-65536, 65536], [-4, 4]), sin: one(all, pi2(f.sincos, "sin"), [-65536, 65536], [-4, 4]), tan: one(all, pi2(f.sincos, "tan"), [-65536, 65536], [-4, 4]),
    exp: one(all, f.exp, ...EXPONENTS), exp2: one(all, (x) => f.exp(mul(x, f.LN2)), ...EXPONENTS), exp10: one(all, (x) => f.exp(mul(x, f.log(real(10)))), ...EXPONENTS),
    log: one(all, positive(f.log), ...AROUND_ONE), log2: one(all, positive((x) => div(f.log(x), f.LN2)), ...AROUND_ONE), log10: one(all, positive((x) => div(f.log(x), f.log(real(10)))), ...AROUND_ONE),
    recip: one(all, (x) => (isZero(x) ? null : div(ONE, x)), ...EVERYWHERE), rsqrt: one(all, positive((x) => div(ONE, sqrt(x))), [0, 10]), sqrt: one(all, positive(sqrt), [0, 10]),
    divide: two(all, (x, y) => (isZero(y) ? null : div(x, y)), EVERYWHERE), powr: two(all, (x, y) => (sign(x) > 0 ? power(x, y) : null), [[0, 3], [0, 100]], [[-5, 5], [-100, 100]]),
  };
  return Object.fromEntries(Object.entries(forms).map(([name, form]) => [`${prefix}_${name}`, ["cos", "sin", "tan"].includes(name) || prefix === "native" ? { ...form, rangesOnly: true } : form]));
}


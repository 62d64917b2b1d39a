import type { FloatBinary, FloatPredicate, FloatUnary, Rounding } from "../ir/ops.ts";
import * as precise from "./exact.ts";
import { f32FromBits, f32ToBits, f64FromBits, f64ToBits, fromNumber, toNumber, type Value } from "./values.ts";

/** Floating-point operations on the interpreter's values (see `values.ts` for NaN). */

export type FloatType = "f32" | "f64";

/** To nearest even, JavaScript's arithmetic is exact for f64, and for f32 after one more rounding (+ - * / sqrt of f32 survive double rounding: 53 >= 2*24+2). */
const nearest = (type: FloatType): ((value: number) => number) => (type === "f32" ? Math.fround : (value) => value);

const formatOf: Readonly<Record<FloatType, precise.Format>> = { f32: precise.F32, f64: precise.F64 };

/** The function of a binary floating-point operation, rounded as `mode` says. */
export function floatBinary(op: FloatBinary, type: FloatType, mode: Rounding): (a: Value, b: Value) => Value {
  const fit = nearest(type);
  const format = formatOf[type];
  const arithmetic = (compute: (a: number, b: number) => number) => (a: Value, b: Value) => fromNumber(type, compute(toNumber(a), toNumber(b)));
  const rounded = (near: (a: number, b: number) => number, directed: (a: number, b: number) => number) =>
    arithmetic(mode === "rn" ? (a, b) => fit(near(a, b)) : directed);
  switch (op) {
    case "fadd": return rounded((a, b) => a + b, (a, b) => precise.sum(format, a, b, mode));
    case "fsub": return rounded((a, b) => a - b, (a, b) => precise.sum(format, a, -b, mode));
    case "fmul": return rounded((a, b) => a * b, (a, b) => precise.product(format, a, b, mode));
    case "fdiv": return rounded((a, b) => a / b, (a, b) => precise.quotient(format, a, b, mode));
    case "frem": return arithmetic((a, b) => a % b);
    case "fmin": return minimum(type, (a, b) => Math.min(a, b));
    case "fmax": return minimum(type, (a, b) => Math.max(a, b));
    case "copysign": return (a, b) => withSign(type, a, signBit(type, b));
  }
}

/** Math.min and Math.max order -0 below +0, as wanted; only NaN is treated otherwise. */
function minimum(type: FloatType, pick: (a: number, b: number) => number): (a: Value, b: Value) => Value {
  return (a, b) => {
    if (typeof a === "bigint") return typeof b === "bigint" ? fromNumber(type, NaN) : b;
    return typeof b === "bigint" ? a : pick(a, b);
  };
}

function signBit(type: FloatType, value: Value): boolean {
  return type === "f32" ? f32ToBits(value) >= 2 ** 31 : f64ToBits(value) >= 2n ** 63n;
}

/** Works on the pattern, so that a NaN keeps its payload. */
function withSign(type: FloatType, value: Value, negative: boolean): Value {
  if (type === "f32") return f32FromBits((f32ToBits(value) & 0x7fffffff) + (negative ? 2 ** 31 : 0));
  return f64FromBits((f64ToBits(value) & (2n ** 63n - 1n)) + (negative ? 2n ** 63n : 0n));
}

/** The function of a unary floating-point operation. */
export function floatUnary(op: FloatUnary, type: FloatType, mode: Rounding): (a: Value) => Value {
  const fit = nearest(type);
  const format = formatOf[type];
  const arithmetic = (compute: (a: number) => number) => (a: Value) => fromNumber(type, compute(toNumber(a)));
  switch (op) {
    case "fneg": return (a) => withSign(type, a, !signBit(type, a));
    case "fabs": return (a) => withSign(type, a, false);
    case "fsqrt": return arithmetic(mode === "rn" ? (a) => fit(Math.sqrt(a)) : (a) => precise.squareRoot(format, a, mode));
    case "ffloor": return arithmetic(Math.floor);
    case "fceil": return arithmetic(Math.ceil);
    case "ftrunc": return arithmetic(Math.trunc);
    case "frint": return arithmetic(nearestEven);
    case "fround": return arithmetic(halfAway);
  }
}

function nearestEven(a: number): number {
  if (!Number.isFinite(a) || Number.isInteger(a)) return a;
  const below = Math.floor(a);
  const part = a - below; // exact: both are multiples of a's last bit
  const result = part < 0.5 || (part === 0.5 && below % 2 === 0) ? below : below + 1;
  return result === 0 && (a < 0 || Object.is(a, -0)) ? -0 : result;
}

function halfAway(a: number): number {
  const whole = Math.trunc(a);
  return Math.abs(a - whole) >= 0.5 ? whole + Math.sign(a) : whole;
}

/** Fused multiply-add: one rounding. */
export function fma(type: FloatType, mode: Rounding): (a: Value, b: Value, c: Value) => Value {
  const format = formatOf[type];
  return (a, b, c) => fromNumber(type, fusedMultiplyAdd(format, toNumber(a), toNumber(b), toNumber(c), mode));
}

function fusedMultiplyAdd(format: precise.Format, a: number, b: number, c: number, mode: Rounding): number {
  if (format === precise.F32 && mode === "rn") {
    // The product of two f32 is exact in f64. If adding c is exact too (its error by Knuth's TwoSum is 0), fround is the only rounding.
    const x = a * b;
    const total = x + c;
    const cPart = total - x;
    if (x - (total - cPart) === 0 && c - cPart === 0 && total !== 0) return Math.fround(total);
  }
  return precise.fma(format, a, b, c, mode);
}

/** The function of a comparison; a bigint is a NaN with its bits. */
export function floatCompare(pred: FloatPredicate): (a: Value, b: Value) => boolean {
  const test = (unordered: boolean, compare: (a: number, b: number) => boolean) => (a: Value, b: Value) =>
    typeof a === "bigint" || typeof b === "bigint" ? unordered : compare(a, b);
  switch (pred) {
    case "oeq": return test(false, (a, b) => a === b);
    case "one": return test(false, (a, b) => a !== b);
    case "olt": return test(false, (a, b) => a < b);
    case "ole": return test(false, (a, b) => a <= b);
    case "ogt": return test(false, (a, b) => a > b);
    case "oge": return test(false, (a, b) => a >= b);
    case "ueq": return test(true, (a, b) => a === b);
    case "une": return test(true, (a, b) => a !== b);
    case "ult": return test(true, (a, b) => a < b);
    case "ule": return test(true, (a, b) => a <= b);
    case "ugt": return test(true, (a, b) => a > b);
    case "uge": return test(true, (a, b) => a >= b);
    case "ord": return test(false, () => true);
    case "uno": return test(true, () => false);
  }
}

/** Binary floating point of any width by whole numbers: every operation exact, then rounded once. Slow and obvious. */

/** A format: bits of the significand (with the hidden one) and the exponent range. */
export interface Format {
  readonly precision: number;
  readonly least: number;
  readonly most: number;
  readonly width: number;
}

export const F16: Format = { precision: 11, least: -14, most: 15, width: 16 };
export const BF16: Format = { precision: 8, least: -126, most: 127, width: 16 };
export const F32: Format = { precision: 24, least: -126, most: 127, width: 32 };
export const F64: Format = { precision: 53, least: -1022, most: 1023, width: 64 };

/** Nearest even, nearest away from zero, towards zero, down, up. */
export type Mode = "rn" | "rna" | "rz" | "rm" | "rp";

/** (-1)^sign * m * 2^e, and a little more in magnitude when `rest`. */
export type Value = { readonly kind: "nan" } | { readonly kind: "inf"; readonly sign: boolean } | { readonly kind: "number"; readonly sign: boolean; readonly m: bigint; readonly e: number; readonly rest: boolean };

export const NAN: Value = { kind: "nan" };
export const number = (sign: boolean, m: bigint, e: number, rest = false): Value => ({ kind: "number", sign, m, e, rest });
export const infinity = (sign: boolean): Value => ({ kind: "inf", sign });
export const ofInteger = (x: bigint): Value => number(x < 0n, x < 0n ? -x : x, 0);

/** The value of bits. */
export function decode(bits: bigint, { precision, least, most, width }: Format): Value {
  const fraction = precision - 1;
  const sign = bits >> BigInt(width - 1) !== 0n;
  const exponent = Number((bits >> BigInt(fraction)) & ((1n << BigInt(width - 1 - fraction)) - 1n));
  const low = bits & ((1n << BigInt(fraction)) - 1n);
  if (exponent === 2 * most + 1) return low !== 0n ? NAN : infinity(sign);
  return exponent === 0 ? number(sign, low, least - fraction) : number(sign, low | (1n << BigInt(fraction)), exponent - most - fraction);
}

const length = (m: bigint): number => (m === 0n ? 0 : m.toString(2).length);

/** Rounds to a whole multiple of 2^q. @returns the multiple's magnitude */
function quantize(value: Extract<Value, { kind: "number" }>, q: number, mode: Mode): bigint {
  const { sign, m, e, rest } = value;
  const shift = q - e;
  if (shift <= 0) return m << BigInt(-shift);
  const kept = m >> BigInt(shift);
  const cut = m - (kept << BigInt(shift));
  const half = 1n << BigInt(shift - 1);
  const inexact = cut !== 0n || rest;
  const up = mode === "rn" ? cut > half || (cut === half && (rest || (kept & 1n) === 1n)) : mode === "rna" ? cut >= half : mode === "rz" ? false : inexact && sign === (mode === "rm");
  return up ? kept + 1n : kept;
}

/** Bits of the value, rounded; null for NaN. */
export function encode(value: Value, format: Format, mode: Mode = "rn"): bigint | null {
  const { precision, least, most, width } = format;
  const fraction = precision - 1;
  const top = (sign: boolean): bigint => (sign ? 1n << BigInt(width - 1) : 0n);
  const inf = BigInt(2 * most + 1) << BigInt(fraction);
  if (value.kind === "nan") return null;
  if (value.kind === "inf") return top(value.sign) | inf;
  const exponent = Math.max(value.e + length(value.m) - 1, least);
  const kept = quantize(value, exponent - fraction, mode);
  // A carry into the next power of two makes the sum come out right.
  const biased = kept < 1n << BigInt(fraction) ? kept : (BigInt(exponent + most) << BigInt(fraction)) + kept - (1n << BigInt(fraction));
  const finite = mode === "rz" || (mode === "rm" && !value.sign) || (mode === "rp" && value.sign);
  return top(value.sign) | (biased >= inf ? (finite ? inf - 1n : inf) : biased);
}

/** Rounded to a whole number; null for NaN and infinities. */
export function toInteger(value: Value, mode: Mode): bigint | null {
  if (value.kind !== "number") return null;
  const kept = quantize(value, 0, mode);
  return value.sign ? -kept : kept;
}

const zero = (v: Value): boolean => v.kind === "number" && v.m === 0n && !v.rest;
export const negate = (v: Value): Value => (v.kind === "nan" ? v : { ...v, sign: !v.sign });
export const magnitude = (v: Value): Value => (v.kind === "nan" ? v : { ...v, sign: false });
export const isNegative = (v: Value): boolean => v.kind !== "nan" && v.sign;

/** @param mode only for the sign of an exact zero */
export function add(a: Value, b: Value, mode: Mode = "rn"): Value {
  if (a.kind === "nan" || b.kind === "nan") return NAN;
  if (a.kind === "inf" || b.kind === "inf") return a.kind === b.kind && a.sign !== b.sign ? NAN : a.kind === "inf" ? a : b;
  const e = Math.min(a.e, b.e);
  const scaled = (v: typeof a): bigint => (v.sign ? -1n : 1n) * (v.m << BigInt(v.e - e));
  const sum = scaled(a) + scaled(b);
  if (sum === 0n) return number(a.sign === b.sign ? a.sign : mode === "rm", 0n, 0);
  return number(sum < 0n, sum < 0n ? -sum : sum, e);
}

export function multiply(a: Value, b: Value): Value {
  if (a.kind === "nan" || b.kind === "nan") return NAN;
  const sign = a.sign !== b.sign;
  if (a.kind === "inf" || b.kind === "inf") return zero(a) || zero(b) ? NAN : infinity(sign);
  return number(sign, a.m * b.m, a.e + b.e);
}

export function divide(a: Value, b: Value): Value {
  if (a.kind === "nan" || b.kind === "nan") return NAN;
  const sign = a.sign !== b.sign;
  if (a.kind === "inf") return b.kind === "inf" ? NAN : infinity(sign);
  if (b.kind === "inf") return number(sign, 0n, 0);
  if (zero(b)) return zero(a) ? NAN : infinity(sign);
  const m = a.m << 300n;
  return number(sign, m / b.m, a.e - b.e - 300, m % b.m !== 0n);
}

export function squareRoot(a: Value): Value {
  if (a.kind === "nan" || zero(a)) return a;
  if (a.sign) return NAN;
  if (a.kind === "inf") return a;
  const m = a.m << BigInt(300 + (a.e & 1));
  let [root, step] = [1n << BigInt(Math.ceil(length(m) / 2)), true];
  while (step) {
    const next = (root + m / root) >> 1n;
    step = next < root;
    if (step) root = next;
  }
  return number(false, root, (a.e - (a.e & 1) - 300) / 2, root * root !== m);
}

/** -1, 0, 1, or null when one is NaN. Zeros are equal. */
export function compare(a: Value, b: Value): number | null {
  if (a.kind === "nan" || b.kind === "nan") return null;
  const difference = a.kind === "inf" && b.kind === "inf" ? (a.sign === b.sign ? number(false, 0n, 0) : a) : add(a, negate(b));
  return zero(difference) ? 0 : isNegative(difference) ? -1 : 1;
}

/** The smaller (or larger) as min.f32 has it: -0 before +0, a number before NaN unless `nan`. */
export function extreme(a: Value, b: Value, larger: boolean, nan = false): Value {
  if (a.kind === "nan" || b.kind === "nan") return nan || (a.kind === "nan" && b.kind === "nan") ? NAN : a.kind === "nan" ? b : a;
  const order = compare(a, b)! || (isNegative(a) === isNegative(b) ? 0 : isNegative(a) ? -1 : 1);
  return (order > 0) === larger ? a : b;
}

/** Limited to 0 .. 1, NaN to +0. */
export function saturate(a: Value): Value {
  const one = number(false, 1n, 0);
  if (a.kind === "nan" || isNegative(a) || zero(a)) return number(false, 0n, 0);
  return compare(a, one)! > 0 ? one : a;
}

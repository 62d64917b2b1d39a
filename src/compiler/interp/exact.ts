import type { Rounding } from "../ir/ops.ts";

/**
 * Floating point by exact arithmetic on integers and one rounding at the end. Nothing here relies on the host's
 * floating point, so fma, the directed roundings and the 16-bit formats are right by construction.
 */

/** A binary format: significand bits with the hidden one, exponent of the lowest subnormal bit, exponent of the largest power of two. */
export interface Format {
  readonly precision: number;
  readonly minExponent: number;
  readonly maxExponent: number;
}

/** Binary formats: bits of precision, exponents of the smallest and largest numbers. */
export const F64: Format = { precision: 53, minExponent: -1074, maxExponent: 1023 };
export const F32: Format = { precision: 24, minExponent: -149, maxExponent: 127 };
export const F16: Format = { precision: 11, minExponent: -24, maxExponent: 15 };
export const BF16: Format = { precision: 8, minExponent: -133, maxExponent: 127 };

/** (-1)^negative * significand * 2^exponent. Significand 0 is a zero with that sign. */
export interface Exact {
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}

const scratch = new DataView(new ArrayBuffer(8));

/** @param value finite */
export function exact(value: number): Exact {
  scratch.setFloat64(0, value);
  const bits = scratch.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return {
    negative: bits >> 63n === 1n,
    significand: field === 0 ? fraction : fraction | (1n << 52n),
    exponent: Math.max(field, 1) - 1075,
  };
}

/** Bits of a non-negative integer; 0 has none. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0]!, 16)) + 28;
}

/** Whether a magnitude that was cut off must be rounded away from zero. `rest` compares the part cut off with half a unit: -1 less, 0 equal, 1 more. */
function roundsUp(mode: Rounding, negative: boolean, odd: boolean, inexact: boolean, rest: number): boolean {
  switch (mode) {
    case "rn": return rest > 0 || (rest === 0 && odd);
    case "rz": return false;
    case "rm": return inexact && negative;
    case "rp": return inexact && !negative;
  }
}

/** floor(x) and how x - floor(x) compares with a half, for x = significand * 2^-shift plus, if `sticky`, something less than 2^-shift. */
function cut(significand: bigint, shift: number, sticky: boolean): { whole: bigint; inexact: boolean; rest: number } {
  if (shift <= 0) {
    if (sticky) throw new RangeError("cut: the sticky part would become visible");
    return { whole: significand << BigInt(-shift), inexact: false, rest: -1 };
  }
  const whole = significand >> BigInt(shift);
  const doubled = (significand - (whole << BigInt(shift))) * 2n;
  const unit = 1n << BigInt(shift);
  const rest = doubled > unit ? 1 : doubled < unit ? -1 : sticky ? 1 : 0;
  return { whole, inexact: doubled !== 0n || sticky, rest };
}

/** A number of a format: infinite, or significand * 2^exponent with at most `precision` bits and exponent at least `minExponent`. */
export type Rounded = (Exact & { readonly infinite: false }) | { readonly negative: boolean; readonly infinite: true };

/**
 * The exact value, rounded once.
 * @param sticky the true magnitude lies strictly between the given one and the next multiple of 2^exponent
 */
export function round(format: Format, value: Exact, mode: Rounding, sticky = false): Rounded {
  const { negative, significand } = value;
  const length = bitLength(significand);
  let exponent = Math.max(value.exponent + length - format.precision, format.minExponent);
  const { whole, inexact, rest } = cut(significand, exponent - value.exponent, sticky);
  let result = whole;
  if (roundsUp(mode, negative, (whole & 1n) === 1n, inexact, rest)) result += 1n;
  if (bitLength(result) > format.precision) {
    // Only 2^precision itself can arise: shifting loses nothing.
    result >>= 1n;
    exponent += 1;
  }
  if (result !== 0n && exponent + bitLength(result) - 1 > format.maxExponent) {
    if (mode === "rn" || (mode === "rm" && negative) || (mode === "rp" && !negative)) return { negative, infinite: true };
    result = (1n << BigInt(format.precision)) - 1n;
    exponent = format.maxExponent - format.precision + 1;
  }
  return { negative, significand: result, exponent, infinite: false };
}

/** A rounded f64 or f32 as a JavaScript number; exact. */
export function asNumber(value: Rounded): number {
  const magnitude = value.infinite ? Infinity : Number(value.significand) * 2 ** value.exponent;
  return value.negative ? -magnitude : magnitude;
}

/** The bit pattern of a rounded number in a format of `width` bits. */
export function asBits(format: Format, width: number, value: Rounded): number {
  const fractionBits = format.precision - 1;
  const sign = value.negative ? 2 ** (width - 1) : 0;
  const infinity = (2 ** (width - format.precision) - 1) * 2 ** fractionBits;
  if (value.infinite) return sign + infinity;
  // Bring the significand to the full precision, or as near as the smallest exponent lets it.
  let significand = value.significand;
  let exponent = value.exponent;
  while (bitLength(significand) < format.precision && exponent > format.minExponent && significand !== 0n) {
    significand <<= 1n;
    exponent -= 1;
  }
  if (bitLength(significand) < format.precision) return sign + Number(significand);
  const field = exponent - format.minExponent + 1;
  return sign + field * 2 ** fractionBits + (Number(significand) - 2 ** fractionBits);
}

/** The integer nearest to a finite value by the mode, as C's rounding functions would give it. */
export function roundToInteger(value: number, mode: Rounding): bigint {
  const { negative, significand, exponent } = exact(value);
  const { whole, inexact, rest } = cut(significand, -exponent, false);
  const magnitude = roundsUp(mode, negative, (whole & 1n) === 1n, inexact, rest) ? whole + 1n : whole;
  return negative ? -magnitude : magnitude;
}

/** An integer, rounded to the format. */
export function fromInteger(format: Format, value: bigint, mode: Rounding): number {
  return asNumber(round(format, { negative: value < 0n, significand: value < 0n ? -value : value, exponent: 0 }, mode));
}

/** a*b+c with one rounding, all special cases of IEEE 754 included. NaN stands for any NaN. */
export function fma(format: Format, a: number, b: number, c: number, mode: Rounding): number {
  if (Number.isNaN(a) || Number.isNaN(b) || Number.isNaN(c)) return NaN;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a * b + c; // infinite or invalid: no rounding is involved
  if (!Number.isFinite(c)) return c;
  const x = exact(a);
  const y = exact(b);
  return add(format, { negative: x.negative !== y.negative, significand: x.significand * y.significand, exponent: x.exponent + y.exponent }, exact(c), mode);
}

function add(format: Format, x: Exact, y: Exact, mode: Rounding): number {
  const exponent = Math.min(x.exponent, y.exponent);
  const signed = ({ negative, significand, exponent: e }: Exact): bigint => (negative ? -significand : significand) << BigInt(e - exponent);
  const sum = signed(x) + signed(y);
  // An exact zero is +0 (-0 when rounding down), unless both addends are zeros of one sign.
  const negative = sum === 0n ? (x.significand === 0n && x.negative === y.negative ? x.negative : mode === "rm") : sum < 0n;
  return asNumber(round(format, { negative, significand: sum < 0n ? -sum : sum, exponent }, mode));
}

/** a + b by the mode. */
export function sum(format: Format, a: number, b: number, mode: Rounding): number {
  return fma(format, a, 1, b, mode);
}

/** a * b by the mode. */
export function product(format: Format, a: number, b: number, mode: Rounding): number {
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a * b;
  const x = exact(a);
  const y = exact(b);
  return asNumber(round(format, { negative: x.negative !== y.negative, significand: x.significand * y.significand, exponent: x.exponent + y.exponent }, mode));
}

/** a / b by the mode. */
export function quotient(format: Format, a: number, b: number, mode: Rounding): number {
  if (!Number.isFinite(a) || !Number.isFinite(b) || b === 0 || a === 0) return a / b; // no rounding in any of these
  const x = exact(a);
  const y = exact(b);
  const shift = 64 + bitLength(y.significand);
  const dividend = x.significand << BigInt(shift);
  const significand = dividend / y.significand;
  const value: Exact = { negative: x.negative !== y.negative, significand, exponent: x.exponent - y.exponent - shift };
  return asNumber(round(format, value, mode, significand * y.significand !== dividend));
}

/** The square root by the mode. */
export function squareRoot(format: Format, a: number, mode: Rounding): number {
  if (!(a > 0) || a === Infinity) return Math.sqrt(a); // zeros, infinity, NaN, negative: exact
  const { significand, exponent } = exact(a);
  const shift = exponent % 2 === 0 ? 128 : 129;
  const radicand = significand << BigInt(shift);
  const root = integerRoot(radicand);
  return asNumber(round(format, { negative: false, significand: root, exponent: (exponent - shift) / 2 }, mode, root * root !== radicand));
}

/** floor(sqrt(value)) by Newton's iteration from above. */
function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(bitLength(value) / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

import type { Rounding } from "../../../src/compiler/ir/ops.ts";

/** Exact rationals, and what it means that a bit pattern is the correct rounding of an exact value. The judge of all floating-point tests: it shares nothing with the code under test. */

export interface Rational {
  readonly n: bigint;
  /** Positive. */
  readonly d: bigint;
}

export function rational(n: bigint, d: bigint = 1n): Rational {
  return d < 0n ? { n: -n, d: -d } : { n, d };
}

export const add = (x: Rational, y: Rational): Rational => rational(x.n * y.d + y.n * x.d, x.d * y.d);
export const multiply = (x: Rational, y: Rational): Rational => rational(x.n * y.n, x.d * y.d);
export const divide = (x: Rational, y: Rational): Rational => rational(x.n * y.d, x.d * y.n);
export const negate = (x: Rational): Rational => rational(-x.n, x.d);

/** Sign of x - y. */
export function compare(x: Rational, y: Rational): -1 | 0 | 1 {
  const difference = x.n * y.d - y.n * x.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Widths of a binary interchange format. */
export interface FloatFormat {
  readonly exponentBits: number;
  readonly fractionBits: number;
}

export const formats: Readonly<Record<"f64" | "f32" | "f16" | "bf16", FloatFormat>> = {
  f64: { exponentBits: 11, fractionBits: 52 },
  f32: { exponentBits: 8, fractionBits: 23 },
  f16: { exponentBits: 5, fractionBits: 10 },
  bf16: { exponentBits: 8, fractionBits: 7 },
};

export function widthOf(format: FloatFormat): number {
  return 1 + format.exponentBits + format.fractionBits;
}

export function signOf(format: FloatFormat, bits: bigint): boolean {
  return bits >> BigInt(widthOf(format) - 1) === 1n;
}

export function magnitudeOf(format: FloatFormat, bits: bigint): bigint {
  return bits & ((1n << BigInt(widthOf(format) - 1)) - 1n);
}

/** Pattern of +infinity. */
export function infinity(format: FloatFormat): bigint {
  return ((1n << BigInt(format.exponentBits)) - 1n) << BigInt(format.fractionBits);
}

export function isNaNBits(format: FloatFormat, bits: bigint): boolean {
  return magnitudeOf(format, bits) > infinity(format);
}

export function isFiniteBits(format: FloatFormat, bits: bigint): boolean {
  return magnitudeOf(format, bits) < infinity(format);
}

export function withSign(format: FloatFormat, magnitude: bigint, negative: boolean): bigint {
  return negative ? magnitude | (1n << BigInt(widthOf(format) - 1)) : magnitude;
}

export function canonicalNaN(format: FloatFormat): bigint {
  return infinity(format) | (1n << BigInt(format.fractionBits - 1));
}

/** The value of a magnitude; infinity counts as the power of two behind the largest finite number. */
function magnitudeValue(format: FloatFormat, magnitude: bigint): Rational {
  const field = magnitude >> BigInt(format.fractionBits);
  const fraction = magnitude & ((1n << BigInt(format.fractionBits)) - 1n);
  const significand = field === 0n ? fraction : fraction | (1n << BigInt(format.fractionBits));
  const exponent = Number(field === 0n ? 1n : field) - 2 ** (format.exponentBits - 1) + 1 - format.fractionBits;
  return exponent >= 0 ? rational(significand << BigInt(exponent)) : rational(significand, 1n << BigInt(-exponent));
}

export function valueOf(format: FloatFormat, bits: bigint): Rational {
  const value = magnitudeValue(format, magnitudeOf(format, bits));
  return signOf(format, bits) ? negate(value) : value;
}

/**
 * Whether the pattern is what rounding the exact, nonzero value gives.
 * @param against sign of the exact value minus a rational
 * @param positive sign of the exact value
 */
export function isRounding(format: FloatFormat, mode: Rounding, bits: bigint, against: (candidate: Rational) => number, positive: boolean): boolean {
  if (isNaNBits(format, bits) || signOf(format, bits) === positive) return false;
  const magnitude = magnitudeOf(format, bits);
  const top = infinity(format);
  // Look at magnitudes only, so that "above" is "away from zero".
  const above = (candidate: Rational): number => (positive ? against(candidate) : -against(negate(candidate)));
  const here = magnitudeValue(format, magnitude);
  if (mode === "rn") {
    const middle = (a: bigint): Rational => divide(add(magnitudeValue(format, a), magnitudeValue(format, a + 1n)), rational(2n));
    const even = magnitude % 2n === 0n;
    const low = magnitude === 0n ? 1 : above(middle(magnitude - 1n));
    const high = magnitude === top ? -1 : above(middle(magnitude));
    return (low > 0 || (low === 0 && even)) && (high < 0 || (high === 0 && even));
  }
  const away = (mode === "rp" && positive) || (mode === "rm" && !positive);
  if (away) {
    // The smallest number that is not below the value.
    return (magnitude === top || above(here) <= 0) && magnitude > 0n && above(magnitudeValue(format, magnitude - 1n)) > 0;
  }
  // The largest finite number that is not above it.
  return magnitude < top && above(here) >= 0 && (magnitude === top - 1n || above(magnitudeValue(format, magnitude + 1n)) < 0);
}

/** The integer that rounding an exact value gives. */
export function toInteger({ n, d }: Rational, mode: Rounding): bigint {
  const floor = n >= 0n ? n / d : -((-n + d - 1n) / d);
  const exactly = floor * d === n;
  switch (mode) {
    case "rm": return floor;
    case "rp": return exactly ? floor : floor + 1n;
    case "rz": return n >= 0n || exactly ? floor : floor + 1n;
    case "rn": {
      const doubled = (n - floor * d) * 2n;
      return doubled > d || (doubled === d && floor % 2n !== 0n) ? floor + 1n : floor;
    }
  }
}

/** Zeros, subnormals, extremes, infinities, NaNs, numbers around powers of two where integers and halves begin to fit. */
export function floatEdges(format: FloatFormat): bigint[] {
  const one = ((1n << BigInt(format.exponentBits - 1)) - 1n) << BigInt(format.fractionBits);
  const step = 1n << BigInt(format.fractionBits);
  const top = infinity(format);
  const magnitudes = [0n, 1n, 2n, step - 1n, step, step + 1n, one - step, one - step + 1n, one - step - 1n, one - 1n, one, one + 1n, one + step / 2n, one + step, one + step + step / 2n, one + 7n * step + 12345n % step, top - 1n, top - step, top, canonicalNaN(format), top + 1n, canonicalNaN(format) + 3n];
  for (const power of [7, 8, 15, 16, 22, 23, 24, 31, 32, 51, 52, 53, 63, 64]) {
    const at = one + BigInt(power) * step;
    if (at < top) magnitudes.push(at - 1n, at, at + 1n);
  }
  return [...new Set(magnitudes)].flatMap((magnitude) => [magnitude, withSign(format, magnitude, true)]);
}

import { abs, exponentOf, fromNumber, isZero, less, real, scale, sub, toNumber, type Real } from "./real.ts";

/** A floating-point format: how many significant bits, the exponents of its smallest normal number and of its largest binade, and how LLVM and Clang's names write it. */
export interface Format {
  readonly name: "float" | "double" | "half";
  readonly code: "f" | "d" | "Dh";
  readonly digits: number;
  readonly low: number;
  readonly high: number;
  readonly bits: 16 | 32 | 64;
}

export const FORMATS: readonly Format[] = [
  { name: "float", code: "f", digits: 24, low: -126, high: 127, bits: 32 },
  { name: "double", code: "d", digits: 53, low: -1022, high: 1023, bits: 64 },
  { name: "half", code: "Dh", digits: 11, low: -14, high: 15, bits: 16 },
];

export type Values = Float32Array | Float64Array | Uint16Array;

/** The number of a half's pattern. */
export function halfValue(pattern: number): number {
  const field = (pattern >> 10) & 31;
  const fraction = pattern & 1023;
  const size = field === 31 ? (fraction === 0 ? Infinity : NaN) : field === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (field - 25);
  return pattern >> 15 === 1 ? -size : size;
}

/** The pattern of the half nearest to x. */
export function halfPattern(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const negative = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65520) return negative | 0x7c00;
  const exponent = Math.max(a === 0 ? -14 : Math.floor(Math.log2(a)), -14);
  const scaled = a / 2 ** (exponent - 10);
  const low = Math.floor(scaled);
  const up = scaled - low > 0.5 || (scaled - low === 0.5 && low % 2 === 1) ? 1 : 0;
  // A carry runs into the exponent, as it should.
  return negative | ((low + up < 1024 ? 0 : (exponent + 14) << 10) + low + up);
}

/** An array of the format's numbers. */
export function arrayOf(format: Format, values: readonly number[]): Values {
  return format.name === "float" ? Float32Array.from(values) : format.name === "double" ? Float64Array.from(values) : Uint16Array.from(values, halfPattern);
}

/** The nth number of such an array. */
export function numberAt(format: Format, values: Values, n: number): number {
  return format.name === "half" ? halfValue(values[n]!) : values[n]!;
}

/**
 * The error of `got` in ULPs (OpenCL C 3.0 section 7.4). An infinity stands for the first power of two beyond the format, and exact values beyond that for that power.
 * Denormals are supported, so below the normal numbers an ULP is the smallest denormal.
 */
export function ulps(format: Format, got: number, exact: Real): number {
  if (Number.isNaN(got)) return Infinity;
  const end = real(1, format.high + 1);
  const limit = (x: Real): Real => (less(end, abs(x)) ? { m: x.m < 0n ? -end.m : end.m, e: end.e } : x);
  const value = Number.isFinite(got) ? fromNumber(got) : { m: got < 0 ? -end.m : end.m, e: end.e };
  const wanted = limit(exact);
  const exponent = isZero(wanted) ? format.low : Math.min(Math.max(exponentOf(wanted), format.low), format.high);
  return Math.abs(toNumber(scale(sub(value, wanted), format.digits - 1 - exponent)));
}

import type { Conversion, Rounding } from "../ir/ops.ts";
import { bitsOf, type Type } from "../ir/types.ts";
import * as precise from "./exact.ts";
import { signed, wrap } from "./integer.ts";
import { f32FromBits, f32ToBits, f64FromBits, f64ToBits, fromNumber, toNumber, type Value } from "./values.ts";

/**
 * A conversion as a function on the interpreter's values.
 * @param round as written in the instruction
 */
export function conversion(op: Conversion, from: Type, to: Type, round: Rounding | undefined): (a: Value) => Value {
  const width = bitsOf[to];
  switch (op) {
    case "trunc": return from === "i64" ? (a) => Number(BigInt.asUintN(width, a as bigint)) : (a) => wrap(width)(a as number);
    case "zext": return to === "i64" ? (a) => BigInt(a) : (a) => a;
    case "sext": {
      const s = signed(bitsOf[from]);
      return to === "i64" ? (a) => BigInt.asUintN(64, BigInt(s(a as number))) : (a) => wrap(width)(s(a as number));
    }
    case "bitcast": {
      if (from === "f32") return (a) => f32ToBits(a);
      if (from === "f64") return (a) => f64ToBits(a);
      return to === "f32" ? (a) => f32FromBits(a as number) : (a) => f64FromBits(a as bigint);
    }
    case "fptosi": return floatToInt(round ?? "rz", to, -(2n ** BigInt(width - 1)), 2n ** BigInt(width - 1) - 1n);
    case "fptoui": return floatToInt(round ?? "rz", to, 0n, 2n ** BigInt(width) - 1n);
    case "sitofp": return (a) => precise.fromInteger(formatOf(to), BigInt.asIntN(bitsOf[from], BigInt(a)), round ?? "rn");
    case "uitofp": return (a) => precise.fromInteger(formatOf(to), BigInt(a), round ?? "rn");
    case "fpext": return (a) => fromNumber("f64", toNumber(a));
    case "fptrunc": return (a) => {
      const value = toNumber(a);
      return fromNumber("f32", Number.isFinite(value) ? precise.asNumber(precise.round(precise.F32, precise.exact(value), round ?? "rn")) : value);
    };
    case "f16tof32": return (a) => fromNumber("f32", halfToNumber(precise.F16, a as number));
    case "bf16tof32": return (a) => fromNumber("f32", halfToNumber(precise.BF16, a as number));
    case "f32tof16":
    case "f64tof16": return (a) => numberToHalf(precise.F16, toNumber(a), round ?? "rn");
    case "f32tobf16": return (a) => numberToHalf(precise.BF16, toNumber(a), round ?? "rn");
  }
}

function formatOf(type: Type): precise.Format {
  return type === "f32" ? precise.F32 : precise.F64;
}

function floatToInt(mode: Rounding, to: Type, low: bigint, high: bigint): (a: Value) => Value {
  const clamp = (value: number): bigint => {
    if (Number.isNaN(value)) return 0n;
    if (!Number.isFinite(value)) return value < 0 ? low : high;
    const whole = precise.roundToInteger(value, mode);
    return whole < low ? low : whole > high ? high : whole;
  };
  return (a) => {
    const pattern = BigInt.asUintN(bitsOf[to], clamp(toNumber(a)));
    return to === "i64" ? pattern : Number(pattern);
  };
}

/** The number that a 16-bit pattern means. */
function halfToNumber(format: precise.Format, bits: number): number {
  const fractionBits = format.precision - 1;
  const field = (bits & 0x7fff) >> fractionBits;
  const fraction = bits & (2 ** fractionBits - 1);
  const top = 2 ** (16 - format.precision) - 1;
  let magnitude: number;
  if (field === top) magnitude = fraction === 0 ? Infinity : NaN;
  else if (field === 0) magnitude = fraction * 2 ** format.minExponent;
  else magnitude = (fraction + 2 ** fractionBits) * 2 ** (format.minExponent + field - 1);
  return bits >= 0x8000 ? -magnitude : magnitude;
}

function numberToHalf(format: precise.Format, value: number, mode: Rounding): number {
  if (Number.isNaN(value)) return format === precise.F16 ? 0x7e00 : 0x7fc0;
  const rounded: precise.Rounded = Number.isFinite(value) ? precise.round(format, precise.exact(value), mode) : { negative: value < 0, infinite: true };
  return precise.asBits(format, 16, rounded);
}

/**
 * What a value of the IR is inside the interpreter. Held so that no bit can get lost:
 * - i1, i8, i16, i32: a number, zero-extended (0 to 2^width - 1);
 * - i64: a bigint, 0 to 2^64 - 1;
 * - f32, f64: a number, except that a NaN is a bigint: its bit pattern. (JavaScript does not promise to keep a NaN's bits.)
 */
export type Value = number | bigint;

/** The NaNs that arithmetic makes, as bits. */
export const CANONICAL_NAN32 = 0x7fc00000n;
export const CANONICAL_NAN64 = 0x7ff8000000000000n;

const scratch = new DataView(new ArrayBuffer(8));

/** The value of 32 bits; a NaN keeps its bits as a bigint. */
export function f32FromBits(bits: number): Value {
  if ((bits & 0x7fffffff) >>> 0 > 0x7f800000) return BigInt(bits >>> 0);
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

/** The 32 bits of a value. */
export function f32ToBits(value: Value): number {
  if (typeof value === "bigint") return Number(value);
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

/** The value of 64 bits; a NaN keeps its bits as a bigint. */
export function f64FromBits(bits: bigint): Value {
  if ((bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n) return bits;
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

/** The 64 bits of a value. */
export function f64ToBits(value: Value): bigint {
  if (typeof value === "bigint") return value;
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

/** The operand as JavaScript computes with it: NaN for every NaN pattern. */
export function toNumber(value: Value): number {
  return typeof value === "bigint" ? NaN : value;
}

/** An arithmetic result: any NaN becomes the canonical one of the type. */
export function fromNumber(type: "f32" | "f64", result: number): Value {
  if (!Number.isNaN(result)) return result;
  return type === "f32" ? CANONICAL_NAN32 : CANONICAL_NAN64;
}

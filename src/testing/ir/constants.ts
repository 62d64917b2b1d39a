import fc from "fast-check";
import { bitsOf, type Type } from "../../compiler/ir/types.ts";

/** Bit patterns of a type where operations have their corners: extremes, powers of two, subnormals, infinities, NaNs with payloads. */
function corners(type: Type): bigint[] {
  if (type === "f32") {
    return [0n, 0x80000000n, 0x3f800000n, 0xbf800000n, 0x3f000000n, 0x40490fdbn, 1n, 0x80000001n, 0x7fffffn, 0x800000n, 0x7f7fffffn, 0xff7fffffn, 0x7f800000n, 0xff800000n,
      0x7fc00000n, 0xffc00001n, 0x7fa00000n, 0x4b000001n, 0x4f000000n, 0xcf000000n, 0x5f000000n, 0x477fe000n, 0x33800000n, 0x3effffffn];
  }
  if (type === "f64") {
    return [0n, 1n << 63n, 0x3ff0000000000000n, 0xbff0000000000000n, 0x3fe0000000000000n, 0x400921fb54442d18n, 1n, 0x800fffffffffffffn, 0x0010000000000000n, 0x7fefffffffffffffn,
      0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000000000n, 0xfff8000000000001n, 0x7ff4000000000000n, 0x41e0000000000000n, 0xc1e0000000000000n, 0x43e0000000000000n,
      0x43f0000000000000n, 0x47efffffe0000000n, 0x36a0000000000000n, 0x3fdfffffffffffffn, 0x4340000000000001n];
  }
  const width = BigInt(bitsOf[type]);
  const top = 1n << (width - 1n);
  const all = [0n, 1n, 2n, 3n, 7n, 31n, 32n, 63n, 64n, 255n, 65535n, top - 1n, top, top + 1n, -1n, -2n, -7n, 0x5555555555555555n, 0x8000000080000000n];
  return [...new Set(all.map((value) => BigInt.asUintN(Number(width), value)))];
}

/** Bit patterns of a type: corners, small numbers, anything. */
export function patterns(type: Type): fc.Arbitrary<bigint> {
  const width = bitsOf[type];
  const any = fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n });
  const small = type === "f32" || type === "f64" ? fc.integer({ min: -20, max: 20 }).map((value) => floatPattern(type, value / 2)) : fc.integer({ min: -9, max: 9 }).map((value) => BigInt.asUintN(width, BigInt(value)));
  return fc.oneof({ weight: 3, arbitrary: small }, { weight: 3, arbitrary: fc.constantFrom(...corners(type)) }, { weight: 2, arbitrary: any });
}

/** The pattern of a number in a float type. */
export function floatPattern(type: "f32" | "f64", value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (type === "f32") {
    view.setFloat32(0, value);
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** Bytes (a multiple of 8) made of corner patterns of all types and of random bytes, from a seed. */
export function inputBytes(seed: number, size = 2048): Uint8Array<ArrayBuffer> {
  const types: readonly Type[] = ["i8", "i16", "i32", "i64", "f32", "f64"];
  const pool = types.flatMap((type) => corners(type));
  const view = new DataView(new ArrayBuffer(size));
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
  for (let at = 0; at < size; at += 8) {
    const choice = next() % 4;
    if (choice === 0) view.setBigUint64(at, pool[next() % pool.length]!, true);
    else if (choice === 1) {
      view.setUint32(at, Number(BigInt.asUintN(32, pool[next() % pool.length]!)), true);
      view.setUint32(at + 4, Number(BigInt.asUintN(32, pool[next() % pool.length]!)), true);
    } else for (let i = 0; i < 8; i++) view.setUint8(at + i, next() & 255);
  }
  return new Uint8Array(view.buffer);
}

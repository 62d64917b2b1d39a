import type { Type } from "../ir/types.ts";
import { f32FromBits, f32ToBits, f64FromBits, f64ToBits, type Value } from "./values.ts";

/** How a value of a type lies in memory (little-endian). */
export interface Codec {
  readonly size: number;
  read(view: DataView, at: number): Value;
  write(view: DataView, at: number, value: Value): void;
}

/** How values of each type stand in memory: little endian, an i1 as a byte. */
export const codecs: Readonly<Record<Type, Codec>> = {
  i1: { size: 1, read: (view, at) => view.getUint8(at) & 1, write: (view, at, value) => view.setUint8(at, value as number) },
  i8: { size: 1, read: (view, at) => view.getUint8(at), write: (view, at, value) => view.setUint8(at, value as number) },
  i16: { size: 2, read: (view, at) => view.getUint16(at, true), write: (view, at, value) => view.setUint16(at, value as number, true) },
  i32: { size: 4, read: (view, at) => view.getUint32(at, true), write: (view, at, value) => view.setUint32(at, value as number, true) },
  i64: { size: 8, read: (view, at) => view.getBigUint64(at, true), write: (view, at, value) => view.setBigUint64(at, value as bigint, true) },
  f32: { size: 4, read: (view, at) => f32FromBits(view.getUint32(at, true)), write: (view, at, value) => view.setUint32(at, f32ToBits(value), true) },
  f64: { size: 8, read: (view, at) => f64FromBits(view.getBigUint64(at, true)), write: (view, at, value) => view.setBigUint64(at, f64ToBits(value), true) },
};

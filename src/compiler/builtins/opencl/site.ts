import type { ValueId } from "../../ir/ops.ts";
import type { Space, Type } from "../../ir/types.ts";
import type { Kit } from "../kit.ts";
import type { Mangled } from "./mangle.ts";

/** Where a pointer argument points. */
export interface Place {
  readonly base: ValueId;
  /** Bytes. */
  readonly offset: number;
  readonly space: Space;
}

/** One call of an OpenCL builtin. Vectors are lists of values, one an element. */
export interface Site {
  readonly k: Kit;
  /** Name without types. */
  readonly base: string;
  readonly params: readonly Mangled[];
  readonly args: readonly (readonly ValueId[])[];
  /** Types of the result's values; empty for void. */
  readonly result: readonly Type[];
  /** Where pointer argument `n` points, as exactly as is known. */
  place(n: number): Place;
  /** Constant elements of argument `n`; null for those only known at run time. */
  constants(n: number): readonly (bigint | null)[];
  /** The constant string that pointer argument `n` points to; null when it is not known. */
  text(n: number): string | null;
  /** Argument `n` as it would be for printf: LLVM's own type decides. */
  fail(message: string): never;
}

/** Gives the values of the result. */
export type Lowering = (s: Site) => readonly ValueId[];
export type Lowerings = Readonly<Record<string, Lowering>>;

/** IR type of a scalar by its mangled code; half is its pattern. */
export const typeOfCode: Readonly<Record<string, Type>> = {
  c: "i8", a: "i8", h: "i8", s: "i16", t: "i16", i: "i32", j: "i32", l: "i64", m: "i64", x: "i64", y: "i64", f: "f32", d: "f64", Dh: "i16", b: "i1",
};

/** Applies `op` to each element; scalars stand for all elements. */
export function perLane(s: Site, op: (...lane: ValueId[]) => ValueId, args: readonly (readonly ValueId[])[] = s.args): ValueId[] {
  const count = args.reduce((n, values) => Math.max(n, values.length), 1);
  return Array.from({ length: count }, (_, n) => op(...args.map((values) => values[values.length === 1 ? 0 : n]!)));
}

/** Reads `types` side by side from a place, `bytes` further. */
export function loadLanes(k: Kit, place: Place, types: readonly Type[], align: number, bytes = 0): ValueId[] {
  const dst = types.map((type) => k.b.value(type));
  k.b.emit({ op: "load", dst, space: place.space, addr: place.base, offset: place.offset + bytes, align });
  return dst;
}

/** Writes values side by side to a place, `bytes` further. */
export function storeLanes(k: Kit, place: Place, src: readonly ValueId[], align: number, bytes = 0): void {
  k.b.emit({ op: "store", src, space: place.space, addr: place.base, offset: place.offset + bytes, align });
}

/** The place `index * size` bytes further; `index` is an i64. */
export function indexed(k: Kit, place: Place, index: ValueId, size: number): Place {
  return { ...place, base: k.add(place.base, size === 1 ? index : k.mul(index, k.l(BigInt(size)))) };
}

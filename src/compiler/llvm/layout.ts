import { EmulatorBug } from "../../kernel/errors.ts";
import type { LType } from "./types.ts";

/**
 * Sizes and alignments in memory, bytes. The layouts of spir64 and nvptx64 agree in all that matters here:
 * little endian, 64-bit pointers, natural alignment, vectors aligned to their size rounded up to a power of two.
 */

function powerOfTwo(n: number): number {
  let p = 1;
  while (p < n) p *= 2;
  return p;
}

/** `n` rounded up to a multiple of `align`. */
export function roundUp(n: number, align: number): number {
  return Math.ceil(n / align) * align;
}

/** Bytes that a load or store of the type touches. */
export function storeSize(type: LType): number {
  switch (type.k) {
    case "int": return Math.ceil(type.bits / 8);
    case "float": return type.kind === "double" ? 8 : type.kind === "float" ? 4 : 2;
    case "ptr": case "target": return 8;
    case "vec": return Math.ceil(type.n * bitSize(type.elem) / 8);
    case "array": return type.n * allocSize(type.elem);
    case "struct": return structLayout(type).size;
    default: throw new EmulatorBug(`type ${type.k} has no size`);
  }
}

/** Bits of a scalar as a vector element. */
export function bitSize(type: LType): number {
  return type.k === "int" ? type.bits : storeSize(type) * 8;
}

/** Natural alignment of a type, bytes. */
export function alignOf(type: LType): number {
  switch (type.k) {
    case "int": return Math.min(powerOfTwo(Math.ceil(type.bits / 8)), 8);
    case "vec": return powerOfTwo(storeSize(type));
    case "array": return alignOf(type.elem);
    case "struct": return type.packed ? 1 : type.fields.reduce((a, f) => Math.max(a, alignOf(f)), 1);
    default: return storeSize(type);
  }
}

/** Distance between neighbours in an array. */
export function allocSize(type: LType): number {
  return roundUp(storeSize(type), alignOf(type));
}

const layouts = new WeakMap<LType, { offsets: readonly number[]; size: number }>();

/** Offset of each field, and the size with its padding at the end. */
export function structLayout(type: LType & { k: "struct" }): { readonly offsets: readonly number[]; readonly size: number } {
  const known = layouts.get(type);
  if (known !== undefined) return known;
  const offsets: number[] = [];
  let at = 0;
  for (const field of type.fields) {
    if (!type.packed) at = roundUp(at, alignOf(field));
    offsets.push(at);
    at += allocSize(field);
  }
  const made = { offsets, size: type.packed ? at : roundUp(at, alignOf(type)) };
  layouts.set(type, made);
  return made;
}

import { CompileError } from "../abi.ts";
import type { Type } from "../ir/types.ts";
import { allocSize, structLayout } from "./layout.ts";
import { showType, type LType } from "./types.ts";

/** What a scalar means; decides how operations on it are lowered. */
export type LeafKind = "int" | "half" | "bfloat" | "float" | "ptr";

/**
 * One IR value of a first-class LLVM value. Integers of odd width live zero-extended in the next wider type;
 * those above 64 bits are several 64-bit leaves, low first.
 */
export interface Leaf {
  readonly kind: LeafKind;
  readonly type: Type;
  /** Significant bits, at most 64. */
  readonly bits: number;
  /** Byte offset of the leaf in memory. */
  readonly offset: number;
}

function container(bits: number): Type {
  return bits === 1 ? "i1" : bits <= 8 ? "i8" : bits <= 16 ? "i16" : bits <= 32 ? "i32" : "i64";
}

/** Most scalars that one value may have, as of a vector (parse-type.ts). */
const MOST_LEAVES = 65536;

function add(type: LType, offset: number, out: Leaf[]): void {
  switch (type.k) {
    case "void": return;
    case "int":
      for (let low = 0; low < type.bits; low += 64) {
        const bits = Math.min(64, type.bits - low);
        out.push({ kind: "int", type: type.bits > 64 ? "i64" : container(bits), bits, offset: offset + low / 8 });
      }
      return;
    case "float": {
      const { kind } = type;
      if (kind === "half" || kind === "bfloat") out.push({ kind, type: "i16", bits: 16, offset });
      else out.push({ kind: "float", type: kind === "float" ? "f32" : "f64", bits: kind === "float" ? 32 : 64, offset });
      return;
    }
    case "ptr": case "target": out.push({ kind: "ptr", type: "i64", bits: 64, offset }); return;
    case "vec": case "array": {
      const step = type.k === "array" ? allocSize(type.elem) : type.elem.k === "int" && type.elem.bits % 8 !== 0 ? 0 : allocSize(type.elem);
      if (out.length + type.n > MOST_LEAVES) throw new CompileError("unsupported", `value of type ${showType(type)}: it has more than ${MOST_LEAVES} parts`);
      for (let n = 0; n < type.n; n++) add(type.elem, offset + n * step, out);
      return;
    }
    case "struct": {
      const { offsets } = structLayout(type);
      type.fields.forEach((field, n) => add(field, offset + offsets[n]!, out));
      return;
    }
    default: throw new CompileError("unsupported", `value of type ${showType(type)}`);
  }
}

const cache = new WeakMap<LType, readonly Leaf[]>();

/** The IR values that stand for one value of the type, in order of memory. */
export function flatten(type: LType): readonly Leaf[] {
  const known = cache.get(type);
  if (known !== undefined) return known;
  const leaves: Leaf[] = [];
  add(type, 0, leaves);
  cache.set(type, leaves);
  return leaves;
}

/** The leaf of a scalar or vector element of at most 64 bits. */
export function elementLeaf(type: LType): Leaf {
  const elem = type.k === "vec" ? type.elem : type;
  return flatten(elem)[0]!;
}

/** First leaf and number of leaves of a member of an aggregate. */
export function memberLeaves(type: LType, path: readonly number[]): { readonly from: number; readonly count: number } {
  let at = type;
  let from = 0;
  for (const index of path) {
    if (at.k === "struct") {
      for (let n = 0; n < index; n++) from += flatten(at.fields[n]!).length;
      at = at.fields[index]!;
    } else if (at.k === "array" || at.k === "vec") {
      from += index * flatten(at.elem).length;
      at = at.elem;
    }
  }
  return { from, count: flatten(at).length };
}

/** Whether the type is an integer, or vector of integers, of more than 64 bits. */
export function isWide(type: LType): boolean {
  return type.k === "int" ? type.bits > 64 : type.k === "vec" && isWide(type.elem);
}

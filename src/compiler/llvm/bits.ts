import type { ValueId } from "../ir/ops.ts";
import { bitsOf, type Type } from "../ir/types.ts";
import type { FnLowering } from "./context.ts";
import { flatten, type Leaf } from "./flat.ts";
import { showType, type LType } from "./types.ts";

/** A leaf as an integer of its bits. */
function pattern(fx: FnLowering, leaf: Leaf, v: ValueId): ValueId {
  return leaf.kind === "float" ? fx.k.bits(v) : v;
}

/** An integer of a leaf's bits as the leaf. */
function unpattern(fx: FnLowering, leaf: Leaf, v: ValueId): ValueId {
  return leaf.kind === "float" ? fx.k.unbits(v) : v;
}

function intOf(leaf: Leaf): Type {
  return leaf.type === "f32" ? "i32" : leaf.type === "f64" ? "i64" : leaf.type;
}

/** Reinterprets bits: scalars and vectors of one total size, low elements first. */
export function bitcast(fx: FnLowering, from: LType, to: LType, values: readonly ValueId[]): readonly ValueId[] {
  const { k } = fx;
  const source = flatten(from);
  const target = flatten(to);
  if (source.length === target.length && source.every((leaf, n) => leaf.bits === target[n]!.bits)) {
    return values.map((v, n) => (source[n]!.type === target[n]!.type ? v : unpattern(fx, target[n]!, pattern(fx, source[n]!, v))));
  }
  const total = source.reduce((sum, leaf) => sum + leaf.bits, 0);
  if (total !== target.reduce((sum, leaf) => sum + leaf.bits, 0)) fx.fail(`bitcast of ${showType(from)} to ${showType(to)}`);
  // Positions of the source's bits; each target gathers those that overlap it.
  const starts: number[] = [];
  source.reduce((at, leaf) => (starts.push(at), at + leaf.bits), 0);
  let at = 0;
  return target.map((leaf) => {
    const type = intOf(leaf);
    let sum: ValueId | null = null;
    source.forEach((piece, n) => {
      const start = starts[n]!;
      if (start >= at + leaf.bits || start + piece.bits <= at) return;
      const bits = pattern(fx, piece, values[n]!);
      const down = Math.max(0, at - start);
      const up = Math.max(0, start - at);
      const lowered = down === 0 ? bits : k.lshr(bits, down);
      const have = bitsOf[k.type(lowered)];
      const sized = have === bitsOf[type] ? lowered : k.conv(have > bitsOf[type] ? "trunc" : "zext", type, lowered);
      const placed = up === 0 ? sized : k.shl(sized, up);
      sum = sum === null ? placed : k.or(sum, placed);
    });
    at += leaf.bits;
    const whole = sum ?? k.c(type, 0);
    const masked = leaf.bits < bitsOf[type] ? k.and(whole, k.c(type, (1n << BigInt(leaf.bits)) - 1n)) : whole;
    return unpattern(fx, leaf, masked);
  });
}

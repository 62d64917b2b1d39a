import type { Kit } from "../builtins/kit.ts";
import type { ValueId } from "../ir/ops.ts";
import type { Leaf } from "./flat.ts";

/**
 * Half and bfloat16 are bit patterns in the IR: computed on in single precision and rounded back, which is one
 * correct rounding for + - * / and sqrt (24 bits are more than twice 11 and 2), and for remainders, which are exact.
 */

/** A float value as something the IR computes with: f32 or f64. */
export function toWorking(k: Kit, leaf: Leaf, v: ValueId): ValueId {
  if (leaf.kind === "half") return k.conv("f16tof32", "f32", v);
  if (leaf.kind === "bfloat") return k.conv("bf16tof32", "f32", v);
  return v;
}

/** Back from the working type to the leaf's own. */
export function fromWorking(k: Kit, leaf: Leaf, v: ValueId): ValueId {
  if (leaf.kind === "half") return k.conv(k.type(v) === "f64" ? "f64tof16" : "f32tof16", "i16", v);
  if (leaf.kind === "bfloat") return k.conv("f32tobf16", "i16", k.type(v) === "f64" ? k.narrow(v) : v);
  return v;
}

/** Applies an operation of the working type to values of the leaf's type. */
export function onWorking(k: Kit, leaf: Leaf, args: readonly ValueId[], op: (...args: ValueId[]) => ValueId): ValueId {
  return fromWorking(k, leaf, op(...args.map((v) => toWorking(k, leaf, v))));
}

/** Sign operations work on the pattern and keep NaNs. */
export function flipSign(k: Kit, leaf: Leaf, v: ValueId): ValueId {
  return leaf.kind === "float" ? k.neg(v) : k.xor(v, k.c("i16", 0x8000));
}

/** The magnitude, of NaNs too. */
export function clearSign(k: Kit, leaf: Leaf, v: ValueId): ValueId {
  return leaf.kind === "float" ? k.abs(v) : k.and(v, k.c("i16", 0x7fff));
}

/** The magnitude of one with the sign of the other. */
export function copySign(k: Kit, leaf: Leaf, magnitude: ValueId, sign: ValueId): ValueId {
  if (leaf.kind === "float") return k.copysign(magnitude, sign);
  return k.or(k.and(magnitude, k.c("i16", 0x7fff)), k.and(sign, k.c("i16", 0x8000)));
}

/** A float conversion between leaves. */
export function convertFloat(k: Kit, from: Leaf, to: Leaf, v: ValueId): ValueId {
  const working = toWorking(k, from, v);
  if (to.kind !== "float") return fromWorking(k, to, working);
  const have = k.type(working);
  return have === to.type ? working : to.type === "f64" ? k.widen(working) : k.narrow(working);
}

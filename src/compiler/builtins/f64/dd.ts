import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";

/** A number as the unevaluated sum of two doubles (hi is the sum rounded): about 106 bits, by the classic error-free transformations. */
export interface Pair {
  readonly hi: ValueId;
  readonly lo: ValueId;
}

/** a + b exactly, any order of magnitudes (Knuth). */
export function twoSum(k: Kit, a: ValueId, b: ValueId): Pair {
  const hi = k.add(a, b);
  const part = k.sub(hi, a);
  return { hi, lo: k.add(k.sub(a, k.sub(hi, part)), k.sub(b, part)) };
}

/** a + b exactly when |a| >= |b| (Dekker). */
export function quickTwoSum(k: Kit, a: ValueId, b: ValueId): Pair {
  const hi = k.add(a, b);
  return { hi, lo: k.sub(b, k.sub(hi, a)) };
}

/** The upper 26 bits of a double, and the rest (Veltkamp). Overflows above 2^996. */
export function split(k: Kit, a: ValueId): Pair {
  const t = k.mul(a, k.d(2 ** 27 + 1));
  const hi = k.sub(t, k.sub(t, a));
  return { hi, lo: k.sub(a, hi) };
}

/** a * b exactly (Dekker). */
export function twoProduct(k: Kit, a: ValueId, b: ValueId): Pair {
  const hi = k.mul(a, b);
  const x = split(k, a);
  const y = split(k, b);
  const error = k.sub(k.mul(x.hi, y.hi), hi);
  return { hi, lo: k.add(k.add(k.add(error, k.mul(x.hi, y.lo)), k.mul(x.lo, y.hi)), k.mul(x.lo, y.lo)) };
}

/** a + b, the error below 2^-104 of the result unless the operands nearly cancel. */
export function addPairs(k: Kit, a: Pair, b: Pair): Pair {
  const sum = twoSum(k, a.hi, b.hi);
  return quickTwoSum(k, sum.hi, k.add(sum.lo, k.add(a.lo, b.lo)));
}

/** a * b, the error below 2^-102 of the result. */
export function mulPairs(k: Kit, a: Pair, b: Pair): Pair {
  const product = twoProduct(k, a.hi, b.hi);
  return quickTwoSum(k, product.hi, k.add(product.lo, k.add(k.mul(a.hi, b.lo), k.mul(a.lo, b.hi))));
}

/** A pair times a double. */
export function scalePair(k: Kit, a: Pair, b: ValueId): Pair {
  const product = twoProduct(k, a.hi, b);
  return quickTwoSum(k, product.hi, k.add(product.lo, k.mul(a.lo, b)));
}

/** A pair over a pair. */
export function divPairs(k: Kit, a: Pair, b: Pair): Pair {
  const q = k.div(a.hi, b.hi);
  const back = twoProduct(k, q, b.hi);
  const rest = k.sub(k.add(k.sub(k.sub(a.hi, back.hi), back.lo), a.lo), k.mul(q, b.lo));
  return quickTwoSum(k, q, k.div(rest, b.hi));
}

/** The constant hi + lo. */
export function pair(k: Kit, hi: number, lo: number): Pair {
  return { hi: k.d(hi), lo: k.d(lo) };
}

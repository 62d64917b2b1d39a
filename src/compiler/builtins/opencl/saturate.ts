import type { ValueId } from "../../ir/ops.ts";
import { bitsOf } from "../../ir/types.ts";
import type { Kit } from "../kit.ts";

/** Addition and subtraction that stop at the ends of the type. */

/** All ones, or the most positive value. */
function top(k: Kit, signed: boolean, a: ValueId): ValueId {
  const width = BigInt(bitsOf[k.type(a)]);
  return k.like(a, signed ? (1n << (width - 1n)) - 1n : (1n << width) - 1n);
}

/** The end of a signed type that lies on the side of a's sign. */
function endTowards(k: Kit, a: ValueId): ValueId {
  return k.xor(k.ashr(a, bitsOf[k.type(a)] - 1), top(k, true, a));
}

/** a + b, or the end of the type that it would pass. */
export function addSat(k: Kit, signed: boolean, a: ValueId, b: ValueId): ValueId {
  const sum = k.add(a, b);
  if (!signed) return k.select(k.icmp("lt.u", sum, a), top(k, false, a), sum);
  const over = k.icmp("lt.s", k.and(k.xor(sum, a), k.xor(sum, b)), k.like(a, 0));
  return k.select(over, endTowards(k, a), sum);
}

/** a - b, or the end of the type that it would pass. */
export function subSat(k: Kit, signed: boolean, a: ValueId, b: ValueId): ValueId {
  const difference = k.sub(a, b);
  if (!signed) return k.select(k.icmp("lt.u", a, b), k.like(a, 0), difference);
  const over = k.icmp("lt.s", k.and(k.xor(a, b), k.xor(difference, a)), k.like(a, 0));
  return k.select(over, endTowards(k, a), difference);
}

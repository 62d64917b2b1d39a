import type { ValueId } from "../ir/ops.ts";
import type { FnLowering } from "./context.ts";
import { flatten } from "./flat.ts";
import { showType, type LType } from "./types.ts";

/**
 * Integers above 64 bits: 64-bit limbs, low first, the last one zero-extended. They come from the optimiser joining neighbouring fields (i96, i128,
 * i192 ...), so what moves bits is here; arithmetic other than add and sub is refused.
 */

type Limbs = readonly ValueId[];

function widthOf(type: LType): number {
  return type.k === "int" ? type.bits : 64 * flatten(type).length;
}

function trimTop(fx: FnLowering, bits: number, limbs: ValueId[]): ValueId[] {
  const spare = limbs.length * 64 - bits;
  const top = limbs.length - 1;
  if (spare > 0) limbs[top] = fx.k.and(limbs[top]!, fx.k.l((1n << BigInt(64 - spare)) - 1n));
  return limbs;
}

/** Limbs moved up (positive) or down by a constant number of bits; zeros come in. */
function shifted(fx: FnLowering, limbs: Limbs, by: number, count: number): ValueId[] {
  const { k } = fx;
  const zero = k.l(0);
  const limb = (n: number): ValueId => limbs[n] ?? zero;
  const out: ValueId[] = [];
  const words = Math.floor(-by / 64);
  const rest = -by - words * 64;
  for (let n = 0; n < count; n++) {
    const low = limb(n + words);
    const high = limb(n + words + 1);
    out.push(rest === 0 ? low : k.or(k.lshr(low, rest), k.shl(high, 64 - rest)));
  }
  return out;
}

/** A binary operation on a wide integer. */
export function wideBinary(fx: FnLowering, type: LType, what: string, a: Limbs, b: Limbs, shift: bigint | null): ValueId[] {
  const { k } = fx;
  const bits = widthOf(type);
  switch (what) {
    case "and": case "or": case "xor": return a.map((x, n) => k.int(what, x, b[n]!));
    case "shl": case "lshr":
      if (shift === null) return fx.fail(`${what} of ${showType(type)} by a variable amount`);
      return trimTop(fx, bits, shifted(fx, a, what === "shl" ? Number(shift) : -Number(shift), a.length));
    case "add": case "sub": {
      const out: ValueId[] = [];
      let carry = k.l(0);
      a.forEach((x, n) => {
        const y = b[n]!;
        const sum = k.int(what, x, y);
        const total = k.int(what, sum, carry);
        const over = what === "add" ? k.icmp("lt.u", sum, x) : k.icmp("lt.u", x, y);
        const again = what === "add" ? k.icmp("lt.u", total, sum) : k.icmp("lt.u", sum, carry);
        out.push(total);
        carry = k.conv("zext", "i64", k.or(over, again));
      });
      return trimTop(fx, bits, out);
    }
    default: return fx.fail(`${what} of ${showType(type)}`);
  }
}

/** Equality and unsigned order of wide integers. */
export function wideCompare(fx: FnLowering, pred: string, a: Limbs, b: Limbs): ValueId {
  const { k } = fx;
  if (pred === "eq" || pred === "ne") {
    const difference = a.map((x, n) => k.xor(x, b[n]!)).reduce((x, y) => k.or(x, y));
    return k.icmp(pred, difference, k.l(0));
  }
  const less = (x: Limbs, y: Limbs): ValueId => {
    let result = k.c("i1", 0);
    x.forEach((limb, n) => {
      result = k.select(k.icmp("eq", limb, y[n]!), result, k.icmp("lt.u", limb, y[n]!));
    });
    return result;
  };
  switch (pred) {
    case "ult": return less(a, b);
    case "ugt": return less(b, a);
    case "uge": return k.not(less(a, b));
    case "ule": return k.not(less(b, a));
    default: return fx.fail(`comparison ${pred} of integers above 64 bits`);
  }
}

/** Conversion between integers of which at least one is wide: `limbs` may be a single narrow value of `fromBits` bits. */
export function wideResize(fx: FnLowering, limbs: Limbs, from: LType, to: LType, sign: boolean): ValueId[] {
  const { k } = fx;
  const target = flatten(to);
  const widen = (v: ValueId): ValueId => (k.type(v) === "i64" ? v : k.conv("zext", "i64", v));
  const values = limbs.map(widen);
  const fromBits = widthOf(from);
  if (sign && fromBits < widthOf(to)) {
    const spare = values.length * 64 - fromBits;
    const top = values.length - 1;
    if (spare > 0) values[top] = k.ashr(k.shl(values[top]!, spare), spare);
    const fill = k.ashr(values[top]!, 63);
    while (values.length < target.length) values.push(fill);
  }
  while (values.length < target.length) values.push(k.l(0));
  values.length = target.length;
  const trimmed = trimTop(fx, widthOf(to), values);
  return trimmed.map((v, n) => (target[n]!.type === "i64" ? v : k.conv("trunc", target[n]!.type, v)));
}

import type { Kit } from "../builtins/kit.ts";
import type { IntBinary, ValueId } from "../ir/ops.ts";
import { bitsOf } from "../ir/types.ts";
import type { Leaf } from "./flat.ts";

/** Integers of any width up to 64. Odd widths (i24, i48 ...) live zero-extended in the next wider type. */

function isOdd(leaf: Leaf): boolean {
  return bitsOf[leaf.type] !== leaf.bits;
}

/** Clears what an operation left above an odd width. */
export function trim(k: Kit, leaf: Leaf, v: ValueId): ValueId {
  return isOdd(leaf) ? k.and(v, k.c(leaf.type, (1n << BigInt(leaf.bits)) - 1n)) : v;
}

/** The value sign-extended inside its container, for signed operations on odd widths. */
export function signed(k: Kit, leaf: Leaf, v: ValueId): ValueId {
  const spare = bitsOf[leaf.type] - leaf.bits;
  return spare === 0 ? v : k.ashr(k.shl(v, spare), spare);
}

const OPS: Readonly<Record<string, { readonly op: IntBinary; readonly signed: boolean; readonly grows: boolean }>> = {
  add: { op: "add", signed: false, grows: true },
  sub: { op: "sub", signed: false, grows: true },
  mul: { op: "mul", signed: false, grows: true },
  udiv: { op: "div.u", signed: false, grows: true },
  sdiv: { op: "div.s", signed: true, grows: true },
  urem: { op: "rem.u", signed: false, grows: false },
  srem: { op: "rem.s", signed: true, grows: true },
  and: { op: "and", signed: false, grows: false },
  or: { op: "or", signed: false, grows: false },
  xor: { op: "xor", signed: false, grows: false },
  shl: { op: "shl", signed: false, grows: true },
  lshr: { op: "lshr", signed: false, grows: false },
  ashr: { op: "ashr", signed: true, grows: true },
  smin: { op: "min.s", signed: true, grows: true },
  smax: { op: "max.s", signed: true, grows: true },
  umin: { op: "min.u", signed: false, grows: false },
  umax: { op: "max.u", signed: false, grows: false },
};

/** On one bit, addition and subtraction are exclusive or, multiplication is and. */
const ON_BITS: Readonly<Record<string, IntBinary>> = { add: "xor", sub: "xor", mul: "and", and: "and", or: "or", xor: "xor", umin: "and", umax: "or", smin: "or", smax: "and" };

/** An LLVM integer operation (or min/max) on one pair of values; null when there is none of that name. */
export function intBinary(k: Kit, leaf: Leaf, what: string, a: ValueId, b: ValueId): ValueId | null {
  if (leaf.type === "i1") {
    const op = ON_BITS[what];
    return op === undefined ? null : k.int(op, a, b);
  }
  const how = OPS[what];
  if (how === undefined) return null;
  const shift = what === "shl" || what === "lshr" || what === "ashr";
  const x = how.signed ? signed(k, leaf, a) : a;
  const y = how.signed && !shift ? signed(k, leaf, b) : b;
  const result = k.int(how.op, x, y);
  return how.grows ? trim(k, leaf, result) : result;
}

/** An integer of one width as one of another. */
export function resize(k: Kit, from: Leaf, to: Leaf, v: ValueId, sign: boolean): ValueId {
  const value = sign ? signed(k, from, v) : v;
  const have = bitsOf[from.type];
  const want = bitsOf[to.type];
  const sized = have === want ? value : have > want ? k.conv("trunc", to.type, value) : k.conv(sign ? "sext" : "zext", to.type, value);
  return to.bits < bitsOf[to.type] && (sign || from.bits > to.bits) ? trim(k, to, sized) : sized;
}

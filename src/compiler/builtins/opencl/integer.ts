import type { ValueId } from "../../ir/ops.ts";
import { bitsOf } from "../../ir/types.ts";
import type { Kit } from "../kit.ts";
import { codeOf, isSignedCode } from "./mangle.ts";
import { addSat, subSat } from "./saturate.ts";
import { perLane, type Lowering, type Lowerings } from "./site.ts";

/** Integer functions (OpenCL C 3.0 section 6.15.3). */

/** One computation for each element; `signed` is that of the first parameter. */
function ints(op: (k: Kit, signed: boolean, ...args: ValueId[]) => ValueId): Lowering {
  return (s) => {
    const signed = isSignedCode(codeOf(s.params[0]));
    return perLane(s, (...lane) => op(s.k, signed, ...lane));
  };
}

function order(signed: boolean, a: "lt" | "gt"): "lt.s" | "lt.u" | "gt.s" | "gt.u" {
  return signed ? `${a}.s` : `${a}.u`;
}

function min(k: Kit, signed: boolean, a: ValueId, b: ValueId): ValueId {
  return k.int(signed ? "min.s" : "min.u", a, b);
}

function max(k: Kit, signed: boolean, a: ValueId, b: ValueId): ValueId {
  return k.int(signed ? "max.s" : "max.u", a, b);
}

function abs(k: Kit, a: ValueId): ValueId {
  return k.select(k.icmp("lt.s", a, k.like(a, 0)), k.neg(a), a);
}

function mulHigh(k: Kit, signed: boolean, a: ValueId, b: ValueId): ValueId {
  return k.int(signed ? "mulhi.s" : "mulhi.u", a, b);
}

/** a * b + c, saturated: exact when the product fits, an end of the type otherwise. */
function madSat(k: Kit, signed: boolean, a: ValueId, b: ValueId, c: ValueId): ValueId {
  const low = k.mul(a, b);
  const high = mulHigh(k, signed, a, b);
  const width = bitsOf[k.type(a)];
  if (!signed) {
    const sum = addSat(k, false, low, c);
    return k.select(k.icmp("ne", high, k.like(a, 0)), k.like(a, -1), sum);
  }
  // The sum of the double-width product and c.
  const sum = k.add(low, c);
  const carry = k.select(k.icmp("lt.u", sum, low), k.like(a, 1), k.like(a, 0));
  const top = k.add(k.add(high, k.ashr(c, width - 1)), carry);
  const end = k.xor(k.ashr(top, width - 1), k.like(a, (1n << BigInt(width - 1)) - 1n));
  return k.select(k.icmp("eq", top, k.ashr(sum, width - 1)), sum, end);
}

/** hi:lo as one integer of twice the width. */
const upsample: Lowering = (s) => {
  const wide = s.result[0]!;
  return perLane(s, (high, low) => {
    const up = s.k.shl(s.k.conv("zext", wide, high!), bitsOf[s.k.type(high!)]);
    return s.k.or(up, s.k.conv("zext", wide, low!));
  });
};

/** The low 24 bits of an operand, as a number. */
function low24(k: Kit, signed: boolean, a: ValueId): ValueId {
  return signed ? k.ashr(k.shl(a, 8), 8) : k.and(a, k.i(0xff_ffff));
}

/**
 * NON-SPEC: operands outside 24 bits are implementation-defined; here their high bits are ignored, as hardware does.
 */
function mul24(k: Kit, signed: boolean, a: ValueId, b: ValueId): ValueId {
  return k.mul(low24(k, signed, a), low24(k, signed, b));
}

/** floor((a + b) / 2) without overflow; rounded up for rhadd. */
function half(k: Kit, signed: boolean, up: boolean, a: ValueId, b: ValueId): ValueId {
  const difference = signed ? k.ashr(k.xor(a, b), 1) : k.lshr(k.xor(a, b), 1);
  return up ? k.sub(k.or(a, b), difference) : k.add(k.and(a, b), difference);
}

/** Field of `count` bits at `offset`, as an integer of the whole width. */
function extract(signed: boolean): Lowering {
  return (s) => perLane(s, (base, offset, count) => {
    const { k } = s;
    const width = bitsOf[k.type(base!)];
    const sized = (v: ValueId): ValueId => (k.type(v) === k.type(base!) ? v : k.conv(bitsOf[k.type(v)] > width ? "trunc" : "zext", k.type(base!), v));
    const shift = k.sub(k.like(base!, width), sized(count!));
    const top = k.int("shl", base!, k.sub(shift, sized(offset!)));
    const value = k.int(signed ? "ashr" : "lshr", top, shift);
    return k.select(k.icmp("eq", count!, k.like(count!, 0)), k.like(base!, 0), value);
  });
}

const insert: Lowering = (s) => perLane(s, (base, put, offset, count) => {
  const { k } = s;
  const width = bitsOf[k.type(base!)];
  const sized = (v: ValueId): ValueId => (k.type(v) === k.type(base!) ? v : k.conv(bitsOf[k.type(v)] > width ? "trunc" : "zext", k.type(base!), v));
  const ones = k.int("lshr", k.like(base!, -1), k.sub(k.like(base!, width), sized(count!)));
  const mask = k.int("shl", ones, sized(offset!));
  const value = k.or(k.and(base!, k.not(mask)), k.and(k.int("shl", put!, sized(offset!)), mask));
  return k.select(k.icmp("eq", count!, k.like(count!, 0)), base!, value);
});

/** Lowerings of the integer functions, by name. */
export const integers: Lowerings = {
  abs: ints((k, signed, a) => (signed ? abs(k, a!) : a!)),
  abs_diff: ints((k, signed, a, b) => k.select(k.icmp(order(signed, "lt"), a!, b!), k.sub(b!, a!), k.sub(a!, b!))),
  add_sat: ints((k, signed, a, b) => addSat(k, signed, a!, b!)),
  sub_sat: ints((k, signed, a, b) => subSat(k, signed, a!, b!)),
  hadd: ints((k, signed, a, b) => half(k, signed, false, a!, b!)),
  rhadd: ints((k, signed, a, b) => half(k, signed, true, a!, b!)),
  clz: ints((k, _, a) => k.int1("clz", a!)),
  ctz: ints((k, _, a) => k.int1("ctz", a!)),
  popcount: ints((k, _, a) => k.int1("popc", a!)),
  bit_reverse: ints((k, _, a) => k.int1("brev", a!)),
  mul_hi: ints((k, signed, a, b) => mulHigh(k, signed, a!, b!)),
  mad_hi: ints((k, signed, a, b, c) => k.add(mulHigh(k, signed, a!, b!), c!)),
  mad_sat: ints((k, signed, a, b, c) => madSat(k, signed, a!, b!, c!)),
  mul24: ints((k, signed, a, b) => mul24(k, signed, a!, b!)),
  mad24: ints((k, signed, a, b, c) => k.add(mul24(k, signed, a!, b!), c!)),
  rotate: ints((k, _, a, b) => k.int("rotl", a!, b!)),
  upsample,
  bitfield_extract_signed: extract(true),
  bitfield_extract_unsigned: extract(false),
  bitfield_insert: insert,
};

/** min, max and clamp of integers; common.ts has those of floats. */
export const integerMin: Lowering = ints((k, signed, a, b) => min(k, signed, a!, b!));
export const integerMax: Lowering = ints((k, signed, a, b) => max(k, signed, a!, b!));
export const integerClamp: Lowering = ints((k, signed, x, low, high) => min(k, signed, max(k, signed, x!, low!), high!));

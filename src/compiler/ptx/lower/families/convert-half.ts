import type { Rounding, ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { convertInt, INT_TYPES, integral, integerRounding } from "./convert.ts";
import { roundingOf } from "./float.ts";
import { flush, saturate } from "./flush.ts";
import { fromDouble, fromSingle, roundToOdd, toSingle } from "./half.ts";

/** cvt to and from half precision and tf32 (PTX ISA 9.7.9). */

/** Any float type as f32 (halves, f32) or f64, exactly. */
function wide(c: FnLowering, type: PtxType, v: ValueId): ValueId {
  return type.kind === "h" ? toSingle(c, type, v) : v;
}

/** `.relu`: negative values become 0, NaN stays. */
export function relu(c: FnLowering, v: ValueId): ValueId {
  const { em } = c;
  const type = em.types[v]!;
  return em.select(em.fcmp("ult", em.float(type, 0), v), v, em.float(type, 0));
}

/** Largest finite values, for `.satfinite`. */
const largest: Readonly<Record<string, number>> = { f16: 65504, bf16: 3.3895313892515355e38, tf32: 3.4011621342146535e38 };

/** `.satfinite`: what overflows becomes the largest finite value. */
function satfinite(c: FnLowering, element: PtxType, v: ValueId): ValueId {
  const { em } = c;
  const type = em.types[v]!;
  const limit = em.float(type, largest[element.name]!);
  const high = em.select(em.fcmp("ogt", v, limit), limit, v);
  return em.select(em.fcmp("olt", v, em.un("fneg", type, limit)), em.un("fneg", type, limit), high);
}

/** f32 or f64 to a half pattern by the mnemonic's rounding. */
function narrow(c: FnLowering, m: Mnemonic, to: PtxType, from: ValueId): ValueId {
  const { em } = c;
  let v = from;
  if (m.mods.includes("relu")) v = relu(c, v);
  if (m.mods.includes("satfinite")) v = satfinite(c, to, v);
  if (m.mods.includes("sat")) v = saturate(c, v);
  const round: Rounding = roundingOf(m);
  if (em.types[v] === "f64") {
    if (round === "rn") return fromDouble(c, to, v);
    return to.name === "f16" ? em.cast("f64tof16", "i16", v, round) : fromSingle(c, to, roundToOdd(c, v), round);
  }
  return fromSingle(c, to, v, round);
}

const toHalf = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const round = integerRounding(m);
  return (c, ops) => {
    let v = wide(c, from, c.src(ops[1], from));
    if (m.mods.includes("ftz") && from.bits === 32) v = flush(c, v);
    if (round !== null) v = integral(c, v, round);
    c.wide(ops[0], to, narrow(c, m, to, v));
  };
};

const fromHalf = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const round = integerRounding(m);
  return (c, ops) => {
    const { em } = c;
    let v = toSingle(c, from, c.relaxed(ops[1], from));
    if (round !== null) v = integral(c, v, round);
    if (m.mods.includes("ftz")) v = flush(c, v);
    if (to.bits === 64) v = em.cast("fpext", "f64", v);
    c.dst(ops[0], to, m.mods.includes("sat") ? saturate(c, v) : v);
  };
};

const halfToInt = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const round = integerRounding(m);
  return (c, ops) => {
    if (round === null) c.fail("a conversion to an integer needs .rni, .rzi, .rmi or .rpi");
    const v = toSingle(c, from, c.src(ops[1], from));
    c.wide(ops[0], to, c.em.cast(to.kind === "s" ? "fptosi" : "fptoui", to.ir!, v, round));
  };
};

/** i64 to f32 rounded to odd. */
function intToOdd(c: FnLowering, v: ValueId, signed: boolean): ValueId {
  const { em } = c;
  const cut = em.cast(signed ? "sitofp" : "uitofp", "f32", v, "rz");
  // Toward zero never leaves the integer's range, so the way back is exact.
  const back = em.cast(signed ? "fptosi" : "fptoui", "i64", cut, "rz");
  return em.bitcast(em.bin("or", "i32", em.bits(cut), em.zext(em.icmp("ne", back, v), "i32")), "f32");
}

const intToHalf = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  return (c, ops) => {
    const v = convertInt(c, c.relaxed(ops[1], from), from, ptxType(from.kind === "s" ? "s64" : "u64"));
    const single = intToOdd(c, v, from.kind === "s");
    c.wide(ops[0], to, fromSingle(c, to, m.mods.includes("sat") ? saturate(c, single) : single, roundingOf(m)));
  };
};

/** cvt.f16x2.f32 d, a, b: a goes to the high half. */
const pairFromSingles = (m: Mnemonic): Lower => {
  const to = m.types[0]!;
  const element = ptxType(to.name.slice(0, -2));
  return (c, ops) => {
    const { em } = c;
    const f32 = m.types[1]!;
    const high = em.zext(narrow(c, m, element, c.src(ops[1], f32)), "i32");
    const low = em.zext(narrow(c, m, element, c.src(ops[2], f32)), "i32");
    c.dst(ops[0], to, em.bin("or", "i32", low, em.bin("shl", "i32", high, em.i32(16))));
  };
};

/** tf32: a float with ten bits of mantissa, the others zero. */
const toTf32 = (m: Mnemonic): Lower => (c, ops) => {
  const { em } = c;
  let v = c.src(ops[1], m.types[1]!);
  if (m.mods.includes("relu")) v = relu(c, v);
  // What is beyond the largest tf32, or rounds there, becomes that.
  if (m.mods.includes("satfinite")) v = satfinite(c, m.types[0]!, v);
  const bits = em.bits(v);
  let added = bits;
  if (m.mods.includes("rna")) added = em.bin("add", "i32", bits, em.i32(0x1000));
  else if (!m.mods.includes("rz")) {
    const odd = em.bin("and", "i32", em.bin("lshr", "i32", bits, em.i32(13)), em.i32(1));
    added = em.bin("add", "i32", em.bin("add", "i32", bits, em.i32(0xfff)), odd);
  }
  const finite = em.fcmp("olt", em.un("fabs", "f32", v), em.float("f32", Infinity));
  c.dst(ops[0], ptxType("b32"), em.select(finite, em.bin("and", "i32", added, em.i32(-0x2000)), bits));
};

const HALF = "f16 bf16";

/** Rows of cvt to and from half precision. */
export const convertHalfRows: readonly Row[] = [
  { op: "cvt", types: [HALF, "f32 f64"], mods: "rn rz rm rp ftz sat relu satfinite", operands: 2, mode: "pure", make: toHalf },
  { op: "cvt", types: [HALF, HALF], mods: "rn rz rm rp rni rzi rmi rpi ftz sat", operands: 2, mode: "pure", make: toHalf },
  { op: "cvt", types: ["f32 f64", HALF], mods: "rn rz rm rp rni rzi rmi rpi ftz sat", operands: 2, mode: "pure", make: fromHalf },
  { op: "cvt", types: [INT_TYPES, HALF], mods: "rni rzi rmi rpi ftz sat", operands: 2, mode: "pure", make: halfToInt },
  { op: "cvt", types: [HALF, INT_TYPES], mods: "rn rz rm rp sat", operands: 2, mode: "pure", make: intToHalf },
  { op: "cvt", types: ["f16x2 bf16x2", "f32"], mods: "rn rz relu satfinite", operands: 3, mode: "pure", make: pairFromSingles },
  { op: "cvt", types: ["tf32", "f32"], mods: "rn rz rna relu satfinite", operands: 2, mode: "pure", make: toTf32 },
];

import type { FloatUnary, Rounding, ValueId } from "../../../ir/ops.ts";
import { bitsOf } from "../../../ir/types.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { flush, saturate } from "./flush.ts";
import { roundingOf } from "./float.ts";

/** cvt between integers and single and double precision (PTX ISA 9.7.9). */

/** Rounding to an integer, from .rni and its kin; null when there is none. */
export function integerRounding(m: Mnemonic): Rounding | null {
  const mod = m.mods.find((name) => name === "rni" || name === "rzi" || name === "rmi" || name === "rpi");
  return mod === undefined ? null : (mod.slice(0, 2) as Rounding);
}

const roundToInteger: Readonly<Record<Rounding, FloatUnary>> = { rn: "frint", rz: "ftrunc", rm: "ffloor", rp: "fceil" };

/** The value rounded to an integral value, still floating point. */
export function integral(c: FnLowering, v: ValueId, round: Rounding): ValueId {
  return c.em.un(roundToInteger[round], c.em.types[v]!, v);
}

/** Limits an integer to what the target type can hold, in the source type. */
function limitInt(c: FnLowering, v: ValueId, from: PtxType, to: PtxType): ValueId {
  const { em } = c;
  const ir = from.ir!;
  const most = to.kind === "s" ? (1n << BigInt(to.bits - 1)) - 1n : (1n << BigInt(to.bits)) - 1n;
  if (from.kind !== "s") return most >= 1n << BigInt(from.bits) ? v : em.bin("min.u", ir, v, em.int(ir, most));
  const least = to.kind === "s" ? -(1n << BigInt(to.bits - 1)) : 0n;
  const limit = 1n << BigInt(from.bits - 1);
  const low = least <= -limit ? v : em.bin("max.s", ir, v, em.int(ir, least));
  return most >= limit ? low : em.bin("min.s", ir, low, em.int(ir, most));
}

/** An integer of one type as another: cut, or extended by the source's sign. */
export function convertInt(c: FnLowering, v: ValueId, from: PtxType, to: PtxType): ValueId {
  if (to.bits <= from.bits) return c.em.trunc(v, to.ir!);
  return from.kind === "s" ? c.em.sext(v, to.ir!) : c.em.zext(v, to.ir!);
}

const intToInt = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const sat = m.mods.includes("sat");
  return (c, ops) => {
    const v = c.relaxed(ops[1], from);
    c.wide(ops[0], to, convertInt(c, sat ? limitInt(c, v, from, to) : v, from, to));
  };
};

const floatToInt = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const round = integerRounding(m);
  const ftz = m.mods.includes("ftz") && from.bits === 32;
  return (c, ops) => {
    if (round === null) c.fail("a conversion to an integer needs .rni, .rzi, .rmi or .rpi");
    const v = c.relaxed(ops[1], from);
    // Out of range values go to the nearest one of the target, NaN to 0: with or without .sat.
    c.wide(ops[0], to, c.em.cast(to.kind === "s" ? "fptosi" : "fptoui", to.ir!, ftz ? flush(c, v) : v, round));
  };
};

const intToFloat = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const round = roundingOf(m);
  const sat = m.mods.includes("sat");
  return (c, ops) => {
    const v = c.relaxed(ops[1], from);
    const r = c.em.cast(from.kind === "s" ? "sitofp" : "uitofp", to.ir!, v, round === "rn" ? null : round);
    c.flushed.add(r);
    c.wide(ops[0], to, sat ? saturate(c, r) : r);
  };
};

const floatToFloat = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const round = roundingOf(m);
  const toInteger = integerRounding(m);
  const ftz = m.mods.includes("ftz");
  const sat = m.mods.includes("sat");
  return (c, ops) => {
    const { em } = c;
    let v = c.relaxed(ops[1], from);
    if (ftz && from.bits === 32) v = flush(c, v);
    if (toInteger !== null) v = integral(c, v, toInteger);
    if (bitsOf[from.ir!] < bitsOf[to.ir!]) v = em.cast("fpext", "f64", v);
    else if (bitsOf[from.ir!] > bitsOf[to.ir!]) v = em.cast("fptrunc", "f32", v, round === "rn" ? null : round);
    if (sat) v = saturate(c, v);
    if (ftz && to.bits === 32) v = flush(c, v);
    c.wide(ops[0], to, v);
  };
};

/** cvt.pack: a and b limited to the field type; b lowest, a above it, and (narrow fields) c above both. */
const pack = (m: Mnemonic): Lower => {
  const [to, from] = [m.types[0]!, m.types[1]!];
  const above = m.types[2];
  return (c, ops) => {
    const { em } = c;
    const field = (op: Operand | undefined): ValueId => em.bin("and", "i32", limitInt(c, c.src(op, from), from, to), em.i32(2 ** to.bits - 1));
    const high = em.bin("shl", "i32", field(ops[1]), em.i32(to.bits));
    let result = em.bin("or", "i32", field(ops[2]), high);
    if (above !== undefined) result = em.bin("or", "i32", result, em.bin("shl", "i32", c.src(ops[3], above), em.i32(2 * to.bits)));
    c.dst(ops[0], ptxType("b32"), result);
  };
};

/** Integer types of cvt. */
export const INT_TYPES = "u8 u16 u32 u64 s8 s16 s32 s64";
const FLOATS = "f32 f64";

/** Rows of cvt between integers and f32, f64. */
export const convertRows: readonly Row[] = [
  { op: "cvt", types: ["u16 s16", "s32"], needs: "pack sat", operands: 3, mode: "pure", make: pack },
  { op: "cvt", types: ["u8 s8 u4 s4 u2 s2", "s32", "b32"], needs: "pack sat", operands: 4, mode: "pure", make: pack },
  { op: "cvt", types: [INT_TYPES, INT_TYPES], mods: "sat", operands: 2, mode: "pure", make: intToInt },
  { op: "cvt", types: [INT_TYPES, FLOATS], mods: "rni rzi rmi rpi ftz sat", operands: 2, mode: "pure", make: floatToInt },
  { op: "cvt", types: [FLOATS, INT_TYPES], mods: "rn rz rm rp ftz sat", operands: 2, mode: "pure", make: intToFloat },
  { op: "cvt", types: [FLOATS, FLOATS], mods: "rn rz rm rp rni rzi rmi rpi ftz sat", operands: 2, mode: "pure", make: floatToFloat },
];

import type { FloatPredicate, IntPredicate, ValueId } from "../../../ir/ops.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import type { PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { flush } from "./flush.ts";

/** Comparison and selection (PTX ISA 9.7.6 and 9.7.7). */

const signedPredicates: Readonly<Record<string, IntPredicate>> = { eq: "eq", ne: "ne", lt: "lt.s", le: "le.s", gt: "gt.s", ge: "ge.s" };
const unsignedPredicates: Readonly<Record<string, IntPredicate>> = {
  eq: "eq", ne: "ne", lt: "lt.u", le: "le.u", gt: "gt.u", ge: "ge.u", lo: "lt.u", ls: "le.u", hi: "gt.u", hs: "ge.u",
};
/** The ISA's `ne` is ordered: false when an operand is NaN. */
const floatPredicates: Readonly<Record<string, FloatPredicate>> = {
  eq: "oeq", ne: "one", lt: "olt", le: "ole", gt: "ogt", ge: "oge", equ: "ueq", neu: "une", ltu: "ult", leu: "ule", gtu: "ugt", geu: "uge", num: "ord", nan: "uno",
};

/** Comparison operators, as modifiers of a row. */
export const COMPARISONS = "eq ne lt le gt ge lo ls hi hs equ neu ltu leu gtu geu num nan";
const BOOLEANS = "and or xor";

/** How two values of a type are compared, by the mnemonic's operator; null when the type has no such comparison. */
export type Compare = (c: FnLowering, a: ValueId, b: ValueId) => ValueId;

/** The comparison that a mnemonic names, for a type of floats or integers. */
export function comparison(m: Mnemonic, type: PtxType): Compare {
  const name = m.mods.find((mod) => floatPredicates[mod] !== undefined || unsignedPredicates[mod] !== undefined) ?? "";
  if (type.kind === "f" || type.kind === "h") {
    const pred = floatPredicates[name];
    const ftz = m.mods.includes("ftz") && type.bits === 32;
    if (pred === undefined) return (c) => c.fail(`.${name} does not compare values of type .${type.name}`);
    return (c, a, b) => (ftz ? c.em.fcmp(pred, flush(c, a), flush(c, b)) : c.em.fcmp(pred, a, b));
  }
  const pred = (type.kind === "s" ? signedPredicates : unsignedPredicates)[name];
  if (pred === undefined || (type.kind === "b" && pred !== "eq" && pred !== "ne")) return (c) => c.fail(`.${name} does not compare values of type .${type.name}`);
  return (c, a, b) => c.em.icmp(pred, a, b);
}

/** and, or, xor with a third operand. */
function combined(c: FnLowering, m: Mnemonic, v: ValueId, third: Operand | undefined): ValueId {
  const op = m.mods.find((mod): mod is "and" | "or" | "xor" => mod === "and" || mod === "or" || mod === "xor");
  if (op === undefined) return third === undefined ? v : c.fail("a fourth operand needs .and, .or or .xor");
  return c.em.bin(op, "i1", v, c.pred(third));
}

/** setp p[|q], a, b[, c]: q is the comparison's negation, combined likewise. */
const setp = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const compare = comparison(m, type);
  return (c, ops) => {
    const v = compare(c, c.src(ops[1], type), c.src(ops[2], type));
    const d = ops[0];
    if (d === undefined || d.kind !== "pair") return c.dstPred(d, combined(c, m, v, ops[3]));
    const p = combined(c, m, v, ops[3]);
    const q = combined(c, m, c.em.not(v), ops[3]);
    c.dstPred(d.a, p);
    c.dstPred(d.b, q);
  };
};

/** set: all ones or 1.0 for true, 0 for false. */
const set = (m: Mnemonic): Lower => {
  const [to, type] = [m.types[0]!, m.types[1]!];
  const compare = comparison(m, type);
  return (c, ops) => {
    const { em } = c;
    const v = combined(c, m, compare(c, c.src(ops[1], type), c.src(ops[2], type)), ops[3]);
    const result = to.kind === "f" ? em.select(v, em.float("f32", 1), em.float("f32", 0))
      : to.kind === "h" ? em.select(v, em.int("i16", to.name === "f16" ? 0x3c00 : 0x3f80), em.int("i16", 0)) : em.select(v, em.i32(-1), em.i32(0));
    c.dst(ops[0], to, result);
  };
};

/** Both in one type: that of the first, if they were computed in different ones. */
function alike(c: FnLowering, a: ValueId, b: ValueId): ValueId {
  return c.em.bitcast(b, c.em.types[a]!);
}

const selp = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    const a = c.any(ops[1], type);
    const b = alike(c, a, c.any(ops[2], type));
    c.dst(ops[0], type, c.em.select(c.pred(ops[3]), a, b));
  };
};

/** slct d, a, b, c: a where c is not negative (-0 is not), b where it is or is NaN. */
const slct = (m: Mnemonic): Lower => {
  const [type, by] = [m.types[0]!, m.types[1]!];
  const ftz = m.mods.includes("ftz");
  return (c, ops) => {
    const { em } = c;
    const a = c.any(ops[1], type);
    const b = alike(c, a, c.any(ops[2], type));
    const v = c.src(ops[3], by);
    const test = by.kind === "f" ? em.fcmp("oge", ftz ? flush(c, v) : v, em.float("f32", 0)) : em.icmp("ge.s", v, em.i32(0));
    c.dst(ops[0], type, em.select(test, a, b));
  };
};

const TYPES = "b16 b32 b64 u16 u32 u64 s16 s32 s64 f32 f64";

/** Rows of comparison and selection. */
export const compareRows: readonly Row[] = [
  { op: "setp", types: [TYPES], mods: `${COMPARISONS} ${BOOLEANS} ftz`, operands: [3, 4], mode: "pure", make: setp },
  { op: "set", types: ["u32 s32 f32 f16 bf16", TYPES], mods: `${COMPARISONS} ${BOOLEANS} ftz`, operands: [3, 4], mode: "pure", make: set },
  { op: "selp", types: [TYPES], operands: 4, mode: "pure", make: selp },
  { op: "slct", types: [TYPES, "s32 f32"], mods: "ftz", operands: 4, mode: "pure", make: slct },
];

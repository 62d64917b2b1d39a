import type { FloatBinary, Rounding, ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import type { PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { after, before, finishOf } from "./flush.ts";

/**
 * Single and double precision (PTX ISA 9.7.3).
 * NON-SPEC: a NaN result is the IR's canonical one (0x7fc00000), where the ISA has 0x7fffffff in single precision.
 */

/** The rounding a mnemonic asks for; to nearest even without one. */
export function roundingOf(m: Mnemonic): Rounding {
  return (m.mods.find((mod) => mod === "rn" || mod === "rz" || mod === "rm" || mod === "rp") as Rounding | undefined) ?? "rn";
}

/** d = f(sources), sources and result flushed and saturated as the modifiers say. */
const operation = (count: 1 | 2 | 3, f: (c: FnLowering, type: PtxType, v: readonly ValueId[], round: Rounding) => ValueId) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const round = roundingOf(m);
  const finish = finishOf(m.mods);
  return (c, ops) => {
    const v: ValueId[] = [];
    for (let i = 1; i <= count; i++) v.push(before(c, finish, c.src(ops[i], type)));
    c.dst(ops[0], type, after(c, finish, f(c, type, v, round)));
  };
};

const two = (op: FloatBinary): ((m: Mnemonic) => Lower) => operation(2, (c, type, v, round) => c.em.fbin(op, type.ir!, v[0]!, v[1]!, round));
const fma = operation(3, (c, type, v, round) => c.em.fma(type.ir!, v[0]!, v[1]!, v[2]!, round));
const reciprocal = operation(1, (c, type, v, round) => c.em.fbin("fdiv", type.ir!, c.em.float(type.ir!, 1), v[0]!, round));
const squareRoot = operation(1, (c, type, v, round) => c.em.fsqrt(type.ir!, v[0]!, round));
const sign = (op: "fneg" | "fabs"): ((m: Mnemonic) => Lower) => operation(1, (c, type, v) => c.em.un(op, type.ir!, v[0]!));

/** min, max: the number where one operand is NaN, or NaN with `.NaN`; `.xorsign.abs` compares magnitudes and gives the product's sign. */
const extreme = (op: "fmin" | "fmax") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const ir = type.ir!;
  const finish = finishOf(m.mods);
  const nan = m.mods.includes("NaN");
  const xorsign = m.mods.includes("xorsign");
  return (c, ops) => {
    const { em } = c;
    if (ops.length > 3) c.needs(`${m.op} of three`, 100, 88);
    else if (m.mods.includes("abs") && !xorsign) c.fail(".abs without .xorsign takes three operands");
    const v = ops.slice(1).map((op_) => before(c, finish, c.src(op_, type)));
    let result = xorsign ? em.un("fabs", ir, v[0]!) : v[0]!;
    for (let i = 1; i < v.length; i++) {
      const b = xorsign ? em.un("fabs", ir, v[i]!) : v[i]!;
      const best = em.fbin(op, ir, result, b);
      result = nan ? em.select(em.fcmp("uno", result, b), em.float(ir, NaN), best) : best;
    }
    if (xorsign) {
      const bits = v.map((x) => em.bits(x)).reduce((a, b) => em.bin("xor", em.types[a]!, a, b));
      result = em.fbin("copysign", ir, result, em.bitcast(bits, ir));
    }
    c.dst(ops[0], type, finish.ftz ? after(c, finish, result) : result);
  };
};

/** copysign d, a, b: b with a's sign. */
const copysign = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => c.dst(ops[0], type, c.em.fbin("copysign", type.ir!, c.src(ops[2], type), c.src(ops[1], type)));
};

const smallestNormal = { f32: 2 ** -126, f64: 2 ** -1022 } as const;

const classes: Readonly<Record<string, (c: FnLowering, type: PtxType, a: ValueId) => ValueId>> = {
  finite: (c, type, a) => c.em.fcmp("olt", c.em.un("fabs", type.ir!, a), c.em.float(type.ir!, Infinity)),
  infinite: (c, type, a) => c.em.fcmp("oeq", c.em.un("fabs", type.ir!, a), c.em.float(type.ir!, Infinity)),
  number: (c, _type, a) => c.em.fcmp("ord", a, a),
  notanumber: (c, _type, a) => c.em.fcmp("uno", a, a),
  normal: (c, type, a) => {
    const { em } = c;
    const ir = type.ir as "f32" | "f64";
    const size = em.un("fabs", ir, a);
    return em.bin("and", "i1", em.fcmp("oge", size, em.float(ir, smallestNormal[ir])), em.fcmp("olt", size, em.float(ir, Infinity)));
  },
  subnormal: (c, type, a) => {
    const { em } = c;
    const ir = type.ir as "f32" | "f64";
    const size = em.un("fabs", ir, a);
    return em.bin("and", "i1", em.fcmp("ogt", size, em.float(ir, 0)), em.fcmp("olt", size, em.float(ir, smallestNormal[ir])));
  },
};

const testp = (name: string) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => c.dstPred(ops[0], classes[name]!(c, type, c.src(ops[1], type)));
};

/** f32x2: two single-precision operations in one 64-bit register. */
const packed = (count: 2 | 3, f: (c: FnLowering, v: readonly ValueId[], round: Rounding) => ValueId) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const round = roundingOf(m);
  const finish = finishOf(m.mods);
  return (c, ops) => {
    const { em } = c;
    const words = ops.slice(1, 1 + count).map((op) => em.bits(c.src(op, type)));
    const part = (high: boolean): ValueId => {
      const v = words.map((w) => before(c, finish, em.bitcast(em.trunc(high ? em.bin("lshr", "i64", w, em.int("i64", 32)) : w, "i32"), "f32")));
      return em.zext(em.bits(after(c, finish, f(c, v, round))), "i64");
    };
    c.dst(ops[0], type, em.bin("or", "i64", part(false), em.bin("shl", "i64", part(true), em.int("i64", 32))));
  };
};

const F = "f32 f64";
const ROUND = "rn rz rm rp";
const single = (op: string, operands: number, make: Row["make"], sat = true): Row => ({ op, types: ["f32"], mods: `${ROUND} ftz${sat ? " sat" : ""}`, operands, mode: "pure", make });
const double = (op: string, operands: number, make: Row["make"]): Row => ({ op, types: ["f64"], mods: ROUND, operands, mode: "pure", make });

/** Rows of single and double precision arithmetic. */
export const floatRows: readonly Row[] = [
  ...([["add", "fadd"], ["sub", "fsub"], ["mul", "fmul"]] as const).flatMap(([op, ir]): Row[] => [
    single(op, 3, two(ir)),
    double(op, 3, two(ir)),
    { op, types: ["f32x2"], mods: `${ROUND} ftz`, operands: 3, mode: "pure", make: packed(2, (c, v, round) => c.em.fbin(ir, "f32", v[0]!, v[1]!, round)) },
  ]),
  ...["fma", "mad"].flatMap((op): Row[] => [single(op, 4, fma), double(op, 4, fma)]),
  { op: "fma", types: ["f32x2"], mods: `${ROUND} ftz`, operands: 4, mode: "pure", make: packed(3, (c, v, round) => c.em.fma("f32", v[0]!, v[1]!, v[2]!, round)) },
  single("div", 3, two("fdiv"), false),
  double("div", 3, two("fdiv")),
  single("rcp", 2, reciprocal, false),
  double("rcp", 2, reciprocal),
  single("sqrt", 2, squareRoot, false),
  double("sqrt", 2, squareRoot),
  ...([["neg", "fneg"], ["abs", "fabs"]] as const).map(([op, ir]): Row => ({ op, types: [F], mods: "ftz", operands: 2, mode: "pure", make: sign(ir) })),
  ...([["min", "fmin"], ["max", "fmax"]] as const).flatMap(([op, ir]): Row[] => [
    { op, types: ["f32"], mods: "ftz NaN xorsign abs", operands: [3, 4], mode: "pure", make: extreme(ir) },
    { op, types: ["f64"], operands: 3, mode: "pure", make: extreme(ir) },
  ]),
  { op: "copysign", types: [F], operands: 3, mode: "pure", make: copysign },
  ...Object.keys(classes).map((name): Row => ({ op: "testp", types: [F], needs: name, operands: 2, mode: "pure", make: testp(name) })),
];

import type { ValueId } from "../../../ir/ops.ts";
import type { Type } from "../../../ir/types.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import { INTS, type Lower, type Row } from "../rows.ts";

/** Integer arithmetic (PTX ISA 9.7.1). */

type Op2 = (c: FnLowering, type: PtxType, a: ValueId, b: ValueId) => ValueId;
type Op3 = (c: FnLowering, type: PtxType, a: ValueId, b: ValueId, d: ValueId) => ValueId;

/** d = f(a, b), all of the instruction's type. */
export const binary = (f: Op2) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => c.dst(ops[0], type, f(c, type, c.src(ops[1], type), c.src(ops[2], type)));
};

/** d = f(a, b, c), all of the instruction's type. */
const ternary = (f: Op3) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => c.dst(ops[0], type, f(c, type, c.src(ops[1], type), c.src(ops[2], type), c.src(ops[3], type)));
};

/** d = f(a), all of the instruction's type. */
export const unary = (f: (c: FnLowering, type: PtxType, a: ValueId) => ValueId) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => c.dst(ops[0], type, f(c, type, c.src(ops[1], type)));
};

const signed = (type: PtxType): boolean => type.kind === "s";

/** The type of twice the width and the same sign. */
export function doubled(type: PtxType): PtxType {
  return ptxType(`${type.kind}${type.bits * 2}`);
}

/** Widens by the type's sign. */
export function widen(c: FnLowering, type: PtxType, v: ValueId, to: Type): ValueId {
  return signed(type) ? c.em.sext(v, to) : c.em.zext(v, to);
}

/** `v` (i64, signed) limited to the range of s32. */
function saturate32(c: FnLowering, v: ValueId): ValueId {
  const { em } = c;
  const low = em.bin("max.s", "i64", v, em.int("i64", -(2 ** 31)));
  return em.trunc(em.bin("min.s", "i64", low, em.int("i64", 2 ** 31 - 1)), "i32");
}

/** add.sat, sub.sat: exact in 64 bits, then limited. */
const saturating = (op: "add" | "sub"): Op2 => (c, _type, a, b) => saturate32(c, c.em.bin(op, "i64", c.em.sext(a, "i64"), c.em.sext(b, "i64")));

const product = (part: "lo" | "hi"): Op2 => (c, type, a, b) => c.em.bin(part === "lo" ? "mul" : signed(type) ? "mulhi.s" : "mulhi.u", type.ir!, a, b);

/** A source operand in twice the width; literals need no conversion at run time. */
function wideSource(c: FnLowering, type: PtxType, op: Operand | undefined): ValueId {
  const to = doubled(type).ir!;
  if (op !== undefined && op.kind === "int") return c.em.int(to, (signed(type) ? BigInt.asIntN : BigInt.asUintN)(type.bits, BigInt(op.value)));
  return widen(c, type, c.src(op, type), to);
}

/** The whole product, in twice the width. */
function wideProduct(c: FnLowering, type: PtxType, a: Operand | undefined, b: Operand | undefined): ValueId {
  return c.em.bin("mul", doubled(type).ir!, wideSource(c, type, a), wideSource(c, type, b));
}

const mulWide = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const wide = doubled(type);
  return (c, ops) => c.dst(ops[0], wide, wideProduct(c, type, ops[1], ops[2]));
};

const madWide = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const wide = doubled(type);
  return (c, ops) => {
    const sum = c.em.bin("add", wide.ir!, wideProduct(c, type, ops[1], ops[2]), c.src(ops[3], wide));
    c.dst(ops[0], wide, sum);
  };
};

const mad = (part: "lo" | "hi"): Op3 => (c, type, a, b, d) => c.em.bin("add", type.ir!, product(part)(c, type, a, b), d);

const madHiSat: Op3 = (c, _type, a, b, d) => {
  const { em } = c;
  return saturate32(c, em.bin("add", "i64", em.sext(em.bin("mulhi.s", "i32", a, b), "i64"), em.sext(d, "i64")));
};

/** Bits 31..0 (lo) or 47..16 (hi) of the product of the operands' low 24 bits. */
const product24 = (part: "lo" | "hi"): Op2 => (c, type, a, b) => {
  const { em } = c;
  const low = (v: ValueId): ValueId => {
    if (!signed(type)) return em.zext(em.bin("and", "i32", v, em.i32(0xffffff)), "i64");
    return em.sext(em.bin("ashr", "i32", em.bin("shl", "i32", v, em.i32(8)), em.i32(8)), "i64");
  };
  const whole = em.bin("mul", "i64", low(a), low(b));
  return em.trunc(part === "lo" ? whole : em.bin("lshr", "i64", whole, em.int("i64", 16)), "i32");
};

const mad24 = (part: "lo" | "hi"): Op3 => (c, type, a, b, d) => c.em.bin("add", "i32", product24(part)(c, type, a, b), d);

const mad24HiSat: Op3 = (c, type, a, b, d) => {
  const { em } = c;
  return saturate32(c, em.bin("add", "i64", em.sext(product24("hi")(c, type, a, b), "i64"), em.sext(d, "i64")));
};

const extreme = (op: "min" | "max"): Op2 => (c, type, a, b) => c.em.bin(`${op}.${signed(type) ? "s" : "u"}`, type.ir!, a, b);

const relu = (op: "min" | "max"): Op2 => (c, type, a, b) => c.em.bin("max.s", type.ir!, extreme(op)(c, type, a, b), c.em.int(type.ir!, 0));

/** c + |a - b|, the difference without overflow. */
const sad: Op3 = (c, type, a, b, d) => {
  const { em } = c;
  const ir = type.ir!;
  return em.bin("add", ir, em.bin("sub", ir, extreme("max")(c, type, a, b), extreme("min")(c, type, a, b)), d);
};

const negate = (c: FnLowering, type: PtxType, a: ValueId): ValueId => c.em.un("neg", type.ir!, a);

/** The smallest integer is its own absolute value. */
const absolute = (c: FnLowering, type: PtxType, a: ValueId): ValueId => c.em.bin("max.s", type.ir!, a, negate(c, type, a));

/** Applies `f` to both halves of 32-bit operands. */
const pairwise = (f: Op2) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const half = ptxType(type.name.slice(0, 3));
  return (c, ops) => {
    const { em } = c;
    const [a, b] = [c.src(ops[1], type), c.src(ops[2], type)];
    const part = (v: ValueId, shift: number): ValueId => em.trunc(shift === 0 ? v : em.bin("lshr", "i32", v, em.i32(shift)), "i16");
    const [low, high] = [0, 16].map((s) => em.zext(f(c, half, part(a, s), part(b, s)), "i32"));
    c.dst(ops[0], type, em.bin("or", "i32", low!, em.bin("shl", "i32", high!, em.i32(16))));
  };
};

const sum: Op2 = (c, type, a, b) => c.em.bin("add", type.ir!, a, b);

/** dp4a, dp2a: sum of products of bytes (with bytes, or with halves), plus c. */
const dotProduct = (step: 8 | 16, first: number) => (m: Mnemonic): Lower => {
  const [ta, tb] = [m.types[0]!, m.types[1]!];
  const result = ptxType(signed(ta) || signed(tb) ? "s32" : "u32");
  return (c, ops) => {
    const { em } = c;
    const field = (v: ValueId, type: PtxType, bits: number, at: number): ValueId => {
      const up = em.bin("shl", "i32", v, em.i32(32 - at - bits));
      return em.bin(signed(type) ? "ashr" : "lshr", "i32", up, em.i32(32 - bits));
    };
    const [a, b] = [c.src(ops[1], ta), c.src(ops[2], tb)];
    let total = c.src(ops[3], result);
    for (let i = 0; i < 32 / step; i++) total = em.bin("add", "i32", total, em.bin("mul", "i32", field(a, ta, step, step * i), field(b, tb, 8, first + 8 * i)));
    c.dst(ops[0], result, total);
  };
};

const arithmetic = (op: "add" | "sub"): Op2 => (c, type, a, b) => c.em.bin(op, type.ir!, a, b);
const division = (op: "div" | "rem"): Op2 => (c, type, a, b) => c.em.bin(`${op}.${signed(type) ? "s" : "u"}`, type.ir!, a, b);

const W32 = "u16 u32 s16 s32";
const PAIRS = "u16x2 s16x2";

/** Rows of integer arithmetic. */
export const integerRows: readonly Row[] = [
  ...(["add", "sub"] as const).flatMap((op): Row[] => [
    { op, types: [INTS], operands: 3, mode: "pure", make: binary(arithmetic(op)) },
    { op, types: ["s32"], needs: "sat", operands: 3, mode: "pure", make: binary(saturating(op)) },
  ]),
  { op: "add", types: [PAIRS], operands: 3, mode: "pure", make: pairwise(sum) },
  { op: "mul", types: [INTS], needs: "lo", operands: 3, mode: "pure", make: binary(product("lo")) },
  { op: "mul", types: [INTS], needs: "hi", operands: 3, mode: "pure", make: binary(product("hi")) },
  { op: "mul", types: [W32], needs: "wide", operands: 3, mode: "pure", make: mulWide },
  { op: "mad", types: [INTS], needs: "lo", operands: 4, mode: "pure", make: ternary(mad("lo")) },
  { op: "mad", types: [INTS], needs: "hi", operands: 4, mode: "pure", make: ternary(mad("hi")) },
  { op: "mad", types: ["s32"], needs: "hi sat", operands: 4, mode: "pure", make: ternary(madHiSat) },
  { op: "mad", types: [W32], needs: "wide", operands: 4, mode: "pure", make: madWide },
  ...(["lo", "hi"] as const).flatMap((part): Row[] => [
    { op: "mul24", types: ["u32 s32"], needs: part, operands: 3, mode: "pure", make: binary(product24(part)) },
    { op: "mad24", types: ["u32 s32"], needs: part, operands: 4, mode: "pure", make: ternary(mad24(part)) },
  ]),
  { op: "mad24", types: ["s32"], needs: "hi sat", operands: 4, mode: "pure", make: ternary(mad24HiSat) },
  { op: "sad", types: [INTS], operands: 4, mode: "pure", make: ternary(sad) },
  { op: "div", types: [INTS], operands: 3, mode: "pure", make: binary(division("div")) },
  { op: "rem", types: [INTS], operands: 3, mode: "pure", make: binary(division("rem")) },
  { op: "abs", types: ["s16 s32 s64"], operands: 2, mode: "pure", make: unary(absolute) },
  { op: "neg", types: ["s16 s32 s64"], operands: 2, mode: "pure", make: unary(negate) },
  ...(["min", "max"] as const).flatMap((op): Row[] => [
    { op, types: [INTS], operands: 3, mode: "pure", make: binary(extreme(op)) },
    { op, types: ["s32"], needs: "relu", operands: 3, mode: "pure", make: binary(relu(op)) },
    { op, types: [PAIRS], operands: 3, mode: "pure", make: pairwise(extreme(op)) },
    { op, types: ["s16x2"], needs: "relu", operands: 3, mode: "pure", make: pairwise(relu(op)) },
  ]),
  { op: "dp4a", types: ["u32 s32", "u32 s32"], operands: 4, mode: "pure", make: dotProduct(8, 0) },
  { op: "dp2a", types: ["u32 s32", "u32 s32"], needs: "lo", operands: 4, mode: "pure", make: dotProduct(16, 0) },
  { op: "dp2a", types: ["u32 s32", "u32 s32"], needs: "hi", operands: 4, mode: "pure", make: dotProduct(16, 16) },
];


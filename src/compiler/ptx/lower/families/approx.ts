import type { ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { after, before, finishOf } from "./flush.ts";

/**
 * Approximations (PTX ISA 9.7.3). The ISA bounds their error only; ours are correctly rounded where that is cheap, so that
 * a run gives the same bits on every machine.
 */

const f32 = ptxType("f32");

const single = (count: 1 | 2, f: (c: FnLowering, v: readonly ValueId[]) => ValueId) => (m: Mnemonic): Lower => {
  const finish = finishOf(m.mods);
  return (c, ops) => {
    const v: ValueId[] = [];
    for (let i = 1; i <= count; i++) v.push(before(c, finish, c.src(ops[i], f32)));
    c.dst(ops[0], f32, after(c, finish, f(c, v)));
  };
};

/** 1/sqrt(x) through double precision: its error is far below half a unit of the float. */
const reciprocalRoot = (c: FnLowering, v: readonly ValueId[]): ValueId => {
  const { em } = c;
  const wide = em.cast("fpext", "f64", v[0]!);
  return em.cast("fptrunc", "f32", em.fbin("fdiv", "f64", em.float("f64", 1), em.fsqrt("f64", wide)));
};

/** A function of the builtin library, f32 to f32. */
const library = (name: string): ((m: Mnemonic) => Lower) => single(1, (c, v) => c.em.call(c.module.builtin(name, c.line), v, ["f32"])[0]!);

/** (2^r - 1) / r for |r| up to a half: minimax coefficients, from the lowest. */
const EXP2 = [0.6931471824645996, 0.24022647738456726, 0.05550329387187958, 0.009618449956178665, 0.0013400169555097818, 0.0001535231713205576] as const;
/** Adding it leaves a number's nearest integer in the low bits of the sum. */
const ROUNDER = 1.5 * 2 ** 23;

/**
 * 2^x with subnormals flushed, the core of nvcc's expf: 2^n times a polynomial. n goes into the exponent by an addition, since no result is subnormal; what lies
 * outside of [-126, 128) is chosen by x. A subnormal x counts as 0, as 2^x is 1 either way.
 */
const powerFlushed: Lower = (c, ops) => {
  const { em } = c;
  const x = c.src(ops[1], f32);
  const constant = (value: number): ValueId => em.float("f32", value);
  const shifted = em.fbin("fadd", "f32", x, constant(ROUNDER));
  const r = em.fbin("fsub", "f32", x, em.fbin("fsub", "f32", shifted, constant(ROUNDER)));
  const p = [...EXP2.slice(0, -1).reverse(), 1].reduce((sum, coefficient) => em.fma("f32", sum, r, constant(coefficient)), constant(EXP2[5]));
  const power = em.bitcast(em.bin("add", "i32", em.bits(p), em.bin("shl", "i32", em.bits(shifted), em.int("i32", 23))), "f32");
  const bounded = em.select(em.fcmp("oge", x, constant(128)), constant(Infinity), power);
  const result = em.select(em.fcmp("olt", x, constant(-126)), constant(0), bounded);
  c.flushed.add(result);
  c.dst(ops[0], f32, result);
};

const powerOfTwo = (m: Mnemonic): Lower => (finishOf(m.mods).ftz ? powerFlushed : library("__gg_exp2_f32")(m));

const HIGH_HALF = 0xffff_ffff_0000_0000n;

/**
 * rcp.approx.ftz.f64, rsqrt.approx.ftz.f64: computed from the operand's high 32 bits, and only the result's high 32 bits are kept.
 * Subnormal operands count as zero.
 */
const gross = (f: (c: FnLowering, x: ValueId) => ValueId): Lower => (c, ops) => {
  const { em } = c;
  const f64 = ptxType("f64");
  const high = em.bitcast(em.bin("and", "i64", em.bits(c.src(ops[1], f64)), em.int("i64", HIGH_HALF)), "f64");
  const tiny = em.fcmp("olt", em.un("fabs", "f64", high), em.float("f64", 2 ** -1022));
  const x = em.select(tiny, em.fbin("copysign", "f64", em.float("f64", 0), high), high);
  const y = em.bits(f(c, x));
  const rounded = em.bitcast(em.bin("and", "i64", em.bin("add", "i64", y, em.int("i64", 0x8000_0000n)), em.int("i64", HIGH_HALF)), "f64");
  const subnormal = em.fcmp("olt", em.un("fabs", "f64", rounded), em.float("f64", 2 ** -1022));
  c.dst(ops[0], f64, em.select(subnormal, em.fbin("copysign", "f64", em.float("f64", 0), rounded), rounded));
};

const rsqrtDouble: Lower = (c, ops) => {
  const { em } = c;
  const f64 = ptxType("f64");
  c.dst(ops[0], f64, em.fbin("fdiv", "f64", em.float("f64", 1), em.fsqrt("f64", c.src(ops[1], f64))));
};

const quotient = single(2, (c, v) => c.em.fbin("fdiv", "f32", v[0]!, v[1]!));

const approx = (op: string, operands: number, make: Row["make"]): Row => ({ op, types: ["f32"], needs: "approx", mods: "ftz", operands, mode: "pure", make });

/** Rows of approximate functions. */
export const approxRows: readonly Row[] = [
  approx("div", 3, quotient),
  { op: "div", types: ["f32"], needs: "full", mods: "ftz", operands: 3, mode: "pure", make: quotient },
  approx("rcp", 2, single(1, (c, v) => c.em.fbin("fdiv", "f32", c.em.float("f32", 1), v[0]!))),
  approx("sqrt", 2, single(1, (c, v) => c.em.fsqrt("f32", v[0]!))),
  approx("rsqrt", 2, single(1, reciprocalRoot)),
  approx("sin", 2, library("__gg_sin_f32")),
  approx("cos", 2, library("__gg_cos_f32")),
  approx("lg2", 2, library("__gg_log2_f32")),
  approx("ex2", 2, powerOfTwo),
  approx("tanh", 2, library("__gg_tanh_f32")),
  { op: "rcp", types: ["f64"], needs: "approx ftz", operands: 2, mode: "pure", make: () => gross((c, x) => c.em.fbin("fdiv", "f64", c.em.float("f64", 1), x)) },
  { op: "rsqrt", types: ["f64"], needs: "approx ftz", operands: 2, mode: "pure", make: () => gross((c, x) => c.em.fbin("fdiv", "f64", c.em.float("f64", 1), c.em.fsqrt("f64", x))) },
  { op: "rsqrt", types: ["f64"], needs: "approx", operands: 2, mode: "pure", make: () => rsqrtDouble },
];

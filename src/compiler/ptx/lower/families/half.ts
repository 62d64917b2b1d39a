import type { FloatBinary, Rounding, ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import { comparison, COMPARISONS } from "./compare.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/**
 * Half precision (PTX ISA 9.7.4 and 9.7.5): f16 and bf16, single and in pairs. Computed in wider types with one rounding at the end:
 * f32 is wide enough for + - * of f16 and for + - of bf16; the rest goes through f64.
 * NON-SPEC: a NaN result is the IR's canonical one (0x7e00, 0x7fc0), where the ISA has 0x7fff.
 */

/** The single-element type of a half or pair type. */
export function elementOf(type: PtxType): PtxType {
  return type.kind === "p" ? ptxType(type.name.slice(0, -2)) : type;
}

/** A half pattern as f32, exactly. */
export function toSingle(c: FnLowering, type: PtxType, v: ValueId): ValueId {
  return c.em.cast(type.name === "f16" ? "f16tof32" : "bf16tof32", "f32", v);
}

/** An f32 as a half pattern. */
export function fromSingle(c: FnLowering, type: PtxType, v: ValueId, round: Rounding = "rn"): ValueId {
  return c.em.cast(type.name === "f16" ? "f32tof16" : "f32tobf16", "i16", v, round === "rn" ? null : round);
}

/** f64 to f32 rounded to odd: a second rounding to fewer bits then gives what one rounding would. */
export function roundToOdd(c: FnLowering, v: ValueId): ValueId {
  const { em } = c;
  const cut = em.cast("fptrunc", "f32", v, "rz");
  const inexact = em.zext(em.fcmp("une", em.cast("fpext", "f64", cut), v), "i32");
  return em.bitcast(em.bin("or", "i32", em.bits(cut), inexact), "f32");
}

/** An f64 as a half pattern, with one rounding. */
export function fromDouble(c: FnLowering, type: PtxType, v: ValueId): ValueId {
  return type.name === "f16" ? c.em.cast("f64tof16", "i16", v) : fromSingle(c, type, roundToOdd(c, v));
}

const smallestNormal = 2 ** -14;

/** f16 `.ftz`, in single precision. */
function flushHalf(c: FnLowering, v: ValueId): ValueId {
  const { em } = c;
  const small = em.fcmp("olt", em.un("fabs", "f32", v), em.float("f32", smallestNormal));
  return em.select(small, em.fbin("copysign", "f32", em.float("f32", 0), v), v);
}

/** Applies `f` to the elements of half or pair operands. */
export function elementwise(c: FnLowering, type: PtxType, sources: readonly ValueId[], f: (element: PtxType, v: readonly ValueId[]) => ValueId): ValueId {
  const element = elementOf(type);
  if (type.kind !== "p") return f(element, sources);
  const { em } = c;
  const words = sources.map((v) => em.bits(v));
  const low = f(element, words.map((v) => em.trunc(v, "i16")));
  const high = f(element, words.map((v) => em.trunc(em.bin("lshr", "i32", v, em.i32(16)), "i16")));
  return em.bin("or", "i32", em.zext(low, "i32"), em.bin("shl", "i32", em.zext(high, "i32"), em.i32(16)));
}

interface Options {
  readonly ftz: boolean;
  readonly sat: boolean;
  readonly relu: boolean;
}

const plain: Options = { ftz: false, sat: false, relu: false };

function optionsOf(m: Mnemonic): Options {
  return { ftz: m.mods.includes("ftz"), sat: m.mods.includes("sat"), relu: m.mods.includes("relu") };
}

/** .sat and .relu on the (still wide) result; NaN becomes +0 with .sat and stays NaN with .relu. */
function limited(c: FnLowering, o: Options, v: ValueId): ValueId {
  const { em } = c;
  const type = em.types[v]!;
  if (o.sat) return em.fbin("fmin", type, em.fbin("fmax", type, v, em.float(type, 0)), em.float(type, 1));
  if (o.relu) return em.select(em.fcmp("ult", em.float(type, 0), v), v, em.float(type, 0));
  return v;
}

function finishSingle(c: FnLowering, element: PtxType, o: Options, v: ValueId): ValueId {
  const narrow = fromSingle(c, element, limited(c, o, v));
  return o.ftz ? fromSingle(c, element, flushHalf(c, toSingle(c, element, narrow))) : narrow;
}

const irOp: Readonly<Record<string, FloatBinary>> = { add: "fadd", sub: "fsub", mul: "fmul", min: "fmin", max: "fmax" };

function arithmetic(c: FnLowering, element: PtxType, op: string, o: Options, a: ValueId, b: ValueId): ValueId {
  const { em } = c;
  const load = (v: ValueId): ValueId => (o.ftz ? flushHalf(c, toSingle(c, element, v)) : toSingle(c, element, v));
  if (op === "mul" && element.name === "bf16") {
    // A product of bf16 values can fall below what f32 holds exactly.
    const wide = em.fbin("fmul", "f64", em.cast("fpext", "f64", load(a)), em.cast("fpext", "f64", load(b)));
    return fromDouble(c, element, limited(c, o, wide));
  }
  return finishSingle(c, element, o, em.fbin(irOp[op]!, "f32", load(a), load(b)));
}

/** Sum, minimum or maximum of half or pair values, as atomics need it. */
export function halfArithmetic(c: FnLowering, type: PtxType, op: "add" | "min" | "max", a: ValueId, b: ValueId): ValueId {
  return elementwise(c, type, [a, b], (element, v) => arithmetic(c, element, op, plain, v[0]!, v[1]!));
}

const binary = (op: string) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const o = optionsOf(m);
  return (c, ops) => {
    const sources = [c.src(ops[1], type), c.src(ops[2], type)];
    c.dst(ops[0], type, elementwise(c, type, sources, (element, v) => arithmetic(c, element, op, o, v[0]!, v[1]!)));
  };
};

/** .oob: a factor that is the pattern 0xffff makes the result 0. */
function outOfBounds(c: FnLowering, v: readonly ValueId[], result: ValueId): ValueId {
  const { em } = c;
  const mark = em.int("i16", 0xffff);
  return em.select(em.bin("or", "i1", em.icmp("eq", v[0]!, mark), em.icmp("eq", v[1]!, mark)), em.int("i16", 0), result);
}

/**
 * The sum of two doubles, rounded to odd when it is inexact. Exponents of bf16 reach so far that a sum of bf16 products may lose bits in f64
 * that would decide a tie.
 */
function sumToOdd(c: FnLowering, a: ValueId, b: ValueId): ValueId {
  const { em } = c;
  const sub = (x: ValueId, y: ValueId): ValueId => em.fbin("fsub", "f64", x, y);
  const sum = em.fbin("fadd", "f64", a, b);
  const part = sub(sum, a);
  const lost = em.fbin("fadd", "f64", sub(a, sub(sum, part)), sub(b, part));
  const bits = em.bits(sum);
  const even = em.icmp("eq", em.bin("and", "i64", bits, em.int("i64", 1)), em.int("i64", 0));
  // One step towards what was lost: up in magnitude when the signs agree.
  const step = em.bin("or", "i64", em.bin("ashr", "i64", em.bin("xor", "i64", bits, em.bits(lost)), em.int("i64", 63)), em.int("i64", 1));
  const odd = em.bin("and", "i1", em.fcmp("one", lost, em.float("f64", 0)), even);
  return em.bitcast(em.bin("add", "i64", bits, em.select(odd, step, em.int("i64", 0))), "f64");
}

/** fma: the product is exact in f64, and so is the sum wherever it matters to the rounding of f16. */
const fma = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const o = optionsOf(m);
  const oob = m.mods.includes("oob");
  return (c, ops) => {
    const { em } = c;
    const sources = [1, 2, 3].map((i) => c.src(ops[i], type));
    c.dst(ops[0], type, elementwise(c, type, sources, (element, v) => {
      const [a, b, d] = v.map((x) => {
        const single = toSingle(c, element, x);
        return em.cast("fpext", "f64", o.ftz ? flushHalf(c, single) : single);
      });
      const product = em.fbin("fmul", "f64", a!, b!);
      const wide = limited(c, o, element.name === "bf16" ? sumToOdd(c, product, d!) : em.fbin("fadd", "f64", product, d!));
      const exact = fromDouble(c, element, wide);
      const narrow = o.ftz ? fromSingle(c, element, flushHalf(c, toSingle(c, element, exact))) : exact;
      return oob ? outOfBounds(c, v, narrow) : narrow;
    }));
  };
};

/** neg, abs: bits only, NaN payloads kept. */
const sign = (op: "xor" | "and") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const o = optionsOf(m);
  return (c, ops) => {
    const { em } = c;
    c.dst(ops[0], type, elementwise(c, type, [c.src(ops[1], type)], (element, v) => {
      const r = em.bin(op, "i16", v[0]!, em.int("i16", op === "xor" ? 0x8000 : 0x7fff));
      return o.ftz ? fromSingle(c, element, flushHalf(c, toSingle(c, element, r))) : r;
    }));
  };
};

const extreme = (op: "min" | "max") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const o = optionsOf(m);
  const nan = m.mods.includes("NaN");
  const xorsign = m.mods.includes("xorsign");
  return (c, ops) => {
    const { em } = c;
    c.dst(ops[0], type, elementwise(c, type, [c.src(ops[1], type), c.src(ops[2], type)], (element, v) => {
      const [a, b] = v.map((x) => {
        const single = toSingle(c, element, x);
        const flushed = o.ftz ? flushHalf(c, single) : single;
        return xorsign ? em.un("fabs", "f32", flushed) : flushed;
      });
      let r = em.fbin(irOp[op]!, "f32", a!, b!);
      if (nan) r = em.select(em.fcmp("uno", a!, b!), em.float("f32", NaN), r);
      const narrow = fromSingle(c, element, r);
      if (!xorsign) return narrow;
      const signs = em.bin("and", "i16", em.bin("xor", "i16", v[0]!, v[1]!), em.int("i16", 0x8000));
      return em.bin("or", "i16", em.bin("and", "i16", narrow, em.int("i16", 0x7fff)), signs);
    }));
  };
};

const setp = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const element = elementOf(type);
  const compare = comparison(m, element);
  const join = m.mods.find((mod): mod is "and" | "or" | "xor" => mod === "and" || mod === "or" || mod === "xor");
  return (c, ops) => {
    const { em } = c;
    const [a, b] = [em.bits(c.src(ops[1], type)), em.bits(c.src(ops[2], type))];
    const one = (x: ValueId, y: ValueId): ValueId => compare(c, toSingle(c, element, x), toSingle(c, element, y));
    const combine = (v: ValueId): ValueId => (join === undefined ? v : em.bin(join, "i1", v, c.pred(ops[3])));
    const d = ops[0];
    if (type.kind === "p") {
      // Pairs give two predicates, one an element.
      if (d === undefined) return c.fail("a destination is wanted");
      const high = (v: ValueId): ValueId => em.trunc(em.bin("lshr", "i32", v, em.i32(16)), "i16");
      const low = combine(one(em.trunc(a, "i16"), em.trunc(b, "i16")));
      if (d.kind !== "pair") return c.dstPred(d, low);
      const upper = combine(one(high(a), high(b)));
      c.dstPred(d.a, low);
      return c.dstPred(d.b, upper);
    }
    if (d !== undefined && d.kind === "pair") c.fail(`a comparison of .${type.name} gives one predicate`);
    c.dstPred(d, combine(one(a, b)));
  };
};

/** set on halves: 1.0 or all ones, by the destination's type. */
const set = (m: Mnemonic): Lower => {
  const [to, type] = [m.types[0]!, m.types[1]!];
  const element = elementOf(type);
  const compare = comparison(m, element);
  const join = m.mods.find((mod): mod is "and" | "or" | "xor" => mod === "and" || mod === "or" || mod === "xor");
  const unit = elementOf(to).name === "f16" ? 0x3c00 : elementOf(to).name === "bf16" ? 0x3f80 : -1;
  return (c, ops) => {
    const { em } = c;
    const truth = (x: ValueId, y: ValueId): ValueId => {
      const v = compare(c, toSingle(c, element, x), toSingle(c, element, y));
      return join === undefined ? v : em.bin(join, "i1", v, c.pred(ops[3]));
    };
    const sources = [c.src(ops[1], type), c.src(ops[2], type)];
    if (type.kind === "p" || to.bits === 16) {
      c.dst(ops[0], to, elementwise(c, type, sources, (_e, v) => em.select(truth(v[0]!, v[1]!), em.int("i16", unit), em.int("i16", 0))));
    } else c.dst(ops[0], to, em.select(truth(sources[0]!, sources[1]!), em.i32(-1), em.i32(0)));
  };
};

/** ex2, tanh through the library's single-precision functions. */
const library = (name: string) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    const fn = c.module.builtin(name, c.line);
    c.dst(ops[0], type, elementwise(c, type, [c.src(ops[1], type)], (element, v) => fromSingle(c, element, c.em.call(fn, [toSingle(c, element, v[0]!)], ["f32"])[0]!)));
  };
};

const HALVES = "f16 f16x2 bf16 bf16x2";

/** Rows of half precision. */
export const halfRows: readonly Row[] = [
  ...["add", "sub", "mul"].map((op): Row => ({ op, types: [HALVES], mods: "rn ftz sat", operands: 3, mode: "pure", make: binary(op) })),
  { op: "fma", types: [HALVES], mods: "rn ftz sat relu oob", operands: 4, mode: "pure", make: fma },
  { op: "neg", types: [HALVES], mods: "ftz", operands: 2, mode: "pure", make: sign("xor") },
  { op: "abs", types: [HALVES], mods: "ftz", operands: 2, mode: "pure", make: sign("and") },
  ...(["min", "max"] as const).map((op): Row => ({ op, types: [HALVES], mods: "ftz NaN xorsign abs", operands: 3, mode: "pure", make: extreme(op) })),
  { op: "setp", types: [HALVES], mods: `${COMPARISONS} and or xor ftz`, operands: [3, 4], mode: "pure", make: setp },
  ...[["u32 s32", HALVES], ["u16 s16", "f16 bf16"], ["f16", "f16"], ["bf16", "f16 bf16"], ["f16x2", "f16x2"], ["bf16x2", "bf16x2"]].map((types): Row => (
    { op: "set", types, mods: `${COMPARISONS} and or xor ftz`, operands: [3, 4], mode: "pure", make: set })),
  { op: "ex2", types: [HALVES], needs: "approx", mods: "ftz", operands: 2, mode: "pure", make: library("__gg_exp2_f32") },
  { op: "tanh", types: [HALVES], needs: "approx", operands: 2, mode: "pure", make: library("__gg_tanh_f32") },
];

import type { Fn } from "../ir/module.ts";
import type { Instr } from "../ir/ops.ts";
import { bitsOf, type Type } from "../ir/types.ts";
import { conversion } from "./convert.ts";
import { floatBinary, floatCompare, floatUnary, fma, type FloatType } from "./float.ts";
import { intBinary, intCompare, intUnary } from "./integer.ts";
import { f32FromBits, f64FromBits, fromNumber, type Value } from "./values.ts";

/** Computes a value from the frame's values, and from nothing else. */
export type Pure = (values: readonly Value[]) => Value;

/** A constant of the IR as a value: integers wrapped to their width, NaN canonical. */
export function constant(type: Type, value: number | bigint): Value {
  if (type === "i64") return BigInt.asUintN(64, BigInt(value));
  if (type === "f32") return fromNumber("f32", Math.fround(Number(value)));
  if (type === "f64") return fromNumber("f64", Number(value));
  return Number(BigInt.asUintN(bitsOf[type], BigInt(value)));
}

/** The function that a pure instruction computes; null for instructions with effects, control flow, or a look at the launch. */
export function pure(fn: Fn, instr: Instr): Pure | null {
  switch (instr.op) {
    case "const": {
      const value = constant(fn.types[instr.dst]!, instr.value);
      return () => value;
    }
    case "constbits": {
      const value = fn.types[instr.dst] === "f32" ? f32FromBits(Number(instr.bits)) : f64FromBits(instr.bits);
      return () => value;
    }
    case "add": case "sub": case "mul": case "mulhi.s": case "mulhi.u": case "div.s": case "div.u": case "rem.s": case "rem.u":
    case "and": case "or": case "xor": case "shl": case "lshr": case "ashr": case "rotl":
    case "min.s": case "max.s": case "min.u": case "max.u":
      return binary(instr, intBinary(instr.op, fn.types[instr.dst]!) as Binary);
    case "not": case "neg": case "clz": case "ctz": case "popc": case "brev":
      return unary(instr, intUnary(instr.op, fn.types[instr.dst]!) as Unary);
    case "fadd": case "fsub": case "fmul": case "fdiv": case "frem": case "fmin": case "fmax": case "copysign":
      return binary(instr, floatBinary(instr.op, fn.types[instr.dst] as FloatType, instr.round ?? "rn"));
    case "fneg": case "fabs": case "fsqrt": case "ffloor": case "fceil": case "ftrunc": case "frint": case "fround":
      return unary(instr, floatUnary(instr.op, fn.types[instr.dst] as FloatType, instr.round ?? "rn"));
    case "fma": {
      const compute = fma(fn.types[instr.dst] as FloatType, instr.round ?? "rn");
      const { a, b, c } = instr;
      return (values) => compute(values[a]!, values[b]!, values[c]!);
    }
    case "icmp": return comparison(instr, intCompare(instr.pred, fn.types[instr.a]!) as Comparison);
    case "fcmp": return comparison(instr, floatCompare(instr.pred));
    case "select": {
      const { a, b, c } = instr;
      return (values) => (values[c] === 1 ? values[a]! : values[b]!);
    }
    case "trunc": case "zext": case "sext": case "bitcast": case "fptosi": case "fptoui": case "sitofp": case "uitofp":
    case "fptrunc": case "fpext": case "f16tof32": case "f32tof16": case "f64tof16": case "bf16tof32": case "f32tobf16":
      return unary(instr, conversion(instr.op, fn.types[instr.a]!, fn.types[instr.dst]!, instr.round));
    case "copy": {
      const { a } = instr;
      return (values) => values[a]!;
    }
    default: return null;
  }
}

type Unary = (a: Value) => Value;
type Binary = (a: Value, b: Value) => Value;
type Comparison = (a: Value, b: Value) => boolean;

function unary({ a }: { readonly a: number }, compute: Unary): Pure {
  return (values) => compute(values[a]!);
}

function binary({ a, b }: { readonly a: number; readonly b: number }, compute: Binary): Pure {
  return (values) => compute(values[a]!, values[b]!);
}

function comparison({ a, b }: { readonly a: number; readonly b: number }, compute: Comparison): Pure {
  return (values) => (compute(values[a]!, values[b]!) ? 1 : 0);
}

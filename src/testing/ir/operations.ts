import type { Conversion, FloatBinary, FloatUnary, IntBinary, IntUnary } from "../../compiler/ir/ops.ts";
import { bitsOf, type Type } from "../../compiler/ir/types.ts";
import { floatPredicates, intPredicates, roundings } from "../../compiler/ir/words.ts";
import type { Operation } from "./spec.ts";

const ints: readonly Type[] = ["i1", "i8", "i16", "i32", "i64"];
const floats: readonly Type[] = ["f32", "f64"];

const intBinaries: readonly IntBinary[] = [
  "add", "sub", "mul", "mulhi.s", "mulhi.u", "div.s", "div.u", "rem.s", "rem.u", "and", "or", "xor", "shl", "lshr", "ashr", "rotl", "min.s", "max.s", "min.u", "max.u",
];
const intUnaries: readonly IntUnary[] = ["not", "neg", "clz", "ctz", "popc", "brev"];
const plainFloatBinaries: readonly FloatBinary[] = ["frem", "fmin", "fmax", "copysign"];
const roundedFloatBinaries: readonly FloatBinary[] = ["fadd", "fsub", "fmul", "fdiv"];
const plainFloatUnaries: readonly FloatUnary[] = ["fneg", "fabs", "ffloor", "fceil", "ftrunc", "frint", "fround"];

function make(result: Type, operands: readonly Type[], fields: Operation["fields"], names: readonly string[] = ["a", "b", "c"]): Operation {
  return { result, operands, fields, names: names.slice(0, operands.length) };
}

/** The operation as it stands, and with each rounding it may carry. */
function rounded(result: Type, operands: readonly Type[], op: Operation["fields"]["op"]): Operation[] {
  return [make(result, operands, { op }), ...roundings.map((round) => make(result, operands, { op, round }))];
}

function conversions(): Operation[] {
  const list: Operation[] = [];
  for (const from of ints) {
    for (const to of ints) {
      if (bitsOf[to] < bitsOf[from]) list.push(make(to, [from], { op: "trunc" }));
      if (bitsOf[to] > bitsOf[from]) list.push(make(to, [from], { op: "zext" }), make(to, [from], { op: "sext" }));
    }
    for (const float of floats) {
      list.push(...rounded(float, [from], "sitofp"), ...rounded(float, [from], "uitofp"));
      if (from !== "i1") list.push(...rounded(from, [float], "fptosi"), ...rounded(from, [float], "fptoui"));
    }
  }
  list.push(make("f32", ["i32"], { op: "bitcast" }), make("i32", ["f32"], { op: "bitcast" }), make("f64", ["i64"], { op: "bitcast" }), make("i64", ["f64"], { op: "bitcast" }));
  const halves: readonly (readonly [Conversion, Type, Type])[] = [["f32tof16", "f32", "i16"], ["f64tof16", "f64", "i16"], ["f32tobf16", "f32", "i16"], ["fptrunc", "f64", "f32"]];
  for (const [op, from, to] of halves) list.push(...rounded(to, [from], op));
  list.push(make("f32", ["i16"], { op: "f16tof32" }), make("f32", ["i16"], { op: "bf16tof32" }), make("f64", ["f32"], { op: "fpext" }));
  return list;
}

/** Every operation that computes one value from values, in every type and rounding it has. */
export const operations: readonly Operation[] = [
  ...ints.flatMap((type) => [
    ...intBinaries.map((op) => make(type, [type, type], { op })),
    ...intUnaries.map((op) => make(type, [type], { op })),
    ...intPredicates.map((pred) => make("i1", [type, type], { op: "icmp", pred })),
  ]),
  ...floats.flatMap((type) => [
    ...plainFloatBinaries.map((op) => make(type, [type, type], { op })),
    ...plainFloatUnaries.map((op) => make(type, [type], { op })),
    ...roundedFloatBinaries.flatMap((op) => rounded(type, [type, type], op)),
    ...rounded(type, [type], "fsqrt"),
    ...rounded(type, [type, type, type], "fma"),
    ...floatPredicates.map((pred) => make("i1", [type, type], { op: "fcmp", pred })),
  ]),
  ...[...ints, ...floats].flatMap((type) => [make(type, ["i1", type, type], { op: "select" }, ["c", "a", "b"]), make(type, [type], { op: "copy" })]),
  ...conversions(),
];

/** Those that give a type. */
export function operationsFor(type: Type): readonly Operation[] {
  return operations.filter((operation) => operation.result === type);
}

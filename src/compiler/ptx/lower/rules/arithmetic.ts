import { apart, firstOf, has, typeOf, type Rule } from "./rule.ts";

/** Legal combinations of modifiers in arithmetic and comparison (PTX ISA 9.7.1 to 9.7.7), as the assembler of CUDA 13.0 has them. */

const rounded: Rule = (m) => (has(m, "rn", "rz", "rm", "rp") ? null : "a rounding modifier is required");
const isBf16 = (name: string): boolean => name.startsWith("bf16");
const isHalf = (name: string): boolean => name.startsWith("f16");

/** bf16 has neither .ftz nor .sat. */
const plainBf16: Rule = (m) => (isBf16(typeOf(m)) && has(m, "ftz", "sat") ? `.ftz and .sat are not for .${typeOf(m)}` : null);

const fused: Rule = firstOf(rounded, plainBf16, apart("oob", "ftz", "sat"), apart("relu", "sat"));

const roundedFloat: Rule = (m) => (m.types[0]?.kind === "f" ? rounded(m) : null);

const approximate = (...others: readonly string[]): Rule => (m) => {
  if (m.types[0]?.kind !== "f" || has(m, ...others)) return null;
  return rounded(m) === null ? null : `a rounding modifier or .${others.join(" or .")} is required`;
};

const ftzOnly = (...types: readonly string[]): Rule => (m) => (has(m, "ftz") && !types.includes(typeOf(m)) ? `.ftz is not for .${typeOf(m)}` : null);

/** .xorsign and .abs come together. (.abs alone belongs to the form of three operands, which sm_100 has.) */
const extreme: Rule = firstOf(plainBf16, (m) => (has(m, "xorsign") && !has(m, "abs") ? ".xorsign requires .abs" : null));

const exponential: Rule = (m) => {
  const type = typeOf(m);
  if (isBf16(type) && !has(m, "ftz")) return `.ftz is required for .${type}`;
  return isHalf(type) && has(m, "ftz") ? `.ftz is not for .${type}` : null;
};

/** set: flushing is for sources that have subnormals to flush, and not where bf16 comes out. */
const set: Rule = (m) => {
  const from = m.types[1]?.name ?? "";
  return has(m, "ftz") && (isBf16(typeOf(m)) || !(from === "f32" || isHalf(from))) ? `.ftz is not for .${typeOf(m)}.${from}` : null;
};

const select: Rule = (m) => (has(m, "ftz") && m.types[1]?.name !== "f32" ? ".ftz is for a selector of type .f32" : null);

const clamp: Rule = (m) => (has(m, "clamp", "wrap") ? null : ".clamp or .wrap is required");

/** Rules by opcode. */
export const arithmeticRules: Readonly<Record<string, Rule>> = {
  add: plainBf16, sub: plainBf16, mul: plainBf16,
  fma: fused, mad: roundedFloat,
  div: (m) => (typeOf(m) === "f64" ? rounded(m) : approximate("approx", "full")(m)),
  rcp: approximate("approx"), sqrt: approximate("approx"),
  abs: ftzOnly("f32", "f16", "f16x2"), neg: ftzOnly("f32", "f16", "f16x2"),
  min: extreme, max: extreme,
  ex2: exponential, tanh: ftzOnly(),
  set, setp: ftzOnly("f32", "f16", "f16x2"), slct: select,
  vshl: clamp, vshr: clamp,
  ...Object.fromEntries(["add", "sub", "avrg", "absdiff", "min", "max"].flatMap((op) => [2, 4].map((n): [string, Rule] => [`v${op}${n}`, apart("sat", "add")]))),
};

import { ALL, COMMON, family, reg, ROUND, same, typed, type Family } from "./grammar.ts";

const wide = (types: readonly string[], parts: readonly string[], count: number): string => {
  const type = types.at(-1) ?? "b32";
  const double = parts.includes("wide") ? type.replace("32", "64").replace("16", "32") : type;
  return [reg(double, 0), reg(type, 1), reg(type, 2), ...(count > 3 ? [reg(double, 3)] : [])].join(", ");
};

/** PTX ISA 9.7.1 and 9.7.2: integers, and sums with carries. */
export const integerForms: readonly Family[] = [
  family("add, sub", ["add sub", ROUND, "- ftz", "- sat", ALL], same(3)),
  family("add, sub with carry", ["add sub addc subc", "- cc", ALL], same(3)),
  family("mad with carry", ["mad madc", "- hi lo wide", "- cc", COMMON], same(4)),
  family("mul", ["mul", "- hi lo wide", ROUND, "- ftz", "- sat", COMMON], (t, p) => wide(t, p, 3)),
  family("mad", ["mad", "- hi lo wide", ROUND, "- ftz", "- sat", COMMON], (t, p) => wide(t, p, 4)),
  family("mul24", ["mul24", "- hi lo", "- sat", ALL], same(3)),
  family("mad24", ["mad24", "- hi lo", "- sat", ALL], same(4)),
  family("sad", ["sad", ALL], same(4)),
  family("div", ["div", "- approx full rn rz rm rp", "- ftz", "- sat", ALL], same(3)),
  family("rem", ["rem", ALL], same(3)),
  family("popc, clz", ["popc clz", ALL], typed("r0", 0)),
  family("bfind", ["bfind", "- shiftamt", ALL], typed("r0", 0)),
  family("fns", ["fns", ALL], "r0, r1, r2, r3"),
  family("brev", ["brev", ALL], same(2)),
  family("bfe", ["bfe", ALL], typed(0, 0, "r2", "r3")),
  family("bfi", ["bfi", ALL], typed(0, 0, 0, "r3", "r4")),
  family("szext", ["szext", "- clamp wrap", ALL], typed(0, 0, "r2")),
  family("bmsk", ["bmsk", "- clamp wrap", ALL], "r0, r1, r2"),
  family("dp4a", ["dp4a", "- lo hi", "u32 s32 b32 u16", "u32 s32 b32 u16"], "r0, r1, r2, r3"),
  family("dp2a", ["dp2a", "- lo hi", "u32 s32 b32 u16", "u32 s32 b32 u16"], "r0, r1, r2, r3"),
  family("logic", ["and or xor", ALL], same(3)),
  family("not, cnot", ["not cnot", ALL], same(2)),
  family("lop3", ["lop3", "- or and xor", ALL], typed(0, 0, 0, 0, "0x1c")),
  family("lop3 with predicate", ["lop3", "- or and xor", "b32 b64 u32"], (types) => `${reg(types[0]!, 0)}|p1, ${[1, 2, 3].map((i) => reg(types[0]!, i)).join(", ")}, 0x1c, p2`),
  family("shf", ["shf", "l r", "- clamp wrap", ALL], typed(0, 0, 0, "r4")),
  family("shifts", ["shl shr", ALL], typed(0, 0, "r2")),
  family("prmt", ["prmt", "b32 b64 u32", "- f4e b4e rc8 ecl ecr rc16 foo"], same(4)),
];

/** PTX ISA 9.7.3 and 9.7.4: floating point. */
export const floatForms: readonly Family[] = [
  family("abs, neg", ["abs neg", "- ftz", "- NaN", ALL], same(2)),
  family("min, max", ["min max", "- ftz", "- NaN", "- xorsign xorsign.abs", "- relu", ALL], same(3)),
  family("min, max of three", ["min max", "- ftz", "- NaN", "- xorsign.abs", "- abs", "f16 f16x2 bf16 bf16x2 f32 f64 s32"], same(4)),
  family("fma", ["fma", "- rn rz rm rp", "- ftz", "- sat relu oob oob.relu", ALL], same(4)),
  family("fma, mixed", ["fma add sub", "rn rz", "- sat", "f32 f64", "f16 bf16 f16x2"], (types, parts) => (parts[0] === "fma" ? typed(0, 1, 1, 0)(types) : typed(0, 1, 0)(types))),
  family("rcp, sqrt, rsqrt", ["rcp sqrt rsqrt", "- approx rn rz rm rp", "- ftz", ALL], same(2)),
  family("sin, cos, lg2, ex2, tanh", ["sin cos lg2 ex2 tanh", "- approx rn", "- ftz", ALL], same(2)),
  family("testp", ["testp", "finite infinite number notanumber normal subnormal zero", ALL], typed("p0", 0)),
  family("copysign", ["copysign", "- ftz", ALL], same(3)),
];

const COMPARE = "eq ne lt le gt ge lo ls hi hs equ neu ltu leu gtu geu num nan";
/** PTX ISA 9.7.6 and 9.7.7: comparing and choosing. */
export const compareForms: readonly Family[] = [
  family("set", ["set", COMPARE, "- ftz", "u32 s32 f32 b32", ALL], (types) => typed(0, 1, 1)([types[0]!, types.at(-1)!])),
  family("set of halves", ["set", "eq lo nan ltu", "- and", "- ftz", "f16 bf16 f16x2 bf16x2 u16 s16 b16 f64 u64", "f16 bf16 f16x2 bf16x2 f32 u16"], (types, parts) => typed(0, 1, 1)([types[0]!, types.at(-1)!]) + (parts.includes("and") ? ", p1" : "")),
  family("set with a predicate", ["set", "eq hs ltu", "and or xor", "- ftz", "u32 s32 f32", ALL], (types) => `${typed(0, 1, 1)([types[0]!, types.at(-1)!])}, p1`),
  family("setp", ["setp", COMPARE, "- ftz", ALL], typed("p0", 0, 0)),
  family("setp with a predicate", ["setp", "eq ge lo num", "and or xor", "- ftz", ALL], (types) => `p0|p3, ${reg(types[0]!, 1)}, ${reg(types[0]!, 2)}, !p1`),
  family("setp of two", ["setp", "eq lt", "- ftz", "f16 f16x2 bf16 bf16x2 u32"], (types) => `p0|p3, ${reg(types[0]!, 1)}, ${reg(types[0]!, 2)}`),
  family("selp", ["selp", ALL], typed(0, 0, 0, "p1")),
  family("slct", ["slct", "- ftz", ALL, "s32 f32 u32 f64"], (types) => typed(0, 0, 0, 1)([types[0]!, types.at(-1)!])),
];

const CVT = "u8 u16 u32 u64 s8 s16 s32 s64 f16 bf16 f32 f64 b32";
/** PTX ISA 9.7.9.21: conversions. */
export const convertForms: readonly Family[] = [
  family("cvt", ["cvt", "- rn rz rm rp rni rzi rmi rpi rna", "- ftz", "- sat", CVT, CVT], (types) => typed(0, 1)([types[0]!, types[1] ?? types[0]!])),
  family("cvt with relu", ["cvt", "- rn rz rna rs", "- relu satfinite", "- satfinite relu", "f16 bf16 tf32 f32", "f32 f64 f16"], (types) => typed(0, 1)([types[0]!, types[1] ?? types[0]!])),
  family("cvt of two", ["cvt", "- rn rz rna", "- relu satfinite", "- satfinite relu", "f16x2 bf16x2 e4m3x2 e5m2x2 ue8m0x2", "f32 f64"], (types) => typed(0, 1, 1)(types)),
  family("cvt of pairs", ["cvt", "- rn rz", "- satfinite", "- relu", "f16x2 bf16x2 e4m3x2 e5m2x2 ue8m0x2", "f16x2 bf16x2 e4m3x2 e5m2x2 ue8m0x2"], (types) => typed(0, 1)([types[0]!, types[1] ?? types[0]!])),
  family("cvt.pack", ["cvt", "pack", "sat", "u16 s16 u8 s8 u4 s4 u2 s2", "s32 u32", "- b32"], (types, parts) => (parts.at(-1) === "b32" ? "r0, r1, r2, r3" : "r0, r1, r2")),
];

import type { Mnemonic } from "../../mnemonic.ts";
import type { PtxType } from "../../types.ts";
import { has, type Rule } from "./rule.ts";

/** Legal combinations of modifiers in cvt (PTX ISA 9.7.9.21), as the assembler of CUDA 13.0 has them. */

const isInt = (type: PtxType): boolean => type.kind === "u" || type.kind === "s";
const isBf16 = (type: PtxType): boolean => type.name === "bf16";
const rounded = (m: Mnemonic): boolean => has(m, "rn", "rz", "rm", "rp");
const integral = (m: Mnemonic): boolean => has(m, "rni", "rzi", "rmi", "rpi");

/** Whether every value of one integer type is one of the other. */
function holds(to: PtxType, from: PtxType): boolean {
  if (to.kind === from.kind) return to.bits >= from.bits;
  return to.kind === "s" && to.bits > from.bits;
}

function betweenIntegers(m: Mnemonic, to: PtxType, from: PtxType): string | null {
  return has(m, "sat") && holds(to, from) ? `.sat means nothing where .${to.name} holds every .${from.name}` : null;
}

/** Between an integer and a floating-point type. */
function mixed(m: Mnemonic, to: PtxType, from: PtxType): string | null {
  const float = isInt(to) ? from : to;
  if (has(m, "ftz") && float.name !== "f32") return `.ftz is for .f32, not for .${float.name}`;
  if (isBf16(float)) {
    if ((isInt(to) ? to : from).bits === 8) return "there is no conversion between .bf16 and types of 8 bits";
    if (has(m, "sat")) return ".sat is not for .bf16";
  }
  if (isInt(to)) return integral(m) ? null : "a conversion to an integer needs .rni, .rzi, .rmi or .rpi";
  return rounded(m) ? null : "a rounding modifier is required";
}

function sameFloat(m: Mnemonic, type: PtxType): string | null {
  if (rounded(m)) return "only .rni, .rzi, .rmi and .rpi round within a type";
  if (has(m, "ftz") && type.name !== "f32") return `.ftz is for .f32, not for .${type.name}`;
  return isBf16(type) && has(m, "sat") ? ".sat is not for .bf16" : null;
}

function betweenFloats(m: Mnemonic, to: PtxType, from: PtxType): string | null {
  if (to.name === from.name) return sameFloat(m, to);
  if (integral(m)) return ".rni, .rzi, .rmi and .rpi are for conversions to integers, and within a type";
  if (has(m, "ftz") && to.name !== "f32" && from.name !== "f32") return `.ftz is not for .${to.name}.${from.name}`;
  const brain = isBf16(to) || isBf16(from);
  if (brain && has(m, "sat")) return ".sat is not for .bf16";
  if (brain && to.bits >= from.bits) return null;
  if (to.bits > from.bits) return rounded(m) ? `rounding is not for .${to.name}.${from.name}, which is exact` : null;
  return rounded(m) ? null : "a rounding modifier is required";
}

/** .relu and .satfinite: for results of 16 bits, and tf32, from .f32. */
function limited(m: Mnemonic, to: PtxType, from: PtxType): string | null {
  if (from.name !== "f32") return `.relu and .satfinite are for .f32 as the source, not for .${from.name}`;
  if (to.name === "tf32") return has(m, "rna") && has(m, "relu") ? ".rna and .relu exclude each other" : null;
  if (has(m, "sat", "ftz")) return ".relu and .satfinite exclude .sat and .ftz";
  return has(m, "rn", "rz") ? null : ".relu and .satfinite require .rn or .rz";
}

const cvt: Rule = (m) => {
  const [to, from] = m.types as [PtxType, PtxType];
  if (has(m, "pack") || to.kind === "x" && to.name !== "tf32" || from.kind === "x" || from.kind === "p") return null;
  if (isInt(to) && isInt(from)) return betweenIntegers(m, to, from);
  if (isInt(to) || isInt(from)) return mixed(m, to, from);
  if (has(m, "relu", "satfinite")) {
    const why = limited(m, to, from);
    if (why !== null) return why;
  }
  if (to.name === "tf32") return has(m, "rn", "rz", "rna") ? null : "a rounding modifier is required";
  if (to.kind === "p") return has(m, "rn", "rz") ? null : "a rounding modifier is required";
  return betweenFloats(m, to, from);
};

/** Rules by opcode. */
export const convertRules: Readonly<Record<string, Rule>> = { cvt };

/**
 * Forms of PTX instructions, legal and illegal: each family is the product of what may stand at each place of its mnemonic, with operands to match. What the assembler of
 * CUDA 13.0 says of each is recorded (verdicts.json, by scripts/ptx-forms.mjs); forms.test.ts wants the same of our front end.
 */
export interface Family {
  readonly name: string;
  /** Whole instructions, `add.sat.s32 r0, r1, r2`. */
  readonly lines: readonly string[];
}

/** What may stand at one place: words separated by blanks (a word may be several parts, `acquire.cta`), `-` for nothing. */
export type Place = string;

/** A register for a value of this type. */
export function reg(type: string, n = 0): string {
  if (type === "pred") return `p${n}`;
  const bits = type.endsWith("x4") ? 32 : /^e\dm\dx2$|^ue8m0x2$/.test(type) ? 16 : type === "f32x2" ? 64 : type.endsWith("x2") ? 32 : Number(/\d+$/.exec(type)?.[0] ?? 32);
  return bits <= 16 ? `h${n}` : bits === 32 ? `r${n}` : bits === 64 ? `d${n}` : `q${n}`;
}

const typeName = /^(?:[busf]\d+(?:x\d)?|bf16(?:x2)?|pred|tf32|e\dm\dx\d|ue8m0x2)$/;

/** The types among a mnemonic's parts. */
export function typesOf(parts: readonly string[]): string[] {
  return parts.filter((part) => typeName.test(part));
}

/** A family: its name, its places, and the operands for the chosen parts. */
export function family(name: string, places: readonly Place[], operands: string | ((types: readonly string[], parts: readonly string[]) => string)): Family {
  const products = places.map((place) => place.split(" ")).reduce<string[][]>((sofar, choices) => sofar.flatMap((parts) => choices.map((choice) => (choice === "-" ? parts : [...parts, ...choice.split(".")]))), [[]]);
  const lines = products.map((parts) => {
    const ops = typeof operands === "string" ? operands : operands(typesOf(parts), parts);
    return ops === "" ? parts.join(".") : `${parts.join(".")} ${ops}`;
  });
  return { name, lines: [...new Set(lines)] };
}

/** Operands `d, a, b ...`, all of the last type. */
export function same(count: number): (types: readonly string[]) => string {
  return (types) => Array.from({ length: count }, (_, i) => reg(types.at(-1) ?? "b32", i)).join(", ");
}

/** Registers of which each has its own type, by number into the types; text in quotes stays. */
export function typed(...spec: readonly (number | string)[]): (types: readonly string[]) => string {
  return (types) => spec.map((one, i) => (typeof one === "number" ? reg(types.at(one) ?? "b32", i) : one)).join(", ");
}

/** A vector of registers. */
export function vector(type: string, count: number, from = 0): string {
  return count === 1 ? reg(type, from) : `{${Array.from({ length: count }, (_, i) => reg(type, from + i)).join(", ")}}`;
}

/** Every type that an instruction could be thought to take. */
export const ALL = "u8 u16 u32 u64 s8 s16 s32 s64 b8 b16 b32 b64 b128 f16 f16x2 bf16 bf16x2 f32 f64 pred u16x2 s16x2 f32x2";
/** Those without the ones that only a few instructions know. */
export const COMMON = "u8 u16 u32 u64 s16 s32 s64 b16 b32 b64 f16 f16x2 bf16 bf16x2 f32 f64";
/** Roundings of arithmetic. */
export const ROUND = "- rn rz rm rp";

/** A module with one kernel that has these instructions, one a line, and what their operands name. */
export function moduleOf(lines: readonly string[], version: string, target: string): { text: string; first: number } {
  const head = [
    `.version ${version}`, `.target ${target}`, ".address_size 64",
    ".extern .func (.param .b32 out) callee (.param .b32 in);",
    ".global .align 16 .b8 gv[1024];", ".const .align 16 .b8 cv[1024];",
    ".visible .entry k(.param .align 16 .b8 pv[64]) {",
    ".reg .pred p<12>; .reg .b16 h<64>; .reg .b32 r<64>; .reg .b64 d<64>;",
    ".reg .f32 f<12>; .reg .f64 e<12>; .reg .u16 w<12>; .reg .u32 u<12>; .reg .s32 s<12>; .reg .s64 t<12>;",
    // Older versions of the ISA have no such registers.
    Number(version) >= 8.3 ? ".reg .b128 q<12>;" : "",
    ".shared .align 128 .b8 sv[4096]; .local .align 16 .b8 lv[256];",
  ];
  return { text: [...head, ...lines.map((line) => `${line};`), "ret;", "}", ""].join("\n"), first: head.length + 1 };
}

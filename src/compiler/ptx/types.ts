import type { Type } from "../ir/types.ts";

/**
 * Kinds of PTX types: `b` untyped bits, `u`/`s` integers, `f` floating point that the IR computes on (f32, f64),
 * `h` sixteen-bit floating point (an `i16` pattern in the IR), `p` packed pairs (f16x2, u16x2, f32x2 ...),
 * `x` patterns that only conversions and matrix instructions know (tf32, e4m3 ...), `pred`, and opaque handles.
 */
export type TypeKind = "b" | "u" | "s" | "f" | "h" | "p" | "x" | "pred" | "opaque";

/** A fundamental type of the ISA (PTX ISA, section 5.2), with the IR type that carries its bits. */
export interface PtxType {
  readonly name: string;
  readonly kind: TypeKind;
  readonly bits: number;
  /** IR type of a register of this type; null where no register can have it (b128 takes two i64). */
  readonly ir: Type | null;
}

const irByBits: Readonly<Record<number, Type>> = { 1: "i1", 8: "i8", 16: "i16", 32: "i32", 64: "i64" };

function make(kind: TypeKind, bits: number, ...names: readonly string[]): [string, PtxType][] {
  const ir: Type | null = kind === "f" ? (bits === 32 ? "f32" : "f64") : (irByBits[bits] ?? null);
  return names.map((name) => [name, { name, kind, bits, ir }]);
}

/** Every type name of the ISA that we know, without its dot. */
export const ptxTypes: ReadonlyMap<string, PtxType> = new Map<string, PtxType>([
  ...make("b", 8, "b8"), ...make("b", 16, "b16"), ...make("b", 32, "b32"), ...make("b", 64, "b64"), ...make("b", 128, "b128"),
  ...make("u", 8, "u8"), ...make("u", 16, "u16"), ...make("u", 32, "u32"), ...make("u", 64, "u64"),
  ...make("s", 8, "s8"), ...make("s", 16, "s16"), ...make("s", 32, "s32"), ...make("s", 64, "s64"),
  ...make("f", 32, "f32"), ...make("f", 64, "f64"),
  ...make("h", 16, "f16", "bf16"),
  ...make("p", 32, "f16x2", "bf16x2", "u16x2", "s16x2"), ...make("p", 64, "f32x2"),
  ...make("x", 32, "tf32", "e4m3x4", "e5m2x4"), ...make("x", 16, "e4m3x2", "e5m2x2", "ue8m0x2"), ...make("x", 8, "e4m3", "e5m2"),
  ...make("s", 4, "s4"), ...make("u", 4, "u4"), ...make("s", 2, "s2"), ...make("u", 2, "u2"), ...make("x", 1, "b1"),
  ...make("pred", 1, "pred"),
  ...make("opaque", 64, "texref", "samplerref", "surfref"),
]);

/**
 * A type that the front end itself names.
 * @throws Error when the name is no PTX type: our own bug.
 */
export function ptxType(name: string): PtxType {
  const type = ptxTypes.get(name);
  if (type === undefined) throw new Error(`no PTX type ${name}`);
  return type;
}

/**
 * Whether an operand of type `have` may stand where the instruction wants `want`, sizes being equal
 * (PTX ISA 9.4.1, operand type checking): untyped bits agree with everything, integers with integers,
 * floating point with floating point.
 */
export function kindsAgree(want: PtxType, have: PtxType): boolean {
  const a = want.kind;
  const b = have.kind;
  if (a === "pred" || b === "pred") return a === b;
  if (a === b || a === "b" || b === "b") return true;
  const intA = a === "u" || a === "s";
  const intB = b === "u" || b === "s";
  if (intA || intB) return intA && intB;
  // Packed and sixteen-bit patterns live in untyped registers, but a register may also be declared with the type itself.
  return a !== "f" && b !== "f";
}

/**
 * LLVM types (Language Reference, "Type System"), as far as front ends of GPU languages write them. Pointers are opaque.
 */
export type LType =
  | { readonly k: "void" }
  | { readonly k: "label" }
  | { readonly k: "metadata" }
  | { readonly k: "token" }
  | { readonly k: "int"; readonly bits: number }
  | { readonly k: "float"; readonly kind: "half" | "bfloat" | "float" | "double" }
  | { readonly k: "ptr"; readonly space: number }
  | { readonly k: "vec"; readonly n: number; readonly elem: LType }
  | { readonly k: "array"; readonly n: number; readonly elem: LType }
  | { readonly k: "struct"; readonly fields: readonly LType[]; readonly packed: boolean }
  | { readonly k: "func"; readonly ret: LType; readonly params: readonly LType[]; readonly varargs: boolean }
  /** Opaque types of a target: images, samplers, events. */
  | { readonly k: "target"; readonly name: string };

/** No value. */
export const VOID: LType = { k: "void" };
/** A block. */
export const LABEL: LType = { k: "label" };
/** Operands of debug intrinsics. */
export const METADATA: LType = { k: "metadata" };
/** Tokens of the optimiser. */
export const TOKEN: LType = { k: "token" };
/** One bit. */
export const I1: LType = { k: "int", bits: 1 };
/** A byte. */
export const I8: LType = { k: "int", bits: 8 };
/** 32-bit integers. */
export const I32: LType = { k: "int", bits: 32 };
/** 64-bit integers. */
export const I64: LType = { k: "int", bits: 64 };

const ints = new Map<number, LType>([[1, I1], [8, I8], [32, I32], [64, I64]]);
const pointers = new Map<number, LType>();

/** The integer type of that width. */
export function intType(bits: number): LType {
  let type = ints.get(bits);
  if (type === undefined) ints.set(bits, type = { k: "int", bits });
  return type;
}

/** The pointer type into that address space. */
export function ptrType(space: number): LType {
  let type = pointers.get(space);
  if (type === undefined) pointers.set(space, type = { k: "ptr", space });
  return type;
}

/** The type as LLVM writes it, for messages. */
export function showType(type: LType): string {
  switch (type.k) {
    case "void": case "label": case "metadata": case "token": return type.k;
    case "int": return `i${type.bits}`;
    case "float": return type.kind;
    case "ptr": return type.space === 0 ? "ptr" : `ptr addrspace(${type.space})`;
    case "vec": return `<${type.n} x ${showType(type.elem)}>`;
    case "array": return `[${type.n} x ${showType(type.elem)}]`;
    case "struct": return type.packed ? `<{ ${type.fields.map(showType).join(", ")} }>` : `{ ${type.fields.map(showType).join(", ")} }`;
    case "func": return `${showType(type.ret)} (${[...type.params.map(showType), ...(type.varargs ? ["..."] : [])].join(", ")})`;
    case "target": return `target("${type.name}")`;
  }
}

import type { Instr, Opcode } from "./ops.ts";
import { sizeOf, type Type } from "./types.ts";

/**
 * What an executed instruction adds to `RunStatus.instructions`. Small integers on the scale of one simple
 * arithmetic instruction: they order things rightly, the machine's cost model turns them into time.
 * The interpreter and the WebAssembly back end both count by this one table, on the IR as the front end made it
 * (before any optimisation), once for each executed instruction of each work-item; so their counts are equal.
 * Every cycle of a control-flow graph costs at least 1, because every terminator does.
 */
const flat: Partial<Record<Opcode, number>> = {
  const: 0, constbits: 0, copy: 0, phi: 0,
  call: 4, calli: 6, switch: 2,
  atomic: 8, cmpxchg: 8, fence: 2,
  barrier: 4, barred: 6, shfl: 2, vote: 2, match: 4, redux: 4, printf: 50,
};

/** Operations that take longer than an addition: cost for types up to 32 bits, and for 64-bit types. */
const byWidth: Partial<Record<Opcode, readonly [number, number]>> = {
  mul: [1, 2], "mulhi.s": [1, 4], "mulhi.u": [1, 4],
  "div.s": [16, 32], "div.u": [16, 32], "rem.s": [16, 32], "rem.u": [16, 32],
  fadd: [1, 2], fsub: [1, 2], fmul: [1, 2], fma: [1, 2],
  fdiv: [8, 16], fsqrt: [8, 16], frem: [24, 32],
};

const spaceCost = { global: 4, const: 2, shared: 2, local: 2, generic: 4 } as const;

/**
 * Weight of one execution of `instr`.
 * @param types the function's value types (`fn.types`)
 */
export function instructionCost(instr: Instr, types: readonly Type[]): number {
  if (instr.op === "load") return spaceCost[instr.space] + instr.dst.length - 1;
  if (instr.op === "store") return spaceCost[instr.space] + instr.src.length - 1;
  const known = flat[instr.op];
  if (known !== undefined) return known;
  const pair = byWidth[instr.op];
  if (pair !== undefined && "dst" in instr && typeof instr.dst === "number") {
    return types[instr.dst] === "i64" || types[instr.dst] === "f64" ? pair[1] : pair[0];
  }
  return 1;
}

/**
 * Bytes that a memory instruction moves, whatever its space; 0 for other instructions. `RunStatus.bytes` sums this over executed
 * loads, stores and atomics (an atomic counts its size once) of the spaces global and const, and over those of space generic whose address is outside the windows.
 */
export function accessBytes(instr: Instr, types: readonly Type[]): number {
  if (instr.op === "load") return instr.dst.reduce((sum, value) => sum + sizeOf[types[value]!], 0);
  if (instr.op === "store") return instr.src.reduce((sum, value) => sum + sizeOf[types[value]!], 0);
  if (instr.op === "atomic" || instr.op === "cmpxchg") return sizeOf[types[instr.dst]!];
  return 0;
}

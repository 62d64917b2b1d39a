import type { ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import type { PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/**
 * Extended-precision arithmetic (PTX ISA 9.7.2). The carry CC.CF is a register like others, holding an i32 that is 0 or 1.
 * NON-SPEC: the manual calls the flag of a subtraction a borrow. On hardware it is the carry of a + ~b + CF, so 1 says that nothing was borrowed:
 * chains of subtractions cannot tell, but nvcc's 128-bit division reads it with addc after subc.cc, and needs it so.
 */

const TYPES = "u32 s32 u64 s64";

function carryIn(c: FnLowering, type: PtxType): ValueId {
  return c.em.zext(c.em.bits(c.read(c.carry)), type.ir!);
}

function setCarry(c: FnLowering, carry: ValueId): void {
  c.write(c.carry, c.em.zext(carry, "i32"));
}

/** a + b (+ carry), and the carry out as i1. */
function addWith(c: FnLowering, type: PtxType, a: ValueId, b: ValueId, chained: boolean): { readonly sum: ValueId; readonly carry: ValueId } {
  const { em } = c;
  const ir = type.ir!;
  const partial = em.bin("add", ir, a, b);
  const first = em.icmp("lt.u", partial, a);
  if (!chained) return { sum: partial, carry: first };
  const sum = em.bin("add", ir, partial, carryIn(c, type));
  return { sum, carry: em.bin("or", "i1", first, em.icmp("lt.u", sum, partial)) };
}

/** a - b, less 1 where the carry is 0 in a chain; and the carry out as i1: whether nothing was borrowed. */
function subWith(c: FnLowering, type: PtxType, a: ValueId, b: ValueId, chained: boolean): { readonly sum: ValueId; readonly carry: ValueId } {
  const { em } = c;
  const ir = type.ir!;
  const partial = em.bin("sub", ir, a, b);
  const enough = em.icmp("ge.u", a, b);
  if (!chained) return { sum: partial, carry: enough };
  const borrow = em.bin("xor", ir, carryIn(c, type), em.int(ir, 1));
  const sum = em.bin("sub", ir, partial, borrow);
  return { sum, carry: em.bin("and", "i1", enough, em.icmp("ge.u", partial, borrow)) };
}

const addSub = (f: typeof addWith, chained: boolean) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const sets = m.mods.includes("cc");
  return (c, ops) => {
    const { sum, carry } = f(c, type, c.src(ops[1], type), c.src(ops[2], type), chained);
    c.dst(ops[0], type, sum);
    if (sets) setCarry(c, carry);
  };
};

const multiplyAdd = (part: "lo" | "hi", chained: boolean) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const sets = m.mods.includes("cc");
  const op = part === "lo" ? "mul" : type.kind === "s" ? "mulhi.s" : "mulhi.u";
  return (c, ops) => {
    const product = c.em.bin(op, type.ir!, c.src(ops[1], type), c.src(ops[2], type));
    const { sum, carry } = addWith(c, type, product, c.src(ops[3], type), chained);
    c.dst(ops[0], type, sum);
    if (sets) setCarry(c, carry);
  };
};

/** Rows of extended-precision arithmetic. */
export const extendedRows: readonly Row[] = [
  { op: "add", types: [TYPES], needs: "cc", operands: 3, mode: "pure", make: addSub(addWith, false) },
  { op: "addc", types: [TYPES], mods: "cc", operands: 3, mode: "pure", make: addSub(addWith, true) },
  { op: "sub", types: [TYPES], needs: "cc", operands: 3, mode: "pure", make: addSub(subWith, false) },
  { op: "subc", types: [TYPES], mods: "cc", operands: 3, mode: "pure", make: addSub(subWith, true) },
  ...(["lo", "hi"] as const).flatMap((part): Row[] => [
    { op: "mad", types: [TYPES], needs: `${part} cc`, operands: 4, mode: "pure", make: multiplyAdd(part, false) },
    { op: "madc", types: [TYPES], needs: part, mods: "cc", operands: 4, mode: "pure", make: multiplyAdd(part, true) },
  ]),
];

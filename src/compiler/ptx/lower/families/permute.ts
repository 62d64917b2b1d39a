import type { ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/** prmt: bytes of a 32-bit word picked from the eight bytes b:a (PTX ISA 9.7.9). */

/** Selectors of the special modes, by the control word's low two bits. */
const modes: Readonly<Record<string, readonly [number, number, number, number]>> = {
  f4e: [0x3210, 0x4321, 0x5432, 0x6543],
  b4e: [0x5670, 0x6701, 0x7012, 0x0123],
  rc8: [0x0000, 0x1111, 0x2222, 0x3333],
  ecl: [0x3210, 0x3211, 0x3222, 0x3333],
  ecr: [0x0000, 0x1110, 0x2210, 0x3210],
  rc16: [0x1010, 0x3232, 0x1010, 0x3232],
};

/** A constant selector: bytes that move by the same distance travel together. */
function constantPick(c: FnLowering, a: ValueId, b: ValueId, selector: number): ValueId {
  const { em } = c;
  const groups = new Map<string, { readonly source: ValueId; readonly move: number; mask: number }>();
  let result: ValueId | null = null;
  const add = (v: ValueId): void => { result = result === null ? v : em.bin("or", "i32", result, v); };
  for (let i = 0; i < 4; i++) {
    const nibble = (selector >> (4 * i)) & 15;
    const from = nibble & 3;
    const source = (nibble & 4) === 0 ? a : b;
    if ((nibble & 8) !== 0) {
      // The byte's sign, repeated.
      const sign = em.bin("ashr", "i32", em.bin("shl", "i32", source, em.i32(24 - 8 * from)), em.i32(31));
      add(em.bin("and", "i32", sign, em.i32(0xff << (8 * i))));
      continue;
    }
    const key = `${nibble & 4}:${i - from}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { source, move: 8 * (i - from), mask: 0xff << (8 * i) });
    else group.mask |= 0xff << (8 * i);
  }
  for (const { source, move, mask } of groups.values()) {
    const moved = move === 0 ? source : em.bin(move > 0 ? "shl" : "lshr", "i32", source, em.i32(Math.abs(move)));
    // What the shift leaves is exactly the mask for a whole end of the word.
    const left = move === 0 ? -1 : move > 0 ? -1 << move : -1 >>> -move;
    add((mask | 0) === (left | 0) ? moved : em.bin("and", "i32", moved, em.i32(mask)));
  }
  return result!;
}

/** A selector known at run time only. `signs`: whether bit 3 of a nibble asks for the sign. */
function variablePick(c: FnLowering, a: ValueId, b: ValueId, selector: ValueId, signs: boolean): ValueId {
  const { em } = c;
  const all = em.bin("or", "i64", em.zext(a, "i64"), em.bin("shl", "i64", em.zext(b, "i64"), em.int("i64", 32)));
  let result = em.i32(0);
  for (let i = 0; i < 4; i++) {
    const nibble = i === 0 ? selector : em.bin("lshr", "i32", selector, em.i32(4 * i));
    const amount = em.bin("shl", "i32", em.bin("and", "i32", nibble, em.i32(7)), em.i32(3));
    let byte = em.bin("and", "i32", em.trunc(em.bin("lshr", "i64", all, em.zext(amount, "i64")), "i32"), em.i32(255));
    if (signs) {
      const sign = em.select(em.icmp("ge.u", byte, em.i32(128)), em.i32(255), em.i32(0));
      byte = em.select(em.icmp("ne", em.bin("and", "i32", nibble, em.i32(8)), em.i32(0)), sign, byte);
    }
    result = em.bin("or", "i32", result, i === 0 ? byte : em.bin("shl", "i32", byte, em.i32(8 * i)));
  }
  return result;
}

const b32 = ptxType("b32");

const prmt = (m: Mnemonic): Lower => {
  const table = m.mods.length === 0 ? null : modes[m.mods[0]!]!;
  return (c, ops) => {
    const { em } = c;
    const a = c.src(ops[1], b32);
    const b = c.src(ops[2], b32);
    const control = c.src(ops[3], b32);
    const known = em.known(control);
    if (known !== undefined) {
      const n = Number(known);
      return c.dst(ops[0], b32, constantPick(c, a, b, table === null ? n & 0xffff : table[n & 3]!));
    }
    if (table === null) return c.dst(ops[0], b32, variablePick(c, a, b, control, true));
    const low = em.bin("and", "i32", control, em.i32(3));
    let selector = em.i32(table[0]);
    for (let i = 1; i < 4; i++) selector = em.select(em.icmp("eq", low, em.i32(i)), em.i32(table[i]!), selector);
    c.dst(ops[0], b32, variablePick(c, a, b, selector, false));
  };
};

/** Rows of byte permutation. */
export const permuteRows: readonly Row[] = [
  { op: "prmt", types: ["b32"], operands: 4, mode: "pure", make: prmt },
  ...Object.keys(modes).map((mode): Row => ({ op: "prmt", types: ["b32"], needs: mode, operands: 4, mode: "pure", make: prmt })),
];

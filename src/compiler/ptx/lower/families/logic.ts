import type { ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import { BITS, type Lower, type Row } from "../rows.ts";
import { unary } from "./integer.ts";

/** Logic and shifts (PTX ISA 9.7.8). */

/** and, or, xor: predicates too, with `!p` allowed. */
const bitwise = (op: "and" | "or" | "xor") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  if (type.kind === "pred") return (c, ops) => c.dstPred(ops[0], c.em.bin(op, "i1", c.pred(ops[1]), c.pred(ops[2])));
  return (c, ops) => c.dst(ops[0], type, c.em.bin(op, type.ir!, c.src(ops[1], type), c.src(ops[2], type)));
};

const complement = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  if (type.kind === "pred") return (c, ops) => c.dstPred(ops[0], c.em.not(c.pred(ops[1])));
  return (c, ops) => c.dst(ops[0], type, c.em.not(c.src(ops[1], type)));
};

/** cnot: 1 for 0, 0 for the rest. */
const cnot = (c: FnLowering, type: PtxType, a: ValueId): ValueId => {
  const ir = type.ir!;
  return c.em.zext(c.em.icmp("eq", a, c.em.int(ir, 0)), ir);
};

/** Coefficients of a three-input function's algebraic normal form: bit i stands for the product of the inputs in i. */
function normalForm(lut: number): number {
  let anf = 0;
  for (let term = 0; term < 8; term++) {
    let parity = 0;
    // Input a is bit 2 of the table's index (0xF0), b bit 1 (0xCC), c bit 0 (0xAA).
    for (let row = 0; row < 8; row++) if ((row & term) === row) parity ^= (lut >> row) & 1;
    anf |= parity << term;
  }
  return anf;
}

/** The function that an immLut byte describes, as an exclusive or of conjunctions. */
function lookUp(c: FnLowering, lut: number, a: ValueId, b: ValueId, d: ValueId): ValueId {
  const { em } = c;
  const anf = normalForm(lut);
  let result: ValueId | null = (anf & 1) === 1 ? em.i32(-1) : null;
  for (let term = 1; term < 8; term++) {
    if (((anf >> term) & 1) === 0) continue;
    let product: ValueId | null = null;
    for (const [bit, v] of [[4, a], [2, b], [1, d]] as const) {
      if ((term & bit) !== 0) product = product === null ? v : em.bin("and", "i32", product, v);
    }
    result = result === null ? product! : em.bin("xor", "i32", result, product!);
  }
  return result ?? em.i32(0);
}

const b32 = ptxType("b32");

const lop3 = (m: Mnemonic): Lower => {
  const combine = m.mods[0] as "and" | "or" | undefined;
  return (c, ops) => {
    if (combine !== undefined && ops.length !== 6) c.fail("six operands are wanted");
    const lut = ops[4];
    if (lut === undefined || lut.kind !== "int" || lut.value < 0 || lut.value > 255) return c.fail("immLut must be a constant from 0 to 255");
    const result = lookUp(c, Number(lut.value), c.src(ops[1], b32), c.src(ops[2], b32), c.src(ops[3], b32));
    const d = ops[0];
    if (combine === undefined) return c.dst(d, b32, result);
    if (d === undefined || d.kind !== "pair") return c.fail("two destinations d|p are wanted");
    const { em } = c;
    const p = em.bin(combine, "i1", em.icmp("ne", result, em.i32(0)), c.pred(ops[5]));
    c.dst(d.a, b32, result);
    c.dstPred(d.b, p);
  };
};

/** Shifts clamp their amount to the width (the IR's take it modulo the width). */
const shift = (left: boolean) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const ir = type.ir!;
  const { bits } = type;
  const op = left ? "shl" : type.kind === "s" ? "ashr" : "lshr";
  return (c, ops) => {
    const { em } = c;
    const a = c.src(ops[1], type);
    const literal = c.literal(ops[2]);
    const amount = literal === undefined ? c.u32(ops[2]) : -1;
    const fit = (v: ValueId): ValueId => (ir === "i64" ? em.zext(v, "i64") : em.trunc(v, ir));
    const known = literal ?? em.known(amount);
    let result: ValueId;
    if (known !== undefined) {
      const n = Number(known) >>> 0;
      result = n === 0 ? a : n < bits ? em.bin(op, ir, a, em.int(ir, n)) : op === "ashr" ? em.bin(op, ir, a, em.int(ir, bits - 1)) : em.int(ir, 0);
    } else if (op === "ashr") result = em.bin(op, ir, a, fit(em.bin("min.u", "i32", amount, em.i32(bits - 1))));
    else result = em.select(em.icmp("lt.u", amount, em.i32(bits)), em.bin(op, ir, a, fit(amount)), em.int(ir, 0));
    c.dst(ops[0], type, result);
  };
};

/** shf: 32 bits out of the 64 bits b:a, shifted. */
const funnel = (left: boolean, wrap: boolean) => (): Lower => (c, ops) => {
  const { em } = c;
  const a = c.src(ops[1], b32);
  const b = c.src(ops[2], b32);
  const amount = c.u32(ops[3]);
  // The same word twice is a rotation.
  if (a === b && wrap) return c.dst(ops[0], b32, em.bin("rotl", "i32", a, left ? amount : em.un("neg", "i32", amount)));
  const n = em.zext(wrap ? em.bin("and", "i32", amount, em.i32(31)) : em.bin("min.u", "i32", amount, em.i32(32)), "i64");
  const both = em.bin("or", "i64", em.zext(a, "i64"), em.bin("shl", "i64", em.zext(b, "i64"), em.int("i64", 32)));
  const result = left ? em.bin("lshr", "i64", em.bin("shl", "i64", both, n), em.int("i64", 32)) : em.bin("lshr", "i64", both, n);
  c.dst(ops[0], b32, em.trunc(result, "i32"));
};

/** Rows of logic and shifts. */
export const logicRows: readonly Row[] = [
  ...(["and", "or", "xor"] as const).map((op): Row => ({ op, types: [`pred ${BITS}`], operands: 3, mode: "pure", make: bitwise(op) })),
  { op: "not", types: [`pred ${BITS}`], operands: 2, mode: "pure", make: complement },
  { op: "cnot", types: [BITS], operands: 2, mode: "pure", make: unary(cnot) },
  { op: "lop3", types: ["b32"], operands: 5, mode: "pure", make: lop3 },
  { op: "lop3", types: ["b32"], needs: "or", operands: 6, mode: "pure", make: lop3 },
  { op: "lop3", types: ["b32"], needs: "and", operands: 6, mode: "pure", make: lop3 },
  { op: "shl", types: [BITS], operands: 3, mode: "pure", make: shift(true) },
  { op: "shr", types: [`${BITS} u16 u32 u64 s16 s32 s64`], operands: 3, mode: "pure", make: shift(false) },
  ...([["l", "wrap"], ["l", "clamp"], ["r", "wrap"], ["r", "clamp"]] as const).map(([side, mode]): Row => ({
    op: "shf", types: ["b32"], needs: `${side} ${mode}`, operands: 4, mode: "pure", make: funnel(side === "l", mode === "wrap"),
  })),
];

import type { ValueId } from "../../../ir/ops.ts";
import type { Type } from "../../../ir/types.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { unary } from "./integer.ts";

/** Bit counting, finding and fields (PTX ISA 9.7.1). */

const u32 = ptxType("u32");

/** popc, clz: the result is 32 bits wide. */
const counting = (op: "popc" | "clz") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => c.dst(ops[0], u32, c.em.trunc(c.em.un(op, type.ir!, c.src(ops[1], type)), "i32"));
};

/** Position of the highest bit that is not the sign, all ones when there is none. */
const bfind = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const ir = type.ir!;
  const shiftAmount = m.mods.includes("shiftamt");
  return (c, ops) => {
    const { em } = c;
    let a = c.src(ops[1], type);
    if (type.kind === "s") a = em.bin("xor", ir, a, em.bin("ashr", ir, a, em.int(ir, type.bits - 1)));
    const zeros = em.trunc(em.un("clz", ir, a), "i32");
    const none = em.i32(type.bits);
    const result = shiftAmount ? em.select(em.icmp("eq", zeros, none), em.i32(-1), zeros) : em.bin("sub", "i32", em.i32(type.bits - 1), zeros);
    c.dst(ops[0], u32, result);
  };
};

/** Low 8 bits of a position or length operand. */
function byteOf(c: FnLowering, v: ValueId): ValueId {
  const known = c.em.known(v);
  return known === undefined ? c.em.bin("and", "i32", v, c.em.i32(255)) : c.em.i32(Number(known) & 255);
}

/** `value` when the i32 `amount` is below the width, else `otherwise`; decided now when the amount is known. */
function inWidth(c: FnLowering, amount: ValueId, width: number, value: () => ValueId, otherwise: () => ValueId): ValueId {
  const known = c.em.known(amount);
  if (known !== undefined) return Number(known) >>> 0 < width ? value() : otherwise();
  return c.em.select(c.em.icmp("lt.u", amount, c.em.i32(width)), value(), otherwise());
}

/** An i32 amount in the type that is shifted. */
function asAmount(c: FnLowering, amount: ValueId, ir: Type): ValueId {
  return ir === "i64" ? c.em.zext(amount, "i64") : c.em.trunc(amount, ir);
}

/** `len` ones: all of them from the width on. */
function ones(c: FnLowering, len: ValueId, type: PtxType): ValueId {
  const { em } = c;
  const ir = type.ir!;
  return inWidth(c, len, type.bits, () => em.bin("sub", ir, em.bin("shl", ir, em.int(ir, 1), asAmount(c, len, ir)), em.int(ir, 1)), () => em.int(ir, -1));
}

/** Position or length of a field: constants have eight bits. */
function eightBits(c: FnLowering, op: Operand | undefined): ValueId {
  const known = c.literal(op);
  if (known !== undefined && known > 255) c.fail("a constant position or length is one of 0 to 255");
  return byteOf(c, c.u32(op));
}

/** bfe: `len` bits from `pos` on; signed ones repeat the field's top bit, or the operand's where the field goes beyond it. */
const bfe = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const ir = type.ir!;
  const { bits } = type;
  return (c, ops) => {
    const { em } = c;
    const a = c.src(ops[1], type);
    const pos = eightBits(c, ops[2]);
    const len = eightBits(c, ops[3]);
    if (type.kind === "u") {
      const moved = inWidth(c, pos, bits, () => em.bin("lshr", ir, a, asAmount(c, pos, ir)), () => em.int(ir, 0));
      c.dst(ops[0], type, em.bin("and", ir, moved, ones(c, len, type)));
      return;
    }
    const limited = inWidth(c, pos, bits, () => pos, () => em.i32(bits - 1));
    const moved = em.bin("ashr", ir, a, asAmount(c, limited, ir));
    // Up and down again by width - len; a length of 0 gives 0, of the width or more everything.
    const field = inWidth(c, len, bits, () => {
      const up = asAmount(c, em.bin("sub", "i32", em.i32(bits), len), ir);
      const kept = em.bin("ashr", ir, em.bin("shl", ir, moved, up), up);
      const known = em.known(len);
      if (known !== undefined) return known === 0 ? em.int(ir, 0) : kept;
      return em.select(em.icmp("eq", len, em.i32(0)), em.int(ir, 0), kept);
    }, () => moved);
    c.dst(ops[0], type, field);
  };
};

/** bfi d, a, b, pos, len: b with `len` bits from `pos` on replaced by a's low bits. */
const bfi = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const ir = type.ir!;
  return (c, ops) => {
    const { em } = c;
    const a = c.src(ops[1], type);
    const b = c.src(ops[2], type);
    const pos = eightBits(c, ops[3]);
    const len = eightBits(c, ops[4]);
    const amount = asAmount(c, pos, ir);
    const mask = inWidth(c, pos, type.bits, () => em.bin("shl", ir, ones(c, len, type), amount), () => em.int(ir, 0));
    const field = em.bin("and", ir, em.bin("shl", ir, a, amount), mask);
    c.dst(ops[0], type, em.bin("or", ir, em.bin("and", ir, b, em.not(mask)), field));
  };
};

/** Clamped or wrapped (modulo 32) amount. */
function limit(c: FnLowering, v: ValueId, wrap: boolean): ValueId {
  const { em } = c;
  return wrap ? em.bin("and", "i32", v, em.i32(31)) : em.bin("min.u", "i32", v, em.i32(32));
}

/** bmsk d, pos, len: `len` ones from `pos` on. */
const bmsk = (m: Mnemonic): Lower => {
  const wrap = m.mods.includes("wrap");
  return (c, ops) => {
    const { em } = c;
    const pos = limit(c, c.u32(ops[1]), wrap);
    const len = limit(c, c.u32(ops[2]), wrap);
    const moved = inWidth(c, pos, 32, () => em.bin("shl", "i32", ones(c, len, u32), pos), () => em.i32(0));
    c.dst(ops[0], ptxType("b32"), moved);
  };
};

/** szext d, a, n: a's low n bits, extended by sign or zero. */
const szext = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const wrap = m.mods.includes("wrap");
  return (c, ops) => {
    const { em } = c;
    const a = c.src(ops[1], type);
    const n = limit(c, c.u32(ops[2]), wrap);
    const up = em.bin("sub", "i32", em.i32(32), n);
    const moved = em.bin(type.kind === "s" ? "ashr" : "lshr", "i32", em.bin("shl", "i32", a, up), up);
    // n = 0 means a shift by 32, which shifts cannot do.
    c.dst(ops[0], type, em.select(em.icmp("eq", n, em.i32(0)), em.i32(0), moved));
  };
};

/** fns d, mask, base, offset: the offset-th set bit from `base` on (down when negative, `base` itself for 0); all ones if none. */
const fns: Lower = (c, ops) => {
  const { em } = c;
  const mask = c.u32(ops[1]);
  const base = c.u32(ops[2]);
  const offset = c.u32(ops[3]);
  const step = em.select(em.icmp("lt.s", offset, em.i32(0)), em.i32(-1), em.i32(1));
  // |offset| - 1 bits are passed over; offset 0 looks at one place only, as if it were the first of one step.
  const zero = em.icmp("eq", offset, em.i32(0));
  const passed = em.select(zero, em.i32(0), em.bin("sub", "i32", em.bin("max.s", "i32", offset, em.un("neg", "i32", offset)), em.i32(1)));
  const before = em.block;
  const head = em.newBlock("fns");
  const look = em.newBlock("fns.look");
  const skip = em.newBlock("fns.next");
  const done = em.newBlock("fns.done");
  em.br(head);
  em.at(head);
  const pos = em.value("i32");
  const left = em.value("i32");
  const nextPos = em.value("i32");
  const nextLeft = em.value("i32");
  em.push({ op: "phi", dst: pos, from: [[before, base], [skip, nextPos]], line: em.line });
  em.push({ op: "phi", dst: left, from: [[before, passed], [skip, nextLeft]], line: em.line });
  em.condbr(em.icmp("lt.u", pos, em.i32(32)), look, done);
  em.at(look);
  const set = em.icmp("ne", em.bin("and", "i32", em.bin("lshr", "i32", mask, pos), em.i32(1)), em.i32(0));
  const here = em.bin("and", "i1", set, em.icmp("eq", left, em.i32(0)));
  const stop = em.bin("or", "i1", here, zero);
  const found = em.select(here, pos, em.i32(-1));
  const rest = em.select(set, em.bin("sub", "i32", left, em.i32(1)), left);
  em.condbr(stop, done, skip);
  em.at(skip);
  em.push({ op: "add", dst: nextPos, a: pos, b: step, line: em.line });
  em.push({ op: "copy", dst: nextLeft, a: rest, line: em.line });
  em.br(head);
  em.at(done);
  const none = em.value("i32");
  const result = em.phi("i32", [[head, none], [look, found]]);
  em.atEntry({ op: "const", dst: none, value: -1 });
  c.dst(ops[0], ptxType("b32"), result);
};

const B = "b32 b64";
const WORDS = "u32 u64 s32 s64";

/** Rows of bit counting, finding and fields. */
export const bitRows: readonly Row[] = [
  { op: "popc", types: [B], operands: 2, mode: "pure", make: counting("popc") },
  { op: "clz", types: [B], operands: 2, mode: "pure", make: counting("clz") },
  { op: "brev", types: [B], operands: 2, mode: "pure", make: unary((c, type, a) => c.em.un("brev", type.ir!, a)) },
  { op: "bfind", types: [WORDS], mods: "shiftamt", operands: 2, mode: "pure", make: bfind },
  { op: "bfe", types: [WORDS], operands: 4, mode: "pure", make: bfe },
  { op: "bfi", types: [B], operands: 5, mode: "pure", make: bfi },
  { op: "bmsk", types: ["b32"], needs: "clamp", operands: 3, mode: "pure", make: bmsk },
  { op: "bmsk", types: ["b32"], needs: "wrap", operands: 3, mode: "pure", make: bmsk },
  { op: "szext", types: ["u32 s32"], needs: "clamp", operands: 3, mode: "pure", make: szext },
  { op: "szext", types: ["u32 s32"], needs: "wrap", operands: 3, mode: "pure", make: szext },
  { op: "fns", types: ["b32"], operands: 4, mode: "pure", make: () => fns },
];

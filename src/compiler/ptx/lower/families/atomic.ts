import type { AtomicOp, ValueId } from "../../../ir/ops.ts";
import type { Mem, Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import type { PtxType } from "../../types.ts";
import type { Ordering } from "../emitter.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { orderingOf, scopeOf, spaceOf, SPACE_MODS, vectorOf } from "./memory.ts";
import { halfArithmetic } from "./half.ts";

/** atom and red (PTX ISA 9.7.13). */

/** Order and scope; relaxed and of the device without any. */
function ordering(m: Mnemonic): Ordering {
  return orderingOf(m) ?? { order: "relaxed", scope: scopeOf(m, "device") };
}

/** `red` has no destination: its operands begin with the address. */
function destination(m: Mnemonic, ops: readonly Operand[]): { readonly d: Operand | null; readonly rest: readonly Operand[] } {
  return m.op === "red" ? { d: null, rest: ops } : { d: ops[0]!, rest: ops.slice(1) };
}

/** One IR atomic on the element at `mem`; gives the old value. */
function update(c: FnLowering, m: Mnemonic, op: AtomicOp, mem: Mem, value: ValueId): ValueId {
  const { em } = c;
  const { addr, offset, space } = c.address(mem, spaceOf(m));
  const dst = em.value(em.types[value]!);
  em.push({ op: "atomic", dst, rmw: op, space, addr, offset, value, ...ordering(m), line: em.line });
  return dst;
}

const rmw = (op: AtomicOp) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    const { d, rest } = destination(m, ops);
    const old = update(c, m, op, c.mem(rest[0]), c.src(rest[1], type));
    if (d !== null) c.dst(d, type, old);
  };
};

/** Operations whose IR name depends on the type's sign. */
const signedRmw = (op: "min" | "max") => (m: Mnemonic): Lower => rmw(`${op}.${m.types[0]!.kind === "s" ? "s" : "u"}`)(m);

const cas = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const order = ordering(m);
  const wanted = spaceOf(m);
  return (c, ops) => {
    const { d, rest } = destination(m, ops);
    const { em } = c;
    const { addr, offset, space } = c.address(c.mem(rest[0]), wanted);
    const expected = c.src(rest[1], type);
    const value = c.src(rest[2], type);
    const dst = em.value(type.ir!);
    em.push({ op: "cmpxchg", dst, space, addr, offset, expected, value, ...order, line: em.line });
    if (d !== null) c.dst(d, type, dst);
  };
};

/**
 * Replaces the 32-bit word that holds the operand until nobody came in between. `field` tells where in the word the operand
 * lies (shift in bits); `next` computes the new operand from the old. Gives the old operand.
 */
function casLoop(c: FnLowering, m: Mnemonic, mem: Mem, type: PtxType, next: (old: ValueId) => ValueId): ValueId {
  return casAt(c, c.address(mem, spaceOf(m)), ordering(m), type, next);
}

/** The same for an address that is known already. */
export function casAt(c: FnLowering, place: ReturnType<FnLowering["address"]>, order: Ordering, type: PtxType, next: (old: ValueId) => ValueId): ValueId {
  const { em } = c;
  const { space } = place;
  const ir = type.ir!;
  const narrow = type.bits < 32;
  let addr = place.addr;
  let shift: ValueId | null = null;
  if (narrow) {
    const whole = place.offset === 0 ? addr : em.bin("add", "i64", addr, em.int("i64", place.offset));
    addr = em.bin("and", "i64", whole, em.int("i64", -4));
    shift = em.bin("shl", "i32", em.bin("and", "i32", em.trunc(whole, "i32"), em.i32(3)), em.i32(3));
  }
  const offset = narrow ? 0 : place.offset;
  const [first] = em.load(["i32"], space, addr, offset, 4, false, { order: "relaxed", scope: order.scope });
  const before = em.block;
  const head = em.newBlock("cas");
  const done = em.newBlock("cas.done");
  em.br(head);
  em.at(head);
  const got = em.value("i32");
  const current = em.value("i32");
  em.push({ op: "phi", dst: current, from: [[before, first!], [head, got]], line: em.line });
  const old = shift === null ? current : em.trunc(em.bin("lshr", "i32", current, shift), ir);
  const fresh = em.zext(next(old), "i32");
  let word = fresh;
  if (shift !== null) {
    const hole = em.not(em.bin("shl", "i32", em.i32(0xffff), shift));
    word = em.bin("or", "i32", em.bin("and", "i32", current, hole), em.bin("shl", "i32", fresh, shift));
  }
  em.push({ op: "cmpxchg", dst: got, space, addr, offset, expected: current, value: word, ...order, line: em.line });
  em.condbr(em.icmp("eq", got, current), done, head);
  em.at(done);
  return old;
}

/** atom.cas.b16, atom.exch.b16: on the word around the operand. */
const narrowSwap = (compare: boolean) => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    const { d, rest } = destination(m, ops);
    const expected = compare ? c.src(rest[1], type) : null;
    const value = c.src(rest[compare ? 2 : 1], type);
    const old = casLoop(c, m, c.mem(rest[0]), type, (v) => (expected === null ? value : c.em.select(c.em.icmp("eq", v, expected), value, v)));
    if (d !== null) c.dst(d, type, old);
  };
};

/** Atomic arithmetic on sixteen-bit floats and pairs of them. */
const halfRmw = (op: "add" | "min" | "max") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    const { d, rest } = destination(m, ops);
    const value = c.src(rest[1], type);
    const old = casLoop(c, m, c.mem(rest[0]), type, (v) => halfArithmetic(c, type, op, v, value));
    if (d !== null) c.dst(d, type, old);
  };
};

/** Vector atomics (sm_90): each element is atomic by itself. */
const vector = (op: "add" | "min" | "max") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const n = vectorOf(m);
  return (c, ops) => {
    const { d, rest } = destination(m, ops);
    const mem = c.mem(rest[0]);
    const values = c.items(rest[1], n).map((item) => c.src(item, type));
    const old = values.map((value, i) => {
      const at: Mem = { kind: "mem", base: mem.base, offset: mem.offset + (i * type.bits) / 8 };
      return type.kind === "f" ? update(c, m, "fadd", at, value) : casLoop(c, m, at, type, (v) => halfArithmetic(c, type, op, v, value));
    });
    if (d !== null) c.items(d, n).forEach((item, i) => c.dst(item, type, old[i]!));
  };
};

const MODS = `relaxed acquire release acq_rel cta cluster gpu sys ${SPACE_MODS} noftz`;

function rows(op: string, types: string, operands: number, make: Row["make"]): Row[] {
  return ["atom", "red"].map((name): Row => ({
    op: name, types: [types], needs: op, mods: MODS, hints: true, operands: [operands - (name === "red" ? 1 : 0), operands + (name === "red" ? 0 : 1)], mode: "effect", make,
  }));
}

/** Rows of atomic operations. */
export const atomicRows: readonly Row[] = [
  ...(["and", "or", "xor"] as const).flatMap((op) => rows(op, "b32 b64", 3, rmw(op))),
  ...rows("exch", "b32 b64", 3, rmw("xchg")),
  ...rows("cas", "b32 b64", 4, cas),
  ...rows("cas", "b16", 4, narrowSwap(true)),
  ...rows("exch", "b16", 3, narrowSwap(false)),
  ...rows("add", "u32 s32 u64 s64", 3, rmw("add")),
  ...rows("add", "f32 f64", 3, rmw("fadd")),
  ...rows("add", "f16 f16x2 bf16 bf16x2", 3, halfRmw("add")),
  ...(["min", "max"] as const).flatMap((op) => [...rows(op, "u32 s32 u64 s64", 3, signedRmw(op)), ...rows(op, "f16 f16x2 bf16 bf16x2", 3, halfRmw(op))]),
  ...["v2", "v4", "v8"].flatMap((v) => [
    ...rows(`add ${v}`, v === "v8" ? "f16 bf16" : "f32 f16 f16x2 bf16 bf16x2", 3, vector("add")),
    ...(["min", "max"] as const).flatMap((op) => rows(`${op} ${v}`, "f16 f16x2 bf16 bf16x2", 3, vector(op))),
  ]),
  ...rows("inc", "u32", 3, rmw("inc")),
  ...rows("dec", "u32", 3, rmw("dec")),
];

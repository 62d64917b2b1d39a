import type { AtomicOp, ValueId } from "../ir/ops.ts";
import type { LInstr } from "./ast.ts";
import type { FnLowering } from "./context.ts";
import { elementLeaf } from "./flat.ts";
import { orderOf, scopeOf } from "./memory.ts";
import { showType } from "./types.ts";

const OPS: Readonly<Record<string, AtomicOp>> = {
  xchg: "xchg", add: "add", sub: "sub", and: "and", or: "or", xor: "xor", max: "max.s", min: "min.s", umax: "max.u", umin: "min.u",
  fadd: "fadd", fmax: "fmax", fmin: "fmin", uinc_wrap: "inc", udec_wrap: "dec",
};

/** atomicrmw: the old value. */
export function lowerAtomicRmw(fx: FnLowering, i: LInstr & { op: "atomicrmw" }): readonly ValueId[] {
  const leaf = elementLeaf(i.type);
  const { type } = leaf;
  if (leaf.kind === "half" || leaf.kind === "bfloat" || type === "i1" || type === "i8" || type === "i16" || leaf.bits < 32) return fx.fail(`atomicrmw on ${showType(i.type)}`);
  const pointer = fx.pointer(i.ptr);
  const order = orderOf(fx, i.order);
  const scope = scopeOf(fx, i.scope);
  let value = fx.one(i.value);
  let what = i.what;
  if (what === "fsub") {
    what = "fadd";
    value = fx.k.neg(value);
  }
  const rmw = OPS[what] ?? fx.fail(`atomicrmw ${i.what}`);
  return [fx.b.def(type, { op: "atomic", rmw, space: pointer.space, addr: pointer.base, offset: pointer.offset, value, order, scope })];
}

/** The old value, and whether it was the expected one. */
export function lowerCmpxchg(fx: FnLowering, i: LInstr & { op: "cmpxchg" }): readonly ValueId[] {
  const { type } = elementLeaf(i.value.type);
  if (type !== "i32" && type !== "i64") return fx.fail(`cmpxchg on ${showType(i.value.type)}`);
  const pointer = fx.pointer(i.ptr);
  const expected = fx.one(i.expected);
  const old = fx.b.def(type, {
    op: "cmpxchg", space: pointer.space, addr: pointer.base, offset: pointer.offset, expected, value: fx.one(i.value),
    order: orderOf(fx, i.order), scope: scopeOf(fx, i.scope),
  });
  return [old, fx.k.icmp("eq", old, expected)];
}

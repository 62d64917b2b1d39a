import { bitsOf } from "../../ir/types.ts";
import { Code } from "../asm/code.ts";
import { I32, I64, op } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";
import type { Emitter } from "./emitter.ts";

/** Integer arithmetic. Narrow integers are computed in i32 and cut to their width. */

const direct: Readonly<Record<string, readonly [i32: number, i64: number, cut: boolean]>> = {
  add: [op.i32_add, op.i64_add, true], sub: [op.i32_sub, op.i64_sub, true], mul: [op.i32_mul, op.i64_mul, true],
  and: [op.i32_and, op.i64_and, false], or: [op.i32_or, op.i64_or, false], xor: [op.i32_xor, op.i64_xor, false],
};

/** Comparisons by predicate. */
export const compares: Readonly<Record<string, readonly [i32: number, i64: number]>> = {
  eq: [op.i32_eq, op.i64_eq], ne: [op.i32_ne, op.i64_ne],
  "lt.s": [op.i32_lt_s, op.i64_lt_s], "le.s": [op.i32_le_s, op.i64_le_s], "gt.s": [op.i32_gt_s, op.i64_gt_s], "ge.s": [op.i32_ge_s, op.i64_ge_s],
  "lt.u": [op.i32_lt_u, op.i64_lt_u], "le.u": [op.i32_le_u, op.i64_le_u], "gt.u": [op.i32_gt_u, op.i64_gt_u], "ge.u": [op.i32_ge_u, op.i64_ge_u],
};

/** The instruction that compares by an `icmp`'s predicate. */
export function compareCode(predicate: string, wide: boolean): number {
  return compares[predicate]![wide ? 1 : 0]!;
}

/** Pushes the result of an integer operation; false when the node is none. */
export function writeInteger(e: Emitter, node: Node): boolean {
  const { code } = e;
  const [a, b] = node.args as [Node, Node];
  const plain = direct[node.op];
  if (plain !== undefined) {
    e.value(a);
    e.value(b);
    code.op(node.type === "i64" ? plain[1] : plain[0]);
    if (plain[2] && node.type !== "i64") e.maskTo(node.type!);
    return true;
  }
  const wide = node.type === "i64";
  switch (node.op) {
    case "icmp": {
      const compare = compares[node.attr]!;
      if (b.op === "const" && BigInt(b.imm) === 0n && node.attr === "eq") {
        e.value(a);
        code.op(a.type === "i64" ? op.i64_eqz : op.i32_eqz);
        return true;
      }
      const signed = node.attr.endsWith(".s");
      for (const side of [a, b]) {
        if (signed) e.signedValue(side);
        else e.value(side);
      }
      code.op(a.type === "i64" ? compare[1] : compare[0]);
      return true;
    }
    case "shl": case "lshr": case "ashr":
      if (node.op === "ashr") e.signedValue(a);
      else e.value(a);
      e.value(b);
      if (bitsOf[node.type!] < 32) code.i32(bitsOf[node.type!] - 1).op(op.i32_and);
      code.op(node.op === "shl" ? (wide ? op.i64_shl : op.i32_shl) : node.op === "lshr" ? (wide ? op.i64_shr_u : op.i32_shr_u) : wide ? op.i64_shr_s : op.i32_shr_s);
      if (node.op !== "lshr" && !wide) e.maskTo(node.type!);
      return true;
    case "rotl":
      return rotate(e, node, a, b);
    case "min.s": case "max.s": case "min.u": case "max.u":
      return pick(e, node, a, b);
    case "div.s": case "div.u": case "rem.s": case "rem.u":
      return divide(e, node, a, b);
    case "mulhi.s": case "mulhi.u":
      return multiplyHigh(e, node, a, b);
    case "not":
      e.value(a);
      if (wide) code.i64(-1n).op(op.i64_xor);
      else {
        code.i32(-1).op(op.i32_xor);
        e.maskTo(node.type!);
      }
      return true;
    case "neg":
      if (wide) code.i64(0n);
      else code.i32(0);
      e.value(a);
      code.op(wide ? op.i64_sub : op.i32_sub);
      if (!wide) e.maskTo(node.type!);
      return true;
    case "popc":
      e.value(a);
      code.op(wide ? op.i64_popcnt : op.i32_popcnt);
      // A narrow count always fits, except that an i1 counts to 1.
      return true;
    case "clz":
      e.value(a);
      code.op(wide ? op.i64_clz : op.i32_clz);
      if (bitsOf[node.type!] < 32) {
        code.i32(32 - bitsOf[node.type!]).op(op.i32_sub);
        e.maskTo(node.type!);
      }
      return true;
    case "ctz":
      e.value(a);
      if (bitsOf[node.type!] < 32) code.i32(1 << bitsOf[node.type!]).op(op.i32_or);
      code.op(wide ? op.i64_ctz : op.i32_ctz);
      if (node.type === "i1") e.maskTo("i1");
      return true;
    case "brev":
      return reverse(e, node, a);
    default:
      return false;
  }
}

function rotate(e: Emitter, node: Node, a: Node, b: Node): boolean {
  const { code } = e;
  const bits = bitsOf[node.type!];
  if (bits >= 32) {
    e.value(a);
    e.value(b);
    code.op(bits === 64 ? op.i64_rotl : op.i32_rotl);
    return true;
  }
  e.temp(I32, (x) => e.temp(I32, (n) => {
    e.value(b);
    code.i32(bits - 1).op(op.i32_and).set(n);
    e.value(a);
    code.tee(x).get(n).op(op.i32_shl);
    code.get(x).i32(bits).get(n).op(op.i32_sub, op.i32_shr_u, op.i32_or);
    e.maskTo(node.type!);
  }));
  return true;
}

function pick(e: Emitter, node: Node, a: Node, b: Node): boolean {
  const { code } = e;
  const type = e.wasm(node.type!);
  const signed = node.op.endsWith(".s");
  const less = node.op.startsWith("min");
  e.temp(type, (x) => e.temp(type, (y) => {
    if (signed) e.signedValue(a);
    else e.value(a);
    code.set(x);
    if (signed) e.signedValue(b);
    else e.value(b);
    code.set(y);
    code.get(x).get(y).get(x).get(y);
    const [narrow, wide] = compares[`${less ? "lt" : "gt"}.${signed ? "s" : "u"}`]!;
    code.op(node.type === "i64" ? wide : narrow, op.select);
    if (signed && node.type !== "i64") e.maskTo(node.type!);
  }));
  return true;
}

/** Division that never traps: by zero all bits set (quotient) or the dividend (remainder); the smallest by -1 is itself, remainder 0. */
function divide(e: Emitter, node: Node, a: Node, b: Node): boolean {
  const { code } = e;
  const wide = node.type === "i64";
  const type = wide ? I64 : I32;
  const signed = node.op.endsWith(".s");
  const quotient = node.op.startsWith("div");
  const zero = (): Code => (wide ? code.i64(0n) : code.i32(0));
  const minusOne = (): Code => (wide ? code.i64(-1n) : code.i32(-1));
  const instruction = quotient
    ? (signed ? (wide ? op.i64_div_s : op.i32_div_s) : wide ? op.i64_div_u : op.i32_div_u)
    : signed ? (wide ? op.i64_rem_s : op.i32_rem_s) : wide ? op.i64_rem_u : op.i32_rem_u;
  const known = b.op === "const" ? BigInt.asIntN(bitsOf[b.type!], BigInt(b.imm)) : 0n;
  if (known !== 0n && !(signed && known === -1n)) {
    for (const side of [a, b]) {
      if (signed) e.signedValue(side);
      else e.value(side);
    }
    code.op(instruction);
    if (!wide && signed) e.maskTo(node.type!);
    return true;
  }
  e.temp(type, (x) => e.temp(type, (y) => {
    if (signed) e.signedValue(a);
    else e.value(a);
    code.set(x);
    if (signed) e.signedValue(b);
    else e.value(b);
    code.tee(y).op(wide ? op.i64_eqz : op.i32_eqz).if(type);
    if (quotient) minusOne();
    else code.get(x);
    code.else();
    if (signed && quotient) {
      // x / -1 = -x, which wraps where the instruction would trap.
      code.get(y);
      minusOne().op(wide ? op.i64_eq : op.i32_eq).if(type);
      zero().get(x).op(wide ? op.i64_sub : op.i32_sub);
      code.else().get(x).get(y).op(instruction).end();
    } else code.get(x).get(y).op(instruction);
    code.end();
    if (!wide) e.maskTo(node.type!);
  }));
  return true;
}

function multiplyHigh(e: Emitter, node: Node, a: Node, b: Node): boolean {
  const { code } = e;
  const signed = node.op === "mulhi.s";
  if (node.type === "i64") {
    e.value(a);
    e.value(b);
    code.call(e.helpers.get(node.op, [I64, I64], [I64], () => highProduct(signed)));
    return true;
  }
  const bits = bitsOf[node.type!];
  for (const side of [a, b]) {
    if (signed) e.signedValue(side);
    else e.value(side);
    code.op(signed ? op.i64_extend_i32_s : op.i64_extend_i32_u);
  }
  code.op(op.i64_mul).i64(BigInt(bits)).op(op.i64_shr_s, op.i32_wrap_i64);
  e.maskTo(node.type!);
  return true;
}

/** High 64 bits of a product, from four products of halves. */
function highProduct(signed: boolean): Code {
  const code = new Code(2);
  const [a, b] = [0, 1];
  const low = code.local(I64);
  const mid = code.local(I64);
  const half = 0xffff_ffffn;
  const lo = (x: number): Code => code.get(x).i64(half).op(op.i64_and);
  const hi = (x: number): Code => code.get(x).i64(32n).op(op.i64_shr_u);
  lo(a);
  lo(b).op(op.i64_mul).i64(32n).op(op.i64_shr_u).set(low);
  hi(a);
  lo(b).op(op.i64_mul).get(low).op(op.i64_add).set(mid);
  // mid = hi(a)*lo(b) + carry; low = lo(a)*hi(b) + low half of mid.
  lo(a);
  hi(b).op(op.i64_mul);
  lo(mid).op(op.i64_add).set(low);
  hi(a);
  hi(b).op(op.i64_mul);
  hi(mid).op(op.i64_add);
  hi(low).op(op.i64_add);
  if (signed) {
    code.get(a).i64(63n).op(op.i64_shr_s).get(b).op(op.i64_and, op.i64_sub);
    code.get(b).i64(63n).op(op.i64_shr_s).get(a).op(op.i64_and, op.i64_sub);
  }
  return code;
}

function reverse(e: Emitter, node: Node, a: Node): boolean {
  const { code } = e;
  const bits = bitsOf[node.type!];
  e.value(a);
  if (bits === 64) {
    code.call(e.helpers.get("brev64", [I64], [I64], reverse64));
    return true;
  }
  code.op(op.i64_extend_i32_u).call(e.helpers.get("brev64", [I64], [I64], reverse64));
  code.i64(BigInt(64 - bits)).op(op.i64_shr_u, op.i32_wrap_i64);
  return true;
}

function reverse64(): Code {
  const code = new Code(1);
  const masks: readonly [bigint, bigint][] = [
    [1n, 0x5555_5555_5555_5555n], [2n, 0x3333_3333_3333_3333n], [4n, 0x0f0f_0f0f_0f0f_0f0fn], [8n, 0x00ff_00ff_00ff_00ffn], [16n, 0x0000_ffff_0000_ffffn],
  ];
  for (const [shift, mask] of masks) {
    code.get(0).i64(shift).op(op.i64_shr_u).i64(mask).op(op.i64_and);
    code.get(0).i64(mask).op(op.i64_and).i64(shift).op(op.i64_shl, op.i64_or).set(0);
  }
  return code.get(0).i64(32n).op(op.i64_rotl);
}

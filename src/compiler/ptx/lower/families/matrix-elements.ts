import type { ValueId } from "../../../ir/ops.ts";
import type { Operand } from "../../ast.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import { decodeFp8 } from "./convert-fp8.ts";
import { fromSingle, toSingle } from "./half.ts";

/** What matrix instructions share: moving registers between lanes, and taking elements out of registers. */

/** What products of a type are computed in. */
export type Arithmetic = "f32" | "f64" | "i32" | "bits";

/** How the elements of a matrix operand lie in registers. */
export interface Element {
  readonly type: PtxType;
  /** Elements in one register. */
  readonly perRegister: number;
  readonly arithmetic: Arithmetic;
}

/** How elements of a type are held and computed on. */
export function elementOf(type: PtxType): Element {
  const integer = type.name === "s8" || type.name === "u8" || type.name === "s4" || type.name === "u4";
  const arithmetic: Arithmetic = type.name === "f64" ? "f64" : type.name === "b1" ? "bits" : integer ? "i32" : "f32";
  return { type, perRegister: type.bits === 64 || type.name === "tf32" || type.name === "b1" ? 1 : 32 / type.bits, arithmetic };
}

/** Type that a register of elements is read as. */
export function registerType(e: Element): PtxType {
  return ptxType(e.type.name === "f64" ? "f64" : "b32");
}

/** The `n` accumulators that operand C holds, as the values they stand for: halves come in pairs. */
export function accumulators(c: FnLowering, type: PtxType, op: Operand | undefined, n: number): ValueId[] {
  const { em } = c;
  if (type.name !== "f16") return c.items(op, n).map((item) => c.src(item, type));
  const half = ptxType("f16");
  return c.items(op, n / 2).flatMap((item) => {
    const word = em.bits(c.src(item, ptxType("b32")));
    return [toSingle(c, half, em.trunc(word, "i16")), toSingle(c, half, em.trunc(em.bin("lshr", "i32", word, em.i32(16)), "i16"))];
  });
}

/** Writes results to operand D: halves in pairs, rounded. */
export function deliver(c: FnLowering, type: PtxType, op: Operand | undefined, values: readonly ValueId[]): void {
  const { em } = c;
  if (type.name !== "f16") {
    c.items(op, values.length).forEach((item, i) => c.dst(item, type, values[i]!));
    return;
  }
  const half = ptxType("f16");
  c.items(op, values.length / 2).forEach((item, i) => {
    const low = em.zext(fromSingle(c, half, values[2 * i]!), "i32");
    const high = em.zext(fromSingle(c, half, values[2 * i + 1]!), "i32");
    c.dst(item, ptxType("b32"), em.bin("or", "i32", low, em.bin("shl", "i32", high, em.i32(16))));
  });
}

/** The register's value in another lane of the warp (all 32 take part). 64-bit values travel in halves. */
export function fromLane(c: FnLowering, v: ValueId, lane: ValueId): ValueId {
  const { em } = c;
  const type = em.types[v]!;
  const shuffle = (word: ValueId): ValueId => {
    const dst = em.value("i32");
    em.push({ op: "shfl", dst, mode: "idx", ok: -1, a: word, b: lane, c: em.i32(31), mask: em.i32(-1), line: em.line });
    return dst;
  };
  const bits = em.bits(v);
  if (em.types[bits] === "i32") return em.bitcast(shuffle(bits), type);
  const low = shuffle(em.trunc(bits, "i32"));
  const high = shuffle(em.trunc(em.bin("lshr", "i64", bits, em.int("i64", 32)), "i32"));
  return em.bitcast(em.bin("or", "i64", em.zext(low, "i64"), em.bin("shl", "i64", em.zext(high, "i64"), em.int("i64", 32))), type);
}

/** Element `i` of a register, in the type that is computed in. */
export function elementAt(c: FnLowering, e: Element, register: ValueId, i: number): ValueId {
  const { em } = c;
  const { name, bits } = e.type;
  if (name === "f64" || name === "b1") return register;
  const word = em.bits(register);
  // Only ten bits of a tf32's mantissa count.
  if (name === "tf32") return em.bitcast(em.bin("and", "i32", word, em.i32(-0x2000)), "f32");
  if (e.arithmetic === "i32") {
    const up = em.bin("shl", "i32", word, em.i32(32 - bits * (i + 1)));
    return em.bin(name.startsWith("s") ? "ashr" : "lshr", "i32", up, em.i32(32 - bits));
  }
  const field = i === 0 ? word : em.bin("lshr", "i32", word, em.i32(bits * i));
  if (bits === 16) return toSingle(c, e.type, em.trunc(field, "i16"));
  const half = decodeFp8(c, name, em.bin("and", "i32", field, em.i32(255)));
  return toSingle(c, ptxType("f16"), half);
}

/** acc + a*b. */
export function multiplyAdd(c: FnLowering, e: Element, a: ValueId, b: ValueId, acc: ValueId, bitOp: "and" | "xor"): ValueId {
  const { em } = c;
  switch (e.arithmetic) {
    case "f32": return em.fma("f32", a, b, acc);
    case "f64": return em.fma("f64", a, b, acc);
    case "i32": {
      const product = em.bin("mul", "i32", a, b);
      return em.types[acc] === "i64" ? em.bin("add", "i64", acc, em.sext(product, "i64")) : em.bin("add", "i32", acc, product);
    }
    case "bits": return em.bin("add", "i32", acc, em.un("popc", "i32", em.bin(bitOp, "i32", a, b)));
    default: return e.arithmetic satisfies never;
  }
}

/** Limits an i64 sum to the range of s32. */
export function limit32(c: FnLowering, v: ValueId): ValueId {
  const { em } = c;
  const low = em.bin("max.s", "i64", v, em.int("i64", -(2 ** 31)));
  return em.trunc(em.bin("min.s", "i64", low, em.int("i64", 2 ** 31 - 1)), "i32");
}

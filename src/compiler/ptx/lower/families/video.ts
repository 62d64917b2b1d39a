import type { IntPredicate, ValueId } from "../../../ir/ops.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/**
 * Video instructions (PTX ISA 9.7.17): arithmetic on parts of 32-bit words, exact before it is saturated or cut. Computed in i64, which
 * holds every intermediate value.
 */

type Operation = "add" | "sub" | "absdiff" | "min" | "max" | "avrg" | "set" | "shl" | "shr";

const isSigned = (type: PtxType): boolean => type.kind === "s";
const word = ptxType("b32");

/** `count` bits from bit `at` on of a 32-bit word, as i64 by sign or zero extension. */
function part(c: FnLowering, v: ValueId, at: number, count: number, signed: boolean): ValueId {
  const { em } = c;
  const up = at + count === 32 ? v : em.bin("shl", "i32", v, em.i32(32 - at - count));
  const field = count === 32 ? up : em.bin(signed ? "ashr" : "lshr", "i32", up, em.i32(32 - count));
  return signed ? em.sext(field, "i64") : em.zext(field, "i64");
}

/** Register and selector of `%r1.h0`; plain registers and constants have none. */
function selected(op: Operand | undefined): { readonly source: Operand | undefined; readonly selector: string } {
  return op !== undefined && op.kind === "part" ? { source: op.reg, selector: op.part } : { source: op, selector: "" };
}

const comparisons: Readonly<Record<string, IntPredicate>> = { eq: "eq", ne: "ne", lt: "lt.s", le: "le.s", gt: "gt.s", ge: "ge.s" };

/** The operation on exact i64 operands. */
function compute(c: FnLowering, op: Operation, m: Mnemonic, a: ValueId, b: ValueId): ValueId {
  const { em } = c;
  switch (op) {
    case "add": return em.bin("add", "i64", a, b);
    case "sub": return em.bin("sub", "i64", a, b);
    case "absdiff": return em.bin("sub", "i64", em.bin("max.s", "i64", a, b), em.bin("min.s", "i64", a, b));
    case "min": return em.bin("min.s", "i64", a, b);
    case "max": return em.bin("max.s", "i64", a, b);
    case "avrg": {
      // Half a unit goes away from zero.
      const sum = em.bin("add", "i64", a, b);
      const half = em.zext(em.icmp("ge.s", sum, em.int("i64", 0)), "i64");
      return em.bin("ashr", "i64", em.bin("add", "i64", sum, half), em.int("i64", 1));
    }
    case "set": return em.zext(em.icmp(comparisons[m.mods.find((mod) => comparisons[mod] !== undefined)!]!, a, b), "i64");
    case "shl":
    case "shr": {
      const amount = m.mods.includes("wrap") ? em.bin("and", "i64", b, em.int("i64", 31)) : em.bin("min.u", "i64", b, em.int("i64", 32));
      return em.bin(op === "shl" ? "shl" : "ashr", "i64", a, amount);
    }
    default: return op satisfies never;
  }
}

/** Limits to what `bits` bits of the result type hold. */
function limit(c: FnLowering, v: ValueId, bits: number, signed: boolean): ValueId {
  const { em } = c;
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
  return em.bin("min.s", "i64", em.bin("max.s", "i64", v, em.int("i64", least)), em.int("i64", most));
}

const selectors: Readonly<Record<string, readonly [at: number, bits: number]>> = { b0: [0, 8], b1: [8, 8], b2: [16, 8], b3: [24, 8], h0: [0, 16], h1: [16, 16] };

function place(c: FnLowering, selector: string): readonly [at: number, bits: number] {
  if (selector === "") return [0, 32];
  return selectors[selector] ?? c.fail(`there is no part .${selector} of a word`);
}

/** vadd and its kin on one selected part of each operand; the result may go into a part of c, or be combined with c. */
const scalar = (op: Operation) => (m: Mnemonic): Lower => {
  const types = m.types;
  const to = op === "set" ? ptxType("u32") : types[0]!;
  const [ta, tb] = op === "set" ? [types[0]!, types[1]!] : [types[1]!, types[2]!];
  const sat = m.mods.includes("sat");
  const second = (["add", "min", "max"] as const).find((mod) => m.mods.includes(mod));
  return (c, ops) => {
    const { em } = c;
    const operand = (o: Operand | undefined, type: PtxType): ValueId => {
      const { source, selector } = selected(o);
      const [at, bits] = place(c, selector);
      return part(c, em.bits(c.src(source, word)), at, bits, isSigned(type));
    };
    const exact = compute(c, op, m, operand(ops[1], ta), operand(ops[2], tb));
    const { source: d, selector } = selected(ops[0]);
    const [at, bits] = place(c, selector);
    let result = em.trunc(sat ? limit(c, exact, bits, isSigned(to)) : exact, "i32");
    if (selector !== "") {
      const mask = ((2 ** bits - 1) << at) | 0;
      const kept = em.bin("and", "i32", em.bits(c.src(ops[3], word)), em.i32(~mask));
      result = em.bin("or", "i32", kept, em.bin("and", "i32", em.bin("shl", "i32", result, em.i32(at)), em.i32(mask)));
    } else if (second !== undefined) {
      const third = em.bits(c.src(ops[3], word));
      result = em.bin(second === "add" ? "add" : `${second}.${isSigned(to) ? "s" : "u"}`, "i32", result, third);
    } else if (ops[3] !== undefined) c.fail("a fourth operand needs .add, .min or .max, or a selected part of the destination");
    c.dst(d, word, result);
  };
};

/** Which parts a selector such as `.b3210` or `.h32` takes, lowest lane first; positions count through a and then b. */
function lanes(c: FnLowering, selector: string, count: 2 | 4, fallback: readonly number[]): readonly number[] {
  if (selector === "") return fallback;
  const match = (count === 2 ? /^h([0-3]{2})$/ : /^b([0-7]{4})$/).exec(selector);
  return match === null ? c.fail(`there is no selection .${selector} of ${count} parts`) : [...match[1]!].reverse().map(Number);
}

/** Which lanes a destination mask such as `.h1` or `.b310` writes. */
function written(c: FnLowering, selector: string, count: 2 | 4): readonly number[] {
  if (selector === "") return count === 2 ? [0, 1] : [0, 1, 2, 3];
  const match = (count === 2 ? /^h([01]{1,2})$/ : /^b([0-3]{1,4})$/).exec(selector);
  return match === null ? c.fail(`there is no mask .${selector} of ${count} parts`) : [...match[1]!].map(Number);
}

/** vadd2, vadd4 and their kin: lanes of halves or bytes; lanes that are not written come from c; with .add the lanes' sum is added to c. */
const packed = (op: Operation, count: 2 | 4) => (m: Mnemonic): Lower => {
  const types = m.types;
  const to = op === "set" ? ptxType("u32") : types[0]!;
  const [ta, tb] = op === "set" ? [types[0]!, types[1]!] : [types[1]!, types[2]!];
  const bits = 32 / count;
  const sat = m.mods.includes("sat");
  const sums = m.mods.includes("add");
  return (c, ops) => {
    const { em } = c;
    const [a, b] = [selected(ops[1]), selected(ops[2])];
    const words = [em.bits(c.src(a.source, word)), em.bits(c.src(b.source, word))];
    const third = em.bits(c.src(ops[3], word));
    const pick = (position: number, type: PtxType): ValueId => part(c, words[position >= count ? 1 : 0]!, (position % count) * bits, bits, isSigned(type));
    const own = Array.from({ length: count }, (_, i) => i);
    const [fromA, fromB] = [lanes(c, a.selector, count, own), lanes(c, b.selector, count, own.map((i) => i + count))];
    const { source: d, selector } = selected(ops[0]);
    const mask = written(c, selector, count);
    let result = sums ? third : em.bin("and", "i32", third, em.i32(~mask.reduce((x, i) => x | ((2 ** bits - 1) << (i * bits)), 0)));
    for (const i of mask) {
      const exact = compute(c, op, m, pick(fromA[i]!, ta), pick(fromB[i]!, tb));
      const lane = em.trunc(sat ? limit(c, exact, bits, isSigned(to)) : exact, "i32");
      if (sums) {
        const up = em.bin("shl", "i32", lane, em.i32(32 - bits));
        result = em.bin("add", "i32", result, sat || op === "set" ? lane : em.bin(isSigned(to) ? "ashr" : "lshr", "i32", up, em.i32(32 - bits)));
      } else result = em.bin("or", "i32", result, em.bin("shl", "i32", em.bin("and", "i32", lane, em.i32(2 ** bits - 1)), em.i32(i * bits)));
    }
    c.dst(d, word, result);
  };
};

/** vmad (PTX ISA 9.7.17.5): the product of two parts, with its sign changed or not, plus a word, shifted right. */
const multiplyAdd = (m: Mnemonic): Lower => {
  const [, ta, tb] = m.types;
  const [sat, plusOne] = [m.mods.includes("sat"), m.mods.includes("po")];
  const shift = m.mods.includes("shr7") ? 7 : m.mods.includes("shr15") ? 15 : 0;
  return (c, ops) => {
    const { em } = c;
    const operand = (o: Operand | undefined, type: PtxType): { readonly value: ValueId; readonly negative: boolean } => {
      const { source, selector } = selected(o?.kind === "negated" ? o.operand : o);
      const [at, bits] = place(c, selector);
      return { value: part(c, em.bits(c.src(source, word)), at, bits, isSigned(type)), negative: o?.kind === "negated" };
    };
    const [a, b] = [operand(ops[1], ta!), operand(ops[2], tb!)];
    const third = ops[3]?.kind === "negated" ? { op: ops[3].operand, negative: true } : { op: ops[3], negative: false };
    const negative = a.negative !== b.negative;
    if (plusOne && (a.negative || b.negative || third.negative)) c.fail("operands of vmad.po have no sign");
    if (negative && third.negative) c.fail("vmad changes the sign of the product or of the sum's other part, not both");
    const signed = isSigned(ta!) || isSigned(tb!) || negative || third.negative;
    let product = em.bin("mul", "i64", a.value, b.value);
    // Only the product of two unsigned words could leave the signed range; saturation does not care by how much.
    if (sat && signed && !isSigned(ta!) && !isSigned(tb!)) product = em.bin("min.u", "i64", product, em.int("i64", 2n ** 62n));
    const raw = em.bits(c.src(third.op, word));
    const other = signed ? em.sext(raw, "i64") : em.zext(raw, "i64");
    const zero = em.int("i64", 0);
    const sum = em.bin("add", "i64", negative ? em.bin("sub", "i64", zero, product) : product, third.negative ? em.bin("sub", "i64", zero, other) : other);
    const whole = plusOne ? em.bin("add", "i64", sum, em.int("i64", 1)) : sum;
    const scaled = shift === 0 ? whole : em.bin(signed ? "ashr" : "lshr", "i64", whole, em.int("i64", shift));
    const limited = !sat ? scaled : signed ? limit(c, scaled, 32, true) : em.bin("min.u", "i64", scaled, em.int("i64", 0xffffffffn));
    c.dst(ops[0], word, em.trunc(limited, "i32"));
  };
};

const T = "u32 s32";
const COMPARISONS = Object.keys(comparisons);

/** Rows of video instructions. */
export const videoRows: readonly Row[] = [
  ...(["add", "sub", "absdiff", "min", "max"] as const).map((op): Row => ({ op: `v${op}`, types: [T, T, T], mods: "sat add min max", operands: [3, 4], mode: "pure", make: scalar(op) })),
  ...(["shl", "shr"] as const).map((op): Row => ({ op: `v${op}`, types: [T, T, "u32"], mods: "sat clamp wrap add min max", operands: [3, 4], mode: "pure", make: scalar(op) })),
  { op: "vmad", types: [T, T, T], mods: "sat po shr7 shr15", operands: 4, mode: "pure", make: multiplyAdd },
  ...COMPARISONS.map((needs): Row => ({ op: "vset", types: [T, T], needs, mods: "add min max", operands: [3, 4], mode: "pure", make: scalar("set") })),
  ...([2, 4] as const).flatMap((count): Row[] => [
    ...(["add", "sub", "avrg", "absdiff", "min", "max"] as const).map((op): Row => ({ op: `v${op}${count}`, types: [T, T, T], mods: "sat add", operands: 4, mode: "pure", make: packed(op, count) })),
    ...COMPARISONS.map((needs): Row => ({ op: `vset${count}`, types: [T, T], needs, mods: "add", operands: 4, mode: "pure", make: packed("set", count) })),
  ]),
];

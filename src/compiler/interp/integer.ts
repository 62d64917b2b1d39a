import type { IntBinary, IntPredicate, IntUnary } from "../ir/ops.ts";
import { bitsOf, type Type } from "../ir/types.ts";

/** Integer operations on zero-extended values: numbers up to 32 bits here, bigints for 64 bits below. */

type Narrow = (a: number, b: number) => number;
type Wide = (a: bigint, b: bigint) => bigint;

/** Sign-extends from the type's width. */
export function signed(width: number): (value: number) => number {
  const shift = 32 - width;
  return (value) => (value << shift) >> shift;
}

/** Cuts to the type's width, zero-extended. */
export function wrap(width: number): (value: number) => number {
  return width === 32 ? (value) => value >>> 0 : (value) => value & (2 ** width - 1);
}

function narrowBinary(width: number): Readonly<Record<IntBinary, Narrow>> {
  const s = signed(width);
  const w = wrap(width);
  const ones = w(-1);
  const amount = (b: number): number => b % width;
  return {
    add: (a, b) => w(a + b),
    sub: (a, b) => w(a - b),
    mul: (a, b) => w(Math.imul(a, b)),
    "mulhi.s": (a, b) => Number(BigInt.asUintN(width, (BigInt(s(a)) * BigInt(s(b))) >> BigInt(width))),
    "mulhi.u": (a, b) => Number((BigInt(a) * BigInt(b)) >> BigInt(width)),
    "div.s": (a, b) => (b === 0 ? ones : w(Math.trunc(s(a) / s(b)))),
    "div.u": (a, b) => (b === 0 ? ones : Math.floor(a / b)),
    "rem.s": (a, b) => (b === 0 ? a : w(s(a) % s(b))),
    "rem.u": (a, b) => (b === 0 ? a : a % b),
    and: (a, b) => w(a & b),
    or: (a, b) => w(a | b),
    xor: (a, b) => w(a ^ b),
    shl: (a, b) => w(a << amount(b)),
    lshr: (a, b) => a >>> amount(b),
    ashr: (a, b) => w(s(a) >> amount(b)),
    rotl: (a, b) => (amount(b) === 0 ? a : w((a << amount(b)) | (a >>> (width - amount(b))))),
    "min.s": (a, b) => (s(a) <= s(b) ? a : b),
    "max.s": (a, b) => (s(a) >= s(b) ? a : b),
    "min.u": (a, b) => Math.min(a, b),
    "max.u": (a, b) => Math.max(a, b),
  };
}

const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

const wideBinary: Readonly<Record<IntBinary, Wide>> = {
  add: (a, b) => u64(a + b),
  sub: (a, b) => u64(a - b),
  mul: (a, b) => u64(a * b),
  "mulhi.s": (a, b) => u64((s64(a) * s64(b)) >> 64n),
  "mulhi.u": (a, b) => (a * b) >> 64n,
  "div.s": (a, b) => (b === 0n ? u64(-1n) : u64(s64(a) / s64(b))),
  "div.u": (a, b) => (b === 0n ? u64(-1n) : a / b),
  "rem.s": (a, b) => (b === 0n ? a : u64(s64(a) % s64(b))),
  "rem.u": (a, b) => (b === 0n ? a : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => u64(a << (b % 64n)),
  lshr: (a, b) => a >> (b % 64n),
  ashr: (a, b) => u64(s64(a) >> (b % 64n)),
  rotl: (a, b) => u64((a << (b % 64n)) | (a >> (64n - (b % 64n)))),
  "min.s": (a, b) => (s64(a) <= s64(b) ? a : b),
  "max.s": (a, b) => (s64(a) >= s64(b) ? a : b),
  "min.u": (a, b) => (a <= b ? a : b),
  "max.u": (a, b) => (a >= b ? a : b),
};

function narrowUnary(width: number): Readonly<Record<IntUnary, (a: number) => number>> {
  const w = wrap(width);
  const digits = (a: number): string => a.toString(2).padStart(width, "0");
  return {
    not: (a) => w(~a),
    neg: (a) => w(-a),
    clz: (a) => Math.clz32(a) - (32 - width),
    ctz: (a) => (a === 0 ? width : 31 - Math.clz32(a & -a)),
    popc: (a) => digits(a).replaceAll("0", "").length,
    brev: (a) => Number.parseInt([...digits(a)].reverse().join(""), 2),
  };
}

const digits64 = (a: bigint): string => a.toString(2).padStart(64, "0");

const wideUnary: Readonly<Record<IntUnary, (a: bigint) => bigint>> = {
  not: (a) => u64(~a),
  neg: (a) => u64(-a),
  clz: (a) => (a === 0n ? 64n : BigInt(64 - a.toString(2).length)),
  ctz: (a) => (a === 0n ? 64n : BigInt(63 - digits64(a).lastIndexOf("1"))),
  popc: (a) => BigInt(digits64(a).replaceAll("0", "").length),
  brev: (a) => BigInt(`0b${[...digits64(a)].reverse().join("")}`),
};

const widths = [1, 8, 16, 32];
const narrowBinaries = new Map(widths.map((width) => [width, narrowBinary(width)]));
const narrowUnaries = new Map(widths.map((width) => [width, narrowUnary(width)]));

/** The function of a binary integer operation: bigint for i64, number for all others. */
export function intBinary(op: IntBinary, type: Type): Narrow | Wide {
  return type === "i64" ? wideBinary[op] : narrowBinaries.get(bitsOf[type])![op];
}

/** The function of a unary integer operation. */
export function intUnary(op: IntUnary, type: Type): ((a: number) => number) | ((a: bigint) => bigint) {
  return type === "i64" ? wideUnary[op] : narrowUnaries.get(bitsOf[type])![op];
}

/** @param type type of the operands */
export function intCompare(pred: IntPredicate, type: Type): ((a: number, b: number) => boolean) | ((a: bigint, b: bigint) => boolean) {
  const compare = <T extends number | bigint>(s: (value: T) => T): ((a: T, b: T) => boolean) => {
    switch (pred) {
      case "eq": return (a, b) => a === b;
      case "ne": return (a, b) => a !== b;
      case "lt.u": return (a, b) => a < b;
      case "le.u": return (a, b) => a <= b;
      case "gt.u": return (a, b) => a > b;
      case "ge.u": return (a, b) => a >= b;
      case "lt.s": return (a, b) => s(a) < s(b);
      case "le.s": return (a, b) => s(a) <= s(b);
      case "gt.s": return (a, b) => s(a) > s(b);
      case "ge.s": return (a, b) => s(a) >= s(b);
    }
  };
  return type === "i64" ? compare(s64) : compare(signed(bitsOf[type]));
}

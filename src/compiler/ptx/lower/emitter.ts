import type { Block, Fn } from "../../ir/module.ts";
import {
  terminators, type BlockId, type Conversion, type FloatBinary, type FloatPredicate, type FloatUnary, type Instr, type IntBinary, type IntPredicate, type IntUnary,
  type MemoryOrder, type Rounding, type Scope, type SpecialRegister, type ValueId,
} from "../../ir/ops.ts";
import { bitsOf, isFloat, type Space, type Type } from "../../ir/types.ts";
import { f32Bits, f32Value, f64Bits, f64Value } from "../numbers.ts";

/** How a memory access is ordered; absent: weak. */
export interface Ordering {
  readonly order: MemoryOrder;
  readonly scope: Scope;
}

const bitType: Readonly<Record<number, Type>> = { 1: "i1", 8: "i8", 16: "i16", 32: "i32", 64: "i64" };

/**
 * Appends IR to a function. `FnBuilder` does the same in general; this one is made for speed (no copying of
 * instructions) and remembers constants and casts within a block, so that lowering rows may be written plainly.
 */
export class Emitter {
  readonly fn: Fn;
  readonly types: Type[];
  /** Source line stamped on what is emitted. */
  line = 1;
  block: BlockId = 0;
  private instrs: Instr[];
  /** Constants and addresses of the current block, by type and bits or by name. */
  private readonly consts = new Map<string, ValueId>();
  private readonly ints = new Map<number, ValueId>();
  /** What a value was bitcast or zero-extended from. */
  private readonly origin = new Map<ValueId, ValueId>();
  private readonly constant = new Map<ValueId, number | bigint>();
  /** Instructions for the start of the entry block. */
  private readonly prologue: Instr[] = [];
  private readonly zeros = new Map<Type, ValueId>();

  constructor(fn: Fn) {
    this.fn = fn;
    this.types = fn.types;
    this.instrs = fn.blocks[0]!.instrs;
  }

  newBlock(label: string): BlockId {
    const blocks = this.fn.blocks;
    blocks.push({ label: `${label}.${blocks.length}`, instrs: [] });
    return blocks.length - 1;
  }

  /** Goes on in another block. */
  at(block: BlockId): void {
    this.block = block;
    this.instrs = this.fn.blocks[block]!.instrs;
    if (this.consts.size > 0) this.consts.clear();
    if (this.ints.size > 0) this.ints.clear();
  }

  get terminated(): boolean {
    const last = this.instrs.at(-1);
    return last !== undefined && terminators.has(last.op);
  }

  value(type: Type): ValueId {
    return this.types.push(type) - 1;
  }

  push(instr: Instr): void {
    this.instrs.push(instr);
  }

  // Constants.

  /** The number a value is known to be, if it is a constant. */
  known(v: ValueId): number | bigint | undefined {
    return this.constant.get(v);
  }

  i32(value: number): ValueId {
    const key = value | 0;
    const known = this.ints.get(key);
    if (known !== undefined) return known;
    const dst = this.value("i32");
    this.instrs.push({ op: "const", dst, value: key, line: this.line });
    this.ints.set(key, dst);
    this.constant.set(dst, key);
    return dst;
  }

  /** An integer constant of any width, wrapped to it. */
  int(type: Type, value: number | bigint): ValueId {
    if (type === "i32") return this.i32(typeof value === "number" ? value : Number(BigInt.asIntN(32, value)));
    const wide = type === "i64" ? BigInt.asIntN(64, BigInt(value)) : BigInt.asUintN(bitsOf[type], BigInt(value));
    return this.remember(type, wide, `${type}:${wide}`);
  }

  private remember(type: Type, wide: bigint, key: string): ValueId {
    const known = this.consts.get(key);
    if (known !== undefined) return known;
    const dst = this.value(type);
    const value = type === "i64" ? wide : Number(wide);
    this.instrs.push({ op: "const", dst, value, line: this.line });
    this.consts.set(key, dst);
    this.constant.set(dst, value);
    return dst;
  }

  /** A float by its bits; NaN patterns are kept. */
  f32bits(bits: number): ValueId {
    const key = `f32:${bits}`;
    const known = this.consts.get(key);
    if (known !== undefined) return known;
    const dst = this.value("f32");
    const value = f32Value(bits);
    if (Number.isNaN(value)) this.instrs.push({ op: "constbits", dst, bits: BigInt(bits >>> 0), line: this.line });
    else {
      this.instrs.push({ op: "const", dst, value, line: this.line });
      this.constant.set(dst, value);
    }
    this.consts.set(key, dst);
    return dst;
  }

  f64bits(bits: bigint): ValueId {
    const key = `f64:${bits}`;
    const known = this.consts.get(key);
    if (known !== undefined) return known;
    const dst = this.value("f64");
    const value = f64Value(bits);
    if (Number.isNaN(value)) this.instrs.push({ op: "constbits", dst, bits, line: this.line });
    else {
      this.instrs.push({ op: "const", dst, value, line: this.line });
      this.constant.set(dst, value);
    }
    this.consts.set(key, dst);
    return dst;
  }

  /** A float constant of either type, by value. */
  float(type: Type, value: number): ValueId {
    if (type === "f32") return this.f32bits(f32Bits(value));
    return this.f64bits(f64Bits(value));
  }

  /** Zero of any type, defined at the start of the function: what a register holds that was never written. */
  zero(type: Type): ValueId {
    const known = this.zeros.get(type);
    if (known !== undefined) return known;
    const dst = this.value(type);
    const value = type === "i64" ? 0n : 0;
    this.prologue.push({ op: "const", dst, value });
    this.constant.set(dst, value);
    this.zeros.set(type, dst);
    return dst;
  }

  /** Puts an instruction at the start of the function, in front of everything but earlier ones of this kind. */
  atEntry(instr: Instr): void {
    this.prologue.push(instr);
  }

  /** Writes the prologue. Called once, last. */
  finish(): void {
    if (this.prologue.length > 0) this.fn.blocks[0]!.instrs.unshift(...this.prologue);
  }

  /** The value under `key` in this block, computed at first use. */
  once(key: string, make: () => ValueId): ValueId {
    const known = this.consts.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.consts.set(key, made);
    return made;
  }

  // Arithmetic.

  bin(op: IntBinary, type: Type, a: ValueId, b: ValueId): ValueId {
    const dst = this.value(type);
    this.instrs.push({ op, dst, a, b, line: this.line });
    return dst;
  }

  un(op: IntUnary | FloatUnary, type: Type, a: ValueId): ValueId {
    const dst = this.value(type);
    this.instrs.push({ op, dst, a, line: this.line } as Instr);
    return dst;
  }

  fbin(op: FloatBinary, type: Type, a: ValueId, b: ValueId, round: Rounding = "rn"): ValueId {
    const dst = this.value(type);
    this.instrs.push(round === "rn" ? { op, dst, a, b, line: this.line } : { op, dst, a, b, round, line: this.line });
    return dst;
  }

  fsqrt(type: Type, a: ValueId, round: Rounding = "rn"): ValueId {
    const dst = this.value(type);
    this.instrs.push(round === "rn" ? { op: "fsqrt", dst, a, line: this.line } : { op: "fsqrt", dst, a, round, line: this.line });
    return dst;
  }

  fma(type: Type, a: ValueId, b: ValueId, c: ValueId, round: Rounding = "rn"): ValueId {
    const dst = this.value(type);
    this.instrs.push(round === "rn" ? { op: "fma", dst, a, b, c, line: this.line } : { op: "fma", dst, a, b, c, round, line: this.line });
    return dst;
  }

  icmp(pred: IntPredicate, a: ValueId, b: ValueId): ValueId {
    const dst = this.value("i1");
    this.instrs.push({ op: "icmp", dst, pred, a, b, line: this.line });
    return dst;
  }

  fcmp(pred: FloatPredicate, a: ValueId, b: ValueId): ValueId {
    const dst = this.value("i1");
    this.instrs.push({ op: "fcmp", dst, pred, a, b, line: this.line });
    return dst;
  }

  /** c ? a : b; the type is that of `a`. */
  select(c: ValueId, a: ValueId, b: ValueId): ValueId {
    if (a === b) return a;
    const dst = this.value(this.types[a]!);
    this.instrs.push({ op: "select", dst, c, a, b, line: this.line });
    return dst;
  }

  not(a: ValueId): ValueId {
    return this.un("not", this.types[a]!, a);
  }

  // Conversions.

  cast(op: Conversion, type: Type, a: ValueId, round: Rounding | null = null): ValueId {
    const dst = this.value(type);
    this.instrs.push(round === null ? { op, dst, a, line: this.line } : { op, dst, a, round, line: this.line });
    return dst;
  }

  /** The same bits as a value of type `to`, of the same width. */
  bitcast(a: ValueId, to: Type): ValueId {
    const from = this.types[a]!;
    if (from === to) return a;
    const source = this.origin.get(a);
    if (source !== undefined && this.types[source] === to) return source;
    const key = `cast:${a}`;
    const known = this.consts.get(key);
    if (known !== undefined) return known;
    const dst = this.cast("bitcast", to, a);
    this.origin.set(dst, a);
    this.consts.set(key, dst);
    return dst;
  }

  /** The bits of a float as an integer; integers as they are. */
  bits(a: ValueId): ValueId {
    const type = this.types[a]!;
    return isFloat(type) ? this.bitcast(a, bitType[bitsOf[type]]!) : a;
  }

  zext(a: ValueId, to: Type): ValueId {
    if (this.types[a] === to) return a;
    const known = this.constant.get(a);
    if (known !== undefined) return this.int(to, BigInt.asUintN(bitsOf[this.types[a]!], BigInt(known)));
    const dst = this.cast("zext", to, a);
    this.origin.set(dst, a);
    return dst;
  }

  sext(a: ValueId, to: Type): ValueId {
    if (this.types[a] === to) return a;
    const known = this.constant.get(a);
    if (known !== undefined) return this.int(to, BigInt.asIntN(bitsOf[this.types[a]!], BigInt(known)));
    const dst = this.cast("sext", to, a);
    this.origin.set(dst, a);
    return dst;
  }

  trunc(a: ValueId, to: Type): ValueId {
    if (this.types[a] === to) return a;
    const known = this.constant.get(a);
    if (known !== undefined) return this.int(to, BigInt(known));
    // trunc(ext(x)) is x when x has that width.
    const source = this.origin.get(a);
    if (source !== undefined && this.types[source] === to) return source;
    return this.cast("trunc", to, a);
  }

  // Memory.

  load(types: readonly Type[], space: Space, addr: ValueId, offset: number, align: number, volatile: boolean, ordering: Ordering | null): ValueId[] {
    const dst = types.map((type) => this.value(type));
    const base = { op: "load", dst, space, addr, offset, align, line: this.line } as const;
    if (!volatile && ordering === null) this.instrs.push(base);
    else this.instrs.push({ ...base, ...(volatile ? { volatile } : {}), ...(ordering ?? {}) });
    return dst;
  }

  store(src: readonly ValueId[], space: Space, addr: ValueId, offset: number, align: number, volatile: boolean, ordering: Ordering | null): void {
    const base = { op: "store", src, space, addr, offset, align, line: this.line } as const;
    if (!volatile && ordering === null) this.instrs.push(base);
    else this.instrs.push({ ...base, ...(volatile ? { volatile } : {}), ...(ordering ?? {}) });
  }

  sreg(reg: SpecialRegister, type: Type = "i32"): ValueId {
    const dst = this.value(type);
    this.instrs.push({ op: "sreg", dst, reg, line: this.line });
    return dst;
  }

  call(callee: string, args: readonly ValueId[], results: readonly Type[]): ValueId[] {
    const dst = results.map((type) => this.value(type));
    this.instrs.push({ op: "call", dst, callee, args, line: this.line });
    return dst;
  }

  // Control.

  br(target: BlockId): void {
    this.instrs.push({ op: "br", target, line: this.line });
  }

  /** A branch to one of two blocks; a plain one when they are the same. */
  condbr(c: ValueId, then: BlockId, otherwise: BlockId): void {
    if (then === otherwise) this.br(then);
    else this.instrs.push({ op: "condbr", c, then, else: otherwise, line: this.line });
  }

  /** A phi at the start of the current block, which must be empty but for phis. */
  phi(type: Type, from: readonly (readonly [BlockId, ValueId])[]): ValueId {
    const dst = this.value(type);
    this.instrs.push({ op: "phi", dst, from, line: this.line });
    return dst;
  }

  /** `v` as type `to` (same width) at the end of `block`, in front of its terminator. */
  coerceAtEnd(v: ValueId, to: Type, block: BlockId): ValueId {
    if (this.types[v] === to) return v;
    const source = this.origin.get(v);
    if (source !== undefined && this.types[source] === to) return source;
    const { instrs }: Block = this.fn.blocks[block]!;
    const dst = this.value(to);
    instrs.splice(instrs.length - 1, 0, { op: "bitcast", dst, a: v });
    this.origin.set(dst, v);
    return dst;
  }
}

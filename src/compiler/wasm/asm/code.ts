import { Bytes } from "./bytes.ts";
import { VOID, type WasmType } from "./opcodes.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";

const view = new DataView(new ArrayBuffer(8));

/** A function that can be called; its index is settled when the module is finished. */
export interface FuncRef {
  index: number;
}

/** A place to branch to: the nesting depth of its block. */
export type Label = number;

/** Writes one function body: locals, structured control with labels by depth, and instructions. */
export class Code {
  readonly bytes: Bytes = new Bytes();
  private readonly groups: [count: number, type: WasmType][] = [];
  private readonly calls: { readonly at: number; readonly callee: FuncRef }[] = [];
  private locals: number;
  private depth = 0;

  /** @param parameters how many locals the parameters take */
  constructor(parameters: number) {
    this.locals = parameters;
  }

  /** A new local variable, zero at entry. */
  local(type: WasmType): number {
    const last = this.groups.at(-1);
    if (last !== undefined && last[1] === type) last[0]++;
    else this.groups.push([1, type]);
    return this.locals++;
  }

  op(...codes: readonly number[]): this {
    for (const code of codes) this.bytes.u8(code);
    return this;
  }

  get(local: number): this {
    this.bytes.u8(0x20);
    this.bytes.u32(local);
    return this;
  }

  set(local: number): this {
    this.bytes.u8(0x21);
    this.bytes.u32(local);
    return this;
  }

  tee(local: number): this {
    this.bytes.u8(0x22);
    this.bytes.u32(local);
    return this;
  }

  i32(value: number): this {
    this.bytes.u8(0x41);
    this.bytes.s32(value);
    return this;
  }

  i64(value: bigint): this {
    this.bytes.u8(0x42);
    this.bytes.s64(value);
    return this;
  }

  f32(value: number): this {
    view.setFloat32(0, value, true);
    return this.f32bits(view.getUint32(0, true));
  }

  f32bits(bits: number): this {
    this.bytes.u8(0x43);
    this.bytes.word(bits);
    return this;
  }

  f64(value: number): this {
    view.setFloat64(0, value, true);
    return this.f64bits(view.getBigUint64(0, true));
  }

  f64bits(bits: bigint): this {
    this.bytes.u8(0x44);
    this.bytes.word(Number(bits & 0xffff_ffffn));
    this.bytes.word(Number((bits >> 32n) & 0xffff_ffffn));
    return this;
  }

  /** A load or store of `mem`, with a byte offset and an alignment hint (log2). */
  memory(code: number, offset = 0, align = 0): this {
    this.bytes.u8(code);
    this.bytes.u32(align);
    this.bytes.u32(offset);
    return this;
  }

  /** An atomic access; wasm requires exactly the natural alignment (log2). */
  atomic(code: number, align: number): this {
    this.bytes.u8(0xfe);
    this.bytes.u32(code);
    this.bytes.u32(align);
    this.bytes.u32(0);
    return this;
  }

  /** A saturating conversion of `sat`. */
  sat(code: number): this {
    this.bytes.u8(0xfc);
    this.bytes.u32(code);
    return this;
  }

  /** Vector instructions of `simd` without immediates. */
  simd(...codes: readonly number[]): this {
    for (const code of codes) {
      this.bytes.u8(0xfd);
      this.bytes.u32(code);
    }
    return this;
  }

  /** A vector instruction for one lane. */
  lane(code: number, lane: number): this {
    this.simd(code);
    this.bytes.u8(lane);
    return this;
  }

  /** A vector load or store, for one lane of the vector when one is given. */
  simdMemory(code: number, offset = 0, lane: number | null = null): this {
    this.simd(code);
    this.bytes.u32(0);
    this.bytes.u32(offset);
    if (lane !== null) this.bytes.u8(lane);
    return this;
  }

  /** A constant of four words. */
  v128(words: readonly [number, number, number, number]): this {
    this.simd(12);
    for (const word of words) this.bytes.word(word);
    return this;
  }

  /** Picks sixteen bytes out of two vectors. */
  shuffle(from: readonly number[]): this {
    this.simd(13);
    for (const byte of from) this.bytes.u8(byte);
    return this;
  }

  memoryFill(): this {
    return this.op(0xfc, 11, 0);
  }

  call(callee: FuncRef): this {
    this.bytes.u8(0x10);
    this.calls.push({ at: this.bytes.length, callee });
    this.bytes.u8(0x80);
    this.bytes.u8(0x80);
    this.bytes.u8(0);
    return this;
  }

  block(type: WasmType | typeof VOID = VOID): Label {
    this.op(0x02, type);
    return ++this.depth;
  }

  loop(): Label {
    this.op(0x03, VOID);
    return ++this.depth;
  }

  if(type: WasmType | typeof VOID = VOID): Label {
    this.op(0x04, type);
    return ++this.depth;
  }

  else(): this {
    return this.op(0x05);
  }

  end(): this {
    this.depth--;
    if (this.depth < 0) throw new EmulatorBug("wasm: end without a block");
    return this.op(0x0b);
  }

  private index(label: Label): number {
    if (label > this.depth) throw new EmulatorBug("wasm: branch to a block that has ended");
    return this.depth - label;
  }

  br(label: Label): this {
    this.bytes.u8(0x0c);
    this.bytes.u32(this.index(label));
    return this;
  }

  brIf(label: Label): this {
    this.bytes.u8(0x0d);
    this.bytes.u32(this.index(label));
    return this;
  }

  brTable(labels: readonly Label[], otherwise: Label): this {
    this.bytes.u8(0x0e);
    this.bytes.u32(labels.length);
    for (const label of labels) this.bytes.u32(this.index(label));
    this.bytes.u32(this.index(otherwise));
    return this;
  }

  /** The body as the code section wants it, without its size. */
  finish(): Bytes {
    if (this.depth !== 0) throw new EmulatorBug(`wasm: ${this.depth} blocks left open`);
    for (const { at, callee } of this.calls) this.bytes.patch3(at, callee.index);
    const out = new Bytes();
    out.u32(this.groups.length);
    for (const [count, type] of this.groups) {
      out.u32(count);
      out.u8(type);
    }
    out.append(this.bytes);
    out.u8(0x0b);
    return out;
  }
}

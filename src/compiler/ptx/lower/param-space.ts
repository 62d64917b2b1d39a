import type { ValueId } from "../../ir/ops.ts";
import { sizeOf, type Type } from "../../ir/types.ts";
import { Reg, type Variable } from "../ast.ts";
import { ptxType } from "../types.ts";
import { extract, fromWord, insert, sizeOfFormal, toWord, wordsOf, type Word } from "./abi.ts";
import type { FnLowering } from "./function.ts";
import { layoutParams } from "./layout.ts";

/** A parameter that travels as words: one pseudo-register for each. */
interface Words {
  readonly words: readonly Word[];
  readonly regs: readonly Reg[];
}

/**
 * The `.param` variables of a function. Kernel parameters are read from the launch's parameter block; parameters
 * of device functions, and those that a call site fills, are registers of our own, so that SSA sees through them.
 */
export class ParamSpace {
  private readonly c: FnLowering;
  private readonly kernelOffsets = new Map<Variable, number>();
  private readonly byWords = new Map<Variable, Words>();
  private readonly spilled = new Map<Variable, ValueId>();
  private next: number;

  /** @param registers how many registers the function itself has; ours are numbered after them */
  constructor(c: FnLowering, registers: number) {
    this.c = c;
    this.next = registers;
    const { fn } = c;
    const formals = new Set<Variable | Reg>(fn.params);
    if (fn.entry) {
      const { offsets } = layoutParams(fn);
      fn.params.forEach((p, i) => { if (!(p instanceof Reg)) this.kernelOffsets.set(p, offsets[i]!); });
    }
    for (const variable of fn.variables) {
      if (variable.space !== "param" || (fn.entry && formals.has(variable))) continue;
      const words = wordsOf(sizeOfFormal(variable, variable.line));
      this.byWords.set(variable, { words, regs: words.map((w) => this.extra(`${variable.name}+${w.offset}`, w.type === "i32" ? 32 : 64)) });
    }
  }

  /** Registers of the function and of ours. */
  get registerCount(): number {
    return this.next;
  }

  /** One more pseudo-register. */
  extra(name: string, bits: 32 | 64): Reg {
    return new Reg(name, ptxType(bits === 32 ? "b32" : "b64"), this.next++);
  }

  /** Pseudo-registers of a variable: what a store to it, or a call's result, defines. */
  registersOf(variable: Variable): readonly Reg[] {
    return this.byWords.get(variable)?.regs ?? [];
  }

  /** Incoming parameters of a device function: registers defined at its entry. */
  formalRegisters(): readonly Reg[] {
    if (this.c.fn.entry) return [];
    return this.c.fn.params.flatMap((p) => (p instanceof Reg ? [p] : this.registersOf(p)));
  }

  /** Takes the incoming values, which are the IR function's first. */
  begin(): void {
    const { c } = this;
    if (c.fn.entry) return;
    let v = 0;
    for (const p of c.fn.params) {
      if (p instanceof Reg) {
        c.ssa.write(p, this.fromFormal(v, p));
        v += wordsOf(sizeOfFormal(p, c.fn.line)).length;
      } else for (const reg of this.registersOf(p)) c.ssa.write(reg, v++);
    }
  }

  private fromFormal(v: ValueId, reg: Reg): ValueId {
    const { em } = this.c;
    if (reg.type.kind === "pred") return em.icmp("ne", v, em.int("i32", 0));
    return fromWord(em, v, reg.type.ir ?? this.c.unsupported(`parameter ${reg.name} of type .${reg.type.name}`));
  }

  /** A value of `type` from byte `offset` of a parameter. */
  load(variable: Variable, offset: number, type: Type): ValueId {
    const { c } = this;
    const base = this.kernelOffsets.get(variable);
    // A kernel's parameters lie side by side in one block, and ptxas lets a read go beyond the one it names.
    this.check(variable, offset, type, base === undefined ? variable.size : c.em.fn.paramBytes - base);
    if (base !== undefined) {
      return c.em.once(`param:${base + offset}:${type}`, () => {
        const dst = c.em.value(type);
        c.em.push({ op: "param", dst, offset: base + offset, line: c.em.line });
        return dst;
      });
    }
    const { word, reg } = this.wordAt(variable, offset, type);
    return extract(c.em, c.read(reg), offset - word.offset, type);
  }

  /** Stores a value at byte `offset` of a parameter (a call's argument, or the function's own result). */
  store(variable: Variable, offset: number, value: ValueId): void {
    const { c } = this;
    const type = c.em.types[value]!;
    this.check(variable, offset, type, variable.size);
    if (this.kernelOffsets.has(variable)) c.fail(`kernel parameter '${variable.name}' cannot be written`);
    const { word, reg } = this.wordAt(variable, offset, type);
    const whole = offset === word.offset && sizeOf[type] === sizeOf[word.type];
    c.write(reg, whole ? value : insert(c.em, c.read(reg), offset - word.offset, value));
  }

  private check(variable: Variable, offset: number, type: Type, room: number): void {
    if (offset < 0 || offset + sizeOf[type] > room) {
      this.c.fail(`access of ${sizeOf[type]} bytes at offset ${offset} is outside parameter '${variable.name}' of ${variable.size} bytes`);
    }
  }

  private wordAt(variable: Variable, offset: number, type: Type): { readonly word: Word; readonly reg: Reg } {
    const entry = this.byWords.get(variable);
    const index = offset >> 3;
    const word = entry?.words[index];
    const reg = entry?.regs[index];
    if (word === undefined || reg === undefined) return this.c.fail(`'${variable.name}' is no parameter of this function`);
    if (offset + sizeOf[type] > word.offset + sizeOf[word.type]) this.c.fail(`access at offset ${offset} of parameter '${variable.name}' is misaligned`);
    return { word, reg };
  }

  /** Values of the function's results, as words. */
  results(): ValueId[] {
    const { c } = this;
    return c.fn.results.flatMap((r) => this.values(r));
  }

  /** A parameter's words as values, for a call or a return. */
  values(formal: Variable | Reg): ValueId[] {
    const { c } = this;
    if (formal instanceof Reg) return this.registerWords(formal);
    const entry = this.byWords.get(formal);
    if (entry === undefined) return c.fail(`'${formal.name}' cannot be passed to a function`);
    return entry.words.map((word, i) => toWord(c.em, c.read(entry.regs[i]!), word.type));
  }

  private registerWords(reg: Reg): ValueId[] {
    const { c } = this;
    if (reg.type.kind === "pred") return [c.em.zext(c.read(reg), "i32")];
    if (reg.type.ir === null) return c.unsupported(`register ${reg.name} of type .${reg.type.name}`);
    return [toWord(c.em, c.read(reg), reg.type.bits <= 32 ? "i32" : "i64")];
  }

  /** Takes a call's results into a variable or register; returns how many values it took. */
  receive(formal: Variable | Reg, values: readonly ValueId[], from: number): number {
    const { c } = this;
    if (formal instanceof Reg) {
      c.write(formal, this.fromFormal(values[from]!, formal));
      return 1;
    }
    const regs = this.registersOf(formal);
    regs.forEach((reg, i) => c.write(reg, values[from + i]!));
    return regs.length;
  }

  /** Space of a parameter's address. */
  spaceOf(): "const" | "local" {
    return this.c.fn.entry ? "const" : "local";
  }

  /**
   * Address of a parameter. A kernel's stands in the parameter block; a device function's is spilled to local memory
   * at entry (its parameters are read-only, so one copy serves).
   */
  address(variable: Variable): ValueId {
    const { em } = this.c;
    const base = this.kernelOffsets.get(variable);
    if (base !== undefined) {
      return em.once(`paramaddr:${base}`, () => {
        const dst = em.value("i64");
        em.push({ op: "paramaddr", dst, offset: base, line: em.line });
        return dst;
      });
    }
    const known = this.spilled.get(variable);
    if (known !== undefined) return known;
    const first = this.firstValue(variable);
    if (first < 0) return this.c.unsupported(`the address of '${variable.name}', which is no formal parameter, cannot be taken`);
    const index = em.fn.locals.push({ name: variable.name, size: variable.size, align: Math.max(8, variable.align) }) - 1;
    const dst = em.value("i64");
    em.atEntry({ op: "localaddr", dst, index });
    this.byWords.get(variable)!.words.forEach((word, i) => {
      em.atEntry({ op: "store", src: [first + i], space: "local", addr: dst, offset: word.offset, align: sizeOf[word.type] });
    });
    this.spilled.set(variable, dst);
    return dst;
  }

  /** Number of the IR value that brings the variable's first word; -1 when it is no formal parameter. */
  private firstValue(variable: Variable): number {
    let v = 0;
    for (const p of this.c.fn.params) {
      if (p === variable) return v;
      v += wordsOf(sizeOfFormal(p, this.c.fn.line)).length;
    }
    return -1;
  }
}

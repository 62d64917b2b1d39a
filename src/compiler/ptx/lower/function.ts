import { CompileError } from "../../abi.ts";
import type { ValueId } from "../../ir/ops.ts";
import { bitsOf, type Space, type Type } from "../../ir/types.ts";
import { Instruction, Reg, type Mem, type Operand, type PtxFunction } from "../ast.ts";
import { f32Bits, f32Value, f64Bits, f64Value } from "../numbers.ts";
import { kindsAgree, type PtxType } from "../types.ts";
import { branchLabel, buildCfg, labelNamed, type Cfg } from "./cfg.ts";
import { Emitter } from "./emitter.ts";
import type { ModuleLowering } from "./module.ts";
import { ParamSpace } from "./param-space.ts";
import { noteDefinitions } from "./prepass.ts";
import type { Fn } from "../../ir/module.ts";
import { specialRegister } from "./special-registers.ts";
import { Ssa } from "./ssa.ts";
import { Symbols } from "./symbols.ts";
import type { Scope } from "../scope.ts";

/**
 * Lowers one function: what instruction rows work with. `src`, `dst` and their kin turn operands into values and
 * back under PTX's typing rules; everything else is emitted through `em`.
 */
export class FnLowering {
  readonly module: ModuleLowering;
  readonly fn: PtxFunction;
  readonly em: Emitter;
  readonly cfg: Cfg;
  readonly ssa: Ssa;
  readonly symbols: Symbols;
  readonly params: ParamSpace;
  /** Single-precision values known not to be subnormal: results of `.ftz` operations. */
  readonly flushed: Set<ValueId> = new Set();
  /** The carry flag of extended-precision arithmetic (CC.CF), a register like others. */
  readonly carry: Reg;
  private current: Instruction | null = null;
  /** Set while a pure guarded instruction is lowered: destinations select on it. */
  private selectOn: { readonly cond: ValueId; readonly negate: boolean } | null = null;
  /** Set while a guarded instruction is lowered in a block of its own: what it writes. */
  private captured: { readonly reg: Reg; readonly value: ValueId }[] | null = null;

  constructor(module: ModuleLowering, fn: PtxFunction, ir: Fn) {
    this.module = module;
    this.fn = fn;
    this.em = new Emitter(ir);
    this.em.line = fn.line;
    this.cfg = buildCfg(fn);
    this.params = new ParamSpace(this, fn.registers.length);
    this.carry = this.params.extra("CC", 32);
    this.ssa = new Ssa(this.cfg, this.params.registerCount, this.em);
    this.symbols = new Symbols(this);
  }

  // Errors.

  get line(): number {
    return this.em.line;
  }

  fail(message: string): never {
    throw new CompileError("type", this.current === null ? message : `'${this.current.m.text}': ${message}`, this.em.line);
  }

  unsupported(message: string): never {
    throw new CompileError("unsupported", this.current === null ? message : `instruction '${this.current.m.text}': ${message}`, this.em.line);
  }

  // Registers.

  /** The register's value in whatever type it was computed. */
  read(reg: Reg): ValueId {
    return this.ssa.read(reg);
  }

  /** Gives the register a value of its width. */
  write(reg: Reg, value: ValueId): void {
    if (this.captured !== null) this.captured.push({ reg, value });
    else if (this.selectOn !== null) {
      const { cond, negate } = this.selectOn;
      const old = this.em.bitcast(this.ssa.read(reg), this.em.types[value]!);
      this.ssa.write(reg, negate ? this.em.select(cond, old, value) : this.em.select(cond, value, old));
    } else this.ssa.write(reg, value);
  }

  // Sources.

  /** An operand as a value of the instruction type's IR type; register sizes must agree. */
  src(op: Operand | undefined, type: PtxType): ValueId {
    return this.em.bitcast(this.any(op, type), type.ir ?? this.unsupported(`type .${type.name} is not supported`));
  }

  /** Like `src`, but left in the type it was computed in (same width): for moves, stores, selects. */
  any(op: Operand | undefined, type: PtxType): ValueId {
    if (op instanceof Reg) {
      if (op.type.bits !== type.bits || !kindsAgree(type, op.type)) this.mismatch(op, type);
      return this.ssa.read(op);
    }
    return this.immediate(op, type);
  }

  /** Like `src`, but a wider register gives its low bits (ld, st, cvt: PTX ISA 9.4.1). */
  relaxed(op: Operand | undefined, type: PtxType): ValueId {
    if (op instanceof Reg && op.type.bits > type.bits) {
      if (!kindsAgree(type, op.type) || type.ir === null || (op.type.kind === "f" && type.kind !== "b")) this.mismatch(op, type);
      const ir = type.ir;
      const low = this.em.trunc(this.em.bits(this.ssa.read(op)), ir === "f32" ? "i32" : ir);
      return this.em.bitcast(low, ir);
    }
    return this.src(op, type);
  }

  private mismatch(reg: Reg, type: PtxType): never {
    this.fail(`register ${reg.name} is of type .${reg.type.name}, the instruction wants .${type.name}`);
  }

  private immediate(op: Operand | undefined, type: PtxType): ValueId {
    const em = this.em;
    if (op === undefined) return this.fail("an operand is missing");
    switch (op.kind) {
      case "int":
        if (type.kind === "f" || type.kind === "h" || type.kind === "p") this.fail(`an integer constant cannot be of type .${type.name}${type.kind === "f" ? ": it needs a point, or 0f or 0d" : ""}`);
        if (type.kind === "pred") return em.int("i1", BigInt(op.value) === 0n ? 0 : 1);
        return em.int(type.ir ?? this.unsupported(`type .${type.name} takes no constant`), op.value);
      case "f32": return this.floatConstant(f32Value(op.bits), op.bits, null, type);
      case "f64": return this.floatConstant(f64Value(op.bits), null, op.bits, type);
      case "sreg": return this.special(op.name, type);
      case "sym":
        // (A name with an offset is a constant expression, and stands anywhere.)
        if (op.offset === 0 && !TAKES_NAMES.has(this.current?.m.op ?? "")) this.fail(`'${op.name}' must be moved to a register first`);
        return this.fit(this.symbols.address(op), type);
      default: return this.fail(`this operand must be a register or a constant of type .${type.name}`);
    }
  }

  private floatConstant(value: number, bits32: number | null, bits64: bigint | null, type: PtxType): ValueId {
    const em = this.em;
    if (type.bits === 32) {
      const bits = bits32 ?? f32Bits(value);
      return type.kind === "f" || (type.kind === "b" && bits32 !== null) ? em.f32bits(bits) : this.fail(`a floating-point constant cannot be of type .${type.name}`);
    }
    if (type.bits === 64) {
      const bits = bits64 ?? f64Bits(value);
      return type.kind === "f" || (type.kind === "b" && bits64 !== null) ? em.f64bits(bits) : this.fail(`a floating-point constant cannot be of type .${type.name}`);
    }
    return this.fail(`a floating-point constant cannot be of type .${type.name}`);
  }

  /** A special register's value; where it may be read, and how wide, is for the ISA to say (chapter 10). */
  private special(name: string, type: PtxType): ValueId {
    const v = specialRegister(this, name);
    const op = this.current?.m.op ?? "mov";
    if (op !== "mov" && op !== "cvt") this.fail(`${name} must be moved to a register first`);
    const { bits } = type;
    const has = bitsOf[this.em.types[v]!];
    const fits = op === "cvt" ? bits <= has && (type.kind === "u" || type.kind === "s") : bits === has || (bits === 16 && SIXTEEN.test(name)) || (bits === 64 && name === "%gridid");
    if (type.kind !== "pred" && !fits) this.fail(`${name} has ${has} bits, the instruction wants .${type.name}`);
    return this.fit(v, type);
  }

  /** Addresses and special registers: cut or widened to what is wanted. */
  private fit(v: ValueId, type: PtxType): ValueId {
    const to = type.ir;
    if (to === null || type.kind === "f" || type.kind === "h" || type.kind === "p" || type.kind === "pred") return this.fail(`this operand cannot be of type .${type.name}`);
    if (to === this.em.types[v]) return v;
    return bitsOf[this.em.types[v]!] < bitsOf[to] ? this.em.zext(v, to) : this.em.trunc(v, to);
  }

  /** A 32-bit operand such as a shift amount, lane or mask. */
  u32(op: Operand | undefined): ValueId {
    if (op instanceof Reg && op.type.bits !== 32) return this.fail(`register ${op.name} is of type .${op.type.name}, a 32-bit operand is wanted`);
    return this.src(op, u32);
  }

  /** The integer that a literal operand is, as 32 bits without sign; so that no constant need be emitted for it. */
  literal(op: Operand | undefined): number | undefined {
    return op !== undefined && op.kind === "int" ? Number(BigInt.asUintN(32, BigInt(op.value))) : undefined;
  }

  /** A predicate operand, `!p`, or a constant. */
  pred(op: Operand | undefined): ValueId {
    if (op !== undefined && op.kind === "not") {
      const v = this.pred(op.reg);
      const known = this.em.known(v);
      return known === undefined ? this.em.not(v) : this.em.int("i1", known === 0 ? 1 : 0);
    }
    if (op instanceof Reg && op.type.kind !== "pred") this.fail(`register ${op.name} is no predicate`);
    return this.src(op, predicate);
  }

  // Destinations.

  /** Writes a value of the instruction type's width. */
  dst(op: Operand | undefined, type: PtxType, value: ValueId): void {
    if (op instanceof Reg) {
      if (op.type.bits !== type.bits || !kindsAgree(type, op.type)) this.mismatch(op, type);
      this.write(op, value);
    } else if (op === undefined || op.kind !== "sink") this.fail("the destination must be a register");
  }

  /** Writes to a register that may be wider: extended by the type's sign (ld, cvt). */
  wide(op: Operand | undefined, type: PtxType, value: ValueId): void {
    if (!(op instanceof Reg) || op.type.bits === type.bits) return this.dst(op, type, value);
    // A float register takes its own width, and what is untyped, (PTX ISA 9.4.1, table of relaxed destination types).
    if (op.type.bits < type.bits || !kindsAgree(type, op.type) || op.type.ir === null || (op.type.kind === "f" && type.kind !== "b")) this.mismatch(op, type);
    const bits = this.em.bits(value);
    if (op.type.kind === "f") return this.write(op, this.em.bitcast(this.em.zext(bits, op.type.bits === 32 ? "i32" : "i64"), op.type.ir));
    this.write(op, type.kind === "s" ? this.em.sext(bits, op.type.ir) : this.em.zext(bits, op.type.ir));
  }

  /** A predicate destination. */
  dstPred(op: Operand | undefined, value: ValueId): void {
    this.dst(op, predicate, value);
  }

  /** Components of a vector operand; a single operand is a vector of one. */
  items(op: Operand | undefined, count: number): readonly Operand[] {
    const items = op === undefined ? [] : op.kind === "vec" ? op.items : [op];
    if (items.length !== count) this.fail(`${count} components are wanted, ${items.length} are given`);
    return items;
  }

  // Memory.

  /** The operand as `[address]`. */
  mem(op: Operand | undefined): Mem {
    return op !== undefined && op.kind === "mem" ? op : this.fail("an address in brackets is wanted");
  }

  /** Address of a memory operand (not in parameter space), with what remains of its offset. */
  address(op: Mem, space: Space): { readonly addr: ValueId; readonly offset: number; readonly space: Space } {
    const { base, offset } = op;
    if (base === null) return space === "local" ? { addr: this.em.int("i64", offset), offset: 0, space } : this.fail("an absolute address is for .local alone");
    if (base instanceof Reg) {
      if (base.type.kind === "f" || base.type.kind === "pred") this.fail(`register ${base.name} of type .${base.type.name} cannot hold an address`);
      if (base.type.bits === 64) return { addr: this.src(base, b64), offset, space };
      if (base.type.bits !== 32) this.fail(`register ${base.name} of type .${base.type.name} cannot hold an address`);
      const low = this.src(base, b32);
      // 32-bit addresses wrap at 32 bits. A small negative base with a positive offset is how compilers write `s[i-1]`: sign
      // extension makes 64-bit addition give what 32-bit addition would, as no space reaches 2^31.
      return { addr: offset === 0 ? this.em.zext(low, "i64") : this.em.sext(low, "i64"), offset, space };
    }
    const symbol = this.symbols.resolve(base);
    if (symbol.variable === null) this.fail(`'${base.name}' is a function`);
    const named = symbol.variable.space;
    if (space === "generic" ? named === "const" || named === "param" : named !== space) this.fail(`'${base.name}' is in .${named}, the instruction accesses .${space}`);
    // What loads and stores find there is undefined (PTX ISA 5.3).
    if (symbol.variable?.type.kind === "opaque") this.unsupported(`access to variable '${base.name}' of type .${symbol.variable.type.name}`);
    // A name says its own space: an access without space goes there.
    return { addr: symbol.address(), offset, space: space === "generic" ? symbol.space : space };
  }

  /** IR block of a branch target. */
  target(op: Operand | undefined): number {
    return this.ssa.startIr[this.cfg.blockOf(branchLabel(op, this.em.line))]!;
  }

  targetNamed(scope: Scope, name: string): number {
    return this.ssa.startIr[this.cfg.blockOf(labelNamed(scope, name, this.em.line))]!;
  }

  /** IR block that follows in the text; a block that returns, when nothing follows. */
  next(): number {
    const follower = this.ssa.block + 1;
    if (follower < this.cfg.blocks.length) return this.ssa.startIr[follower]!;
    const end = this.em.newBlock("end");
    const here = this.em.block;
    this.em.at(end);
    this.ret();
    this.em.at(here);
    return end;
  }

  /** Returns, with what stands in the result parameters. */
  ret(): void {
    const values = this.fn.entry ? [] : this.params.results();
    this.em.push({ op: "ret", values, line: this.em.line });
  }

  /** The guard as a condition that is true when the instruction is executed; null without guard. */
  guard(instr: Instruction): ValueId | null {
    if (instr.guard === null) return null;
    const v = this.ssa.read(instr.guard);
    return instr.negate ? this.em.not(v) : v;
  }

  // The walk.

  run(): void {
    const { blocks, order } = this.cfg;
    noteDefinitions(this);
    const reachable = new Set(order);
    blocks.forEach((block, b) => {
      if (b > 0 && reachable.has(b)) this.ssa.startIr[b] = this.em.newBlock(block.name);
    });
    this.params.begin();
    for (const b of order) this.lowerBlock(b);
    this.ssa.finish();
    this.em.finish();
  }

  private lowerBlock(b: number): void {
    const { em, ssa } = this;
    const block = this.cfg.blocks[b]!;
    ssa.block = b;
    em.at(ssa.startIr[b]!);
    const body = this.fn.body!;
    for (let i = block.start; i < block.end; i++) {
      const statement = body[i]!;
      if (statement instanceof Instruction) this.lowerInstruction(statement);
    }
    if (!em.terminated) {
      if (block.succs.length > 0) em.br(ssa.startIr[block.succs[0]!]!);
      else this.ret();
    }
    ssa.endIr[b] = em.block;
  }

  /**
   * What this use of an instruction asks of the module, where its operands decide.
   * @throws CompileError type, as ptxas refuses the text
   */
  needs(what: string, sm: number, version: number): void {
    if (sm > this.module.sm || version > this.module.version) this.refuseTarget(what, sm, version, Infinity);
  }

  private refuseTarget(what: string, sm: number, version: number, gone: number): never {
    const say = (v: number): string => `${Math.floor(v / 10)}.${v % 10}`;
    if (sm > this.module.sm) this.fail(`'${what}' requires .target sm_${sm} or higher, this is for sm_${this.module.sm}`);
    if (version > this.module.version) this.fail(`'${what}' requires .version ${say(version)} or later, this says ${say(this.module.version)}`);
    return this.fail(`'${what}' is not there any more since .version ${say(gone)} (sm_70 and higher)`);
  }

  private lowerInstruction(instr: Instruction): void {
    const { em } = this;
    em.line = instr.line;
    this.current = instr;
    const plan = instr.m.plan ?? this.module.table.plan(instr.m, instr.line);
    const { ops } = instr;
    const { sm, version } = this.module;
    if (plan.sm > sm || plan.version > version || (plan.gone <= version && sm >= 70)) this.refuseTarget(instr.m.text, plan.sm, plan.version, plan.gone);
    if (plan.mode === "pure" && ops[0]?.kind === "sink" && instr.m.op !== "setp") this.fail("a destination register is wanted");
    if (ops.length < plan.least || ops.length > plan.most) {
      const wanted = plan.least === plan.most ? `${plan.least}` : `${plan.least} to ${plan.most}`;
      throw new CompileError("syntax", `'${instr.m.text}' takes ${wanted} operands, ${ops.length} are given`, instr.line);
    }
    if (instr.guard === null || plan.mode === "control") plan.lower(this, ops, instr);
    else if (plan.mode === "pure") {
      this.selectOn = { cond: this.ssa.read(instr.guard), negate: instr.negate };
      plan.lower(this, ops, instr);
      this.selectOn = null;
    } else this.around(instr, () => plan.lower(this, ops, instr));
    this.current = null;
  }

  /** Lowers `work` in a block of its own that only guarded work-items enter. */
  private around(instr: Instruction, work: () => void): void {
    const { em } = this;
    const cond = this.ssa.read(instr.guard!);
    const before = em.block;
    const then = em.newBlock("guarded");
    const join = em.newBlock("join");
    if (instr.negate) em.condbr(cond, join, then);
    else em.condbr(cond, then, join);
    const captured: { readonly reg: Reg; readonly value: ValueId }[] = [];
    this.captured = captured;
    em.at(then);
    work();
    this.captured = null;
    const end = em.block;
    em.br(join);
    em.at(join);
    // The last write to each register counts.
    const last = new Map(captured.map((c) => [c.reg, c.value]));
    for (const [reg, value] of last) {
      const type = em.types[value]!;
      const old = em.coerceAtEnd(this.ssa.read(reg), type, before);
      this.ssa.write(reg, em.phi(type, [[before, old], [end, value]]));
    }
  }
}

/** Instructions whose operand may be a name alone; elsewhere ptxas wants a register. */
const TAKES_NAMES: ReadonlySet<string> = new Set(["mov", "cvta", "call", "tex", "tld4", "txq", "suld", "sust", "sured", "suq", "istypep"]);
/** Special registers that once had sixteen bits, and may still be read so. */
const SIXTEEN = /^%(?:tid|ntid|ctaid|nctaid)\./;

const u32: PtxType = { name: "u32", kind: "u", bits: 32, ir: "i32" };
const b32: PtxType = { name: "b32", kind: "b", bits: 32, ir: "i32" };
const b64: PtxType = { name: "b64", kind: "b", bits: 64, ir: "i64" };
const predicate: PtxType = { name: "pred", kind: "pred", bits: 1, ir: "i1" };

/** Type of memory that a value of `type` takes when it keeps the form it was computed in. */
export function natural(type: PtxType, computed: Type): Type {
  return bitsOf[computed] === type.bits ? computed : (type.ir ?? computed);
}

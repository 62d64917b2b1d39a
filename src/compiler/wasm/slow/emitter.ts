import type { Type } from "../../ir/types.ts";
import { Code, type FuncRef } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import { writeAtomic } from "../emit/atomics.ts";
import { DeviceEmitter } from "../emit/device.ts";
import type { Helpers } from "../emit/emitter.ts";
import { canonicalise, CANONICAL_OPERAND } from "../emit/float.ts";
import { writeSwitch } from "../emit/switch.ts";
import { isWide, loadOf, storeOf } from "../emit/types.ts";
import { writeStructured, type NodeWriter } from "../flow/structure.ts";
import { isCollective, isPure, type Block, type Node } from "../graph/node.ts";
import { readsOf } from "../graph/uses.ts";
import { frame, launch, narrowOffset, record, RECORD_SHIFT, RECORDS, slot, status, wideOffset, type SlotLayout } from "../lower/layout.ts";
import { sizeOf } from "../../ir/types.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { generic, span, spanType, translate, translateType } from "./memory.ts";
import { accessSize, type KernelProgram, type Routine } from "./program.ts";

const [L, S, ITEM] = [0, 1, 2];
const KIND = { load: 1, store: 2, atomic: 3, cmpxchg: 3 } as const;

/**
 * Writes one function as a resumable state machine for one work-item: `(launch block, slot, item) -> status`. It goes on where the work-item's record
 * (or control frame) says, and comes back with what the work-item waits for.
 */
export class SlowEmitter extends DeviceEmitter implements NodeWriter {
  private readonly program: KernelProgram;
  private readonly routine: Routine;
  private readonly layout: SlotLayout | null;
  private readonly blocks: readonly Block[];
  private readonly resumes: readonly Block[];
  private readonly record: number;
  /** Base of saved values: by width for the kernel, the control frame for functions. */
  private readonly narrowBase: number;
  private readonly wideBase: number;
  private readonly localBase: number;

  /** @param layout the kernel's slots; null for device functions, which save in their control frame */
  constructor(helpers: Helpers, program: KernelProgram, routine: Routine, layout: SlotLayout | null) {
    super(new Code(3), helpers, program.facts, L, S);
    this.program = program;
    this.routine = routine;
    this.layout = layout;
    this.blocks = routine.graph.blocks;
    this.resumes = this.blocks.filter((block) => block.resume > 0).sort((a, b) => a.resume - b.resume);
    this.record = this.code.local(I32);
    this.narrowBase = this.code.local(I32);
    this.wideBase = layout === null ? this.narrowBase : this.code.local(I32);
    this.localBase = this.code.local(I32);
  }

  /** Writes the whole function. */
  function(): Code {
    const { code } = this;
    code.get(ITEM).i32(RECORD_SHIFT).op(op.i32_shl).get(S).op(op.i32_add).i32(RECORDS).op(op.i32_add).set(this.record);
    if (this.layout !== null) {
      code.get(ITEM).i32(2).op(op.i32_shl).get(S).op(op.i32_add).set(this.narrowBase);
      code.get(ITEM).i32(3).op(op.i32_shl).get(S).op(op.i32_add).set(this.wideBase);
    } else {
      code.get(this.record).memory(mem.i32_load, record.frame).set(this.narrowBase);
      code.get(this.record).memory(mem.i32_load, record.local).set(this.localBase);
    }
    const succs = this.blocks.map((block) => block.succs.map((next) => next.id + 1));
    writeStructured(code, [[1, ...this.resumes.map((block) => block.id + 1)], ...succs], this);
    return code.op(op.unreachable);
  }

  write(node: number, go: (successor: number) => void): void {
    const { code } = this;
    if (node === 0) {
      if (this.layout !== null) code.get(this.record).memory(mem.i32_load, record.pc);
      else code.get(this.narrowBase).memory(mem.i32_load, frame.pc);
      writeSwitch(code, [1, ...this.resumes.map((block) => block.id + 1)], go);
      return;
    }
    const block = this.blocks[node - 1]!;
    if (block.cost > 0) {
      code.get(L).get(L).memory(mem.i64_load, launch.counted).i64((BigInt(block.bytes) << 32n) + BigInt(block.cost)).op(op.i64_add).memory(mem.i64_store, launch.counted);
    }
    for (const at of block.nodes) {
      if (at.folded || at.op === "phi" || at.op === "proj") continue;
      this.statement(at, block, go);
    }
  }

  edge(from: number, to: number): void {
    const block = this.blocks[to - 1]!;
    if (from === 0) {
      if (block.resume > 0) this.restore(block);
      return;
    }
    this.copyPhis(this.blocks[from - 1]!, block);
  }

  /** All values are read before any phi is set. */
  private copyPhis(from: Block, to: Block): void {
    const at = to.preds.indexOf(from);
    const set: Node[] = [];
    for (const phi of to.nodes) {
      if (phi.op !== "phi") break;
      const arg = phi.args[at]!;
      if (arg === phi || phi.uses === 0) continue;
      this.value(arg);
      set.push(phi);
    }
    for (const phi of set.reverse()) this.code.set(this.local(phi));
  }

  private place(node: Node): { base: number; offset: number } {
    const index = this.routine.saved.slot.get(node)!;
    if (this.layout === null) {
      const values = this.routine.frameBytes - 8 * (this.routine.saved.narrow + this.routine.saved.wide);
      return { base: this.narrowBase, offset: (values & ~7) + 8 * (isWide(node.type!) ? this.routine.saved.narrow + index : index) };
    }
    return isWide(node.type!) ? { base: this.wideBase, offset: wideOffset(this.layout, index) } : { base: this.narrowBase, offset: narrowOffset(this.layout, index) };
  }

  private save(block: Block): void {
    for (const node of this.routine.saved.at.get(block)!) {
      const { base, offset } = this.place(node);
      this.code.get(base);
      this.value(node);
      this.code.memory(slotStore(node.type!), offset);
    }
    if (this.layout !== null) this.code.get(this.record).i32(block.resume).memory(mem.i32_store, record.pc);
    else this.code.get(this.narrowBase).i32(block.resume).memory(mem.i32_store, frame.pc);
  }

  private restore(block: Block): void {
    for (const node of this.routine.saved.at.get(block)!) {
      const { base, offset } = this.place(node);
      this.code.get(base).memory(slotLoad(node.type!), offset).set(this.local(node));
    }
    const fresh = new Set<Node>();
    const again = (node: Node): void => {
      if (fresh.has(node)) return;
      fresh.add(node);
      readsOf(node, again);
      this.compute(node);
      this.code.set(this.local(node));
    };
    for (const node of this.routine.saved.recompute.get(block)!) again(node);
  }

  private giveWay(node: Node, block: Block, how: number): void {
    this.save(block.succs[0]!);
    if (how === status.barrier || how === status.activemask) this.code.get(this.record).i32(this.site(node)).memory(mem.i32_store, record.site);
    this.code.i32(how).op(op.return);
  }

  private site(node: Node): number {
    return this.program.sites.push({ node, line: node.line > 0 ? node.line : null }) - 1;
  }

  private statement(node: Node, block: Block, go: (successor: number) => void): void {
    const { code } = this;
    switch (node.op) {
      case "br":
        go(block.succs[0]!.id + 1);
        return;
      case "condbr":
        this.condition(node.args[0]!);
        code.if();
        go(block.succs[0]!.id + 1);
        code.else();
        go(block.succs[1]!.id + 1);
        code.end();
        return;
      case "switch":
        this.branchTable(node, block, go);
        return;
      case "ret":
        this.giveBack(node);
        return;
      case "exit":
        code.i32(status.exited).op(op.return);
        return;
      case "trap": case "unreachable":
        code.i32(node.op === "trap" ? 0 : 1).i32(node.line).get(S).get(ITEM);
        this.callImport("trap", [I32, I32, I32, I32], []);
        code.op(op.unreachable);
        return;
      case "yield":
        if (Number(node.imm) === 1) {
          this.giveWay(node, block, status.spin);
          return;
        }
        code.get(L).memory(mem.i32_load, launch.counted).get(L).memory(mem.i32_load, launch.limit).op(op.i32_ge_u).if();
        this.giveWay(node, block, status.fuel);
        code.end();
        return;
      case "nanosleep":
        this.giveWay(node, block, status.sleep);
        return;
      case "barrier": case "barred": {
        const [id, count, a] = barrierOperands(node);
        this.field(record.id, id);
        this.field(record.count, count);
        this.field(record.a, a);
        this.giveWay(node, block, status.barrier);
        return;
      }
      case "activemask":
        this.giveWay(node, block, status.activemask);
        return;
      case "call": case "calli":
        this.call(node, block);
        return;
      case "result": {
        const at = block.preds[0]!.nodes.at(-2)!;
        if (at.op === "call" || at.op === "calli") {
          this.nextFrame();
          code.memory(slotLoad(node.type!), frame.values + 8 * Number(node.imm));
        } else code.get(this.record).memory(slotLoad(node.type!), Number(node.imm) === 0 ? record.a : record.b);
        code.set(this.local(node));
        return;
      }
      case "arg":
        code.get(this.narrowBase).memory(slotLoad(node.type!), frame.values + 8 * Number(node.imm)).set(this.local(node));
        return;
      case "store":
        this.store(node);
        return;
      case "atomic": case "cmpxchg": {
        const shared = node.access!.space === "global" || node.access!.space === "generic" || node.access!.space === "const";
        this.temp(I32, (address) => {
          this.linear(node);
          code.set(address);
          writeAtomic(this, node, address, node.args.slice(1), shared && this.facts.shared);
        });
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
        return;
      }
      case "fence":
        if (this.facts.shared) code.op(0xfe, 3, 0);
        return;
      case "printf":
        this.print(node, this.site(node));
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
        return;
      case "assertfail":
        this.print(node, this.site(node));
        code.op(op.drop, op.unreachable);
        return;
      case "sreg":
        if (node.attr === "globaltimer") this.callImport("now", [], [I64]);
        else {
          code.get(L).memory(mem.i64_load, launch.clock).get(L).memory(mem.i32_load, launch.counted).op(op.i64_extend_i32_u, op.i64_add);
        }
        code.set(this.local(node));
        return;
      default:
        if (isCollective(node)) {
          this.collective(node, block);
          return;
        }
        if (node.op === "load" && node.access!.count > 1) {
          this.load(node);
          return;
        }
        if (node.uses === 0 && isPure(node)) return;
        this.compute(node);
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
    }
  }

  /** Stores an operand (or 0) in a field of the record. */
  private field(offset: number, node: Node | null): void {
    this.code.get(this.record);
    if (node === null) this.code.i32(0);
    else this.value(node);
    this.code.memory(node === null ? mem.i32_store : slotStore(node.type!), offset);
  }

  private collective(node: Node, block: Block): void {
    const masked = Number(node.imm) === 1;
    const operands = masked ? node.args.slice(0, -1) : node.args;
    this.field(record.id, masked ? node.args[node.args.length - 1]! : null);
    this.code.get(this.record).i32(masked ? 1 : 0).memory(mem.i32_store, record.count);
    [record.a, record.b, record.c].forEach((offset, i) => {
      if (operands[i] !== undefined) this.field(offset, operands[i]);
    });
    this.save(block.succs[0]!);
    this.code.get(this.record).i32(this.site(node)).memory(mem.i32_store, record.site);
    this.code.i32(status.collective).op(op.return);
  }

  private branchTable(node: Node, block: Block, go: (successor: number) => void): void {
    const { code } = this;
    const on = node.args[0]!;
    const type = this.wasm(on.type!);
    this.temp(type, (value) => {
      this.value(on);
      code.set(value);
      const otherwise = block.cases.find(([at]) => at === null)![1];
      for (const [at, successor] of block.cases) {
        if (at === null) continue;
        code.get(value);
        if (type === I64) code.i64(at).op(op.i64_eq);
        else code.i32(Number(BigInt.asIntN(32, BigInt.asUintN(sizeOf[on.type!] * 8, at)))).op(op.i32_eq);
        code.if();
        go(block.succs[successor]!.id + 1);
        code.end();
      }
      go(block.succs[otherwise]!.id + 1);
    });
  }

  // Calls.

  /** Pushes the address of the control frame behind the own one. */
  private nextFrame(): void {
    const { code } = this;
    if (this.layout === null) code.get(this.narrowBase).i32(this.routine.frameBytes).op(op.i32_add);
    else code.get(S).memory(mem.i32_load, slot.control).get(ITEM).get(L).memory(mem.i32_load, launch.controlBytes).op(op.i32_mul, op.i32_add);
  }

  private call(node: Node, block: Block): void {
    const { code } = this;
    const args = node.op === "call" ? node.args : node.args.slice(1);
    this.save(block.succs[0]!);
    this.temp(I32, (next) => {
      this.nextFrame();
      code.set(next);
      args.forEach((arg, i) => {
        code.get(next);
        this.value(arg);
        code.memory(slotStore(arg.type!), frame.values + 8 * i);
      });
      if (node.op === "call") code.i64(BigInt(this.program.functionNumber.get(node.attr)!)).i32(-1);
      else {
        this.value(node.args[0]!);
        code.i32(this.site(node));
      }
      code.get(next).i32(Number(node.imm));
      if (this.layout === null) code.get(this.localBase).op(op.i32_add);
      code.i32(node.line).get(S).get(ITEM);
      this.callImport("enter", [I64, I32, I32, I32, I32, I32, I32], []);
    });
    code.i32(status.again).op(op.return);
  }

  private giveBack(node: Node): void {
    const { code } = this;
    if (this.layout !== null) {
      code.i32(status.exited).op(op.return);
      return;
    }
    // All results are read before one is written: arguments lie in the same place, but those are in variables by now.
    node.args.forEach((arg, i) => {
      code.get(this.narrowBase);
      this.value(arg);
      code.memory(slotStore(arg.type!), frame.values + 8 * i);
    });
    for (const [from, to] of [[frame.callerFn, record.fn], [frame.callerLocal, record.local], [frame.caller, record.frame]] as const) {
      code.get(this.record).get(this.narrowBase).memory(mem.i32_load, from).memory(mem.i32_store, to);
    }
    code.get(this.record).get(this.record).memory(mem.i32_load, record.depth).i32(1).op(op.i32_sub).memory(mem.i32_store, record.depth);
    code.i32(status.again).op(op.return);
  }

  // Places.

  protected threadId(dimension: "x" | "y" | "z"): void {
    this.code.get(this.record).memory(mem.i32_load, record.tid + { x: 0, y: 4, z: 8 }[dimension]);
  }

  protected linearId(): void {
    this.code.get(ITEM);
  }

  protected override localAddress(offset: number): void {
    if (this.layout !== null) this.code.i64(BigInt(offset));
    else this.code.get(this.localBase).i32(offset).op(op.i32_add, op.i64_extend_i32_u);
  }

  // Memory.

  /** Pushes the linear address of an access, after all checks. */
  private linear(node: Node): void {
    const { code } = this;
    const access = node.access!;
    const size = accessSize(node);
    const kind = KIND[node.op as keyof typeof KIND];
    if (kind === undefined) throw new EmulatorBug(`${node.op} is no access`);
    this.value(node.args[0]!);
    if (access.offset !== 0) code.i64(BigInt(access.offset)).op(op.i64_add);
    code.i32(size);
    if (access.space === "shared" || access.space === "local") {
      code.get(L).memory(mem.i32_load, access.space === "shared" ? launch.sharedBytes : launch.localBytes);
      code.i32(kind).i32(node.line).get(S).get(ITEM).call(this.helpers.get("span", spanType, [I32], span));
      if (access.space === "shared") code.get(S).memory(mem.i32_load, slot.shared).op(op.i32_add);
      else code.get(S).memory(mem.i32_load, slot.local).op(op.i32_add).get(ITEM).get(L).memory(mem.i32_load, launch.localBytes).op(op.i32_mul, op.i32_add);
      return;
    }
    code.i32(access.align - 1).i32(kind).i32(node.line).get(L).get(S).get(ITEM);
    const helper: FuncRef = access.space === "generic"
      ? this.helpers.get("generic", translateType, [I32], generic)
      : this.helpers.get("translate", translateType, [I32], translate);
    code.call(helper);
  }

  protected load(node: Node): void {
    const { code } = this;
    const { type, count } = node.access!;
    this.linear(node);
    if (count === 1) {
      code.memory(loadOf[type]);
      if (type === "i1") this.maskTo("i1");
      return;
    }
    this.temp(I32, (address) => {
      code.set(address);
      const projections = node.block!.nodes.filter((other) => other.op === "proj" && other.args[0] === node);
      for (const proj of projections) {
        code.get(address).memory(loadOf[type], Number(proj.imm) * sizeOf[type]);
        if (type === "i1") this.maskTo("i1");
        code.set(this.local(proj));
      }
    });
  }

  private store(node: Node): void {
    const { code } = this;
    const { type, align, space } = node.access!;
    this.temp(I32, (address) => {
      this.linear(node);
      code.set(address);
      node.args.slice(1).forEach((arg, i) => {
        code.get(address);
        this.value(arg);
        if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalise(this, type === "f64");
        code.memory(storeOf[type], i * sizeOf[type]);
      });
      if (accessSize(node) > align && space !== "shared" && space !== "local") {
        code.get(address).get(L).i32(launch.bounce).op(op.i32_add, op.i32_eq).if();
        this.callImport("spread", [], []);
        code.end();
      }
    });
  }
}

/** Saved values are whole words: narrow integers take four bytes. */
export function slotStore(type: Type): number {
  return sizeOf[type] < 4 ? mem.i32_store : storeOf[type];
}

export function slotLoad(type: Type): number {
  return sizeOf[type] < 4 ? mem.i32_load : loadOf[type];
}

/** Barrier id, count, and the predicate of a reduction; null where absent. */
export function barrierOperands(node: Node): [id: Node | null, count: Node | null, predicate: Node | null] {
  const has = Number(node.imm);
  const rest = [...node.args];
  const id = (has & 1) !== 0 ? rest.shift()! : null;
  const count = (has & 2) !== 0 ? rest.shift()! : null;
  return [id, count, rest.shift() ?? null];
}

import type { Code } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import { writeAtomic } from "../emit/atomics.ts";
import { writeSwitch } from "../emit/switch.ts";
import { writeStructured, type NodeWriter } from "../flow/structure.ts";
import { isCollective, isPure, type Block, type Node } from "../graph/node.ts";
import { frame, launch, record, RECORD_SHIFT, RECORDS, status } from "../lower/layout.ts";
import { sizeOf } from "../../ir/types.ts";
import { SlowFrame } from "./frame.ts";
import { slotLoad, slotStore } from "./saved.ts";
import { barrierOperands } from "./operands.ts";

const [L, S, ITEM] = [0, 1, 2];

/**
 * Writes one function as a resumable state machine for one work-item: `(launch block, slot, item) -> status`. It goes on where the work-item's record
 * (or control frame) says, and comes back with what the work-item waits for.
 */
export class SlowEmitter extends SlowFrame implements NodeWriter {

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

  protected giveWay(node: Node, block: Block, how: number): void {
    this.save(block.succs[0]!);
    if (how === status.barrier || how === status.activemask) this.code.get(this.record).i32(this.site(node)).memory(mem.i32_store, record.site);
    this.code.i32(how).op(op.return);
  }

  protected statement(node: Node, block: Block, go: (successor: number) => void): void {
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
          writeAtomic(this, node, address, node.args.slice(1), shared && this.facts.concurrent);
        });
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
        return;
      }
      case "fence":
        if (this.facts.concurrent) code.op(0xfe, 3, 0);
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
          if (Number(node.imm) !== 0) code.i64(BigInt(node.imm)).op(op.i64_sub);
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
  protected field(offset: number, node: Node | null): void {
    this.code.get(this.record);
    if (node === null) this.code.i32(0);
    else this.value(node);
    this.code.memory(node === null ? mem.i32_store : slotStore(node.type!), offset);
  }

  protected collective(node: Node, block: Block): void {
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

  protected branchTable(node: Node, block: Block, go: (successor: number) => void): void {
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

  protected call(node: Node, block: Block): void {
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
      if (node.op === "call") code.i64(BigInt(this.program.functionNumber.get(node.attr)!)).i32(-1 - this.site(node));
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

  protected giveBack(node: Node): void {
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
}

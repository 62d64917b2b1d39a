import { I32, I64, mem, op } from "../asm/opcodes.ts";
import { writeAtomic } from "../emit/atomics.ts";
import { wasmType } from "../emit/types.ts";
import { writeStructured } from "../flow/structure.ts";
import { isPure, type Block, type Node } from "../graph/node.ts";
import { readsOf } from "../graph/uses.ts";
import { launch, record, slot, status } from "../lower/layout.ts";
import { sizeOf } from "../../ir/types.ts";
import { slotLoad, slotStore } from "../slow/saved.ts";
import type { FlowNode } from "./flow.ts";
import { restOfRow, type Cost } from "./rest.ts";
import { TogetherWriter } from "./together.ts";

const [L, S] = [0, 1];

/** What one work-item does in one region, and how it leaves for the slow path. */
export abstract class ItemWriter extends TogetherWriter {
  // One work-item in one region.

  /** Bases of the work-item's own memory, and its values from earlier regions. */
  protected enterItem(node: FlowNode): void {
    const { code } = this;
    const kernel = this.program.kernel;
    if (kernel.saved.narrow > 0) code.get(this.item).i32(2).op(op.i32_shl).get(S).op(op.i32_add).set(this.narrow);
    if (kernel.saved.wide > 0) code.get(this.item).i32(3).op(op.i32_shl).get(S).op(op.i32_add).set(this.wide);
    if (this.usesLocal()) {
      code.get(S).memory(mem.i32_load, slot.local).get(this.item).get(L).memory(mem.i32_load, launch.localBytes).op(op.i32_mul, op.i32_add).set(this.localBase);
    }
    if (node.head === kernel.graph.entry) return;
    for (const value of this.arriving(node)) {
      const { base, offset } = this.place(value);
      code.get(base).memory(slotLoad(value.type!), offset).set(this.local(value));
    }
  }

  protected localUse: boolean | null = null;

  protected usesLocal(): boolean {
    this.localUse ??= this.program.kernel.graph.blocks.some((block) => block.nodes.some((node) => node.access?.space === "local"));
    return this.localUse;
  }

  /** Saved values of the work-item that the region reads. */
  protected arriving(node: FlowNode): Node[] {
    const saved = (this.program.kernel.saved.at.get(node.head) ?? []).filter((value) => !this.regions.cells.has(value));
    const read = new Set<Node>();
    for (const block of node.blocks) {
      for (const inner of block.nodes) {
        if (inner.folded || inner.op === "phi") continue;
        readsOf(inner, (value) => read.add(value));
      }
      for (const next of block.succs) {
        const at = next.preds.indexOf(block);
        for (const phi of next.nodes) {
          if (phi.op !== "phi") break;
          read.add(phi.args[at]!);
        }
      }
    }
    return saved.filter((value) => read.has(value));
  }

  protected itemBody(node: FlowNode, exits: readonly Block[]): void {
    const { code } = this;
    this.region = node;
    const blocks = node.blocks;
    const number = new Map<Block, number>(blocks.map((block, i) => [block, i]));
    // Leaving the region is going to a node behind the blocks; an edge back to the head leaves too.
    const target = (next: Block): number => (exits.includes(next) ? blocks.length + exits.indexOf(next) : number.get(next)!);
    const succs = blocks.map((block) => block.succs.map(target));
    for (const _ of exits) succs.push([]);
    const made = this.madeIn(node);
    writeStructured(code, succs, {
      write: (index, go) => {
        const block = blocks[index];
        if (block === undefined) {
          const exit = exits[index - blocks.length]!;
          for (const value of this.program.kernel.saved.at.get(exit)!) if (made.has(value)) this.storeSlot(value, value);
          if (exits.length > 1) code.i32(this.regions.flow.at.get(exit)!.index).set(this.next);
          code.br(this.itemEnd);
          return;
        }
        this.itemBlock(block, (next) => go(target(next)));
      },
      edge: (from, to) => {
        const into = blocks[to];
        if (into !== undefined) this.copyPhis(blocks[from]!, into);
        else this.movePhis(blocks[from]!, exits[to - blocks.length]!);
      },
    });
    this.region = null;
  }

  protected copyPhis(from: Block, to: Block): void {
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

  /** On the way out of the region: phis of the work-item move between slots, all read before one is written. */
  protected movePhis(from: Block, to: Block): void {
    const { code } = this;
    const at = to.preds.indexOf(from);
    const moves: { readonly phi: Node; readonly local: number }[] = [];
    for (const phi of to.nodes) {
      if (phi.op !== "phi") break;
      const arg = phi.args[at]!;
      if (this.regions.cells.has(phi) || phi.uses === 0 || !this.program.kernel.saved.slot.has(phi)) continue;
      if (this.program.kernel.saved.slot.get(arg) === this.program.kernel.saved.slot.get(phi) && arg.type === phi.type && !this.regions.cells.has(arg)) continue;
      const local = code.local(wasmType(phi.type!));
      this.value(arg);
      code.set(local);
      moves.push({ phi, local });
    }
    for (const { phi, local } of moves) {
      const { base, offset } = this.place(phi);
      code.get(base).get(local).memory(slotStore(phi.type!), offset);
    }
  }

  protected itemBlock(block: Block, go: (next: Block) => void): void {
    this.block = block;
    this.checked.clear();
    if (countsAsItGoes(block)) this.code.get(this.counted).set(this.mark);
    if (block !== this.rowHead) this.charge(block, false);
    for (const node of block.nodes) {
      if (node.folded || node.op === "phi" || node.op === "proj") continue;
      if (this.regions.cells.has(node) || (node.free && this.regions.levels.of(node) < 3)) continue;
      this.statement(node, block, go);
      this.block = block;
    }
  }

  protected statement(node: Node, block: Block, go: (next: Block) => void): void {
    const { code } = this;
    switch (node.op) {
      case "br": go(block.succs[0]!); return;
      case "condbr":
        this.condition(node.args[0]!);
        code.if();
        this.skipRest(block, block.succs[0]!, 1);
        go(block.succs[0]!);
        code.else();
        this.skipRest(block, block.succs[1]!, 1);
        go(block.succs[1]!);
        code.end();
        return;
      case "switch":
        this.branchTable(node, block, go);
        return;
      case "ret": case "exit":
        if (this.regions.flow.someExit && this.warps) {
          code.get(this.alive).i32(1).get(this.item).get(this.first).op(op.i32_sub, op.i32_shl).i32(-1).op(op.i32_xor, op.i32_and).set(this.alive);
        } else if (this.regions.flow.someExit) {
          this.recordOfItem();
          code.i32(status.exited).memory(mem.i32_store, record.status);
          code.get(this.alive).i32(1).op(op.i32_sub).set(this.alive);
        }
        code.br(this.itemEnd);
        return;
      case "trap": case "unreachable": case "assertfail":
        code.br(this.exitLabel());
        return;
      case "yield":
        this.yield(node, block.succs[0]!);
        return;
      case "nanosleep": case "fence":
        return;
      case "result":
        this.recordOfItem();
        code.memory(slotLoad(node.type!), Number(node.imm) === 0 ? record.a : record.b).set(this.local(node));
        return;
      case "store":
        this.store(node);
        return;
      case "atomic": case "cmpxchg": {
        const outer = node.access!.space === "global" || node.access!.space === "generic";
        this.temp(I32, (address) => {
          const offset = this.linear(node);
          if (offset !== 0) code.i32(offset).op(op.i32_add);
          code.set(address);
          writeAtomic(this, node, address, node.args.slice(1), outer && this.facts.concurrent);
        });
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
        return;
      }
      case "printf":
        this.print(node, this.program.sites.push({ node, line: node.line }) - 1);
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
        return;
      case "sreg":
        this.callImport("now", [], [I64]);
        code.set(this.local(node));
        return;
      default:
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

  /** Pushes where the row ends, for loops over rows. */
  protected rowEnd: (() => void) | null = null;

  /** Where the branch at the end of the region's first block sends the rest of the row past everything: counts it, and is done with it. */
  protected skipRest(block: Block, way: Block, width: number): void {
    const { region, rowEnd, code } = this;
    if (region === null || rowEnd === null || region.head !== block || this.facts.checks !== null) return;
    const rest = restOfRow(region, way, this.regions, this.program.kernel.saved);
    if (rest === null) return;
    const head = this.rowHead === block ? 0n : (BigInt(block.bytes) << 32n) + BigInt(block.cost);
    const tx = this.tid[0];
    const wide = rest.value.type === "i64";
    const sub = wide ? op.i64_sub : op.i32_sub;
    const least = (): void => void (wide ? code.i64(rest.signed ? -(2n ** 63n) : 0n) : code.i32(rest.signed ? -0x8000_0000 : 0));
    this.temp(I32, (left) => {
      rowEnd();
      code.get(tx).op(op.i32_sub).tee(left).i32(width).op(op.i32_gt_s).if();
      // Nothing wraps up to there.
      if (rest.step > 0) {
        least();
        this.value(rest.value);
        code.op(sub);
        if (wide) code.i64(1n).op(sub);
        else code.i32(1).op(sub);
      } else {
        this.value(rest.value);
        least();
        code.op(sub);
      }
      code.get(left).i32(Math.abs(rest.step)).op(op.i32_mul);
      if (wide) code.op(op.i64_extend_i32_u);
      code.op(wide ? op.i64_ge_u : op.i32_ge_u).if();
      code.get(left).i32(width).op(op.i32_sub).set(left);
      code.get(this.counted).get(left).op(op.i64_extend_i32_u);
      this.pushCost(rest.cost, head);
      code.op(op.i64_mul, op.i64_add).set(this.counted);
      code.get(this.item).get(left).op(op.i32_add).set(this.item).get(tx).get(left).op(op.i32_add).set(tx);
      code.end();
      code.end();
    });
  }

  /** Pushes what is counted on a way, and `more`. */
  private pushCost({ cost, fork }: Cost, more: bigint): void {
    const { code } = this;
    if (fork === null) {
      code.i64(cost + more);
      return;
    }
    this.pushCost(fork.yes, cost + more);
    this.pushCost(fork.no, cost + more);
    this.value(fork.on);
    code.op(op.select);
  }

  protected yield(node: Node, next: Block): void {
    const exit = this.exits.get(next)!;
    if (Number(node.imm) === 1) this.code.br(exit);
    else this.code.get(this.counted).op(op.i32_wrap_i64).get(this.itemLimit).op(op.i32_ge_u).brIf(exit);
  }

  protected branchTable(node: Node, block: Block, go: (next: Block) => void): void {
    const { code } = this;
    const on = node.args[0]!;
    const type = this.wasm(on.type!);
    const value = code.local(type);
    this.value(on);
    code.set(value);
    const otherwise = block.cases.find(([at]) => at === null)![1];
    for (const [at, successor] of block.cases) {
      if (at === null) continue;
      code.get(value);
      if (type === I64) code.i64(at).op(op.i64_eq);
      else code.i32(Number(BigInt.asIntN(32, BigInt.asUintN(sizeOf[on.type!] * 8, at)))).op(op.i32_eq);
      code.if();
      go(block.succs[successor]!);
      code.end();
    }
    go(block.succs[otherwise]!);
  }

  // Leaving for the slow path.

  /** Saves what the work-item has made in this region; the rest is in its slots already. */
  protected exitStub(block: Block): void {
    const { code } = this;
    const owner = this.regions.flow.nodes.find((node) => node.kind === "items" && node.blocks.includes(block));
    const made = owner === undefined ? new Set<Node>() : this.madeIn(owner);
    for (const value of this.program.kernel.saved.at.get(block)!) if (made.has(value) || this.regions.cells.has(value)) this.storeSlot(value, value);
    // The slow path enters the block anew, and counts it.
    if (countsAsItGoes(block)) code.get(this.mark).set(this.counted);
    else if (block.cost > 0 || block.bytes > 0) code.get(this.counted).i64((BigInt(block.bytes) << 32n) + BigInt(block.cost)).op(op.i64_sub).set(this.counted);
    code.i32(block.resume).set(this.pc);
  }

  protected exitTail(): void {
    this.recordOfItem();
    this.code.get(this.pc).memory(mem.i32_store, record.pc);
    this.saveState();
  }
}

/** Whether some access of the block counts its bytes when it has seen the address. */
function countsAsItGoes(block: Block): boolean {
  return block.nodes.some((node) => node.access?.space === "generic");
}

import type { Label } from "../asm/code.ts";
import { I32, op } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { writeStructured } from "../flow/structure.ts";
import type { Block } from "../graph/node.ts";
import type { FlowNode } from "../fast/flow.ts";
import { isScalarGuard, writeGuard } from "./guard.ts";
import type { Part } from "./masked.ts";
import { MaskedFlow } from "./masked-flow.ts";

/** A region run by four work-items at a time. */
export abstract class VectorFlow extends MaskedFlow {
  /** Where the four are done. */
  protected vectorEnd: Label = 0;
  /** The same, where they have been in no loop; null where that makes no difference. */
  protected quickEnd: Label | null = null;
  /** Blocks of the region that loops lead to, and their own. */
  protected readonly looped: Set<Block> = new Set();

  /** Writes the region for four; the code ends at `end` (at `quick` where it came through no loop), or at `apart` when they must go one by one. */
  protected fourBody(node: FlowNode, exits: readonly Block[], end: Label, quick: Label | null): void {
    const { code } = this;
    this.region = node;
    this.vectorEnd = end;
    this.quickEnd = quick;
    this.looped.clear();
    if (quick !== null) for (const block of behindLoops(node)) this.looped.add(block);
    for (const memory of [this.written, this.here, this.charged, this.rounds, this.sure]) memory.clear();
    this.ways = exits;
    const plan = this.plan!;
    const parts = [...new Set([...plan.masked.blocks.values(), ...plan.masked.begins.values()])];
    const blocks = node.blocks.filter((block) => !plan.masked.blocks.has(block));
    const index = new Map<Block | Part, number>();
    for (const block of blocks) index.set(block, index.size);
    for (const part of parts) index.set(part, index.size);
    const first = index.size;
    const target = (next: Block): number => {
      if (exits.includes(next)) return first + exits.indexOf(next);
      return index.get(plan.masked.blocks.get(next) ?? next)!;
    };
    const succs: number[][] = [
      ...blocks.map((block) => (plan.masked.branches.has(block) ? [index.get(plan.masked.begins.get(block)!)!] : [...new Set(block.succs.map(target))])),
      ...parts.map((part) => (part.exit === null ? [] : [target(part.exit)])),
    ];
    for (const _ of exits) succs.push([]);
    writeStructured(code, succs, {
      write: (at, go) => {
        const block = blocks[at];
        if (block !== undefined) {
          this.fourBlock(block, (next) => {
            const part = plan.masked.blocks.get(next);
            if (part !== undefined) {
              // All of them go there.
              this.setMask(this.maskOf(next), () => code.v128([-1, -1, -1, -1]));
              this.phisOf(block, next, null);
            }
            go(target(next));
          }, () => go(index.get(plan.masked.begins.get(block)!)!));
          return;
        }
        const part = parts[at - blocks.length];
        if (part !== undefined) {
          this.part(part.order, true);
          this.block = null;
          if (part.exit === null) code.br(end);
          else go(target(part.exit));
          return;
        }
        const exit = exits[at - first]!;
        this.block = null;
        this.saveFour(exit, null);
        if (exits.length > 1) code.i32(this.regions.flow.at.get(exit)!.index).set(this.next);
        code.br(end);
      },
      edge: (from, to) => {
        const block = blocks[from];
        if (block === undefined) return;
        const into = blocks[to];
        if (into !== undefined) this.phisOf(block, into, null);
        else if (to >= first) this.moveFour(block, exits[to - first]!, null);
      },
    });
    this.region = null;
    this.block = null;
  }

  /** One block in which all four are. */
  protected fourBlock(block: Block, go: (next: Block) => void, part: () => void): void {
    const { code } = this;
    this.block = block;
    this.checked.clear();
    if (block !== this.rowHead) this.chargeLanes(block, null);
    this.statements(block);
    const last = block.last;
    switch (block.succs.length === 1 ? "br" : last.op) {
      case "br": go(block.succs[0]!); return;
      case "condbr": this.branch(block, go, part); return;
      case "switch": this.branchTable(last, block, go); return;
      case "ret": case "exit": this.exitFour(null); code.br(this.quickEnd === null || this.looped.has(block) ? this.vectorEnd : this.quickEnd); return;
      default: code.br(this.apart);
    }
  }

  protected branch(block: Block, go: (next: Block) => void, part: () => void): void {
    const { code } = this;
    const on = block.last.args[0]!;
    if (this.shape(on) !== null) {
      this.value(on);
      code.if();
      this.skipRest(block, block.succs[0]!, this.width);
      go(block.succs[0]!);
      code.else();
      this.block = block;
      this.skipRest(block, block.succs[1]!, this.width);
      go(block.succs[1]!);
      code.end();
      return;
    }
    const parts = this.plan!.masked.branches.has(block);
    if (!parts && isScalarGuard(on, (arg) => this.shape(arg))) {
      writeGuard({ code, width: this.width, apart: this.apart, alone: this.alone, shape: (arg) => this.shape(arg), value: (arg) => this.value(arg), temp: (type, use) => this.temp(type, use) }, on);
      code.if();
      go(block.succs[0]!);
      code.else();
      this.block = block;
      go(block.succs[1]!);
      code.end();
      return;
    }
    const known = parts ? this.plan!.assumed.lanes(on, this.width) : null;
    if (known !== null) {
      [known, ~known & (2 ** this.width - 1)].forEach((lanes, i) => {
        if (lanes !== 0 && !this.isQuiet(block, block.succs[i]!)) this.onlyFor(lanes, () => this.edge(block, block.succs[i]!, this.sureMask(lanes), false));
      });
      part();
      return;
    }
    this.prepareOperand(on);
    if (parts) {
      const condition = this.newMask();
      this.setMask(condition, () => this.vector(on, 0));
      const others = this.newMask();
      if (!this.isQuiet(block, block.succs[1]!)) this.setMask(others, (quad) => code.get(condition[quad]!).simd(simd.not));
      [condition, others].forEach((mask, i) => {
        if (this.isQuiet(block, block.succs[i]!)) return;
        this.some(mask);
        code.if();
        this.edge(block, block.succs[i]!, mask, false);
        code.end();
      });
      part();
      return;
    }
    const condition = this.newMask();
    this.setMask(condition, () => this.vector(on, 0));
    this.temp(I32, (bits) => {
      this.bitsOf(condition);
      code.tee(bits).if();
      code.get(bits).i32((1 << this.width) - 1).op(op.i32_ne).brIf(this.apart);
    });
    go(block.succs[0]!);
    code.else();
    this.block = block;
    go(block.succs[1]!);
    code.end();
  }
}

/** Blocks of the region that can be reached through a loop. */
export function behindLoops(node: FlowNode): Set<Block> {
  const found = new Set(node.blocks.filter((block) => block.nodes.some(({ op }) => op === "yield")));
  for (const block of found) for (const next of block.succs) if (node.blocks.includes(next)) found.add(next);
  return found;
}

import type { Label } from "../asm/code.ts";
import { op } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { dominates } from "../graph/cfg.ts";
import { Block, type Node } from "../graph/node.ts";
import type { FlowNode } from "../fast/flow.ts";
import type { Loop } from "./masked.ts";
import { StatementWriter } from "./statements.ts";

/** Parts of a region that lanes go through by different ways: every block once, for the lanes that are in it. */
export abstract class MaskedFlow extends StatementWriter {
  /** Masked blocks that stand already, and those that were counted with what leads to them. */
  protected readonly written: Set<Block> = new Set();
  protected readonly charged: Set<Block> = new Set();
  /** Masked loops in writing, by their heads: where they go on, and whether lanes come to the end to go round. */
  protected readonly rounds: Map<Block, { readonly label: Label; flows: boolean; readonly blocks: ReadonlySet<Block> }> = new Map();
  /** Blocks outside the region that it leads to. */
  protected ways: readonly Block[] = [];

  /** @param tail whether nothing of the loop around comes after it */
  protected part(order: readonly (Block | Loop)[], tail: boolean): void {
    const { code } = this;
    order.forEach((at, i) => {
      const last = tail && this.standsAfter(order.slice(i + 1));
      if (at instanceof Block) {
        if (this.written.has(at)) return;
        this.some(this.maskOf(at));
        code.if();
        this.maskedBlock(at, this.taken(at), last);
        code.end();
        return;
      }
      // Nobody need be asked for at the end of a loop that all go round by jumps of their own.
      this.some(this.maskOf(at.header));
      code.if();
      const again = { label: code.loop(), flows: false, blocks: at.blocks };
      this.rounds.set(at.header, again);
      this.maskedBlock(at.header, this.taken(at.header), this.standsAfter(at.order.slice(1)));
      this.part(at.order.slice(1), true);
      if (again.flows) {
        this.some(this.maskOf(at.header));
        code.brIf(again.label);
      }
      code.end();
      code.end();
    });
  }

  /** Whether these blocks are written with those that lead to them, so that nothing comes behind. */
  protected standsAfter(order: readonly (Block | Loop)[]): boolean {
    return order.every((at) => at instanceof Block && (this.written.has(at) || this.follows(at.preds[0]!, at)));
  }

  /** Moves a block's mask to variables that only this pass through the block uses. */
  protected taken(block: Block): readonly number[] {
    const mask = this.maskOf(block);
    const own = this.newMask();
    mask.forEach((local, quad) => this.code.get(local).set(own[quad]!).v128([0, 0, 0, 0]).set(local));
    return own;
  }

  /** Whether the block is written right where the only edge into it is. */
  protected follows(from: Block, to: Block): boolean {
    const { masked } = this.plan!;
    return !this.ways.includes(to) && to !== this.region!.head && to.preds.length === 1 && masked.blocks.has(to) && masked.loop(from) === masked.loop(to);
  }

  /**
   * One block in which the lanes of `mask` are, at least one; and what only it leads to.
   * @param mask not needed any more afterwards
   * @param tail whether nothing of the loop around comes after it
   */
  protected maskedBlock(block: Block, mask: readonly number[], tail: boolean): void {
    const { code } = this;
    this.written.add(block);
    this.here.set(block, mask);
    this.block = block;
    this.checked.clear();
    if (!this.charged.has(block)) this.chargeChain(block, mask);
    this.statements(block);
    const last = block.last;
    const [yes, no] = block.succs as [Block, Block];
    switch (block.succs.length === 1 ? "br" : last.op) {
      case "br":
        this.edge(block, yes, mask, tail);
        break;
      case "condbr": {
        const on = last.args[0]!;
        if (this.shape(on) !== null) {
          this.value(on);
          code.if();
          this.edge(block, yes, mask, tail);
          code.else();
          this.block = block;
          this.edge(block, no, mask, tail);
          code.end();
          break;
        }
        this.prepareOperand(on);
        const quiet = [yes, no].find((next) => this.isQuiet(block, next));
        if (quiet !== undefined) {
          // Nothing is done for those who go there.
          this.sure.delete(mask);
          this.eachQuad((quad) => {
            code.get(mask[quad]!);
            this.vector(on, 0);
            code.simd(quiet === no ? simd.and : simd.andnot).set(mask[quad]!);
          });
          this.some(mask);
          code.if();
          this.edge(block, quiet === no ? yes : no, mask, tail);
          code.end();
          break;
        }
        // Those who stay go on with the mask, if others went.
        const staying = this.follows(block, no) || (this.rounds.has(no) && !this.follows(block, yes)) ? no : yes;
        const going = this.newMask();
        this.sure.delete(mask);
        going.forEach((local, quad) => this.isIdle(quad) && code.v128([0, 0, 0, 0]).set(local));
        this.setMask(going, (quad) => {
          code.get(mask[quad]!);
          this.vector(on, 0);
          code.simd(staying === no ? simd.and : simd.andnot);
        });
        const out = code.block();
        this.some(going);
        code.if();
        mask.forEach((local, quad) => code.get(local).get(going[quad]!).simd(simd.andnot).set(local));
        this.edge(block, staying === no ? yes : no, going, false);
        this.some(mask);
        code.op(op.i32_eqz).brIf(out);
        code.end();
        this.block = block;
        this.edge(block, staying, mask, tail);
        code.end();
        break;
      }
      case "ret": case "exit":
        this.exitFour(mask);
        break;
      default:
        code.br(this.apart);
    }
  }

  /** Whether all other blocks of the loop stand already. */
  protected lastOf(head: Block, block: Block): boolean {
    return [...this.rounds.get(head)!.blocks].every((other) => other === block || this.written.has(other));
  }

  /** Counts a block, and those that all its lanes go on to. */
  protected chargeChain(block: Block, mask: readonly number[]): void {
    let cost = 0;
    let bytes = 0;
    for (let at = block; ; at = at.succs[0]!) {
      this.charged.add(at);
      cost += at.cost;
      bytes += at.bytes;
      if (at.succs.length !== 1 || !this.follows(at, at.succs[0]!)) break;
    }
    this.chargeLanes({ cost, bytes }, mask);
  }

  /** Whether nothing need be done for lanes that go from a block to another, where all are together again. */
  protected isQuiet(from: Block, to: Block): boolean {
    const { masked } = this.plan!;
    if (this.ways.includes(to) || masked.blocks.has(to) || masked.leaves(from, to)) return false;
    return !to.nodes.some((phi) => phi.op === "phi" && phi.uses > 0 && !this.regions.cells.has(phi) && phi.args[to.preds.indexOf(from)] !== phi);
  }

  /** The lanes of `mask`, at least one, go from a block to another. */
  protected edge(from: Block, to: Block, mask: readonly number[], tail: boolean): void {
    const plan = this.plan!;
    this.block = from;
    // Values of a loop as these lanes leave it.
    const outside = this.ways.includes(to);
    if (plan.masked.leaves(from, outside ? null : to)) this.takeAlong(from, outside ? null : to, mask);
    if (outside) {
      this.moveFour(from, to, mask);
      this.block = null;
      this.saveFour(to, mask);
      this.block = from;
      return;
    }
    this.phisOf(from, to, plan.masked.joins.has(to) ? mask : null);
    if (!plan.masked.blocks.has(to)) return;
    // The way round a loop changes what others in it may still read: it comes last.
    const head = plan.masked.loop(to)?.header;
    if (this.follows(from, to) && (head === undefined || !to.succs.includes(head) || (tail && this.lastOf(head, to)))) {
      this.maskedBlock(to, mask, tail);
      return;
    }
    const next = this.maskOf(to);
    const round = this.rounds.get(to);
    if (round !== undefined && plan.masked.loop(from)?.header === to) {
      // At once when nobody is left behind.
      if (tail && this.lastOf(to, from) && to.preds.filter((pred) => round.blocks.has(pred)).length === 1) {
        mask.forEach((local, quad) => this.code.get(local).set(next[quad]!));
        this.code.br(round.label);
        return;
      }
      round.flows = true;
    }
    this.setMask(next, (quad) => this.code.get(next[quad]!).get(mask[quad]!).simd(simd.or));
  }

  /** On the way out of a loop: copies of what it makes and others read, for the lanes that leave. */
  protected takeAlong(from: Block, to: Block | null, mask: readonly number[]): void {
    const { code } = this;
    const { masked } = this.plan!;
    for (const node of this.readOutside()) {
      if (!masked.leaves(node.block!, to) || !dominates(node.block!, from) || masked.leaves(node.block!, from)) continue;
      if (this.regions.cells.has(node) || (node.free && this.regions.levels.of(node) < 3)) continue;
      this.block = from;
      this.eachQuad((quad) => this.mine(node.type!, this.copyOf(node)).forEach((copy, part) => {
        this.vector(node, part);
        code.get(copy);
        this.blend(mask[quad]!, node.type!, part);
        code.set(copy);
      }));
    }
  }

  protected readonly outsideReads: Map<FlowNode, readonly Node[]> = new Map();

  /** Values made in a masked loop of the region and read outside it. */
  protected readOutside(): readonly Node[] {
    const region = this.region!;
    let found = this.outsideReads.get(region);
    if (found === undefined) {
      const { masked } = this.plan!;
      const seen = new Set<Node>();
      for (const block of region.blocks) {
        for (const node of block.nodes) {
          node.args.forEach((arg, i) => {
            if (arg.block === null) return;
            const at = node.op === "phi" ? block.preds[i]! : block;
            if (masked.leaves(arg.block, at)) seen.add(arg);
          });
        }
        for (const next of block.succs) {
          if (!this.ways.includes(next)) continue;
          for (const value of this.program.kernel.saved.at.get(next)!) if (value.block !== null && masked.leaves(value.block, null) && this.madeIn(region).has(value)) seen.add(value);
        }
      }
      found = [...seen];
      this.outsideReads.set(region, found);
    }
    return found;
  }
}

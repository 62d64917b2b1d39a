import type { Label } from "../asm/code.ts";
import { I32, mem, op, V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { isWide } from "../emit/types.ts";
import type { Type } from "../../ir/types.ts";
import { writeStructured } from "../flow/structure.ts";
import { dominates } from "../graph/cfg.ts";
import { Block, isPure, type Node } from "../graph/node.ts";
import { record, RECORD_SHIFT, status } from "../lower/layout.ts";
import { slotLoad } from "../slow/saved.ts";
import type { FlowNode } from "../fast/flow.ts";
import { isScalarGuard, writeGuard } from "./guard.ts";
import type { Loop, Part } from "./masked.ts";
import { LANES } from "./lanes.ts";
import { VectorMemory } from "./memory.ts";
import { partsOf } from "./ops.ts";
import { pinsBefore, pinsOf } from "./pins.ts";
import type { VectorPlan } from "./shapes.ts";

/** Parameter: the slot, which never lies at 0. */
const S = 1;

/** A region run by four work-items at a time. */
export abstract class VectorFlow extends VectorMemory {
  private readonly masks: Map<Block, number[]> = new Map();
  /** Masked blocks that stand already, their masks while they are written, and those that were counted with what leads to them. */
  private readonly written: Set<Block> = new Set();
  private readonly here: Map<Block, readonly number[]> = new Map();
  private readonly charged: Set<Block> = new Set();
  /** Masked loops in writing, by their heads: where they go on, and whether lanes come to the end to go round. */
  private readonly rounds: Map<Block, { readonly label: Label; flows: boolean; readonly blocks: ReadonlySet<Block> }> = new Map();
  /** Where the four are done. */
  private vectorEnd: Label = 0;
  /** The same, where they have been in no loop; null where that makes no difference. */
  private quickEnd: Label | null = null;
  /** Blocks of the region that loops lead to, and their own. */
  private readonly looped: Set<Block> = new Set();
  /** Values that nobody needs in a row that is translated as a whole. */
  private readonly unread: Set<Node> = new Set();
  /** Blocks outside the region that it leads to. */
  private ways: readonly Block[] = [];

  /** Masks of the block: one variable for each vector. */
  private maskOf(block: Block): readonly number[] {
    // The same region may be written for fewer vectors, too.
    const mask = this.masks.get(block) ?? [];
    while (mask.length < this.quads) mask.push(this.code.local(V128));
    this.masks.set(block, mask);
    return mask.slice(0, this.quads);
  }

  private newMask(): readonly number[] {
    return Array.from({ length: this.quads }, () => this.code.local(V128));
  }

  /** Sets each vector of a mask to what `push` pushes for it. */
  private setMask(mask: readonly number[], push: (quad: number) => void): void {
    this.eachQuad((quad) => {
      push(quad);
      this.code.set(mask[quad]!);
    });
  }

  /** Masks whose lanes are known beforehand. */
  private readonly sure: Map<readonly number[], number> = new Map();

  /** A mask of these lanes. */
  private sureMask(lanes: number): readonly number[] {
    const mask = this.newMask();
    mask.forEach((local, quad) => {
      const bit = (lane: number): number => -((lanes >> (LANES * quad + lane)) & 1);
      this.code.v128([bit(0), bit(1), bit(2), bit(3)]).set(local);
    });
    this.sure.set(mask, lanes);
    return mask;
  }

  /** Writes code for these lanes only. */
  private onlyFor(lanes: number, write: () => void): void {
    const before = this.idle;
    for (let quad = 0; quad < this.quads; quad++) if (((lanes >> (LANES * quad)) & (2 ** LANES - 1)) === 0) this.idle |= 1 << quad;
    write();
    this.idle = before;
  }

  /** Pushes whether some lane is in the mask. */
  private some(mask: readonly number[]): void {
    const busy = this.busy(mask);
    busy.forEach((local, i) => {
      this.code.get(local);
      if (i > 0) this.code.simd(simd.or);
    });
    this.code.simd(simd.any_true);
  }

  /** The mask of vectors that are not idle. */
  private busy(mask: readonly number[]): readonly number[] {
    return mask.filter((_, quad) => !this.isIdle(quad));
  }

  /** Pushes a bit for each lane of the mask. */
  private bitsOf(mask: readonly number[]): void {
    const { code } = this;
    const [a, b, c, d] = mask as [number, number | undefined, number | undefined, number | undefined];
    code.get(a);
    if (b === undefined) code.simd(simd.i32x4_bitmask);
    else if (c === undefined) code.get(b).simd(simd.i16x8_narrow_i32x4_s, simd.i16x8_bitmask);
    else code.get(b).simd(simd.i16x8_narrow_i32x4_s).get(c).get(d!).simd(simd.i16x8_narrow_i32x4_s, simd.i8x16_narrow_i16x8_s, simd.i8x16_bitmask);
  }

  protected laneMask(): void {
    this.code.get(this.here.get(this.block!)![this.quad]!);
  }

  protected maskBits(): void {
    this.bitsOf(this.here.get(this.block!)!);
  }

  /** With a new and an old vector on the stack: the new one's in the lanes of the mask, for one part of a value of that type. */
  private blend(mask: number, type: Type, part: number): void {
    this.code.get(mask);
    if (isWide(type)) this.code.simd((part & 1) === 0 ? simd.i64x2_extend_low_i32x4_s : simd.i64x2_extend_high_i32x4_s);
    this.code.simd(simd.bitselect);
  }

  /** No lane is anywhere: for a beginning after one that was broken off. */
  protected clearMasks(plan: VectorPlan): void {
    for (const block of plan.masked.blocks.keys()) for (const mask of this.masks.get(block) ?? []) this.code.v128([0, 0, 0, 0]).set(mask);
  }

  /** Values of earlier regions, from four slots side by side. */
  protected enterFour(node: FlowNode): void {
    const { code } = this;
    const kernel = this.program.kernel;
    if (kernel.saved.narrow > 0) code.get(this.item).i32(2).op(op.i32_shl).get(1).op(op.i32_add).set(this.narrow);
    if (kernel.saved.wide > 0) code.get(this.item).i32(3).op(op.i32_shl).get(1).op(op.i32_add).set(this.wide);
    if (node.head === kernel.graph.entry) return;
    for (const value of this.arriving(node)) {
      const { base, offset } = this.place(value);
      this.ownVectors(value).forEach((vector, part) => {
        code.get(base).simdMemory(simd.load, offset + 16 * part);
        if (value.type === "i1") code.v128([0, 0, 0, 0]).simd(simd.i32x4_ne);
        code.set(vector);
      });
    }
  }

  /** Computes values as statements do. */
  protected makeAll(nodes: readonly Node[]): void {
    for (const node of nodes) if (!this.unread.has(node)) this.makeValue(node);
  }

  /** Finds what only addresses are made of that the row knows already. */
  protected findUnread(node: FlowNode, exits: readonly Block[]): void {
    this.unread.clear();
    const { rows } = this;
    if (rows === null || this.facts.checks !== null) return;
    const read = new Set<Node>();
    const see = (value: Node): void => {
      if (read.has(value) || value.block === null) return;
      read.add(value);
      if (isPure(value)) value.args.forEach(see);
    };
    for (const block of node.blocks) {
      for (const inner of block.nodes) {
        if (rows.has(inner)) inner.args.slice(1).forEach(see);
        else if (!isPure(inner)) inner.args.forEach(see);
      }
    }
    for (const exit of exits) {
      for (const inner of exit.nodes) if (inner.op === "phi") inner.args.forEach(see);
      this.program.kernel.saved.at.get(exit)!.forEach(see);
    }
    const find = (value: Node): void => {
      if (read.has(value) || value.block === null || this.unread.has(value) || !isPure(value)) return;
      this.unread.add(value);
      value.args.forEach(find);
    };
    for (const access of rows.keys()) find(access.args[0]!);
  }

  private makeValue(node: Node): void {
    if (this.shape(node) === null) {
      this.make(node);
      return;
    }
    this.compute(node);
    this.code.set(this.local(node));
  }

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

  /** Saves what the region has made and the blocks behind need. */
  private saveFour(exit: Block, mask: readonly number[] | null): void {
    const made = this.madeIn(this.region!);
    for (const value of this.program.kernel.saved.at.get(exit)!) if (made.has(value)) this.storeFour(value, value, mask);
  }

  /** Puts four lanes of `value` into the slots of `node`. */
  private storeFour(node: Node, value: Node, mask: readonly number[] | null): void {
    const { code } = this;
    const { base, offset } = this.place(node);
    const parts = partsOf(node.type!);
    this.eachQuad((quad) => {
      for (let part = 0; part < parts; part++) {
        const at = offset + 16 * (quad * parts + part);
        code.get(base);
        this.vector(value, part);
        if (node.type === "i1") code.v128([1, 1, 1, 1]).simd(simd.and);
        if (mask !== null) {
          code.get(base).simdMemory(simd.load, at);
          this.blend(mask[quad]!, node.type!, part);
        }
        code.simdMemory(simd.store, at);
      }
    });
  }

  /** Phis of the region's end move between slots, all read before one is written. */
  private moveFour(from: Block, to: Block, mask: readonly number[] | null): void {
    const { code } = this;
    const at = to.preds.indexOf(from);
    const moves: { readonly phi: Node; readonly locals: readonly number[] }[] = [];
    this.block = from;
    const { saved } = this.program.kernel;
    for (const phi of to.nodes) {
      if (phi.op !== "phi") break;
      const arg = phi.args[at]!;
      if (this.regions.cells.has(phi) || phi.uses === 0 || !saved.slot.has(phi)) continue;
      if (saved.slot.get(arg) === saved.slot.get(phi) && arg.type === phi.type && !this.regions.cells.has(arg) && !this.madeIn(this.region!).has(arg)) continue;
      this.prepareOperand(arg);
      const parts = partsOf(phi.type!);
      const locals = Array.from({ length: parts * this.quads }, () => code.local(V128));
      this.eachQuad((quad) => {
        for (let part = 0; part < parts; part++) {
          this.vector(arg, part);
          code.set(locals[quad * parts + part]!);
        }
      });
      moves.push({ phi, locals });
    }
    for (const { phi, locals } of moves) {
      const { base, offset } = this.place(phi);
      locals.forEach((local, part) => {
        code.get(base).get(local);
        if (phi.type === "i1") code.v128([1, 1, 1, 1]).simd(simd.and);
        if (mask !== null) {
          code.get(base).simdMemory(simd.load, offset + 16 * part);
          this.blend(mask[Math.floor(part / partsOf(phi.type!))]!, phi.type!, part);
        }
        code.simdMemory(simd.store, offset + 16 * part);
      });
    }
  }

  private prepareOperand(node: Node): void {
    if (node.folded && this.shape(node) === null) this.spill(node);
  }

  /** Sets the phis of `to`; `mask`: only in these lanes (null: in all). */
  private phisOf(from: Block, to: Block, mask: readonly number[] | null): void {
    const { code } = this;
    const at = to.preds.indexOf(from);
    const set: { readonly phi: Node; readonly vector: boolean }[] = [];
    const phis = to.nodes.filter((phi) => phi.op === "phi" && phi.uses > 0 && phi.args[at] !== phi && !this.regions.cells.has(phi));
    this.block = from;
    for (const phi of phis) this.prepareOperand(phi.args[at]!);
    for (const phi of phis) {
      const arg = phi.args[at]!;
      const vector = this.plan!.shapes.get(phi) === null;
      set.push({ phi, vector });
      if (!vector) {
        this.value(arg);
        continue;
      }
      this.eachQuad((quad) => this.mine(phi.type!, this.ownVectors(phi)).forEach((own, part) => {
        this.vector(arg, part);
        if (mask === null) return;
        code.get(own);
        this.blend(mask[quad]!, phi.type!, part);
      }), true);
    }
    for (const { phi, vector } of set.reverse()) {
      if (!vector) code.set(this.local(phi));
      else for (const own of [...this.ownVectors(phi)].reverse()) code.set(own);
    }
  }

  /** One block in which all four are. */
  private fourBlock(block: Block, go: (next: Block) => void, part: () => void): void {
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

  private branch(block: Block, go: (next: Block) => void, part: () => void): void {
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

  /** Statements of a block but its phis and its end. */
  private statements(block: Block): void {
    const { code } = this;
    const pins = pinsOf(block);
    for (const node of block.nodes) {
      this.pin(pins.get(node) ?? []);
      if (node.folded || node.op === "phi" || node.op === "proj" || node === block.last) continue;
      if (this.regions.cells.has(node) || (node.free && this.regions.levels.of(node) < 3)) continue;
      switch (node.op) {
        case "yield":
          code.get(this.counted).op(op.i32_wrap_i64).get(this.itemLimit).op(op.i32_ge_u).brIf(this.apart);
          continue;
        case "nanosleep": case "fence": continue;
        case "trap": case "unreachable": case "assertfail": code.br(this.apart); continue;
        case "store": this.storeLanes(node); continue;
        case "atomic": this.tally(node); continue;
        case "result":
          // Four records, one behind the other.
          this.eachLane((lane) => {
            this.recordOfItem();
            code.memory(slotLoad(node.type!), (Number(node.imm) === 0 ? record.a : record.b) + (lane << RECORD_SHIFT));
            this.setLane(node.type!, this.ownVectors(node), lane, (lane & 3) === 0);
          });
          continue;
        case "load":
          if (this.shape(node.args[0]!) !== 0) this.loadLanes(node);
          else if (node.access!.count > 1) this.load(node);
          else {
            this.compute(node);
            code.set(this.local(node));
          }
          continue;
        default:
          if ((node.uses === 0 || this.unread.has(node)) && isPure(node)) continue;
          this.makeValue(node);
      }
    }
    this.pin(pinsBefore(block).filter((value) => this.isOwn(value)));
  }

  /** Makes V8 compute these values here (see pins.ts): a branch that is never taken, and would change nothing. */
  private pin(sums: readonly Node[]): void {
    const { code } = this;
    const vectors = sums.filter((sum) => !this.regions.cells.has(sum) && this.shape(sum) === null && !this.unread.has(sum)).flatMap((sum) => this.ownVectors(sum));
    if (vectors.length === 0) return;
    code.get(S).op(op.i32_eqz).if();
    for (const vector of vectors) code.get(vector).get(vector).simd(simd.or).set(vector);
    code.end();
  }

  /** Counts a block for the lanes in it. */
  private chargeLanes(block: { readonly cost: number; readonly bytes: number }, mask: readonly number[] | null): void {
    if (block.cost === 0 && block.bytes === 0) return;
    const { code } = this;
    const once = (BigInt(block.bytes) << 32n) + BigInt(block.cost);
    code.get(this.counted);
    const sure = mask === null ? 2 ** this.width - 1 : this.sure.get(mask);
    if (sure !== undefined) code.i64(once * BigInt(sure.toString(2).replaceAll("0", "").length));
    else {
      const busy = this.busy(mask!);
      this.bitsOf(busy.length === 3 ? mask! : busy);
      code.op(op.i32_popcnt, op.i64_extend_i32_u).i64(once).op(op.i64_mul);
    }
    code.op(op.i64_add).set(this.counted);
  }

  // Masked parts.

  /** @param tail whether nothing of the loop around comes after it */
  private part(order: readonly (Block | Loop)[], tail: boolean): void {
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
  private standsAfter(order: readonly (Block | Loop)[]): boolean {
    return order.every((at) => at instanceof Block && (this.written.has(at) || this.follows(at.preds[0]!, at)));
  }

  /** Moves a block's mask to variables that only this pass through the block uses. */
  private taken(block: Block): readonly number[] {
    const mask = this.maskOf(block);
    const own = this.newMask();
    mask.forEach((local, quad) => this.code.get(local).set(own[quad]!).v128([0, 0, 0, 0]).set(local));
    return own;
  }

  /** Whether the block is written right where the only edge into it is. */
  private follows(from: Block, to: Block): boolean {
    const { masked } = this.plan!;
    return !this.ways.includes(to) && to !== this.region!.head && to.preds.length === 1 && masked.blocks.has(to) && masked.loop(from) === masked.loop(to);
  }

  /**
   * One block in which the lanes of `mask` are, at least one; and what only it leads to.
   * @param mask not needed any more afterwards
   * @param tail whether nothing of the loop around comes after it
   */
  private maskedBlock(block: Block, mask: readonly number[], tail: boolean): void {
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
  private lastOf(head: Block, block: Block): boolean {
    return [...this.rounds.get(head)!.blocks].every((other) => other === block || this.written.has(other));
  }

  /** Counts a block, and those that all its lanes go on to. */
  private chargeChain(block: Block, mask: readonly number[]): void {
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
  private isQuiet(from: Block, to: Block): boolean {
    const { masked } = this.plan!;
    if (this.ways.includes(to) || masked.blocks.has(to) || masked.leaves(from, to)) return false;
    return !to.nodes.some((phi) => phi.op === "phi" && phi.uses > 0 && !this.regions.cells.has(phi) && phi.args[to.preds.indexOf(from)] !== phi);
  }

  /** The lanes of `mask`, at least one, go from a block to another. */
  private edge(from: Block, to: Block, mask: readonly number[], tail: boolean): void {
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
  private takeAlong(from: Block, to: Block | null, mask: readonly number[]): void {
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

  private readonly outsideReads: Map<FlowNode, readonly Node[]> = new Map();

  /** Values made in a masked loop of the region and read outside it. */
  private readOutside(): readonly Node[] {
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

  /** Lanes that end (null: all four). */
  private exitFour(mask: readonly number[] | null): void {
    if (!this.regions.flow.someExit) return;
    const { code } = this;
    this.temp(I32, (bits) => {
      if (mask === null) code.i32((1 << this.width) - 1);
      else this.bitsOf(mask);
      code.set(bits);
      if (this.warps) {
        code.get(this.alive).get(bits).get(this.item).get(this.first).op(op.i32_sub, op.i32_shl).i32(-1).op(op.i32_xor, op.i32_and).set(this.alive);
        return;
      }
      for (let lane = 0; lane < this.width; lane++) {
        code.get(bits).i32(1 << lane).op(op.i32_and).if();
        this.recordOfItem();
        code.i32(status.exited).memory(mem.i32_store, record.status + (lane << RECORD_SHIFT));
        code.end();
      }
      code.get(this.alive).get(bits).op(op.i32_popcnt, op.i32_sub).set(this.alive);
    });
  }
}


/** Blocks of the region that can be reached through a loop. */
export function behindLoops(node: FlowNode): Set<Block> {
  const found = new Set(node.blocks.filter((block) => block.nodes.some(({ op }) => op === "yield")));
  for (const block of found) for (const next of block.succs) if (node.blocks.includes(next)) found.add(next);
  return found;
}

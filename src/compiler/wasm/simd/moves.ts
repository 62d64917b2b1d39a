import { I32, mem, op, V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import type { Block, Node } from "../graph/node.ts";
import { record, RECORD_SHIFT, status } from "../lower/layout.ts";
import type { FlowNode } from "../fast/flow.ts";
import { partsOf } from "./ops.ts";
import { MaskWriter } from "./masks.ts";

/** Values on their way into the region, from block to block, and out of it. */
export abstract class MoveWriter extends MaskWriter {
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

  /** Saves what the region has made and the blocks behind need. */
  protected saveFour(exit: Block, mask: readonly number[] | null): void {
    const made = this.madeIn(this.region!);
    for (const value of this.program.kernel.saved.at.get(exit)!) if (made.has(value)) this.storeFour(value, value, mask);
  }

  /** Puts four lanes of `value` into the slots of `node`. */
  protected storeFour(node: Node, value: Node, mask: readonly number[] | null): void {
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
  protected moveFour(from: Block, to: Block, mask: readonly number[] | null): void {
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

  protected prepareOperand(node: Node): void {
    if (node.folded && this.shape(node) === null) this.spill(node);
  }

  /** Sets the phis of `to`; `mask`: only in these lanes (null: in all). */
  protected phisOf(from: Block, to: Block, mask: readonly number[] | null): void {
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

  /** Lanes that end (null: all four). */
  protected exitFour(mask: readonly number[] | null): void {
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

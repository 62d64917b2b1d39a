import { op, V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { isWide } from "../emit/types.ts";
import type { Type } from "../../ir/types.ts";
import type { Block } from "../graph/node.ts";
import { LANES } from "./lanes.ts";
import { VectorMemory } from "./memory.ts";
import type { VectorPlan } from "./shapes.ts";

/** Masks: which lanes are in a block. */
export abstract class MaskWriter extends VectorMemory {
  protected readonly masks: Map<Block, number[]> = new Map();
  /** Those of masked blocks, while they are written. */
  protected readonly here: Map<Block, readonly number[]> = new Map();
  /** Masks whose lanes are known beforehand. */
  protected readonly sure: Map<readonly number[], number> = new Map();

  /** Masks of the block: one variable for each vector. */
  protected maskOf(block: Block): readonly number[] {
    // The same region may be written for fewer vectors, too.
    const mask = this.masks.get(block) ?? [];
    while (mask.length < this.quads) mask.push(this.code.local(V128));
    this.masks.set(block, mask);
    return mask.slice(0, this.quads);
  }

  protected newMask(): readonly number[] {
    return Array.from({ length: this.quads }, () => this.code.local(V128));
  }

  /** Sets each vector of a mask to what `push` pushes for it. */
  protected setMask(mask: readonly number[], push: (quad: number) => void): void {
    this.eachQuad((quad) => {
      push(quad);
      this.code.set(mask[quad]!);
    });
  }

  /** A mask of these lanes. */
  protected sureMask(lanes: number): readonly number[] {
    const mask = this.newMask();
    mask.forEach((local, quad) => {
      const bit = (lane: number): number => -((lanes >> (LANES * quad + lane)) & 1);
      this.code.v128([bit(0), bit(1), bit(2), bit(3)]).set(local);
    });
    this.sure.set(mask, lanes);
    return mask;
  }

  /** Writes code for these lanes only. */
  protected onlyFor(lanes: number, write: () => void): void {
    const before = this.idle;
    for (let quad = 0; quad < this.quads; quad++) if (((lanes >> (LANES * quad)) & (2 ** LANES - 1)) === 0) this.idle |= 1 << quad;
    write();
    this.idle = before;
  }

  /** Pushes whether some lane is in the mask. */
  protected some(mask: readonly number[]): void {
    const busy = this.busy(mask);
    busy.forEach((local, i) => {
      this.code.get(local);
      if (i > 0) this.code.simd(simd.or);
    });
    this.code.simd(simd.any_true);
  }

  /** The mask of vectors that are not idle. */
  protected busy(mask: readonly number[]): readonly number[] {
    return mask.filter((_, quad) => !this.isIdle(quad));
  }

  /** Pushes a bit for each lane of the mask. */
  protected bitsOf(mask: readonly number[]): void {
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
  protected blend(mask: number, type: Type, part: number): void {
    this.code.get(mask);
    if (isWide(type)) this.code.simd((part & 1) === 0 ? simd.i64x2_extend_low_i32x4_s : simd.i64x2_extend_high_i32x4_s);
    this.code.simd(simd.bitselect);
  }

  /** No lane is anywhere: for a beginning after one that was broken off. */
  protected clearMasks(plan: VectorPlan): void {
    for (const block of plan.masked.blocks.keys()) for (const mask of this.masks.get(block) ?? []) this.code.v128([0, 0, 0, 0]).set(mask);
  }

  /** Counts a block for the lanes in it. */
  protected chargeLanes(block: { readonly cost: number; readonly bytes: number }, mask: readonly number[] | null): void {
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
}

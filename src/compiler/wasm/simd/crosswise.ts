import { I32, op, V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { CANONICAL_OPERAND } from "../emit/float.ts";
import type { Node } from "../graph/node.ts";
import { LANES } from "./lanes.ts";
import type { Crossed } from "./crossed.ts";
import { canonicalLanes } from "./ops.ts";
import { UndoWriter } from "./undo-log.ts";

/** Elements that work-items take crosswise, `d[i ^ j]`: whole vectors, in another order. */
export abstract class CrossWriter extends UndoWriter {
  /**
   * Sets a variable to the linear address of as many elements as there are work-items, and another to how far the first vector's are from there (0 where there is but one vector);
   * null: that is known beforehand.
   */
  protected blockCrossed(node: Node, { base, index, by, signed }: Crossed, use: (at: number, away: number | null) => void): void {
    const { code } = this;
    const known = this.exactly(by);
    this.temp(I32, (at) => this.temp(I32, (away) => {
      this.kept(node, at, () => {
        this.value(base);
        this.value(index);
        if (known === null) {
          this.value(by);
          code.op(op.i32_xor).i32(-this.width).op(op.i32_and);
        }
        code.op(signed ? op.i64_extend_i32_s : op.i64_extend_i32_u).i64(2n).op(op.i64_shl, op.i64_add);
        if (node.access!.offset !== 0) code.i64(BigInt(node.access!.offset)).op(op.i64_add);
        this.translate(node, 4 * (this.width - 1), this.apart, this.keptKind(node));
        code.set(at);
      });
      if (known !== null) {
        use(at, null);
        return;
      }
      this.value(by);
      code.i32(2).op(op.i32_shl).i32(4 * (this.width - LANES)).op(op.i32_and).set(away);
      use(at, away);
    }));
  }

  /** What the work-items' numbers are crossed with, where that is known to be one of their own bits. */
  protected exactly(by: Node): number | null {
    const known = this.plan!.assumed.exact.get(by);
    return known !== undefined && known < this.width ? known : null;
  }

  /** Turns the words of the vector on the stack; `how`: as `turning` says. */
  protected turned({ by }: Crossed, how: number | null): void {
    const { code } = this;
    if (how !== null) {
      code.get(how).simd(simd.i8x16_swizzle);
      return;
    }
    const bits = this.exactly(by)! & (LANES - 1);
    if (bits !== 0) this.temp(V128, (x) => code.tee(x).get(x).shuffle(Array.from({ length: 16 }, (_, byte) => byte ^ (4 * bits))));
  }

  /** Sets a variable to how a vector's words are turned; null: that is known beforehand. */
  protected turning({ by }: Crossed, use: (how: number | null) => void): void {
    const { code } = this;
    if (this.exactly(by) !== null) {
      use(null);
      return;
    }
    this.temp(V128, (how) => {
      this.value(by);
      code.i32(LANES - 1).op(op.i32_and).i32(2).op(op.i32_shl).simd(simd.i8x16_splat);
      code.v128([0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c]).simd(simd.xor).set(how);
      use(how);
    });
  }

  /** Pushes the linear address of the current vector's elements, less what comes back. */
  protected crossedAt(at: number, away: number | null, by: Node): number {
    const { code } = this;
    const quad = 4 * LANES * this.quad;
    code.get(at);
    if (away === null) return quad ^ ((4 * this.exactly(by)!) & (4 * (this.width - LANES)));
    code.get(away);
    if (quad > 0) code.i32(quad).op(op.i32_xor);
    code.op(op.i32_add);
    return 0;
  }

  protected loadAllCrossed(node: Node, crossed: Crossed): void {
    const { code } = this;
    const vectors = this.ownVectors(node);
    this.blockCrossed(node, crossed, (at, away) => this.turning(crossed, (how) => this.eachQuad(() => {
      code.simdMemory(simd.load, this.crossedAt(at, away, crossed.by));
      this.turned(crossed, how);
      code.set(this.mine(node.type!, vectors)[0]!);
    })));
  }

  protected storeAllCrossed(node: Node, crossed: Crossed, logged: boolean): void {
    const { code } = this;
    this.blockCrossed(node, crossed, (at, away) => this.turning(crossed, (how) => {
      if (logged) this.log(at, 0, 4 * this.width);
      this.eachQuad(() => this.temp(I32, (to) => {
        const more = this.crossedAt(at, away, crossed.by);
        code.tee(to);
        this.vector(node.args[1]!, 0);
        if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalLanes(this.host, false);
        this.turned(crossed, how);
        if (this.masked()) {
          code.get(to).simdMemory(simd.load, more);
          this.laneMask();
          this.turned(crossed, how);
          code.simd(simd.bitselect);
        }
        code.simdMemory(simd.store, more);
      }));
    }));
  }

  /** Does `write` where the current vector's first number is a multiple of four; an "else" is open then. */
  protected begins(crossed: Crossed, write: () => void): void {
    const { code } = this;
    this.value(crossed.index);
    code.i32(LANES - 1).op(op.i32_and, op.i32_eqz).if();
    write();
    code.else();
  }

  /** Pushes the linear address of the four elements. */
  protected fourCrossed(node: Node, crossed: Crossed): void {
    const { code } = this;
    const { base, index, by, signed } = crossed;
    const { offset } = node.access!;
    this.value(base);
    this.value(index);
    if (this.quad > 0) code.i32(LANES * this.quad).op(op.i32_add);
    this.value(by);
    code.op(op.i32_xor).i32(-LANES).op(op.i32_and, signed ? op.i64_extend_i32_s : op.i64_extend_i32_u).i64(2n).op(op.i64_shl, op.i64_add);
    if (offset !== 0) code.i64(BigInt(offset)).op(op.i64_add);
    this.translate(node, 4 * (LANES - 1), this.apart);
    this.checkLanes(node, 4, 0, crossed);
  }

  protected loadCrossed(node: Node, crossed: Crossed): void {
    const { code } = this;
    this.fourCrossed(node, crossed);
    code.simdMemory(simd.load);
    this.turn(crossed);
    code.set(this.mine(node.type!, this.ownVectors(node))[0]!);
  }

  protected storeCrossed(node: Node, crossed: Crossed, logged: boolean): void {
    const { code } = this;
    this.temp(I32, (at) => {
      this.fourCrossed(node, crossed);
      code.set(at);
      if (logged) this.log(at, 0, 16);
      code.get(at);
      this.vector(node.args[1]!, 0);
      if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalLanes(this.host, false);
      this.turn(crossed);
      if (this.masked()) {
        code.get(at).simdMemory(simd.load);
        this.laneMask();
        this.turn(crossed);
        code.simd(simd.bitselect);
      }
      code.simdMemory(simd.store);
    });
  }
}

import { sizeOf } from "../../ir/types.ts";
import { I32, I64, op } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import type { Node } from "../graph/node.ts";
import { accessKind, reachOf, sharesCheck } from "../fast/memory.ts";
import { dominates } from "../graph/cfg.ts";
import { LANES, LaneWriter } from "./lanes.ts";
import { findCrossed, type Crossed } from "./crossed.ts";
import type { Shape } from "./shapes.ts";

/** Where the accesses of all lanes lie: one translation for all of them, and what a load has found kept for the store behind it. */
export abstract class PlaceWriter extends LaneWriter {
  /** End of the undo log's entries, and of its room. */
  protected abstract readonly undoTop: number;
  protected abstract readonly undoEnd: number;
  /** Pushes the mask of the current vector's lanes that are in this block; only for masked blocks. */
  protected abstract laneMask(): void;
  /** Pushes a bit for each lane that is in this block; only for masked blocks. */
  protected abstract maskBits(): void;

  protected masked(): boolean {
    return this.block !== null && this.plan!.masked.blocks.has(this.block);
  }

  protected spreadUnchecked(node: Node, step: number): number {
    if (this.rows?.has(node) === true) return this.unchecked(node);
    const offset = node.access!.space === "shared" ? Math.max(0, node.access!.offset) : 0;
    this.temp(I32, (at) => {
      this.kept(node, at, () => {
        this.spreadAnew(node, step);
        this.code.set(at);
      });
      this.code.get(at);
    });
    return offset;
  }

  protected spreadAnew(node: Node, step: number): void {
    const { code } = this;
    const access = node.access!;
    const address = node.args[0]!;
    const more = ((this.shape(address) === null ? LANES : this.width) - 1) * step;
    if (access.space === "shared") {
      const key = `spread ${address.id} ${step} ${Math.min(0, access.offset)}`;
      const known = this.checked.get(key);
      if (known !== undefined) {
        code.get(known);
        return;
      }
      const limit = this.limits.get(`${access.space} ${reachOf(node)}`)!;
      this.temp(I64, (at) => {
        this.firstLane(address);
        if (access.offset < 0) code.i64(BigInt(access.offset)).op(op.i64_add);
        code.tee(at).get(limit).op(op.i64_ge_u).brIf(this.apart);
        code.get(at).i64(BigInt(more)).op(op.i64_add).get(limit).op(op.i64_ge_u).brIf(this.apart);
        code.get(at).op(op.i32_wrap_i64).get(this.sharedBase).op(op.i32_add);
      });
      if (this.shape(address) !== null && node.block!.nodes.filter((other) => sharesCheck(node, other)).length > 1) {
        const linear = code.local(I32);
        this.checked.set(key, linear);
        code.tee(linear);
      }
      return;
    }
    this.firstLane(address);
    if (access.offset !== 0) code.i64(BigInt(access.offset)).op(op.i64_add);
    // A step that breaks the alignment breaks it for some lane.
    if (step % access.align !== 0) code.br(this.apart);
    this.translate(node, more, this.apart, this.keptKind(node));
  }

  /** Variables with linear addresses of loads, for stores behind them. */
  protected readonly keeping: Map<Node, number> = new Map();

  /** The load that has found the place already to which the store writes, for reading and writing; null: none. */
  protected keeperOf(store: Node): Node | null {
    if (store.op !== "store" || this.facts.checks !== null || this.rows?.has(store) === true) return null;
    const { type, offset, space, count } = store.access!;
    const block = store.block!;
    const size = sizeOf[type];
    if (count !== 1 || size < 4 || block.loopDepth > 0 || (this.facts.concurrent && this.plan!.masked.blocks.has(block))) return null;
    if (this.shapeIfKnown(store.args[0]!) !== size && this.allCrossed(store) === null) return null;
    for (const other of this.region!.blocks) {
      if (other.loopDepth > 0 || !dominates(other, block)) continue;
      for (const node of other.nodes) {
        if (node === store) break;
        if (node.op !== "load" || node.args[0] !== store.args[0] || this.rows?.has(node) === true) continue;
        const access = node.access!;
        if (access.space === space && access.offset === offset && access.count === 1 && sizeOf[access.type] === size && access.align >= store.access!.align) return node;
      }
    }
    return null;
  }

  protected keeps(load: Node): boolean {
    if (load.op !== "load" || load.access!.count !== 1 || load.block!.loopDepth > 0) return false;
    return this.region!.blocks.some((block) => block.nodes.some((store) => store.op === "store" && store.args[0] === load.args[0] && this.keeperOf(store) === load));
  }

  /** What the page must allow. */
  protected keptKind(node: Node): number {
    return this.keeps(node) ? 3 : accessKind(node);
  }

  /** Sets `at` to the linear address of the access's place (less its offset), which `find` does where it has not been found. */
  protected kept(node: Node, at: number, find: () => void): void {
    const { code } = this;
    const keeper = this.keeperOf(node);
    if (keeper !== null) {
      code.get(this.keeping.get(keeper)!).set(at);
      return;
    }
    find();
    if (!this.keeps(node)) return;
    let local = this.keeping.get(node);
    if (local === undefined) this.keeping.set(node, (local = code.local(I32)));
    code.get(at).set(local);
  }

  protected firstLane(node: Node): void {
    if (this.shape(node) === null) this.pushLane(node, LANES * this.quad);
    else this.value(node);
  }

  /** Bytes from lane to lane: in a row that is translated as a whole they are known also of addresses that lanes took along from a loop which they left at different times. */
  protected stepFrom(node: Node): Shape {
    return this.rows?.get(node)?.site.step ?? this.shape(node.args[0]!);
  }

  /** `linear` for one lane. */
  protected laneLinear(node: Node, lane: number): number {
    const offset = this.linear(node);
    const row = this.rows?.get(node);
    return row === undefined ? offset : offset + lane * row.site.step;
  }

  protected crossed(node: Node): Crossed | null {
    // A sum that was made before may have parts that nobody here asked for: it is taken as it comes.
    return findCrossed(node, (arg) => this.shapeIfKnown(arg));
  }

  /** The same, where the row's vectors are known to begin at multiples. */
  protected allCrossed(node: Node): Crossed | null {
    return this.masked() && this.facts.concurrent && node.op === "store" ? null : this.plan!.assumed.crossed(node, (arg) => this.shapeIfKnown(arg));
  }

  /** With a vector on the stack: its words in the order in which they lie in memory, or back. */
  protected turn({ by }: Crossed): void {
    const { code } = this;
    this.value(by);
    code.i32(LANES - 1).op(op.i32_and).i32(2).op(op.i32_shl).simd(simd.i8x16_splat);
    code.v128([0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c]).simd(simd.xor, simd.i8x16_swizzle);
  }
}

import { sizeOf, type Type } from "../../ir/types.ts";
import { I32, I64, mem, op, V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { CANONICAL_OPERAND } from "../emit/float.ts";
import { loadOf, storeOf, wasmType } from "../emit/types.ts";
import type { Block, Node } from "../graph/node.ts";
import type { FlowNode } from "../fast/flow.ts";
import { writeCheck } from "../checked/emit.ts";
import { fitsVectors, writeRowCheck } from "../checked/lanes.ts";
import { TAG_MANY } from "../checked/layout.ts";
import { rootOfAccess } from "../checked/roots.ts";
import { accessKind, reachOf, sharesCheck } from "../fast/memory.ts";
import { dominates } from "../graph/cfg.ts";
import { LANES, LaneWriter } from "./lanes.ts";
import { findCrossed, type Crossed } from "./crossed.ts";
import { canonicalLanes } from "./ops.ts";
import { mayWrap, type Shape } from "./shapes.ts";
import { undoEntry } from "./undo.ts";

const loadLane: Readonly<Record<number, number>> = { 1: simd.load8_lane, 2: simd.load16_lane, 4: simd.load32_lane, 8: simd.load64_lane };

/** Memory accesses of four work-items. */
export abstract class VectorMemory extends LaneWriter {
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

  /** Pushes lane 0's linear address (less the offset that comes back) when all lanes' accesses, `step` bytes apart, are in place. */
  private spread(node: Node, step: number): number {
    const offset = this.spreadUnchecked(node, step);
    this.checkLanes(node, step, offset, null);
    return offset;
  }

  private spreadUnchecked(node: Node, step: number): number {
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

  private spreadAnew(node: Node, step: number): void {
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

  // What a load's place was found to be, for a store to the same place.

  /** Variables with linear addresses of loads, for stores behind them. */
  private readonly keeping: Map<Node, number> = new Map();

  /** The load that has found the place already to which the store writes, for reading and writing; null: none. */
  private keeperOf(store: Node): Node | null {
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

  private keeps(load: Node): boolean {
    if (load.op !== "load" || load.access!.count !== 1 || load.block!.loopDepth > 0) return false;
    return this.region!.blocks.some((block) => block.nodes.some((store) => store.op === "store" && store.args[0] === load.args[0] && this.keeperOf(store) === load));
  }

  /** What the page must allow. */
  private keptKind(node: Node): number {
    return this.keeps(node) ? 3 : accessKind(node);
  }

  /** Sets `at` to the linear address of the access's place (less its offset), which `find` does where it has not been found. */
  private kept(node: Node, at: number, find: () => void): void {
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

  private firstLane(node: Node): void {
    if (this.shape(node) === null) this.pushLane(node, LANES * this.quad);
    else this.value(node);
  }

  /** Bytes from lane to lane: in a row that is translated as a whole they are known also of addresses that lanes took along from a loop which they left at different times. */
  private stepFrom(node: Node): Shape {
    return this.rows?.get(node)?.site.step ?? this.shape(node.args[0]!);
  }

  /** A load whose lanes differ. */
  protected loadLanes(node: Node): void {
    const { code } = this;
    const { type, count } = node.access!;
    const address = node.args[0]!;
    const step = this.stepFrom(node);
    const size = sizeOf[type];
    const results = count === 1 ? [{ to: node, offset: 0 }] : node.block!.nodes.filter((proj) => proj.op === "proj" && proj.args[0] === node).map((to) => ({ to, offset: Number(to.imm) * size }));
    if (step === null && address.folded && this.allCrossed(node) === null) this.spill(address);
    const together = (by: number): void => this.temp(I32, (at) => {
      const offset = this.spread(node, by);
      code.set(at);
      const load = (base: number): void => {
        for (const { to, offset: more } of results) this.loadSpread(this.mine(type, this.ownVectors(to)), type, at, base + more, by);
      };
      if (step === null) load(offset);
      else this.eachQuad((quad) => load(offset + LANES * quad * by));
    });
    const single = (): void => this.temp(I32, (at) => this.oneByOne((lane) => {
      const offset = this.laneLinear(node, lane);
      code.set(at);
      for (const { to, offset: more } of results) {
        code.get(at).memory(loadOf[type], offset + more);
        if (type === "i1") this.maskTo("i1");
        this.setLane(type, this.ownVectors(to), lane, (lane & 3) === 0 && !this.masked());
      }
    }, step === null));
    if (step !== null && step >= 0) together(step);
    else if (step === null && this.allCrossed(node) !== null) this.loadAllCrossed(node, this.allCrossed(node)!);
    else if (step === null && size * count >= 4 && size * count <= 16) {
      const crossed = this.crossed(node);
      this.eachQuad(() => {
        if (crossed !== null) this.begins(crossed, () => this.loadCrossed(node, crossed));
        this.sideBySide(address, size * count);
        code.if();
        together(size * count);
        code.else();
        single();
        code.end();
        if (crossed !== null) code.end();
      });
    } else if (step === null) this.eachQuad(single);
    else single();
  }

  /** Pushes whether the lanes' addresses, each with its own, happen to be `step` bytes apart. */
  private sideBySide(address: Node, step: number): void {
    const { code } = this;
    const [low, high] = this.mine("i64", this.vectorsOf(address)) as [number, number];
    this.temp(V128, (first) => {
      code.get(low).lane(simd.i64x2_extract_lane, 0).simd(simd.i64x2_splat).set(first);
      code.get(low).get(first).simd(simd.i64x2_sub).v128([0, 0, step, 0]).simd(simd.xor);
      code.get(high).get(first).simd(simd.i64x2_sub).v128([2 * step, 0, 3 * step, 0]).simd(simd.xor);
      code.simd(simd.or, simd.any_true).op(op.i32_eqz);
    });
  }

  private loadSpread(vectors: readonly number[], type: Type, at: number, offset: number, step: number): void {
    const { code } = this;
    const size = sizeOf[type];
    if (step === size && size >= 4) {
      vectors.forEach((vector, part) => code.get(at).simdMemory(simd.load, offset + 16 * part).set(vector));
      return;
    }
    if (step === size) {
      code.get(at).simdMemory(size === 1 ? simd.load32_zero : simd.load64_zero, offset);
      if (size === 1) code.simd(simd.i16x8_extend_low_i8x16_u);
      code.simd(simd.i32x4_extend_low_i16x8_u);
    } else if (size === 4) {
      code.get(at);
      code.get(at);
      code.get(at);
      code.get(at).simdMemory(simd.load32_zero, offset);
      for (let lane = 1; lane < LANES; lane++) code.simdMemory(simd.load32_lane, offset + lane * step, lane);
    } else if (size === 8) {
      vectors.forEach((vector, part) => {
        code.get(at).get(at).simdMemory(simd.load64_zero, offset + 2 * part * step).simdMemory(simd.load64_lane, offset + (2 * part + 1) * step, 1).set(vector);
      });
      return;
    } else {
      code.get(at).get(at).get(at).get(at).memory(loadOf[type], offset).simd(simd.i32x4_splat);
      // Lanes are numbered in units of what is loaded.
      for (let lane = 1; lane < LANES; lane++) code.simdMemory(loadLane[size]!, offset + lane * step, (lane * 4) / size);
    }
    if (type === "i1") code.i32(31).simd(simd.i32x4_shl).i32(31).simd(simd.i32x4_shr_s);
    code.set(vectors[0]!);
  }

  /** A store of four work-items. */
  protected storeLanes(node: Node): void {
    const { code } = this;
    const { type } = node.access!;
    const address = node.args[0]!;
    const values = node.args.slice(1);
    const step = this.stepFrom(node);
    const size = sizeOf[type];
    const logged = this.mustLog(node);
    for (const value of values) if (value.folded && this.shape(value) === null) this.spill(value);
    if (step === null && address.folded && this.allCrossed(node) === null) this.spill(address);
    // What masked lanes have there is written back to them; other threads must not see that.
    const blends = values.length === 1 && size >= 4 && !(this.masked() && this.facts.concurrent);
    if (blends && step === size) {
      this.storeTogether(node, size, logged);
      return;
    }
    if (blends && step === null && this.allCrossed(node) !== null) {
      this.storeAllCrossed(node, this.allCrossed(node)!, logged);
      return;
    }
    if (blends && step === null) {
      const crossed = this.crossed(node);
      this.eachQuad(() => {
        if (crossed !== null) this.begins(crossed, () => this.storeCrossed(node, crossed, logged));
        this.sideBySide(address, size);
        code.if();
        this.storeTogether(node, size, logged);
        code.else();
        this.storeSingly(node, step, logged);
        code.end();
        if (crossed !== null) code.end();
      });
      return;
    }
    if (step === null) this.eachQuad(() => this.storeSingly(node, step, logged));
    else this.storeSingly(node, step, logged);
  }

  // Crosswise.

  private crossed(node: Node): Crossed | null {
    // A sum that was made before may have parts that nobody here asked for: it is taken as it comes.
    return findCrossed(node, (arg) => this.shapeIfKnown(arg));
  }

  /** The same, where the row's vectors are known to begin at multiples. */
  private allCrossed(node: Node): Crossed | null {
    return this.masked() && this.facts.concurrent && node.op === "store" ? null : this.plan!.assumed.crossed(node, (arg) => this.shapeIfKnown(arg));
  }

  /**
   * Sets a variable to the linear address of as many elements as there are work-items, and another to how far the first vector's are from there (0 where there is but one vector);
   * null: that is known beforehand.
   */
  private blockCrossed(node: Node, { base, index, by, signed }: Crossed, use: (at: number, away: number | null) => void): void {
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
  private exactly(by: Node): number | null {
    const known = this.plan!.assumed.exact.get(by);
    return known !== undefined && known < this.width ? known : null;
  }

  /** Turns the words of the vector on the stack; `how`: as `turning` says. */
  private turned({ by }: Crossed, how: number | null): void {
    const { code } = this;
    if (how !== null) {
      code.get(how).simd(simd.i8x16_swizzle);
      return;
    }
    const bits = this.exactly(by)! & (LANES - 1);
    if (bits !== 0) this.temp(V128, (x) => code.tee(x).get(x).shuffle(Array.from({ length: 16 }, (_, byte) => byte ^ (4 * bits))));
  }

  /** Sets a variable to how a vector's words are turned; null: that is known beforehand. */
  private turning({ by }: Crossed, use: (how: number | null) => void): void {
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
  private crossedAt(at: number, away: number | null, by: Node): number {
    const { code } = this;
    const quad = 4 * LANES * this.quad;
    code.get(at);
    if (away === null) return quad ^ ((4 * this.exactly(by)!) & (4 * (this.width - LANES)));
    code.get(away);
    if (quad > 0) code.i32(quad).op(op.i32_xor);
    code.op(op.i32_add);
    return 0;
  }

  private loadAllCrossed(node: Node, crossed: Crossed): void {
    const { code } = this;
    const vectors = this.ownVectors(node);
    this.blockCrossed(node, crossed, (at, away) => this.turning(crossed, (how) => this.eachQuad(() => {
      code.simdMemory(simd.load, this.crossedAt(at, away, crossed.by));
      this.turned(crossed, how);
      code.set(this.mine(node.type!, vectors)[0]!);
    })));
  }

  private storeAllCrossed(node: Node, crossed: Crossed, logged: boolean): void {
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
  private begins(crossed: Crossed, write: () => void): void {
    const { code } = this;
    this.value(crossed.index);
    code.i32(LANES - 1).op(op.i32_and, op.i32_eqz).if();
    write();
    code.else();
  }

  /** Pushes the linear address of the four elements. */
  private fourCrossed(node: Node, crossed: Crossed): void {
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

  /** With a vector on the stack: its words in the order in which they lie in memory, or back. */
  private turn({ by }: Crossed): void {
    const { code } = this;
    this.value(by);
    code.i32(LANES - 1).op(op.i32_and).i32(2).op(op.i32_shl).simd(simd.i8x16_splat);
    code.v128([0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c]).simd(simd.xor, simd.i8x16_swizzle);
  }

  private loadCrossed(node: Node, crossed: Crossed): void {
    const { code } = this;
    this.fourCrossed(node, crossed);
    code.simdMemory(simd.load);
    this.turn(crossed);
    code.set(this.mine(node.type!, this.ownVectors(node))[0]!);
  }

  private storeCrossed(node: Node, crossed: Crossed, logged: boolean): void {
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

  /** Side by side in memory: whole vectors. */
  private storeTogether(node: Node, size: number, logged: boolean): void {
    const { code } = this;
    const value = node.args[1]!;
    this.temp(I32, (at) => {
      const offset = this.spread(node, size);
      code.set(at);
      const parts = size === 8 ? [0, 1] : [0];
      const write = (from: number): void => {
        for (const part of parts) {
          const to = from + 16 * part;
          code.get(at);
          this.vector(value, part);
          if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalLanes(this.host, size === 8);
          if (this.masked()) {
            code.get(at).simdMemory(simd.load, to);
            this.laneMask();
            if (size === 8) code.simd(part === 0 ? simd.i64x2_extend_low_i32x4_s : simd.i64x2_extend_high_i32x4_s);
            code.simd(simd.bitselect);
          }
          code.simdMemory(simd.store, to);
        }
      };
      const one = this.stepFrom(node) === null;
      if (logged) this.log(at, offset, (one ? LANES : this.width) * size);
      if (one) write(offset);
      else if ((node.mark & CANONICAL_OPERAND) !== 0 && this.quads > 1 && !this.masked() && this.shape(value) === null) this.storeCanonical(value, at, offset, parts.length);
      else this.eachQuad((quad) => write(offset + LANES * quad * size));
    });
  }

  /** Stores several vectors whose NaNs must be canonical: their sum tells whether there may be one. */
  private storeCanonical(value: Node, at: number, offset: number, parts: number): void {
    const { code } = this;
    const wide = parts === 2;
    const all = Array.from({ length: this.quads * parts }, () => code.local(V128));
    this.eachQuad((quad) => {
      for (let part = 0; part < parts; part++) {
        this.vector(value, part);
        code.set(all[quad * parts + part]!);
      }
    });
    const sum = (from: readonly number[]): void => {
      if (from.length === 1) {
        code.get(from[0]!);
        return;
      }
      sum(from.slice(0, from.length >> 1));
      sum(from.slice(from.length >> 1));
      code.simd(wide ? simd.f64x2_add : simd.f32x4_add);
    };
    this.temp(V128, (total) => {
      sum(all);
      code.tee(total).get(total).simd(wide ? simd.f64x2_ne : simd.f32x4_ne, simd.i32x4_bitmask).if();
    });
    for (const one of all) {
      code.get(one);
      canonicalLanes(this.host, wide);
      code.set(one);
    }
    code.end();
    all.forEach((one, i) => code.get(at).get(one).simdMemory(simd.store, offset + 16 * i));
  }

  /** All add the same to one place, whose old value nobody wants. */
  protected tally(node: Node): void {
    const { code } = this;
    const type = node.type!;
    const wide = type === "i64";
    const logged = this.mustLog(node);
    this.temp(I32, (at) => {
      const offset = this.linear(node);
      code.set(at);
      if (logged) this.log(at, offset, sizeOf[type]);
      code.get(at).get(at).memory(loadOf[type], offset);
      this.value(node.args[1]!);
      if (wide) code.i64(BigInt(this.width)).op(op.i64_mul, op.i64_add);
      else code.i32(this.width).op(op.i32_mul, op.i32_add);
      code.memory(storeOf[type], offset);
    });
  }

  private storeSingly(node: Node, step: Shape, logged: boolean): void {
    const { code } = this;
    const { type } = node.access!;
    const size = sizeOf[type];
    const values = node.args.slice(1);
    const spread = step !== null && step >= 0 && !this.masked();
    const write = (at: number, offset: number): void => {
      values.forEach((value, i) => {
        if (logged) this.log(at, offset + i * size, size);
        code.get(at);
        this.value(value);
        if ((node.mark & CANONICAL_OPERAND) !== 0) this.canonicalScalar(type);
        code.memory(storeOf[type], offset + i * size);
      });
    };
    this.temp(I32, (at) => {
      if (spread) {
        const offset = this.spread(node, step);
        code.set(at);
        this.eachLane((lane) => write(at, offset + lane * step));
        return;
      }
      // All addresses are looked at before the first write, unless some are masked.
      this.oneByOne((lane) => {
        const offset = this.laneLinear(node, lane);
        code.set(at);
        write(at, offset);
      }, step === null);
    });
  }

  private canonicalScalar(type: Type): void {
    const { code } = this;
    const wide = type === "f64";
    this.temp(wasmType(type), (x) => {
      code.tee(x);
      if (wide) code.f64bits(0x7ff8_0000_0000_0000n);
      else code.f32bits(0x7fc0_0000);
      code.get(x).get(x).op(wide ? op.f64_eq : op.f32_eq, op.select);
    });
  }

  /** `linear` for one lane. */
  private laneLinear(node: Node, lane: number): number {
    const offset = this.linear(node);
    const row = this.rows?.get(node);
    return row === undefined ? offset : offset + lane * row.site.step;
  }

  /** Does `write` for each lane that is in this block; `vector`: only for those of the current vector. */
  private oneByOne(write: (lane: number) => void, vector: boolean): void {
    const { code } = this;
    const some = (each: (lane: number) => void): void => {
      const from = LANES * this.quad;
      this.eachLane((lane) => {
        if (!vector || (lane >= from && lane < from + LANES)) each(lane);
      });
    };
    if (!this.masked()) {
      some(write);
      return;
    }
    this.temp(I32, (bits) => {
      if (vector) {
        this.laneMask();
        code.simd(simd.i32x4_bitmask);
      } else this.maskBits();
      code.set(bits);
      some((lane) => {
        code.get(bits).i32(1 << (vector ? lane & 3 : lane)).op(op.i32_and).if();
        write(lane);
        code.end();
      });
    });
  }

  // Checked code.

  protected override check(node: Node, offset: number): void {
    if (this.plan === null) {
      super.check(node, offset);
      return;
    }
    const { code } = this;
    const lane = this.laneAt;
    const more = lane > 0 ? lane * (this.rows?.get(node)?.site.step ?? 0) : 0;
    this.temp(I32, (p) => this.temp(I32, (item) => {
      code.set(p);
      this.whereOpen(node, () => {
        if (lane >= 0) code.get(this.item).i32(lane).op(op.i32_add);
        else this.severalItems();
        code.set(item);
        writeCheck(this, node, () => this.plus(p, offset + more), this.checkPlace(node, () => code.get(item), this.apart));
      });
      code.get(p);
    }));
  }

  /** Pushes who makes an access that all lanes make together: several; but the one there is, where all others are masked. */
  private severalItems(): void {
    const { code } = this;
    if (!this.masked()) {
      code.i32(TAG_MANY);
      return;
    }
    this.temp(I32, (bits) => {
      this.maskBits();
      code.set(bits).i32(TAG_MANY).get(this.item).get(bits).op(op.i32_ctz, op.i32_add).get(bits).op(op.i32_popcnt).i32(1).op(op.i32_ne, op.select);
    });
  }

  /** Looks at accesses `step` bytes apart, of all lanes or those of the current vector; the first one's linear address (less `offset`) is on the stack, and stays there. */
  private checkLanes(node: Node, step: number, offset: number, crossed: Crossed | null): void {
    if (this.facts.checks === null) return;
    const { code } = this;
    const size = sizeOf[node.access!.type] * node.access!.count;
    const one = this.stepFrom(node) === null;
    const from = one ? LANES * this.quad : 0;
    const lanes = one ? LANES : this.width;
    const together = fitsVectors(node) && step === size && (size === 4 || !this.masked());
    const mask = (quad: number): void => {
      const before = this.quad;
      if (!one) this.quad = quad;
      this.laneMask();
      if (crossed !== null) this.turn(crossed);
      this.quad = before;
    };
    this.temp(I32, (p) => this.temp(I32, (by) => {
      code.set(p);
      if (crossed !== null) {
        this.value(crossed.by);
        code.set(by);
      }
      this.whereOpen(node, () => {
        if (together) {
          const place = this.checkPlace(node, () => code.get(this.item).i32(from).op(op.i32_add), null);
          writeRowCheck(this, node, { push: () => this.plus(p, offset), quads: lanes / LANES, mask: this.masked() ? mask : null, crossed: crossed === null ? null : by, apart: this.apart }, place);
          return;
        }
        this.temp(I32, (bits) => {
          if (this.masked()) {
            this.maskBits();
            code.set(bits);
          }
          for (let lane = from; lane < from + lanes; lane++) {
            if (this.masked()) code.get(bits).i32(1 << lane).op(op.i32_and).if();
            const place = this.checkPlace(node, () => code.get(this.item).i32(lane).op(op.i32_add), this.apart);
            writeCheck(this, node, () => this.plus(p, offset + (lane - from) * step), place);
            if (this.masked()) code.end();
          }
        });
      });
      code.get(p);
    }));
  }

  protected override strayed(node: Node, linear: number): void {
    if (this.plan === null) super.strayed(node, linear);
    else if (rootOfAccess(this.facts.roots, node) >= 0) this.code.br(this.apart);
  }

  // The undo log.

  /** Saves `size` bytes (a multiple of 16, or less) at a linear address before they are overwritten; with no room left the work-items go one by one. */
  private log(at: number, offset: number, size: number): void {
    const { code } = this;
    const top = this.undoTop;
    const entry = undoEntry(size);
    code.get(top).i32(entry).op(op.i32_add).get(this.undoEnd).op(op.i32_gt_u).brIf(this.apart);
    if (size < 16) code.get(top).get(at).v128([0, 0, 0, 0]).simdMemory(loadLane[size]!, offset, 0).simdMemory(simd.store);
    for (let done = 0; done + 16 <= size; done += 16) code.get(top).get(at).simdMemory(simd.load, offset + done).simdMemory(simd.store, done);
    code.get(top).get(at);
    if (offset !== 0) code.i32(offset).op(op.i32_add);
    code.memory(mem.i32_store, entry - 16);
    code.get(top).i32(size).memory(mem.i32_store, entry - 12);
    code.get(top).i32(entry).op(op.i32_add).set(top);
  }

  /** Whether some store of the region is logged. */
  protected logsAny(node: FlowNode): boolean {
    return node.blocks.some((block) => {
      this.block = block;
      const found = block.nodes.some((inner) => (inner.op === "store" || inner.op === "atomic") && this.mustLog(inner));
      this.block = null;
      return found;
    });
  }

  /** Whether the work-items may still have to go one by one when the store is done. */
  private mustLog(node: Node): boolean {
    const block = node.block!;
    if (this.mayPart(block.nodes.slice(block.nodes.indexOf(node) + 1))) return true;
    // A store that is done lane by lane may fail at a later lane.
    if ((this.facts.checks !== null || (this.rows?.has(node) !== true && this.keeperOf(node) === null)) && (this.masked() || this.stepFrom(node) === null)) return true;
    const seen = new Set<Block>();
    const work = block.succs.filter((next) => this.region!.blocks.includes(next) && next !== this.region!.head);
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      if (this.mayPart(next.nodes)) return true;
      work.push(...next.succs.filter((succ) => this.region!.blocks.includes(succ) && succ !== this.region!.head));
    }
    return false;
  }

  private mayPart(nodes: readonly Node[]): boolean {
    return nodes.some((node) => {
      if (node.access !== null) return this.facts.checks !== null || (this.rows?.has(node) !== true && this.keeperOf(node) === null);
      if (node.op === "yield" || node.op === "trap" || node.op === "unreachable" || node.op === "assertfail") return true;
      if (node.op === "icmp" && this.plan!.guards.has(node) && node.args.some((arg) => this.plan!.shapes.get(arg) !== 0 && (arg.block !== null || this.shape(arg) !== 0))) return true;
      if (node.op === "condbr" && this.plan!.shapes.get(node.args[0]!) === null) return true;
      return mayWrap(node) && (this.plan!.shapes.get(node) ?? 0) !== 0;
    });
  }
}


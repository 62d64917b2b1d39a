import { sizeOf, type Type } from "../../ir/types.ts";
import { I32, op, V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { CANONICAL_OPERAND } from "../emit/float.ts";
import { loadOf, storeOf, wasmType } from "../emit/types.ts";
import type { Node } from "../graph/node.ts";
import { LANES } from "./lanes.ts";
import { canonicalLanes } from "./ops.ts";
import type { Shape } from "./shapes.ts";
import { CrossWriter } from "./crosswise.ts";
import { loadLane } from "./undo-log.ts";

/** Memory accesses of four work-items. */
export abstract class VectorMemory extends CrossWriter {
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
  protected sideBySide(address: Node, step: number): void {
    const { code } = this;
    const [low, high] = this.mine("i64", this.vectorsOf(address)) as [number, number];
    this.temp(V128, (first) => {
      code.get(low).lane(simd.i64x2_extract_lane, 0).simd(simd.i64x2_splat).set(first);
      code.get(low).get(first).simd(simd.i64x2_sub).v128([0, 0, step, 0]).simd(simd.xor);
      code.get(high).get(first).simd(simd.i64x2_sub).v128([2 * step, 0, 3 * step, 0]).simd(simd.xor);
      code.simd(simd.or, simd.any_true).op(op.i32_eqz);
    });
  }

  protected loadSpread(vectors: readonly number[], type: Type, at: number, offset: number, step: number): void {
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

  /** Side by side in memory: whole vectors. */
  protected storeTogether(node: Node, size: number, logged: boolean): void {
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
  protected storeCanonical(value: Node, at: number, offset: number, parts: number): void {
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

  protected storeSingly(node: Node, step: Shape, logged: boolean): void {
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

  protected canonicalScalar(type: Type): void {
    const { code } = this;
    const wide = type === "f64";
    this.temp(wasmType(type), (x) => {
      code.tee(x);
      if (wide) code.f64bits(0x7ff8_0000_0000_0000n);
      else code.f32bits(0x7fc0_0000);
      code.get(x).get(x).op(wide ? op.f64_eq : op.f32_eq, op.select);
    });
  }

  /** Does `write` for each lane that is in this block; `vector`: only for those of the current vector. */
  protected oneByOne(write: (lane: number) => void, vector: boolean): void {
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
}

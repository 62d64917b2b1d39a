import type { BlockId, ValueId } from "../../ir/ops.ts";
import type { Type } from "../../ir/types.ts";
import type { Reg } from "../ast.ts";
import type { Cfg } from "./cfg.ts";
import type { Emitter } from "./emitter.ts";

/**
 * Turns PTX's mutable registers into SSA values.
 *
 * Before lowering, every definition is noted (`define`). Blocks are lowered so that dominators come first; a read then finds its
 * value by walking up the dominator tree. A block needs a phi for a register exactly when it lies in the iterated dominance
 * frontier of the register's definitions; such phis are made when a read first meets them (so dead ones are never made)
 * and are completed when all blocks are lowered. Nearly all registers that compilers emit have one definition, which
 * dominates its uses: those cost one comparison.
 *
 * Values keep the type they were computed in (an `f32` in a `.b32` register stays one); readers cast.
 */
export class Ssa {
  private readonly cfg: Cfg;
  private readonly em: Emitter;
  /** By register: how many definitions (2 stands for several, or for a guarded one), the first one's block, further ones. */
  private readonly count: Uint8Array;
  private readonly first: Int32Array;
  private readonly more: (number[] | undefined)[] = [];
  /** Value of registers with one definition. */
  private readonly single: Int32Array;
  /** Votes on the type of a phi: how many floating-point definitions, how many integer ones. */
  private readonly floats: Uint8Array;
  private readonly ints: Uint8Array;
  /** By block: values of registers at its end (so far), for registers where `single` does not do. */
  private readonly out: Map<number, ValueId>[];
  private readonly needs: (Uint8Array | undefined)[] = [];
  private readonly phis: { readonly block: number; readonly reg: Reg; readonly dst: ValueId; readonly type: Type; readonly line: number }[] = [];
  /** CFG block being lowered. */
  block = 0;
  /** IR blocks by CFG block: where its code begins and where its terminator stands. */
  readonly startIr: Int32Array;
  readonly endIr: Int32Array;

  constructor(cfg: Cfg, registers: number, em: Emitter) {
    this.cfg = cfg;
    this.em = em;
    this.count = new Uint8Array(registers);
    this.first = new Int32Array(registers).fill(-1);
    this.single = new Int32Array(registers).fill(-1);
    this.floats = new Uint8Array(registers);
    this.ints = new Uint8Array(registers);
    this.out = cfg.blocks.map(() => new Map());
    this.startIr = new Int32Array(cfg.blocks.length);
    this.endIr = new Int32Array(cfg.blocks.length);
  }

  /** Notes a definition. `hint`: the instruction computes floating point (1), integers (-1), or just moves bits (0). */
  define(reg: Reg, block: number, guarded: boolean, hint: -1 | 0 | 1): void {
    const r = reg.index;
    if (hint > 0) this.floats[r] = 1;
    else if (hint < 0) this.ints[r] = 1;
    const n = this.count[r]!;
    if (n === 0) {
      this.first[r] = block;
      this.count[r] = guarded ? 2 : 1;
      return;
    }
    this.count[r] = 2;
    if (this.first[r] === block) return;
    const more = this.more[r];
    if (more === undefined) this.more[r] = [block];
    else if (more[more.length - 1] !== block) more.push(block);
  }

  /** The register's value here. */
  read(reg: Reg): ValueId {
    const r = reg.index;
    const v = this.single[r]!;
    if (v >= 0 && this.cfg.dominates(this.first[r]!, this.block)) return v;
    return this.lookup(reg, this.block);
  }

  write(reg: Reg, value: ValueId): void {
    const r = reg.index;
    const out = this.out[this.block]!;
    if (this.count[r] === 1) {
      this.single[r] = value;
      if (!out.has(r)) return;
    }
    out.set(r, value);
  }

  /** The register's value at the end (so far) of a block. */
  private lookup(reg: Reg, from: number): ValueId {
    const r = reg.index;
    const { idom } = this.cfg;
    for (let x = from; x >= 0; x = idom[x]!) {
      let found = this.out[x]!.get(r);
      if (found === undefined && this.count[r] === 1 && this.first[r] === x && this.single[r]! >= 0) found = this.single[r]!;
      if (found === undefined && this.needsPhi(reg)[x] === 1) {
        found = this.makePhi(reg, x);
        this.out[x]!.set(r, found);
      }
      if (found !== undefined) {
        this.out[from]!.set(r, found);
        return found;
      }
    }
    const zero = this.em.zero(this.phiType(reg));
    this.out[from]!.set(r, zero);
    return zero;
  }

  /** By block, whether it is in the iterated dominance frontier of the register's definitions. */
  private needsPhi(reg: Reg): Uint8Array {
    const r = reg.index;
    const known = this.needs[r];
    if (known !== undefined) return known;
    const marks = new Uint8Array(this.cfg.blocks.length);
    this.needs[r] = marks;
    const work = this.count[r] === 0 ? [] : [this.first[r]!, ...(this.more[r] ?? [])];
    while (work.length > 0) {
      for (const f of this.cfg.frontier[work.pop()!]!) {
        if (marks[f] === 1) continue;
        marks[f] = 1;
        work.push(f);
      }
    }
    return marks;
  }

  /** Type of a phi: that of the register; for untyped ones that of what is computed into it. */
  private phiType(reg: Reg): Type {
    const { kind, bits } = reg.type;
    const r = reg.index;
    if (kind === "b" && this.floats[r] === 1 && this.ints[r] === 0) {
      if (bits === 32) return "f32";
      if (bits === 64) return "f64";
    }
    return reg.type.ir ?? "i64";
  }

  private makePhi(reg: Reg, block: number): ValueId {
    const type = this.phiType(reg);
    const dst = this.em.value(type);
    this.phis.push({ block, reg, dst, type, line: this.em.line });
    return dst;
  }

  /** Completes the phis. Called when every reachable block has its terminator. */
  finish(): void {
    const { blocks } = this.cfg;
    const heads = new Map<BlockId, { op: "phi"; dst: ValueId; from: [BlockId, ValueId][]; line: number }[]>();
    // The list grows: an operand may need a phi of its own.
    for (let i = 0; i < this.phis.length; i++) {
      const { block, reg, dst, type, line } = this.phis[i]!;
      const from = blocks[block]!.preds.map((p): [BlockId, ValueId] => {
        const end = this.endIr[p]!;
        return [end, this.em.coerceAtEnd(this.lookup(reg, p), type, end)];
      });
      const ir = this.startIr[block]!;
      const list = heads.get(ir);
      if (list === undefined) heads.set(ir, [{ op: "phi", dst, from, line }]);
      else list.push({ op: "phi", dst, from, line });
    }
    for (const [ir, list] of heads) this.em.fn.blocks[ir]!.instrs.unshift(...list);
  }
}

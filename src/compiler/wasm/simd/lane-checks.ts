import { sizeOf } from "../../ir/types.ts";
import { I32, op } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";
import { writeCheck } from "../checked/emit.ts";
import { fitsVectors, writeRowCheck } from "../checked/lanes.ts";
import { TAG_MANY } from "../checked/layout.ts";
import { rootOfAccess } from "../checked/roots.ts";
import { LANES } from "./lanes.ts";
import type { Crossed } from "./crossed.ts";
import { PlaceWriter } from "./places.ts";

/** Accesses of vectors in checked code. */
export abstract class LaneCheckWriter extends PlaceWriter {
  /** Pushes lane 0's linear address (less the offset that comes back) when all lanes' accesses, `step` bytes apart, are in place. */
  protected spread(node: Node, step: number): number {
    const offset = this.spreadUnchecked(node, step);
    this.checkLanes(node, step, offset, null);
    return offset;
  }

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
  protected severalItems(): void {
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
  protected checkLanes(node: Node, step: number, offset: number, crossed: Crossed | null): void {
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
}

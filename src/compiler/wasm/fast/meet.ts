import { I32, mem, op } from "../asm/opcodes.ts";
import { ordersSharedOnly } from "../checked/facts.ts";
import { isCollective, type Block, type Node } from "../graph/node.ts";
import { record, RECORD_SHIFT, RECORDS, slot } from "../lower/layout.ts";
import { barrierOperands } from "../slow/operands.ts";
import type { FlowNode } from "./flow.ts";
import { outcome } from "./outcome.ts";
import { ItemLoops } from "./item-loop.ts";

const S = 1;

/** Barriers and warp collectives that a whole team has come to. */
export abstract class MeetWriter extends ItemLoops {
  protected meet(node: FlowNode): void {
    const { code } = this;
    const block = node.head;
    const at = block.nodes[0]!;
    const next = block.succs[0]!;
    if (isCollective(at)) {
      this.collective(node, at, next);
      return;
    }
    this.charge(block, true);
    if (at.op === "barred") {
      if (!this.warps) code.get(S).i32(0).memory(mem.i32_store, slot.yes);
      this.forItems(node, () => {
        const predicate = barrierOperands(at)[2]!;
        code.get(S).get(S).memory(mem.i32_load, slot.yes);
        this.recordOfItem();
        this.value(predicate);
        code.memory(mem.i32_store, record.a);
        this.value(predicate);
        code.op(op.i32_add).memory(mem.i32_store, slot.yes);
      });
      if (!this.warps) {
        code.get(S).get(S).memory(mem.i32_load, slot.yes).memory(mem.i32_store, slot.lastYes);
        code.get(S).get(this.alive).memory(mem.i32_store, slot.lastVoters);
      } else {
        code.get(S).get(S).memory(mem.i32_load, slot.voters);
        this.aliveCount();
        code.op(op.i32_add).memory(mem.i32_store, slot.voters);
      }
    }
    this.goTo(next);
    if (!this.warps) {
      this.checkBarrier(ordersSharedOnly(at));
      return;
    }
    this.saveTeam();
    code.i32(1).set(this.any).br(this.teamEnd);
  }

  /** Checked code: what was done before the barrier is past. @param sharedOnly in shared memory only */
  protected checkBarrier(sharedOnly: boolean): void {
    if (this.facts.checks === null) return;
    this.code.get(S).i32(sharedOnly ? 1 : 0);
    this.callImport("checkBarrier", [I32, I32], []);
    this.loadInterval();
  }

  /** Sets the result of a vote at the barrier before the block, which all have in common. */
  protected takeVotes(head: Block): void {
    const { code } = this;
    const at = head.preds[0]?.nodes[0];
    if (at?.op !== "barred") return;
    for (const node of head.nodes) {
      if (node.op !== "result") continue;
      code.get(S).memory(mem.i32_load, slot.lastYes);
      if (at.attr === "and") code.get(S).memory(mem.i32_load, slot.lastVoters).op(op.i32_eq);
      else if (at.attr === "or") code.i32(0).op(op.i32_ne);
      code.set(this.local(node));
    }
  }

  /** A warp collective that all the warp's lanes have come to. Results are left in the records, those that all have in common in their variables too. */
  protected collective(node: FlowNode, at: Node, next: Block): void {
    const { code } = this;
    this.charge(node.head, true);
    const masked = Number(at.imm) === 1;
    const mask = masked ? at.args[at.args.length - 1]! : null;
    const result = next.nodes.find((other) => other.op === "result" && Number(other.imm) === 0);
    const { warpSize } = this.regions.levels.team;
    const everyone = mask === null || (mask.op === "const" && Number(mask.imm) === -1);
    // Lanes whose mask leaves out another: the slow path sorts out who meets whom.
    const least = everyone ? -1 : code.local(I32);
    if (least >= 0) code.get(this.alive).set(least);
    const lane = code.local(I32);
    const yes = code.local(I32);
    const total = code.local(I32);
    const start: Readonly<Record<string, number>> = { "min.s": 0x7fff_ffff, "max.s": -0x8000_0000, "min.u": -1, and: -1 };
    code.i32(0).set(yes).i32(start[at.attr] ?? 0).set(total);
    this.forItems(node, () => {
      if (mask !== null && least >= 0) {
        this.value(mask);
        code.get(least).op(op.i32_and).set(least);
      }
      switch (at.op) {
        case "vote":
          this.value(at.args[0]!);
          code.get(this.item).get(this.first).op(op.i32_sub, op.i32_shl).get(yes).op(op.i32_or).set(yes);
          break;
        case "redux": {
          const value = code.local(I32);
          this.value(at.args[0]!);
          code.set(value);
          const pick = (compare: number): void => void code.get(total).get(value).get(total).get(value).op(compare, op.select).set(total);
          if (at.attr === "min.s") pick(op.i32_lt_s);
          else if (at.attr === "max.s") pick(op.i32_gt_s);
          else if (at.attr === "min.u") pick(op.i32_lt_u);
          else if (at.attr === "max.u") pick(op.i32_gt_u);
          else code.get(total).get(value).op({ add: op.i32_add, and: op.i32_and, or: op.i32_or, xor: op.i32_xor }[at.attr]!).set(total);
          break;
        }
        case "shfl":
          this.recordOfItem();
          this.value(at.args[0]!);
          code.memory(mem.i32_store, record.count);
          break;
        default:
      }
    });
    if (least >= 0) {
      code.get(least).get(this.alive).op(op.i32_ne).if();
      code.get(this.counted).i64((BigInt(node.head.bytes) << 32n) + BigInt(node.head.cost));
      this.aliveCount();
      code.op(op.i64_extend_i32_u, op.i64_mul, op.i64_sub).set(this.counted);
      this.park(outcome.spinning);
      code.end();
    }
    if (at.op === "shfl") this.shuffle(node, at, lane, warpSize);
    else if (result !== undefined) {
      switch (at.op === "vote" ? at.attr : at.op) {
        case "all": code.get(yes).get(this.alive).op(op.i32_eq); break;
        case "any": code.get(yes).i32(0).op(op.i32_ne); break;
        case "uni": code.get(yes).get(this.alive).op(op.i32_eq).get(yes).op(op.i32_eqz, op.i32_or); break;
        case "ballot": code.get(yes); break;
        case "activemask": code.get(this.alive); break;
        default: code.get(total);
      }
      code.set(this.local(result));
    }
    this.goTo(next);
  }

  /** Each lane takes its value from the lane it names (PTX ISA, shfl.sync); the values lie in the records. */
  protected shuffle(node: FlowNode, at: Node, lane: number, warpSize: number): void {
    const { code } = this;
    const [, b, c] = at.args as [Node, Node, Node];
    const bits = warpSize > 32 ? 63 : 31;
    const own = code.local(I32);
    const clamp = code.local(I32);
    const last = code.local(I32);
    const good = code.local(I32);
    const from = code.local(I32);
    this.forItems(node, () => {
      code.get(this.item).get(this.first).op(op.i32_sub).set(own);
      this.value(c);
      code.tee(clamp).i32(8).op(op.i32_shr_u).i32(bits).op(op.i32_and).set(lane);
      // last = own & segment | clamp & ~segment
      code.get(own).get(lane).op(op.i32_and).get(clamp).i32(bits).op(op.i32_and).get(lane).i32(-1).op(op.i32_xor, op.i32_and, op.i32_or).set(last);
      const delta = (): void => {
        this.value(b);
        code.i32(bits).op(op.i32_and);
      };
      if (at.attr === "idx") {
        code.get(own).get(lane).op(op.i32_and);
        delta();
        code.get(lane).i32(-1).op(op.i32_xor, op.i32_and, op.i32_or).set(lane);
      } else {
        code.get(own);
        delta();
        code.op(at.attr === "up" ? op.i32_sub : at.attr === "down" ? op.i32_add : op.i32_xor).set(lane);
      }
      code.get(lane).get(last).op(at.attr === "up" ? op.i32_ge_s : op.i32_le_s).set(good);
      // Out of range, or nobody there: the own value.
      code.get(lane).get(own).get(good).op(op.select).set(from);
      code.get(from).get(own).get(this.alive).get(from).op(op.i32_shr_u).i32(1).op(op.i32_and).get(from).i32(warpSize).op(op.i32_lt_u, op.i32_and, op.select).set(from);
      this.recordOfItem();
      code.get(from).get(this.first).op(op.i32_add).i32(RECORD_SHIFT).op(op.i32_shl).get(S).op(op.i32_add).memory(mem.i32_load, RECORDS + record.count);
      code.memory(mem.i32_store, record.a);
      this.recordOfItem();
      code.get(good).memory(mem.i32_store, record.b);
    });
  }
}

import type { Code, Label } from "../asm/code.ts";
import { mem, op } from "../asm/opcodes.ts";
import { ordersSharedOnly } from "../checked/facts.ts";
import { writeSwitch } from "../emit/switch.ts";
import type { Block, Node } from "../graph/node.ts";
import { launch, slot, team } from "../lower/layout.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import type { FlowNode } from "./flow.ts";
import { outcome } from "./outcome.ts";
import { GroupWriter } from "./group.ts";

const [L, S] = [0, 1];

/**
 * Writes the fast path: `(launch block, slot) -> outcome` runs work-groups from the slot's one on, region by region, each region as a loop over
 * the work-items.
 */
export class FastEmitter extends GroupWriter {
  /** Writes the whole function. */
  function(): Code {
    const { code } = this;
    const blocks = this.program.kernel.graph.blocks;
    const stops = blocks.filter((block) => block.resume > 0 && this.needsExit(block));
    this.loadConstants();
    this.done = code.block();
    this.tail = code.block();
    for (const block of [...stops].reverse()) this.exits.set(block, code.block());
    const groups = code.loop();
    this.groupStart_();
    if (this.warps) this.phases();
    else {
      const groupEnd = code.block();
      this.teamStart();
      this.flow(groupEnd);
      code.end();
    }
    this.nextGroup(groups);
    code.end();
    code.op(op.unreachable);
    for (const block of stops) {
      code.end();
      this.exitStub(block);
      code.br(this.tail);
    }
    code.end();
    this.exitTail();
    code.i32(outcome.exit).set(this.result);
    code.end();
    code.get(L).get(this.counted).memory(mem.i64_store, launch.counted);
    return code.get(this.result);
  }

  /** Whether code of the fast path may leave at the block: for the operations behind its head, or (behind a yield) for want of fuel. */
  protected needsExit(block: Block): boolean {
    if (block.nodes.some((node) => node.access !== null || node.op === "trap" || node.op === "unreachable" || node.op === "assertfail")) return true;
    return block.preds.some((pred) => pred.nodes.at(-2)?.op === "yield");
  }

  /** Each warp goes from barrier to barrier, all by turns, until none is left. */
  protected phases(): void {
    const { code } = this;
    const { warpSize } = this.regions.levels.team;
    const phase = code.loop();
    const teams = code.loop();
    this.teamEnd = code.block();
    const gone = code.block();
    this.stateOf(this.team);
    code.tee(this.state).memory(mem.i32_load, team.node).tee(this.node).i32(-1).op(op.i32_eq).brIf(this.teamEnd);
    code.get(this.state).memory(mem.i32_load, team.alive).set(this.alive);
    code.get(this.team).i32(warpSize).op(op.i32_mul).tee(this.first).i32(warpSize).op(op.i32_add).set(this.last);
    code.get(this.last).get(this.items).get(this.last).get(this.items).op(op.i32_lt_u, op.select).set(this.last);
    const [tx, ty, tz] = this.tid;
    const [nx, ny] = this.size;
    code.get(this.first).get(nx).op(op.i32_rem_u).set(tx);
    code.get(this.first).get(nx).op(op.i32_div_u).tee(ty).get(ny).op(op.i32_div_u).set(tz);
    code.get(ty).get(ny).op(op.i32_rem_u).set(ty);
    this.loadCells(this.state, team.cells);
    this.teamStart();
    this.flow(gone);
    code.end();
    code.get(this.state).i32(-1).memory(mem.i32_store, team.node);
    code.end();
    code.i32(0).set(this.item);
    code.get(this.team).i32(1).op(op.i32_add).tee(this.team);
    this.teamCount();
    code.op(op.i32_lt_u).brIf(teams);
    code.end();
    code.i32(0).set(this.team);
    // Warps come to barriers by themselves, and which one is complete only the kernel's barriers together tell.
    this.checkBarrier(this.program.kernel.graph.blocks.every(({ nodes }) => nodes.every((node) => (node.op !== "barrier" && node.op !== "barred") || ordersSharedOnly(node))));
    // The barrier is complete: whoever voted there did so by now.
    for (const [from, to] of [[slot.yes, slot.lastYes], [slot.voters, slot.lastVoters]] as const) {
      code.get(S).get(S).memory(mem.i32_load, from).memory(mem.i32_store, to);
      code.get(S).i32(0).memory(mem.i32_store, from);
    }
    code.get(this.any).i32(0).set(this.any).brIf(phase);
    code.end();
  }

  // The group's flow.

  protected flow(groupEnd: Label): void {
    const { code } = this;
    const { nodes } = this.regions.flow;
    if (!this.many) {
      this.itemsNode(nodes[0]!, groupEnd);
      return;
    }
    const again = code.loop();
    code.get(this.node);
    writeSwitch(code, nodes.map((node) => node.index), (index) => {
      const node = nodes[index]!;
      if (node.kind === "items") this.itemsNode(node, groupEnd);
      else if (node.kind === "meet") this.meet(node);
      else this.groupBlock(node);
      code.br(again);
    });
    code.end();
    code.op(op.unreachable);
  }

  protected groupBlock(node: FlowNode): void {
    const { code } = this;
    const block = node.head;
    this.charge(block, true);
    this.takeVotes(block);
    this.setAll(block.nodes.filter((inner) => this.regions.cells.has(inner) && inner.op !== "phi" && inner.op !== "result" && !inner.folded));
    for (const inner of block.nodes) {
      switch (inner.op) {
        case "yield":
          if (Number(inner.imm) === 1) {
            this.goTo(block.succs[0]!);
            this.park(outcome.spinning);
          }
          break;
        case "br":
          this.enter(block, block.succs[0]!);
          break;
        case "condbr":
          this.value(inner.args[0]!);
          code.if();
          this.enter(block, block.succs[0]!);
          code.else();
          this.enter(block, block.succs[1]!);
          code.end();
          break;
        case "switch":
          throw new EmulatorBug("a switch in a group block");
        default:
      }
    }
    this.parkUnlessFuel();
  }

  /** Sets the group's phis of `to`, and goes there. */
  protected enter(from: Block, to: Block): void {
    const at = to.preds.indexOf(from);
    const set: Node[] = [];
    for (const phi of to.nodes) {
      if (phi.op !== "phi") break;
      if (!this.regions.cells.has(phi) || phi.args[at] === phi) continue;
      this.value(phi.args[at]!);
      set.push(phi);
    }
    for (const phi of set.reverse()) this.code.set(this.local(phi));
    this.goTo(to);
  }

  protected itemsNode(node: FlowNode, groupEnd: Label): void {
    const { code } = this;
    this.takeVotes(node.head);
    // What is common to all, computed in this region.
    const inside = new Set(node.blocks);
    const common: Node[] = [];
    for (const block of node.blocks) {
      for (const inner of block.nodes) if (this.regions.cells.has(inner) && inner.op !== "phi" && inner.op !== "result" && !inner.folded) common.push(inner);
    }
    this.setAll(common);
    const exits = [...new Set(node.blocks.flatMap((block) => block.succs.filter((next) => !inside.has(next) || next === node.head)))];
    if (exits.length === 1) code.i32(this.regions.flow.at.get(exits[0]!)!.index).set(this.next);
    const loops = node.blocks.some((block) => block.nodes.some((inner) => inner.op === "yield"));
    this.forItems(node, () => this.itemBody(node, exits), loops, exits);
    if (exits.length === 0) {
      code.br(groupEnd);
      return;
    }
    if (this.regions.flow.someExit) code.get(this.alive).op(op.i32_eqz).brIf(groupEnd);
    code.get(this.next).set(this.node);
    // In front of phis: the group's are set here, the work-items' have moved.
    if (exits.length === 1 && node.blocks.length === 1 && exits[0]!.nodes[0]!.op === "phi") this.enter(node.head, exits[0]!);
    this.parkUnlessFuel();
  }
}

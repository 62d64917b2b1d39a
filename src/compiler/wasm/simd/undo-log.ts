import { mem, op } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import type { Block, Node } from "../graph/node.ts";
import type { FlowNode } from "../fast/flow.ts";
import { mayWrap } from "./shapes.ts";
import { undoEntry } from "./undo.ts";
import { LaneCheckWriter } from "./lane-checks.ts";

/** Loads of one lane, by bytes. */
export const loadLane: Readonly<Record<number, number>> = { 1: simd.load8_lane, 2: simd.load16_lane, 4: simd.load32_lane, 8: simd.load64_lane };

/** The undo log: what lanes overwrite before it is certain that none of them must go by itself. */
export abstract class UndoWriter extends LaneCheckWriter {
  /** Saves `size` bytes (a multiple of 16, or less) at a linear address before they are overwritten; with no room left the work-items go one by one. */
  protected log(at: number, offset: number, size: number): void {
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
  protected mustLog(node: Node): boolean {
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

  protected mayPart(nodes: readonly Node[]): boolean {
    return nodes.some((node) => {
      if (node.access !== null) return this.facts.checks !== null || (this.rows?.has(node) !== true && this.keeperOf(node) === null);
      if (node.op === "yield" || node.op === "trap" || node.op === "unreachable" || node.op === "assertfail") return true;
      if (node.op === "icmp" && this.plan!.guards.has(node) && node.args.some((arg) => this.plan!.shapes.get(arg) !== 0 && (arg.block !== null || this.shape(arg) !== 0))) return true;
      if (node.op === "condbr" && this.plan!.shapes.get(node.args[0]!) === null) return true;
      return mayWrap(node) && (this.plan!.shapes.get(node) ?? 0) !== 0;
    });
  }
}

import { op } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { isPure, type Block, type Node } from "../graph/node.ts";
import { record, RECORD_SHIFT } from "../lower/layout.ts";
import { slotLoad } from "../slow/saved.ts";
import type { FlowNode } from "../fast/flow.ts";
import { pinsBefore, pinsOf } from "./pins.ts";
import { MoveWriter } from "./moves.ts";

/** Parameter: the slot, which never lies at 0. */
const S = 1;

/** Statements of a block, for all lanes. */
export abstract class StatementWriter extends MoveWriter {
  /** Values that nobody needs in a row that is translated as a whole. */
  protected readonly unread: Set<Node> = new Set();

  /** Computes values as statements do. */
  protected makeAll(nodes: readonly Node[]): void {
    for (const node of nodes) if (!this.unread.has(node)) this.makeValue(node);
  }

  /** Finds what only addresses are made of that the row knows already. */
  protected findUnread(node: FlowNode, exits: readonly Block[]): void {
    this.unread.clear();
    const { rows } = this;
    if (rows === null || this.facts.checks !== null) return;
    const read = new Set<Node>();
    const see = (value: Node): void => {
      if (read.has(value) || value.block === null) return;
      read.add(value);
      if (isPure(value)) value.args.forEach(see);
    };
    for (const block of node.blocks) {
      for (const inner of block.nodes) {
        if (rows.has(inner)) inner.args.slice(1).forEach(see);
        else if (!isPure(inner)) inner.args.forEach(see);
      }
    }
    for (const exit of exits) {
      for (const inner of exit.nodes) if (inner.op === "phi") inner.args.forEach(see);
      this.program.kernel.saved.at.get(exit)!.forEach(see);
    }
    const find = (value: Node): void => {
      if (read.has(value) || value.block === null || this.unread.has(value) || !isPure(value)) return;
      this.unread.add(value);
      value.args.forEach(find);
    };
    for (const access of rows.keys()) find(access.args[0]!);
  }

  protected makeValue(node: Node): void {
    if (this.shape(node) === null) {
      this.make(node);
      return;
    }
    this.compute(node);
    this.code.set(this.local(node));
  }

  /** Statements of a block but its phis and its end. */
  protected statements(block: Block): void {
    const { code } = this;
    const pins = pinsOf(block);
    for (const node of block.nodes) {
      this.pin(pins.get(node) ?? []);
      if (node.folded || node.op === "phi" || node.op === "proj" || node === block.last) continue;
      if (this.regions.cells.has(node) || (node.free && this.regions.levels.of(node) < 3)) continue;
      switch (node.op) {
        case "yield":
          code.get(this.counted).op(op.i32_wrap_i64).get(this.itemLimit).op(op.i32_ge_u).brIf(this.apart);
          continue;
        case "nanosleep": case "fence": continue;
        case "trap": case "unreachable": case "assertfail": code.br(this.apart); continue;
        case "store": this.storeLanes(node); continue;
        case "atomic": this.tally(node); continue;
        case "result":
          // Four records, one behind the other.
          this.eachLane((lane) => {
            this.recordOfItem();
            code.memory(slotLoad(node.type!), (Number(node.imm) === 0 ? record.a : record.b) + (lane << RECORD_SHIFT));
            this.setLane(node.type!, this.ownVectors(node), lane, (lane & 3) === 0);
          });
          continue;
        case "load":
          if (this.shape(node.args[0]!) !== 0) this.loadLanes(node);
          else if (node.access!.count > 1) this.load(node);
          else {
            this.compute(node);
            code.set(this.local(node));
          }
          continue;
        default:
          if ((node.uses === 0 || this.unread.has(node)) && isPure(node)) continue;
          this.makeValue(node);
      }
    }
    this.pin(pinsBefore(block).filter((value) => this.isOwn(value)));
  }

  /** Makes V8 compute these values here (see pins.ts): a branch that is never taken, and would change nothing. */
  protected pin(sums: readonly Node[]): void {
    const { code } = this;
    const vectors = sums.filter((sum) => !this.regions.cells.has(sum) && this.shape(sum) === null && !this.unread.has(sum)).flatMap((sum) => this.ownVectors(sum));
    if (vectors.length === 0) return;
    code.get(S).op(op.i32_eqz).if();
    for (const vector of vectors) code.get(vector).get(vector).simd(simd.or).set(vector);
    code.end();
  }
}

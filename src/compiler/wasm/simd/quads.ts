import { isPure, type Block, type Node } from "../graph/node.ts";
import type { FlowNode } from "../fast/flow.ts";
import { partsOf, vectorForm } from "./ops.ts";
import { lanePolicy } from "./policy.ts";
import type { Shapes } from "./shapes.ts";

/**
 * Vector registers that values may take (twice as many in rows of which something is assumed: as measured, a shorter way to what has nothing to do outweighs values that are spilled), and operations that vectors side by side may be written for. */
const REGISTERS = 24;
const MAX_WRITTEN = 400;

/**
 * How many vectors of four work-items go together: loop control, addresses and what all have in common are then shared by more, and their computations need not
 * wait for one another. As many as fit the registers.
 * @param most 1, 2 or 4: what the launch's rows allow
 */
export function chooseQuads(node: FlowNode, shapes: Shapes, most: number): number {
  if (lanePolicy.quads > 0) return Math.min(most, lanePolicy.quads);
  let written = 0;
  for (const block of node.blocks) {
    for (const inner of block.nodes) {
      written++;
      if (inner.access !== null && shapes.use(inner.args[0]!, block) === null) {
        if (shapes.assumed.crossed(inner, (arg) => shapes.use(arg, block) ?? null) === null) return 1;
      }
      if (inner.type === null || shapes.of(inner) !== null || !isPure(inner)) continue;
      if (vectorForm(inner, (arg) => shapes.use(arg, block) === 0) === null) return 1;
    }
  }
  const pressure = pressureOf(node, shapes);
  for (const quads of [4, 2]) if (quads <= most && pressure * quads <= (shapes.assumed.nothing ? 1 : 2) * REGISTERS && written * quads <= MAX_WRITTEN) return quads;
  return 1;
}

/** Vectors that are live at once, of one vector of work-items. */
export function pressureOf(node: FlowNode, shapes: Shapes): number {
  const weight = (value: Node): number => partsOf(value.type!);
  const vector = (value: Node): boolean => value.block !== null && value.type !== null && shapes.of(value) === null;
  const inside = new Set(node.blocks);
  const liveAt = new Map<Block, Set<Node>>(node.blocks.map((block) => [block, new Set()]));
  const need = (value: Node, see: (value: Node) => void): void => {
    if (!vector(value)) return;
    if (value.folded) for (const arg of value.args) need(arg, see);
    else see(value);
  };
  let most = 0;
  // Backwards from block to block, until nothing is added.
  for (let changed = true; changed;) {
    changed = false;
    for (const block of [...node.blocks].reverse()) {
      const live = new Set<Node>();
      let now = 0;
      const see = (value: Node): void => {
        if (live.has(value)) return;
        live.add(value);
        now += weight(value);
      };
      for (const next of block.succs) {
        // Going back to the region's head is leaving it.
        if (inside.has(next) && next !== node.head) for (const value of liveAt.get(next)!) if (value.op !== "phi" || value.block !== next) see(value);
        const at = next.preds.indexOf(block);
        for (const phi of next.nodes) {
          if (phi.op !== "phi") break;
          if (phi.uses > 0) need(phi.args[at]!, see);
        }
      }
      most = Math.max(most, now);
      for (const inner of [...block.nodes].reverse()) {
        if (inner.op === "phi") break;
        if (inner.folded) continue;
        if (live.delete(inner)) now -= weight(inner);
        for (const arg of inner.args) need(arg, see);
        // One more for what is in computation.
        most = Math.max(most, now + 1);
      }
      const before = liveAt.get(block)!;
      if (live.size === before.size) continue;
      liveAt.set(block, live);
      changed = true;
    }
  }
  return most + Math.min(2, shapes.masked.blocks.size);
}

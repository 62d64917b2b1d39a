import { isPure, type Block, type Node } from "../graph/node.ts";
import type { FlowNode } from "../fast/flow.ts";
import { partsOf, vectorForm } from "./ops.ts";
import { lanePolicy } from "./policy.ts";
import type { Shapes } from "./shapes.ts";

/** Vector registers that values may take, and operations that vectors side by side may be written for. */
const REGISTERS = 20;
const MAX_WRITTEN = 400;

/**
 * How many vectors of four work-items go together: loop control, addresses and what all have in common are then shared by more, and their computations need not
 * wait for one another. As many as fit the registers.
 * @param most 1, 2 or 4: what the launch's rows allow
 */
export function chooseQuads(node: FlowNode, shapes: Shapes, made: readonly Node[], most: number): number {
  if (lanePolicy.quads > 0) return Math.min(most, lanePolicy.quads);
  let written = 0;
  for (const block of node.blocks) {
    for (const inner of block.nodes) {
      written++;
      if (inner.access !== null && shapes.use(inner.args[0]!, block) === null) return 1;
      if (inner.type === null || shapes.of(inner) !== null || !isPure(inner)) continue;
      if (vectorForm(inner, (arg) => shapes.use(arg, block) === 0) === null) return 1;
    }
  }
  const pressure = pressureOf(node, shapes, made);
  for (const quads of [4, 2]) if (quads <= most && pressure * quads <= REGISTERS && written * quads <= MAX_WRITTEN) return quads;
  return 1;
}

/** Vectors that are live at once, of one vector of work-items: an upper bound. */
export function pressureOf(node: FlowNode, shapes: Shapes, made: readonly Node[]): number {
  const weight = (value: Node): number => partsOf(value.type!);
  const vector = (value: Node): boolean => value.block !== null && value.type !== null && shapes.of(value) === null;
  // What is used in other blocks than its own counts everywhere.
  const wide = new Set<Node>();
  const see = (user: Node, at: Block, value: Node): void => {
    if (value.folded) for (const arg of value.args) see(user, at, arg);
    else if (vector(value) && (value.block !== at || user.op === "phi" || value.op === "phi")) wide.add(value);
  };
  for (const block of node.blocks) for (const inner of block.nodes) for (const arg of inner.args) see(inner, block, arg);
  for (const value of made) if (value.op === "phi" && vector(value) && value.uses > 0) wide.add(value);
  let most = 0;
  for (const block of node.blocks) {
    const live = new Set<Node>();
    let now = 0;
    const need = (value: Node): void => {
      if (!vector(value)) return;
      if (value.folded) {
        for (const arg of value.args) need(arg);
        return;
      }
      if (wide.has(value) || live.has(value)) return;
      live.add(value);
      now += weight(value);
    };
    for (const inner of [...block.nodes].reverse()) {
      if (inner.folded) continue;
      if (live.delete(inner)) now -= weight(inner);
      for (const arg of inner.args) need(arg);
      most = Math.max(most, now + 1);
    }
  }
  let total = most;
  for (const value of wide) total += weight(value);
  return total + Math.min(2, shapes.masked.blocks.size);
}

import { naturalLoop } from "../graph/cfg.ts";
import { MANY_LOADS, readsOf } from "../graph/uses.ts";
import { isPure, type Block, type Node } from "../graph/node.ts";

/** Loads between two pins: fewer cost more branches than they save registers, as measured (matmul_tiled: 2 and 4 alike, 8 a fifth slower). */
const LOADS = 4;

/**
 * Where sums must be done. V8 keeps loads in their order, but puts off whatever only computes until it is needed: behind all loads of a block, which then fill its registers. What a branch may change is
 * needed in front of it, so a branch that changes nothing pins it there.
 * @returns sums by the load in front of which they are to be pinned
 */
export function pinsOf(block: Block): Map<Node, Node[]> {
  const pins = new Map<Node, Node[]>();
  if (block.nodes.filter(({ op }) => op === "load").length < MANY_LOADS) return pins;
  const left = new Map<Node, number>();
  let loads = 0;
  let made: Node[] = [];
  for (const node of block.nodes) {
    if (node.op === "load" && loads++ === LOADS) {
      loads = 1;
      const needed = made.filter((sum) => left.get(sum)! > 0);
      if (needed.length > 0) pins.set(node, needed);
      made = [];
    }
    for (const arg of node.args) if (left.has(arg)) left.set(arg, left.get(arg)! - 1);
    if (node.folded || !isPure(node) || (node.type !== "f32" && node.type !== "f64")) continue;
    left.set(node, node.uses);
    made.push(node);
  }
  return pins;
}

/**
 * What is made before the loop that follows and read in it. V8 would make it where it is read, in each round, unless the reader is on every way out of the loop; loops that look at their fuel have a way out in front of it.
 * @returns values to be pinned at the block's end
 */
export function pinsBefore(block: Block): Node[] {
  const found = new Set<Node>();
  for (const next of block.succs) {
    if (next.loopDepth <= block.loopDepth) continue;
    const loop = naturalLoop(next);
    if (loop === null) continue;
    const see = (value: Node): void => {
      if (value.block !== null && !loop.has(value.block) && value.type !== "i1") found.add(value);
    };
    for (const inner of loop) for (const node of inner.nodes) if (!node.folded && node.op !== "phi") readsOf(node, see);
  }
  return [...found];
}

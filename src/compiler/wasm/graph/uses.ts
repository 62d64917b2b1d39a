import { hasEffect, isPure, type Block, type Graph, type Node } from "./node.ts";

/** Removes nodes that nothing with an effect needs, and sets `uses` of the others. */
export function removeDead(graph: Graph): void {
  const live = new Set<Node>();
  const work: Node[] = [];
  const need = (node: Node): void => {
    node.uses++;
    if (live.has(node)) return;
    live.add(node);
    work.push(node);
  };
  for (const block of graph.blocks) for (const node of block.nodes) node.uses = 0;
  for (const block of graph.blocks) {
    for (const node of block.nodes) {
      // A load may fault, which is an effect.
      if (hasEffect(node) || node.op === "load") {
        if (!live.has(node)) {
          live.add(node);
          work.push(node);
        }
      }
    }
  }
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    for (const arg of node.args) {
      if (arg.block === null) arg.uses++;
      else need(arg);
    }
  }
  for (const block of graph.blocks) if (block.nodes.some((node) => !live.has(node))) block.nodes = block.nodes.filter((node) => live.has(node));
}

/** Loads of a block from which on their order among the operations matters: they would fill all registers. */
export const MANY_LOADS = 16;

/**
 * Decides which nodes are computed inside their user's expression: pure, used once, in the same block, not by a phi. Such a node has
 * the place of its user from then on. Sums that go on over many loads stay where they are: else all that is loaded would wait for the last.
 */
export function foldSingleUses(graph: Graph): void {
  for (const block of graph.blocks) {
    const loads = loadsBefore(block);
    for (const node of block.nodes) {
      if (node.op === "phi") continue;
      for (const arg of node.args) {
        arg.folded = arg.uses === 1 && arg.block === block && isPure(arg) && arg.type !== null && !goesOnOver(loads, arg, node);
      }
    }
  }
}

/** How many loads stand before each node; null where there are few. */
function loadsBefore(block: Block): Map<Node, number> | null {
  const before = new Map<Node, number>();
  let loads = 0;
  for (const node of block.nodes) {
    before.set(node, loads);
    if (node.op === "load") loads++;
  }
  return loads < MANY_LOADS ? null : before;
}

function goesOnOver(loads: ReadonlyMap<Node, number> | null, sum: Node, user: Node): boolean {
  return loads !== null && (sum.type === "f32" || sum.type === "f64") && sum.type === user.type && loads.get(sum)! < loads.get(user)!;
}

/** Calls `see` for each node whose variable the expression of `root` reads (nodes in blocks that are not folded into it). */
export function readsOf(root: Node, see: (node: Node) => void): void {
  for (const arg of root.args) {
    if (arg.block === null) continue;
    if (arg.folded) readsOf(arg, see);
    else see(arg);
  }
}

/** Variables live at each block's start, phis of the block included. */
export function liveness(graph: Graph): Map<Block, Set<Node>> {
  const live = new Map<Block, Set<Node>>();
  for (const block of graph.blocks) live.set(block, new Set());
  const blocks = graph.blocks;
  for (let changed = true; changed;) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) {
      const block = blocks[i]!;
      const now = new Set<Node>();
      for (const next of block.succs) {
        for (const node of live.get(next)!) if (node.op !== "phi" || node.block !== next) now.add(node);
        const at = next.preds.indexOf(block);
        for (const phi of next.nodes) {
          if (phi.op !== "phi") break;
          const arg = phi.args[at]!;
          if (arg.block !== null) now.add(arg);
        }
      }
      for (let n = block.nodes.length - 1; n >= 0; n--) {
        const node = block.nodes[n]!;
        if (node.op === "phi") break;
        now.delete(node);
        if (!node.folded) readsOf(node, (read) => now.add(read));
      }
      for (const node of block.nodes) {
        if (node.op !== "phi") break;
        now.add(node);
      }
      const before = live.get(block)!;
      if (now.size !== before.size) {
        live.set(block, now);
        changed = true;
      }
    }
  }
  return live;
}

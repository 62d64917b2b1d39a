import type { Block, Graph } from "./node.ts";

/** Drops blocks that the entry does not reach, sorts the rest in reverse post-order, renumbers, and keeps phis in step. */
export function orderBlocks(graph: Graph): void {
  const order: Block[] = [];
  const stack: { readonly block: Block; at: number }[] = [];
  for (const block of graph.blocks) block.order = -1;
  const enter = (block: Block): void => {
    block.order = 0;
    stack.push({ block, at: block.succs.length });
  };
  enter(graph.entry);
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    if (top.at === 0) {
      order.push(top.block);
      stack.pop();
    } else {
      const next = top.block.succs[--top.at]!;
      if (next.order === -1) enter(next);
    }
  }
  order.reverse();
  if (order.length !== graph.blocks.length) {
    for (const block of order) {
      if (block.preds.some((pred) => pred.order === -1)) dropPreds(block, (pred) => pred.order === -1);
    }
  }
  order.forEach((block, i) => {
    block.order = i;
    block.id = i;
  });
  graph.blocks = order;
}

function dropPreds(block: Block, gone: (pred: Block) => boolean): void {
  const keep = block.preds.map((pred) => !gone(pred));
  for (const node of block.nodes) {
    if (node.op !== "phi") break;
    node.args = node.args.filter((_, i) => keep[i]);
  }
  block.preds = block.preds.filter((_, i) => keep[i]);
}

/** Takes away the edge; the caller changes the terminator and `from.succs`. */
export function removeEdge(from: Block, to: Block): void {
  dropPreds(to, (pred) => pred === from);
}

/** Sets `idom`, dominator intervals and loop facts. Blocks must be in order (`orderBlocks`). */
export function analyseFlow(graph: Graph): void {
  const blocks = graph.blocks;
  for (const block of blocks) block.idom = null;
  const entry = graph.entry;
  entry.idom = entry;
  const meet = (a: Block, b: Block): Block => {
    let x = a;
    let y = b;
    while (x !== y) {
      if (x.order > y.order) x = x.idom!;
      else y = y.idom!;
    }
    return x;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const block of blocks) {
      if (block === entry) continue;
      let found: Block | null = null;
      for (const pred of block.preds) if (pred.idom !== null) found = found === null ? pred : meet(pred, found);
      if (block.idom !== found) {
        block.idom = found;
        changed = true;
      }
    }
  }
  const children: Block[][] = blocks.map(() => []);
  for (const block of blocks) if (block !== entry) children[block.idom!.order]!.push(block);
  let time = 0;
  const stack: { readonly block: Block; at: number }[] = [{ block: entry, at: 0 }];
  entry.domEnter = time++;
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const child = children[top.block.order]![top.at++];
    if (child === undefined) {
      top.block.domLeave = time++;
      stack.pop();
    } else {
      child.domEnter = time++;
      stack.push({ block: child, at: 0 });
    }
  }
  findLoops(blocks);
}

/** Whether every way from the entry to `b` passes `a`; a block dominates itself. */
export function dominates(a: Block, b: Block): boolean {
  return a.domEnter <= b.domEnter && b.domLeave <= a.domLeave;
}

/** The blocks of the loop that begins at the block, itself included; null when none does. */
export function naturalLoop(header: Block): Set<Block> | null {
  const latches = header.preds.filter((pred) => dominates(header, pred));
  if (latches.length === 0) return null;
  const found = new Set<Block>([header]);
  const work = [...latches];
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (found.has(block)) continue;
    found.add(block);
    work.push(...block.preds);
  }
  return found;
}

/** Natural loops: innermost header and depth of each block. Headers are visited inside out, so that the first to claim a block is its innermost. */
function findLoops(blocks: readonly Block[]): void {
  for (const block of blocks) {
    block.header = null;
    block.loopDepth = 0;
  }
  const outer = new Map<Block, Block | null>();
  for (let i = blocks.length - 1; i >= 0; i--) {
    const header = blocks[i]!;
    for (const block of naturalLoop(header) ?? []) {
      block.loopDepth++;
      if (block.header === null) block.header = header;
      else if (block.header !== header && !outer.has(block.header)) outer.set(block.header, header);
    }
  }
}

/** Edges that close a cycle in the order of the blocks: of reducible loops exactly the back edges. */
export function isRetreating(from: Block, to: Block): boolean {
  return to.order <= from.order;
}

/** Puts a new empty block on the edge, in front of `to`; gives it. The caller gives it a terminator and runs `orderBlocks` again. */
export function splitEdge(graph: Graph, from: Block, to: Block, label: string): Block {
  const block = graph.block(label);
  from.succs[from.succs.indexOf(to)] = block;
  to.preds[to.preds.indexOf(from)] = block;
  block.preds = [from];
  block.succs = [to];
  block.nodes = [graph.node("br", null, [])];
  block.nodes[0]!.block = block;
  return block;
}

import type { BlockId } from "./ops.ts";
import type { Fn } from "./module.ts";
import { successorsOf } from "./uses.ts";

/** Control-flow facts of one function. Derived, never stored: ask again after changing the function. */

/** Predecessors by block, ascending, each once however many edges it has. */
export function predecessors(fn: Fn): BlockId[][] {
  const result: BlockId[][] = fn.blocks.map(() => []);
  fn.blocks.forEach((block, id) => {
    for (const target of successorsOf(block)) result[target]?.push(id);
  });
  return result;
}

/** Reachable blocks, each before its successors except along back edges; the entry first. */
export function reversePostOrder(fn: Fn): BlockId[] {
  const order: BlockId[] = [];
  const seen = new Uint8Array(fn.blocks.length);
  // An explicit stack: front ends make functions of many thousand blocks.
  const stack: { readonly id: BlockId; readonly next: readonly BlockId[]; at: number }[] = [];
  const enter = (id: BlockId): void => {
    seen[id] = 1;
    stack.push({ id, next: successorsOf(fn.blocks[id]!), at: 0 });
  };
  if (fn.blocks.length > 0) enter(0);
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const target = top.next[top.at++];
    if (target === undefined) {
      order.push(top.id);
      stack.pop();
    } else if (target < fn.blocks.length && seen[target] === 0) enter(target);
  }
  return order.reverse();
}

/**
 * Immediate dominators: `idom[b]` is the nearest block on every path from the entry to `b`; the entry's is itself, an unreachable block's is -1.
 * Method of Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
 */
export function immediateDominators(fn: Fn): Int32Array {
  const order = reversePostOrder(fn);
  const position = new Int32Array(fn.blocks.length).fill(-1);
  order.forEach((block, i) => (position[block] = i));
  const preds = predecessors(fn);
  const idom = new Int32Array(fn.blocks.length).fill(-1);
  if (order.length === 0) return idom;
  idom[0] = 0;
  const meet = (a: BlockId, b: BlockId): BlockId => {
    while (a !== b) {
      if (position[a]! > position[b]!) a = idom[a]!;
      else b = idom[b]!;
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const block of order.slice(1)) {
      let found = -1;
      for (const pred of preds[block]!) {
        if (idom[pred] === -1) continue;
        found = found === -1 ? pred : meet(pred, found);
      }
      if (idom[block] !== found) {
        idom[block] = found;
        changed = true;
      }
    }
  }
  return idom;
}

/** Answers "does `a` dominate `b`" in constant time, by the intervals of a walk over the dominator tree. Both must be reachable. */
export class DominatorTree {
  readonly idom: Int32Array;
  private readonly enter: Int32Array;
  private readonly leave: Int32Array;

  constructor(fn: Fn) {
    this.idom = immediateDominators(fn);
    const children: BlockId[][] = fn.blocks.map(() => []);
    this.idom.forEach((parent, block) => {
      if (block !== 0 && parent !== -1) children[parent]!.push(block);
    });
    this.enter = new Int32Array(fn.blocks.length).fill(-1);
    this.leave = new Int32Array(fn.blocks.length).fill(-1);
    let time = 0;
    const stack: { readonly id: BlockId; at: number }[] = fn.blocks.length > 0 ? [{ id: 0, at: 0 }] : [];
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (top.at === 0) this.enter[top.id] = time++;
      const child = children[top.id]![top.at++];
      if (child !== undefined) stack.push({ id: child, at: 0 });
      else {
        this.leave[top.id] = time++;
        stack.pop();
      }
    }
  }

  /** Whether the entry reaches the block at all. */
  reachable(block: BlockId): boolean {
    return this.idom[block] !== -1;
  }

  /** Whether every path from the entry to `b` passes `a`; a block dominates itself. */
  dominates(a: BlockId, b: BlockId): boolean {
    return this.enter[a]! <= this.enter[b]! && this.leave[b]! <= this.leave[a]!;
  }
}

/** What the algorithms below need of a block. */
interface Node {
  readonly succs: readonly number[];
  readonly preds: readonly number[];
}

/** Blocks reachable from block 0, in reverse postorder of a depth-first search. */
export function reversePostorder(blocks: readonly Node[]): number[] {
  const seen = new Uint8Array(blocks.length);
  const post: number[] = [];
  // An explicit stack: generated code has thousands of blocks in a row.
  const stack: number[] = [0];
  const at: number[] = [0];
  seen[0] = 1;
  while (stack.length > 0) {
    const b = stack[stack.length - 1]!;
    const succs = blocks[b]!.succs;
    const i = at[at.length - 1]!;
    if (i < succs.length) {
      at[at.length - 1] = i + 1;
      // Branch targets come first, fall-through last: so the order stays close to that of the text.
      const s = succs[i]!;
      if (seen[s] === 0) {
        seen[s] = 1;
        stack.push(s);
        at.push(0);
      }
    } else {
      post.push(b);
      stack.pop();
      at.pop();
    }
  }
  return post.reverse();
}

/**
 * Immediate dominator of each reachable block; -1 for the entry and for unreachable blocks.
 * (Cooper, Harvey and Kennedy, A Simple, Fast Dominance Algorithm.)
 */
export function immediateDominators(blocks: readonly Node[], order: readonly number[]): Int32Array {
  const idom = new Int32Array(blocks.length).fill(-1);
  const rank = new Int32Array(blocks.length);
  order.forEach((b, i) => { rank[b] = i; });
  const meet = (x: number, y: number): number => {
    let a = x;
    let b = y;
    while (a !== b) {
      while (rank[a]! > rank[b]!) a = idom[a]!;
      while (rank[b]! > rank[a]!) b = idom[b]!;
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < order.length; i++) {
      const b = order[i]!;
      let best = -1;
      for (const p of blocks[b]!.preds) {
        if (p !== 0 && idom[p] === -1) continue;
        best = best === -1 ? p : meet(best, p);
      }
      if (best !== idom[b]) {
        idom[b] = best;
        changed = true;
      }
    }
  }
  return idom;
}

/** Entry and exit times of a walk over the dominator tree: a dominates b when a's interval holds b's. */
export function numberTree(idom: Int32Array, order: readonly number[]): { readonly enter: Int32Array; readonly leave: Int32Array } {
  const enter = new Int32Array(idom.length);
  const leave = new Int32Array(idom.length);
  // Sizes of subtrees from the leaves up; then intervals from the root down.
  const size = new Int32Array(idom.length);
  for (let i = order.length - 1; i >= 0; i--) {
    const b = order[i]!;
    size[b] = size[b]! + 1;
    const d = idom[b]!;
    if (d >= 0) size[d] = size[d]! + size[b]!;
  }
  const next = new Int32Array(idom.length);
  for (const b of order) {
    const d = idom[b]!;
    const start = d < 0 ? 0 : next[d]!;
    enter[b] = start;
    leave[b] = start + size[b]! - 1;
    next[b] = start + 1;
    if (d >= 0) next[d] = start + size[b]!;
  }
  return { enter, leave };
}

/** Dominance frontier of each block. */
export function frontiers(blocks: readonly Node[], order: readonly number[], idom: Int32Array): number[][] {
  const out: number[][] = blocks.map(() => []);
  for (const b of order) {
    const preds = blocks[b]!.preds;
    if (preds.length < 2) continue;
    for (const p of preds) {
      for (let runner = p; runner !== idom[b] && runner >= 0; runner = idom[runner]!) {
        const list = out[runner]!;
        if (list[list.length - 1] !== b) list.push(b);
      }
    }
  }
  return out;
}

import { dominates, naturalLoop } from "../graph/cfg.ts";
import type { Block } from "../graph/node.ts";
import type { FlowNode } from "../fast/flow.ts";

/** Blocks of a region that lanes may pass separately: between a branch at which they part and the place where they are together again. */
export interface Part {
  /** Blocks in an order in which every way goes forward, loops nested. */
  readonly order: readonly (Block | Loop)[];
  /** Where the lanes are together again; null: at the region's end. */
  readonly exit: Block | null;
}

/** A loop that lanes leave at different times. */
export interface Loop {
  readonly header: Block;
  readonly blocks: ReadonlySet<Block>;
  readonly order: readonly (Block | Loop)[];
}

/** The masked parts of a region. */
export interface Masked {
  /** Branches at which lanes part. */
  readonly branches: ReadonlySet<Block>;
  /** Blocks executed under a mask. */
  readonly blocks: ReadonlyMap<Block, Part>;
  /** Blocks that masked blocks or parting branches lead to, by more than one edge: phis there take their values lane by lane. */
  readonly joins: ReadonlySet<Block>;
  /** Part that a parting branch (of an unmasked block) begins. */
  readonly begins: ReadonlyMap<Block, Part>;
  /** Whether going from block `from` to `to` (null: behind the region) leaves a masked loop. */
  leaves(from: Block, to: Block | null): boolean;
  /** Whether some edge into the block leaves a masked loop. */
  leavesInto(block: Block): boolean;
  /** Innermost masked loop of the block. */
  loop(block: Block): Loop | null;
}

/** The way out of a region, as a number besides its blocks'. */
type Mask = bigint;

/**
 * Finds the parts between each parting branch and its postdominator. Null when lanes of one part could go on to different places.
 * @param exits blocks outside the region that it leads to
 */
export function findMasked(node: FlowNode, exits: readonly Block[], branches: ReadonlySet<Block>): Masked | null {
  const blocks = [...node.blocks].sort((a, b) => a.order - b.order);
  const number = new Map<Block, number>(blocks.map((block, i) => [block, i]));
  const inside = (block: Block): boolean => number.has(block) && block !== node.head;
  const ways = (block: Block): Block[] => block.succs.filter(inside);
  const post = postdominators(blocks, number, inside);
  const under = new Set<Block>();
  for (const branch of branches) {
    const end = post.get(branch) ?? null;
    const work = ways(branch);
    const seen = new Set<Block>();
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      if (block === end || seen.has(block)) continue;
      seen.add(block);
      under.add(block);
      work.push(...ways(block));
    }
  }
  // Loops with several ways in have no order in which masks only grow.
  for (const block of under) for (const next of ways(block)) if (next.order <= block.order && !dominates(next, block)) return null;
  const loops = under.size === 0 ? [] : findLoops(blocks, inside);
  const innermost = new Map<Block, Loop>();
  const partOf = new Map<Block, Part>();
  const begins = new Map<Block, Part>();
  // Parts: masked blocks that are connected, with the branches that lead there.
  const groups = connected(blocks, under, branches, inside);
  for (const group of groups) {
    const members = blocks.filter((block) => group.has(block) && under.has(block));
    const starts = blocks.filter((block) => group.has(block) && !under.has(block));
    const targets = new Set<Block | null>();
    for (const block of group) {
      for (const next of block.succs) if (!inside(next)) targets.add(null);
        else if (!group.has(next) || !under.has(next)) targets.add(next);
      if (block.succs.length === 0) targets.add(null);
    }
    if (targets.size > 1) return null;
    const exit = [...targets][0] ?? null;
    if (exit === null && exits.length > 1) return null;
    const part: Part = { order: nest(members, loops.filter((loop) => under.has(loop.header)), innermost), exit };
    for (const block of members) partOf.set(block, part);
    for (const block of starts) begins.set(block, part);
  }
  for (const loop of loops) if (under.has(loop.header) && [...loop.blocks].some((block) => !under.has(block))) return null;
  const joins = new Set<Block>();
  for (const block of blocks) {
    const from = block.preds.filter((pred) => under.has(pred) || branches.has(pred));
    const header = innermost.get(block)?.header === block;
    if (from.length > 0 && !header && block.preds.length > 1) joins.add(block);
    if (from.some((pred) => innermost.has(pred) && !innermost.get(pred)!.blocks.has(block))) joins.add(block);
  }
  const leaves = (from: Block, to: Block | null): boolean => {
    const loop = innermost.get(from);
    return loop !== undefined && (to === null || !loop.blocks.has(to));
  };
  return {
    branches, blocks: partOf, joins, begins, leaves,
    leavesInto: (block) => block.preds.some((pred) => leaves(pred, block)),
    loop: (block) => innermost.get(block) ?? null,
  };
}

/** Immediate postdominators in the region; absent: its end. */
function postdominators(blocks: readonly Block[], number: ReadonlyMap<Block, number>, inside: (block: Block) => boolean): Map<Block, Block> {
  const all: Mask = (1n << BigInt(blocks.length)) - 1n;
  const bit = (block: Block): Mask => 1n << BigInt(number.get(block)!);
  const sets = new Map<Block, Mask>(blocks.map((block) => [block, all]));
  for (let changed = true; changed;) {
    changed = false;
    for (let i = blocks.length - 1; i >= 0; i--) {
      const block = blocks[i]!;
      let now = block.succs.length === 0 || block.succs.some((next) => !inside(next)) ? 0n : all;
      for (const next of block.succs) if (inside(next)) now &= sets.get(next)!;
      now |= bit(block);
      if (now === sets.get(block)) continue;
      sets.set(block, now);
      changed = true;
    }
  }
  const size = (set: Mask): number => set.toString(2).replaceAll("0", "").length;
  const sizes = new Map<Block, number>(blocks.map((block) => [block, size(sets.get(block)!)]));
  const found = new Map<Block, Block>();
  for (const block of blocks) {
    const mine = sets.get(block)!;
    let best: Block | null = null;
    for (const other of blocks) {
      if (other === block || (mine & bit(other)) === 0n) continue;
      if (best === null || sizes.get(other)! > sizes.get(best)!) best = other;
    }
    if (best !== null) found.set(block, best);
  }
  return found;
}

function findLoops(blocks: readonly Block[], inside: (block: Block) => boolean): { readonly header: Block; readonly blocks: ReadonlySet<Block> }[] {
  const found: { readonly header: Block; readonly blocks: ReadonlySet<Block> }[] = [];
  for (const header of blocks) {
    if (!inside(header)) continue;
    const loop = naturalLoop(header);
    if (loop !== null) found.push({ header, blocks: loop });
  }
  return found;
}

/** Sets of masked blocks that lead to one another, each with the parting branches that lead there. */
function connected(blocks: readonly Block[], under: ReadonlySet<Block>, branches: ReadonlySet<Block>, inside: (block: Block) => boolean): Set<Block>[] {
  const owner = new Map<Block, Set<Block>>();
  const join = (a: Block, b: Block): void => {
    const [x, y] = [owner.get(a)!, owner.get(b)!];
    if (x === y) return;
    for (const block of y) {
      x.add(block);
      owner.set(block, x);
    }
  };
  const member = (block: Block): boolean => under.has(block) || branches.has(block);
  for (const block of blocks) if (member(block)) owner.set(block, new Set([block]));
  for (const block of blocks) {
    if (!member(block)) continue;
    for (const next of block.succs) if (inside(next) && under.has(next)) join(block, next);
  }
  return [...new Set(owner.values())];
}

/** Puts blocks in order (they come in reverse post-order), each loop's together at its header's place. */
function nest(members: readonly Block[], loops: readonly { readonly header: Block; readonly blocks: ReadonlySet<Block> }[], innermost: Map<Block, Loop>): (Block | Loop)[] {
  const order: (Block | Loop)[] = [];
  const done = new Set<Block>();
  for (const block of members) {
    if (done.has(block)) continue;
    // The outermost loop that begins here and is not the one being ordered.
    const loop = loops.find((at) => at.header === block);
    if (loop === undefined) {
      order.push(block);
      done.add(block);
      continue;
    }
    const body = members.filter((member) => loop.blocks.has(member));
    const made: Loop = { header: block, blocks: loop.blocks, order: [] };
    for (const member of body) {
      done.add(member);
      innermost.set(member, made);
    }
    const inner = nest(body.slice(1), loops.filter((other) => other !== loop && loop.blocks.has(other.header)), innermost);
    (made.order as (Block | Loop)[]).push(block, ...inner);
    order.push(made);
  }
  return order;
}

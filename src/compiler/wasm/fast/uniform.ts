import type { Block, Graph, Node } from "../graph/node.ts";
import { isLeaf, isPure } from "../graph/node.ts";

/**
 * Which values and branches are the same for all work-items of a group (barriers cut time into pieces: a value is uniform when every work-item that
 * reaches its block between the same two barriers computes the same).
 */
export interface Uniformity {
  /** Nodes whose value may differ. */
  readonly divergent: ReadonlySet<Node>;
  /** Blocks that only some of the work-items may pass between two barriers. */
  readonly partial: ReadonlySet<Block>;
  /** False when a barrier stands where only some may come. */
  readonly regular: boolean;
}

/**
 * Who goes through the code together: the whole group (kernels whose work-items meet at barriers only), or each warp by itself (kernels with
 * warp collectives; then rows of work-items begin at warps, see `suitsLaunch`).
 */
export interface Team {
  readonly warp: boolean;
  readonly warpSize: number;
}

/** Levels at which recomputable values vary: 0 the team, 1 z, 2 y, 3 each work-item. */
export class Levels {
  readonly team: Team;
  private readonly known = new Map<Node, number>();
  private readonly lanes = new Map<Node, boolean>();

  constructor(team: Team) {
    this.team = team;
  }

  leaf(node: Node): number {
    if (node.op !== "sreg") return 0;
    switch (node.attr) {
      case "tid.x": case "gid.x": case "lane": return 3;
      case "warp": return this.team.warp ? 0 : 3;
      case "tid.y": case "gid.y": return this.team.warp ? 0 : 2;
      case "tid.z": case "gid.z": return this.team.warp ? 0 : 1;
      default: return 0;
    }
  }

  /** @param node a leaf, or a node that is `free` */
  of(node: Node): number {
    if (node.block === null) return this.leaf(node);
    let level = this.known.get(node);
    if (level === undefined) {
      level = node.args.reduce((most, arg) => Math.max(most, this.of(arg)), 0);
      if (level === 3 && this.team.warp && this.dropsLane(node)) level = 0;
      this.known.set(node, level);
    }
    return level;
  }

  /** Whether the value is a multiple of the warp size, plus the lane, and not negative: neighbours in x that begin at a warp. */
  private isLane(node: Node): boolean {
    if (node.op === "sreg") return node.attr === "tid.x" || node.attr === "lane";
    let is = this.lanes.get(node);
    if (is === undefined) {
      is = (node.op === "zext" || node.op === "sext") && this.isLane(node.args[0]!);
      this.lanes.set(node, is);
    }
    return is;
  }

  /** Whether the operation loses the lane: all lanes of a warp get the same, though tid.x goes in. */
  private dropsLane(node: Node): boolean {
    const [a, b] = node.args as [Node, Node | undefined];
    if (b === undefined || b.op !== "const" || !this.isLane(a)) return false;
    const size = BigInt(this.team.warpSize);
    const value = BigInt(b.imm);
    switch (node.op) {
      case "lshr": case "ashr": return (1n << (value & 63n)) % size === 0n;
      case "div.u": case "div.s": return value > 0n && value % size === 0n;
      case "and": return value % size === 0n;
      case "icmp":
        if (/^(lt|ge)/.test(node.attr)) return value > 0n && value % size === 0n;
        return /^(le|gt)/.test(node.attr) && value >= 0n && (value + 1n) % size === 0n;
      default: return false;
    }
  }
}

/**
 * @param meets whether all work-items meet at the block (it holds nothing but the barrier)
 */
export function analyseUniformity(graph: Graph, levels: Levels, meets: (block: Block) => boolean): Uniformity {
  const blocks = graph.blocks;
  const relevant = blocksBefore(blocks, meets);
  const postdominator = postdominators(blocks, relevant, meets);
  const divergent = new Set<Node>();
  const partial = new Set<Block>();
  const joins = new Set<Block>();
  const branches = new Set<Block>();
  let regular = true;
  const varies = (node: Node): boolean => (isLeaf(node) ? levels.leaf(node) > 0 : divergent.has(node));
  for (let changed = true; changed;) {
    changed = false;
    for (const block of blocks) {
      for (const node of block.nodes) {
        if (node.type === null || divergent.has(node)) continue;
        const uniform = node.free ? levels.of(node) === 0 : node.op === "phi" ? !joins.has(block) && !node.args.some(varies) : isPure(node) ? !node.args.some(varies) : node.op === "result" && isCommonResult(node);
        if (uniform) continue;
        divergent.add(node);
        changed = true;
      }
      if (branches.has(block) || block.succs.length < 2) continue;
      const on = block.last.args[0]!;
      if (!varies(on)) continue;
      branches.add(block);
      changed = true;
      if (!relevant.has(block)) {
        // Behind the last meeting work-items go their own ways to the end; where two ways can lead to one block, its phis differ.
        const once = new Set<Block>();
        for (const way of block.succs) for (const at of influenced([way], null, meets)) (once.has(at) ? joins : once).add(at);
        continue;
      }
      // Ways that lead to no barrier end in the work-item's exit: those who go there are out.
      const ways = block.succs.filter((next) => relevant.has(next));
      if (ways.length < 2) continue;
      const end = postdominator.get(block) ?? null;
      for (const at of influenced(ways, end, meets)) {
        partial.add(at);
        joins.add(at);
        if (meets(at)) regular = false;
      }
      if (end === null) regular = false;
      else joins.add(end);
    }
  }
  return { divergent, partial, regular };
}

/** Results that are the same for the whole team. */
function isCommonResult(node: Node): boolean {
  const from = node.block!.preds[0]!.nodes.at(-2);
  return from !== undefined && (from.op === "barred" || from.op === "vote" || from.op === "redux" || from.op === "activemask");
}

/** Blocks from which a meeting can still be reached, meetings included. */
export function blocksBefore(blocks: readonly Block[], meets: (block: Block) => boolean): Set<Block> {
  const found = new Set<Block>(blocks.filter(meets));
  for (const block of found) for (const pred of block.preds) found.add(pred);
  return found;
}

/** Blocks from `ways` on, up to `end` and up to (and with) meetings. */
function influenced(ways: readonly Block[], end: Block | null, meets: (block: Block) => boolean): Set<Block> {
  const found = new Set<Block>();
  const work = [...ways];
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (block === end || found.has(block)) continue;
    found.add(block);
    if (!meets(block)) work.push(...block.succs);
  }
  return found;
}

/** Immediate postdominators among the relevant blocks, where every meeting is an end. Null (absent): the ends differ. */
function postdominators(blocks: readonly Block[], relevant: ReadonlySet<Block>, meets: (block: Block) => boolean): Map<Block, Block> {
  const count = blocks.length;
  const words = (count + 31) >> 5;
  const sets = new Map<Block, Uint32Array>();
  for (const block of relevant) {
    const set = new Uint32Array(words);
    if (meets(block)) set[block.id >> 5]! |= 1 << (block.id & 31);
    else set.fill(0xffff_ffff);
    sets.set(block, set);
  }
  const order = blocks.filter((block) => relevant.has(block) && !meets(block)).reverse();
  for (let changed = true; changed;) {
    changed = false;
    for (const block of order) {
      const now = new Uint32Array(words).fill(0xffff_ffff);
      for (const next of block.succs) {
        const theirs = sets.get(next);
        if (theirs !== undefined) for (let i = 0; i < words; i++) now[i]! &= theirs[i]!;
      }
      now[block.id >> 5]! |= 1 << (block.id & 31);
      const before = sets.get(block)!;
      if (now.some((word, i) => word !== before[i])) {
        sets.set(block, now);
        changed = true;
      }
    }
  }
  const has = (set: Uint32Array, block: Block): boolean => ((set[block.id >> 5]! >>> (block.id & 31)) & 1) === 1;
  const size = (set: Uint32Array): number => set.reduce((sum, word) => sum + popcount(word), 0);
  const result = new Map<Block, Block>();
  for (const block of order) {
    // The nearest strict postdominator is the one with the most postdominators of its own.
    const mine = sets.get(block)!;
    let best: Block | null = null;
    let most = -1;
    for (const other of relevant) {
      if (other === block || !has(mine, other)) continue;
      const theirs = size(sets.get(other)!);
      if (theirs > most) {
        most = theirs;
        best = other;
      }
    }
    if (best !== null) result.set(block, best);
  }
  return result;
}

function popcount(word: number): number {
  let rest = word >>> 0;
  let n = 0;
  while (rest !== 0) {
    rest &= rest - 1;
    n++;
  }
  return n;
}

import { isPure, type Block, type Graph, type Node } from "../graph/node.ts";
import { blocksBefore, type Levels, type Uniformity } from "./uniform.ts";

/**
 * The group's own flow: what happens to all its work-items together. Its nodes are
 * - `items`: a region, run by each work-item from its head to one of its ends;
 * - `group`: a block that computes only what all have in common, run once;
 * - `meet`: a barrier or a warp collective.
 */
export interface FlowNode {
  readonly kind: "items" | "group" | "meet";
  readonly head: Block;
  /** Blocks of a region, head first. */
  readonly blocks: readonly Block[];
  readonly index: number;
}

/** The whole flow; node 0 begins with the entry. */
export interface GroupFlow {
  readonly nodes: readonly FlowNode[];
  /** Node that begins with the block. */
  readonly at: ReadonlyMap<Block, FlowNode>;
  /** Work-items may exit while others go on. */
  readonly someExit: boolean;
}

/** Whether the node's value is kept once for the group: uniform, not recomputable from leaves, and computable outside the work-items' code. */
export function groupValues(graph: Graph, levels: Levels, uniform: Uniformity, heads: ReadonlySet<Block>): Set<Node> {
  const found = new Set<Node>();
  for (let changed = true; changed;) {
    changed = false;
    for (const block of graph.blocks) {
      for (const node of block.nodes) {
        if (node.type === null || node.free || found.has(node) || uniform.divergent.has(node)) continue;
        const common = (arg: Node): boolean => found.has(arg) || (arg.free && levels.of(arg) === 0);
        if (node.op === "phi" ? heads.has(block) : node.op === "result" ? true : isPure(node) && node.args.every(common)) {
          found.add(node);
          changed = true;
        }
      }
    }
  }
  return found;
}

/**
 * Cuts the graph into the group's flow; null when a divergent branch decides where its work-items meet next.
 * @param forced blocks that begin a node in any case
 */
export function cutRegions(graph: Graph, levels: Levels, uniform: Uniformity, meets: (block: Block) => boolean, forced: ReadonlySet<Block>): { flow: GroupFlow; values: Set<Node> } | null {
  const heads = new Set<Block>([graph.entry, ...forced]);
  for (const block of graph.blocks) {
    if (!meets(block)) continue;
    heads.add(block);
    for (const next of block.succs) heads.add(next);
  }
  if (heads.size === 1) {
    const only: FlowNode = { kind: "items", head: graph.entry, blocks: graph.blocks, index: 0 };
    return { flow: { nodes: [only], at: new Map([[graph.entry, only]]), someExit: false }, values: new Set() };
  }
  let owner: Map<Block, Block>;
  let values: Set<Node>;
  for (;;) {
    const before = heads.size;
    owner = assign(graph, heads, meets);
    values = groupValues(graph, levels, uniform, heads);
    for (const head of heads) if (!meets(head) && isGroupBlock(head, levels, values, meets)) for (const next of head.succs) heads.add(next);
    if (heads.size === before) break;
  }
  for (const head of heads) if (uniform.partial.has(head)) return null;
  const nodes: FlowNode[] = [];
  const at = new Map<Block, FlowNode>();
  for (const block of graph.blocks) {
    if (!heads.has(block)) continue;
    const kind = meets(block) ? "meet" : isGroupBlock(block, levels, values, meets) ? "group" : "items";
    const node: FlowNode = { kind, head: block, blocks: kind === "items" ? graph.blocks.filter((other) => owner.get(other) === block) : [block], index: nodes.length };
    nodes.push(node);
    at.set(block, node);
  }
  // Ways to several barriers are common to all (the analysis above saw to that); ways past them need not be.
  const relevant = blocksBefore(graph.blocks, meets);
  for (const node of nodes) {
    if (node.kind !== "items" || !scatters(node, heads, levels, uniform)) continue;
    if (!relevant.has(node.head) || node.blocks.some((block) => block.succs.some((next) => heads.has(next) && !relevant.has(next)))) return null;
  }
  const someExit = nodes.some((node) => node.kind === "items" && node.blocks.some(ends) && node.blocks.some((block) => block.succs.some((next) => heads.has(next))));
  return { flow: { nodes, at, someExit }, values };
}

/** Whether work-items may go from the region to several heads, each as it likes. */
function scatters(node: FlowNode, heads: ReadonlySet<Block>, levels: Levels, uniform: Uniformity): boolean {
  const exits = new Set(node.blocks.flatMap((block) => block.succs.filter((next) => heads.has(next))));
  if (exits.size < 2) return false;
  return node.blocks.some((block) => {
    const on = block.succs.length > 1 ? block.last.args[0]! : null;
    return on !== null && (on.block === null ? levels.leaf(on) > 0 : uniform.divergent.has(on));
  });
}

/** Whether a work-item's life ends with the block. */
export function ends(block: Block): boolean {
  return block.last.op === "ret" || block.last.op === "exit";
}

/** Head of the region of each block; where two regions flow together another head is added. */
function assign(graph: Graph, heads: Set<Block>, meets: (block: Block) => boolean): Map<Block, Block> {
  for (;;) {
    const owner = new Map<Block, Block>();
    let clash = false;
    for (const head of heads) {
      if (meets(head)) {
        owner.set(head, head);
        continue;
      }
      const work = [head];
      for (let block = work.pop(); block !== undefined; block = work.pop()) {
        const known = owner.get(block);
        if (known === head) continue;
        if (known !== undefined) {
          heads.add(block);
          clash = true;
          continue;
        }
        owner.set(block, head);
        for (const next of block.succs) if (!heads.has(next)) work.push(next);
      }
    }
    if (!clash) return owner;
  }
}

/** Whether the block can be run once for all: it computes group values only, and lies in no loop that passes no barrier. */
function isGroupBlock(block: Block, levels: Levels, values: ReadonlySet<Node>, meets: (block: Block) => boolean): boolean {
  for (const node of block.nodes) {
    if (node.op === "phi" || node.op === "yield" || node.op === "br" || node.free || values.has(node)) continue;
    if (node.op === "condbr" && (values.has(node.args[0]!) || (node.args[0]!.free && levels.of(node.args[0]!) === 0))) continue;
    return false;
  }
  const seen = new Set<Block>();
  const work = [...block.succs];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (next === block) return false;
    if (seen.has(next) || meets(next)) continue;
    seen.add(next);
    work.push(...next.succs);
  }
  return true;
}

import { analyseFlow, orderBlocks, splitEdge } from "../graph/cfg.ts";
import { isCollective, isPure, type Block, type Graph, type Node } from "../graph/node.ts";
import type { Saved } from "../lower/slots.ts";
import { GROUP_CELLS } from "../lower/layout.ts";
import { cutRegions, levelOf, type GroupFlow } from "./flow.ts";
import { analyseUniformity } from "./uniform.ts";

/** What the fast path needs to know of a kernel. */
export interface Regions {
  readonly flow: GroupFlow;
  /** Values kept once for the group, with their cell. */
  readonly cells: ReadonlyMap<Node, number>;
}

/** Whether the block is a barrier where the whole group meets. */
function meets(block: Block): boolean {
  return block.nodes[0]!.op === "barrier" || block.nodes[0]!.op === "barred";
}

/** Whether the kernel has only what the fast path knows. */
function suits(graph: Graph): boolean {
  for (const block of graph.blocks) {
    for (const node of block.nodes) {
      if (node.op === "call" || node.op === "calli" || isCollective(node)) return false;
      if (node.op === "barrier" && (node.attr !== "sync" || (Number(node.imm) & 2) !== 0)) return false;
      if (node.op === "barred" && (Number(node.imm) & 2) !== 0) return false;
      // Another barrier than number 0 may be a bad one: that is for the slow path.
      if ((node.op === "barrier" || node.op === "barred") && (Number(node.imm) & 1) !== 0 && !(node.args[0]!.op === "const" && Number(node.args[0]!.imm) < 16)) return false;
    }
  }
  return true;
}

/**
 * Finds where the regions begin, and puts a block on each edge into a head that has phis: work-items stop in front of the phis, which the group
 * performs. Every head becomes a resume point.
 * @returns the heads, or null when the fast path cannot run the kernel
 */
export function splitAtHeads(graph: Graph): ReadonlySet<Block> | null {
  if (!suits(graph)) return null;
  const first = cut(graph, new Set());
  if (first === null) return null;
  const forced = new Set<Block>();
  for (const { head } of first.flow.nodes) {
    if (head.nodes[0]!.op !== "phi") continue;
    for (const pred of [...head.preds]) forced.add(splitEdge(graph, pred, head, "into"));
  }
  if (forced.size > 0) {
    for (const block of forced) for (const node of block.nodes) node.block = block;
    orderBlocks(graph);
    analyseFlow(graph);
  }
  const second = cut(graph, forced);
  if (second === null) return null;
  let number = graph.blocks.reduce((most, block) => Math.max(most, block.resume), 0);
  if (second.flow.nodes.length > 1) for (const { head } of second.flow.nodes) if (head.resume === 0 && head !== graph.entry) head.resume = ++number;
  return forced;
}

function cut(graph: Graph, forced: ReadonlySet<Block>): ReturnType<typeof cutRegions> {
  const uniform = analyseUniformity(graph, meets);
  if (!uniform.regular) return null;
  return cutRegions(graph, uniform, meets, forced);
}

/** Expressions that are the same for several work-items get variables, so that they can be computed once. */
export function unfoldCommon(graph: Graph): void {
  for (const block of graph.blocks) {
    for (const node of block.nodes) {
      for (const arg of node.args) if (arg.folded && isPure(arg) && arg.free && levelOf(arg) < 3 && (!node.free || levelOf(node) > levelOf(arg))) arg.folded = false;
    }
  }
}

/** The flow once slots are known: a block in front of phis needs the work-items only when values must move between slots. */
export function findRegions(graph: Graph, forced: ReadonlySet<Block>, saved: Saved): Regions | null {
  const found = cut(graph, forced);
  if (found === null || found.values.size > GROUP_CELLS) return null;
  const nodes = found.flow.nodes.map((node) => {
    if (!forced.has(node.head) || node.kind !== "group") return node;
    const next = node.head.succs[0]!;
    const at = next.preds.indexOf(node.head);
    const moves = next.nodes.some((phi) => phi.op === "phi" && phi.uses > 0 && !found.values.has(phi) && !phi.free && (saved.slot.get(phi) !== saved.slot.get(phi.args[at]!) || !saved.slot.has(phi)));
    return moves ? { ...node, kind: "items" as const } : node;
  });
  const values = [...found.values];
  // Values of the group are computed outside the work-items' code, so they cannot hide in an expression there.
  for (const node of values) {
    if (!node.folded) continue;
    for (const block of graph.blocks) {
      for (const user of block.nodes) if (user.args.includes(node) && !found.values.has(user)) node.folded = false;
    }
  }
  return { flow: { ...found.flow, nodes, at: new Map(nodes.map((node) => [node.head, node])) }, cells: new Map(values.map((node, i) => [node, i])) };
}

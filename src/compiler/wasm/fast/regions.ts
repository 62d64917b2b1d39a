import { analyseFlow, orderBlocks, splitEdge } from "../graph/cfg.ts";
import { readsOf } from "../graph/uses.ts";
import { isCollective, isPure, type Block, type Graph, type Node } from "../graph/node.ts";
import type { Saved } from "../lower/slots.ts";
import type { LaunchConfig } from "../../abi.ts";
import { GROUP_CELLS } from "../lower/layout.ts";
import { cutRegions, ends, type GroupFlow } from "./flow.ts";
import { splitInductions } from "./inductions.ts";
import { analyseUniformity, Levels, type Team } from "./uniform.ts";

/** What the fast path needs to know of a kernel. */
export interface Regions {
  readonly flow: GroupFlow;
  readonly levels: Levels;
  /** Values kept once for the group, with their cell. */
  readonly cells: ReadonlyMap<Node, number>;
  /** Values that work-items compute, each the same, and that the group takes from the last of them for a phi; they have cells behind the others, for while the group is parked in between. */
  readonly carried: ReadonlyMap<Node, number>;
}

/** Whether the block is a place where the whole team meets: a barrier, or a collective. */
function meets(block: Block): boolean {
  const first = block.nodes[0]!;
  return first.op === "barrier" || first.op === "barred" || isCollective(first);
}

/** The team that the fast path can run the kernel with; null when the kernel has what it does not know. */
function teamFor(graph: Graph, warpSize: number): Team | null {
  let warp = false;
  const barriers = new Set<number>();
  for (const block of graph.blocks) {
    for (const node of block.nodes) {
      // Which lanes an activemask finds together is the scheduler's doing, which the slow path has.
      if (node.op === "call" || node.op === "calli" || node.op === "match" || node.op === "activemask") return null;
      // The clock counts by multiprocessor: the slow path knows how much.
      if (node.op === "sreg" && node.attr === "clock64") return null;
      warp ||= isCollective(node);
      if (node.op !== "barrier" && node.op !== "barred") continue;
      const has = Number(node.imm);
      if ((has & 2) !== 0 || (node.op === "barrier" && node.attr !== "sync")) return null;
      // Another barrier than a known one may be a bad one: that is for the slow path.
      const id = (has & 1) === 0 ? 0 : node.args[0]!.op === "const" ? Number(node.args[0]!.imm) >>> 0 : 16;
      if (id >= 16) return null;
      barriers.add(id);
    }
  }
  if (!warp) return { warp: false, warpSize };
  // Warps go from barrier to barrier by turns, which is right when there is but one.
  return barriers.size <= 1 && warpSize <= 32 ? { warp: true, warpSize } : null;
}

/** Whether a launch's groups can be run by such teams: in warps, a row of work-items must begin where a warp does. */
export function suitsLaunch({ levels: { team } }: Regions, { block, globalSize, warpSize }: LaunchConfig): boolean {
  if (!team.warp) return true;
  // Groups at the edge of an OpenCL range have shorter rows.
  const rows = block[0] % warpSize === 0 && (globalSize[0] % block[0]) % warpSize === 0;
  return warpSize === team.warpSize && (rows || (block[1] === 1 && block[2] === 1));
}

/**
 * Gives each way to a common `ret` one of its own. Compilers merge them, and a block that work-items reach from several regions would be a region
 * itself, to which they would have to go together.
 */
function copyReturns(graph: Graph): void {
  let copied = false;
  for (const block of [...graph.blocks]) {
    if (block.nodes.length !== 1 || !ends(block) || block === graph.entry) continue;
    for (const pred of block.preds.splice(1)) {
      const copy = graph.block(block.label);
      const node = graph.node(block.last.op, null, [], block.last.line);
      node.block = copy;
      node.instr = block.last.instr;
      copy.nodes = [node];
      copy.cost = block.cost;
      copy.bytes = block.bytes;
      copy.preds = [pred];
      pred.succs[pred.succs.indexOf(block)] = copy;
      copied = true;
    }
  }
  if (!copied) return;
  orderBlocks(graph);
  analyseFlow(graph);
}

/**
 * Finds where the regions begin, and puts a block on each edge into a head that has phis: work-items stop in front of the phis, which the group
 * performs. Every head becomes a resume point.
 * @returns the heads, or null when the fast path cannot run the kernel
 */
export function splitAtHeads(graph: Graph, warpSize: number): { readonly forced: ReadonlySet<Block>; readonly levels: Levels } | null {
  const team = teamFor(graph, warpSize);
  if (team === null) return null;
  // Without barriers there is one region.
  if (graph.blocks.some(meets)) copyReturns(graph);
  const levels = new Levels(team);
  splitInductions(graph, levels, meets);
  const first = cut(graph, levels, new Set());
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
  const second = cut(graph, levels, forced);
  if (second === null) return null;
  let number = graph.blocks.reduce((most, block) => Math.max(most, block.resume), 0);
  if (second.flow.nodes.length > 1) for (const { head } of second.flow.nodes) if (head.resume === 0 && head !== graph.entry) head.resume = ++number;
  return { forced, levels };
}

function cut(graph: Graph, levels: Levels, forced: ReadonlySet<Block>): ReturnType<typeof cutRegions> {
  const uniform = analyseUniformity(graph, levels, meets);
  if (!uniform.regular) return null;
  return cutRegions(graph, levels, uniform, meets, forced);
}

/** Expressions that are the same for several work-items get variables, so that they can be computed once. */
export function unfoldCommon(graph: Graph, levels: Levels): void {
  for (const block of graph.blocks) {
    for (const node of block.nodes) {
      for (const arg of node.args) if (arg.folded && isPure(arg) && arg.free && levels.of(arg) < 3 && (!node.free || levels.of(node) > levels.of(arg))) arg.folded = false;
    }
  }
}

/** The flow once slots are known: a block in front of phis needs the work-items only when values must move between slots. */
export function findRegions(graph: Graph, { forced, levels }: { readonly forced: ReadonlySet<Block>; readonly levels: Levels }, saved: Saved): Regions | null {
  const found = cut(graph, levels, forced);
  if (found === null) return null;
  const carried = carriedBy(found.values);
  if (found.values.size + carried.length > GROUP_CELLS) return null;
  const nodes = found.flow.nodes.map((node) => {
    if (!forced.has(node.head) || node.kind !== "group") return node;
    const next = node.head.succs[0]!;
    const at = next.preds.indexOf(node.head);
    const moves = next.nodes.some((phi) => phi.op === "phi" && phi.uses > 0 && !found.values.has(phi) && !phi.free && (saved.slot.get(phi) !== saved.slot.get(phi.args[at]!) || !saved.slot.has(phi) || found.values.has(phi.args[at]!)));
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
  return { levels, flow: { ...found.flow, nodes, at: new Map(nodes.map((node) => [node.head, node])) }, cells: new Map(values.map((node, i) => [node, i])), carried: new Map(carried.map((node, i) => [node, values.length + i])) };
}

/** Variables of work-items' code that phis of the group read. */
function carriedBy(values: ReadonlySet<Node>): Node[] {
  const found = new Set<Node>();
  const see = (value: Node): void => {
    if (!values.has(value) && !value.free) found.add(value);
  };
  for (const phi of values) {
    if (phi.op !== "phi") continue;
    for (const arg of phi.args) {
      if (arg.block === null || values.has(arg)) continue;
      if (arg.folded) readsOf(arg, see);
      else see(arg);
    }
  }
  return [...found];
}

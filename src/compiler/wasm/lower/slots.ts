import { isWide } from "../emit/types.ts";
import { isPure, type Block, type Graph, type Node, type Op } from "../graph/node.ts";
import { liveness } from "../graph/uses.ts";

/** Where values are kept while their work-item is stopped. */
export interface Saved {
  /** Slot number of each value that lives across some resume point: within its width's slots. */
  readonly slot: ReadonlyMap<Node, number>;
  readonly narrow: number;
  readonly wide: number;
  /** Values to save for each resume point; recomputable ones (`free`) are left out. */
  readonly at: ReadonlyMap<Block, readonly Node[]>;
  /** Recomputable values live at each resume point. */
  readonly recompute: ReadonlyMap<Block, readonly Node[]>;
}

/** Too dear to compute again at each resume. */
const dear: ReadonlySet<Op> = new Set<Op>([
  "div.s", "div.u", "rem.s", "rem.u", "fdiv", "fsqrt", "frem", "fma", "mulhi.s", "mulhi.u", "brev", "f64tof16", "f32tof16", "f32tobf16", "f16tof32",
]);

/** Marks the nodes that can be computed anywhere from leaves. */
export function markFree(graph: Graph): void {
  for (const block of graph.blocks) for (const node of block.nodes) node.free = false;
  for (const block of graph.blocks) {
    for (const node of block.nodes) node.free = isPure(node) && !dear.has(node.op) && node.args.every((arg) => arg.free);
  }
}

/** Gives slots to what lives across resume points; two values share one unless they live across the same point. */
export function assignSlots(graph: Graph): Saved {
  const live = liveness(graph);
  const at = new Map<Block, Node[]>();
  const recompute = new Map<Block, Node[]>();
  const points = new Map<Node, Set<Block>>();
  for (const block of graph.blocks) {
    if (block.resume === 0) continue;
    const values: Node[] = [];
    const again: Node[] = [];
    for (const node of live.get(block)!) {
      if (node.free) again.push(node);
      else {
        values.push(node);
        const known = points.get(node);
        if (known === undefined) points.set(node, new Set([block]));
        else known.add(block);
      }
    }
    // In the order of definition: an expression's parts come before it.
    at.set(block, values);
    recompute.set(block, again.sort((a, b) => a.block!.order - b.block!.order || a.block!.nodes.indexOf(a) - b.block!.nodes.indexOf(b)));
  }
  const slot = new Map<Node, number>();
  const used: Record<"narrow" | "wide", Set<Block>[]> = { narrow: [], wide: [] };
  const give = (node: Node): void => {
    const mine = points.get(node)!;
    const list = isWide(node.type!) ? used.wide : used.narrow;
    let index = list.findIndex((others) => ![...mine].some((point) => others.has(point)));
    if (index < 0) index = list.push(new Set()) - 1;
    for (const point of mine) list[index]!.add(point);
    slot.set(node, index);
  };
  // Phis first, and what flows into them in the same slot where that is free: then going round a loop moves nothing.
  for (const node of points.keys()) {
    if (node.op !== "phi") continue;
    if (!slot.has(node)) give(node);
    const index = slot.get(node)!;
    const others = (isWide(node.type!) ? used.wide : used.narrow)[index]!;
    for (const arg of node.args) {
      const mine = points.get(arg);
      if (mine === undefined || slot.has(arg) || arg.type !== node.type || [...mine].some((point) => others.has(point))) continue;
      slot.set(arg, index);
      for (const point of mine) others.add(point);
    }
  }
  for (const node of points.keys()) if (!slot.has(node)) give(node);
  return { slot, narrow: used.narrow.length, wide: used.wide.length, at, recompute };
}

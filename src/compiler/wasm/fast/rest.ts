import { isPure, type Block, type Node } from "../graph/node.ts";
import type { Saved } from "../lower/slots.ts";
import { mayWrap } from "../simd/shapes.ts";
import { ends, type FlowNode } from "./flow.ts";
import type { Regions } from "./regions.ts";
import { stepOf } from "./rows.ts";

/**
 * The rest of a row that has nothing to do: a region begins with a comparison like `i < n`, and where one work-item goes past it, so do all
 * behind it in the row. Reductions, whose half, quarter, eighth ... work, are done with such regions in a few steps.
 */
export interface Rest {
  /** The compared value that grows or falls along the row. */
  readonly value: Node;
  readonly step: number;
  readonly signed: boolean;
  /** What each work-item counts on its way: bytes << 32 | instructions. */
  readonly cost: bigint;
  /** Whether the first block is among that. */
  readonly head: Block;
}

const inverse: Readonly<Record<string, string>> = { lt: "ge", le: "gt", gt: "le", ge: "lt" };
const mirrored: Readonly<Record<string, string>> = { lt: "gt", le: "ge", gt: "lt", ge: "le" };

/** How the region's first branch, taken towards `way`, ends the row's work; null when it does not. */
export function restOfRow(node: FlowNode, way: Block, regions: Regions, saved: Saved): Rest | null {
  const { head } = node;
  const { levels, flow, cells } = regions;
  const quiet = (block: Block): boolean => block.nodes.every((inner) => inner === block.last || (inner.op === "phi" ? inner.uses === 0 || cells.has(inner) : isPure(inner)));
  if (flow.someExit || head.last.op !== "condbr" || !quiet(head)) return null;
  let on = head.last.args[0]!;
  let taken = head.succs[0] === way;
  for (; on.op === "not"; on = on.args[0]!) taken = !taken;
  const [name, sign] = on.attr.split(".") as [string, string | undefined];
  if (on.op !== "icmp" || sign === undefined) return null;
  const fixed = (value: Node): boolean => (value.block === null ? levels.leaf(value) < 3 : cells.has(value) || (value.free && levels.of(value) < 3));
  const [a, b] = on.args as [Node, Node];
  if (fixed(a) === fixed(b)) return null;
  const value = fixed(b) ? a : b;
  if (value.type !== "i32" && value.type !== "i64") return null;
  const step = stepOf(value, levels);
  if (step === null || step === 0 || Math.abs(step) > 1 << 12 || wraps(value)) return null;
  const seen = value === a ? name : mirrored[name]!;
  const holds = taken ? seen : inverse[seen]!;
  if (holds.startsWith("g") !== step > 0) return null;
  let cost = 0n;
  for (let at = way; !flow.at.has(at); at = at.succs[0]!) {
    if (!node.blocks.includes(at) || !quiet(at)) return null;
    cost += (BigInt(at.bytes) << 32n) + BigInt(at.cost);
    if (ends(at)) return { value, step, signed: sign === "s", cost, head };
    if (at.last.op !== "br") return null;
    const next = at.succs[0]!;
    if (flow.at.has(next) && !leavesNothing(node, next, cells, saved)) return null;
  }
  return flow.at.has(way) && !leavesNothing(node, way, cells, saved) ? null : { value, step, signed: sign === "s", cost, head };
}

/** Whether going from the region to the block behind it puts nothing into slots. */
function leavesNothing(node: FlowNode, exit: Block, cells: ReadonlyMap<Node, number>, saved: Saved): boolean {
  if (exit.nodes.some((inner) => inner.op === "phi" && inner.uses > 0 && !cells.has(inner))) return false;
  return saved.at.get(exit)!.every((value) => cells.has(value) || value.block === null || !node.blocks.includes(value.block));
}

/** Whether some extension in the value could make it jump between two work-items. */
function wraps(value: Node): boolean {
  return value.block !== null && (mayWrap(value) || value.args.some(wraps));
}

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
  /** What each work-item counts on its way. */
  readonly cost: Cost;
  /** Whether the first block is among that. */
  readonly head: Block;
}

const inverse: Readonly<Record<string, string>> = { lt: "ge", le: "gt", gt: "le", ge: "lt" };
const mirrored: Readonly<Record<string, string>> = { lt: "gt", le: "ge", gt: "lt", ge: "le" };

/** What is counted on a way: bytes << 32 | instructions, up to where a value that all have in common decides how it goes on. */
export interface Cost {
  readonly cost: bigint;
  readonly fork: { readonly on: Node; readonly yes: Cost; readonly no: Cost } | null;
}

/** How the region's first branch, taken towards `way`, ends the row's work; null when it does not. */
export function restOfRow(node: FlowNode, way: Block, regions: Regions, saved: Saved): Rest | null {
  const { head } = node;
  const { levels, flow, cells } = regions;
  const quiet = (block: Block): boolean => block.nodes.every((inner) => inner === block.last || (inner.op === "phi" ? inner.uses === 0 || cells.has(inner) : isPure(inner) || (inner.op === "yield" && Number(inner.imm) !== 1)));
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
  const cost = costFrom(node, way, regions, saved, quiet, fixed);
  return cost === null ? null : { value, step, signed: sign === "s", cost, head };
}

/** Blocks passed at most, on all ways together. */
const MAX_BLOCKS = 12;

/** What is counted from a block of the region to its end, where nothing else happens on the way. */
function costFrom(node: FlowNode, start: Block, { flow, cells }: Regions, saved: Saved, quiet: (block: Block) => boolean, fixed: (value: Node) => boolean): Cost | null {
  let blocks = 0;
  const from = (at: Block): Cost | null => {
    if (flow.at.has(at)) return leavesNothing(node, at, cells, saved) ? { cost: 0n, fork: null } : null;
    if (!node.blocks.includes(at) || !quiet(at) || ++blocks > MAX_BLOCKS) return null;
    const cost = (BigInt(at.bytes) << 32n) + BigInt(at.cost);
    if (ends(at)) return { cost, fork: null };
    const [first, second] = at.succs as [Block, Block | undefined];
    if (second === undefined) {
      const rest = from(first);
      return rest === null ? null : { cost: cost + rest.cost, fork: rest.fork };
    }
    const on = at.last.args[0]!;
    if (at.last.op !== "condbr" || !fixed(on)) return null;
    const [yes, no] = [from(first), from(second)];
    return yes === null || no === null ? null : { cost, fork: { on, yes, no } };
  };
  return from(start);
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

import { naturalLoop } from "../graph/cfg.ts";
import { isLeaf, type Block, type Graph, type Node } from "../graph/node.ts";
import { removeDead } from "../graph/uses.ts";
import type { Levels } from "./uniform.ts";

/**
 * Takes apart what compilers make of addresses in loops around barriers: a pointer that starts at each work-item's own place and moves on by what is common to all becomes that place (which can be
 * computed again anywhere) plus a number that the group keeps once. Then nothing of it need be kept for each work-item, and how addresses differ from one to the next is plain to see.
 * Sums are modulo 2^32 or 2^64, so that is exact.
 * @param meets whether all work-items meet at the block
 * @returns whether anything changed; uses are counted anew then
 */
export function splitInductions(graph: Graph, levels: Levels, meets: (block: Block) => boolean): boolean {
  let changed = false;
  for (const header of graph.blocks) {
    const loop = naturalLoop(header);
    if (loop === null || header.preds.length !== 2 || ![...loop].some(meets)) continue;
    const back = header.preds.findIndex((pred) => loop.has(pred));
    for (const phi of header.nodes.filter((node) => node.op === "phi")) changed = splitPhi(graph, phi, back, levels) || changed;
  }
  if (changed) removeDead(graph);
  return changed;
}

function splitPhi(graph: Graph, phi: Node, back: number, levels: Levels): boolean {
  const { type } = phi;
  const start = phi.args[1 - back]!;
  const next = phi.args[back]!;
  if ((type !== "i32" && type !== "i64") || !again(start) || levels.of(start) === 0 || next.op !== "add" || !next.args.includes(phi)) return false;
  const step = next.args[next.args[0] === phi ? 1 : 0]!;
  if (!again(step) || levels.of(step) !== 0) return false;
  const header = phi.block!;
  const moved = graph.node("phi", type, [], phi.line);
  const further = graph.node("add", type, [moved, step], next.line);
  moved.args = back === 1 ? [graph.const(type, 0), further] : [further, graph.const(type, 0)];
  moved.block = header;
  further.block = next.block;
  next.block!.nodes.splice(next.block!.nodes.indexOf(next), 0, further);
  next.args = [start, further];
  // The phi's own node becomes the sum, so that those who use it need not change.
  phi.op = "add";
  phi.args = [start, moved];
  const rest = header.nodes.filter((node) => node !== phi);
  const behind = rest.findIndex((node) => node.op !== "phi");
  header.nodes = [moved, ...rest.slice(0, behind), phi, ...rest.slice(behind)];
  return true;
}

/** Whether the value can be computed anywhere. */
function again(node: Node): boolean {
  return isLeaf(node) || node.free;
}

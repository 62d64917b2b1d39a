import { sizeOf } from "../../ir/types.ts";
import type { Block, Node } from "../graph/node.ts";
import { synchronises, usedWords } from "./emit.ts";

/** What the work-item has certainly done to the same place since the last barrier: then less is to be found out about the next access. */
export type Earlier = "read" | "written" | null;

/**
 * What it has done before an access.
 * @param region the code between barriers that it is in; null: not known
 */
export function doneBefore(node: Node, region: { readonly head: Block; readonly blocks: readonly Block[] } | null): Earlier {
  if (region === null || !plain(node)) return null;
  let found: Earlier = null;
  for (const block of region.blocks) {
    for (const other of block.nodes) {
      if (other === node || !plain(other) || !samePlace(node, other) || !comesBefore(other, node, region)) continue;
      if (other.op === "store") return "written";
      found = "read";
    }
  }
  return found;
}

function plain(node: Node): boolean {
  return (node.op === "load" || node.op === "store") && (node.access!.space === "global" || node.access!.space === "shared") && !synchronises(node);
}

function samePlace(a: Node, b: Node): boolean {
  const [x, y] = [a.access!, b.access!];
  return a.args[0] === b.args[0] && x.space === y.space && x.offset === y.offset && sizeOf[x.type] === sizeOf[y.type] && x.count === y.count && (b.op === "store" || usedWords(a) === usedWords(b) || x.count === 1);
}

/** Whether whoever comes to `b` has come through `a` in the region. */
function comesBefore(a: Node, b: Node, { head, blocks }: { readonly head: Block; readonly blocks: readonly Block[] }): boolean {
  const [from, to] = [a.block!, b.block!];
  if (from === to) return from.nodes.indexOf(a) < from.nodes.indexOf(b);
  if (from === head) return true;
  const inside = new Set(blocks);
  const seen = new Set<Block>([head]);
  for (const block of seen) {
    if (block === to) return false;
    for (const next of block.succs) if (next !== from && next !== head && inside.has(next)) seen.add(next);
  }
  return true;
}

import { isPure, type Block, type Node } from "../graph/node.ts";

/**
 * Loops that wait for somebody else. Their work-items give way at every turn round the loop, because nothing they do brings the end nearer;
 * all other loops run until their fuel is spent.
 */

/** Whether the loop `header` .. `latches` waits: it sleeps, or leaves on a condition that comes from memory others write. */
export function isSpinLoop(header: Block, latches: readonly Block[]): boolean {
  const inside = new Set<Block>([header]);
  const work = [...latches];
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (inside.has(block)) continue;
    inside.add(block);
    work.push(...block.preds);
  }
  let fence = false;
  for (const block of inside) {
    for (const node of block.nodes) {
      if (node.op === "nanosleep") return true;
      fence ||= node.op === "fence";
    }
  }
  for (const block of inside) {
    const on = block.last.args[0];
    if (on !== undefined && block.succs.some((next) => !inside.has(next)) && comesFromOthers(on, inside, fence)) return true;
  }
  return false;
}

function comesFromOthers(condition: Node, inside: ReadonlySet<Block>, fence: boolean): boolean {
  const seen = new Set<Node>([condition]);
  for (const node of seen) {
    if (node.block === null || !inside.has(node.block)) continue;
    if (node.op === "load" && (fence || node.access!.volatile || node.access!.order !== null)) return true;
    if (node.op === "cmpxchg") return true;
    if (node.op === "atomic" && (node.attr === "xchg" || (node.args[1]!.op === "const" && Number(node.args[1]!.imm) === 0))) return true;
    if (isPure(node) || node.op === "phi" || node.op === "proj") for (const arg of node.args) seen.add(arg);
  }
  return false;
}

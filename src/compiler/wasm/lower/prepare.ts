import { analyseFlow, isRetreating, orderBlocks, splitEdge } from "../graph/cfg.ts";
import { find, isCollective, mayWait, type Block, type Graph, type Node, type Op } from "../graph/node.ts";
import { isSpinLoop } from "./spin.ts";

/**
 * Gives the graph the form that code is written from: every loop has one back edge with a `yield` on it, every operation at which a work-item may
 * stop ends its block, and the block behind it is a resume point.
 * @param checkpoints for the fast path: barriers get blocks of their own, and whatever may have to be left to the slow path stands behind
 * a resume point with no side effect in between
 */
export function prepare(graph: Graph, checkpoints: boolean): void {
  const loops = new Map<Block, Block[]>();
  for (const block of graph.blocks) {
    for (const next of block.succs) {
      if (!isRetreating(block, next)) continue;
      const latches = loops.get(next) ?? [];
      latches.push(block);
      loops.set(next, latches);
    }
  }
  for (const [header, latches] of loops) {
    addYield(graph, header, latches, isSpinLoop(header, latches));
    addPreheader(graph, header);
  }
  let number = 0;
  for (const block of [...graph.blocks]) number = splitAtWaits(graph, block, number, checkpoints);
  if (checkpoints) for (const block of [...graph.blocks]) number = addCheckpoints(graph, block, number);
  for (const block of graph.blocks) for (const node of block.nodes) node.args = node.args.map(find);
  orderBlocks(graph);
  analyseFlow(graph);
}

/** One way into the loop from outside, so that no other flow joins at its header. */
function addPreheader(graph: Graph, header: Block): void {
  const outside = header.preds.filter((pred) => pred.label !== LATCH);
  if (outside.length === 0) return;
  joinEdges(graph, header, outside, "before loop");
}

/** Puts one block in front of `to`, for all edges from `preds`; phis merge there. */
function joinEdges(graph: Graph, to: Block, preds: readonly Block[], label: string): Block {
  const joint = splitEdge(graph, preds[0]!, to, label);
  if (preds.length === 1) return joint;
  const others = preds.slice(1).map((block) => to.preds.indexOf(block));
  const at = to.preds.indexOf(joint);
  for (const node of to.nodes) {
    if (node.op !== "phi") break;
    const merged = graph.node("phi", node.type, [node.args[at]!, ...others.map((i) => node.args[i]!)], node.line);
    merged.block = joint;
    joint.nodes.splice(joint.nodes.length - 1, 0, merged);
    node.args[at] = merged;
  }
  for (const block of preds.slice(1)) {
    const i = to.preds.indexOf(block);
    to.preds.splice(i, 1);
    for (const node of to.nodes) {
      if (node.op !== "phi") break;
      node.args.splice(i, 1);
    }
    block.succs[block.succs.indexOf(to)] = joint;
    joint.preds.push(block);
  }
  return joint;
}

const LATCH = "latch";

/** One latch for the loop, with phis where there were several back edges. */
function addYield(graph: Graph, header: Block, latches: readonly Block[], spins: boolean): void {
  const latch = joinEdges(graph, header, latches, LATCH);
  const wait = graph.node("yield", null, []);
  wait.imm = spins ? 1 : 0;
  wait.block = latch;
  latch.nodes.splice(latch.nodes.length - 1, 0, wait);
}

/** Cuts the block behind each waiting operation; gives the last resume number used. */
function splitAtWaits(graph: Graph, first: Block, from: number, alone: boolean): number {
  let number = from;
  let block = first;
  for (let i = 0; i < block.nodes.length; i++) {
    const node = block.nodes[i]!;
    if (!mayWait(node)) continue;
    if (alone && i > 0 && (node.op === "barrier" || node.op === "barred" || isCollective(node))) {
      block = splitBehind(graph, block, i - 1);
      block.resume = ++number;
      i = 0;
    }
    const rest = splitBehind(graph, block, i);
    rest.resume = ++number;
    takeResults(graph, node, rest);
    block = rest;
    i = -1;
  }
  return number;
}

/** Operations that the fast path may have to leave to the slow one. */
const guarded: ReadonlySet<Op> = new Set<Op>(["load", "store", "atomic", "cmpxchg", "trap", "unreachable", "assertfail"]);
const changing: ReadonlySet<Op> = new Set<Op>(["store", "atomic", "cmpxchg", "printf"]);

/** Cuts the block behind side effects that guarded operations follow; gives the last resume number used. */
function addCheckpoints(graph: Graph, first: Block, from: number): number {
  let number = from;
  let block = first;
  let changed = -1;
  for (let i = 0; i < block.nodes.length; i++) {
    const node = block.nodes[i]!;
    if (guarded.has(node.op)) {
      if (changed >= 0) {
        block = splitBehind(graph, block, changed);
        i -= changed + 1;
        changed = -1;
      }
      if (block.resume === 0) block.resume = ++number;
    }
    if (changing.has(node.op)) changed = i;
  }
  return number;
}

/** Moves what follows node `index` of the block to a new block, which it jumps to. */
export function splitBehind(graph: Graph, block: Block, index: number): Block {
  const rest = graph.block(`${block.label}'`);
  rest.nodes = block.nodes.splice(index + 1);
  for (const node of rest.nodes) node.block = rest;
  rest.succs = block.succs;
  rest.cases = block.cases;
  for (const next of rest.succs) next.preds[next.preds.indexOf(block)] = rest;
  const jump = graph.node("br", null, []);
  jump.block = block;
  block.nodes.push(jump);
  block.succs = [rest];
  block.cases = [];
  rest.preds = [block];
  return rest;
}

/** Results of a collective or call become `result` nodes at the head of the block behind it. */
function takeResults(graph: Graph, node: Node, rest: Block): void {
  if (node.op === "call" || node.op === "calli") {
    for (const proj of rest.nodes) {
      if (proj.op !== "proj" || proj.args[0] !== node) continue;
      proj.op = "result";
      proj.args = [];
    }
    return;
  }
  const projections = rest.nodes.filter((other) => other.op === "proj" && other.args[0] === node);
  for (const proj of projections) {
    proj.op = "result";
    proj.args = [];
  }
  if (node.type === null || !(isCollective(node) || node.op === "barred")) return;
  const result = graph.node("result", node.type, [], node.line);
  result.block = rest;
  rest.nodes.unshift(result);
  node.forward = result;
  node.type = null;
}

import { analyseFlow, dominates, orderBlocks, removeEdge } from "./cfg.ts";
import { find, isPure, type Block, type Graph, type Node, type Op } from "./node.ts";
import { simplify } from "./simplify.ts";
import { removeDead } from "./uses.ts";

/** Brings the graph into its simplest form: constants folded, equal computations shared, dead code and needless blocks gone. */
export function optimise(graph: Graph): void {
  orderBlocks(graph);
  for (let round = 0; round < 4; round++) {
    mergeBlocks(graph);
    orderBlocks(graph);
    analyseFlow(graph);
    const changed = shareValues(graph);
    const folded = foldBranches(graph);
    orderBlocks(graph);
    if (!changed && !folded) break;
  }
  mergeBlocks(graph);
  orderBlocks(graph);
  removeDead(graph);
  analyseFlow(graph);
}

/**
 * A block and its only successor become one when that has no other predecessor. Costs add up: whoever enters one enters both. Not behind a call,
 * which may never come back.
 */
function mergeBlocks(graph: Graph): void {
  for (const block of graph.blocks) {
    if (block.order === -1) continue;
    for (;;) {
      const next = block.succs[0];
      if (block.succs.length !== 1 || next === undefined || next.preds.length !== 1 || next === block || next === graph.entry) break;
      if (block.last.op !== "br" || endsInCall(block)) break;
      block.nodes.pop();
      for (const node of block.nodes) if (node.op === "sreg" && node.attr === "clock64") node.imm = Number(node.imm) + next.cost;
      for (const node of next.nodes) {
        if (node.op === "phi") node.forward = node.args[0]!;
        else {
          node.block = block;
          block.nodes.push(node);
        }
      }
      block.cost += next.cost;
      block.bytes += next.bytes;
      block.succs = next.succs;
      block.cases = next.cases;
      for (const succ of next.succs) succ.preds[succ.preds.indexOf(next)] = block;
      next.order = -1;
      next.nodes = [];
      next.preds = [];
      next.succs = [];
    }
  }
  graph.blocks = graph.blocks.filter((block) => block.order !== -1);
  resolve(graph);
}

function endsInCall(block: Block): boolean {
  let i = block.nodes.length - 2;
  while (i >= 0 && block.nodes[i]!.op === "proj") i--;
  return i >= 0 && (block.nodes[i]!.op === "call" || block.nodes[i]!.op === "calli");
}

/** Follows replacements in all operands. */
function resolve(graph: Graph): void {
  for (const block of graph.blocks) {
    for (const node of block.nodes) for (let i = 0; i < node.args.length; i++) node.args[i] = find(node.args[i]!);
  }
}

/** Global value numbering with simplification, in dominator order. */
function shareValues(graph: Graph): boolean {
  let changed = false;
  const known = new Map<string, Node>();
  for (const block of graph.blocks) {
    const out: Node[] = [];
    const share = (node: Node): Node => {
      if (!isPure(node) || node.block === null) return node;
      const key = keyOf(node);
      const other = known.get(key);
      if (other !== undefined && other.block !== null && dominates(other.block, block)) return other;
      known.set(key, node);
      return node;
    };
    const add = (op: Op, like: Node, args: Node[]): Node => {
      const made = graph.node(op, like.type, args, like.line);
      made.block = block;
      const simple = simplify(graph, made, add);
      if (simple !== made) return simple;
      const found = share(made);
      if (found === made) out.push(made);
      return found;
    };
    for (const node of block.nodes) {
      for (let i = 0; i < node.args.length; i++) node.args[i] = find(node.args[i]!);
      if (node.op === "phi") {
        const same = samePhi(node);
        if (same !== null) {
          node.forward = same;
          changed = true;
        } else out.push(node);
        continue;
      }
      const simple = simplify(graph, node, add);
      const found = simple === node ? share(node) : simple;
      if (found !== node) {
        node.forward = found;
        changed = true;
      } else out.push(node);
    }
    block.nodes = out;
  }
  resolve(graph);
  return changed;
}

/** The one value a phi can have, or null. */
function samePhi(phi: Node): Node | null {
  let same: Node | null = null;
  for (const arg of phi.args) {
    const at = find(arg);
    if (at === phi || at === same) continue;
    if (same !== null) return null;
    same = at;
  }
  return same;
}

function keyOf(node: Node): string {
  let key = `${node.op} ${node.type} ${node.imm} ${node.attr}`;
  for (const arg of node.args) key += ` ${arg.id}`;
  return key;
}

/** Branches on constants become jumps. */
function foldBranches(graph: Graph): boolean {
  let changed = false;
  for (const block of graph.blocks) {
    const last = block.last;
    const on = last.args[0];
    if (on === undefined || on.op !== "const") continue;
    let keep: Block;
    if (last.op === "condbr") keep = block.succs[Number(on.imm) === 0 ? 1 : 0]!;
    else if (last.op === "switch") {
      const width = on.type === "i64" ? 64 : on.type === "i32" ? 32 : on.type === "i16" ? 16 : 8;
      const value = BigInt.asUintN(width, BigInt(on.imm));
      const found = block.cases.find(([at]) => at === null || BigInt.asUintN(width, at) === value)!;
      keep = block.succs[found[1]]!;
    } else continue;
    for (const succ of block.succs) if (succ !== keep) removeEdge(block, succ);
    block.succs = [keep];
    block.cases = [];
    last.op = "br";
    last.args = [];
    changed = true;
  }
  return changed;
}

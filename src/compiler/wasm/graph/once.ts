import { analyseFlow, naturalLoop, orderBlocks } from "./cfg.ts";
import { isLeaf, isPure, mayWait, type Block, type Graph, type Node } from "./node.ts";

/** Operations that a loop may have of which a second copy is made. */
const MAX_NODES = 120;

/**
 * Loops over the grid (`for (i = number in the grid; i < n; i += work-items of the grid)`) go round once when the launch has a work-item for each element, as most have. Whether that is so can be said before
 * anything is done; then a copy of the body runs that is no loop: its addresses are those of the work-item, nothing comes back to it, and nothing behind its stores can fail.
 * The copy is counted as the body is.
 * @returns whether there is such a loop
 */
export function copyGridLoops(graph: Graph): boolean {
  const users = usersOf(graph);
  const loops = graph.blocks.flatMap((header) => findLoop(graph, header, users) ?? []);
  for (const loop of loops) copyBody(graph, loop);
  if (loops.length === 0) return false;
  orderBlocks(graph);
  analyseFlow(graph);
  return true;
}

/** A loop whose last block alone leaves it, or goes back. */
interface GridLoop {
  readonly header: Block;
  readonly blocks: readonly Block[];
  readonly latch: Block;
  readonly before: Block;
  readonly behind: Block;
}

function usersOf(graph: Graph): Map<Node, Set<Block>> {
  const users = new Map<Node, Set<Block>>();
  for (const block of graph.blocks) {
    for (const node of block.nodes) {
      node.args.forEach((arg, i) => {
        const known = users.get(arg) ?? new Set();
        // A phi takes its operand where the edge comes from.
        users.set(arg, known.add(node.op === "phi" ? block.preds[i]! : block));
      });
    }
  }
  return users;
}

function findLoop(graph: Graph, header: Block, users: ReadonlyMap<Node, ReadonlySet<Block>>): GridLoop | null {
  const loop = naturalLoop(header);
  if (loop === null || header.preds.length !== 2 || header === graph.entry) return null;
  const blocks = graph.blocks.filter((block) => loop.has(block));
  const latch = header.preds.find((pred) => loop.has(pred))!;
  const before = header.preds.find((pred) => !loop.has(pred));
  const behind = latch.succs.find((next) => !loop.has(next));
  if (before === undefined || behind === undefined || latch.last.op !== "condbr") return null;
  // Its last block is the only way out, it has no loop inside, and nobody waits in it.
  if (blocks.some((block) => block.header !== header || block.succs.length === 0 || (block !== latch && block.succs.some((next) => !loop.has(next) || next === header)))) return null;
  const nodes = blocks.flatMap((block) => block.nodes);
  if (nodes.length > MAX_NODES || nodes.some(mayWait)) return null;
  if (nodes.some((node) => [...(users.get(node) ?? [])].some((user) => !loop.has(user)))) return null;
  const on = latch.last.args[0]!;
  return movesByGrid(on, header, header.preds.indexOf(latch), new Set()) && known(on, header, loop, 0) ? { header, blocks, latch, before, behind } : null;
}

/** Whether something that the condition is made of moves on by the number of work-items or groups in the grid. */
function movesByGrid(node: Node, header: Block, back: number, seen: Set<Node>): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  if (node.op === "phi" && node.block === header) {
    const next = node.args[back]!;
    return next.op === "add" && next.args.includes(node) && next.args.some((step) => step !== node && countsGrid(step, 0));
  }
  return node.op !== "phi" && node.args.some((arg) => movesByGrid(arg, header, back, seen));
}

function countsGrid(node: Node, depth: number): boolean {
  if (isLeaf(node)) return node.op === "sreg" && /^(nctaid|gsize)\./.test(node.attr);
  return depth < 8 && isPure(node) && node.args.some((arg) => countsGrid(arg, depth + 1));
}

/** Whether the value can be computed before the loop, for its first round. */
function known(node: Node, header: Block, loop: ReadonlySet<Block>, depth: number): boolean {
  if (node.block === null || !loop.has(node.block) || (node.op === "phi" && node.block === header)) return true;
  return depth < 16 && isPure(node) && node.args.every((arg) => known(arg, header, loop, depth + 1));
}

function copyBody(graph: Graph, { header, blocks, latch, before, behind }: GridLoop): void {
  const first = new Map<Node, Node>();
  const entering = header.preds.indexOf(before);
  for (const phi of header.nodes) if (phi.op === "phi") first.set(phi, phi.args[entering]!);
  // What the latch asks, asked for the first round.
  const test = graph.block(`${header.label} once`);
  const early = new Map(first);
  const atFirst = (node: Node): Node => {
    if (node.block === null || !blocks.includes(node.block)) return node;
    let value = early.get(node);
    if (value === undefined) early.set(node, (value = append(test, copyOf(graph, node, atFirst))));
    return value;
  };
  const on = atFirst(latch.last.args[0]!);
  // The copy.
  const copies = new Map(blocks.map((block) => [block, graph.block(`${block.label} once`)]));
  const value = (node: Node): Node => first.get(node) ?? node;
  for (const block of blocks) {
    const copy = copies.get(block)!;
    copy.cost = block.cost;
    copy.bytes = block.bytes;
    copy.cases = block.cases.map(([at, next]) => [at, next]);
    for (const node of block.nodes) {
      if (node === latch.last || (node.op === "phi" && block === header)) continue;
      // Operands of phis are set when all blocks have been copied.
      first.set(node, append(copy, copyOf(graph, node, node.op === "phi" ? (arg) => arg : value)));
    }
    copy.preds = block === header ? [test] : block.preds.map((pred) => copies.get(pred)!);
    copy.succs = block === latch ? [behind] : block.succs.map((next) => copies.get(next)!);
  }
  for (const copy of copies.values()) for (const node of copy.nodes) if (node.op === "phi") node.args = node.args.map(value);
  const end = copies.get(latch)!;
  append(end, graph.node("br", null, []));
  if (behind.nodes.length === 1 && behind.succs.length === 0) {
    // An end of its own, which no loop leads to.
    const last = graph.block(`${behind.label} once`);
    append(last, copyOf(graph, behind.last, value));
    last.cost = behind.cost;
    last.bytes = behind.bytes;
    last.preds = [end];
    end.succs = [last];
  } else {
    for (const phi of behind.nodes) if (phi.op === "phi") phi.args.push(value(phi.args[behind.preds.indexOf(latch)]!));
    behind.preds.push(end);
  }
  const branch = append(test, graph.node("condbr", null, [on]));
  branch.line = latch.last.line;
  test.preds = [before];
  test.succs = latch.succs.map((next) => (next === header ? header : copies.get(header)!));
  before.succs[before.succs.indexOf(header)] = test;
  header.preds[entering] = test;
}

function append(block: Block, node: Node): Node {
  node.block = block;
  block.nodes.push(node);
  return node;
}

function copyOf(graph: Graph, node: Node, value: (arg: Node) => Node): Node {
  const copy = graph.node(node.op, node.type, node.args.map(value), node.line);
  copy.imm = node.imm;
  copy.attr = node.attr;
  copy.access = node.access;
  copy.instr = node.instr;
  copy.mark = node.mark;
  return copy;
}

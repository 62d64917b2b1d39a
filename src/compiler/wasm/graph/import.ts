import { reversePostOrder } from "../../ir/cfg.ts";
import { accessBytes, instructionCost } from "../../ir/cost.ts";
import { frameLayout } from "../../ir/layout.ts";
import { definedBy, type Fn, type Module } from "../../ir/module.ts";
import type { BlockId, Instr, ValueId } from "../../ir/ops.ts";
import { operandsOf, targetsOf } from "../../ir/uses.ts";
import { Graph, type Block, type Node } from "./node.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";

/** Facts about the module that lowering needs; made once for each module. */
export interface ModuleFacts {
  readonly module: Module;
  /** Address of each function, as `funcaddr` gives it. */
  readonly functions: ReadonlyMap<string, bigint>;
  /** Offsets of shared variables. */
  readonly shared: ReadonlyMap<string, number>;
  /** Index of each module variable in `LaunchConfig.symbols`. */
  readonly symbols: ReadonlyMap<string, number>;
  /** Alignment of local frames. */
  readonly frameAlign: number;
  /** Functions that may come to call themselves. */
  readonly recursive: ReadonlySet<string>;
  /** Functions from which an activemask may be reached: they are not inlined, as where lanes came from says who is together. */
  readonly masking: ReadonlySet<string>;
}

/** Nodes beyond which calls are no longer inlined. V8 of Node 20 aborts the process when its optimising compiler meets a body of some 30,000. */
const INLINE_LIMIT = 10000;

/**
 * Makes a graph of `fn`, with the bodies of direct calls inlined as far as that is possible. Counting is that of the IR: each block keeps
 * the cost of its instructions.
 * @param localStart offset of the function's frame in local memory, where known (kernels)
 */
export function importFunction(facts: ModuleFacts, fn: Fn, localStart: number): Graph {
  const graph = new Graph(fn.name, fn.kind, fn.params, fn.results);
  const args = fn.params.map((type, i) => {
    const node = graph.node("arg", type, []);
    node.imm = i;
    return node;
  });
  const entry = graph.block("start");
  for (const node of args) append(entry, node);
  const importer = new Importer(facts, graph);
  const first = importer.body(fn, args, localStart, null);
  append(entry, graph.node("br", null, []));
  entry.succs = [first];
  connect(graph);
  importer.finishPhis();
  importer.finishClocks();
  return graph;
}

function append(block: Block, node: Node): void {
  node.block = block;
  block.nodes.push(node);
}

/** Sets predecessors from successors. */
function connect(graph: Graph): void {
  for (const block of graph.blocks) block.preds = [];
  for (const block of graph.blocks) for (const next of block.succs) next.preds.push(block);
}

/** Where an inlined body returns to. */
interface Return {
  readonly block: Block;
  readonly phis: readonly Node[];
  readonly from: { readonly block: Block; readonly values: readonly Node[] }[];
}

class Importer {
  /** Reads of %clock64, and what had been counted of their block. */
  private readonly clocks: { readonly node: Node; readonly block: Block; readonly before: number }[] = [];
  private readonly phis: { readonly node: Node; readonly entries: readonly (readonly [Block, Node])[] }[] = [];

  private readonly facts: ModuleFacts;
  private readonly graph: Graph;

  constructor(facts: ModuleFacts, graph: Graph) {
    this.facts = facts;
    this.graph = graph;
  }

  /** Copies the function's blocks; gives the copy of its entry. `back`: where `ret` goes when inlined. */
  body(fn: Fn, args: readonly Node[], localStart: number, back: Return | null): Block {
    const { graph, facts } = this;
    const values: (Node | undefined)[] = [...args];
    const order = reversePostOrder(fn);
    const starts: Block[] = [];
    const ends: Block[] = [];
    for (const id of order) starts[id] = graph.block(fn.blocks[id]!.label);
    const pending: { readonly node: Node; readonly from: readonly (readonly [BlockId, ValueId])[] }[] = [];
    const frame = frameLayout(fn, facts.frameAlign);
    const value = (id: ValueId): Node => {
      const node = values[id];
      if (node === undefined) throw new EmulatorBug(`value ${id} of ${fn.name} is used before its definition`);
      return node;
    };
    for (const id of order) {
      let block = starts[id]!;
      for (const instr of fn.blocks[id]!.instrs) {
        block.cost += instructionCost(instr, fn.types);
        if ("space" in instr && (instr.space === "global" || instr.space === "const")) block.bytes += accessBytes(instr, fn.types);
        if (instr.op === "phi") {
          const node = graph.node("phi", fn.types[instr.dst]!, [], instr.line ?? 0);
          values[instr.dst] = node;
          append(block, node);
          pending.push({ node, from: instr.from });
        } else if (instr.op === "copy") values[instr.dst] = value(instr.a);
        else if (instr.op === "call" && this.inlines(instr.callee)) {
          block = this.inline(block, facts.module.functions.get(instr.callee)!, instr.args.map(value), localStart + frame.bytes, (i, node) => (values[instr.dst[i]!] = node));
        } else if (instr.op === "ret" && back !== null) {
          append(block, graph.node("br", null, []));
          block.succs = [back.block];
          back.from.push({ block, values: instr.values.map(value) });
        } else {
          this.copy(fn, instr, block, values, value, localStart, frame, starts);
          // The callee may end the work-item: what comes behind the call is counted only when it is reached.
          if (instr.op === "call" || instr.op === "calli") {
            const after = graph.block(`after ${instr.op}`);
            append(block, graph.node("br", null, []));
            block.succs = [after];
            block = after;
          }
        }
      }
      ends[id] = block;
    }
    for (const { node, from } of pending) {
      // Entries from unreachable predecessors have no block here.
      this.phis.push({ node, entries: from.filter(([pred]) => ends[pred] !== undefined).map(([pred, from_]) => [ends[pred]!, value(from_)]) });
    }
    return starts[0]!;
  }

  private inlines(callee: string): boolean {
    const fn = this.facts.module.functions.get(callee);
    return fn !== undefined && fn.blocks.length > 0 && fn.kind === "func" && !this.facts.recursive.has(callee) && !this.facts.masking.has(callee) && this.graph.nodeCount < INLINE_LIMIT;
  }

  private inline(block: Block, callee: Fn, args: readonly Node[], localStart: number, define: (result: number, node: Node) => void): Block {
    const { graph } = this;
    const after = graph.block(`after ${callee.name}`);
    const phis = callee.results.map((type, i) => {
      const node = graph.node("phi", type, []);
      append(after, node);
      define(i, node);
      return node;
    });
    const back: Return = { block: after, phis, from: [] };
    const first = this.body(callee, args, localStart, back);
    append(block, graph.node("br", null, []));
    block.succs = [first];
    phis.forEach((node, i) => this.phis.push({ node, entries: back.from.map(({ block: from, values }) => [from, values[i]!]) }));
    return after;
  }

  private copy(
    fn: Fn, instr: Instr, block: Block, values: (Node | undefined)[], value: (id: ValueId) => Node,
    localStart: number, frame: { readonly offsets: readonly number[]; readonly bytes: number }, starts: readonly Block[],
  ): void {
    const { graph } = this;
    const line = instr.line ?? 0;
    const results = definedBy(instr);
    const type = results.length > 0 ? fn.types[results[0]!]! : null;
    const leaf = this.leafOf(fn, instr, localStart, frame.offsets);
    if (leaf !== null) {
      values[results[0]!] = leaf;
      return;
    }
    const node = graph.node(instr.op, type, operandsOf(instr).map(value), line);
    if (instr.op === "sreg" && instr.reg === "clock64") this.clocks.push({ node, block, before: block.cost });
    node.instr = instr;
    append(block, node);
    const rare = instr as { readonly [key in "pred" | "mode" | "red" | "round" | "kind" | "rmw" | "reg" | "callee"]?: string };
    node.attr = rare.pred ?? rare.mode ?? rare.red ?? rare.rmw ?? rare.kind ?? rare.reg ?? rare.callee ?? rare.round ?? "";
    switch (instr.op) {
      case "load": case "store": case "atomic": case "cmpxchg": {
        // operandsOf gives a store's values first; here the address is always operand 0.
        if (instr.op === "store") node.args = [value(instr.addr), ...instr.src.map(value)];
        const stored = instr.op === "store" ? fn.types[instr.src[0]!]! : type!;
        node.access = {
          space: instr.space, offset: instr.offset, type: stored,
          align: instr.op === "load" || instr.op === "store" ? instr.align : { i1: 1, i8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 }[stored],
          count: instr.op === "load" ? instr.dst.length : instr.op === "store" ? instr.src.length : 1,
          volatile: "volatile" in instr && instr.volatile === true, order: instr.order ?? null,
        };
        if (instr.op === "load" && instr.dst.length > 1) {
          this.project(block, node, instr.dst, values, instr.dst.map((id) => fn.types[id]!));
          return;
        }
        break;
      }
      case "call": case "calli":
        this.project(block, node, instr.dst, values, instr.dst.map((id) => fn.types[id]!));
        node.type = null;
        node.imm = localStart + frame.bytes;
        return;
      case "shfl": case "match":
        node.imm = instr.mask === null ? 0 : 1;
        break;
      case "vote": case "redux": case "warpsync":
        node.imm = instr.mask === null ? 0 : 1;
        break;
      case "barrier": case "barred":
        node.imm = (instr.id === null ? 0 : 1) | (instr.count === null ? 0 : 2);
        break;
      case "br": case "condbr":
        block.succs = targetsOf(instr).map((id) => starts[id]!);
        if (instr.op === "condbr" && block.succs.length === 1) {
          node.op = "br";
          node.args = [];
        }
        return;
      case "switch":
        block.succs = targetsOf(instr).map((id) => starts[id]!);
        block.cases = instr.cases.map(([at, id]) => [at, block.succs.indexOf(starts[id]!)]);
        block.cases.push([null, block.succs.indexOf(starts[instr.default]!)]);
        return;
      default:
    }
    results.forEach((id, i) => {
      if (i === 0) values[id] = node;
      else this.project(block, node, [id], values, [fn.types[id]!], 1);
    });
  }

  private project(block: Block, from: Node, dst: readonly ValueId[], values: (Node | undefined)[], types: readonly Node["type"][], first = 0): void {
    dst.forEach((id, i) => {
      const node = this.graph.node("proj", types[i]!, [from], from.line);
      node.imm = first + i;
      append(block, node);
      values[id] = node;
    });
  }

  /** The floating node for instructions that read nothing that changes; null for others. */
  private leafOf(fn: Fn, instr: Instr, localStart: number, locals: readonly number[]): Node | null {
    const { graph, facts } = this;
    switch (instr.op) {
      case "const": return graph.const(fn.types[instr.dst]!, instr.value);
      case "constbits": return graph.leaf("constbits", fn.types[instr.dst]!, instr.bits, "");
      case "sreg": return instr.reg === "clock64" || instr.reg === "globaltimer" ? null : graph.leaf("sreg", fn.types[instr.dst]!, 0, instr.reg);
      case "param": return graph.leaf("param", fn.types[instr.dst]!, instr.offset, "");
      case "paramaddr": return graph.leaf("paramaddr", "i64", instr.offset, "");
      case "globaladdr": {
        const fn_ = facts.functions.get(instr.symbol);
        if (!facts.symbols.has(instr.symbol) && fn_ !== undefined) return graph.const("i64", fn_ + (instr.offset ?? 0n));
        return graph.leaf("globaladdr", "i64", instr.offset ?? 0n, instr.symbol);
      }
      case "sharedaddr": return graph.leaf("sharedaddr", "i64", facts.shared.get(instr.symbol) ?? 0, instr.symbol);
      case "dynsharedaddr": return graph.leaf("dynsharedaddr", "i64", 0, "");
      case "localaddr": return graph.leaf("localaddr", "i64", localStart + locals[instr.index]!, "");
      case "funcaddr": return graph.const("i64", facts.functions.get(instr.symbol) ?? 0n);
      default: return null;
    }
  }

  /** Notes with each %clock64 how much of its block comes behind it: blocks are counted when they are entered. */
  finishClocks(): void {
    for (const { node, block, before } of this.clocks) node.imm = block.cost - before;
  }

  /** Fills the phis, once predecessors are known. */
  finishPhis(): void {
    for (const { node, entries } of this.phis) {
      node.args = node.block!.preds.map((pred) => {
        const entry = entries.find(([from]) => from === pred);
        if (entry === undefined) throw new EmulatorBug(`a phi has no value for ${pred.label}`);
        return entry[1];
      });
    }
  }
}

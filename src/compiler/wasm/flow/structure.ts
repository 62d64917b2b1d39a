import type { Code, Label } from "../asm/code.ts";
import { I32 } from "../asm/opcodes.ts";
import { makeReducible, type Edge, type FlowGraph } from "./reducible.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";

/** What writes the code of the nodes. */
export interface NodeWriter {
  /** The straight-line part and the terminator of `node`; every way out calls `go(successor)` exactly where control leaves. */
  write(node: number, go: (successor: number) => void): void;
  /** What must happen on the edge (phi copies), before control moves. */
  edge(from: number, to: number): void;
}

/**
 * Writes the flow graph as structured code: dominator-tree based, after N. Ramsey, "Beyond Relooper" (ICFP 2022). Merge nodes
 * become blocks around what they dominate less themselves, loop headers become loops, all else nests.
 */
export function writeStructured(code: Code, succs: readonly (readonly number[])[], writer: NodeWriter): void {
  const flow = makeReducible(succs);
  new Structurer(code, flow, writer).start();
}

class Structurer {
  private readonly order: Int32Array;
  private readonly children: number[][] = [];
  private readonly merges: boolean[] = [];
  private readonly headers: boolean[] = [];
  private readonly loopLabel = new Map<number, Label>();
  private readonly blockLabel = new Map<number, Label>();
  private readonly variables: number[] = [];
  private readonly out: Edge[][] = [];
  private readonly code: Code;
  private readonly flow: FlowGraph;
  private readonly writer: NodeWriter;

  constructor(code: Code, flow: FlowGraph, writer: NodeWriter) {
    this.code = code;
    this.flow = flow;
    this.writer = writer;
    const total = flow.size + flow.dispatchers.length;
    for (let i = 0; i < total; i++) {
      this.out.push([]);
      this.children.push([]);
    }
    for (const edge of flow.edges) this.out[edge.from]!.push(edge);
    for (let i = 0; i < flow.dispatchers.length; i++) this.variables.push(code.local(I32));
    this.order = this.reversePostOrder(total);
    this.dominators(total);
  }

  start(): void {
    this.tree(0);
  }

  private reversePostOrder(total: number): Int32Array {
    const order = new Int32Array(total).fill(-1);
    const post: number[] = [];
    const seen = new Uint8Array(total);
    const stack: { readonly node: number; at: number }[] = [{ node: 0, at: 0 }];
    seen[0] = 1;
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const edge = this.out[top.node]![top.at++];
      if (edge === undefined) {
        post.push(top.node);
        stack.pop();
      } else if (seen[edge.hop] === 0) {
        seen[edge.hop] = 1;
        stack.push({ node: edge.hop, at: 0 });
      }
    }
    post.reverse().forEach((node, i) => (order[node] = i));
    return order;
  }

  private dominators(total: number): void {
    const order = this.order;
    const nodes = [...order.keys()].filter((node) => order[node] !== -1).sort((a, b) => order[a]! - order[b]!);
    const preds: number[][] = Array.from({ length: total }, () => []);
    for (const edge of this.flow.edges) if (order[edge.from] !== -1) preds[edge.hop]!.push(edge.from);
    const idom = new Int32Array(total).fill(-1);
    idom[0] = 0;
    const meet = (a: number, b: number): number => {
      let x = a;
      let y = b;
      while (x !== y) {
        if (order[x]! > order[y]!) x = idom[x]!;
        else y = idom[y]!;
      }
      return x;
    };
    // The graph is reducible, so one pass in reverse post-order is enough.
    for (const node of nodes) {
      let forward = 0;
      for (const pred of preds[node]!) {
        if (order[pred]! >= order[node]!) {
          this.headers[node] = true;
          continue;
        }
        forward++;
        if (node !== 0) idom[node] = idom[node] === -1 ? pred : meet(pred, idom[node]!);
      }
      this.merges[node] = forward > 1;
    }
    for (const node of nodes) if (node !== 0) this.children[idom[node]!]!.push(node);
  }

  private tree(node: number): void {
    const inner = this.children[node]!.filter((child) => this.merges[child]).sort((a, b) => this.order[a]! - this.order[b]!);
    if (this.headers[node] === true) {
      this.loopLabel.set(node, this.code.loop());
      this.within(node, inner);
      this.code.end();
      // Control never falls out of a loop: every way is a branch.
      this.code.op(0x00);
    } else this.within(node, inner);
  }

  /** The node, inside one block for each merge node it dominates; the latest in order outermost. */
  private within(node: number, merges: readonly number[]): void {
    const last = merges[merges.length - 1];
    if (last === undefined) {
      this.node(node);
      return;
    }
    this.blockLabel.set(last, this.code.block());
    this.within(node, merges.slice(0, -1));
    this.code.end();
    this.tree(last);
  }

  private node(node: number): void {
    const dispatcher = this.flow.dispatchers[node - this.flow.size];
    if (dispatcher !== undefined) {
      const code = this.code;
      const labels = dispatcher.entries.map(() => code.block());
      labels.reverse();
      code.get(this.variables[node - this.flow.size]!).brTable(labels.slice(0, -1), labels[labels.length - 1]!);
      for (const entry of dispatcher.entries) {
        code.end();
        this.transfer(node, entry);
      }
      return;
    }
    this.writer.write(node, (successor) => {
      const edge = this.out[node]!.find((candidate) => candidate.to === successor);
      if (edge === undefined) throw new EmulatorBug(`no edge from ${node} to ${successor}`);
      this.writer.edge(node, successor);
      for (const { dispatcher: which, entry } of edge.sets) this.code.i32(entry).set(this.variables[which]!);
      this.transfer(node, edge.hop);
    });
  }

  private transfer(from: number, to: number): void {
    if (this.order[to]! <= this.order[from]!) this.code.br(this.loopLabel.get(to)!);
    else if (this.merges[to]) this.code.br(this.blockLabel.get(to)!);
    else this.tree(to);
  }
}

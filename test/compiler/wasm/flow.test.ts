import fc from "fast-check";
import { expect, test } from "vitest";
import { Code } from "../../../src/compiler/wasm/asm/code.ts";
import { WasmModule } from "../../../src/compiler/wasm/asm/module.ts";
import { I32, mem, op } from "../../../src/compiler/wasm/asm/opcodes.ts";
import { makeReducible } from "../../../src/compiler/wasm/flow/reducible.ts";
import { writeStructured } from "../../../src/compiler/wasm/flow/structure.ts";

/**
 * A function that walks the graph for `steps` nodes: each node writes its number to memory and goes to its first or second successor by the bits of its
 * own visit count. Edges count too, so that a lost edge copy shows.
 */
function walker(succs: readonly (readonly number[])[]): (steps: number) => { nodes: number[]; edges: number } {
  const module = new WasmModule();
  const code = new Code(1);
  const ref = module.declare([I32], [I32], "f");
  const at = code.local(I32);
  const edges = code.local(I32);
  const visits = succs.map(() => code.local(I32));
  writeStructured(code, succs, {
    write(node, go) {
      code.get(at).i32(node).memory(mem.i32_store8).get(at).i32(1).op(op.i32_add).set(at);
      code.get(at).get(0).op(op.i32_ge_u).if();
      code.get(edges).op(op.return).end();
      const [first, second] = succs[node]!;
      if (first === undefined) code.get(edges).op(op.return);
      else if (second === undefined) go(first);
      else {
        code.get(visits[node]!).i32(1).op(op.i32_add).set(visits[node]!);
        code.get(visits[node]!).i32(node + 1).op(op.i32_mul).i32(1).op(op.i32_shr_u).i32(1).op(op.i32_and).if();
        go(second);
        code.else();
        go(first);
        code.end();
      }
    },
    edge(from, to) {
      code.get(edges).i32(31).op(op.i32_mul).i32(from * 64 + to).op(op.i32_add).set(edges);
    },
  });
  code.op(op.unreachable);
  module.define(ref, code);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish({ shared: false, maximumPages: 1 })), { e: { memory } });
  return (steps) => {
    const bytes = new Uint8Array(memory.buffer).fill(255);
    const result = (instance.exports["f"] as (n: number) => number)(steps);
    return { nodes: [...bytes.subarray(0, steps)], edges: result };
  };
}

function reference(succs: readonly (readonly number[])[], steps: number): { nodes: number[]; edges: number } {
  const nodes: number[] = [];
  const visits = succs.map(() => 0);
  let node = 0;
  let edges = 0;
  for (;;) {
    nodes.push(node);
    const [first, second] = succs[node]!;
    if (nodes.length >= steps || first === undefined) break;
    let next = first;
    if (second !== undefined) {
      visits[node]!++;
      if (((visits[node]! * (node + 1)) >> 1) % 2 === 1) next = second;
    }
    edges = (Math.imul(edges, 31) + node * 64 + next) | 0;
    node = next;
  }
  while (nodes.length < steps) nodes.push(255);
  return { nodes, edges };
}

/** Graphs of any shape whose entry has no predecessor. */
const graphs = fc.integer({ min: 1, max: 12 }).chain((n) => {
  const target = fc.integer({ min: Math.min(1, n - 1), max: n - 1 });
  const successors: fc.Arbitrary<number[]> = n === 1 ? fc.constant([]) : fc.uniqueArray(target, { maxLength: 2 });
  return fc.array(successors, { minLength: n, maxLength: n });
});

test("structured code walks every graph as the graph says, irreducible ones too", () => {
  fc.assert(fc.property(graphs, (succs) => {
    expect(walker(succs)(200)).toEqual(reference(succs, 200));
  }), { seed: 7, numRuns: 400 });
});

test("a loop with two entries gets one dispatcher, nested ones each their own", () => {
  expect(makeReducible([[1, 2], [2, 3], [1], []]).dispatchers).toHaveLength(1);
  expect(makeReducible([[1], [2], [1, 3], []]).dispatchers).toHaveLength(0);
  // 0 enters the outer loop {1,2,3,4} at 1 and 2, and its inner loop {3,4} is entered at 3 and 4.
  expect(makeReducible([[1, 2], [2], [3, 4], [4], [3, 1]]).dispatchers).toHaveLength(2);
});

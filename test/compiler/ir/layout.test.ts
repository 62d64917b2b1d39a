import fc from "fast-check";
import { expect, test } from "vitest";
import { reachableFrom, recursiveFunctions } from "../../../src/compiler/ir/layout.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";

/** What a call graph tells. */

test("functions on rings of calls are those that some callee leads back to", () => {
  fc.assert(fc.property(fc.array(fc.array(fc.nat(11), { maxLength: 3 }), { minLength: 1, maxLength: 12 }), (calls) => {
    const graph = new Map(calls.map((callees, i) => [`f${i}`, new Set(callees.filter((j) => j < calls.length).map((j) => `f${j}`))]));
    const expected = [...graph].filter(([name, callees]) => [...callees].some((callee) => reachableFrom(graph, callee).has(name))).map(([name]) => name);
    expect([...recursiveFunctions(graph)].toSorted()).toEqual(expected.toSorted());
  }), { numRuns: 500, seed: 3 });
});

test("a chain of 20,000 calls is no recursion, neither of the program nor of ours", () => {
  const n = 20_000;
  const chain = Array.from({ length: n }, (_, i) => `.func f${i}() { .local .b8 x[8]; .reg .b32 %r; mov.u32 %r, 1; st.local.u32 [x], %r; ${i === 0 ? "" : `call f${i - 1}, ();`} ret; }`);
  const module = ptxToIr(`.version 8.0\n.target sm_80\n.address_size 64\n${chain.join("\n")}\n.visible .entry k() { call f${n - 1}, (); ret; }`);
  const info = compileModule(module).kernels.get("k")!;
  expect(info.localBytes).toBeGreaterThanOrEqual(16 * n);
  expect(info.localBytes).toBeLessThan(16 * n + 1024);
});

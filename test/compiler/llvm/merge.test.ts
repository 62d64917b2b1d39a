import { expect, test } from "vitest";
import { program } from "../builtins/support.ts";

/** Number of values of each load of kernel `k`. */
function loads(body: string): number[] {
  const { module } = program(`define spir_kernel void @k(ptr addrspace(1) %p, ptr addrspace(1) %o) {
${body}
  ret void
}`);
  return module.functions.get("k")!.blocks.flatMap((block) => block.instrs.flatMap((i) => (i.op === "load" ? [i.dst.length] : [])));
}

const element = (n: number, align: number): string => `
  %p${n} = getelementptr i8, ptr addrspace(1) %p, i64 ${4 * n}
  %v${n} = load float, ptr addrspace(1) %p${n}, align ${align}
  %w${n} = fadd float %v${n}, 1.0`;
const use = (n: number): string => `
  %q${n} = getelementptr i8, ptr addrspace(1) %o, i64 ${4 * n}
  store float %w${n}, ptr addrspace(1) %q${n}`;

test("elements of an aligned vector are loaded together, in any order", () => {
  expect(loads([0, 1, 2, 3].map((n) => element(n, n === 0 ? 16 : 4)).join(""))).toEqual([4]);
  expect(loads([3, 0, 2, 1].map((n) => element(n, n === 0 ? 16 : 4)).join(""))).toEqual([4]);
});

test("not beyond what alignment shows, and not across gaps", () => {
  expect(loads([0, 1, 2, 3].map((n) => element(n, n === 0 ? 8 : 4)).join(""))).toEqual([2, 1, 1]);
  expect(loads([0, 1, 2].map((n) => element(n, 4)).join(""))).toEqual([1, 1, 1]);
  expect(loads([0, 1, 3].map((n) => element(n, n === 0 ? 16 : 4)).join(""))).toEqual([2, 1]);
});

test("not across a store or a barrier", () => {
  expect(loads(element(0, 16) + use(0) + element(1, 4))).toEqual([1, 1]);
  expect(loads(`${element(0, 16)}\n  call spir_func void @_Z7barrierj(i32 1)${element(1, 4)}`)).toEqual([1, 1]);
});

test("values are those of single loads", () => {
  const body = [2, 0, 3, 1].map((n) => element(n, n === 0 ? 16 : 4)).join("") + [0, 1, 2, 3].map(use).join("");
  const out = new Float32Array(4);
  program(`define spir_kernel void @k(ptr addrspace(1) %p, ptr addrspace(1) %o) {\n${body}\n  ret void\n}`).run("k", [Float32Array.of(1, 2, 3, 4), out], 1);
  expect([...out]).toEqual([2, 3, 4, 5]);
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import type { Block } from "../../../src/compiler/wasm/graph/node.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { pinsBefore, pinsOf } from "../../../src/compiler/wasm/simd/pins.ts";
import { lanePolicy } from "../../../src/compiler/wasm/simd/shapes.ts";
import { programOf } from "./facts.ts";
import { packParams, TestMachine } from "./harness.ts";

/** Long blocks of loads and sums, as unrolled loops are: sums are done between the loads, and what is loaded is what was there. */

afterAll(() => Object.assign(lanePolicy, { quads: 0, always: false }));

interface Step {
  /** What is loaded: own elements, one that all share, a neighbour's, or from global memory. */
  readonly from: "own" | "all" | "next" | "global";
  readonly offset: number;
  /** Sum that it goes to, and whether that is then written to where later loads are from. */
  readonly sum: 0 | 1;
  readonly store: number | null;
  readonly double: boolean;
}

function source(steps: readonly Step[]): string {
  const lines = steps.map(({ from, offset, sum, store, double }, i) => {
    const load = from === "global" ? `ld.global.f32 %f1, [%rd5+${4 * offset}];` : `ld.shared.f32 %f1, [${{ own: "%r10", all: "%r11", next: "%r12" }[from]}+${256 * offset}];`;
    const add = double ? `cvt.f64.f32 %d1, %f1; fma.rn.f64 %d2, %d1, 0d3FF8000000000000, %d2;` : `fma.rn.f32 %f${2 + sum}, %f1, 0f3F8${i % 8}0000, %f${2 + sum};`;
    return `${load} ${add} ${store === null ? "" : `st.shared.f32 [%r10+${256 * store}], %f${2 + sum};`}`;
  });
  return `.version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 in, .param .u64 out) {
.reg .b32 %r<40>; .reg .b64 %rd<20>; .reg .f32 %f<9>; .reg .f64 %d<9>;\n.shared .align 4 .b8 t[2048];
ld.param.u64 %rd1, [in]; ld.param.u64 %rd2, [out]; mov.u32 %r3, %tid.x; mul.wide.u32 %rd3, %r3, 4; add.s64 %rd5, %rd1, %rd3; add.s64 %rd2, %rd2, %rd3;
mov.u32 %r11, t; shl.b32 %r4, %r3, 2; add.s32 %r10, %r11, %r4; xor.b32 %r5, %r4, 4; add.s32 %r12, %r11, %r5; mov.f32 %f2, 0f00000000; mov.f32 %f3, 0f3F800000; mov.f64 %d2, 0d0000000000000000;
${[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `ld.global.f32 %f4, [%rd5+${256 * i}]; st.shared.f32 [%r10+${256 * i}], %f4;`).join(" ")} bar.sync 0;
${lines.join("\n")}
st.global.f32 [%rd2], %f2; st.global.f32 [%rd2+256], %f3; cvt.rn.f32.f64 %f4, %d2; st.global.f32 [%rd2+512], %f4; ret;\n}`;
}

function run(steps: readonly Step[], compile: typeof compileModule): unknown {
  const machine = new TestMachine({ pages: 64 });
  const input = machine.upload(Float32Array.from({ length: 1024 }, (_, i) => Math.fround(Math.sin(i) * 3)));
  const out = machine.map(1024);
  const code = compile(ptxToIr(source(steps), "k.ptx"));
  const { done, instructions, bytes } = machine.launch(code, code.load(machine), "k", packParams(input, out), { block: [64, 1, 1] });
  return { done, instructions, bytes, out: machine.u32(out, 192) };
}

// Work-items write their own elements only, and read others' where nobody writes.
const steps: fc.Arbitrary<Step[]> = fc.array(fc.record({
  from: fc.constantFrom("own", "own", "all", "next", "global"), offset: fc.integer({ min: 0, max: 3 }), sum: fc.constantFrom(0, 1), store: fc.oneof({ weight: 30, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }) }), double: fc.boolean(),
}), { minLength: 16, maxLength: 40 }).map((all) => all.map((step): Step => ({ ...step, offset: step.from === "all" || step.from === "next" ? step.offset + 4 : step.offset })) as Step[]);

describe("sums among many loads", () => {
  test.each([0, 1, 2, 4])("are the same with %i vectors together, and loads behind stores see them", { timeout: 60_000 }, (quads) => {
    Object.assign(lanePolicy, { quads, always: true });
    fc.assert(fc.property(steps, (one) => {
      expect(run(one, compileModule)).toEqual(run(one, interpretModule));
    }), { numRuns: 15, seed: 20261123 });
  });

  /** The block of the kernel with the most loads. */
  const longest = (text: string, kernel: string): Block => programOf(ptxToIr(text, "k.ptx"), kernel).kernel.graph.blocks.reduce((most, block) => (count(block) > count(most) ? block : most));
  const count = (block: Block): number => block.nodes.filter(({ op }) => op === "load").length;

  test("stand where they are in an unrolled loop, pinned every few loads", () => {
    const block = longest(readFileSync(new URL("../../../bench/kernels.ptx", import.meta.url), "utf8"), "matmul_tiled");
    const sums = block.nodes.filter(({ op }) => op === "fma");
    expect(sums.length).toBe(16);
    expect(sums.some(({ folded }) => folded)).toBe(false);
    const pins = pinsOf(block);
    // One sum goes on; only its last value is needed at each pin.
    expect([...pins.values()].map((pinned) => pinned.length)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    for (const [load, [sum]] of pins) expect(block.nodes.indexOf(sum!)).toBeLessThan(block.nodes.indexOf(load));
  });

  test("are parts of expressions, and not pinned, where few are loaded", () => {
    const few: Step = { from: "own", offset: 0, sum: 0, store: null, double: false };
    const block = longest(source(Array.from({ length: 8 }, () => few)), "k");
    expect(block.nodes.filter(({ op }) => op === "fma").some(({ folded }) => folded)).toBe(true);
    expect(pinsOf(block).size).toBe(0);
  });
});

describe("values made before a loop", () => {
  const text = `.version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 in, .param .u64 out) {
.reg .b32 %r<40>; .reg .b64 %rd<20>; .reg .f32 %f<9>; .reg .pred %p<2>;
ld.param.u64 %rd1, [in]; ld.param.u64 %rd2, [out]; mov.u32 %r3, %tid.x; mul.wide.u32 %rd3, %r3, 16; mul.wide.u32 %rd4, %r3, 4; add.s64 %rd5, %rd1, %rd3; add.s64 %rd6, %rd2, %rd4;
ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd5]; mov.f32 %f5, 0f00000000; mov.u32 %r4, 0;
LOOP: mul.wide.u32 %rd7, %r4, 4; add.s64 %rd8, %rd1, %rd7; ld.global.f32 %f6, [%rd8]; sub.f32 %f7, %f6, %f1; fma.rn.f32 %f5, %f7, %f3, %f5; add.s32 %r4, %r4, 1; setp.lt.u32 %p1, %r4, 50; @%p1 bra LOOP;
fma.rn.f32 %f5, %f2, %f4, %f5; st.global.f32 [%rd6], %f5; ret;\n}`;

  test("are pinned in front of it, if it reads them", () => {
    const { graph } = programOf(ptxToIr(text, "k.ptx"), "k").kernel;
    const pinned = graph.blocks.flatMap((block) => pinsBefore(block).map((value) => value.op === "proj" ? `element ${value.imm}` : value.op));
    expect(pinned.filter((name) => name.startsWith("element")).sort()).toEqual(["element 0", "element 2"]);
  });

  test.each([0, 1, 2, 4])("are what they were, with %i vectors together", (quads) => {
    Object.assign(lanePolicy, { quads, always: true });
    const [fast, slow] = [compileModule, interpretModule].map((compile) => {
      const machine = new TestMachine({ pages: 64 });
      const input = machine.upload(Float32Array.from({ length: 256 }, (_, i) => Math.fround(Math.sin(i) * 3)));
      const out = machine.map(1024);
      const code = compile(ptxToIr(text, "k.ptx"));
      machine.launch(code, code.load(machine), "k", packParams(input, out), { block: [64, 1, 1] });
      return machine.u32(out, 64);
    });
    expect(fast).toEqual(slow);
  });
});

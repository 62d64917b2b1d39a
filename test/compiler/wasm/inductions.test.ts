import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { programOf } from "./facts.ts";
import { packParams, TestMachine } from "./harness.ts";

/** Loops around barriers in which pointers and numbers move on: they are taken apart into what each work-item has and what all have in common. */

interface Case {
  /** What a pointer moves by, in words: a number of the program's own, one of the launch, or the work-item's own. */
  readonly by: "constant" | "launch" | "item";
  readonly step: number;
  /** Where an i32 begins, and what it moves by: it may wrap. */
  readonly from: number;
  readonly more: number;
  readonly rounds: number;
  /** Whether the pointer is asked for behind the loop, too. */
  readonly behind: boolean;
  readonly block: readonly [number, number];
  readonly groups: number;
  readonly budget: number;
}

function source({ by, step, more, behind }: Case): string {
  const amount = by === "constant" ? `mov.b64 %rd5, ${4 * step};` : by === "launch" ? "cvt.s64.s32 %rd5, %r6; shl.b64 %rd5, %rd5, 2;" : "cvt.u64.u32 %rd5, %r3; shl.b64 %rd5, %rd5, 2;";
  return `.version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 in, .param .u64 out, .param .u32 step, .param .u32 rounds, .param .u32 from) {
.reg .pred %p<9>; .reg .b32 %r<40>; .reg .b64 %rd<20>;\n.shared .align 4 .b8 t[1024];
ld.param.u64 %rd1, [out]; ld.param.u64 %rd2, [in]; ld.param.u32 %r6, [step]; ld.param.u32 %r7, [rounds]; ld.param.u32 %r20, [from];
mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mov.u32 %r4, %tid.y; mov.u32 %r15, %ntid.y; mul.lo.s32 %r17, %r15, %r2; mad.lo.s32 %r5, %r4, %r2, %r3;
mad.lo.s32 %r16, %r1, %r17, %r5; mul.wide.u32 %rd3, %r16, 4; add.s64 %rd1, %rd1, %rd3; mul.wide.u32 %rd4, %r5, 4; add.s64 %rd2, %rd2, %rd4;
${amount} add.s32 %r20, %r20, %r3; shl.b32 %r10, %r5, 2; mov.u32 %r11, t; add.s32 %r10, %r11, %r10; mov.u32 %r8, 0; xor.b32 %r21, %r5, 1; rem.u32 %r21, %r21, %r17; shl.b32 %r21, %r21, 2; add.s32 %r21, %r11, %r21; mov.u32 %r9, 0;
LOOP: ld.global.u32 %r12, [%rd2]; add.s32 %r12, %r12, %r20; st.shared.u32 [%r10], %r12; bar.sync 0;
ld.shared.u32 %r13, [%r21]; mad.lo.s32 %r8, %r8, 3, %r13; bar.sync 0;
add.s64 %rd2, %rd2, %rd5; add.s32 %r20, %r20, ${more}; add.s32 %r9, %r9, 1; setp.lt.s32 %p1, %r9, %r7; @%p1 bra LOOP;
${behind ? "cvt.u32.u64 %r14, %rd2; xor.b32 %r8, %r8, %r14; xor.b32 %r8, %r8, %r20;" : ""} st.global.u32 [%rd1], %r8; ret;\n}`;
}

function run(one: Case, compile: typeof compileModule): unknown {
  const machine = new TestMachine({ pages: 64 });
  const items = one.block[0] * one.block[1] * one.groups;
  const words = one.block[0] * one.block[1] + 256 * 12 + 8;
  const middle = one.step < 0 ? -one.step * one.rounds : 0;
  const input = machine.map(4 * (words + middle));
  for (let i = 0; i < words + middle; i++) machine.write(input + BigInt(4 * i), new Uint8Array(new Uint32Array([Math.imul(i + 1, 0x9e37_79b1)]).buffer));
  const out = machine.map(4 * items);
  const code = compile(ptxToIr(source(one), "k.ptx"));
  const { done, instructions, bytes } = machine.launch(code, code.load(machine), "k", packParams(input + BigInt(4 * middle), out, one.step, one.rounds, one.from), { grid: [one.groups, 1, 1], block: [...one.block, 1], budget: one.budget });
  return { done, instructions, bytes, out: machine.u32(out, items) };
}

const cases: fc.Arbitrary<Case> = fc.record({
  by: fc.constantFrom("constant", "launch", "item"), step: fc.integer({ min: -20, max: 40 }), from: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(0x7fff_fff0, -0x7fff_fff8)),
  more: fc.oneof(fc.integer({ min: -3, max: 20 }), fc.constantFrom(0x4000_0001)), rounds: fc.integer({ min: 1, max: 9 }), behind: fc.boolean(),
  block: fc.constantFrom([64, 1], [33, 1], [16, 4], [128, 2], [6, 3]), groups: fc.integer({ min: 1, max: 3 }), budget: fc.constantFrom(1e9, 1e9, 300),
});

const plain: Case = { by: "launch", step: 4, from: 0, more: 16, rounds: 3, behind: false, block: [16, 4], groups: 1, budget: 1e9 };

describe("pointers that a loop around barriers moves along", () => {
  test("are what they were, all and for whom", { timeout: 60_000 }, () => {
    fc.assert(fc.property(cases, (one) => {
      expect(run(one, compileModule)).toEqual(run(one, interpretModule));
    }), { numRuns: 60, seed: 20261123 });
  });

  /** What each work-item keeps from round to round, by type. */
  const kept = (one: Case): string[] => {
    const { kernel, regions } = programOf(ptxToIr(source(one), "k.ptx"), "k");
    return kernel.graph.blocks.flatMap(({ nodes }) => nodes).filter((node) => node.op === "phi" && node.uses > 0 && !regions!.cells.has(node)).map(({ type }) => type!).sort();
  };

  test("are not kept for each work-item where all move by the same: only its sum is", () => {
    for (const by of ["launch", "constant"] as const) for (const behind of [false, true]) expect(kept({ ...plain, by, behind })).toEqual(["i32"]);
  });

  test("are where each moves by its own", () => {
    expect(kept({ ...plain, by: "item" })).toEqual(["i32", "i64"]);
  });
});

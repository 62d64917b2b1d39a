import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { packParams, TestMachine } from "./harness.ts";

/** Steps of reductions and scans, in which fewer and fewer work-items have something to do: the rest of a row is only counted, to the same sum as one by one. */

interface Case {
  /** Who works in a step: `tid * factor + more < d`, or the other way round. */
  readonly factor: number;
  readonly more: number;
  readonly flip: boolean;
  readonly signed: boolean;
  /** First d, and what becomes of it from step to step: halved or one less, at most `steps` times. */
  readonly d: number;
  readonly halve: boolean;
  readonly steps: number;
  /** What all decide alike behind the work of a step: to count on, where d is odd. */
  readonly fork: boolean;
  readonly block: readonly [number, number];
  readonly groups: number;
  readonly budget: number;
}

function source({ factor, more, flip, signed, halve, fork }: Case): string {
  const idle = `setp.${flip ? "lt" : "ge"}.${signed ? "s" : "u"}32 %p1, %r9, %r6;`;
  const odd = fork ? "and.b32 %r12, %r6, 1; setp.eq.s32 %p2, %r12, 0; @%p2 bra EVEN; add.s32 %r8, %r8, 3; mul.lo.s32 %r8, %r8, 5; EVEN:\n" : "";
  return `.version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 out, .param .u32 d, .param .u32 steps) {
.reg .pred %p<9>; .reg .b32 %r<40>; .reg .b64 %rd<20>;\n.shared .align 4 .b8 t[1024];
ld.param.u64 %rd1, [out]; ld.param.u32 %r6, [d]; ld.param.u32 %r7, [steps]; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mov.u32 %r4, %tid.y; mad.lo.s32 %r5, %r4, %r2, %r3; mov.u32 %r8, 1;
shl.b32 %r10, %r5, 2; mov.u32 %r11, t; add.s32 %r10, %r11, %r10; add.s32 %r13, %r5, %r1; st.shared.u32 [%r10], %r13; mad.lo.s32 %r9, %r3, ${factor}, ${more};
LOOP: bar.sync 0;\n${idle} @%p1 bra SKIP;\nld.shared.u32 %r14, [%r10]; mad.lo.s32 %r14, %r14, 3, %r8; st.shared.u32 [%r10], %r14;
SKIP: add.s32 %r8, %r8, 1;\n${odd}${halve ? "shr.u32 %r6, %r6, 1;" : "add.s32 %r6, %r6, -1;"} sub.s32 %r7, %r7, 1; setp.gt.s32 %p3, %r7, 0; @%p3 bra LOOP;
ld.shared.u32 %r14, [%r10]; mov.u32 %r15, %ntid.y; mul.lo.s32 %r16, %r15, %r2; mad.lo.s32 %r16, %r1, %r16, %r5; mul.wide.u32 %rd2, %r16, 4; add.s64 %rd1, %rd1, %rd2; st.global.u32 [%rd1], %r14; ret;\n}`;
}

function run(one: Case, compile: typeof compileModule): unknown {
  const machine = new TestMachine({ pages: 64 });
  const items = one.block[0] * one.block[1] * one.groups;
  const out = machine.map(4 * items);
  const code = compile(ptxToIr(source(one), "k.ptx"));
  const { done, instructions, bytes } = machine.launch(code, code.load(machine), "k", packParams(out, one.d, one.steps), { grid: [one.groups, 1, 1], block: [...one.block, 1], budget: one.budget });
  return { done, instructions, bytes, out: machine.u32(out, items) };
}

const cases: fc.Arbitrary<Case> = fc.record({
  factor: fc.constantFrom(1, 1, 2, -1, 3), more: fc.integer({ min: -3, max: 20 }), flip: fc.boolean(), signed: fc.boolean(),
  d: fc.oneof(fc.integer({ min: -2, max: 100 }), fc.constantFrom(16, 32, 64, 0x7fff_ffff, -0x8000_0000)), halve: fc.boolean(), steps: fc.integer({ min: 1, max: 9 }), fork: fc.boolean(),
  block: fc.constantFrom([64, 1], [33, 1], [16, 4], [128, 2], [5, 3]), groups: fc.integer({ min: 1, max: 3 }), budget: fc.constantFrom(1e9, 1e9, 300),
});

describe("the rest of a row", () => {
  test("is counted as if everybody had gone", { timeout: 60_000 }, () => {
    fc.assert(fc.property(cases, (one) => {
      expect(run(one, compileModule)).toEqual(run(one, interpretModule));
    }), { numRuns: 120, seed: 20261123 });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PAGE_SIZE } from "../../../src/compiler/abi.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { rowSites } from "../../../src/compiler/wasm/fast/rows.ts";
import { planTogether, togetherPolicy } from "../../../src/compiler/wasm/fast/together.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { programOf } from "./facts.ts";
import { packParams, TestMachine } from "./harness.ts";

/** Loops over the grid, of which a copy is made for launches that go round once: nobody can tell. */

interface Case {
  /** Type of the index, and where it begins: it may wrap. */
  readonly type: "u32" | "s32" | "u64" | "s64";
  readonly from: bigint;
  /** Elements, seen from there. */
  readonly n: number;
  /** How often the loop goes round at most, as an index that wraps might go on for ever. */
  readonly cap: number;
  /** A stride of so many grids. */
  readonly grids: number;
  /** A branch in the body; and values that the loop carries and leaves behind. */
  readonly fork: boolean;
  readonly sum: boolean;
  /** Elements behind `n` that are there, or before it that are not. */
  readonly room: number;
  readonly block: readonly [number, number];
  readonly groups: number;
  readonly budget: number;
}

/** y[i] = 3 * x[i] + y[i], elements numbered from where the index begins. */
function source({ type, from, cap, grids, fork, sum }: Case): string {
  const wide = type.endsWith("64");
  const bits = wide ? "64" : "32";
  const i = wide ? "%rd10" : "%r30";
  const [start, count, stride] = wide ? ["%rd11", "%rd12", "%rd13"] : ["%r31", "%r32", "%r33"];
  const widen = (name: string, value: string): string => (wide ? `cvt.u64.u32 ${name}, ${value};` : `mov.b32 ${name}, ${value};`);
  return `.version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 x, .param .u64 y, .param .u64 out, .param .u64 n) {
.reg .pred %p<9>; .reg .b32 %r<40>; .reg .b64 %rd<20>;
ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [y]; ld.param.u64 %rd3, [out]; ld.param.u64 %rd4, [n]; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mov.u32 %r9, 0; mov.u32 %r8, 0; mov.u32 %r7, %tid.y;
${wide ? "mul.wide.u32 %rd11, %r1, %r2; cvt.u64.u32 %rd14, %r3; add.s64 %rd11, %rd11, %rd14; cvt.u64.u32 %rd14, %r7; add.s64 %rd11, %rd11, %rd14;" : "mad.lo.s32 %r31, %r1, %r2, %r3; add.s32 %r31, %r31, %r7;"}
mov.u32 %r4, %nctaid.x; mul.lo.s32 %r4, %r4, ${grids}; mul.lo.s32 %r5, %r4, %r2; ${widen(stride, "%r5")} ${wide ? "mov.b64 %rd12, %rd4;" : "cvt.u32.u64 %r32, %rd4;"}
mov.b${bits} ${wide ? "%rd15" : "%r35"}, ${BigInt.asIntN(wide ? 64 : 32, from)}; add.s${bits} ${i}, ${start}, ${wide ? "%rd15" : "%r35"}; add.s${bits} ${count}, ${count}, ${wide ? "%rd15" : "%r35"};
setp.ge.${type} %p1, ${i}, ${count}; @%p1 bra DONE;
LOOP: sub.s${bits} ${wide ? "%rd16" : "%r36"}, ${i}, ${wide ? "%rd15" : "%r35"}; ${wide ? "" : "cvt.u64.u32 %rd16, %r36;"} shl.b64 %rd16, %rd16, 2; add.s64 %rd5, %rd1, %rd16; add.s64 %rd6, %rd2, %rd16;
ld.global.u32 %r10, [%rd5]; ld.global.u32 %r11, [%rd6]; mad.lo.s32 %r11, %r10, 3, %r11;
${fork ? "and.b32 %r12, %r11, 4; setp.eq.s32 %p2, %r12, 0; @%p2 bra SKIP; add.s32 %r11, %r11, 77; SKIP:" : ""}
st.global.u32 [%rd6], %r11; ${sum ? "mad.lo.s32 %r8, %r8, 5, %r11;" : ""}
add.s${bits} ${i}, ${i}, ${stride}; add.s32 %r9, %r9, 1; setp.lt.${type} %p3, ${i}, ${count}; ${cap > 0 ? `setp.lt.s32 %p4, %r9, ${cap}; and.pred %p3, %p3, %p4;` : ""} @%p3 bra LOOP;
DONE: ${sum ? "mul.lo.s32 %r2, %r2, %r1; add.s32 %r2, %r2, %r3; mul.wide.u32 %rd7, %r2, 4; add.s64 %rd3, %rd3, %rd7; setp.ne.s32 %p5, %r7, 0; @%p5 bra END; st.global.u32 [%rd3], %r8; END:" : ""} ret;\n}`;
}

/** @param slices takes what each call of the execution came to */
function run(one: Case, compile: typeof compileModule, slices: unknown[] = []): unknown {
  const machine = new TestMachine({ pages: 64, scramble: false });
  const [bx, by] = one.block;
  const there = Math.max(0, one.n + one.room);
  const items = bx * by * one.groups;
  // Behind the last element there is no memory.
  const [x, y] = [0, 1].map(() => machine.map(2 * PAGE_SIZE) + BigInt(2 * PAGE_SIZE - 4 * there)) as [bigint, bigint];
  const numbers = (seed: number): Uint8Array => new Uint8Array(Uint32Array.from({ length: there }, (_, i) => Math.imul(i + seed, 0x9e37_79b1)).buffer);
  machine.write(x, numbers(1));
  machine.write(y, numbers(77));
  const out = machine.map(4 * items);
  const code = compile(ptxToIr(source(one), "k.ptx"), { togetherFrom: 0 });
  const loaded = code.load(machine);
  const watched: typeof loaded = {
    ...loaded, start: (config, hooks) => {
      const execution = loaded.start(config, hooks);
      const watchedRun: typeof execution.run = (limits) => {
        const status = execution.run(limits);
        slices.push([status.instructions, status.bytes, status.blocks, status.done]);
        return status;
      };
      return { ...execution, run: watchedRun, dispose: () => execution.dispose() };
    },
  };
  let end: unknown;
  try {
    const { done, instructions, bytes } = machine.launch(code, watched, "k", packParams(x, y, out, BigInt(one.n)), { grid: [one.groups, 1, 1], block: [bx, by, 1], budget: one.budget });
    end = { done, instructions, bytes };
  } catch (error) {
    end = String(error);
  }
  return { end, y: machine.u32(y, there), out: machine.u32(out, items) };
}

const cases: fc.Arbitrary<Case> = fc.record({
  type: fc.constantFrom("u32", "s32", "u64", "s64"),
  from: fc.constantFrom(0n, 0n, 0n, 5n, 0x7fff_ffa0n, 0xffff_ff90n, 0x7fff_ffff_ffff_ffa0n, 0xffff_ffff_ffff_ff90n), n: fc.oneof(fc.integer({ min: 0, max: 700 }), fc.constantFrom(64, 128, 256, 384)), cap: fc.constantFrom(0, 3, 4),
  grids: fc.constantFrom(1, 1, 1, 2), fork: fc.boolean(), sum: fc.boolean(), room: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 300) }, { weight: 1, arbitrary: fc.integer({ min: -40, max: 0 }) }),
  block: fc.constantFrom([64, 1], [128, 1], [33, 1], [16, 4], [64, 2]), groups: fc.integer({ min: 1, max: 6 }), budget: fc.constantFrom(1e9, 1e9, 300),
}).map((one) => ({ ...one, cap: one.from === 0n || one.from === 5n ? one.cap : 3, room: one.from > 5n || one.grids > 1 || one.block[1] > 1 ? Math.max(one.room, 1500) : one.room }));

const plain: Case = { type: "u64", from: 0n, n: 384, cap: 0, grids: 1, fork: false, sum: false, room: 0, block: [128, 1], groups: 3, budget: 1e9 };

describe("loops over the grid", () => {
  test("do what they do work-item by work-item", { timeout: 60_000 }, () => {
    fc.assert(fc.property(cases, (one) => {
      expect(run(one, compileModule)).toEqual(run(one, interpretModule));
    }), { numRuns: 60, seed: 20261123 });
  });

  test("one by one too", { timeout: 60_000 }, () => {
    togetherPolicy.never = true;
    try {
      fc.assert(fc.property(cases, (one) => {
        expect(run(one, compileModule)).toEqual(run(one, interpretModule));
      }), { numRuns: 40, seed: 4 });
    } finally {
      togetherPolicy.never = false;
    }
  });

  test("stop where they stop when each group goes by itself", { timeout: 60_000 }, () => {
    const groups = fc.record({ groups: fc.constantFrom(2, 5, 8, 13), block: fc.constantFrom<Case["block"][]>([64, 1], [32, 1], [48, 1], [16, 2], [32, 3]), budget: fc.constantFrom(1e9, 20_000, 9_000, 3_000, 1_500, 700), short: fc.constantFrom(0, 0, 0, 40, -1, -70, -300) });
    fc.assert(fc.property(cases, groups, (some, { short, ...more }) => {
      // Most launches have a work-item for each element; some go round again, some have work-items without one.
      const one = { ...some, ...more, n: more.block[0] * more.groups - short, room: 1500, grids: 1 };
      const seen = [false, true].map((never) => {
        togetherPolicy.never = never;
        const slices: unknown[] = [];
        try {
          return { result: run(one, compileModule, slices), slices };
        } finally {
          togetherPolicy.never = false;
        }
      });
      expect(seen[0]).toEqual(seen[1]);
    }), { numRuns: 100, seed: 5 });
  });

  test("go side by side where nobody goes round again, as far as the code can tell", () => {
    const plan = (text: string): unknown => {
      const regions = programOf(ptxToIr(text, "k.ptx"), "k").regions!;
      return planTogether(regions.flow.nodes[0]!, rowSites(regions.flow.nodes[0]!, regions.levels), regions);
    };
    for (const type of ["u32", "s32", "u64", "s64"] as const) expect(plan(source({ ...plain, type })), type).toMatchObject({ straight: [{ answer: 0 }] });
    // Where the group's number is looked at, and where a row cannot be asked.
    expect(plan(source(plain).replace("DONE:", "DONE: st.global.u32 [%rd3], %r1;"))).toBe(null);
    expect(plan(source(plain).replace("setp.lt.u64 %p3", "setp.ne.u64 %p3"))).toBe(null);
  });

  /** Stores of the kernel that no loop comes back to. */
  const storesOutside = (one: Case): number => programOf(ptxToIr(source(one), "k.ptx"), "k").kernel.graph.blocks.filter(({ loopDepth }) => loopDepth === 0).flatMap(({ nodes }) => nodes).filter(({ op }) => op === "store").length;

  test("have a copy that is no loop", () => {
    for (const fork of [false, true]) expect(storesOutside({ ...plain, fork })).toBe(1);
  });

  test("have none where a round decides on the next by what it computes", () => {
    const text = source(plain).replace("setp.lt.u64 %p3", "cvt.u64.u32 %rd17, %r11; setp.lt.u64 %p6, %rd17, %rd12; setp.lt.u64 %p3").replace("@%p3 bra LOOP", "and.pred %p3, %p3, %p6; @%p3 bra LOOP");
    expect(programOf(ptxToIr(text, "k.ptx"), "k").kernel.graph.blocks.filter(({ loopDepth }) => loopDepth === 0).flatMap(({ nodes }) => nodes).some(({ op }) => op === "store")).toBe(false);
  });
});

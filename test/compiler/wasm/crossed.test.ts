import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { PTE_READ, PTE_WRITE } from "../../../src/compiler/abi.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { lanePolicy } from "../../../src/compiler/wasm/simd/policy.ts";
import { packParams, TestMachine } from "./harness.ts";

/** Work-items that are paired by the bits of their numbers, whatever the bits, wherever rows begin and buffers lie: compared with the interpreter. */

interface Case {
  /** Compares and exchanges in place; adds up into another buffer; or exchanges in shared memory, for all distances from j down. */
  readonly kind: "exchange" | "gather" | "shared";
  readonly by: "xor" | "or" | "and";
  /** What is crossed: the number in the group, or in the launch with something added. */
  readonly start: number | null;
  /** How addresses are extended. */
  readonly sign: "s" | "u";
  readonly j: number;
  readonly k: number;
  readonly block: number;
  readonly groups: number;
  /** Bytes from a page's beginning at which the buffers begin. */
  readonly from: number;
  /** What the second page allows at first. */
  readonly page: number;
  readonly quads: number;
}

const head = ".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 x, .param .u64 y, .param .u32 j, .param .u32 k, .param .u32 start) {\n"
  + ".reg .pred %p<9>; .reg .b32 %r<40>; .reg .b64 %rd<20>;\n.shared .align 4 .b8 t[1024];\n"
  + "ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [y]; ld.param.u32 %r6, [j]; ld.param.u32 %r7, [k]; ld.param.u32 %r8, [start]; mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;\n";

function source({ kind, by, start, sign }: Case): string {
  const wide = (to: number, index: number, base: number): string => `mul.wide.${sign}32 %rd${to}, %r${index}, 4; add.s64 %rd${to}, %rd${base}, %rd${to};\n`;
  const i = start === null ? "mov.u32 %r4, %r3;\n" : "mad.lo.s32 %r4, %r1, %r2, %r3; add.s32 %r4, %r4, %r8;\n";
  const exchange = (space: string, a: string, b: string): string => `ld.${space}.u32 %r10, [${a}]; ld.${space}.u32 %r11, [${b}]; and.b32 %r12, %r4, %r7; setp.eq.s32 %p2, %r12, 0; setp.gt.u32 %p3, %r10, %r11; xor.pred %p4, %p2, %p3;
@%p4 bra SKIP; st.${space}.u32 [${a}], %r11; st.${space}.u32 [${b}], %r10;\nSKIP:\n`;
  const partner = `${by}.b32 %r5, %r4, %r6;\n`;
  if (kind === "exchange") return `${head}${i}${partner}setp.le.u32 %p1, %r5, %r4; @%p1 bra END;\n${wide(3, 4, 1)}${wide(4, 5, 1)}${exchange("global", "%rd3", "%rd4")}END: ret;\n}`;
  if (kind === "gather") {
    return `${head}${i}${partner}${wide(3, 4, 1)}${wide(4, 5, 1)}ld.global.u32 %r10, [%rd3]; ld.global.u32 %r11, [%rd4]; and.b32 %r12, %r4, %r7; setp.ne.s32 %p1, %r12, 0; mad.lo.s32 %r13, %r10, 3, %r11; @%p1 add.s32 %r13, %r13, 1000;
${wide(5, 4, 2)}st.global.u32 [%rd5], %r13; ret;\n}`;
  }
  return `${head}${i.replaceAll("%r4", "%r20")}mov.u32 %r4, %r3; mov.u32 %r21, t; shl.b32 %r22, %r4, 2; add.s32 %r22, %r21, %r22;\n${wide(3, 20, 1)}ld.global.u32 %r10, [%rd3]; st.shared.u32 [%r22], %r10;
LOOP: bar.sync 0;\nxor.b32 %r5, %r4, %r6; setp.le.u32 %p1, %r5, %r4; setp.ge.u32 %p5, %r5, %r2; or.pred %p1, %p1, %p5; @%p1 bra SKIP;
shl.b32 %r23, %r5, 2; add.s32 %r23, %r21, %r23;\n${exchange("shared", "%r22", "%r23")}bar.sync 0; shr.u32 %r6, %r6, 1; setp.ne.s32 %p6, %r6, 0; @%p6 bra LOOP;
ld.shared.u32 %r10, [%r22];\n${wide(5, 20, 2)}st.global.u32 [%rd5], %r10; ret;\n}`;
}

const WORDS = 2048;

function run(one: Case, compile: typeof compileModule, text: string = source(one)): unknown {
  const machine = new TestMachine();
  const { from, page, block, groups } = one;
  const [x, y] = [machine.map(4 * WORDS, PTE_READ | PTE_WRITE, from), machine.map(4 * WORDS, PTE_READ | PTE_WRITE, from)];
  machine.write(x, new Uint8Array(Uint32Array.from({ length: WORDS }, (_, i) => Math.imul(i, 2654435761) >>> 20).buffer));
  const second = (x & ~0xffffn) + 65536n;
  const open = (): void => machine.protect(second, PTE_READ | PTE_WRITE);
  if (from + 4 * WORDS > 65536) machine.protect(second, page);
  const code = compile(ptxToIr(text, "k.ptx"));
  const faults: string[] = [];
  const { done, instructions, bytes } = machine.launch(code, code.load(machine), "k", packParams(x, y, one.j, one.k, one.start ?? 0), {
    grid: [groups, 1, 1], block: [block, 1, 1],
    fault: ({ address, kind }) => {
      faults.push(`${kind} ${address}`);
      open();
      return true;
    },
  });
  open();
  return { done, instructions, bytes, faults, x: machine.u32(x, WORDS), y: machine.u32(y, WORDS) };
}

const power = fc.integer({ min: 0, max: 7 }).map((n) => 2 ** n);
const number = fc.oneof({ weight: 4, arbitrary: power }, { weight: 2, arbitrary: fc.integer({ min: 0, max: 255 }) }, { weight: 1, arbitrary: fc.constantFrom(16, 48, 240, 12) });

const cases: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom("exchange", "gather", "shared"), by: fc.constantFrom("xor", "xor", "or", "and"),
  start: fc.oneof(fc.constant(null), fc.constant(0), fc.constantFrom(16, 64, 4, 3)), sign: fc.constantFrom("s", "u"),
  j: number, k: number, block: fc.constantFrom(16, 32, 64, 128, 48, 20, 7), groups: fc.integer({ min: 1, max: 4 }),
  from: fc.constantFrom(0, 0, 4, 64, 65536 - 256, 65536 - 100, 65536 - 4 * 140), page: fc.constantFrom(0, PTE_READ, PTE_READ | PTE_WRITE), quads: fc.constantFrom(0, 0, 1, 2, 4),
} as const).map((one) => ({
  ...one,
  // In place, work-items of several pairs must not meet.
  by: one.kind === "gather" ? one.by : "xor", start: one.start === null && one.kind !== "shared" && one.groups > 1 ? 0 : one.start,
}) as Case);

describe("work-items in pairs", () => {
  afterEach(() => {
    lanePolicy.always = false;
    lanePolicy.quads = 0;
  });

  test("whatever the distance, wherever rows begin", { timeout: 60_000 }, () => {
    fc.assert(fc.property(cases, fc.boolean(), (one, always) => {
      lanePolicy.always = always;
      lanePolicy.quads = one.quads;
      expect(run(one, compileModule)).toEqual(run(one, interpretModule));
    }), { numRuns: 80, seed: 20261123 });
  });

  test("neighbours' own bits: whoever comes first does one thing, the others another, some more of them a third", () => {
    const which = (how: string, j: number, k: number): Case & { text: string } => ({
      kind: "exchange", by: "xor", start: 0, sign: "u", j, k, block: 64, groups: 2, from: 64, page: 0, quads: 0,
      text: `${head}mad.lo.s32 %r4, %r1, %r2, %r3; xor.b32 %r5, %r6, %r4; mul.wide.u32 %rd3, %r4, 4; add.s64 %rd3, %rd1, %rd3; mul.wide.u32 %rd4, %r5, 4; add.s64 %rd4, %rd1, %rd4; mul.wide.u32 %rd5, %r4, 4; add.s64 %rd5, %rd2, %rd5;
and.b32 %r12, %r4, %r7; mov.u32 %r13, 5; ld.global.u32 %r10, [%rd4]; setp.${how} %p1, %r5, %r4; @%p1 bra FIRST;
setp.gt.u32 %p3, %r10, 100000; @%p3 bra MORE; mul.lo.u32 %r13, %r10, 3; bra END;
MORE: xor.b32 %r13, %r10, 77; st.global.u32 [%rd5+2048], %r10; bra END;
FIRST: ld.global.u32 %r11, [%rd3]; setp.gt.u32 %p3, %r10, %r11; setp.eq.s32 %p2, %r12, 0; xor.pred %p4, %p2, %p3; @%p4 bra END; sub.s32 %r13, %r11, %r10; st.global.u32 [%rd5+4096], %r13;
END: st.global.u32 [%rd5], %r13; ret;\n}`,
    });
    for (const how of ["gt.u32", "le.u32", "lt.s32", "ge.s32", "ne.s32", "eq.s32"]) {
      for (const j of [1, 2, 4, 8]) {
        for (const k of how < "h" ? [2, 64] : [32]) {
          const one = which(how, j, k);
          expect(run(one, compileModule, one.text), `${how} ${j} ${k}`).toEqual(run(one, interpretModule, one.text));
        }
      }
    }
  });

  test("a page that only allows reading is left to those that write", () => {
    const one: Case = { kind: "exchange", by: "xor", start: 0, sign: "u", j: 16, k: 64, block: 64, groups: 2, from: 65536 - 256, page: PTE_READ, quads: 0 };
    const result = run(one, compileModule) as { faults: string[] };
    expect(result.faults).toHaveLength(1);
    expect(result.faults[0]).toContain("write");
    expect(result).toEqual(run(one, interpretModule));
  });
});

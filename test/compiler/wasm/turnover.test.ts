import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { packParams, TestMachine } from "./harness.ts";

/** Guards are asked about the first of several work-items: wherever they turn over, the right ones have written. */

interface Guard {
  readonly predicate: "eq" | "ne" | "lt" | "le" | "gt" | "ge";
  readonly type: "s32" | "u32" | "s64" | "u64";
  readonly step: number;
  /** Where it turns over, counted from the first work-item; and what is added on both sides, so that numbers wrap. */
  readonly at: number;
  readonly bias: bigint;
  /** The bound stands on the left. */
  readonly mirrored: boolean;
}

const guards: fc.Arbitrary<Guard> = fc.record({
  predicate: fc.constantFrom<Guard["predicate"][]>("eq", "ne", "lt", "le", "gt", "ge"), type: fc.constantFrom<Guard["type"][]>("s32", "u32", "s64", "u64"),
  step: fc.constantFrom(1, 1, 1, -1, 2, 3, -5), at: fc.integer({ min: -20, max: 220 }),
  bias: fc.constantFrom(0n, 0n, 1000n, -3n, 0x7fff_ffe0n, 0xffff_ffe0n, 0x7fff_ffff_ffff_ffe0n, -90n), mirrored: fc.boolean(),
});

function source(list: readonly Guard[]): string {
  const tests = list.map(({ predicate, type, step, bias, mirrored }, i) => {
    const wide = type.endsWith("64");
    const value = wide ? `cvt.u64.u32 %rd5, %r3; mul.lo.s64 %rd5, %rd5, ${step}; add.s64 %rd5, %rd5, ${BigInt.asIntN(64, bias)};` : `mul.lo.s32 %r10, %r3, ${step}; add.s32 %r10, %r10, ${BigInt.asIntN(32, bias)};`;
    const [x, y] = wide ? ["%rd5", "%rd6"] : ["%r10", "%r11"];
    return `ld.param.${wide ? "u64 %rd6" : "u32 %r11"}, [n${i}]; ${value} setp.${predicate}.${type} %p1, ${mirrored ? `${y}, ${x}` : `${x}, ${y}`}; @%p1 bra END;\n`;
  });
  return `.version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 out, ${list.map((_, i) => `.param .u64 n${i}`).join(", ")}) {\n.reg .pred %p<9>; .reg .b32 %r<40>; .reg .b64 %rd<20>;
mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mad.lo.s32 %r4, %r1, %r2, %r3; ld.param.u64 %rd1, [out]; mul.wide.u32 %rd2, %r4, 4; add.s64 %rd3, %rd1, %rd2;
${tests.join("")}ld.global.u32 %r20, [%rd3]; add.s32 %r20, %r20, %r4; st.global.u32 [%rd3], %r20;\nEND: ret;\n}`;
}

function run(list: readonly Guard[], block: number, slowOnly: boolean): unknown {
  const machine = new TestMachine();
  const code = compileModule(ptxToIr(source(list), "k.ptx"), { slowOnly });
  const out = machine.upload(Uint32Array.from({ length: 2 * block }, (_, i) => i * 7));
  const bounds = list.map(({ step, at, bias }) => BigInt.asUintN(64, BigInt(step * at) + bias));
  const { instructions, bytes } = machine.launch(code, code.load(machine), "k", packParams(out, ...bounds), { grid: [2, 1, 1], block: [block, 1, 1] });
  return { data: [...machine.u32(out, 2 * block)], instructions, bytes };
}

describe("guards in vectors", () => {
  test("turn over where they should", () => {
    fc.assert(fc.property(fc.array(guards, { minLength: 1, maxLength: 3 }), fc.constantFrom(16, 64, 192, 200), (list, block) => {
      expect(run(list, block, false)).toEqual(run(list, block, true));
    }), { seed: 12, numRuns: 300 });
  }, 60_000);
});

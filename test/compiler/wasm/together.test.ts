import { describe, expect, test } from "vitest";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { packParams, TestMachine } from "./harness.ts";

const head = ".version 7.0\n.target sm_75\n.address_size 64\n";
const registers = ".reg .pred %p<20>; .reg .b32 %r<40>; .reg .b64 %rd<40>;";

/** Runs the kernel on numbers, fast and slow; both must leave the same there and count the same. */
function both(body: string, data: readonly number[], block: number, n: number): { data: number[]; instructions: number } {
  const module = ptxToIr(`${head}.visible .entry k(.param .u64 out, .param .u32 n) {\n${registers}
    mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mad.lo.s32 %r4, %r1, %r2, %r3; ld.param.u64 %rd2, [out]; ld.param.u32 %r5, [n];
    mul.wide.u32 %rd1, %r4, 4; add.s64 %rd3, %rd2, %rd1;\n${body}\n}`, "k.ptx");
  const [fast, slow] = [false, true].map((slowOnly) => {
    const machine = new TestMachine();
    const code = compileModule(module, { slowOnly });
    const out = machine.upload(Uint32Array.from(data));
    const { instructions, bytes } = machine.launch(code, code.load(machine), "k", packParams(out, n), { grid: [data.length / block, 1, 1], block: [block, 1, 1] });
    return { data: [...machine.u32(out, data.length)], instructions, bytes };
  });
  expect(fast).toEqual(slow);
  return fast!;
}

const numbers = Array.from({ length: 128 }, (_, i) => (i * 2654435761) >>> 7);

describe("work-items that go together", () => {
  test.each([1, 2, 3, 4, 5, 8, 13, 16, 32, 64])("exchange elements crosswise, %i apart", (j) => {
    // Whoever is the lower of two puts the smaller number first.
    const { data } = both(`
      xor.b32 %r6, %r4, %r5; setp.le.u32 %p1, %r6, %r4; @%p1 bra L1;
      mul.wide.u32 %rd4, %r6, 4; add.s64 %rd5, %rd2, %rd4; ld.global.u32 %r7, [%rd3]; ld.global.u32 %r8, [%rd5];
      setp.le.u32 %p2, %r7, %r8; @%p2 bra L1; st.global.u32 [%rd3], %r8; st.global.u32 [%rd5], %r7;
L1:   ret;`, numbers, 64, j);
    expect(data).toEqual(numbers.map((own, i) => ((i ^ j) > i ? Math.min(own, numbers[i ^ j]!) : Math.max(own, numbers[i ^ j]!))));
  });

  test.each([1, 3, 4, 16, 20, 64])("add to one counter, in groups of %i", (block) => {
    const zeros = new Array<number>(block * 3).fill(0);
    expect(both("red.global.add.u32 [%rd2], %r5; ret;", zeros, block, 7).data).toEqual([block * 3 * 7, ...zeros.slice(1)]);
  });

  test.each([0, 1, 2, 3, 5, 15, 16, 17, 31, 63, 64, 100])("stop at a bound of %i", (n) => {
    const { data } = both("setp.ge.u32 %p1, %r3, %r5; @%p1 bra L1; st.global.u32 [%rd3], %r4;\nL1: ret;", numbers, 64, n);
    expect(data).toEqual(numbers.map((old, i) => (i % 64 < n ? i : old)));
  });

  test.each([0, 1, 7, 16, 40, 64])("begin at a bound of %i", (n) => {
    const { data } = both("setp.lt.u32 %p1, %r3, %r5; @%p1 bra L1; st.global.u32 [%rd3], %r4;\nL1: ret;", numbers, 64, n);
    expect(data).toEqual(numbers.map((old, i) => (i % 64 >= n ? i : old)));
  });

  test("a comparison that turns over where numbers wrap", () => {
    const { data } = both("add.s32 %r6, %r3, %r5; setp.lt.s32 %p1, %r6, 5; @%p1 bra L1; st.global.u32 [%rd3], %r4;\nL1: ret;", numbers, 64, 0x7fff_ffe0);
    expect(data).toEqual(numbers.map((old, i) => (((i % 64) + 0x7fff_ffe0 | 0) >= 5 ? i : old)));
  });
});

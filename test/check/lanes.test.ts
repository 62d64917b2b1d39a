import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CheckClass } from "../../src/compiler/abi.ts";
import { MAX_REPORTS, reportPolicy } from "../../src/check/reports.ts";
import { lanePolicy } from "../../src/compiler/wasm/simd/policy.ts";
import { Cuda, found } from "./host.ts";

// What accesses of work-items that go together leave behind for those of others, one thing at a time.

afterEach(() => {
  lanePolicy.always = false;
  lanePolicy.quads = 0;
});

// The first work-items find no shadow yet, and go one by one: those behind them count.
beforeAll(() => {
  reportPolicy.most = Infinity;
});
afterAll(() => {
  reportPolicy.most = MAX_REPORTS;
});

let serial = 0;

/** Numbers from one to another, and that one. */
const from = (first: number, last: number): readonly number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Runs it by fours or sixteens on words that all are 1 (a) and words that nobody wrote (b): class, work-item, group and line (counted in the text) of each report, and the machine. */
function reports(quads: number, text: string, { groups = 1, check = true, words = new Uint32Array(128).fill(1) }: { readonly groups?: number; readonly check?: true | readonly CheckClass[]; readonly words?: Uint32Array } = {}): { readonly told: readonly string[]; readonly h: Cuda } {
  lanePolicy.always = true;
  lanePolicy.quads = quads;
  const h = new Cuda(check);
  // Texts of their own, so that none has been compiled before.
  const body = `// ${++serial}\nadd.u64 %rd4, %rd1, %rd3;\nadd.u64 %rd5, %rd2, %rd3;\nmov.u32 %r9, sh;\nmad.lo.u32 %r9, %r1, 4, %r9;\n${text}`;
  expect(h.run(body, [h.words(words), h.alloc(512)], groups, 64)).toBe(0);
  return { h, told: found(h.machine).map(({ codeName, message }) => `${codeName} ${/local (\d+)/.exec(message)![1]} of ${/\(group (\d+)/.exec(message)![1]} in ${Number(/in line (\d+)$/.exec(message)![1]) - 14}`) };
}

describe.each([1, 4])("%i vectors at a time", (quads) => {
  test("a read is left behind for who writes later, with its line", () => {
    // The first half reads the second half's words, which the second half then writes.
    const { told, h } = reports(quads, "setp.ge.u32 %p1, %r1, 32;\n@%p1 bra WRITE;\nld.global.u32 %r3, [%rd4+128];\nst.global.u32 [%rd5], %r3;\nbra DONE;\nWRITE:\nst.global.u32 [%rd4], %r1;\nDONE:");
    expect(told).toEqual(from(32, 63).map((item) => `races ${item} of 0 in 7`));
    found(h.machine).forEach((d, i) => expect([d.values["other"], d.values["otherLine"]]).toEqual([`work-item ${i},0,0 of group 0,0,0`, 14 + 3]));
  });

  test("a write is left behind for who reads or writes later, with its line", () => {
    for (const [access, line] of [["ld.global.u32 %r3, [%rd4]; st.global.u32 [%rd5], %r3;", 6], ["st.global.u32 [%rd4], %r1;", 6]] as const) {
      const { told, h } = reports(quads, `setp.ge.u32 %p1, %r1, 32;\n@%p1 bra SECOND;\nst.global.u32 [%rd4+128], %r1;\nbra DONE;\nSECOND:\n${access}\nDONE:`);
      expect(told).toEqual(from(32, 63).map((item) => `races ${item} of 0 in ${line}`));
      found(h.machine).forEach((d, i) => expect([d.values["other"], d.values["otherLine"]]).toEqual([`work-item ${i},0,0 of group 0,0,0`, 14 + 3]));
    }
  });

  test("who reads and then writes its own finds that others have read in between", () => {
    const { told, h } = reports(quads, "setp.ge.u32 %p1, %r1, 16;\n@%p1 bra OWN;\nld.global.u32 %r3, [%rd4+64];\nst.global.u32 [%rd5], %r3;\nOWN:\nld.global.u32 %r4, [%rd4];\nadd.u32 %r4, %r4, 1;\nst.global.u32 [%rd4], %r4;");
    expect(told).toEqual(from(16, 31).map((item) => `races ${item} of 0 in 8`));
    for (const { message } of found(h.machine)) expect(message).toContain("a read by several work-items of group 0,0,0");
  });

  test("readers of several groups are several groups to one of them that writes", () => {
    const { told, h } = reports(quads, "ld.global.u32 %r3, [%rd4];\nsetp.ne.u32 %p1, %r2, 1;\n@%p1 bra DONE;\nadd.u32 %r3, %r3, 1;\nst.global.u32 [%rd4], %r3;\nDONE:\nst.shared.u32 [%r9], %r3;", { groups: 2 });
    expect(told).toEqual(from(0, 63).map((item) => `races ${item} of 1 in 5`));
    for (const { message } of found(h.machine)) expect(message).toContain("a read by several groups");
  });

  test("who reads alone and writes is nobody's racer, in one group and in several", () => {
    const own = "mul.lo.u32 %r5, %r2, 256;\ncvt.u64.u32 %rd6, %r5;\nadd.u64 %rd4, %rd4, %rd6;\nld.global.u32 %r3, [%rd4];\nadd.u32 %r3, %r3, 1;\nst.global.u32 [%rd4], %r3;\nld.global.u32 %r4, [%rd4];\nst.shared.u32 [%r9], %r4;";
    for (const groups of [1, 2]) expect(reports(quads, own, { groups }).told).toEqual([]);
  });

  test("work-items that take no part leave nothing", () => {
    // Even ones write their own word, and after a while the odd ones' words: nobody else is there.
    const { told } = reports(quads, "and.b32 %r3, %r1, 1;\nsetp.ne.u32 %p1, %r3, 0;\n@%p1 bra NEXT;\nst.global.u32 [%rd5], %r1;\nNEXT:\nxor.b32 %r4, %r1, 62;\n@%p1 bra DONE;\nmul.wide.u32 %rd6, %r4, 4;\nadd.u64 %rd6, %rd6, %rd2;\nst.global.u32 [%rd6+4], %r1;\nDONE:");
    expect(told).toEqual([]);
  });

  test("nor do they count as having written", () => {
    const { told } = reports(quads, "and.b32 %r3, %r1, 1;\nsetp.ne.u32 %p1, %r3, 0;\n@%p1 bra NEXT;\nst.shared.u32 [%r9], %r1;\nNEXT:\nbar.sync 0;\nld.shared.u32 %r4, [%r9];\nst.global.u32 [%rd5], %r4;");
    expect(told).toEqual(from(0, 31).map((i) => 2 * i + 1).map((item) => `uninitialised ${item} of 0 in 7`));
  });

  test("what is stored is written, whether races are looked for or not", () => {
    for (const check of [true, ["uninitialised"], ["uninitialised", "races"]] as const) {
      const { told } = reports(quads, "st.shared.u32 [%r9], %r1;\nst.global.u32 [%rd5], %r1;\nbar.sync 0;\nxor.b32 %r4, %r1, 1;\nmul.wide.u32 %rd6, %r4, 4;\nadd.u64 %rd6, %rd6, %rd2;\nld.global.u32 %r5, [%rd6];\nld.shared.u32 %r6, [%r9];\nadd.u32 %r5, %r5, %r6;\nst.global.u32 [%rd4], %r5;", { check });
      expect(told).toEqual([]);
    }
  });

  test("behind a barrier shared memory has no past, and the interval's own accesses still meet", () => {
    const body = (barrier: string): string => `st.shared.u32 [%r9], %r1;\nbar.sync 0;\nxor.b32 %r4, %r9, 4;\nld.shared.u32 %r5, [%r4];\n${barrier}\nst.shared.u32 [%r9], %r5;`;
    expect(reports(quads, body("bar.sync 0;")).told).toEqual([]);
    // One of each pair finds the other's access.
    const items = reports(quads, body("")).told.map((one) => Number(/races (\d+) of 0 in [46]/.exec(one)![1]));
    expect(new Set(items.map((item) => item >> 1)).size).toBe(32);
  });

  test("several vectors of several words", () => {
    const wide = (distance: number): string => `mul.wide.u32 %rd6, %r1, 8;\nadd.u64 %rd6, %rd6, %rd2;\nst.global.v2.u32 [%rd6], {%r1, %r2};\nld.global.v2.u32 {%r5, %r6}, [%rd6+${distance}];\nadd.u32 %r5, %r5, %r6;\nst.shared.u32 [%r9], %r5;`;
    expect(reports(quads, wide(0)).told).toEqual([]);
    // (The last one reads behind the end.)
    expect(reports(quads, wide(8), { check: ["races"] }).told.length).toBeGreaterThan(31);
  });

  test("work-items in another order are those that they are", () => {
    // Who writes a crossed word finds itself there when it comes by an index out of a table.
    const words = Uint32Array.from({ length: 128 }, (_, i) => (i ^ 1) & 63);
    const { told } = reports(quads, "xor.b32 %r4, %r1, 1;\nmul.wide.u32 %rd6, %r4, 4;\nadd.u64 %rd6, %rd6, %rd1;\nst.global.u32 [%rd6+256], %r1;\nld.global.u32 %r5, [%rd4];\nmul.wide.u32 %rd7, %r5, 4;\nadd.u64 %rd7, %rd7, %rd1;\nld.global.u32 %r6, [%rd7+256];\nst.shared.u32 [%r9], %r6;", { words });
    expect(told).toEqual([]);
  });

  test("one class alone", () => {
    const body = "ld.global.u32 %r3, [%rd5];\nst.shared.u32 [%r9], %r3;\nst.global.u32 [%rd5+448], %r3;";
    expect(reports(quads, body, { check: ["uninitialised"] }).told).toEqual(from(0, 63).map((item) => `uninitialised ${item} of 0 in 1`));
    expect(reports(quads, body, { check: ["bounds"] }).told).toEqual(from(16, 63).map((item) => `bounds ${item} of 0 in 3`));
    expect(reports(quads, body, { check: ["lifetime"] }).told).toEqual([]);
  });
});

test("between work-items that go together there is the same to be told", () => {
  for (const quads of [1, 4]) {
    const { told } = reports(quads, "xor.b32 %r4, %r1, 1;\nmul.wide.u32 %rd6, %r4, 4;\nadd.u64 %rd6, %rd6, %rd1;\nld.global.u32 %r5, [%rd6];\nadd.u32 %r5, %r5, 1;\nst.global.u32 [%rd4], %r5;");
    expect(told.length).toBeGreaterThanOrEqual(32);
    expect(told.every((one) => one.startsWith("races"))).toBe(true);
  }
});

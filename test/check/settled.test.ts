import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CheckClass } from "../../src/compiler/abi.ts";
import { MAX_REPORTS, reportPolicy } from "../../src/check/reports.ts";
import { lanePolicy } from "../../src/compiler/wasm/simd/policy.ts";
import { Cl, Cuda, found } from "./host.ts";

// What checked code settles by itself, without asking the checker, path by path and one case at a time.

beforeAll(() => {
  reportPolicy.most = Infinity;
});
afterAll(() => {
  reportPolicy.most = MAX_REPORTS;
});
afterEach(() => {
  lanePolicy.always = false;
  lanePolicy.quads = 0;
});

type Path = "lanes" | "scalar" | "slow";

/** A clock keeps kernels on the slow path. */
const CLOCK = "mov.u64 %rd9, %clock64; setp.eq.u64 %p2, %rd9, 0x7fffffffffffffff; @%p2 trap;";
let serial = 0;

/** Runs it on new memory: 1 KiB of ones (a) and 1 KiB that nobody wrote (b). Class, work-item and group of each report, in order, and the machine. */
function reports(path: Path, text: string, { groups = 1, items = 2, check = true }: { readonly groups?: number; readonly items?: number; readonly check?: true | readonly CheckClass[] } = {}): { readonly told: readonly string[]; readonly h: Cuda } {
  lanePolicy.always = path === "lanes";
  lanePolicy.quads = path === "lanes" ? 1 : 0;
  const h = new Cuda(check);
  // Texts of their own, so that none has been compiled before.
  expect(h.run(`// ${++serial}\n${path === "slow" ? CLOCK : ""}\nadd.u64 %rd4, %rd1, %rd3; add.u64 %rd5, %rd2, %rd3; mov.u32 %r9, sh; mad.lo.u32 %r9, %r1, 4, %r9;\n${text}`, [h.words(new Uint32Array(256).fill(1)), h.alloc(1024)], groups, items)).toBe(0);
  return { h, told: tell(h) };
}

function tell(h: Cuda | Cl): readonly string[] {
  return found(h.machine).map(({ codeName, message }) => `${codeName} ${/local (\d+)/.exec(message)![1]} of ${/\(group (\d+)/.exec(message)![1]}`);
}

const keep = (value: string): string => `mad.lo.u32 %r18, %r2, 32, %r1; mul.wide.u32 %rd18, %r18, 4; add.u64 %rd18, %rd18, %rd2; st.global.u32 [%rd18], ${value};`;

describe.each(["scalar", "slow"] as const)("on the %s path", (path) => {
  test("of two readers of a word, of whom the second writes it, the first is not forgotten", () => {
    expect(reports(path, `ld.global.u32 %r3, [%rd1];\nsetp.ne.u32 %p1, %r1, 1;\n@%p1 bra DONE;\nst.global.u32 [%rd1], %r1;\nDONE:\n${keep("%r3")}`).told).toEqual(["races 1 of 0"]);
  });

  test("the same between groups, one work-item each", () => {
    const { told, h } = reports(path, `ld.global.u32 %r3, [%rd1];\nsetp.ne.u32 %p1, %r2, 1;\n@%p1 bra DONE;\nst.global.u32 [%rd1], %r1;\nDONE:\n${keep("%r3")}`, { groups: 2, items: 1 });
    expect(told).toEqual(["races 0 of 1"]);
    expect(found(h.machine)[0]!.message).toContain("a read by several groups");
  });

  test("behind a barrier of the own group other groups' reads still count", () => {
    const { told, h } = reports(path, `ld.global.u32 %r3, [%rd1];\nbar.sync 0;\nadd.u32 %r4, %r2, %r1;\nsetp.ne.u32 %p1, %r4, 2;\n@%p1 bra DONE;\nst.global.u32 [%rd1], %r1;\nDONE:\n${keep("%r3")}`, { groups: 2 });
    expect(told).toEqual(["races 1 of 1"]);
    expect(found(h.machine)[0]!.message).toContain("a read by several groups");
  });

  test("what is known of a narrower access, or of one that orders, is not known of a wider or plain one", () => {
    const after = (accesses: string, offset: number): readonly string[] => reports(path, `setp.ne.u32 %p1, %r1, 0;\n@%p1 bra OTHER;\n${accesses}\nadd.u32 %r3, %r3, %r4;\nst.shared.u32 [sh], %r3;\nbra DONE;\nOTHER:\nst.global.u32 [%rd1+${offset}], %r1;\nDONE:`).told;
    expect(after("ld.global.u32 %r3, [%rd1]; ld.global.v2.u32 {%r5, %r4}, [%rd1]; add.u32 %r4, %r4, %r5;", 4)).toEqual(["races 1 of 0"]);
    expect(after("ld.volatile.global.u32 %r3, [%rd1]; ld.global.u32 %r4, [%rd1];", 0)).toEqual(["races 1 of 0"]);
  });

  test("a load of which some words are used, and a store to all of them", () => {
    expect(reports(path, "setp.ne.u32 %p1, %r1, 0;\n@%p1 bra DONE;\nst.shared.u32 [sh], %r1;\nld.shared.v2.u32 {%r3, %r4}, [sh];\nst.shared.v2.u32 [sh], {%r3, %r3};\nld.shared.v2.u32 {%r5, %r6}, [sh];\nadd.u32 %r5, %r5, %r6;\nst.global.u32 [%rd1], %r5;\nDONE:").told).toEqual([]);
  });

  test("of the first load of memory only the words that are used need be written", () => {
    const first = (used: string): readonly string[] => {
      lanePolicy.always = false;
      const h = new Cuda(["uninitialised"]);
      const at = h.alloc(16);
      h.process.throwing.cuda.cuMemcpyHtoD(at, new Uint32Array(3), 12);
      h.run(`// ${++serial}\n${path === "slow" ? CLOCK : ""}\nld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd1];\nadd.u32 %r3, %r3, %r4;\nadd.u32 %r3, %r3, ${used};\nst.global.u32 [%rd2], %r3;`, [at, h.alloc(256)], 1, 1);
      return tell(h);
    };
    expect(first("%r5")).toEqual([]);
    expect(first("%r6")).toEqual(["uninitialised 0 of 0"]);
  });

  test("of two accesses to the same wrong place both are told", () => {
    lanePolicy.always = false;
    const h = new Cuda(["bounds", "races"]);
    const keep = h.words(new Uint32Array(new BigUint64Array([BigInt(h.alloc(256))]).buffer));
    expect(h.run(`// ${++serial}\n${path === "slow" ? CLOCK : ""}\nld.global.u64 %rd5, [%rd1];\nst.global.u32 [%rd5+256], %r1;\nst.global.u32 [%rd5+256], %r2;\nld.global.u32 %r3, [%rd5+256];\nst.shared.u32 [sh], %r3;`, [keep, 0], 1, 1)).toBe(0);
    expect(tell(h)).toEqual(["bounds 0 of 0", "bounds 0 of 0", "bounds 0 of 0"]);
  });

  test("parts of a word are apart, also where an access is looked at more closely", () => {
    const bytes = (first: string, second: string): readonly string[] => reports(path, `cvt.u16.u32 %h1, %r1;\nsetp.ne.u32 %p1, %r1, 0;\n@%p1 bra OTHER;\n${first}\nbra DONE;\nOTHER:\n${second}\nDONE:`).told;
    expect(bytes("st.global.u8 [%rd1], %h1;", "st.volatile.global.u8 [%rd1+1], %h1;")).toEqual([]);
    expect(bytes("ld.global.u8 %h2, [%rd1]; st.shared.u8 [sh], %h2;", "st.volatile.global.u8 [%rd1+1], %h1;")).toEqual([]);
    expect(bytes("st.global.u32 [%rd1], %r1;", "st.volatile.global.u8 [%rd1+1], %h1;")).toEqual(["races 1 of 0"]);
    expect(bytes("ld.global.u32 %r3, [%rd1]; st.shared.u32 [sh], %r3;", "st.volatile.global.u8 [%rd1+1], %h1;")).toEqual(["races 1 of 0"]);
  });
});

describe("vectors", () => {
  test("what several work-items of a group have read, several have read", () => {
    const { told, h } = reports("lanes", "ld.global.u32 %r3, [%rd4+64];\nld.global.u32 %r4, [%rd4];\nadd.u32 %r3, %r3, %r4;\nst.shared.u32 [%r9], %r3;\nsetp.ne.u32 %p1, %r1, 60;\n@%p1 bra DONE;\nst.global.u32 [%rd1+128], %r3;\nDONE:", { items: 64 });
    expect(told).toEqual(["races 60 of 0"]);
    expect(found(h.machine)[0]!.message).toContain("a read by several work-items of group 0,0,0");
  });

  // The first group finds no shadow yet and goes one by one; each has a word, or words, of its own.
  const own = "mad.wide.u32 %rd6, %r2, 128, %rd1;\n";

  test("a word that all read together has been read by all of them", () => {
    lanePolicy.always = true;
    lanePolicy.quads = 1;
    const h = new Cl("__kernel void k(__global int* a) {\n  int x = a[get_group_id(0) * 32];\n  barrier(CLK_LOCAL_MEM_FENCE);\n  if (get_local_id(0) == 0) a[get_group_id(0) * 32] = x + 1;\n}\n");
    h.run([h.buffer(new Uint32Array(128))], 12, 4);
    expect(tell(h)).toEqual([0, 1, 2].map((group) => `races 0 of ${group}`));
  });

  test("work-items that go one by one are themselves", () => {
    const all = [0, 1, 2].flatMap((group) => [1, 2, 3].map((item) => `races ${item} of ${group}`));
    expect(reports("lanes", `${own}mul.lo.u32 %r5, %r1, 7;\nand.b32 %r5, %r5, 0;\nld.global.u32 %r6, [%rd4+512];\nsub.u32 %r6, %r6, 1;\nmad.wide.u32 %rd7, %r6, 4, %rd6;\nst.global.u32 [%rd7], %r1;`, { groups: 3, items: 4 }).told).toEqual(all);
  });
});

test("a vector in two pages of memory is not looked at in one page of shadow", () => {
  lanePolicy.always = true;
  lanePolicy.quads = 1;
  const h = new Cuda(["uninitialised", "races"]);
  const at = h.alloc(262144);
  expect(at % 65536).toBe(0);
  h.process.throwing.cuda.cuMemcpyHtoD(at, new Uint8Array(65536), 65536);
  // Behind the states of a page are the tags of its first words' writers: work-item 0x303 in interval 0x1818 leaves one that looks like states.
  h.run(`// ${++serial}`, [at, 0], 0x1818 - 3, 1);
  h.run(`// ${++serial}\nsetp.ne.u32 %p1, %r1, 0x303;\n@%p1 bra DONE;\nst.global.u32 [%rd1], %r1;\nst.global.u32 [%rd1+4], %r1;\nDONE:`, [at, 0], 1, 1024);
  expect(found(h.machine)).toEqual([]);
  h.run(`// ${++serial}\nadd.u64 %rd4, %rd1, %rd3;\nld.global.u32 %r3, [%rd4+65528];\nmov.u32 %r9, sh; mad.lo.u32 %r9, %r1, 4, %r9;\nst.shared.u32 [%r9], %r3;`, [at, 0], 1, 4);
  expect(tell(h)).toEqual(["uninitialised 2 of 0", "uninitialised 3 of 0"]);
});

test.each([false, true])("shared memory that lies in several pages (vectors: %s)", (lanes) => {
  lanePolicy.always = lanes;
  lanePolicy.quads = lanes ? 1 : 0;
  const h = new Cuda();
  const { cuda } = h.process.throwing;
  // What is written looks like states, and one page further on like the tag of nobody.
  const fn = cuda.cuModuleGetFunction(cuda.cuModuleLoadData(`// ${++serial}\n.version 8.0\n.target sm_80\n.address_size 64\n.extern .shared .align 16 .b8 sh[];\n.visible .entry k(.param .u64 a)\n{\n.reg .b32 %r<9>; .reg .b64 %rd<9>;\nld.param.u64 %rd1, [a]; mov.u32 %r1, %tid.x; mov.u32 %r2, sh; mad.lo.u32 %r2, %r1, 4, %r2;\n`
    + "st.shared.u32 [%r2], 0x01010101; st.shared.u32 [%r2+65536], 0; st.shared.u32 [%r2+131072], 0;\nbar.sync 0;\nst.shared.u32 [%r2], 0x01010101;\nbar.sync 0;\nld.shared.u32 %r3, [%r2+65536]; ld.shared.u32 %r4, [%r2]; add.u32 %r3, %r3, %r4;\nmad.wide.u32 %rd2, %r1, 4, %rd1; st.global.u32 [%rd2], %r3;\nret;\n}\n"), "k");
  cuda.cuFuncSetAttribute(fn, 8, 131072 + 1024);
  const out = h.alloc(1024);
  cuda.cuLaunchKernel(fn, 1, 1, 1, 256, 1, 1, 131072 + 1024, 0, [out], null);
  const data = new Uint32Array(256);
  cuda.cuMemcpyDtoH(data, out, 1024);
  expect(new Set(data)).toEqual(new Set([0x01010101]));
  expect(found(h.machine)).toEqual([]);
});

test("what was copied before the first launch is not written memory that came later", () => {
  const h = new Cuda(["uninitialised"]);
  const first = h.words(new Uint32Array(64));
  h.process.throwing.cuda.cuMemFree(first);
  const at = h.alloc(256);
  expect(at).toBe(first);
  h.run(`// ${++serial}\nld.global.u32 %r3, [%rd1];\nst.global.u32 [%rd2], %r3;`, [at, h.alloc(256)], 1, 1);
  expect(tell(h)).toEqual(["uninitialised 0 of 0"]);
});

test("an address that is a sum of two parameters is in the memory that it leads to, whatever one of them alone would be", () => {
  const h = new Cuda(["bounds", "races"]);
  const [a, b] = [h.alloc(256), h.alloc(256)];
  // The difference of two pointers, and one of them.
  expect(h.run("add.u64 %rd4, %rd1, %rd2;\nadd.u64 %rd4, %rd4, %rd3;\nst.global.u32 [%rd4], %r1;", [a - b, b], 1, 64)).toBe(0);
  expect(found(h.machine)).toEqual([]);
});

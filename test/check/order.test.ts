import { describe, expect, test } from "vitest";
import { Cl, classes, Cuda, found } from "./host.ts";

// What orders accesses beside barriers: flags and fences, locks, mbarriers, barriers of the whole grid, asynchronous copies; and what does not.

const zeros = new Uint32Array(64);

/** Runs it on new memory full of zeros: how many reports of races there are; without one, there are no others. (Who reads too early may read what nobody wrote.) */
function races(body: string, groups: number, items: number): number {
  const h = new Cuda();
  expect(h.run(body, [h.words(zeros), h.words(zeros)], groups, items)).toBe(0);
  const count = classes(h.machine).filter((name) => name === "races").length;
  if (count === 0) expect(found(h.machine)).toEqual([]);
  return count;
}

describe("a message through a flag", () => {
  /** Work-item 0 of group 0 writes and sets the flag; the others of its kind wait and read. `%p1`: it is the one who writes. */
  const message = (writer: string, { set = "st.volatile.global.u32 [%rd1+4], 1;", get = "ld.volatile.global.u32 %r9, [%rd1+4];", before = "", after = "", wait = true }: Partial<Record<"set" | "get" | "before" | "after", string>> & { readonly wait?: boolean }): string =>
    `${writer}\n@!%p1 bra READ;\nst.global.u32 [%rd1], 42;\n${before}\n${set}\nbra DONE;\nREAD:\n${wait ? `${get}\nsetp.eq.u32 %p2, %r9, 0;\n@%p2 bra READ;` : ""}\n${after}\nld.global.u32 %r10, [%rd1];\nmul.wide.u32 %rd5, %r1, 4; mul.wide.u32 %rd6, %r2, 64; add.u64 %rd5, %rd5, %rd6; add.u64 %rd5, %rd5, %rd2; st.global.u32 [%rd5], %r10;\nDONE:`;
  const between = "setp.eq.u32 %p1, %r2, 0;";
  const within = "setp.eq.u32 %p1, %r1, 0;";

  test.each([
    ["fences, between groups", between, { before: "membar.gl;", after: "membar.gl;" }, 3, 1],
    ["fences, within a group", within, { before: "membar.cta;", after: "membar.cta;" }, 1, 40],
    ["release and acquire, between groups", between, { set: "st.release.gpu.global.u32 [%rd1+4], 1;", get: "ld.acquire.gpu.global.u32 %r9, [%rd1+4];" }, 3, 1],
    ["release and acquire, within a group", within, { set: "st.release.cta.global.u32 [%rd1+4], 1;", get: "ld.acquire.cta.global.u32 %r9, [%rd1+4];" }, 1, 40],
    ["an atomic that adds, and fences", between, { set: "membar.gl; atom.global.add.u32 %r8, [%rd1+4], 1;", get: "atom.global.add.u32 %r9, [%rd1+4], 0;", after: "membar.gl;" }, 2, 1],
  ] as const)("is no race with %s", (_, writer, parts, groups, items) => {
    expect(races(message(writer, parts), groups, items)).toBe(0);
  });

  test.each([
    ["nothing but a volatile flag", between, {}, 3, 1],
    ["nothing but relaxed atomics", between, { set: "st.relaxed.gpu.global.u32 [%rd1+4], 1;", get: "ld.relaxed.gpu.global.u32 %r9, [%rd1+4];" }, 2, 1],
    ["nothing but relaxed atomics, within a group", within, { set: "st.relaxed.cta.global.u32 [%rd1+4], 1;", get: "ld.relaxed.cta.global.u32 %r9, [%rd1+4];" }, 1, 40],
    ["fences that only the group sees, between groups", between, { before: "membar.cta;", after: "membar.cta;" }, 2, 1],
    ["release and acquire that only the group sees, between groups", between, { set: "st.release.cta.global.u32 [%rd1+4], 1;", get: "ld.acquire.cta.global.u32 %r9, [%rd1+4];" }, 2, 1],
    ["fences, but nobody looks at the flag", between, { before: "membar.gl;", after: "membar.gl;", wait: false }, 2, 1],
    ["fences within a group, but nobody looks at the flag", within, { before: "membar.cta;", after: "membar.cta;", wait: false }, 1, 2],
  ] as const)("is one with %s", (_, writer, parts, groups, items) => {
    expect(races(message(writer, parts), groups, items)).toBeGreaterThan(0);
  });
});

describe("a lock", () => {
  const section = "ld.global.u32 %r6, [%rd1+4];\nadd.u32 %r6, %r6, 1;\nst.global.u32 [%rd1+4], %r6;";
  const locked = (fence: string): string => `TRY:\natom.global.cas.b32 %r5, [%rd1], 0, 1;\nsetp.ne.u32 %p1, %r5, 0;\n@%p1 bra TRY;\n${fence}\n${section}\n${fence}\natom.global.exch.b32 %r7, [%rd1], 0;`;

  test.each([["groups", 4, 1], ["work-items of a group", 1, 4], ["both", 3, 3]] as const)("orders %s", (_, groups, items) => {
    expect(races(locked("membar.gl;"), groups, items)).toBe(0);
    // Without fences nothing orders what is done under it.
    expect(races(locked(""), groups, items)).toBeGreaterThan(0);
    // And who does not take it is not ordered, however many fences there are.
    expect(races(`${section}\n${locked("membar.gl;")}`, groups, items)).toBeGreaterThan(0);
  });
});

test("what a lane does before its warp's collective, and another lane lets go of, is ordered", () => {
  const lane = (collective: string): string => `add.u64 %rd4, %rd1, %rd3;\nsetp.ne.u32 %p1, %r2, 0;\nsetp.ne.u32 %p2, %r1, 0;\n@%p1 bra READ;\nst.global.u32 [%rd4+64], %r1;\n${collective}\n@%p2 bra DONE;\nmembar.gl;\nst.volatile.global.u32 [%rd1], 1;\nbra DONE;\n`
    + `READ:\n@%p2 bra WAIT;\nAGAIN:\nld.volatile.global.u32 %r5, [%rd1];\nsetp.eq.u32 %p3, %r5, 0;\n@%p3 bra AGAIN;\nmembar.gl;\nWAIT:\n${collective}\nld.global.u32 %r6, [%rd4+64];\nadd.u64 %rd5, %rd2, %rd3;\nst.global.u32 [%rd5], %r6;\nDONE:`;
  expect(races(lane("bar.warp.sync -1;"), 2, 8)).toBe(0);
  expect(races(lane(""), 2, 8)).toBeGreaterThan(0);
});

test("what all lanes have read, one of them may write behind their collective", () => {
  const lanes = (collective: string): string => `ld.global.u32 %r5, [%rd1];\n${collective}\nsetp.ne.u32 %p1, %r1, 3;\n@%p1 bra DONE;\nst.global.u32 [%rd1], %r5;\nDONE:\nadd.u64 %rd4, %rd2, %rd3;\nst.global.u32 [%rd4], %r5;`;
  expect(races(lanes("bar.warp.sync -1;"), 1, 32)).toBe(0);
  expect(races(lanes(""), 1, 32)).toBeGreaterThan(0);
});

test("a barrier of the whole grid, as cooperative groups make it", () => {
  const grid = (fence: string): string => `mad.lo.u32 %r5, %r2, 8, %r1;\nmul.wide.u32 %rd4, %r5, 4;\nadd.u64 %rd5, %rd2, %rd4;\nst.global.u32 [%rd5], %r5;\nbar.sync 0;\nsetp.ne.u32 %p1, %r1, 0;\n@%p1 bra ALL;\n${fence}\natom.global.add.u32 %r6, [%rd1], 1;\n`
    + `SPIN:\nld.volatile.global.u32 %r7, [%rd1];\nsetp.lt.u32 %p2, %r7, 4;\n@%p2 bra SPIN;\n${fence}\nALL:\nbar.sync 0;\nxor.b32 %r8, %r5, 31;\nmul.wide.u32 %rd6, %r8, 4;\nadd.u64 %rd7, %rd2, %rd6;\nld.global.u32 %r9, [%rd7];\nadd.u64 %rd8, %rd5, 128;\nst.global.u32 [%rd8], %r9;`;
  expect(races(grid("membar.gl;"), 4, 8)).toBe(0);
  expect(races(grid(""), 4, 8)).toBeGreaterThan(0);
  // Before it nothing is ordered.
  expect(races(`st.global.u32 [%rd1+64], %r2;\n${grid("membar.gl;")}`, 4, 8)).toBeGreaterThan(0);
});

describe("asynchronous copies and mbarriers", () => {
  const fetch = (before: string, between: string): string => `.shared .align 8 .b64 bar;\nmov.u32 %r5, bar;\nmov.u32 %r6, sh;\nshl.b32 %r7, %r1, 2;\nadd.u32 %r7, %r7, %r6;\nadd.u64 %rd4, %rd1, %rd3;\n${before}\ncp.async.ca.shared.global [%r7], [%rd4], 4;\n${between}\n`
    + "xor.b32 %r8, %r1, 33;\nshl.b32 %r8, %r8, 2;\nadd.u32 %r8, %r8, %r6;\nld.shared.u32 %r9, [%r8];\nadd.u64 %rd5, %rd2, %rd3;\nst.global.u32 [%rd5], %r9;";
  const init = "setp.ne.u32 %p1, %r1, 0;\n@%p1 bra READY;\nmbarrier.init.shared.b64 [%r5], 64;\nREADY:\nbar.sync 0;";
  const wait = "T:\nmbarrier.test_wait.shared.b64 %p2, [%r5], %rd6;\n@!%p2 bra T;";

  test.each([
    ["a wait and a barrier", "", "cp.async.wait_all;\nbar.sync 0;", false],
    ["a wait for a group of them, and a barrier", "", "cp.async.commit_group;\ncp.async.wait_group 0;\nbar.sync 0;", false],
    ["a wait, which tells others nothing", "", "cp.async.wait_all;", true],
    ["nothing", "", "", true],
    ["an mbarrier that they arrive at", init, `cp.async.mbarrier.arrive.noinc.shared.b64 [%r5];\nmov.b64 %rd6, 0;\nTRY:\nmbarrier.test_wait.parity.shared.b64 %p2, [%r5], 0;\n@!%p2 bra TRY;`, false],
    ["an mbarrier after a wait", init, `cp.async.wait_all;\nmbarrier.arrive.shared.b64 %rd6, [%r5];\n${wait}`, false],
    ["an mbarrier that nobody waits for", init, "cp.async.wait_all;\nmbarrier.arrive.noComplete.shared.b64 %rd6, [%r5], 1;", true],
  ] as const)("%s", (_, before, between, some) => {
    expect(races(fetch(before, between), 1, 64) > 0).toBe(some);
  });
});

describe("atomics of one scope or another", () => {
  test.each([
    ["cta", 4, 4, "[%rd1]", true], ["gpu", 4, 4, "[%rd1]", false], ["sys", 4, 4, "[%rd1]", false], ["cta", 1, 64, "[%rd1]", false], ["cta", 4, 4, "[%rd5]", false],
  ] as const)("atom.%s by %i groups of %i at %s: races %s", (scope, groups, items, place, some) => {
    const count = races(`mul.wide.u32 %rd5, %r2, 4;\nadd.u64 %rd5, %rd5, %rd1;\natom.${scope}.global.add.u32 %r5, ${place}, 1;`, groups, items);
    expect(count > 0).toBe(some);
  });

  test("one group's is for it only, others' for all: told, and of what scope", () => {
    const h = new Cuda();
    h.run("setp.eq.u32 %p1, %r2, 2;\n@!%p1 atom.gpu.global.add.u32 %r5, [%rd1], 1;\n@%p1 atom.cta.global.add.u32 %r5, [%rd1], 1;", [h.words(zeros), 0], 4, 1);
    expect(classes(h.machine)).toEqual(["races", "races"]);
    for (const { message } of found(h.machine)) expect(message).toContain(", of which one is atomic for its own group only");
  });

  test("several launches are apart", () => {
    const h = new Cuda();
    const at = h.words(zeros);
    for (let i = 0; i < 3; i++) h.run("atom.cta.global.add.u32 %r5, [%rd1], 1;", [at, 0], 1, 32);
    expect(found(h.machine)).toEqual([]);
  });

  test("global atomics beside plain accesses", () => {
    const other = (access: string): number => races(`setp.eq.u32 %p1, %r1, 0;\n@%p1 bra PLAIN;\nred.global.add.u32 [%rd1], 1;\nbra DONE;\nPLAIN:\n${access}\nDONE:`, 1, 32);
    expect(other("ld.global.u32 %r5, [%rd1]; st.global.u32 [%rd2], %r5;")).toBeGreaterThan(0);
    expect(other("st.global.u32 [%rd1], 7;")).toBeGreaterThan(0);
    expect(other("atom.global.add.u32 %r5, [%rd1], 2;")).toBe(0);
    expect(other("ld.global.u32 %r5, [%rd1+4]; st.global.u32 [%rd2], %r5;")).toBe(0);
  });
});

describe("shared and private memory through generic addresses", () => {
  const generic = (more: string): string => `mov.u32 %r6, sh;\ncvt.u64.u32 %rd5, %r6;\ncvta.shared.u64 %rd5, %rd5;\nadd.u64 %rd5, %rd5, %rd3;\nst.u32 [%rd5], %r1;\n${more}\nmov.u32 %r8, lo;\ncvt.u64.u32 %rd6, %r8;\ncvta.local.u64 %rd6, %rd6;\nst.u32 [%rd6], %r7;\nld.u32 %r9, [%rd6];\n`
    + "mad.lo.u32 %r10, %r2, 8, %r1;\nmul.wide.u32 %rd7, %r10, 4;\nadd.u64 %rd7, %rd7, %rd1;\nst.global.u32 [%rd7], %r9;";

  test("are the group's, and the work-item's, own", () => {
    expect(races(generic("ld.u32 %r7, [%rd5];"), 4, 8)).toBe(0);
    expect(races(generic("bar.sync 0;\nxor.b64 %rd8, %rd5, 4;\nld.u32 %r7, [%rd8];"), 4, 8)).toBe(0);
  });

  test("work-items of a group meet there", () => {
    expect(races(generic("xor.b64 %rd8, %rd5, 4;\nld.u32 %r7, [%rd8];"), 4, 8)).toBeGreaterThan(0);
  });
});

describe("OpenCL: which memory a barrier orders", () => {
  const source = (flags: string): string => `__kernel void k(__global int* a, __global int* b) {\n  __local int s[64];\n  int i = get_local_id(0);\n  a[i] = i;\n  s[i] = i;\n  ${flags}\n  b[i] = a[i ^ 1] + s[i ^ 2];\n}\n`;

  test.each([
    ["barrier(CLK_LOCAL_MEM_FENCE);", ["global"]],
    ["work_group_barrier(CLK_LOCAL_MEM_FENCE);", ["global"]],
    ["barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);", []],
    ["barrier(CLK_GLOBAL_MEM_FENCE); barrier(CLK_LOCAL_MEM_FENCE);", []],
    ["barrier(CLK_LOCAL_MEM_FENCE); barrier(CLK_GLOBAL_MEM_FENCE);", []],
    ["barrier(CLK_LOCAL_MEM_FENCE); barrier(CLK_LOCAL_MEM_FENCE);", ["global"]],
    ["", ["global", "shared"]],
  ] as const)("%s: races in %s", (flags, spaces) => {
    const h = new Cl(source(flags));
    h.run([h.buffer(256), h.buffer(256)], 64, 64);
    const told = found(h.machine).filter(({ codeName }) => codeName === "races");
    expect([...new Set(told.map(({ values }) => String(values["space"])))].sort()).toEqual(spaces);
    if (spaces.length === 0) expect(found(h.machine)).toEqual([]);
  });

  test("a read, and a write behind it", () => {
    const behind = (flags: string): string => `__kernel void k(__global int* a) {\n  int i = get_local_id(0);\n  int x = a[i ^ 1];\n  barrier(${flags});\n  a[i] = x;\n}\n`;
    for (const [flags, some] of [["CLK_LOCAL_MEM_FENCE", true], ["CLK_GLOBAL_MEM_FENCE", false]] as const) {
      const h = new Cl(behind(flags));
      h.run([h.buffer(new Uint32Array(64))], 64, 64);
      expect(found(h.machine).length > 0).toBe(some);
    }
  });

  test("the same where work-items might leave before it", () => {
    for (const [flags, some] of [["CLK_LOCAL_MEM_FENCE", true], ["CLK_GLOBAL_MEM_FENCE", false]] as const) {
      const h = new Cl(`__kernel void k(__global int* a, __global int* b) {\n  int i = get_local_id(0);\n  if (i >= b[64]) return;\n  a[i] = i;\n  barrier(${flags});\n  b[i] = a[i ^ 1];\n}\n`);
      h.run([h.buffer(256), h.buffer(new Uint32Array(65).fill(64))], 64, 64);
      expect(classes(h.machine)).toEqual(new Array(some ? 4 : 0).fill("races"));
    }
  });

  test("sub-groups: their barrier orders their own work-items", () => {
    const kernel = (distance: number): string => `#pragma OPENCL EXTENSION cl_khr_subgroups : enable\n__kernel void k(__global int* a) {\n  __local int s[64];\n  int i = get_local_id(0);\n  s[i] = i;\n  sub_group_barrier(CLK_LOCAL_MEM_FENCE);\n  a[i] = s[i ^ ${distance}];\n}\n`;
    for (const [distance, some] of [[1, false], [32, true]] as const) {
      const h = new Cl(kernel(distance));
      h.run([h.buffer(256)], 64, 64);
      expect(found(h.machine).length > 0).toBe(some);
    }
  });

  test("atomics of a scope", () => {
    const kernel = (scope: string): string => `__kernel void k(__global atomic_int* a) {\n  atomic_fetch_add_explicit(a, 1, memory_order_relaxed, ${scope});\n}\n`;
    for (const [scope, groups, some] of [["memory_scope_work_group", 2, true], ["memory_scope_work_group", 1, false], ["memory_scope_device", 2, false]] as const) {
      const h = new Cl(kernel(scope), true, "-cl-std=CL3.0");
      h.run([h.buffer(new Uint32Array(1))], 32 * groups, 32);
      expect(found(h.machine).length > 0).toBe(some);
    }
  });
});

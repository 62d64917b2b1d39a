import { describe, expect, test } from "vitest";
import { DeviceFault } from "../../../src/compiler/abi.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule, takesFastPath } from "../../../src/compiler/wasm/index.ts";
import { packParams, TestMachine, type LaunchOptions } from "./harness.ts";

const head = ".version 7.0\n.target sm_75\n.address_size 64\n";
const registers = ".reg .pred %p<20>; .reg .f32 %f<40>; .reg .b32 %r<40>; .reg .b64 %rd<40>;";
const linear = "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mad.lo.s32 %r4, %r1, %r2, %r3; mul.wide.u32 %rd1, %r4, 4; ld.param.u64 %rd2, [out]; add.s64 %rd3, %rd2, %rd1;";

function source(body: string, params = ".param .u64 out, .param .u32 n", before = ""): string {
  return `${head}.visible .entry k(${params}) {\n${registers}\n${before}${linear}\n${body}\n}`;
}

/** Launches the kernel on a fresh machine, fast and slow; both must give the same, which comes back. */
function both(text: string, words: number, options: LaunchOptions & { readonly n?: number; readonly fast?: boolean; readonly spins?: boolean } = {}): { data: number[]; instructions: number; runs: number } {
  const module = ptxToIr(text, "k.ptx");
  expect(takesFastPath(compileModule(module), "k")).toBe(options.fast ?? true);
  const [fast, slow] = [false, true].map((slowOnly) => {
    const machine = new TestMachine();
    const code = compileModule(module, { slowOnly });
    const out = machine.map(Math.max(4, words * 4));
    const { instructions, bytes, runs, done } = machine.launch(code, code.load(machine), "k", packParams(out, options.n ?? 0), options);
    expect(done).toBe(true);
    return { data: [...machine.u32(out, words)], instructions, bytes, runs };
  });
  // How often somebody looked at a flag in vain depends on the order of turns.
  if (options.spins === true) expect(fast!.data).toEqual(slow!.data);
  else expect({ ...fast, runs: 0 }).toEqual({ ...slow, runs: 0 });
  return fast!;
}

describe("which kernels the fast path takes, with the results of the slow one", () => {
  const reduction = source(`
    mov.u32 %r10, sm; shl.b32 %r11, %r3, 2; add.s32 %r12, %r10, %r11; add.s32 %r13, %r4, 1; st.shared.u32 [%r12], %r13; bar.sync 0; shr.u32 %r14, %r2, 1;
L1: setp.eq.u32 %p1, %r14, 0; @%p1 bra L3; setp.ge.u32 %p2, %r3, %r14; @%p2 bra L2; shl.b32 %r15, %r14, 2; add.s32 %r16, %r12, %r15; ld.shared.u32 %r17, [%r16]; ld.shared.u32 %r18, [%r12]; add.s32 %r18, %r18, %r17; st.shared.u32 [%r12], %r18;
L2: bar.sync 0; shr.u32 %r14, %r14, 1; bra L1;
L3: ld.shared.u32 %r19, [sm]; st.global.u32 [%rd3], %r19; ret;`, undefined, ".shared .align 4 .b8 sm[1024];");

  test("a reduction with a barrier in a uniform loop", () => {
    const { data } = both(reduction, 256, { grid: [4, 1, 1], block: [64, 1, 1] });
    const sums = [0, 1, 2, 3].map((group) => Array.from({ length: 64 }, (_, i) => group * 64 + i + 1).reduce((a, b) => a + b));
    expect(data).toEqual(sums.flatMap((sum) => new Array<number>(64).fill(sum)));
  });

  test("values of work-items carried round a loop with barriers", () => {
    // Each work-item multiplies by what its neighbour had in the turn before: x[i] <- x[i] * 3 + x[i ^ 1].
    const { data } = both(source(`
      mov.u32 %r10, sm; shl.b32 %r11, %r3, 2; add.s32 %r12, %r10, %r11; xor.b32 %r13, %r12, 4; mov.u32 %r14, %r4; mov.u32 %r15, 0; ld.param.u32 %r20, [n];
L1:   st.shared.u32 [%r12], %r14; bar.sync 0; ld.shared.u32 %r16, [%r13]; mad.lo.s32 %r14, %r14, 3, %r16; bar.sync 0; add.s32 %r15, %r15, 1; setp.lt.u32 %p1, %r15, %r20; @%p1 bra L1;
      st.global.u32 [%rd3], %r14; ret;`, undefined, ".shared .align 8 .b8 sm[1024];"), 64, { block: [32, 1, 1], grid: [2, 1, 1], n: 5 });
    let x = Array.from({ length: 64 }, (_, i) => i);
    for (let turn = 0; turn < 5; turn++) x = x.map((value, i) => (value * 3 + x[i ^ 1]!) >>> 0);
    expect(data).toEqual(x);
  });

  test("one return for those who leave before the barrier and those who come through", () => {
    const { data } = both(source(`
      ld.param.u32 %r20, [n]; setp.ge.u32 %p1, %r3, %r20; @%p1 bra L2; bar.sync 0; mov.u32 %r13, 1; st.global.u32 [%rd3], %r13;
L2:   ret;`), 128, { block: [64, 1, 1], grid: [2, 1, 1], n: 48 });
    expect(data).toEqual(Array.from({ length: 128 }, (_, i) => (i % 64 < 48 ? 1 : 0)));
  });

  test("a common end that does something is for the slow path", () => {
    const { data } = both(source(`
      ld.param.u32 %r20, [n]; mov.u32 %r13, 5; setp.ge.u32 %p1, %r3, %r20; @%p1 bra L2; bar.sync 0; mov.u32 %r13, 1;
L2:   st.global.u32 [%rd3], %r13; ret;`), 128, { block: [64, 1, 1], grid: [2, 1, 1], n: 48, fast: false });
    expect(data).toEqual(Array.from({ length: 128 }, (_, i) => (i % 64 < 48 ? 1 : 5)));
  });

  test("work-items that exit before the others meet", () => {
    const { data } = both(source(`
      ld.param.u32 %r20, [n]; setp.ge.u32 %p1, %r3, %r20; @%p1 bra L2; mov.u32 %r10, sm; atom.shared.add.u32 %r11, [%r10], 1; bar.sync 0; ld.shared.u32 %r12, [%r10]; st.global.u32 [%rd3], %r12; ret;
L2:   mov.u32 %r13, 77; st.global.u32 [%rd3], %r13; ret;`, undefined, ".shared .align 4 .b8 sm[4];"), 64, { block: [32, 1, 1], grid: [2, 1, 1], n: 10 });
    expect(data).toEqual([0, 1].flatMap(() => Array.from({ length: 32 }, (_, i) => (i < 10 ? 10 : 77))));
  });

  test("a barrier in a branch that all take, decided in the loop", () => {
    const { data } = both(source(`
      ld.param.u32 %r20, [n]; mov.u32 %r10, sm; shl.b32 %r11, %r3, 2; add.s32 %r12, %r10, %r11; xor.b32 %r13, %r12, 4; mov.u32 %r14, %r3; mov.u32 %r15, 0;
L1:   and.b32 %r16, %r15, 1; setp.eq.u32 %p1, %r16, 0; @%p1 bra L2; st.shared.u32 [%r12], %r14; bar.sync 0; ld.shared.u32 %r17, [%r13]; add.s32 %r14, %r14, %r17; bar.sync 0; bra L3;
L2:   shl.b32 %r14, %r14, 1;
L3:   add.s32 %r15, %r15, 1; setp.lt.u32 %p2, %r15, %r20; @%p2 bra L1; st.global.u32 [%rd3], %r14; ret;`, undefined, ".shared .align 8 .b8 sm[1024];"), 16, { block: [16, 1, 1], n: 6 });
    let x = Array.from({ length: 16 }, (_, i) => i);
    for (let turn = 0; turn < 6; turn++) x = turn % 2 === 0 ? x.map((value) => value * 2) : x.map((value, i) => value + x[i ^ 1]!);
    expect(data).toEqual(x);
  });

  test("a warp reduction by shuffles, and barriers between warps", () => {
    const { data } = both(source(`
      mov.u32 %r10, %r4; mov.u32 %r11, 16;
L1:   shfl.sync.bfly.b32 %r12, %r10, %r11, 31, -1; add.s32 %r10, %r10, %r12; shr.u32 %r11, %r11, 1; setp.ne.u32 %p1, %r11, 0; @%p1 bra L1;
      shr.u32 %r13, %r3, 5; shl.b32 %r14, %r13, 2; mov.u32 %r15, sm; add.s32 %r15, %r15, %r14; st.shared.u32 [%r15], %r10; bar.sync 0;
      ld.shared.u32 %r16, [sm]; ld.shared.u32 %r17, [sm+4]; add.s32 %r16, %r16, %r17; vote.sync.ballot.b32 %r18, %p1, -1; add.s32 %r16, %r16, %r18; st.global.u32 [%rd3], %r16; ret;`, undefined, ".shared .align 4 .b8 sm[64];"), 128, { block: [64, 1, 1], grid: [2, 1, 1] });
    expect(data.slice(0, 64)).toEqual(new Array(64).fill((64 * 63) / 2));
    expect(data[64]).toBe((64 * 63) / 2 + 64 * 64);
  });

  test("a shuffle for the first warp only, with a partial last warp; activemask takes the slow path", () => {
    const text = (last: string): string => source(`
      mov.u32 %r10, 9; setp.ge.u32 %p1, %r3, 32; @%p1 bra L1; shfl.sync.idx.b32 %r10, %r3, 5, 31, -1;
L1:   bar.sync 0; ${last} add.s32 %r10, %r10, %r11; st.global.u32 [%rd3], %r10; ret;`);
    const expected = Array.from({ length: 40 }, (_, i) => (i < 32 ? 4 : 9 + 255));
    expect(both(text("setp.eq.u32 %p2, %r3, %r3; vote.sync.ballot.b32 %r11, %p2, -1;"), 40, { block: [40, 1, 1] }).data).toEqual(expected);
    expect(both(text("activemask.b32 %r11;"), 40, { block: [40, 1, 1], fast: false }).data).toEqual(expected);
  });

  test("a value that begins with the lane and goes on as what the warp has in common", () => {
    const { data } = both(source(`
      ld.param.u32 %r20, [n]; mov.u32 %r10, %r3; mov.u32 %r11, 0;
L1:   setp.ge.u32 %p1, %r11, %r20; @%p1 bra L2; setp.lt.u32 %p2, %r3, 4; vote.sync.ballot.b32 %r10, %p2, -1; add.s32 %r11, %r11, 1; bra L1;
L2:   st.global.u32 [%rd3], %r10; ret;`), 40, { block: [40, 1, 1], n: 1 });
    expect(data).toEqual(Array.from({ length: 40 }, (_, i) => (i < 32 ? 15 : 0)));
  });

  test("warps of groups that are cut at the edge of the range", () => {
    // Rows of 8 in the full group, of 3 in the cut one, where a warp of 8 reaches over rows.
    const { data } = both(source(`mov.u32 %r5, %tid.z; mov.u32 %r6, %laneid; shfl.sync.idx.b32 %r7, %r5, 3, 7, -1; mad.lo.s32 %r8, %r7, 100, %r6; shl.b32 %r9, %r1, 3; add.s32 %r9, %r9, %r3; shl.b32 %r10, %r5, 4; add.s32 %r9, %r9, %r10; mul.wide.u32 %rd5, %r9, 4; add.s64 %rd6, %rd2, %rd5; st.global.u32 [%rd6], %r8; ret;`),
      32, { block: [8, 1, 2], grid: [2, 1, 1], globalSize: [11, 1, 2], warpSize: 8 });
    const row = (group: number, z: number): number[] => data.slice(z * 16 + group * 8).slice(0, group === 0 ? 8 : 3);
    expect([row(0, 0), row(0, 1)]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7], [100, 101, 102, 103, 104, 105, 106, 107]]);
    // Lane 3 of the cut group's only warp is the first of the second row.
    expect([row(1, 0), row(1, 1)]).toEqual([[100, 101, 102], [103, 104, 105]]);
  });

  test("not barriers under a divergent branch, nor shuffles there", () => {
    both(source(`setp.lt.u32 %p1, %r3, 8; @%p1 bra L1; bar.sync 1; bra L2;
L1:   bar.sync 1;
L2:   mov.u32 %r5, 3; st.global.u32 [%rd3], %r5; ret;`), 16, { block: [16, 1, 1], fast: false });
    both(source(`mov.u32 %r5, 0; setp.lt.u32 %p1, %r3, 8; @%p1 bra L2; shfl.sync.idx.b32 %r5, %r3, 9, 31, 0xff00;
L2:   bar.sync 0; st.global.u32 [%rd3], %r5; ret;`), 16, { block: [16, 1, 1], fast: false });
  });
});

describe("leaving the fast path", () => {
  test("a page that the host brings in is met in the middle of a group, by everyone once", () => {
    // Work-items store, then load from a page that is not there yet, then store again.
    const text = source(`mov.u32 %r10, 1; st.global.u32 [%rd3], %r10; ld.param.u64 %rd5, [in]; mul.wide.u32 %rd6, %r4, 4096; add.s64 %rd7, %rd5, %rd6; ld.global.u32 %r11, [%rd7]; add.s32 %r11, %r11, %r4; st.global.u32 [%rd3], %r11; ret;`,
      ".param .u64 out, .param .u64 in");
    const counts: number[] = [];
    for (const present of [true, false]) {
      const machine = new TestMachine();
      const code = compileModule(ptxToIr(text, "k.ptx"));
      const out = machine.map(1024);
      const input = machine.reserve(256 * 4096);
      const asked: bigint[] = [];
      if (present) for (let page = 0; page < 16; page++) machine.present(input + BigInt(page * 65536));
      const { instructions, bytes } = machine.launch(code, code.load(machine), "k", packParams(out, input), {
        grid: [4, 1, 1], block: [64, 1, 1], fault: ({ address }) => {
          asked.push(address);
          machine.present(address);
          return true;
        },
      });
      expect([...machine.u32(out, 256)]).toEqual(Array.from({ length: 256 }, (_, i) => i));
      expect(asked).toEqual(present ? [] : Array.from({ length: 16 }, (_, i) => input + BigInt(i * 65536)));
      counts.push(instructions, bytes);
    }
    expect(counts.slice(0, 2)).toEqual(counts.slice(2));
  });

  test("a fault names the work-item, its line and address, and nothing of what it would have done happens", () => {
    const text = source(`mov.u32 %r10, 1;\nst.global.u32 [%rd3], %r10;\nsetp.eq.u32 %p1, %r4, 70;\n@%p1 bra L1;\nret;\nL1: mov.u64 %rd9, 4096;\nld.global.u32 %r11, [%rd9];\nst.global.u32 [%rd3], %r11;\nret;`);
    const machine = new TestMachine();
    const code = compileModule(ptxToIr(text, "k.ptx"));
    const out = machine.map(1024);
    const launch = (): unknown => machine.launch(code, code.load(machine), "k", packParams(out, 0), { grid: [4, 1, 1], block: [64, 1, 1] });
    expect(launch).toThrow(DeviceFault);
    try {
      launch();
    } catch (error) {
      const fault = error as DeviceFault;
      const line = text.slice(0, text.indexOf("ld.global")).split("\n").length;
      expect(fault).toMatchObject({ kind: "illegal-address", site: { kernel: "k", block: [1, 0, 0], thread: [6, 0, 0], line }, access: { address: 4096n, size: 4, kind: "read" } });
    }
    expect([...machine.u32(out, 72)]).toEqual([...new Array<number>(71).fill(1), 0]);
  });

  test("a long loop goes on in the slow path where it was, and budgets change neither results nor counts", () => {
    const text = source(`ld.param.u32 %r20, [n]; mov.u32 %r10, %r4; mov.u32 %r11, 0;
L1: mad.lo.s32 %r10, %r10, 5, 7; add.s32 %r11, %r11, 1; setp.lt.u32 %p1, %r11, %r20; @%p1 bra L1; st.global.u32 [%rd3], %r10; ret;`);
    const expected = Array.from({ length: 8 }, (_, i) => {
      let x = i;
      for (let turn = 0; turn < 200000; turn++) x = (Math.imul(x, 5) + 7) | 0;
      return x >>> 0;
    });
    const one = both(text, 8, { block: [4, 1, 1], grid: [2, 1, 1], n: 200000 });
    expect(one.data).toEqual(expected);
    for (const budget of [1e5, 777777]) {
      const cut = both(text, 8, { block: [4, 1, 1], grid: [2, 1, 1], n: 200000, budget });
      expect(cut.data).toEqual(expected);
      expect(cut.instructions).toBe(one.instructions);
      expect(cut.runs).toBeGreaterThan(5);
    }
  });

  test("groups that wait for one another's flags get turns", () => {
    // Group g waits for the flag of group g + 1, so that each comes to its end only after a later one.
    const text = source(`setp.ne.u32 %p1, %r3, 0; @%p1 bra L3; mov.u32 %r5, %nctaid.x; add.s32 %r6, %r1, 1; setp.ge.u32 %p2, %r6, %r5; @%p2 bra L2; mul.wide.u32 %rd5, %r6, 4; add.s64 %rd6, %rd2, %rd5;
L1: ld.volatile.global.u32 %r7, [%rd6]; setp.eq.u32 %p3, %r7, 0; @%p3 bra L1;
L2: mul.wide.u32 %rd7, %r1, 4; add.s64 %rd8, %rd2, %rd7; mov.u32 %r8, 1; st.volatile.global.u32 [%rd8], %r8;
L3: ret;`);
    const { data } = both(text, 12, { block: [32, 1, 1], grid: [12, 1, 1], resident: 12, spins: true });
    expect(data).toEqual(new Array(12).fill(1));
  });

  test("an endless loop always comes back, and can be dropped", () => {
    const machine = new TestMachine();
    const code = compileModule(ptxToIr(source("L1: bra L1;"), "k.ptx"));
    const loaded = code.load(machine);
    const before = machine.scratchCount;
    for (let i = 0; i < 20; i++) {
      const { done } = machine.launch(code, loaded, "k", packParams(0n, 0), { block: [32, 1, 1], grid: [3, 1, 1], budget: 1e5, maxRuns: 5 });
      expect(done).toBe(false);
    }
    expect(machine.scratchCount - before).toBeLessThan(8);
  });
});

test("loading a module again, and launches that overlap, do not disturb each other", () => {
  const code = compileModule(ptxToIr(source("ld.param.u32 %r20, [n]; add.s32 %r5, %r4, %r20; bar.sync 0; st.global.u32 [%rd3], %r5; ret;"), "k.ptx"));
  const machine = new TestMachine();
  const hooks = { fault: () => false, printf: () => {}, now: () => 0 };
  const limits = { budget: 1e9, maxBlocks: 1, resident: 4 };
  const loads = [code.load(machine), code.load(machine)];
  const outs = [0, 1, 2].map(() => machine.map(1024));
  const running = outs.map((out, i) => loads[i % 2]!.start(machine.config(code, "k", packParams(out, i * 1000), { block: [64, 1, 1], grid: [4, 1, 1] }), hooks));
  for (let turn = 0; turn < 4; turn++) for (const execution of running) expect(execution.run(limits).blocks).toBe(1);
  running.forEach((execution, i) => {
    expect(execution.blocksDone).toBe(4);
    execution.dispose();
    expect([...machine.u32(outs[i]!, 256)]).toEqual(Array.from({ length: 256 }, (_, n) => n + i * 1000));
  });
});

describe("rows of work-items that are translated once", () => {
  // out[i] = in[i - 1] + in[i + 1] for 0 < i < n - 1, by a single row of addresses with offsets.
  const text = source(`
    ld.param.u64 %rd5, [in]; ld.param.u32 %r20, [n]; setp.eq.u32 %p1, %r4, 0; add.s32 %r21, %r20, -1; setp.ge.u32 %p2, %r4, %r21; or.pred %p3, %p1, %p2; @%p3 bra L1;
    add.s64 %rd6, %rd5, %rd1; ld.global.u32 %r10, [%rd6+-4]; ld.global.u32 %r11, [%rd6+4]; add.s32 %r10, %r10, %r11; st.global.u32 [%rd3], %r10;
L1: ret;`, ".param .u64 out, .param .u64 in, .param .u32 n");
  const n = 40000;
  const values = Uint32Array.from({ length: n }, (_, i) => (i * 2654435761) >>> 0);
  const expected = Uint32Array.from({ length: n }, (_, i) => (i === 0 || i === n - 1 ? 0 : (values[i - 1]! + values[i + 1]!) >>> 0));

  test.each([["neighbouring pages", false], ["scattered pages", true]])("over page ends, in %s", (_, scramble) => {
    const counts = [false, true].map((slowOnly) => {
      const machine = new TestMachine({ scramble });
      const code = compileModule(ptxToIr(text, "k.ptx"), { slowOnly });
      const [out, input] = [machine.map(n * 4), machine.upload(values)];
      const { instructions, bytes } = machine.launch(code, code.load(machine), "k", packParams(out, input, n), { grid: [Math.ceil(n / 192), 1, 1], block: [192, 1, 1] });
      expect(machine.u32(out, n)).toEqual(expected);
      return { instructions, bytes };
    });
    expect(counts[0]).toEqual(counts[1]);
  });

  test("a base that is not aligned is misaligned for the first work-item that uses it", () => {
    const machine = new TestMachine();
    const code = compileModule(ptxToIr(text, "k.ptx"));
    const [out, input] = [machine.map(4096), machine.map(4096)];
    expect(() => machine.launch(code, code.load(machine), "k", packParams(out, input + 2n, 256), { block: [256, 1, 1] }))
      .toThrow(expect.objectContaining({ kind: "misaligned", site: expect.objectContaining({ thread: [1, 0, 0] }) as unknown }) as Error);
  });

  test("a store into a page that may only be read is refused, the work-items before it are done", () => {
    const machine = new TestMachine();
    const code = compileModule(ptxToIr(text, "k.ptx"));
    const out = machine.map(2 * 65536);
    const input = machine.upload(values);
    machine.protect(out + 65536n, 1);
    expect(() => machine.launch(code, code.load(machine), "k", packParams(out, input, n), { grid: [129, 1, 1], block: [160, 1, 1] }))
      .toThrow(expect.objectContaining({ kind: "write-protected", access: { address: out + 65536n, size: 4, kind: "write" } }) as Error);
    expect(machine.u32(out, 16384)).toEqual(expected.subarray(0, 16384));
    expect(machine.u32(out + 65536n, 64)).toEqual(new Uint32Array(64));
  });
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMachine, type HostProcess, type Machine } from "../../src/index.ts";

/**
 * Two processes with launches under way on one GPU that stops launches at any instruction: state is saved, the other process's kernel runs, state is restored, and what each
 * has in memory is what it has when it is alone.
 */

const sample = (name: string): string => readFileSync(new URL(`../fixtures/ptx/sm_75/${name}.ptx`, import.meta.url), "utf8");

/** A kernel in which every work-item keeps state in registers, local and shared memory for a long time. */
const churn = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry churn(.param .u64 p, .param .u32 n) {
  .local .align 4 .b8 own[64]; .shared .align 4 .b8 team[256];
  .reg .pred %q; .reg .b32 %r<16>; .reg .b64 %d<4>; .reg .f64 %f<4>;
  ld.param.u64 %d1, [p]; ld.param.u32 %r1, [n];
  mov.u32 %r2, %tid.x; mov.u32 %r3, %ctaid.x; mov.u32 %r4, %ntid.x; mad.lo.s32 %r5, %r3, %r4, %r2;
  mov.f64 %f1, 0d3FF0000000000000; mov.u32 %r6, 0; shl.b32 %r7, %r2, 2; mov.u32 %r13, team; add.u32 %r13, %r13, %r7; mov.u32 %r14, own;
AGAIN:
  and.b32 %r8, %r6, 15; shl.b32 %r8, %r8, 2; add.u32 %r8, %r8, %r14;
  ld.local.u32 %r9, [%r8]; mad.lo.s32 %r9, %r9, 1664525, %r5; st.local.u32 [%r8], %r9;
  st.shared.u32 [%r13], %r9; bar.sync 0;
  xor.b32 %r10, %r7, 4; mov.u32 %r11, team; add.u32 %r11, %r11, %r10; ld.shared.u32 %r12, [%r11]; bar.sync 0;
  xor.b32 %r5, %r5, %r12; cvt.rn.f64.u32 %f2, %r12; fma.rn.f64 %f1, %f1, 0d3FE8000000000000, %f2;
  add.u32 %r6, %r6, 1; setp.lt.u32 %q, %r6, %r1; @%q bra AGAIN;
  mad.lo.s32 %r5, %r3, %r4, %r2; mul.wide.u32 %d2, %r5, 8; add.s64 %d2, %d2, %d1; st.global.f64 [%d2], %f1;
  ret;
}
.visible .entry tally(.param .u64 p, .param .u32 n) {
  .reg .pred %q; .reg .b32 %r<8>; .reg .b64 %d<4>; .reg .f64 %f;
  ld.param.u64 %d1, [p]; ld.param.u32 %r1, [n]; mov.u32 %r2, 0; mov.u32 %r3, %tid.x; mov.f64 %f, 0d3FF0000000000000;
MORE:
  red.global.add.u32 [%d1], %r3; atom.global.max.u32 %r4, [%d1+4], %r2; red.global.add.f64 [%d1+8], %f; atom.global.inc.u32 %r5, [%d1+16], 999;
  add.u32 %r2, %r2, 1; setp.lt.u32 %q, %r2, %r1; @%q bra MORE;
  ret;
}`;

type Data = Float32Array | Int32Array | Uint8Array;

/** A launch: buffers and numbers for its parameters, in order. A buffer starts with these bytes. */
interface Work {
  readonly text: string;
  readonly kernel: string;
  readonly grid: readonly [number, number];
  readonly block: readonly [number, number];
  readonly shared: number;
  readonly args: readonly (Data | number)[];
}

const noise = (n: number, seed: number): Int32Array => Int32Array.from({ length: n }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 25);
const floats = (n: number, seed: number): Float32Array => Float32Array.from(noise(n, seed));
const [reduce, matmul, hist, scan, nbody] = ["03_reduce", "02_matmul", "04_hist_atomics", "05_scan_dynsmem", "06_nbody_mandel"].map(sample) as [string, string, string, string, string];

/** Works of every kind: registers only, shared memory and barriers, warps, atomics, local memory. */
const works: readonly Work[] = [
  { text: reduce, kernel: "reduce", grid: [12, 1], block: [128, 1], shared: 0, args: [floats(40_000, 1), new Float32Array(1), 40_000] },
  { text: matmul, kernel: "matmul", grid: [4, 4], block: [16, 16], shared: 0, args: [floats(4096, 2), floats(4096, 3), new Float32Array(4096), 64] },
  { text: hist, kernel: "hist", grid: [10, 1], block: [64, 1], shared: 0, args: [Uint8Array.from(noise(30_000, 4)), new Int32Array(256), 30_000] },
  { text: scan, kernel: "scan", grid: [1, 1], block: [512, 1], shared: 4096, args: [noise(512, 5), new Int32Array(512), 512] },
  { text: nbody, kernel: "nbody", grid: [2, 1], block: [256, 1], shared: 0, args: [floats(2048, 6), new Float32Array(1536), 512] },
  { text: churn, kernel: "churn", grid: [6, 1], block: [64, 1], shared: 0, args: [new Float32Array(2 * 6 * 64), 60] },
  { text: churn, kernel: "tally", grid: [6, 1], block: [64, 1], shared: 0, args: [new Int32Array(8), 40] },
];

/** A process that can have works under way. */
class Program {
  private readonly p: HostProcess;
  private readonly modules = new Map<string, number>();
  private readonly started: { readonly buffers: readonly { readonly at: number; readonly bytes: number }[] }[] = [];

  constructor(machine: Machine, name: string) {
    this.p = machine.process(name);
    const { cuda } = this.p.throwing;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, 0, 0);
  }

  /** Launches, and does not wait. */
  begin({ text, kernel, grid, block, shared, args }: Work): void {
    const { cuda } = this.p.throwing;
    let module = this.modules.get(text);
    if (module === undefined) this.modules.set(text, module = cuda.cuModuleLoadData(text) as number);
    const buffers: { readonly at: number; readonly bytes: number }[] = [];
    const values = args.map((arg) => {
      if (typeof arg === "number") return arg;
      const at = cuda.cuMemAlloc(arg.byteLength) as number;
      cuda.cuMemcpyHtoD(at as never, arg, arg.byteLength);
      buffers.push({ at, bytes: arg.byteLength });
      return at;
    });
    this.started.push({ buffers });
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module as never, kernel), ...grid, 1, ...block, 1, shared, null, values, null);
  }

  /** Waits; the bytes of all buffers, of each launch. */
  results(): string[] {
    const { cuda } = this.p.throwing;
    cuda.cuCtxSynchronize();
    return this.started.map(({ buffers }) => buffers.map(({ at, bytes }) => {
      const into = new Uint8Array(bytes);
      cuda.cuMemcpyDtoH(into, at as never, bytes);
      return Buffer.from(into).toString("base64");
    }).join());
  }
}

const alone: readonly string[] = works.map((work) => {
  const machine = createMachine({ gpus: ["tiny"] });
  const program = new Program(machine, "alone");
  program.begin(work);
  const [result] = program.results();
  machine.dispose();
  return result!;
});

const preempted = { count: 0, saved: 0 };

test("launches of two or three processes that are stopped for one another have the results that they have alone", () => {
  const choice = fc.array(fc.nat(works.length - 1), { minLength: 1, maxLength: 3 });
  fc.assert(fc.property(fc.array(choice, { minLength: 2, maxLength: 3 }), fc.integer({ min: 200, max: 20_000 }), fc.option(fc.nat(), { nil: undefined }), (programs, timesliceNs, seed) => {
    const machine = createMachine({ gpus: ["tiny"], preemption: "instruction", timesliceNs, ...(seed === undefined ? {} : { seed }) });
    const running = programs.map((_, i) => new Program(machine, `program ${i}`));
    for (let n = 0; n < 3; n++) programs.forEach((list, i) => { if (n < list.length) running[i]!.begin(works[list[n]!]!); });
    running.forEach((program, i) => program.results().forEach((result, n) => {
      const index = programs[i]![n]!;
      expect(result === alone[index], `${works[index]!.kernel} of program ${i}, launch ${n}`).toBe(true);
    }));
    const { count, savedBytes, restoredBytes } = machine.gpus[0]!.gpu.compute.turns.preemption;
    expect(restoredBytes).toBe(savedBytes);
    preempted.count += count;
    preempted.saved += savedBytes;
    machine.checkInvariants();
    machine.dispose();
  }), { seed: 401, numRuns: 60 });
  // The property says nothing unless launches really are stopped.
  expect(preempted.count).toBeGreaterThan(600);
  expect(preempted.saved).toBeGreaterThan(0);
});

test("the results are what plain arithmetic says", () => {
  const read = (index: number): Buffer => Buffer.from(alone[index]!.split(",").at(-1)!, "base64");
  expect(read(0).readFloatLE(0)).toBe(floats(40_000, 1).reduce((s, x) => s + x, 0));
  const counts = new Int32Array(256);
  for (const x of noise(30_000, 4)) counts[x]!++;
  expect([...new Int32Array(new Uint8Array(read(2)).buffer)]).toEqual([...counts]);
  const tally = read(6);
  const launched = 6 * 64 * 40;
  expect([tally.readUInt32LE(0), tally.readUInt32LE(4), tally.readDoubleLE(8), tally.readUInt32LE(16)]).toEqual([6 * 40 * 2016, 39, launched, launched % 1000]);
});

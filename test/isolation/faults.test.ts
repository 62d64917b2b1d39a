import { expect, test } from "vitest";
import { createMachine, out, type HostProcess, type Machine } from "../../src/index.ts";
import type { CUcontext, CUfunction, CUmodule, CUresult } from "../../src/cuda/entry/cuda.ts";
import * as cu from "../../src/cuda/abi/driver/constants.ts";

/** Kernels that do one wrong thing each, and one that does everything right. */
const PTX = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry wild(.param .u64 p) {
  .reg .b64 %rd<3>;
  .reg .b32 %r<3>;
  ld.param.u64 %rd1, [p];
  mov.u32 %r1, %tid.x;
  st.global.u32 [%rd1], %r1;
  ret;
}
.visible .entry odd(.param .u64 p) {
  .reg .b64 %rd<3>;
  .reg .b32 %r<3>;
  ld.param.u64 %rd1, [p];
  ld.global.u32 %r1, [%rd1+2];
  st.global.u32 [%rd1], %r1;
  ret;
}
.visible .entry divide(.param .u64 p, .param .u32 d) {
  .reg .b64 %rd<3>;
  .reg .b32 %r<5>;
  ld.param.u64 %rd1, [p];
  ld.param.u32 %r1, [d];
  mov.u32 %r2, 100;
  div.u32 %r3, %r2, %r1;
  rem.u32 %r4, %r2, %r1;
  st.global.u32 [%rd1], %r3;
  st.global.u32 [%rd1+4], %r4;
  ret;
}
.visible .entry forever(.param .u64 p) {
  .reg .b64 %rd<3>;
LOOP:
  bra LOOP;
}
.visible .entry stop() {
  trap;
}
.visible .entry fine(.param .u64 p, .param .u32 v) {
  .reg .b64 %rd<5>;
  .reg .b32 %r<5>;
  ld.param.u64 %rd1, [p];
  ld.param.u32 %r1, [v];
  mov.u32 %r2, %tid.x;
  mul.wide.u32 %rd2, %r2, 4;
  add.s64 %rd3, %rd1, %rd2;
  add.s32 %r3, %r1, %r2;
  st.global.u32 [%rd3], %r3;
  ret;
}`;

interface Program {
  readonly p: HostProcess;
  readonly buffer: number;
  launch(kernel: string, threads: number, ...args: (number | bigint)[]): CUresult;
  sync(): CUresult;
  read(words: number): number[];
}

function program(machine: Machine, name: string): Program {
  const p = machine.process(name);
  const { cuda } = p;
  const ok = (code: CUresult): void => expect(code).toBe(0);
  ok(cuda.cuInit(0));
  const ctx = out<CUcontext>();
  ok(cuda.cuCtxCreate(ctx, null, 0, 0));
  const module = out<CUmodule>();
  ok(cuda.cuModuleLoadData(module, PTX));
  const buffer = out<number>();
  ok(cuda.cuMemAlloc(buffer, 4096));
  return {
    p,
    buffer: buffer.value,
    launch(kernel, threads, ...args) {
      const fn = out<CUfunction>();
      const found = cuda.cuModuleGetFunction(fn, module.value, kernel);
      return found === 0 ? cuda.cuLaunchKernel(fn.value, 1, 1, 1, threads, 1, 1, 0, null, args, null) : found;
    },
    sync: () => cuda.cuCtxSynchronize(),
    read(words) {
      const bytes = new Uint32Array(words);
      ok(cuda.cuMemcpyDtoH(bytes, buffer.value, 4 * words));
      return [...bytes];
    },
  };
}

const wrongs = [
  { name: "null pointer", kernel: "wild", args: () => [0], code: cu.CUDA_ERROR_ILLEGAL_ADDRESS, says: /illegal.*address/i },
  { name: "another process's pointer", kernel: "wild", args: (other: Program) => [other.buffer], code: cu.CUDA_ERROR_ILLEGAL_ADDRESS, says: /illegal.*address/i },
  { name: "misaligned load", kernel: "odd", args: (_other: Program, own: Program) => [own.buffer], code: cu.CUDA_ERROR_MISALIGNED_ADDRESS, says: /misaligned/i },
  { name: "endless loop", kernel: "forever", args: () => [0], code: cu.CUDA_ERROR_LAUNCH_TIMEOUT, says: /forever/ },
  { name: "trap", kernel: "stop", args: () => [], code: cu.CUDA_ERROR_LAUNCH_FAILED, says: /trap/i },
] as const;

for (const wrong of wrongs) {
  test(`${wrong.name}: the process gets its error and keeps getting it, the other process and the machine go on`, () => {
    const machine = createMachine({ hangLimitNs: 1e9 });
    const a = program(machine, "A");
    const b = program(machine, "B");
    expect(b.launch("fine", 32, b.buffer, 7)).toBe(0);
    expect(a.launch(wrong.kernel, 4, ...wrong.args(b, a))).toBe(0);
    const code = a.sync();
    expect(code).toBe(wrong.code);
    // Sticky: any later call of A that works in its context.
    expect(a.launch("fine", 32, a.buffer, 1)).toBe(code);
    expect(a.p.cuda.cuMemFree(a.buffer)).toBe(code);
    const diagnostic = machine.diagnostics().find((d) => d.kind === "fault")!;
    expect(diagnostic.pid).toBe(a.p.pid);
    expect(diagnostic.message).toMatch(wrong.says);
    expect(diagnostic.call).toContain(wrong.kernel);
    // B has seen nothing of it.
    expect(b.sync()).toBe(0);
    expect(b.read(4)).toEqual([7, 8, 9, 10]);
    expect(b.launch("fine", 32, b.buffer, 100)).toBe(0);
    expect(b.read(2)).toEqual([100, 101]);
    machine.checkInvariants();
    a.p.kill();
    b.p.exit();
    machine.run();
    for (const counts of Object.values(machine.objectCounts())) for (const [kind, n] of Object.entries(counts)) expect(`${kind} ${n}`).toBe(`${kind} 0`);
    machine.dispose();
  });
}

test("the report of a fault names kernel, block, thread, line and address", () => {
  const machine = createMachine();
  const a = program(machine, "A");
  expect(a.launch("wild", 3, 0x40)).toBe(0);
  expect(a.sync()).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
  const { message } = machine.diagnostics().find((d) => d.kind === "fault")!;
  expect(message).toContain("wild");
  expect(message).toMatch(/block \(0, ?0, ?0\)/);
  expect(message).toMatch(/thread \(0, ?0, ?0\)/);
  expect(message).toMatch(/line 10/);
  expect(message).toContain("0x40");
  machine.dispose();
});

test("integer division by zero is no fault: all bits set, and the dividend as remainder", () => {
  const machine = createMachine();
  const a = program(machine, "A");
  expect(a.launch("divide", 1, a.buffer, 0)).toBe(0);
  expect(a.sync()).toBe(0);
  expect(a.read(2)).toEqual([0xffffffff, 100]);
  machine.dispose();
});

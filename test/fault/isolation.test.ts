import fc from "fast-check";
import { expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import type { FaultOptions } from "../../src/kernel/fault/injector.ts";
import type { HostProcess } from "../../src/host/host-process.ts";
import { createMachine, type Machine } from "../../src/machine.ts";

const B = 65536;

/** One step of a program: what it does, and with which of its things. */
type Step = readonly [kind: "alloc" | "free" | "set" | "copy" | "read" | "stream" | "event" | "sync" | "host" | "pool" | "map" | "fork", which: number];

const step: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom("alloc", "free", "set", "copy", "read", "stream", "event", "sync", "host", "pool", "map", "fork"), fc.nat(7));

/** A CUDA program that makes steps, one call at a time, and keeps what it saw: codes and bytes. */
class Program {
  readonly trace: unknown[] = [];
  readonly p: HostProcess;
  private readonly machine: Machine;
  private readonly memory: number[] = [];
  private readonly streams: never[] = [0 as never];

  constructor(machine: Machine, p: HostProcess) {
    this.machine = machine;
    this.p = p;
    this.see(p.cuda.cuInit(0), p.cuda.cuCtxCreate(out(), null, 0, 0));
  }

  private see(...values: unknown[]): void {
    this.trace.push(...values);
  }

  step([kind, which]: Step): void {
    const { cuda, sys } = this.p;
    const d = this.memory[which % Math.max(1, this.memory.length)];
    const stream = this.streams[which % this.streams.length]!;
    switch (kind) {
      case "alloc": {
        const box = out<number>();
        const code = cuda.cuMemAlloc(box, B * (1 + which * 8));
        this.see(kind, code);
        if (code === 0) this.memory.push(box.value);
        return;
      }
      case "free":
        if (d !== undefined) {
          const code = cuda.cuMemFree(d);
          this.see(kind, code);
          if (code === 0) this.memory.splice(this.memory.indexOf(d), 1);
        }
        return;
      case "set":
        if (d !== undefined) this.see(kind, cuda.cuMemsetD8Async(d, which + 1, B, stream));
        return;
      case "copy":
        if (d !== undefined) this.see(kind, cuda.cuMemcpyDtoDAsync(this.memory[0]!, d, B, stream));
        return;
      case "read":
        if (d !== undefined) {
          const data = new Uint8Array(64);
          this.see(kind, cuda.cuMemcpyDtoH(data, d, 64), [...data]);
        }
        return;
      case "stream": {
        const box = out<never>();
        const code = cuda.cuStreamCreate(box as never, 1);
        this.see(kind, code);
        if (code === 0) this.streams.push(box.value);
        return;
      }
      case "event": {
        const box = out<never>();
        const code = cuda.cuEventCreate(box as never, 0);
        this.see(kind, code);
        if (code === 0) this.see(cuda.cuEventRecord(box.value, stream), cuda.cuEventSynchronize(box.value));
        return;
      }
      case "sync":
        this.see(kind, cuda.cuStreamSynchronize(stream), cuda.cuCtxSynchronize());
        return;
      case "host":
        this.see(kind, cuda.cuLaunchHostFunc(stream, () => this.see("called"), null), cuda.cuStreamSynchronize(stream));
        return;
      case "pool": {
        const box = out<number>();
        const code = cuda.cuMemAllocAsync(box, B, stream);
        this.see(kind, code);
        if (code === 0) this.see(cuda.cuMemFreeAsync(box.value, stream));
        return;
      }
      case "map": {
        const at = sys.mmap(0, B, 3, 0x22, -1, 0);
        this.see(kind, at < 0 ? at : sys.munmap(at, B));
        return;
      }
      case "fork": {
        const child = sys.fork(null);
        this.see(kind, Math.sign(child));
        if (child > 0) this.machine.kernel.kill(this.machine.kernel.processes.get(child)!);
      }
    }
  }
}

/** Runs two programs, step by step in turn; faults hit the first only. @returns what the second saw, and how many faults there were */
function run(a: readonly Step[], b: readonly Step[], seed: number, faults: FaultOptions | null): { readonly seen: readonly unknown[]; readonly injected: number } {
  const machine = createMachine({ gpus: ["a100-pcie-40gb"], seed, memoryBytes: 2 ** 31 });
  const first = new Program(machine, machine.process("first"));
  const second = new Program(machine, machine.process("second"));
  for (const program of [first, second]) for (const kind of ["alloc", "alloc", "stream"] as const) program.step([kind, 0]);
  const { kernel } = machine;
  if (faults !== null) {
    kernel.processes.get(first.p.sys.pid)!.main.makeItFail = true;
    const { functions = {}, ...rest } = faults;
    for (const [name, settings] of Object.entries(rest)) kernel.faults.configure(name as never, settings);
    for (const [name, retval] of Object.entries(functions)) kernel.faults.functions.inject(name, retval);
  }
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] !== undefined) first.step(a[i]!);
    machine.checkInvariants();
    if (b[i] !== undefined) second.step(b[i]!);
    machine.checkInvariants();
  }
  for (const process of [...kernel.processes.values()]) kernel.kill(process);
  machine.run();
  machine.checkInvariants();
  const left = Object.entries(machine.objectCounts()).flatMap(([name, counts]) => (name === "vfs" ? [] : Object.entries(counts).filter(([, count]) => count !== 0)));
  expect(left, "everything is freed at the end").toEqual([]);
  const injected = Object.values(kernel.faults.attrs).reduce((sum, attr) => sum + attr.injected, 0);
  machine.dispose();
  return { seen: second.trace, injected };
}

test("faults of one process are not seen by another: it has the same results as without them, and everything is freed at the end", () => {
  const often = { probability: 15, times: -1, taskFilter: true };
  const settings: FaultOptions = {
    failslab: often, fail_page_alloc: often, fail_usercopy: often, fail_gpu_alloc: often, fail_fd: often, fail_function: often,
    functions: { GLASS_EXEC: -5, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: -12, GLASS_EXEC_QUEUE_CREATE: -4, DRM_IOCTL_SYNCOBJ_CREATE: -11 },
  };
  let injected = 0;
  let steps = 0;
  fc.assert(fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), fc.array(step, { minLength: 10, maxLength: 40 }), fc.nat(1000), (a, b, seed) => {
    const disturbed = run(a, b, seed, settings);
    injected += disturbed.injected;
    steps += a.length + b.length;
    expect(disturbed.seen).toEqual(run(a, b, seed, null).seen);
  }), { numRuns: 60, seed: 20260 });
  expect(steps).toBeGreaterThan(2000);
  expect(injected).toBeGreaterThan(500);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { createMachine, out, type HostProcess } from "../../src/index.ts";
import type { CUcontext, CUevent, CUfunction, CUmodule, CUstream } from "../../src/cuda/entry/cuda.ts";

/** Fills n words with v + i, where the word is at p; faults when p is nothing. */
const PTX = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry fill(.param .u64 p, .param .u32 v) {
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

const step = fc.record({
  op: fc.constantFrom("alloc", "free", "memset", "upload", "kernel", "read", "stream", "record", "wait", "sync", "query", "info"),
  pick: fc.nat(7),
  value: fc.nat(255),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A process that does steps one by one and notes everything it can see. */
class Subject {
  readonly seen: string[] = [];
  private readonly buffers: number[] = [];
  private readonly streams: CUstream[] = [0 as CUstream];
  private readonly events: CUevent[] = [];
  private readonly fn = out<CUfunction>();
  private readonly p: HostProcess;

  constructor(p: HostProcess) {
    this.p = p;
    const { cuda } = p;
    const module = out<CUmodule>();
    this.seen.push([cuda.cuInit(0), cuda.cuCtxCreate(out<CUcontext>(), null, 0, 0), cuda.cuModuleLoadData(module, PTX), cuda.cuModuleGetFunction(this.fn, module.value, "fill")].join());
  }

  step({ op, pick, value }: Step, wild: number): void {
    const { cuda } = this.p;
    const buffer = this.buffers[pick % Math.max(1, this.buffers.length)] ?? wild;
    const stream = this.streams[pick % this.streams.length]!;
    const event = this.events[pick % Math.max(1, this.events.length)] ?? (0 as CUevent);
    const box = out<number>();
    switch (op) {
      case "alloc":
        this.note(op, cuda.cuMemAlloc(box, 256 + value));
        if (box.isSet) this.buffers.push(box.value);
        this.note("address", box.isSet ? box.value : -1);
        break;
      case "free": this.note(op, cuda.cuMemFree(buffer)); this.buffers.splice(pick % Math.max(1, this.buffers.length), 1); break;
      case "memset": this.note(op, cuda.cuMemsetD32Async(buffer, value, 64, stream)); break;
      case "upload": this.note(op, cuda.cuMemcpyHtoDAsync(buffer, new Uint32Array(64).fill(value), 256, stream)); break;
      case "kernel": this.note(op, cuda.cuLaunchKernel(this.fn.value, 1, 1, 1, 32, 1, 1, 0, stream, [buffer, value], null)); break;
      case "read": {
        const data = new Uint32Array(64);
        this.note(op, cuda.cuMemcpyDtoH(data, buffer, 256));
        this.note("data", data.join());
        break;
      }
      case "stream": {
        const made = out<CUstream>();
        this.note(op, cuda.cuStreamCreateWithPriority(made, 1, -(value % 4)));
        if (made.isSet) this.streams.push(made.value);
        break;
      }
      case "record": {
        const made = out<CUevent>();
        this.note(op, cuda.cuEventCreate(made, 2));
        if (made.isSet) {
          this.events.push(made.value);
          this.note("record", cuda.cuEventRecord(made.value, stream));
        }
        break;
      }
      case "wait": this.note(op, cuda.cuStreamWaitEvent(stream, event, 0)); break;
      case "sync": this.note(op, cuda.cuStreamSynchronize(stream)); break;
      case "query": this.note(op, cuda.cuStreamSynchronize(stream)); this.note("idle", cuda.cuStreamQuery(stream)); break;
      case "info": this.note(op, cuda.cuCtxSynchronize()); break;
    }
    // When an asynchronous fault is noticed depends on time, which others may take. So what may fault is waited for.
    if (buffer === wild) this.note("settled", cuda.cuCtxSynchronize());
  }

  private note(what: string, value: number | string): void {
    this.seen.push(`${what}=${value}`);
  }
}

/** What A sees when it runs with B (or alone), in the order that `turns` says. */
function observe(stepsA: readonly Step[], stepsB: readonly Step[] | null, turns: readonly boolean[], seed: number, end: "live" | "kill"): string[] {
  const machine = createMachine({ gpus: ["tiny"], seed });
  try {
    const a = new Subject(machine.process("A"));
    const processB = stepsB === null ? null : machine.process("B");
    const b = processB === null ? null : new Subject(processB);
    let nextB = 0;
    stepsA.forEach((s, i) => {
      // B goes first in some turns; it aims its wild pointers at A's addresses.
      while (b !== null && turns[(i + nextB) % turns.length] === true && nextB < stepsB!.length) b.step(stepsB![nextB++]!, 0x100_0001_0000);
      a.step(s, 0);
    });
    if (end === "kill") processB?.kill();
    a.step({ op: "info", pick: 0, value: 0 }, 0);
    machine.checkInvariants();
    return a.seen;
  } finally {
    machine.dispose();
  }
}

test("non-interference: what a process sees is the same alone and beside another that faults, wildly aims, or is killed", () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 25 });
  fc.assert(fc.property(steps, steps, fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), fc.integer(), fc.constantFrom("live" as const, "kill" as const), (a, b, turns, seed, end) => {
    expect(observe(a, b, turns, seed, end)).toEqual(observe(a, null, turns, seed, end));
  }), { numRuns: 60 });
});

import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUevent, CUstream } from "../../../src/cuda/abi/driver/types.ts";
import { makeMachine, type TestMachine } from "../../cuda/support/host.ts";

/** Streams of a program: the legacy default stream, the thread's own, two blocking ones, two non-blocking ones. */
export const STREAMS = ["legacy", "per-thread", "blocking a", "blocking b", "free a", "free b"] as const;
export type StreamName = (typeof STREAMS)[number];

/** One call of the host. `mark`: a kernel that notes when it ran. `copy`, `host`: the same on the copy engine, by a host function. */
export type Step =
  | { readonly kind: "mark" | "copy" | "host"; readonly stream: StreamName }
  | { readonly kind: "record" | "wait"; readonly stream: StreamName; readonly event: number }
  | { readonly kind: "sync"; readonly stream: StreamName };

/** PTX: mark(counter, log, id): log[atomicAdd(counter, 1)] = id. */
const text = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry mark(.param .u64 counter, .param .u64 log, .param .u32 id)
{
  .reg .b64 %d<4>; .reg .b32 %r<4>;
  ld.param.u64 %d1, [counter]; ld.param.u64 %d2, [log]; ld.param.u32 %r2, [id];
  atom.global.add.u32 %r1, [%d1], 1;
  mul.wide.u32 %d3, %r1, 4; add.s64 %d3, %d2, %d3;
  st.global.u32 [%d3], %r2;
  ret;
}`;

export const isBlocking = (stream: StreamName): boolean => stream === "per-thread" || stream.startsWith("blocking");

/**
 * What the manual orders: for each step that runs something, the steps that must have ended before it begins. Written from the
 * rules alone: order in a stream, the legacy stream's two-way synchronisation, events as captured at their record.
 */
export function mustPrecede(program: readonly Step[]): readonly (readonly [number, number])[] {
  const before: Set<number>[] = program.map(() => new Set());
  const heads = new Map<StreamName, Set<number>>(STREAMS.map((s) => [s, new Set()]));
  const events = new Map<number, Set<number>>();
  const pairs: [number, number][] = [];
  let host = new Set<number>();
  program.forEach((step, i) => {
    const own = heads.get(step.stream)!;
    const past = new Set(own);
    if (step.kind === "sync") {
      const seen = new Set(past);
      if (step.stream === "legacy") for (const s of STREAMS) if (isBlocking(s)) for (const x of heads.get(s)!) seen.add(x);
      host = new Set([...host, ...seen]);
      return;
    }
    // Every action in the legacy stream waits for all blocking streams, and all of those wait for it.
    if (step.stream === "legacy") for (const s of STREAMS) if (isBlocking(s)) for (const x of heads.get(s)!) past.add(x);
    if (isBlocking(step.stream)) for (const x of heads.get("legacy")!) past.add(x);
    if (step.kind === "wait") for (const x of events.get(step.event) ?? []) past.add(x);
    if (step.kind === "record") events.set(step.event, new Set(past));
    if (step.kind === "mark" || step.kind === "copy" || step.kind === "host") {
      for (const x of host) past.add(x);
      before[i] = new Set(past);
      for (const x of past) pairs.push([x, i]);
      past.add(i);
    }
    heads.set(step.stream, past);
    if (step.stream === "legacy") for (const s of STREAMS) if (isBlocking(s)) heads.set(s, new Set([...heads.get(s)!, ...past]));
  });
  return pairs;
}

/** Runs a program. @returns the steps in the order in which they ran. */
export function run(program: readonly Step[], seed: number | undefined, order: "timed" | "any" = "any"): { readonly ran: readonly number[]; readonly machine: TestMachine } {
  const machine = makeMachine({ gpus: ["a100-pcie-40gb"], order, ...(seed === undefined ? {} : { seed }) });
  const host = machine.process();
  const { easy } = host;
  easy.cuInit(0);
  easy.cuCtxCreate(null, 0, 0);
  const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(text), "mark");
  const slots = 256;
  // Kernels note themselves in memory that the host sees, so that copies and host functions can too: all use one counter.
  const log = easy.cuMemAllocHost(8 * slots + 64);
  const streams: Readonly<Record<StreamName, CUstream>> = {
    legacy: cu.CU_STREAM_LEGACY, "per-thread": cu.CU_STREAM_PER_THREAD, "blocking a": easy.cuStreamCreate(0), "blocking b": easy.cuStreamCreate(0),
    "free a": easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING), "free b": easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING),
  };
  const events = new Map<number, CUevent>();
  const event = (n: number): CUevent => {
    if (!events.has(n)) events.set(n, easy.cuEventCreate(cu.CU_EVENT_DISABLE_TIMING));
    return events.get(n)!;
  };
  const device = easy.cuMemAlloc(4096);
  program.forEach((step, i) => {
    const s = streams[step.stream];
    const mark = (): void => { easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, s, [log, log + 64, i], null); };
    switch (step.kind) {
      case "mark": mark(); break;
      case "copy":
        // A copy cannot count, so it is noted by the kernel behind it; it makes the stream change engines.
        easy.cuMemsetD32Async(device, i, 16, s);
        mark();
        break;
      case "host":
        easy.cuLaunchHostFunc(s, () => {
          const view = host.view(log, 8 * slots + 64);
          const words = new Uint32Array(view.buffer, view.byteOffset, view.byteLength / 4);
          words[16 + words[0]!++] = i;
        }, null);
        break;
      case "record": easy.cuEventRecord(event(step.event), s); break;
      case "wait": easy.cuStreamWaitEvent(s, event(step.event), 0); break;
      case "sync": easy.cuStreamSynchronize(s); break;
    }
  });
  easy.cuCtxSynchronize();
  const view = host.view(log, 8 * slots + 64);
  const words = new Uint32Array(view.buffer, view.byteOffset, view.byteLength / 4);
  return { ran: [...words.subarray(16, 16 + words[0]!)], machine };
}

import { createMachine, findProfile, type Machine, type MachineOptions } from "glassgpu";
import { CL_QUEUE_PRIORITY_HIGH_KHR, CL_QUEUE_PRIORITY_LOW_KHR, CL_QUEUE_PRIORITY_MED_KHR } from "glassgpu/opencl";
import { cudaCode } from "../lib/names.ts";
import { busy, busyOpencl, passes, queues, systemMemory, urgent } from "./programs.ts";

export type Os = "windows" | "linux";
type Lines = Readonly<Record<string, string>>;

/** GPUs with a slower clock: long kernels then have few enough instructions to emulate. What does not come from instructions is as on the real ones. */
const slow = (name: string, clockHz: number): MachineOptions => ({ gpus: [{ ...findProfile(name), clockHz }] });
const a100 = slow("a100-sxm4-40gb", 70_500);
/** 19 ms on the whole of it. */
const long = { launches: 1, blocks: 3456, count: 10 };
/** Fast enough for a few microseconds to count; */
const FAST = 70_500_000;
const fast = slow("a100-sxm4-40gb", FAST);
/** and four kernels of 0.5 ms for it, in 16 waves of work-groups. */
const short = { launches: 4, blocks: 16 * 3456, count: 16 };

const us = (ns: number): string => `${(ns / 1000).toFixed(1)} us`;
const ms = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;

/** Makes a machine, lets `start` put programs on it, runs them. */
function run(options: MachineOptions, start: (machine: Machine) => void): Machine {
  const machine = createMachine(options);
  start(machine);
  machine.run();
  machine.checkInvariants();
  return machine;
}

/** How often and how long the operating system (Windows) or the GPU (Linux) stopped contexts. */
function stops(machine: Machine): { readonly count: number; readonly ns: number } {
  const [gpu] = machine.gpus;
  const node = gpu!.wddm?.nodes[0]?.statistics;
  const { preemption } = gpu!.gpu.compute.turns;
  return node === undefined ? { count: preemption.count, ns: preemption.delayNs } : { count: node.preemptions, ns: node.preemptionNs };
}

/** Latencies of the urgent program beside a busy one, ns. */
function latency(options: MachineOptions, priority: number, realTime: boolean): { readonly average: number; readonly worst: number; readonly machine: Machine } {
  const latencies: number[] = [];
  const machine = run(options, (m) => {
    m.spawn("busy", (p) => busy(m, p, short, () => {}));
    m.spawn("urgent", (p) => urgent(m, p, priority, realTime, latencies));
  });
  return { average: latencies.reduce((sum, one) => sum + one, 0) / latencies.length, worst: Math.max(...latencies), machine };
}

function schedulingModel(os: Os): Lines {
  // Two equal programs: who has the GPU when.
  const machine = run({ ...a100, os, trace: true }, (m) => {
    for (const name of ["first", "second"]) m.spawn(name, (p) => busy(m, p, long, () => {}));
  });
  const begins: { readonly pid: unknown; readonly time: number }[] = [];
  for (const { name, time, fields } of machine.trace()) {
    if (name === "gpu:slice_begin" && fields["engine"] === "compute" && fields["pid"] !== begins.at(-1)?.pid) begins.push({ pid: fields["pid"], time });
  }
  // The last two are what was left.
  const turns = begins.slice(1, -2).map(({ time }, i) => time - begins[i]!.time);
  // One program, three queues: in which order.
  const order: number[] = [];
  const priorities = [CL_QUEUE_PRIORITY_LOW_KHR, CL_QUEUE_PRIORITY_MED_KHR, CL_QUEUE_PRIORITY_HIGH_KHR];
  run({ ...a100, os }, (m) => m.spawn("queues", (p) => queues(m, p, priorities, order))).dispose();
  const lines = {
    "two programs of 19 ms: turns of": `${ms(turns.reduce((sum, one) => sum + one, 0) / turns.length)} each`,
    "who ends a turn": os === "windows" ? `VidSch, by a packet, ${stops(machine).count} times` : `the GPU's run list, ${stops(machine).count} times`,
    "kernels given low, medium, high begin": order.map((queue) => "LMH"[queue]).join(" "),
  };
  machine.dispose();
  return lines;
}

function granularity(os: Os): Lines {
  const lines: Record<string, string> = {};
  for (const preemption of ["instruction", "thread-group", "dispatch", "none"] as const) {
    const { worst, machine } = latency({ ...fast, os, preemption }, CL_QUEUE_PRIORITY_HIGH_KHR, false);
    machine.dispose();
    lines[`stops at: ${preemption}; urgent work waits`] = `up to ${worst < 1e6 ? us(worst) : ms(worst)}`;
  }
  return lines;
}

function contextSwitch(os: Os): Lines {
  const lines: Record<string, string> = {};
  for (const [name, title] of [["a100-sxm4-40gb", "A100"], ["h100-sxm-80gb", "H100"], ["mi250x", "MI250X"]] as const) {
    const latencies: number[] = [];
    const machine = run({ ...slow(name, FAST), os }, (m) => {
      m.spawn("busy", (p) => (name === "mi250x" ? busyOpencl(m, p, short) : busy(m, p, short, () => {})));
      m.spawn("urgent", (p) => urgent(m, p, CL_QUEUE_PRIORITY_HIGH_KHR, false, latencies));
    });
    const { count, ns } = stops(machine);
    lines[title] = count === 0 ? "none: kernels of both side by side" : us(ns / count);
    machine.dispose();
  }
  return lines;
}

function migration(os: Os): Lines {
  const times: Record<string, number> = {};
  const bytes = 4 * 2 ** 20;
  run({ os }, (m) => m.spawn("passes", (p) => passes(m, p, bytes, times))).dispose();
  const hmm = { ...findProfile("a100"), svm: { fineGrainBuffer: true, fineGrainSystem: true, atomics: true } };
  run({ os, gpus: [hmm] }, (m) => m.spawn("system", (p) => systemMemory(m, p, bytes, times))).dispose();
  return {
    "a kernel over 4 MiB of the GPU's memory": us(times["local"]!),
    "managed, written by the host: on demand": us(times["demand"]!),
    "managed, the second time": us(times["again"]!),
    "cuMemPrefetchAsync, then the kernel": `${us(times["prefetch"]!)} + ${us(times["prefetched"]!)}`,
    "back, when the host touches it": us(times["back"]!),
    "memory of malloc (SVM and HMM)": `${us(times["system"]!)}, then ${us(times["system again"]!)}`,
  };
}

function multiProcess(os: Os): Lines {
  // Kernels of 27 blocks leave three quarters of the GPU free.
  const small = { launches: 8, blocks: 27, count: 100 };
  const time = (processes: number, mps: boolean): string => {
    const ends: number[] = [];
    try {
      run({ ...a100, os }, (m) => {
        if (mps) m.startMps();
        for (let i = 0; i < processes; i++) m.spawn(`p${i}`, (p) => busy(m, p, small, (ns) => ends.push(ns)));
      }).dispose();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return ms(Math.max(...ends));
  };
  const machine = createMachine({ os });
  const [first, second] = [machine.process("first"), machine.process("second")];
  const pointer = first.throwing.cuda;
  pointer.cuInit(0);
  pointer.cuCtxCreate(null, 0, 0);
  const secret = pointer.cuMemAlloc(4);
  let answer = 0;
  second.cuda.cuInit(0);
  second.throwing.cuda.cuCtxCreate(null, 0, 0);
  answer = second.cuda.cuMemcpyDtoH(new Uint32Array(1), secret, 4);
  machine.dispose();
  return {
    "one program of small kernels": time(1, false),
    "four of them": time(4, false),
    "four of them under MPS": time(4, true),
    "one copies from another's pointer": cudaCode(answer),
  };
}

function realTime(os: Os): Lines {
  const lines: Record<string, string> = {};
  const show = (name: string, options: MachineOptions, priority: number, fifo: boolean): void => {
    const { average, worst, machine } = latency({ ...options, os }, priority, fifo);
    machine.dispose();
    const text = (ns: number): string => (ns < 1e6 ? us(ns) : ms(ns));
    lines[name] = `${text(average)}, at worst ${text(worst)}`;
  };
  show("equal priority: urgent work begins after", fast, CL_QUEUE_PRIORITY_MED_KHR, false);
  show("SCHED_FIFO for its host thread", fast, CL_QUEUE_PRIORITY_MED_KHR, true);
  show("CL_QUEUE_PRIORITY_HIGH_KHR", fast, CL_QUEUE_PRIORITY_HIGH_KHR, false);
  show("the same, scheduled by the GPU (WDDM 2.7)", { ...fast, wddm: { hardwareScheduling: true } }, CL_QUEUE_PRIORITY_HIGH_KHR, false);
  if (os === "linux") lines["the same, scheduled by the GPU (WDDM 2.7)"] = "-";
  return lines;
}

/** The rows of the table. */
export const experiments: Readonly<Record<string, (os: Os) => Lines>> = {
  "scheduling model": schedulingModel, "preemption granularity": granularity, "context switch": contextSwitch, "memory migration": migration, "multi-process": multiProcess, "real-time": realTime,
};

// Preemption under WDDM: one program computes for long, another needs the GPU at once. Five kinds of hardware, by where they can stop. What the document this project grew from writes as
//
//   dxgkSubmitCommand->flags = DXGK_SUBMIT_PREEMPT;
//
// is no flag of Windows; here it can be set and left out, to see what it would mean.
//
// Run: glassgpu run examples/preemption.ts
import { createMachine, out, type Machine, type MachineOptions, type SimProcess } from "glassgpu";
import { CU_CTX_SCHED_BLOCKING_SYNC, CU_STREAM_NON_BLOCKING, CUDA_SUCCESS, type CUcontext, type CUdevice, type CUfunction, type CUmodule, type CUstream } from "glassgpu/cuda";
import { DXGK_SUBMIT_PREEMPT, DXGK_SUBMITCOMMANDFLAGS, type Blocking } from "glassgpu/kernel";
import { kernelFile } from "./lib/files.ts";
import { cudaCode } from "./lib/names.ts";

/** What one program found. */
interface Seen {
  /** From the first launch until everything has ended, ns. */
  ns: number;
  code: number;
}

/** What a program of this scene does. */
interface Part {
  readonly kernel: "spin" | "forever";
  readonly blocks: number;
  readonly param: number;
  /** Of its streams: -5 (most urgent) to 0. */
  readonly priority: number;
  /** Virtual ns of its launches. Each goes into a stream of its own, so that the hardware may have all of them at once. */
  readonly launches: readonly number[];
}

/** A CUDA program that launches its kernels and waits for them. */
function* program(p: SimProcess, machine: Machine, part: Part, seen: Seen): Blocking<void> {
  const cu = p.cuda;
  const check = (code: number): void => {
    if (code !== CUDA_SUCCESS) throw new Error(cudaCode(code));
  };
  check(yield* cu.cuInit(0));
  const [device, context, module, kernel, memory] = [out<CUdevice>(), out<CUcontext>(), out<CUmodule>(), out<CUfunction>(), out<number>()];
  check(yield* cu.cuDeviceGet(device, 0));
  check(yield* cu.cuCtxCreate(context, null, CU_CTX_SCHED_BLOCKING_SYNC, device.value));
  check(yield* cu.cuModuleLoadData(module, kernelFile("04_scenes.ptx")));
  check(yield* cu.cuModuleGetFunction(kernel, module.value, part.kernel));
  check(yield* cu.cuMemAlloc(memory, 65536));
  check(yield* cu.cuMemsetD32(memory.value, 0, 16384));
  const streams: CUstream[] = [];
  for (const _ of part.launches) {
    const stream = out<CUstream>();
    check(yield* cu.cuStreamCreateWithPriority(stream, CU_STREAM_NON_BLOCKING, part.priority));
    streams.push(stream.value);
  }
  for (const [i, time] of part.launches.entries()) {
    if (time > machine.now) yield* p.sleep(time - machine.now);
    // Four threads a block, and 48 KiB of shared memory, so that three blocks fill a multiprocessor and the grid comes in four waves.
    check(yield* cu.cuLaunchKernel(kernel.value, part.blocks, 1, 1, 4, 1, 1, 48 << 10, streams[i]!, [memory.value, part.param], null));
  }
  seen.code = yield* cu.cuCtxSynchronize();
  seen.ns = machine.now - part.launches[0]!;
}

/** When everybody is ready: the long kernels begin, and the urgent one comes in the middle of the first. */
const start = 400e6;
const urgentAt = start + 150e3;

function run(options: MachineOptions, kernel: Part["kernel"] = "spin"): { machine: Machine; long: Seen; urgent: Seen } {
  const machine = createMachine({ os: "windows", trace: true, ...options });
  const [long, urgent] = [{ ns: 0, code: -1 }, { ns: 0, code: -1 }];
  // Two kernels at once, and a third when the urgent one is waiting already.
  const work = kernel === "spin" ? [start, start, start + 250e3] : [start];
  machine.spawn("long", (p) => program(p, machine, { kernel, blocks: 108 * 3 * 4, param: 20_000, priority: 0, launches: work }, long));
  machine.spawn("urgent", (p) => program(p, machine, { kernel: "spin", blocks: 1, param: 100, priority: -5, launches: [urgentAt] }, urgent));
  machine.run();
  return { machine, long, urgent };
}

const us = (ns: number, width: number = 9): string => `${(ns / 1000).toFixed(0)} us`.padStart(width);
const granularities = ["none", "dma-buffer", "dispatch", "thread-group", "instruction"] as const;

/** Who had the engine from when to when, in us after the long program's first launch; what follows at once is one. */
function stintsOf(machine: Machine): string {
  const found: { who: string; from: number; to: number }[] = [];
  for (const { time, name, fields } of machine.trace()) {
    if (time < start || fields["engine"] !== "compute") continue;
    const last = found.at(-1);
    const who = String(fields["process"]);
    if (name === "gpu:slice_begin" && (last?.who !== who || time - start > last.to + 2000)) found.push({ who, from: time - start, to: Infinity });
    else if (name === "gpu:slice_end") found.findLast((one) => one.who === who)!.to = time - start;
  }
  return found.map(({ who, from, to }) => `${who} ${us(from, 0)} to ${us(to, 0)}`).join(", ");
}

const stints: string[] = [];
for (const [os, title] of [["windows", "Windows: VidSch asks (DxgkDdiPreemptCommand), the engine answers"], ["linux", "Linux: the engine's own run list decides"]] as const) {
  console.log(title);
  console.log("  can stop at      urgent kernel    stopped for it    state saved    the long ones");
  for (const preemption of granularities) {
    const { machine, long, urgent } = run({ os, preemption });
    const gpu = machine.gpus[0]!;
    const { turns } = gpu.gpu.compute;
    const { preemptions, preemptionNs, savedBytes } = gpu.wddm?.nodes[0]!.statistics ?? { preemptions: turns.preemptions, preemptionNs: turns.preemptionNs, savedBytes: turns.preemption.savedBytes };
    const took = preemptions === 0 ? "-" : us(preemptionNs / preemptions);
    console.log(`  ${preemption.padEnd(15)} ${us(urgent.ns, 14)} ${took.padStart(17)} ${`${(savedBytes / 2 ** 20).toFixed(1)} MiB`.padStart(14)} ${us(long.ns, 16)}`);
    if (os === "windows") stints.push(`  ${preemption}: ${stintsOf(machine)}`);
    machine.dispose();
  }
}
console.log(`who had the engine on Windows, from the first launch on; the urgent kernel was launched at ${us(urgentAt - start, 0)}\n${stints.join("\n")}`);

console.log("\n-- one preemption, at instruction granularity, as DxgKrnl's events tell it");
const flagNames: readonly (readonly [number, string])[] = [[DXGK_SUBMITCOMMANDFLAGS.ContextSwitch, "ContextSwitch"], [DXGK_SUBMITCOMMANDFLAGS.Resubmission, "Resubmission"], [DXGK_SUBMIT_PREEMPT, "DXGK_SUBMIT_PREEMPT"]];
const { machine } = run({
  wddm: {
    submitCommand: (dxgkSubmitCommand) => {
      if (dxgkSubmitCommand.process === "urgent") dxgkSubmitCommand.flags = DXGK_SUBMIT_PREEMPT;
      else dxgkSubmitCommand.flags = 0;
    },
  },
});
const names = new Map(machine.trace().map(({ pid, comm }) => [pid, comm]));
for (const { time, name, fields } of machine.trace()) {
  if (time < urgentAt || time > urgentAt + 80e3 || !name.startsWith("Microsoft-Windows-DxgKrnl/")) continue;
  const flags = Number(fields["Flags"] ?? 0);
  const words = [
    fields["PacketType"] === "preemption" ? `DxgkDdiPreemptCommand, fence ${fields["PreemptionFenceId"]}` : `${names.get(Number(fields["ProcessId"])) ?? ""}, fence ${fields["SubmissionFenceId"]}`,
    ...flagNames.flatMap(([bit, word]) => ((flags & bit) !== 0 ? [word] : [])), ...(fields["bPreempted"] === 1 ? ["preempted"] : []),
  ];
  console.log(`  +${us(time - urgentAt, 6)}  ${name.slice("Microsoft-Windows-DxgKrnl/".length).padEnd(18)} ${words.join(", ")}`);
}

console.log("\n-- dxgkSubmitCommand->flags, of the urgent program's packets");
for (const [word, flags] of [["DXGK_SUBMIT_PREEMPT", DXGK_SUBMIT_PREEMPT], ["0", 0]] as const) {
  const one = run({ wddm: { submitCommand: (command) => void (command.flags = flags) } });
  console.log(`  ${word.padEnd(20)} urgent kernel ${us(one.urgent.ns)}, preemptions ${one.machine.gpus[0]!.wddm!.nodes[0]!.statistics.preemptions}`);
}

console.log("\n-- a kernel that never ends, and the urgent one");
const hangs: readonly (readonly [string, MachineOptions])[] = [
  ["stops at an instruction", { preemption: "instruction" }], ["stops at a dispatch", { preemption: "dispatch" }],
  ["the same, and the driver cannot reset one engine", { preemption: "dispatch", wddm: { engineReset: false } }],
];
for (const [title, options] of hangs) {
  const one = run(options, "forever");
  const { engineResets, adapterResets } = one.machine.gpus[0]!.wddm!.tdr.statistics;
  console.log(`  ${title}`);
  console.log(`    urgent: ${cudaCode(one.urgent.code)} after ${us(one.urgent.ns, 0)}; long: ${cudaCode(one.long.code)} after ${(one.long.ns / 1e9).toFixed(1)} s; resets: engine ${engineResets}, adapter ${adapterResets}`);
  for (const { time, name, fields } of one.machine.trace()) {
    if (/TdrDetected|EngineReset|AdapterReset/.test(name)) console.log(`    ${((time - start) / 1e9).toFixed(4)} s ${name.slice("Microsoft-Windows-DxgKrnl/".length)} ${fields["Code"] === undefined ? "" : `0x${Number(fields["Code"]).toString(16)}`}`.trimEnd());
  }
}

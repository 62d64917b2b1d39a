// Who is hurt? One program makes a mistake on a GPU while another one works beside it; then a third one comes. The mistakes: it is killed in the middle of a kernel (a crash), its kernel never ends (a hang),
// its kernel uses an address that it has not (an illegal address). The GPU is shared natively, by MPS, by MIG; and its reset works, or does not.
//
// Run: glassgpu run examples/faults.ts
import { createMachine, type MachineOptions } from "glassgpu";
import { culprit, FAULT, nothing, worker, type Fault, type Seen } from "./faults/programs.ts";
import { only, type } from "./game-and-inference/ways.ts";
import { cudaCode } from "./lib/names.ts";

interface Situation {
  readonly name: string;
  readonly options?: MachineOptions;
  readonly commands?: readonly string[];
  /** MIG instances of the culprit and of the others. */
  readonly mig?: readonly [string, string];
}

/** When resetting the engine fails, the whole GPU is reset, and its memory is lost. */
const reset = { engineReset: "fails", vram: "lost" } as const;
const mig = { commands: ["nvidia-smi -mig 1", "nvidia-smi mig -cgi 3g.20gb,4g.20gb -C"], mig: ["3g.20gb", "4g.20gb"] } as const;
const situations: readonly Situation[] = [
  { name: "natively" },
  { name: "natively; kernels cannot be stopped", options: { preemption: "none" } },
  { name: "natively; the engine's reset fails", options: { recovery: reset } },
  { name: "MPS", commands: ["nvidia-cuda-mps-control -d"] },
  { name: "MIG, another instance", ...mig },
  { name: "MIG, another instance; the engine's reset fails", options: { recovery: reset }, ...mig },
  { name: "Windows", options: { os: "windows" } },
  { name: "Windows; kernels cannot be stopped", options: { os: "windows", preemption: "none" } },
];
const faults: readonly Fault[] = ["crash", "hang", "illegal address"];

const S = 1e9;
const END = FAULT + 14 * S;
const ns = (time: number): string => (time < 1e6 ? `${(time / 1e3).toFixed(1)} us` : `${(time / 1e6).toFixed(1)} ms`);
const error = (seen: Seen): string => cudaCode(seen.code).replace("CUDA_ERROR_", "");
const row = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd([18, 32, 30, 26, 0][i]!)).join("").trimEnd();

console.log(row(["", "culprit", "neighbour", "who comes 12 s after", "who comes when all are gone"]));
for (const { name, options = {}, commands = [], mig: instances } of situations) {
  console.log(name);
  for (const fault of faults) {
    const machine = createMachine(options);
    for (const command of commands) type(machine, command);
    const [first, second] = [only(machine, instances?.[0]), only(machine, instances?.[1])];
    const [guilty, neighbour, soon, later] = [nothing(), nothing(), nothing(), nothing()];
    const bad = machine.spawn("culprit", (p) => culprit(machine, p, guilty, fault), { env: first });
    machine.spawn("neighbour", (p) => worker(machine, p, neighbour, END), { env: second });
    for (const [seen, begin] of [[soon, FAULT + 12 * S], [later, END + S]] as const) {
      // It starts the program then: what a program sees of MPS it sees at its start.
      machine.kernel.events.at(begin, () => void machine.spawn("newcomer", (p) => worker(machine, p, seen, begin + S), { env: first }), "newcomer");
    }
    machine.run();
    const outcomes = [
      bad.exitStatus?.signal === 9 ? "killed" : `${error(guilty)} after ${ns(guilty.end - FAULT)}`,
      neighbour.code !== 0 ? error(neighbour) : neighbour.intact === true ? `goes on, waited ${ns(neighbour.longest)}` : "has wrong data",
      ...[soon, later].map((seen) => (seen.code === 0 && seen.intact === true ? "works" : error(seen))),
    ];
    console.log(row([`  ${fault}`, ...outcomes]));
    machine.checkInvariants();
    machine.dispose();
  }
}

console.log("\nWhat the kernel's log says natively:");
for (const fault of faults) {
  const machine = createMachine();
  machine.spawn("culprit", (p) => culprit(machine, p, nothing(), fault));
  machine.run();
  const lines = machine.exec("dmesg", []).stdout.split("\n").filter((line) => line.includes("Xid"));
  console.log(`  ${fault}: ${lines.length === 0 ? "nothing" : lines.join("\n    ")}`);
  machine.dispose();
}

// A game and an inference server on one GPU. The game draws a frame every 16.6 ms, with four short kernels; the server runs long kernels back to back. What either gets of the
// GPU depends on how it is shared: taking turns, priorities, MIG instances, an MPS server with limits. The C and the commands of this story:
//
//   cudaStreamCreateWithPriority(&s, cudaStreamDefault, -1);
//   cl_queue_properties props[] = {CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_HIGH_KHR, 0};
//   nvidia-smi mig -cgi 2g.10gb -C
//   CUDA_MPS_ACTIVE_THREAD_PERCENTAGE=40
//
// All times are measured, in virtual time.
//
// Run: glassgpu run examples/game-and-inference.ts
import { createMachine, findProfile, out } from "glassgpu";
import type { CUcontext } from "glassgpu/cuda";
import { BEGIN, cudaGame, FRAME, FRAMES, inference, openclGame, type Result } from "./game-and-inference/programs.ts";
import { only, type, ways, type Way } from "./game-and-inference/ways.ts";

/** An A100 with a clock of 70 kHz: kernels of the usual length then have few enough instructions to emulate. Nothing else is changed. */
const gpu = { ...findProfile("a100-sxm4-40gb"), clockHz: 70_500 };

function measure(way: Way): Result {
  const machine = createMachine({ gpus: [gpu] });
  for (const command of way.commands ?? []) type(machine, command);
  const [first, second] = [only(machine, way.mig?.[0]), only(machine, way.mig?.[1])];
  const result: Result = { frames: [], inferences: 0, ended: null };
  if (way.without === "game") {
    machine.spawn("clock", function* (p) {
      yield* p.sleep(BEGIN + FRAMES * FRAME - machine.now);
      result.ended = machine.now - BEGIN;
    });
  } else {
    const { queue, stream = 0 } = way;
    machine.spawn("game", (p) => (queue === undefined ? cudaGame(machine, p, stream, result) : openclGame(machine, p, queue, result)), { env: { ...way.env?.[0], ...first } });
  }
  if (way.without !== "inference") machine.spawn("inference", (p) => inference(machine, p, result), { env: { ...way.env?.[1], ...second } });
  machine.run();
  if (result.ended === null) throw new Error(`${way.name}: the game did not end: ${machine.lastDiagnostic()?.message ?? "nobody knows why"}`);
  machine.checkInvariants();
  machine.dispose();
  return result;
}

const row = (name: string, cells: readonly string[]): string => name.padEnd(28) + cells.map((cell) => cell.padStart(9)).join("");

console.log(row("frame times, ms", ["best", "median", "worst", "late", "infer./s"]));
for (const way of ways) {
  const { frames, inferences, ended } = measure(way);
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (i: number): string => (sorted.length === 0 ? "-" : (sorted[i]! / 1e6).toFixed(1));
  const late = sorted.length === 0 ? "-" : `${((frames.filter((time) => time > FRAME).length / FRAMES) * 100).toFixed(0)} %`;
  const rate = way.without === "inference" ? "-" : ((inferences * 1e9) / ended!).toFixed(1);
  console.log(row(way.name, [at(0), at(sorted.length >> 1), at(sorted.length - 1), late, rate]));
}

// Memory: the server takes all it can get. A quota leaves the game its share, and the server hears of it as of any full GPU: cuMemAlloc gives CUDA_ERROR_OUT_OF_MEMORY.
interface Quota {
  readonly name: string;
  readonly commands?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly mig?: readonly [string, string];
}

const quotas: readonly Quota[] = [
  { name: "no quota" },
  { name: "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=28G", commands: ["nvidia-cuda-mps-control -d"], env: { CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: "0=28G" } },
  { name: "MIG 2g.10gb and 4g.20gb", commands: ["nvidia-smi -mig 1", "nvidia-smi mig -cgi 2g.10gb,4g.20gb -C"], mig: ["4g.20gb", "2g.10gb"] },
];

console.log("\nmemory for a server that wants 36 GiB, and a game that wants 8:");
for (const { name, commands = [], env = {}, mig } of quotas) {
  const machine = createMachine({ gpus: [gpu] });
  for (const command of commands) type(machine, command);
  const bytes = out<number>();
  const got = ["inference", "game"].map((who, i) => {
    const p = machine.process(who, { env: { ...(i === 0 ? env : {}), ...only(machine, mig?.[i]) } });
    p.cuda.cuInit(0);
    p.cuda.cuCtxCreate(out<CUcontext>(), null, 0, 0);
    let gib = 0;
    for (const most = who === "game" ? 8 : 36; gib < most && p.cuda.cuMemAlloc(bytes, 2 ** 30) === 0; gib++);
    return `${who} got ${gib} GiB`;
  });
  console.log(`  ${name}: ${got.join(", ")}`);
  machine.dispose();
}

// A game and an inference server on one GPU. The game draws a frame every 16.6 ms, with four short kernels; the server runs long kernels back to back. What either gets of the
// GPU depends on how it is shared: taking turns, priorities, MIG instances, an MPS server with limits. All times are measured, in virtual time.
//
// Run: glassgpu run examples/game-and-inference.ts
import { createMachine, findProfile, out, type Machine, type SimProcess } from "glassgpu";
import type { CUcontext, CUevent, CUfunction, CUmodule, CUstream } from "glassgpu/cuda";
import type { NvIoctlTable } from "glassgpu/kernel";
import { checker } from "./lib/check.ts";

/** An A100 with a clock of 70 kHz: kernels of the usual length then have few enough instructions to emulate. Nothing else is changed. */
const gpu = { ...findProfile("a100-sxm4-40gb"), clockHz: 70_500 };

/** Each work-item counts down; 32 blocks of 64 fill a multiprocessor. */
const burn = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry burn(.param .u32 n) {
  .reg .pred %p<2>;
  .reg .b32 %r<2>;
  ld.param.u32 %r1, [n];
again:
  sub.u32 %r1, %r1, 1;
  setp.ne.u32 %p1, %r1, 0;
  @%p1 bra again;
  ret;
}`;

const MS = 1e6;
const FRAME = 16.6 * MS;
const FRAMES = 30;
const BEGIN = 1000 * MS;
/** Blocks of a launch, and how often each work-item counts: 1.3 and 20 ms on the whole GPU. */
const DRAW = { blocks: 864, count: 2 };
const INFER = { blocks: 3456, count: 10 };

interface Result {
  readonly frames: number[];
  inferences: number;
  done: boolean;
}

/** A context, the kernel and a stream. */
function* setUp(machine: Machine, p: SimProcess, priority: number) {
  const check = checker(machine);
  check(yield* p.cuda.cuInit(0));
  check(yield* p.cuda.cuCtxCreate(out<CUcontext>(), null, 0, 0));
  const [module, kernel, stream] = [out<CUmodule>(), out<CUfunction>(), out<CUstream>()];
  check(yield* p.cuda.cuModuleLoadData(module, burn));
  check(yield* p.cuda.cuModuleGetFunction(kernel, module.value, "burn"));
  check(yield* p.cuda.cuStreamCreateWithPriority(stream, 1, priority));
  return { check, kernel: kernel.value, stream: stream.value };
}

function* game(machine: Machine, p: SimProcess, priority: number, result: Result) {
  const { check, kernel, stream } = yield* setUp(machine, p, priority);
  for (let frame = 0; frame < FRAMES; frame++) {
    const tick = BEGIN + frame * FRAME;
    // A frame that is late begins when its predecessor is done.
    yield* p.sleep(Math.max(0, tick - machine.now));
    for (let i = 0; i < 4; i++) check(yield* p.cuda.cuLaunchKernel(kernel, DRAW.blocks, 1, 1, 64, 1, 1, 0, stream, [DRAW.count], null));
    check(yield* p.cuda.cuStreamSynchronize(stream));
    result.frames.push(machine.now - tick);
  }
  result.done = true;
}

function* inference(machine: Machine, p: SimProcess, result: Result) {
  const { check, kernel, stream } = yield* setUp(machine, p, 0);
  const ended = [out<CUevent>(), out<CUevent>()];
  for (const event of ended) check(yield* p.cuda.cuEventCreate(event, 0));
  yield* p.sleep(BEGIN - machine.now);
  // Two requests are always on their way.
  for (let n = 0; !result.done; n++) {
    const event = ended[n % 2]!.value;
    if (n >= 2) {
      check(yield* p.cuda.cuEventSynchronize(event));
      if (!result.done) result.inferences++;
    }
    check(yield* p.cuda.cuLaunchKernel(kernel, INFER.blocks, 1, 1, 64, 1, 1, 0, stream, [INFER.count], null));
    check(yield* p.cuda.cuEventRecord(event, stream));
  }
}

/** nvidia-smi mig -cgi ... -C: cuts the GPU. @returns UUIDs of the instances, in the order of `profiles` */
function partition(machine: Machine, profiles: readonly number[]): string[] {
  const admin = machine.process("nvidia-smi");
  const { sys } = admin;
  const fd = sys.open("/dev/nvidiactl", 2);
  const capability = sys.open("/dev/nvidia-caps/nvidia-cap1", 0);
  sys.ioctl(fd, "NV_MIG_SET_MODE", { gpu: 0, enable: true, capability, state: "set" });
  const ids = profiles.map((profile) => {
    const made = { gpu: 0, profile, start: null, capability, gi: -1 };
    sys.ioctl(fd, "NV_MIG_GI_CREATE", made);
    sys.ioctl(fd, "NV_MIG_CI_CREATE", { gpu: 0, gi: made.gi, profile: null, capability, ci: -1, created: -1 });
    return made.gi;
  });
  const list: NvIoctlTable["NV_MIG_INSTANCES"] = { gpu: 0, instances: [] };
  sys.ioctl(fd, "NV_MIG_INSTANCES", list);
  admin.exit();
  return ids.map((gi) => list.instances.find(({ id }) => id === gi)!.compute[0]!.uuid);
}

/** nvidia-smi compute-policy --set-timeslice 3 */
function longSlices(machine: Machine): void {
  const admin = machine.process("nvidia-smi");
  admin.sys.ioctl(admin.sys.open("/dev/nvidiactl", 2), "NV_SET_TIMESLICE", { gpu: 0, value: 3 });
  admin.exit();
}

interface Scenario {
  readonly name: string;
  readonly without?: "game" | "inference";
  /** Priority of the game's stream: 0 to -5. */
  readonly priority?: number;
  /** GPU instance profiles for the game and for the server. */
  readonly mig?: readonly [number, number];
  /** An MPS server, and the environment of game and server. */
  readonly mps?: readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>];
  readonly longSlices?: boolean;
}

const scenarios: readonly Scenario[] = [
  { name: "game alone", without: "inference" },
  { name: "inference alone", without: "game" },
  { name: "turns of 2 ms" },
  { name: "turns of 16 ms", longSlices: true },
  { name: "stream priority", priority: -5 },
  { name: "MIG 3g.20gb + 4g.20gb", mig: [9, 5] },
  { name: "MIG 2g.10gb + 4g.20gb", mig: [14, 5] },
  { name: "MPS", mps: [{}, {}] },
  { name: "MPS, inference below normal", mps: [{}, { CUDA_MPS_CLIENT_PRIORITY: "1" }] },
  { name: "MPS, shares 40 % and 60 %", mps: [{ CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: "40" }, { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: "60" }] },
];

function measure(scenario: Scenario): Result {
  const machine = createMachine({ gpus: [gpu] });
  const [first, second] = scenario.mig === undefined ? [] : partition(machine, scenario.mig);
  const see = (uuid: string | undefined): Record<string, string> => (uuid === undefined ? {} : { CUDA_VISIBLE_DEVICES: uuid });
  if (scenario.mps !== undefined) machine.startMps();
  if (scenario.longSlices === true) longSlices(machine);
  const result: Result = { frames: [], inferences: 0, done: false };
  if (scenario.without !== "game") machine.spawn("game", (p) => game(machine, p, scenario.priority ?? 0, result), { env: { ...scenario.mps?.[0], ...see(first) } });
  else machine.spawn("clock", function* (p) {
    yield* p.sleep(BEGIN + FRAMES * FRAME);
    result.done = true;
  });
  if (scenario.without !== "inference") machine.spawn("inference", (p) => inference(machine, p, result), { env: { ...scenario.mps?.[1], ...see(second) } });
  machine.run();
  machine.checkInvariants();
  machine.dispose();
  return result;
}

const row = (name: string, cells: readonly string[]): string => name.padEnd(30) + cells.map((cell) => cell.padStart(10)).join("");

console.log(row("frame times, ms", ["median", "99 %", "missed", "infer./s"]));
for (const scenario of scenarios) {
  const { frames, inferences } = measure(scenario);
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted.length === 0 ? "-" : (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]! / MS).toFixed(1));
  const missed = sorted.length === 0 ? "-" : String(frames.filter((time) => time > FRAME).length);
  const rate = scenario.without === "inference" ? "-" : ((inferences * 1e9) / (FRAMES * FRAME)).toFixed(0);
  console.log(row(scenario.name, [at(0.5), at(0.99), missed, rate]));
}

// Memory: the server takes all it can get. A limit leaves the game its share, and the server hears of it as of any full GPU.
console.log("\nmemory for a server that wants 36 GiB, and a game that wants 8:");
for (const limit of [null, "0=28G"]) {
  const machine = createMachine({ gpus: [gpu] });
  machine.startMps();
  const bytes = out<number>();
  const got = ["inference", "game"].map((name) => {
    const p = machine.process(name, { env: name === "inference" && limit !== null ? { CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: limit } : {} });
    p.cuda.cuInit(0);
    p.cuda.cuCtxCreate(out<CUcontext>(), null, 0, 0);
    let gib = 0;
    for (const most = name === "game" ? 8 : 36; gib < most && p.cuda.cuMemAlloc(bytes, 2 ** 30) === 0; gib++);
    return `${name} got ${gib} GiB`;
  });
  console.log(`${limit === null ? "no limit" : `CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=${limit}`}: ${got.join(", ")}`);
  machine.dispose();
}

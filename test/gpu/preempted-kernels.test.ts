import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createMachine, type HostProcess, type Machine, type MachineOptions } from "../../src/index.ts";
import * as cu from "../../src/cuda/abi/driver/constants.ts";
import { lanePolicy } from "../../src/compiler/wasm/simd/policy.ts";
import { record, RECORD_SHIFT, RECORDS } from "../../src/compiler/wasm/lower/layout.ts";
import { WasmExecution } from "../../src/compiler/wasm/run/execution.ts";
import { kinds, preemptedKernel } from "./preempted-kernels.ts";

// Kernels that are stopped in the middle of something of each kind, while another process's kernel runs, end as they do when nobody stops them: on each path, and with checks on.

const LEAVES = "work-items that leave, and those that wait for the others";
const ITEMS = 4 * 64;
const ROUNDS = 24;
const input = Uint32Array.from({ length: 272 }, (_, i) => (i < 256 ? Math.imul(i + 7, 0x9e3779b1) >>> 0 : 0));

/** A process with a kernel. */
class Run {
  readonly process: HostProcess;
  private readonly out: number;
  private readonly launch: () => void;

  constructor(machine: Machine, name: string, text: string, rounds: number) {
    this.process = machine.process(name);
    const { cuda } = this.process.throwing;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, 0, 0);
    this.out = cuda.cuMemAlloc(4 * ITEMS) as number;
    cuda.cuMemsetD32(this.out as never, 0, ITEMS);
    const words = cuda.cuMemAlloc(input.byteLength);
    cuda.cuMemcpyHtoD(words, input, input.byteLength);
    const texture = cuda.cuTexObjectCreate({ resType: cu.CU_RESOURCE_TYPE_LINEAR, res: { linear: { devPtr: words, format: cu.CU_AD_FORMAT_UNSIGNED_INT32, numChannels: 1, sizeInBytes: 1024 } } }, { flags: 1 }, null);
    const fn = cuda.cuModuleGetFunction(cuda.cuModuleLoadData(text), "k");
    this.launch = () => void cuda.cuLaunchKernel(fn, 4, 1, 1, 64, 1, 1, 0, null, [this.out, words, texture as never, rounds], null);
  }

  begin(): this {
    this.launch();
    return this;
  }

  /** Waits; what it wrote and printed. */
  end(): { readonly words: readonly number[]; readonly printed: string } {
    const { cuda } = this.process.throwing;
    cuda.cuCtxSynchronize();
    const words = new Uint32Array(ITEMS);
    cuda.cuMemcpyDtoH(words, this.out as never, words.byteLength);
    return { words: [...words], printed: this.process.stdout };
  }
}

/** A launch as it is between two calls: its groups on the slow path. */
interface Inside {
  readonly config: { readonly kernel: string };
  readonly kernel: { readonly views: { readonly i32: Int32Array } };
  readonly resident: readonly { readonly slot: number; readonly items: number; readonly state: Uint8Array }[];
}

/** Where work-items stood whenever a launch was stopped: ready, waiting, asleep, spinning (slow-group.ts), and how deep in calls. */
function watchStops(): { readonly states: Set<number>; deepest: number; several: number } {
  const seen = { states: new Set<number>(), deepest: 0, several: 0 };
  const { run } = WasmExecution.prototype;
  vi.spyOn(WasmExecution.prototype, "run").mockImplementation(function (this: WasmExecution, limits) {
    const status = run.call(this, limits);
    if (status.done) return status;
    const { kernel: { views: { i32 } }, resident } = this as unknown as Inside;
    for (const { slot, items, state } of resident) {
      for (const one of state) seen.states.add(one);
      seen.several += new Set(state).size > 1 ? 1 : 0;
      for (let item = 0; item < items; item++) seen.deepest = Math.max(seen.deepest, i32[(slot + RECORDS + (item << RECORD_SHIFT) + record.depth) >> 2]!);
    }
    return status;
  });
  return seen;
}

const alone = new Map<string, ReturnType<Run["end"]>>();
let serial = 0;

beforeAll(() => {
  for (const kind of kinds) {
    const machine = createMachine({ gpus: ["tiny"] });
    alone.set(kind, new Run(machine, kind, preemptedKernel(kind, false, 0), ROUNDS).begin().end());
    machine.dispose();
  }
});

afterEach(() => {
  lanePolicy.always = false;
  lanePolicy.quads = 0;
});

test("what they say alone differs between work-items, and is not nothing", () => {
  for (const [kind, { words }] of alone) expect(new Set(words).size, kind).toBeGreaterThan(1);
  expect(alone.get("printf half way")!.printed.split("\n").length).toBe(4 * 3 + 1);
});

const ways: readonly { readonly name: string; readonly slow: boolean; readonly lanes: boolean; readonly options: MachineOptions }[] = [
  { name: "as ever", slow: false, lanes: false, options: {} }, { name: "work-items one by one, each a state machine", slow: true, lanes: false, options: {} },
  { name: "lanes", slow: false, lanes: true, options: {} }, { name: "checked, every second one by lanes", slow: false, lanes: false, options: { check: true } },
];

describe("where they are stopped", () => {
  const [READY, EXITED, WAITING, ASLEEP, SPINNING, AT_BARRIER] = [0, 1, 2, 3, 4, 5];
  test.each([
    ["loops in a recursion", [READY], 4], ["indirect calls", [READY], 1], ["printf half way", [READY], 0], ["one warp at a barrier, the other on its way", [READY, AT_BARRIER], 0], ["named barriers, half arrived", [READY, WAITING], 0],
    ["collectives of warps with loops of their own", [READY, WAITING], 0], ["votes of the group", [READY, WAITING], 0], [LEAVES, [READY, EXITED, AT_BARRIER], 0], ["a nap", [ASLEEP], 0], ["a barrier of the grid", [AT_BARRIER, SPINNING], 0],
    ["mbarriers waited for", [READY], 0], ["asynchronous copies in flight", [READY, AT_BARRIER], 0],
  ] as const)("%s: in states %j", (kind, states, depth) => {
    const seen = watchStops();
    const machine = createMachine({ gpus: ["tiny"], preemption: "instruction", timesliceNs: 60 });
    const runs = [0, 1].map((n) => new Run(machine, `p${n}`, preemptedKernel(kind, true, ++serial), ROUNDS));
    for (const run of runs) run.begin();
    for (const run of runs) expect(run.end().words).toEqual(alone.get(kind)!.words);
    machine.dispose();
    vi.restoreAllMocks();
    expect([...seen.states].sort()).toEqual(expect.arrayContaining([...states]));
    expect(seen.deepest).toBeGreaterThanOrEqual(depth);
  });
});

describe.each(ways)("stopped anywhere, $name", ({ slow, lanes, options }) => {
  const stopped = new Map<string, number>();
  afterAll(() => {
    // The property says nothing of a kind that was never stopped.
    for (const kind of kinds) expect(stopped.get(kind), kind).toBeGreaterThan(5);
  });

  test.each(kinds)("in %s", (kind) => {
    fc.assert(fc.property(fc.integer({ min: 40, max: 900 }), fc.nat(), fc.integer({ min: 0, max: kinds.length - 1 }), (timesliceNs, seed, other) => {
      lanePolicy.always = lanes || (options.check === true && kinds.indexOf(kind) % 2 === 1);
      const machine = createMachine({ gpus: ["tiny"], preemption: "instruction", timesliceNs, seed, ...options });
      const text = preemptedKernel(kind, slow, ++serial);
      const one = new Run(machine, kind, text, ROUNDS);
      const two = new Run(machine, "other", preemptedKernel(kinds[other]!, slow, ++serial), ROUNDS);
      // Both are under way before anybody waits.
      const [mine, theirs] = [one.begin(), two.begin()].map((run) => run.end()) as [ReturnType<Run["end"]>, ReturnType<Run["end"]>];
      expect(mine).toEqual(alone.get(kind));
      expect(theirs).toEqual(alone.get(kinds[other]!));
      // Of work-items that leave others at a barrier checked mode tells; of nothing else.
      expect(machine.diagnostics().filter(({ codeName }) => codeName !== "barriers" || (kind !== LEAVES && kinds[other] !== LEAVES)).map(({ message }) => message)).toEqual([]);
      const { count, savedBytes, restoredBytes } = machine.gpus[0]!.gpu.compute.turns.preemption;
      expect(restoredBytes).toBe(savedBytes);
      stopped.set(kind, (stopped.get(kind) ?? 0) + count);
      machine.checkInvariants();
      machine.dispose();
    }), { seed: Number(process.env["CHECK_SEED"] ?? 402), numRuns: Number(process.env["CHECK_RUNS"] ?? 1) });
  });
});

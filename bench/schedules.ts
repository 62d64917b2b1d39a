// Schedules a second: glassgpu run bench/schedules.ts [-- --json]
import fc from "fast-check";
import { cpus } from "node:os";
import { createMachine, type SimProcess, type ThreadHandle } from "glassgpu";
import type { Blocking } from "glassgpu/kernel";
import { checkSchedules, exhaustiveSearch, type Program } from "glassgpu/testing";

/** One measured way of trying schedules. */
export interface ScheduleRate {
  readonly name: string;
  readonly perSecond: number;
}

const THREADS = 4;
const STEPS = 8;
const turn = { queue: null, deadline: null, what: "its turn" } as const;

// Generator functions stand at the top level: one that is made anew for each run costs a hidden class each time.
function* worker(shared: { last: number }, i: number): Blocking<void> {
  for (let step = 0; step < STEPS; step++) {
    shared.last = (shared.last * 3 + i) % 1_000_003;
    yield turn;
  }
}

function* main(p: SimProcess, body: (own: SimProcess, i: number) => Blocking<unknown>): Blocking<void> {
  const all: ThreadHandle[] = [];
  for (let i = 0; i < THREADS; i++) all.push(p.thread(`t${i}`, (own) => body(own, i)));
  for (const each of all) yield* each.join();
}

/** Four host threads of eight steps each, that read and write one variable; no memory, no GPU. */
const threads: Program = ({ machine }) => {
  const m = machine({ gpus: ["tiny"] });
  const shared = { last: 0 };
  m.spawn("app", (p) => main(p, (_own, i) => worker(shared, i)));
  m.run();
  return shared.last;
};

function* waker(p: SimProcess, word: number, i: number): Blocking<void> {
  for (let step = 0; step < STEPS; step++) {
    p.sys.store32(word + 4 * (i % 2), step);
    p.sys.futexWake(word, 1);
    yield turn;
  }
}

/** The same threads on words of simulated memory with a futex between them: the machine's memory is used. */
const futexes: Program = ({ machine }) => {
  const m = machine({ gpus: ["tiny"] });
  m.spawn("app", (p) => {
    const word = p.malloc(64);
    return main(p, (own, i) => waker(own, word, i));
  });
  m.run();
};

/** Two CUDA streams, an event, four copies: a context has to be made first. */
const cuda: Program = ({ machine }) => {
  const cu = machine({ gpus: ["tiny"] }).process("app").throwing.cuda;
  cu.cuInit(0);
  cu.cuCtxCreate(null, 0, 0);
  const [a, b] = [cu.cuStreamCreate(1), cu.cuStreamCreate(1)];
  const [x, y] = [cu.cuMemAlloc(256), cu.cuMemAlloc(256)];
  const event = cu.cuEventCreate(2);
  cu.cuMemsetD8Async(x, 1, 256, a);
  cu.cuEventRecord(event, a);
  cu.cuStreamWaitEvent(b, event, 0);
  cu.cuMemcpyDtoDAsync(y, x, 256, b);
  cu.cuMemsetD8Async(x, 2, 256, b);
  cu.cuCtxSynchronize();
};

function rateOf(run: (count: number) => void, seconds: number): number {
  run(20);
  let count = 20;
  let took = 0;
  do {
    count *= 2;
    const began = performance.now();
    run(count);
    took = (performance.now() - began) / 1000;
  } while (took < seconds);
  return count / took;
}

/** fast-check's own scheduler on four asynchronous tasks of eight steps each: one run of them. */
type FcProgram = (s: fc.Scheduler) => Promise<unknown>;

/** Tasks that wait for their turn, as threads do. */
const fcThreads: FcProgram = (s) => {
  let last = 0;
  const thread = async (i: number): Promise<void> => {
    for (let step = 0; step < STEPS; step++) {
      await s.schedule(Promise.resolve(), `t${i}`);
      last = (last * 3 + i) % 1_000_003;
    }
  };
  return s.waitFor(Promise.all(Array.from({ length: THREADS }, (_, i) => thread(i))));
};

/** Lists of steps that are known beforehand: its fastest form. */
const fcSequences: FcProgram = (s) => {
  let last = 0;
  for (let i = 0; i < THREADS; i++) {
    s.scheduleSequence(Array.from({ length: STEPS }, (_, step) => ({
      label: `t${i} ${step}`,
      builder: () => {
        last = (last * 3 + i) % 1_000_003;
        return Promise.resolve();
      },
    })));
  }
  return s.waitAll();
};

async function fcRate(program: FcProgram, seconds: number): Promise<number> {
  let runs = 0;
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    await fc.assert(fc.asyncProperty(fc.scheduler(), async (s) => {
      await program(s);
      runs++;
    }), { numRuns: 200 });
  }
  return runs / ((performance.now() - began) / 1000);
}

/** Measures everything. @param seconds for each row */
export async function benchSchedules(seconds: number): Promise<ScheduleRate[]> {
  const check = (program: Program, detect: readonly ("races" | "lifetimes")[] = [], strategy: "random" | "pct" = "random") => (schedules: number) => void checkSchedules(program, { schedules, detect, strategy, maxFindings: 1e9 });
  const exhaustive = (schedules: number): void => void checkSchedules(threads, { schedules, detect: [], strategy: exhaustiveSearch() });
  const machines = (count: number): void => {
    for (let i = 0; i < count; i++) createMachine({ gpus: ["tiny"], order: "any", seed: i });
  };
  return [
    { name: "making a machine, nothing else", perSecond: rateOf(machines, seconds) },
    { name: "4 threads, 32 steps, random", perSecond: rateOf(check(threads), seconds) },
    { name: "4 threads, 32 steps, PCT", perSecond: rateOf(check(threads, [], "pct"), seconds) },
    { name: "4 threads, 32 steps, exhaustive", perSecond: rateOf(exhaustive, seconds) },
    { name: "4 threads, 32 steps with memory and futexes, random", perSecond: rateOf(check(futexes), seconds) },
    { name: "CUDA: context, two streams, event, copies", perSecond: rateOf(check(cuda), seconds) },
    { name: "the same, races watched", perSecond: rateOf(check(cuda, ["races", "lifetimes"]), seconds) },
    { name: "fc.scheduler(): 4 tasks that await 32 turns", perSecond: await fcRate(fcThreads, seconds) },
    { name: "fc.scheduler(): 4 sequences, 32 steps", perSecond: await fcRate(fcSequences, seconds) },
  ];
}

if (process.argv[1]?.endsWith("schedules.ts") === true) {
  const rates = await benchSchedules(2);
  if (process.argv.includes("--json")) console.log(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, rates }, null, 2));
  else for (const { name, perSecond } of rates) console.log(`${name.padEnd(56)} ${Math.round(perSecond).toLocaleString("en").padStart(9)} a second`);
}

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDecisions, parseDecisions, replayStrategy, seededStrategy, type Strategy } from "../../../src/kernel/choices.ts";
import type { Blocking } from "../../../src/kernel/process/wait.ts";
import type { SimProcess } from "../../../src/host/host-process.ts";
import { createMachine } from "../../../src/machine.ts";
import { checkSchedules } from "../../../src/testing/schedule/check.ts";
import { outcomeText, runSchedule, type Program } from "../../../src/testing/schedule/run.ts";
import { Spares } from "../../../src/testing/schedule/spares.ts";
import { exhaustiveSearch, type ExhaustiveOptions } from "../../../src/testing/strategy/exhaustive.ts";
import { pctSearch } from "../../../src/testing/strategy/pct.ts";

const gpus = ["tiny"];
const turn = { queue: null, deadline: null, what: "its turn" };

/** Two threads add 1 to a counter in three steps: load, add, store. */
const lostUpdate: Program = ({ machine }) => {
  const m = machine({ gpus });
  let counter = 0;
  m.spawn("counters", function* (p) {
    const adders = [0, 1].map((i) => p.thread(`adder ${i}`, function* () {
      const seen = counter;
      yield turn;
      counter = seen + 1;
    }));
    for (const adder of adders) yield* adder.join();
  });
  m.run();
  if (counter !== 2) throw new Error(`an update was lost: ${counter}`);
};

describe("replay strings", () => {
  test("decisions become a string and come back, but for natural ones at the end", () => {
    fc.assert(fc.property(fc.array(fc.nat({ max: 40 })), (decisions) => {
      const back = parseDecisions(formatDecisions(decisions));
      expect([...back, ...Array<number>(decisions.length - back.length).fill(0)]).toEqual(decisions);
    }), { seed: 1 });
  });

  test("a damaged string is refused", () => {
    expect(() => parseDecisions("g2.0")).toThrow(RangeError);
    expect(() => checkSchedules(lostUpdate, { replay: "g1.?" })).toThrow(RangeError);
  });
});

describe.each(["random", "pct", "exhaustive"] as const)("strategy %s", (strategy) => {
  test("finds a lost update, and its replay string shows it again", () => {
    const result = checkSchedules(lostUpdate, { strategy, schedules: 200, detect: [] });
    const [found, ...others] = result.findings;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "failure", key: "Error: an update was lost: 1" });
    for (const replay of [found!.replay, found!.shrunk]) {
      const again = checkSchedules(lostUpdate, { replay, detect: [], shrinkRuns: 0 });
      expect(again.schedules).toBe(1);
      expect(again.findings.map((f) => f.key)).toEqual([found!.key]);
    }
    expect(found!.deviations).toBeLessThanOrEqual(1);
  });

  test("the same seed tries the same schedules", () => {
    const trace = (): string[] => {
      const all: string[] = [];
      checkSchedules((schedule) => {
        lostUpdate(schedule);
      }, { strategy, seed: 5, schedules: 20, detect: [], shrinkRuns: 0, onProgress: (n, f) => all.push(`${n} ${f}`) });
      return all;
    };
    expect(trace()).toEqual(trace());
  });
});

test("a strategy or a depth that is none is refused", () => {
  expect(() => checkSchedules(lostUpdate, { strategy: "lucky" as "random" })).toThrow(/no strategy/);
  expect(() => pctSearch(1, 0)).toThrow(RangeError);
  expect(() => checkSchedules(lostUpdate, { detect: ["ghosts" as "races"] })).toThrow(/no detector/);
});

/** Runs every schedule; gives the outcomes, and how many runs it took. */
function explore(program: (strategy: Strategy) => unknown, options: ExhaustiveOptions): { readonly reached: string[]; readonly runs: number; readonly redundant: number } {
  const search = exhaustiveSearch(options);
  const reached = new Set<string>();
  let runs = 0;
  let redundant = 0;
  for (let strategy = search.next(); strategy !== null; strategy = search.next()) {
    reached.add(outcomeText(program(strategy)));
    search.ended(0);
    runs++;
    if (search.redundant) redundant++;
    if (runs > 60_000) throw new Error("too many schedules");
  }
  return { reached: [...reached].sort(), runs, redundant };
}

/** Steps of a thread on words of shared memory: add 1 to one, or copy one to another; every load and store is a step of its own. */
type Step = { readonly op: "add" | "copy"; readonly from: number; readonly to: number };
const steps = fc.array(fc.record({ op: fc.constantFrom("add" as const, "copy" as const), from: fc.nat(2), to: fc.nat(2) }), { minLength: 1, maxLength: 2 });

function* execute(p: SimProcess, words: number, list: readonly Step[]): Blocking<void> {
  for (const { op, from, to } of list) {
    const value = p.sys.load32(words + 4 * from) ?? 0;
    yield turn;
    p.sys.store32(words + 4 * to, op === "add" ? value + 1 : value);
    yield turn;
  }
}

describe("reduction", () => {
  test("reaches exactly the outcomes of all schedules, with fewer runs: threads on words of memory", () => {
    let full = 0;
    let reduced = 0;
    fc.assert(
      fc.property(fc.tuple(steps, steps), (threads) => {
        const program = (strategy: Strategy): unknown => {
          const m = createMachine({ gpus, order: "any", strategy });
          const p = m.process("words");
          const words = p.malloc(64);
          p.run(function* (self) {
            const handles = threads.map((list, i) => self.thread(`t${i}`, (own) => execute(own, words, list)));
            for (const handle of handles) yield* handle.join();
          });
          const result = [...p.view(words, 3, Uint32Array)];
          m.dispose();
          return result;
        };
        const all = explore(program, { reduce: false });
        const few = explore(program, { sharing: "none" });
        expect(few.reached).toEqual(all.reached);
        expect(few.runs).toBeLessThanOrEqual(all.runs);
        full += all.runs;
        reduced += few.runs;
      }),
      { seed: 3, numRuns: 6 },
    );
    expect(reduced * 2).toBeLessThan(full);
  });
});

test("a machine made new does what a new machine does", () => {
  const program: Program = ({ machine }) => {
    const m = machine({ gpus });
    const log: number[] = [];
    const p = m.spawn("app", function* (self) {
      const word = self.malloc(64);
      const threads = [0, 1, 2].map((i) => self.thread(`t${i}`, function* (own) {
        for (let k = 0; k < 3; k++) {
          log.push(10 * i + k);
          own.sys.store32(word, (own.sys.load32(word) ?? 0) + 1);
          yield turn;
        }
      }));
      for (const each of threads) yield* each.join();
      log.push(self.sys.load32(word) ?? -1);
    });
    m.run();
    return [p.pid, m.now, m.replay(), log];
  };
  const anew: string[] = [];
  const reused: string[] = [];
  const spares = new Spares();
  for (let seed = 0; seed < 40; seed++) {
    anew.push(runSchedule(program, seededStrategy(seed)).outcome!);
    reused.push(runSchedule(program, seededStrategy(seed), [], {}, spares).outcome!);
  }
  spares.dispose();
  expect(reused).toEqual(anew);
  expect(new Set(anew).size).toBeGreaterThan(20);
});

test("what a machine with GPUs in use left behind is not used again", () => {
  const ids = new Set<object>();
  checkSchedules(({ machine }) => {
    const m = machine({ gpus });
    ids.add(m);
    expect(m.gpus).toHaveLength(1);
    expect(m.kernel.processes.size).toBe(0);
    m.process("p");
  }, { schedules: 3, detect: [] });
  expect(ids.size).toBe(3);
});

test("a run without a machine has one schedule", () => {
  const run = runSchedule(() => 7, { pick: () => 0 });
  expect(run).toEqual({ findings: [], decisions: [], outcome: "7" });
  expect(replayStrategy("g1.").pick(2, "")).toBe(0);
});

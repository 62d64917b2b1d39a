import { formatDecisions, type Strategy } from "../../kernel/choices.ts";
import type { MachineOptions } from "../../machine.ts";
import type { Detector } from "../detect/detector.ts";
import { detectorsOf, type DetectorName } from "../detect/index.ts";
import { searchOf, type StrategyName } from "../strategy/index.ts";
import { decisionStrategy } from "../strategy/replay.ts";
import type { Search } from "../strategy/search.ts";
import type { Finding, Found } from "./finding.ts";
import { runSchedule, type Program, type ScheduleRun } from "./run.ts";
import { deviations, shrinking } from "./shrink.ts";
import { Spares } from "./spares.ts";

/** How to check. Everything is optional. */
export interface CheckOptions {
  /** Most schedules to try. Default 1,000. */
  readonly schedules?: number;
  /** How schedules are chosen. Default "random". */
  readonly strategy?: StrategyName | Search;
  /** For "random" and "pct". Default 1. */
  readonly seed?: number;
  /** For "pct": ordering constraints that a mistake may need. Default 3. */
  readonly depth?: number;
  /** Runs this one schedule instead. */
  readonly replay?: string;
  /** What to watch for beside failures and deadlocks. Default: races, lifetimes, differences. */
  readonly detect?: readonly DetectorName[];
  /** What machines are made with where the program says nothing. */
  readonly machine?: MachineOptions;
  /** Stop at so many different mistakes. Default 10. */
  readonly maxFindings?: number;
  /** Runs for making one failing schedule simpler; 0: leave it as it is. Default 300. */
  readonly shrinkRuns?: number;
  /** Told now and then how far it is. */
  readonly onProgress?: (schedules: number, findings: number) => void;
}

/** What checking gave. */
export interface CheckResult {
  /** Schedules that ran, without those for shrinking. */
  readonly schedules: number;
  /** Of them those that only repeated another in the order of independent steps. */
  readonly redundant: number;
  /** Every schedule there is was tried (strategy "exhaustive"). */
  readonly complete: boolean;
  readonly findings: readonly Found[];
  /** Each different outcome with the schedule that first had it; the first 1,000 of them. */
  readonly outcomes: ReadonlyMap<string, string>;
}

const DEFAULT_DETECT: readonly DetectorName[] = ["races", "lifetimes", "differences"];

/** Different outcomes that are kept. */
const MAX_OUTCOMES = 1000;

function shorten(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 400)}...`;
}

/** Asks for one run with a strategy. */
export interface RunRequest {
  readonly strategy: Strategy;
  readonly detectors: readonly (() => Detector)[];
  /** Only asked for in order to make a failing schedule simpler. */
  readonly shrinking: boolean;
}

/** Everything wrong with a run, what its outcome says among it. */
function judge(run: ScheduleRun, expected: string | null): readonly Finding[] {
  if (run.outcome === null || expected === null || run.outcome === expected) return run.findings;
  return [...run.findings, { kind: "difference", key: "difference", message: `the outcome depends on the schedule: ${shorten(run.outcome)}, and in the natural one ${shorten(expected)}` }];
}

const nameOf = (finding: Finding): string => `${finding.kind} ${finding.key}`;

/**
 * The work of checking, for whoever can run the program: asks for runs, and gives the result when it is told enough.
 * @throws RangeError for options that are out of range
 */
export function* checking(options: CheckOptions): Generator<RunRequest, CheckResult, ScheduleRun> {
  const { schedules = 1000, detect = DEFAULT_DETECT, maxFindings = 10, shrinkRuns = 300 } = options;
  const search = searchOf(options.replay === undefined ? (options.strategy ?? "random") : "replay", options);
  const detectors = detectorsOf(detect);
  const outcomes = new Map<string, string>();
  const found = new Map<string, Found>();
  const comparing = detect.includes("differences");
  let expected: string | null = null;
  let count = 0;
  let redundant = 0;
  let complete = false;
  // Exhaustive search begins with the natural schedule anyway.
  let natural = search.name === "random" || search.name === "pct";

  while (count < schedules && found.size < maxFindings) {
    const strategy = natural ? decisionStrategy([]) : search.next();
    if (strategy === null) {
      complete = search.name === "exhaustive";
      break;
    }
    const run = yield { strategy, detectors, shrinking: false };
    if (!natural) search.ended(run.decisions.length);
    natural = false;
    if (search.redundant === true) redundant++;
    expected ??= comparing ? run.outcome : null;
    if (run.outcome !== null && outcomes.size < MAX_OUTCOMES && !outcomes.has(run.outcome)) outcomes.set(run.outcome, formatDecisions(run.decisions));
    for (const finding of judge(run, expected)) {
      const name = nameOf(finding);
      if (found.has(name)) continue;
      const shrinker = shrinking(run.decisions, shrinkRuns);
      let step = shrinker.next();
      while (step.done !== true) {
        const again = yield { strategy: decisionStrategy(step.value), detectors, shrinking: true };
        step = shrinker.next(judge(again, expected).some((other) => nameOf(other) === name) ? again.decisions : null);
      }
      found.set(name, { ...finding, schedule: count, replay: formatDecisions(run.decisions), shrunk: formatDecisions(step.value), deviations: deviations(step.value) });
    }
    count++;
    options.onProgress?.(count, found.size);
  }
  return { schedules: count, redundant, complete, findings: [...found.values()], outcomes };
}

/**
 * Runs a program under many schedules and gathers what is wrong. The first schedule is the natural one, unless `replay` names another. Each mistake is reported once, with the simplest schedule found.
 * @throws RangeError for options that are out of range
 */
export function checkSchedules(program: Program, options: CheckOptions = {}): CheckResult {
  const work = checking(options);
  const spares = new Spares();
  let step = work.next();
  while (step.done !== true) step = work.next(runSchedule(program, step.value.strategy, step.value.detectors, options.machine, spares));
  spares.dispose();
  return step.value;
}

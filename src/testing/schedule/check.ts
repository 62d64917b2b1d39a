import { formatDecisions } from "../../kernel/choices.ts";
import type { MachineOptions } from "../../machine.ts";
import { detectorsOf, type DetectorName } from "../detect/index.ts";
import { searchOf, type StrategyName } from "../strategy/index.ts";
import { decisionStrategy } from "../strategy/replay.ts";
import type { Search } from "../strategy/search.ts";
import type { Finding, Found } from "./finding.ts";
import { runSchedule, type Program } from "./run.ts";
import { deviations, shrinkDecisions } from "./shrink.ts";

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
  /** Each different outcome with the schedule that first had it. */
  readonly outcomes: ReadonlyMap<string, string>;
}

const DEFAULT_DETECT: readonly DetectorName[] = ["races", "lifetimes", "differences"];

function shorten(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 400)}...`;
}

/**
 * Runs a program under many schedules and gathers what is wrong. The first schedule is the natural one, unless `replay` names another. Each mistake is reported once, with the simplest schedule found.
 * @throws RangeError for options that are out of range
 */
export function checkSchedules(program: Program, options: CheckOptions = {}): CheckResult {
  const { schedules = 1000, detect = DEFAULT_DETECT, machine = {}, maxFindings = 10, shrinkRuns = 300 } = options;
  const search = searchOf(options.replay === undefined ? (options.strategy ?? "random") : "replay", options);
  const detectors = detectorsOf(detect);
  const outcomes = new Map<string, string>();
  const found = new Map<string, Found>();
  let expected: string | null = null;

  /** Everything wrong with a run, differences among it. */
  const judge = (run: ReturnType<typeof runSchedule>): readonly Finding[] => {
    if (!detect.includes("differences") || run.outcome === null || expected === null || run.outcome === expected) return run.findings;
    return [...run.findings, { kind: "difference", key: "difference", message: `the outcome depends on the schedule: ${shorten(run.outcome)}, and in the natural one ${shorten(expected)}` }];
  };

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
    const run = runSchedule(program, strategy, detectors, machine);
    if (!natural) search.ended(run.decisions.length);
    natural = false;
    if (search.redundant === true) redundant++;
    expected ??= run.outcome;
    if (run.outcome !== null && !outcomes.has(run.outcome)) outcomes.set(run.outcome, formatDecisions(run.decisions));
    for (const finding of judge(run)) {
      const key = `${finding.kind} ${finding.key}`;
      if (found.has(key)) continue;
      const shows = (decisions: readonly number[]): readonly number[] | null => {
        const again = runSchedule(program, decisionStrategy(decisions), detectors, machine);
        return judge(again).some((other) => `${other.kind} ${other.key}` === key) ? again.decisions : null;
      };
      const shrunk = shrinkRuns > 0 ? shrinkDecisions(run.decisions, shows, { maxRuns: shrinkRuns }) : run.decisions;
      found.set(key, { ...finding, schedule: count, replay: formatDecisions(run.decisions), shrunk: formatDecisions(shrunk), deviations: deviations(shrunk) });
    }
    count++;
    options.onProgress?.(count, found.size);
  }
  return { schedules: count, redundant, complete, findings: [...found.values()], outcomes };
}

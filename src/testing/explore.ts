import type { Strategy } from "../kernel/choices.ts";

/** One explored run. */
export interface ExploredRun<T> {
  readonly outcome: T;
  /** The decisions taken, in order. */
  readonly decisions: readonly number[];
}

/** How much to explore. */
export interface ExploreOptions {
  /** Give up after this many runs. Default 100,000. */
  readonly maxRuns?: number;
}

/** Thrown when a program has more schedules than `maxRuns`. */
export class TooManySchedules extends Error {
  constructor(maxRuns: number) {
    super(`more than ${maxRuns} schedules: make the program smaller, or raise maxRuns`);
    this.name = "TooManySchedules";
  }
}

/**
 * Runs `program` under every possible sequence of decisions, depth first. The program must be a function of the strategy alone: make the
 * machine inside it, with `createMachine({ strategy, order: "any" })`.
 * @returns every run, in lexicographic order of its decisions
 */
export function exploreAll<T>(program: (strategy: Strategy) => T, options: ExploreOptions = {}): ExploredRun<T>[] {
  const maxRuns = options.maxRuns ?? 100_000;
  const runs: ExploredRun<T>[] = [];
  let prefix: number[] = [];
  for (;;) {
    const decisions: number[] = [];
    const sizes: number[] = [];
    const outcome = program({
      pick(n) {
        const value = prefix[decisions.length] ?? 0;
        decisions.push(value);
        sizes.push(n);
        return value;
      },
    });
    runs.push({ outcome, decisions });
    let last = decisions.length - 1;
    while (last >= 0 && decisions[last]! + 1 >= sizes[last]!) last--;
    if (last < 0) return runs;
    if (runs.length >= maxRuns) throw new TooManySchedules(maxRuns);
    prefix = [...decisions.slice(0, last), decisions[last]! + 1];
  }
}

import { invariant } from "./errors.ts";

/** What may happen next at a choice point, as far as a strategy can tell one from another. */
export interface Alternative {
  /** Who would go on: a thread's tid; 0: no thread, such as an engine. */
  readonly actor: number;
  /** Its number in this run. The same decisions so far give it the same number in another run. */
  readonly seq: number;
}

/** Decides at every choice point. Must be a function of what it has been asked so far (and its own seed) alone. */
export interface Strategy {
  /**
   * 0 to n-1; n is at least 2. Alternative 0 is the natural one: first come, first served.
   * @param among what the last `among.length` of the n alternatives are, where that is known; what stands before them is that the caller goes on. Valid during the call only
   */
  pick(n: number, label: string, among?: readonly Alternative[]): number;
}

/** Always the natural alternative. */
export const firstStrategy: Strategy = { pick: () => 0 };

/** Pseudo-random by seed (splitmix32 steps). */
export function seededStrategy(seed: number): Strategy {
  let state = seed >>> 0;
  return {
    pick(n: number): number {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return ((z ^ (z >>> 15)) >>> 0) % n;
    },
  };
}

/** Repeats recorded decisions, then takes the natural alternative. */
export function replayStrategy(replay: string): Strategy {
  const runs = parseReplay(replay);
  let i = 0;
  let used = 0;
  return {
    pick(n: number): number {
      while (i < runs.length && used >= runs[i]!.times) {
        i++;
        used = 0;
      }
      const run = runs[i];
      if (run === undefined) return 0;
      used++;
      return Math.min(run.value, n - 1);
    },
  };
}

interface Run {
  readonly value: number;
  times: number;
}

const PREFIX = "g1.";

function formatRuns(all: readonly Run[]): string {
  const runs = all.at(-1)?.value === 0 ? all.slice(0, -1) : all;
  return PREFIX + runs.map((run) => (run.times === 1 ? run.value.toString(36) : `${run.value.toString(36)}_${run.times.toString(36)}`)).join(".");
}

/** A list of decisions as a short string, the form that `machine.replay()` gives. */
export function formatDecisions(decisions: readonly number[]): string {
  const runs: Run[] = [];
  for (const value of decisions) {
    const last = runs.at(-1);
    if (last !== undefined && last.value === value) last.times++;
    else runs.push({ value, times: 1 });
  }
  return formatRuns(runs);
}

/** The decisions of such a string. @throws RangeError when it is none */
export function parseDecisions(replay: string): number[] {
  return parseReplay(replay).flatMap(({ value, times }) => Array<number>(times).fill(value));
}

function parseReplay(text: string): Run[] {
  if (!text.startsWith(PREFIX)) throw new RangeError(`not a replay string (it begins with "${PREFIX}"): ${JSON.stringify(text.slice(0, 40))}`);
  const body = text.slice(PREFIX.length);
  if (body === "") return [];
  return body.split(".").map((item) => {
    const match = /^([0-9a-z]+)(?:_([0-9a-z]+))?$/.exec(item);
    if (match === null) throw new RangeError(`damaged replay string at ${JSON.stringify(item)}`);
    return { value: Number.parseInt(match[1]!, 36), times: match[2] === undefined ? 1 : Number.parseInt(match[2], 36) };
  });
}

/**
 * The machine's only source of chance. Everything that could go one way or another asks here, and what was
 * decided is kept, so that the run can be repeated exactly.
 */
export class Choices {
  private strategy: Strategy;
  private runs: Run[] = [];
  /** Decisions taken (choice points with one alternative are none). */
  count = 0;

  constructor(strategy: Strategy) {
    this.strategy = strategy;
  }

  /** Begins anew: nothing was decided yet. */
  restart(strategy: Strategy): void {
    this.strategy = strategy;
    this.runs = [];
    this.count = 0;
  }

  /** One of 0..n-1; `label` says what is being decided, for reports; `among`: see Strategy. */
  choose(n: number, label: string, among?: readonly Alternative[]): number {
    if (n <= 1) return 0;
    const value = this.strategy.pick(n, label, among);
    invariant(value >= 0 && value < n && Number.isInteger(value), `strategy picked ${value} of ${n} for "${label}"`);
    this.count++;
    const last = this.runs.at(-1);
    if (last !== undefined && last.value === value) last.times++;
    else this.runs.push({ value, times: 1 });
    return value;
  }

  /** The decisions so far, as a short string for `createMachine({ replay })`. Trailing natural decisions are left out. */
  replay(): string {
    return formatRuns(this.runs);
  }
}

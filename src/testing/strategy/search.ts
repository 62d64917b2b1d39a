import type { Strategy } from "../../kernel/choices.ts";

/** A way of choosing schedules: gives one strategy a run, and may learn from how the run went. */
export interface Search {
  /** "random", "pct", "exhaustive", "replay". */
  readonly name: string;
  /** The strategy of the next run; null: there is nothing left to try. */
  next(): Strategy | null;
  /** The run is over. @param choices how many decisions it took */
  ended(choices: number): void;
  /** Whether the run that has just ended repeats one that was seen, up to the order of steps that have nothing to do with each other. */
  readonly redundant?: boolean;
}

/** Numbers from 0 to 1, without 1, by seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

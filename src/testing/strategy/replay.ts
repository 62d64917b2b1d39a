import { replayStrategy, type Strategy } from "../../kernel/choices.ts";
import type { Search } from "./search.ts";

/** One run, with the decisions of `machine.replay()`. @throws RangeError when the string is damaged */
export function replaySearch(replay: string): Search {
  let strategy: Strategy | null = replayStrategy(replay);
  return {
    name: "replay",
    next() {
      const once = strategy;
      strategy = null;
      return once;
    },
    ended: () => {},
  };
}

/** Takes these decisions, one after another, then the natural alternative. A decision that is too large takes the last alternative. */
export function decisionStrategy(decisions: readonly number[]): Strategy {
  let i = 0;
  return { pick: (n) => Math.min(decisions[i++] ?? 0, n - 1) };
}

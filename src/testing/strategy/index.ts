import { exhaustiveSearch } from "./exhaustive.ts";
import { pctSearch } from "./pct.ts";
import { randomSearch } from "./random.ts";
import { replaySearch } from "./replay.ts";
import type { Search } from "./search.ts";

/** Ways of choosing schedules. */
export const strategyNames = ["random", "pct", "exhaustive", "replay"] as const;
/** A way of choosing schedules. */
export type StrategyName = (typeof strategyNames)[number];

/** What the ways need to know. */
export interface SearchOptions {
  readonly seed?: number;
  readonly depth?: number;
  readonly replay?: string;
}

/** Makes a search by its name; a search is given back as it is. @throws RangeError for a depth or replay string that is none */
export function searchOf(strategy: StrategyName | Search, options: SearchOptions = {}): Search {
  if (typeof strategy !== "string") return strategy;
  switch (strategy) {
    case "random":
      return randomSearch(options.seed ?? 1);
    case "pct":
      return pctSearch(options.seed ?? 1, options.depth);
    case "exhaustive":
      return exhaustiveSearch();
    case "replay":
      return replaySearch(options.replay ?? "g1.");
    default:
      throw new RangeError(`there is no strategy ${JSON.stringify(strategy)}; there are ${strategyNames.join(", ")}`);
  }
}

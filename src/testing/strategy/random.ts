import { seededStrategy } from "../../kernel/choices.ts";
import type { Search } from "./search.ts";

/** Every decision by lot. @param seed the first run's; each further run has the next */
export function randomSearch(seed: number): Search {
  let run = seed;
  return { name: "random", next: () => seededStrategy(Math.imul(run++, 0x9e3779b1)), ended: () => {} };
}

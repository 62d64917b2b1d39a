import type { Alternative, Strategy } from "../../kernel/choices.ts";
import { randomNumbers, type Search } from "./search.ts";

/** The caller itself, where one alternative is that it goes on. */
const CALLER = -1;

/** One run: every thread has a priority, the highest goes on, and at some moments the one that goes on falls below all others. */
class PctStrategy implements Strategy {
  private readonly random: () => number;
  private readonly priorities = new Map<number, number>();
  private readonly changes: ReadonlySet<number>;
  private step = 0;
  private lowest = 0;

  constructor(random: () => number, depth: number, length: number) {
    this.random = random;
    const changes = new Set<number>();
    while (changes.size < Math.min(depth - 1, length)) changes.add(Math.floor(random() * length));
    this.changes = changes;
  }

  pick(n: number, _label: string, among?: readonly Alternative[]): number {
    const step = this.step++;
    // Who is chosen is not said: any one.
    if (among === undefined) return Math.floor(this.random() * n);
    const before = n - among.length;
    let best = 0;
    let highest = -Infinity;
    for (let i = 0; i < n; i++) {
      const priority = this.priorityOf(i < before ? CALLER : this.nameOf(among[i - before]!));
      if (priority <= highest) continue;
      highest = priority;
      best = i;
    }
    if (this.changes.has(step)) this.priorities.set(best < before ? CALLER : this.nameOf(among[best - before]!), --this.lowest);
    return best;
  }

  /** A thread is one actor for its life; what an engine does next is an actor of its own. */
  private nameOf({ actor, seq }: Alternative): number {
    return actor !== 0 ? actor : -2 - seq;
  }

  private priorityOf(name: number): number {
    let priority = this.priorities.get(name);
    if (priority === undefined) this.priorities.set(name, (priority = this.random()));
    return priority;
  }
}

/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010): a bug that needs `depth` ordering
 * constraints among n threads in k steps is found by a run with probability of at least 1 / (n k^(depth-1)).
 * @param depth constraints, at least 1; depth - 1 moments of change are drawn from as many steps as the longest run so far had
 */
export function pctSearch(seed: number, depth: number = 3): Search {
  if (!Number.isSafeInteger(depth) || depth < 1) throw new RangeError(`depth must be a whole number from 1 on, not ${depth}`);
  let run = seed;
  let longest = 16;
  return {
    name: "pct",
    next: () => new PctStrategy(randomNumbers(Math.imul(run++, 0x9e3779b1)), depth, longest),
    ended(choices) {
      longest = Math.max(longest, choices);
    },
  };
}

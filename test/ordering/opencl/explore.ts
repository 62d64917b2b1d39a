import type { Strategy } from "../../../src/kernel/choices.ts";
import { exploreAll } from "../../../src/testing/explore.ts";

/** A strategy that takes the natural way until it is let loose. */
class Gate implements Strategy {
  open = false;
  private readonly inner: Strategy;
  constructor(inner: Strategy) {
    this.inner = inner;
  }
  pick(n: number, label: string): number {
    return this.open ? this.inner.pick(n, label) : 0;
  }
}

/**
 * Every outcome that a program can have, as a sorted list of strings. The machine's choices are explored from the moment
 * on when the program calls `explore`; before it takes the natural way.
 */
export function outcomes(program: (strategy: Strategy, explore: () => void) => unknown, maxRuns = 20_000): { readonly reached: string[]; readonly runs: number } {
  const runs = exploreAll((inner) => {
    const gate = new Gate(inner);
    return JSON.stringify(program(gate, () => (gate.open = true)));
  }, { maxRuns });
  return { reached: [...new Set(runs.map((run) => run.outcome))].sort(), runs: runs.length };
}

/** All orders of 0 .. n-1 in which each comes after what it waits for. */
export function linearExtensions(waits: readonly (readonly number[])[]): number[][] {
  const found: number[][] = [];
  const walk = (order: number[]): void => {
    if (order.length === waits.length) found.push(order);
    for (let i = 0; i < waits.length; i++) {
      if (!order.includes(i) && waits[i]!.every((dep) => order.includes(dep))) walk([...order, i]);
    }
  };
  walk([]);
  return found;
}

import { expect, test } from "vitest";
import { exploreAll, TooManySchedules } from "../../src/testing/explore.ts";
import { Choices, type Strategy } from "../../src/kernel/choices.ts";
import { EventQueue } from "../../src/kernel/clock.ts";

/** Runs n independent chains of two events in any order; gives the order. */
function chains(strategy: Strategy, n: number): string {
  const choices = new Choices(strategy);
  const events = new EventQueue({ now: 0 }, choices, "any");
  const log: string[] = [];
  for (let i = 0; i < n; i++) {
    events.at(0, () => {
      log.push(`${i}a`);
      events.at(0, () => log.push(`${i}b`), "second");
    }, "first");
  }
  while (events.runNext());
  return log.join(" ");
}

test("exploration reaches every interleaving exactly once", () => {
  const runs = exploreAll((strategy) => chains(strategy, 3));
  expect(runs.length).toBe(90); // 6! / (2! 2! 2!)
  expect(new Set(runs.map((run) => run.outcome)).size).toBe(90);
});

test("too many schedules is an error, not silence", () => {
  expect(() => exploreAll((strategy) => chains(strategy, 5), { maxRuns: 50 })).toThrow(TooManySchedules);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { Choices, firstStrategy, replayStrategy, seededStrategy } from "../../src/kernel/choices.ts";
import { EventQueue, type EventHandle } from "../../src/kernel/clock.ts";

function queue(order: "timed" | "any", strategy = firstStrategy): { clock: { now: number }; events: EventQueue; choices: Choices } {
  const clock = { now: 0 };
  const choices = new Choices(strategy);
  return { clock, choices, events: new EventQueue(clock, choices, order) };
}

test("timed order: by time, ties in the order asked for; cancelled events never run", () => {
  fc.assert(fc.property(fc.array(fc.record({ time: fc.nat(50), cancel: fc.boolean() }), { maxLength: 200 }), (items) => {
    const { clock, events } = queue("timed");
    const ran: number[] = [];
    const handles: EventHandle[] = items.map((item, i) => events.at(item.time, () => {
      expect(clock.now).toBe(item.time);
      ran.push(i);
    }, "e"));
    items.forEach((item, i) => {
      if (item.cancel) events.cancel(handles[i]!);
    });
    expect(events.size).toBe(items.filter((item) => !item.cancel).length);
    while (events.runNext());
    const expected = items.map((item, i) => ({ ...item, i })).filter((item) => !item.cancel).toSorted((a, b) => a.time - b.time || a.i - b.i).map((item) => item.i);
    expect(ran).toEqual(expected);
  }));
});

test("advance runs what is due and no more, and leaves the clock at the time asked for", () => {
  const { clock, events } = queue("timed");
  const ran: string[] = [];
  events.at(10, () => ran.push("a"), "a");
  events.at(20, () => {
    ran.push("b");
    events.at(20, () => ran.push("c"), "c");
  }, "b");
  events.at(21, () => ran.push("d"), "d");
  events.advance(20);
  expect(ran).toEqual(["a", "b", "c"]);
  expect(clock.now).toBe(20);
});

test("any order: strategies reach every order of independent events, timers stay last", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const { events } = queue("any", seededStrategy(seed));
    const ran: string[] = [];
    for (const name of ["x", "y", "z"]) events.at(ran.length, () => ran.push(name), name);
    events.at(0, () => ran.push("T"), "timer", true);
    while (events.runNext());
    expect(ran.at(-1)).toBe("T");
    seen.add(ran.slice(0, 3).join(""));
  }
  expect(seen.size).toBe(6);
});

test("a replay string repeats the decisions exactly", () => {
  fc.assert(fc.property(fc.integer(), fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 100 }), (seed, points) => {
    const first = new Choices(seededStrategy(seed));
    const decisions = points.map((n) => first.choose(n, "p"));
    const second = new Choices(replayStrategy(first.replay()));
    expect(points.map((n) => second.choose(n, "p"))).toEqual(decisions);
    expect(second.replay()).toBe(first.replay());
  }));
});

test("damaged replay strings are refused with what is wrong", () => {
  expect(() => replayStrategy("hello")).toThrow(/not a replay string/);
  expect(() => replayStrategy("g1.1.?")).toThrow(/damaged replay string/);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { sensors, SAMPLE_NS } from "../../src/gpu/board.ts";
import { Meter } from "../../src/gpu/meter.ts";
import { a100Pcie40 } from "../../src/gpu/profiles/a100.ts";

test("busy time, bytes and averages are what an exact record of everything gives, to within the grain of the marks", () => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 40e6 }), what: fc.constantFrom("begin", "end", "bytes", "look") });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const clock = { now: 0 };
    const meter = new Meter(clock);
    const busy: [number, number][] = [];
    let active = 0;
    let bytes = 0;
    for (const { wait, what } of steps) {
      if (active > 0) busy.push([clock.now, clock.now + wait]);
      clock.now += wait;
      if (what === "begin") {
        meter.begin();
        active++;
      } else if (what === "end" && active > 0) {
        meter.end();
        active--;
      } else if (what === "bytes") {
        meter.add(1000);
        bytes += 1000;
      }
      expect(meter.bytes).toBe(bytes);
      expect(meter.busyNs).toBe(busy.reduce((sum, [a, b]) => sum + b - a, 0));
      const from = Math.max(0, clock.now - SAMPLE_NS);
      const recent = meter.recent(SAMPLE_NS);
      const exact = busy.reduce((sum, [a, b]) => sum + Math.max(0, b - Math.max(a, from)), 0);
      expect(recent.ns).toBe(clock.now - from);
      expect(Math.abs(recent.busyNs - exact)).toBeLessThanOrEqual(2e6);
      expect(recent.busyNs).toBeLessThanOrEqual(recent.ns + 1);
      expect(recent.bytes).toBeLessThanOrEqual(bytes);
      expect(meter.warmth).toBeGreaterThanOrEqual(0);
      expect(meter.warmth).toBeLessThanOrEqual(1);
    }
  }), { seed: 7, numRuns: 200 });
});

test("the record does not grow with time", () => {
  const clock = { now: 0 };
  const meter = new Meter(clock);
  for (let i = 0; i < 100_000; i++) {
    meter.begin();
    clock.now += 300_000;
    meter.end();
    clock.now += 700_000;
  }
  expect((meter as unknown as { readonly marks: readonly unknown[] }).marks.length).toBeLessThan(5000);
  expect(meter.recent(SAMPLE_NS).busyNs / SAMPLE_NS).toBeCloseTo(0.3, 2);
  expect(meter.busyNs).toBe(100_000 * 300_000);
});

test("a board: rest, load, and cooling down; looking changes nothing", () => {
  const clock = { now: 0 };
  const meter = new Meter(clock);
  const look = (): ReturnType<typeof sensors> => sensors(a100Pcie40, meter, clock.now);
  clock.now = 1e9;
  expect(look()).toMatchObject({ compute: 0, watts: 34, joules: 34, celsius: 30, active: false });
  meter.begin();
  clock.now += 10e9;
  const working = look();
  expect(working.watts).toBeCloseTo(34 + 216 * 0.7, 6);
  expect(working.joules).toBeCloseTo(34 * 11 + 216 * 0.7 * 10, 6);
  expect(working.celsius).toBeGreaterThan(35);
  expect(look()).toEqual(working);
  clock.now += 1000e9;
  expect(look().celsius).toBe(68);
  meter.end();
  clock.now += 1000e9;
  expect(look()).toMatchObject({ celsius: 30, watts: 34 });
});

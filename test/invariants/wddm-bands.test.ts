import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Band } from "../../src/kernel/wddm/constants.ts";
import { HardwarePolicy, type PriorityBands } from "../../src/kernel/wddm/hws.ts";
import { Bench } from "../kernel/wddm/rig.ts";

const runs = { seed: 101, numRuns: 300 };

const bandOf = fc.constantFrom(Band.IDLE, Band.NORMAL, Band.FOCUS, Band.REALTIME);
const bands: PriorityBands = { gracePeriodForBand: [0, 300, 200, 0], processQuantumForBand: [1000, 1000, 1000, 1000], processGracePeriodForBand: [0, 0, 100, 0], targetNormalBandPercentage: 10 };

test("invariant 105: a higher band takes the engine when its grace period is over", () => {
  let steps = 0;
  const program = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("submit" as const), band: bandOf, process: fc.nat(1), ns: fc.integer({ min: 1, max: 6000 }) }),
      fc.record({ kind: fc.constant("pass" as const), ns: fc.integer({ min: 1, max: 900 }) }),
    ),
    { minLength: 20, maxLength: 50 },
  );
  const stopNs = 5;
  fc.assert(
    fc.property(program, fc.boolean(), (list, promised) => {
      const share = promised ? 10 : 0;
      const bench = new Bench((choices) => new HardwarePolicy(choices, { ...bands, targetNormalBandPercentage: share }), { hws: true });
      const devices = [bench.device(bench.process(1)), bench.device(bench.process(2))];
      const contexts = devices.map((device) => [0, 1, 2, 3].map((band) => bench.context(device, 12, { band: band as Band })));
      const check = (): void => {
        steps++;
        bench.node.checkInvariants();
        const engine = bench.onEngine;
        if (engine === null) return;
        const band = engine.packet.context.properties.band;
        for (const other of bench.node.ready) {
          const theirs = other.context.properties.band;
          if (theirs <= band || (promised && theirs === Band.FOCUS && band === Band.NORMAL)) continue;
          // The preemption itself takes stopping, and the engine may be in the middle of a change.
          expect(bench.clock.now).toBeLessThanOrEqual(other.readyAt + bands.gracePeriodForBand[theirs] + 2 * (stopNs + 10 + 2 + 10));
        }
      };
      for (const step of list) {
        if (step.kind === "submit") bench.submit(contexts[step.process]![step.band]!, { ns: step.ns, stopNs });
        else bench.pass(step.ns);
        check();
      }
      while (bench.events.runNext()) check();
      expect(bench.work.every((w) => w.state === "done" && w.left === 0)).toBe(true);
    }),
    runs,
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 105: NORMAL gets its share of the engine beside a busy FOCUS", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.constantFrom(5, 10, 25, 50), fc.array(fc.record({ focus: fc.boolean(), ns: fc.integer({ min: 500, max: 20_000 }) }), { minLength: 40, maxLength: 60 }), (percent, list) => {
      const bench = new Bench((choices) => new HardwarePolicy(choices, { ...bands, targetNormalBandPercentage: percent }), { hws: true });
      const focus = bench.context(bench.device(bench.process(1)), 12, { band: Band.FOCUS });
      const normal = bench.context(bench.device(bench.process(2)), 12, { band: Band.NORMAL });
      // Both always have work.
      const packets = [{ focus: true, ns: 1e6 }, { focus: false, ns: 1e6 }, ...list];
      for (const { focus: isFocus, ns } of packets) bench.submit(isFocus ? focus : normal, { ns, stopNs: 5 });
      const ran = (): readonly [number, number] => {
        const of = (context: object): number => bench.work.filter((w) => w.packet.context === context).reduce((sum, w) => sum + w.packet.ranNs, 0);
        return [of(focus), of(normal)];
      };
      while (bench.clock.now < 600_000) {
        bench.pass(5000);
        steps++;
        bench.node.checkInvariants();
        const [f, n] = ran();
        // Up to two quanta may be outstanding at any moment.
        expect(n).toBeGreaterThanOrEqual(((f + n) * percent) / 100 - 2 * bands.processQuantumForBand[Band.NORMAL]);
      }
      const [f, n] = ran();
      expect(f).toBeGreaterThan(n * 0.8);
    }),
    { seed: 105, numRuns: 100 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { type SchedPolicy } from "../../src/kernel/drm/sched/policy.ts";
import type { SchedEntity } from "../../src/kernel/drm/sched/entity.ts";
import { Bench, type MockJob } from "../kernel/drm/sched/rig.ts";

const arrival = fc.array(fc.record({ entity: fc.nat(5), finish: fc.boolean() }), { minLength: 60, maxLength: 120, size: "max" });

test("invariants 57 and 58: fifo takes the oldest of the most urgent, rr everybody once before anybody twice; lower priorities only when no higher one is ready", () => {
  let steps = 0;
  fc.assert(
    fc.property(arrival, fc.constantFrom<SchedPolicy>("fifo", "rr"), (program, policy) => {
      const bench = new Bench(1, () => 0, policy);
      const entities = [1, 1, 2, 2, 2, 3].map((priority) => bench.ofPriority(priority, false));
      const ready: MockJob[] = [];
      const turns = new Map<SchedEntity, number>();
      let turn = 0;
      const expectNext = (): void => {
        const [ran] = bench.hardware;
        if (ran === undefined) {
          expect(ready).toEqual([]);
          return;
        }
        const peers = ready.filter((job) => job.entity.priority === Math.min(...ready.map((j) => j.entity.priority)));
        expect(peers).toContain(ran);
        if (policy === "fifo") expect(ran).toBe(peers[0]);
        // Nobody who was ready at this entity's last turn is passed over again.
        else {
          const before = turns.get(ran.entity) ?? -1;
          for (const { entity } of peers) if (entity !== ran.entity && since.get(entity)! < before) expect(turns.get(entity) ?? -1).toBeGreaterThan(before);
          expect(ran).toBe(peers.find((job) => job.entity === ran.entity));
        }
        turns.set(ran.entity, ++turn);
        ready.splice(ready.indexOf(ran), 1);
      };
      // The turn at which an entity became ready.
      const since = new Map<SchedEntity, number>();
      for (const s of program) {
        steps++;
        const idle = bench.hardware.length === 0;
        const entity = entities[s.entity]!;
        if (!ready.some((job) => job.entity === entity)) since.set(entity, turn);
        ready.push(bench.push(entity));
        if (idle) expectNext();
        if (s.finish) {
          bench.finish(0);
          expectNext();
        }
        bench.scheduler.checkInvariants();
      }
    }),
    { seed: 57, numRuns: 150 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

/** Two clients that always want more, under the fair policy: how long each had the hardware. */
function share(priorities: readonly number[], lengths: readonly number[], jobs: number): number[] {
  const bench = new Bench(1, () => 0, "fair");
  const entities = priorities.map((priority) => bench.ofPriority(priority, false));
  const had = priorities.map(() => 0);
  for (const entity of entities) for (let i = 0; i < jobs; i++) bench.push(entity);
  for (let i = 0; i < jobs; i++) {
    const which = entities.indexOf(bench.hardware[0]!.entity);
    bench.clock.now += lengths[which]!;
    had[which]! += lengths[which]!;
    bench.finish(0);
    bench.scheduler.checkInvariants();
  }
  return had;
}

test("invariant 59: fair shares between clients that always want more: high to normal 4, normal to low 8, equals 1 within a job", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.constantFrom<readonly [number, number]>([1, 2], [2, 3], [0, 1], [2, 2], [3, 3]), fc.integer({ min: 1000, max: 50_000 }), fc.integer({ min: 1000, max: 50_000 }), (pair, a, b) => {
      steps += 1500;
      const [x, y] = share(pair, [a, b], 1500) as [number, number];
      const shift = [1, 2, 4, 7];
      const wanted = 2 ** (shift[pair[1]]! - shift[pair[0]]!);
      expect(Math.abs(x - wanted * y)).toBeLessThanOrEqual(2 * Math.max(a, wanted * b));
    }),
    { seed: 59, numRuns: 40 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 60: fair: every ready entity is served again after a bounded number of jobs", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 6 }), fc.integer({ min: 1000, max: 10_000 }), fc.array(fc.nat(5), { minLength: 300, maxLength: 300 }), (priorities, length, extra) => {
      const bench = new Bench(1, () => 0, "fair");
      const entities = priorities.map((priority) => bench.ofPriority(priority, false));
      for (const entity of entities) for (let i = 0; i < 3; i++) bench.push(entity);
      const waited = entities.map(() => 0);
      // What the most urgent may take before the least: 2^(7-2) jobs each, and as much again when the least comes back and is put behind one microsecond and twice the average.
      const most = 100 * entities.length + 10;
      for (const e of extra) {
        steps++;
        const ran = bench.hardware[0]!;
        bench.clock.now += length;
        bench.finish(0);
        entities.forEach((entity, i) => {
          waited[i] = entity === bench.hardware[0]?.entity ? 0 : waited[i]! + 1;
          expect(waited[i]).toBeLessThanOrEqual(most);
        });
        bench.push(ran.entity);
        bench.push(entities[e % entities.length]!);
        bench.scheduler.checkInvariants();
      }
    }),
    { seed: 60, numRuns: 40 },
  );
  expect(steps).toBeGreaterThan(10_000);
  // A client of low priority beside a high one that comes and goes.
  const bench = new Bench(1, () => 0, "fair");
  const [high, low] = [bench.ofPriority(1, false), bench.ofPriority(3, false)];
  const first = bench.push(high);
  const starved = bench.push(low);
  let n = 0;
  while (!starved.ran && n++ < 200) {
    bench.clock.now += 1000;
    bench.push(high);
    bench.finish(0);
  }
  expect([first.ran, starved.ran]).toEqual([true, true]);
});

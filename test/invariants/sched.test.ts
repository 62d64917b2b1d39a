import fc from "fast-check";
import { expect, test } from "vitest";
import { Errno } from "../../src/kernel/errors.ts";
import type { SchedEntity } from "../../src/kernel/drm/sched/entity.ts";
import type { DmaFence } from "../../src/kernel/fence/fence.ts";
import { Bench, type MockJob } from "../kernel/drm/sched/rig.ts";

const runs = { seed: 49, numRuns: 150 };

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("push" as const), entity: fc.nat(3), on: fc.array(fc.nat(40), { maxLength: 2 }), credits: fc.integer({ min: 1, max: 3 }), propagate: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("finish" as const), which: fc.nat(10), error: fc.constantFrom(0, 0, -Errno.EIO) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), entity: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("guilty" as const), entity: fc.nat(3) }) },
);

interface Pushed {
  readonly job: MockJob;
  readonly entity: number;
  readonly deps: readonly DmaFence[];
  readonly propagate: boolean;
}

/** Runs a random program with a random policy of choice, checking `each` after every step, and lets it drain. */
function play(check: (bench: Bench, entities: readonly SchedEntity[], pushed: readonly Pushed[], killed: ReadonlySet<number>) => void, end: (bench: Bench, pushed: readonly Pushed[]) => void, kills: boolean): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(fc.nat(5), { minLength: 8, maxLength: 8 }), (steps, picks) => {
      let turn = 0;
      const bench = new Bench(3, (n) => picks[turn++ % picks.length]! % n);
      const entities = [bench.entity(true, 0), bench.entity(true, 1), bench.entity(false, 0), bench.entity(false, 1)];
      const pushed: Pushed[] = [];
      const killed = new Set<number>();
      for (const s of steps) {
        if (s.kind === "push") {
          if (killed.has(s.entity)) continue;
          const deps = [...new Set(s.on.flatMap((i) => (pushed[i] === undefined ? [] : [pushed[i].job.finished])))];
          pushed.push({ job: bench.push(entities[s.entity]!, deps, { credits: s.credits, propagate: s.propagate }), entity: s.entity, deps, propagate: s.propagate });
        } else if (s.kind === "finish") {
          if (bench.hardware.length > 0) bench.finish(s.which % bench.hardware.length, s.error);
        } else if (kills) {
          if (s.kind === "kill") {
            killed.add(s.entity);
            entities[s.entity]!.kill();
          } else {
            entities[s.entity]!.guilty = true;
          }
        }
        bench.scheduler.checkInvariants();
        check(bench, entities, pushed, killed);
      }
      for (let i = 0; i < 1000 && bench.hardware.length > 0; i++) bench.finish(i % bench.hardware.length);
      end(bench, pushed);
    }),
    runs,
  );
}

test("invariants 49 and 50: jobs of an entity run in push order, and none before its dependencies are over", () => {
  play(
    (bench, entities, pushed) => {
      for (const [e, entity] of entities.entries()) {
        const mine = pushed.filter((p) => p.entity === e).map((p) => p.job);
        expect(mine.map((job) => job.finished.seqno)).toEqual(mine.map((_, i) => i + 1));
        if (!entity.inOrder) continue;
        const ran = mine.filter((job) => job.ran);
        expect(ran).toEqual(mine.slice(0, ran.length));
        expect(mine.filter((job) => job.state === "running").length).toBeLessThanOrEqual(1);
      }
      for (const { job, deps } of pushed) if (job.ran) for (const dep of deps) expect(dep.signaled).toBe(true);
      expect(bench.hardware.every((job) => job.state === "running")).toBe(true);
    },
    () => {},
    false,
  );
});

test("invariant 51: scheduled signals before finished, both exactly once, whatever became of the job", () => {
  play(
    () => {},
    (bench, pushed) => {
      for (const { job } of pushed) {
        expect(job.state).toBe("done");
        const [s, f] = [`scheduled ${job.sequence}`, `finished ${job.sequence}`].map((line) => bench.log.flatMap((l, i) => (l === line ? [i] : [])));
        expect([s!.length, f!.length]).toEqual([1, 1]);
        expect(s![0]!).toBeLessThan(f![0]!);
      }
    },
    true,
  );
});

test("invariant 52: after a kill queued jobs end with -ESRCH, in order, not before their dependencies; jobs in flight end normally", () => {
  play(
    (bench, _entities, pushed, killed) => {
      for (const { job, entity, deps } of pushed) {
        if (!killed.has(entity) || !job.finished.signaled) continue;
        for (const dep of deps) expect(dep.signaled).toBe(true);
        if (!job.ran) expect([-Errno.ESRCH, -Errno.ECANCELED]).toContain(job.result);
      }
      for (const entity of killed) {
        const ended = pushed.filter((p) => p.entity === entity && p.entity < 2 && p.job.finished.signaled).map((p) => bench.log.indexOf(`finished ${p.job.sequence}`));
        expect(ended).toEqual(ended.toSorted((a, b) => a - b));
      }
    },
    () => {},
    true,
  );
});

test("invariants 53 and 64: no job of a guilty or killed entity reaches the hardware; guilty ones end with -ECANCELED", () => {
  const bench = new Bench(1);
  const [busy, guilty, dead] = [bench.entity(), bench.entity(), bench.entity()];
  bench.push(busy);
  const a = bench.push(guilty);
  const b = bench.push(dead);
  guilty.guilty = true;
  dead.kill();
  const late = bench.push(dead);
  bench.finish(0);
  expect([a.result, b.result, late.result]).toEqual([-Errno.ECANCELED, -Errno.ESRCH, -Errno.ESRCH]);
  expect([a.ran, b.ran, late.ran]).toEqual([false, false, false]);
});

test("invariants 54 to 56: credits stay within the limit, a job that lacks them blocks the rest, and nothing idles", () => {
  play(
    (bench) => {
      const { scheduler } = bench;
      expect(scheduler.used).toBe(bench.hardware.reduce((sum, job) => sum + job.credits, 0));
      expect(scheduler.used <= 3 || bench.hardware.length === 1).toBe(true);
      if (scheduler.queue.size === 0) return;
      const next = scheduler.queue.peek()!;
      expect(scheduler.used + next.credits).toBeGreaterThan(3);
    },
    () => {},
    true,
  );
  const bench = new Bench(3);
  const jobs = [2, 3, 1].map((credits) => bench.push(bench.entity(), [], { credits }));
  expect(jobs.map((job) => job.ran)).toEqual([true, false, false]);
  bench.finish(0);
  expect(jobs.map((job) => job.ran)).toEqual([true, true, false]);
  // One that is larger than the limit goes when nothing else does.
  const giant = bench.push(bench.entity(), [], { credits: 5 });
  bench.finish(0);
  expect(giant.ran).toBe(false);
  bench.finish(0);
  expect(giant.ran).toBe(true);
  bench.scheduler.checkInvariants();
});

test("invariants 57 and 58: the natural order is oldest first among the most urgent; lower priorities only when no higher one is ready", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ urgency: fc.nat(3), finish: fc.boolean() }), { maxLength: 40 }), (steps) => {
      const bench = new Bench(1);
      const ready: MockJob[] = [];
      const expectNext = (): void => {
        const best = ready.toSorted((a, b) => a.entity.urgency - b.entity.urgency || a.sequence - b.sequence)[0];
        if (best === undefined) return;
        expect(bench.hardware).toEqual([best]);
        ready.splice(ready.indexOf(best), 1);
      };
      for (const s of steps) {
        const idle = bench.hardware.length === 0;
        ready.push(bench.push(bench.entity(true, s.urgency)));
        if (idle) expectNext();
        if (s.finish) {
          bench.finish(0);
          expectNext();
        }
      }
    }),
    runs,
  );
});

test("invariant 61: a job is freed once, after it ended", () => {
  play(
    (_bench, _entities, pushed) => {
      for (const { job } of pushed) expect(job.frees).toBeLessThanOrEqual(job.state === "done" ? 1 : 0);
    },
    (bench, pushed) => {
      for (const { job } of pushed) {
        expect(job.frees).toBe(1);
        job.scheduled.put();
        job.finished.put();
      }
      expect(bench.fences.live).toBe(0);
    },
    true,
  );
});

test("invariant 30: with finite jobs every fence signals, and a failed dependency cancels exactly those that asked for it", () => {
  play(
    () => {},
    (_bench, pushed) => {
      for (const { job, deps, propagate } of pushed) {
        const failed = deps.some((dep) => dep.error !== 0);
        if (propagate && failed) expect(job.result).toBe(-Errno.ECANCELED);
        if (!failed) expect(job.ran).toBe(true);
        expect(job.finished.error).toBe(job.result);
      }
    },
    false,
  );
});

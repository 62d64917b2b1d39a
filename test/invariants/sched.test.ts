import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import type { DmaFence } from "../../src/kernel/fence/fence.ts";
import { schedPolicies, type SchedPolicy } from "../../src/kernel/drm/sched/policy.ts";
import type { SchedSettings } from "../../src/kernel/drm/sched/settings.ts";
import type { SchedEntity } from "../../src/kernel/drm/sched/entity.ts";
import { Bench, type MockJob } from "../kernel/drm/sched/rig.ts";

const runs = { seed: 49, numRuns: 250, endOnFailure: true };

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("push" as const), entity: fc.nat(5), on: fc.array(fc.nat(60), { maxLength: 2 }), credits: fc.integer({ min: 1, max: 4 }), propagate: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("finish" as const), which: fc.nat(10), error: fc.constantFrom(0, 0, -Errno.EIO), after: fc.nat(500) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), entity: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("guilty" as const), entity: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("priority" as const), entity: fc.nat(5), to: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset" as const), keep: fc.nat(3), again: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Pushed {
  readonly job: MockJob;
  readonly entity: number;
  readonly deps: readonly DmaFence[];
  readonly propagate: boolean;
  readonly afterKill: boolean;
}

/** Two processes' entities: three each, in-order and out-of-order, of three priorities. */
class Play {
  readonly bench: Bench;
  readonly entities: readonly SchedEntity[];
  readonly pushed: Pushed[] = [];
  readonly killed = new Set<number>();
  readonly guilty = new Set<number>();
  resets = 0;

  constructor(picks: readonly number[], policy: SchedPolicy, settings: Partial<SchedSettings>) {
    let turn = 0;
    this.bench = new Bench(4, (n) => picks[turn++ % picks.length]! % n, policy, settings);
    const b = this.bench;
    this.entities = [b.ofPriority(1), b.ofPriority(2), b.ofPriority(2, false), b.ofPriority(2), b.ofPriority(3), b.ofPriority(3, false)];
  }

  take(s: Step): void {
    const { bench, entities, pushed } = this;
    switch (s.kind) {
      case "push": {
        const deps = [...new Set(s.on.flatMap((i) => (pushed[i] === undefined ? [] : [pushed[i].job.finished])))];
        pushed.push({ job: bench.push(entities[s.entity]!, deps, { credits: s.credits, propagate: s.propagate }), entity: s.entity, deps, propagate: s.propagate, afterKill: this.killed.has(s.entity) });
        break;
      }
      case "finish":
        bench.clock.now += s.after;
        if (bench.hardware.length > 0) bench.finish(s.which % bench.hardware.length, s.error);
        break;
      case "kill":
        this.killed.add(s.entity);
        entities[s.entity]!.kill();
        break;
      case "guilty":
        this.guilty.add(s.entity);
        entities[s.entity]!.guilty = true;
        break;
      case "priority":
        entities[s.entity]!.setPriority(s.to * 65536);
        break;
      case "reset":
        this.reset(s.keep, s.again);
    }
  }

  /** Every `keep`-th job is found alive, or is given once more; the others are lost. */
  private reset(keep: number, again: boolean): void {
    const { scheduler, hardware } = this.bench;
    this.resets++;
    scheduler.stop(null);
    const before = [...hardware];
    for (const [i, job] of before.entries()) {
      if (keep > 0 && i % keep === 0 && again) {
        hardware.splice(hardware.indexOf(job), 1);
        scheduler.resubmit(job);
      } else if (keep > 0 && i % keep === 0) {
        scheduler.reattach(job);
      } else {
        hardware.splice(hardware.indexOf(job), 1);
      }
    }
    scheduler.start(-Errno.ECANCELED);
  }

  drain(): void {
    for (let i = 0; i < 2000 && this.bench.hardware.length > 0; i++) this.bench.finish(i % this.bench.hardware.length);
  }
}

/** Runs random programs under random policies, checking `each` after every step, and lets them drain. At least 10,000 steps in all. */
function play(kinds: ReadonlySet<Step["kind"]>, check: (play: Play) => void, end: (play: Play) => void, fixed: { policy?: SchedPolicy; settings?: Partial<SchedSettings> } = {}): void {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 90, size: "max" }), fc.array(fc.nat(5), { minLength: 8, maxLength: 8 }), fc.constantFrom(...schedPolicies), fc.boolean(), (program, picks, policy, pipelined) => {
      const p = new Play(picks, fixed.policy ?? policy, { pipelined, ...fixed.settings });
      for (const s of program) {
        if (!kinds.has(s.kind)) continue;
        p.take(s);
        steps++;
        p.bench.scheduler.checkInvariants();
        check(p);
      }
      p.drain();
      p.bench.scheduler.checkInvariants();
      end(p);
    }),
    runs,
  );
  expect(steps).toBeGreaterThan(10_000);
}

const plain: ReadonlySet<Step["kind"]> = new Set(["push", "finish"]);
const all: ReadonlySet<Step["kind"]> = new Set(["push", "finish", "kill", "guilty", "priority", "reset"]);
const noKill: ReadonlySet<Step["kind"]> = new Set(["push", "finish", "priority", "reset"]);

test("invariant 49: jobs of an entity reach the hardware in push order, and their fences are numbered in that order", () => {
  play(noKill, ({ entities, pushed }) => {
    for (const [e, entity] of entities.entries()) {
      const mine = pushed.filter((p) => p.entity === e).map((p) => p.job);
      expect(mine.every((job, i) => job.finished.seqno === i + 1 && job.scheduled.seqno === i + 1)).toBe(true);
      if (!entity.inOrder) continue;
      const begun = mine.filter((job) => job.scheduled.signaled);
      expect(begun.every((job, i) => job === mine[i])).toBe(true);
    }
  }, () => {});
});

test("invariant 50: no job reaches the hardware before its dependencies are over; those of the same ring may be ahead of it there", () => {
  play(all, ({ pushed, bench }) => {
    for (const { job, deps } of pushed) {
      if (!job.ran) continue;
      for (const dep of deps) expect(dep.signaled).toBe(true);
    }
    for (const { job, deps } of pushed) {
      if (!job.scheduled.signaled || bench.scheduler.pipelined) continue;
      for (const dep of deps) expect(dep.signaled).toBe(true);
    }
  }, () => {});
});

test("invariant 51: scheduled signals before finished, both exactly once, whatever became of the job", () => {
  play(all, () => {}, ({ bench, pushed }) => {
    const at = new Map<string, number[]>();
    bench.log.forEach((line, i) => at.set(line, [...(at.get(line) ?? []), i]));
    for (const { job } of pushed) {
      expect(job.state).toBe("done");
      const s = at.get(`scheduled ${job.sequence}`) ?? [];
      const f = at.get(`finished ${job.sequence}`) ?? [];
      expect([s.length, f.length]).toEqual([1, 1]);
      expect(s[0]!).toBeLessThan(f[0]!);
    }
  });
});

test("invariant 52: after a kill queued jobs end with -ESRCH, in order, not before their dependencies; jobs in flight end normally", () => {
  play(new Set(["push", "finish", "kill"]), ({ bench, pushed, killed, entities }) => {
    for (const { job, entity, deps } of pushed) {
      if (!killed.has(entity) || !job.finished.signaled) continue;
      for (const dep of deps) expect(dep.signaled).toBe(true);
      if (!job.ran) expect([-Errno.ESRCH, -Errno.ECANCELED]).toContain(job.result);
      else expect(job.result).not.toBe(-Errno.ESRCH);
    }
    for (const entity of killed) {
      if (!entities[entity]!.inOrder) continue;
      const ended = pushed.filter((p) => p.entity === entity && p.job.finished.signaled).map((p) => bench.log.indexOf(`finished ${p.job.sequence}`));
      if (!bench.scheduler.pipelined) expect(ended).toEqual(ended.toSorted((a, b) => a - b));
    }
  }, ({ pushed, killed }) => {
    for (const { job, entity } of pushed) if (killed.has(entity) && !job.ran) expect(job.finished.error).not.toBe(0);
  });
});

test("invariants 53 and 64: no job of a guilty or killed entity reaches the hardware; guilty ones end with -ECANCELED", () => {
  play(new Set(["push", "finish", "kill", "guilty"]), ({ pushed }) => {
    for (const { job, afterKill } of pushed) if (afterKill) expect(job.ran).toBe(false);
  }, ({ pushed, guilty, killed }) => {
    for (const { job, entity } of pushed) {
      if (job.ran || !guilty.has(entity) || killed.has(entity)) continue;
      expect(job.result).toBe(-Errno.ECANCELED);
    }
  });
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

test("invariants 54, 55 and 56: credits stay within the limit, a job that lacks them blocks the rest, and nothing idles", () => {
  play(new Set(["push", "finish", "kill", "priority"]), ({ bench }) => {
    const { scheduler } = bench;
    const flying = scheduler.pending.jobs().filter((job) => job.state === "running");
    expect(scheduler.used).toBe(flying.reduce((sum, job) => sum + job.credits, 0));
    expect(scheduler.used <= 4 || flying.length === 1).toBe(true);
    const next = scheduler.queue.peek();
    if (next !== null) expect(scheduler.used + next.credits).toBeGreaterThan(4);
  }, () => {});
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

test("invariant 61: a job is freed once, after it ended, in the order in which jobs were begun", () => {
  play(all, ({ bench, pushed }) => {
    expect(pushed.find(({ job }) => job.frees > (job.state === "done" ? 1 : 0))).toBe(undefined);
    const list = bench.scheduler.pending.jobs();
    for (const job of list) expect((job as MockJob).frees).toBe(0);
    expect(list[0]?.state ?? "running").toBe("running");
  }, ({ bench, pushed }) => {
    for (const { job } of pushed) {
      expect(job.frees).toBe(1);
      job.scheduled.put();
      job.finished.put();
    }
    expect(bench.fences.live).toBe(0);
  });
});

test("invariant 62: the timeout fires iff the head of the list has been there for so long; ending or stopping cancels it, NO_HANG lets it go on", () => {
  const T = 1000;
  let steps = 0;
  fc.assert(
    fc.property(fc.array(fc.record({ kind: fc.constantFrom("push", "push", "finish", "pass", "pass", "stop"), amount: fc.nat(700) }), { minLength: 60, maxLength: 100, size: "max" }), (program) => {
      const fired: { job: number; at: number }[] = [];
      const bench: Bench = new Bench(3, () => 0, "fifo", {
        timeoutNs: T,
        ops: { timedoutJob: (job) => { fired.push({ job: job.sequence, at: bench.clock.now }); return "no-hang"; } },
      });
      const wanted: { job: number; at: number }[] = [];
      let head: number | null = null;
      let since = 0;
      const look = (): void => {
        const now = bench.scheduler.pending.head?.sequence ?? null;
        if (now === head) return;
        head = now;
        since = bench.clock.now;
      };
      for (const s of program) {
        steps++;
        if (s.kind === "push") bench.push(bench.entity());
        else if (s.kind === "finish" && bench.hardware.length > 0) bench.finish(s.amount % bench.hardware.length);
        else if (s.kind === "stop") {
          bench.scheduler.stop(null);
          for (const job of bench.hardware) bench.scheduler.reattach(job);
          bench.scheduler.start(0);
          if (head !== null) since = bench.clock.now;
        } else if (s.kind === "pass") {
          const until = bench.clock.now + s.amount;
          while (head !== null && since + T <= until) {
            since += T;
            wanted.push({ job: head, at: since });
          }
          bench.events.advance(until);
        }
        look();
        expect(fired).toEqual(wanted);
        bench.scheduler.checkInvariants();
      }
      while (bench.hardware.length > 0) bench.finish(0);
      expect(bench.jobs.every((job) => job.result === 0)).toBe(true);
      expect(bench.events.runNext()).toBe(false);
    }),
    { seed: 62, numRuns: 160 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 63: after a reset what is still there goes on, everything else ends with an error; no fence is lost", () => {
  play(new Set(["push", "finish", "reset"]), ({ bench }) => {
    const flying = bench.scheduler.pending.jobs().filter((job) => job.state === "running");
    if (!bench.scheduler.pipelined) expect(new Set(flying)).toEqual(new Set(bench.hardware));
  }, ({ pushed, resets }) => {
    for (const { job } of pushed) {
      expect([job.scheduled.signaled, job.finished.signaled]).toEqual([true, true]);
      if (resets === 0 && !job.propagate) expect(job.result).not.toBe(-Errno.ECANCELED);
    }
  });
});

test("invariant 65: a scheduler that goes ends everything on the hardware with -ECANCELED, the newest first, and takes nothing any more", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 100, size: "max" }), fc.constantFrom(...schedPolicies), (program, policy) => {
      const cancelled: number[] = [];
      const p = new Play([0], policy, { ops: { cancelJob: (job) => cancelled.push(job.sequence) } });
      for (const s of program) {
        if (s.kind !== "push" && s.kind !== "finish") continue;
        p.take(s);
        steps++;
      }
      const flying = p.bench.scheduler.pending.jobs().filter((job) => job.state === "running");
      p.bench.scheduler.fini();
      expect(cancelled).toEqual(flying.map((job) => job.sequence).toReversed());
      for (const job of flying) expect((job as MockJob).result).toBe(-Errno.ECANCELED);
      const before = p.bench.hardware.length;
      const late = p.bench.push(p.bench.entity());
      expect(p.bench.hardware.length).toBe(before);
      expect(late.result).toBe(-Errno.ESRCH);
      expect(p.bench.scheduler.pending.length).toBe(0);
    }),
    { seed: 65, numRuns: 220 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 66: priorities and schedulers that change while jobs wait lose none of them", () => {
  play(new Set(["push", "finish", "priority"]), () => {}, ({ pushed }) => {
    for (const { job } of pushed) expect(job.finished.signaled).toBe(true);
  });
  const [a, b] = [new Bench(1), new Bench(1)];
  const entity = a.entity();
  entity.modifySched([a.scheduler, b.scheduler]);
  expect(entity.select()).toBe(a.scheduler);
  a.push(entity);
  const second = a.push(entity);
  entity.modifySched([b.scheduler]);
  // While jobs are outstanding the line stays where it is.
  expect(entity.select()).toBe(a.scheduler);
  a.finish(0);
  a.finish(0);
  expect(second.result).toBe(0);
  expect(entity.select()).toBe(b.scheduler);
});

test("invariant 30: with finite jobs every fence signals, and a failed dependency cancels exactly those that asked for it", () => {
  play(plain, () => {}, ({ pushed }) => {
    for (const { job, deps, propagate } of pushed) {
      const failed = deps.some((dep) => dep.error !== 0);
      expect(job.finished.signaled).toBe(true);
      if (propagate && failed) expect(job.result).toBe(-Errno.ECANCELED);
      if (!failed) expect(job.ran).toBe(true);
      expect(job.finished.error).toBe(job.result);
    }
  });
});

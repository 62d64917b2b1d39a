import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { schedPolicies } from "../../src/kernel/drm/sched/policy.ts";
import { Bench, type MockJob } from "../kernel/drm/sched/rig.ts";
import { Play, all, noKill, plain, play, step } from "./sched-play.ts";

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

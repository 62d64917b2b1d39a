import fc from "fast-check";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import type { DmaFence } from "../../src/kernel/fence/fence.ts";
import { schedPolicies, type SchedPolicy } from "../../src/kernel/drm/sched/policy.ts";
import type { SchedSettings } from "../../src/kernel/drm/sched/settings.ts";
import type { SchedEntity } from "../../src/kernel/drm/sched/entity.ts";
import { Bench, type MockJob } from "../kernel/drm/sched/rig.ts";

export const runs = { seed: 49, numRuns: 250, endOnFailure: true };

/** What happens next. */
export type Step =
  | { readonly kind: "push"; readonly entity: number; readonly on: readonly number[]; readonly credits: number; readonly propagate: boolean }
  | { readonly kind: "finish"; readonly which: number; readonly error: number; readonly after: number }
  | { readonly kind: "kill" | "guilty"; readonly entity: number }
  | { readonly kind: "priority"; readonly entity: number; readonly to: number }
  | { readonly kind: "reset"; readonly keep: number; readonly again: boolean };

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("push" as const), entity: fc.nat(5), on: fc.array(fc.nat(60), { maxLength: 2 }), credits: fc.integer({ min: 1, max: 4 }), propagate: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("finish" as const), which: fc.nat(10), error: fc.constantFrom(0, 0, -Errno.EIO), after: fc.nat(500) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), entity: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("guilty" as const), entity: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("priority" as const), entity: fc.nat(5), to: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset" as const), keep: fc.nat(3), again: fc.boolean() }) },
);
export interface Pushed {
  readonly job: MockJob;
  readonly entity: number;
  readonly deps: readonly DmaFence[];
  readonly propagate: boolean;
  readonly afterKill: boolean;
}

/** Two processes' entities: three each, in-order and out-of-order, of three priorities. */
export class Play {
  readonly bench: Bench;
  readonly entities: readonly SchedEntity[];
  readonly pushed: Pushed[] = [];
  readonly killed: Set<number> = new Set();
  readonly guilty: Set<number> = new Set();
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
export function play(kinds: ReadonlySet<Step["kind"]>, check: (play: Play) => void, end: (play: Play) => void, fixed: { policy?: SchedPolicy; settings?: Partial<SchedSettings> } = {}): void {
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

export const plain: ReadonlySet<Step["kind"]> = new Set(["push", "finish"]);
export const all: ReadonlySet<Step["kind"]> = new Set(["push", "finish", "kill", "guilty", "priority", "reset"]);
export const noKill: ReadonlySet<Step["kind"]> = new Set(["push", "finish", "priority", "reset"]);

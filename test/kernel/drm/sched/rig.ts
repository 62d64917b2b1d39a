import type { DmaFence } from "../../../../src/kernel/fence/fence.ts";
import { FenceRegistry } from "../../../../src/kernel/fence/fence.ts";
import { SchedEntity } from "../../../../src/kernel/drm/sched/entity.ts";
import { makeRunQueue, type SchedPolicy } from "../../../../src/kernel/drm/sched/policy.ts";
import { BAND } from "../../../../src/kernel/drm/sched/priority.ts";
import type { SchedSettings } from "../../../../src/kernel/drm/sched/settings.ts";
import { Choices, firstStrategy } from "../../../../src/kernel/choices.ts";
import { EventQueue } from "../../../../src/kernel/clock.ts";
import { SchedJob } from "../../../../src/kernel/drm/sched/job.ts";
import { DrmScheduler } from "../../../../src/kernel/drm/sched/scheduler.ts";

/** A scheduler whose hardware is the test: jobs given to it lie in `hardware` until `finish`. */
export class Bench {
  readonly clock = { now: 0 };
  readonly fences: FenceRegistry;
  readonly scheduler: DrmScheduler;
  readonly hardware: MockJob[] = [];
  readonly log: string[] = [];
  readonly jobs: MockJob[] = [];
  private sequence = 0;
  private names = 0;

  readonly events: EventQueue;

  constructor(credits: number, pick: (n: number) => number = () => 0, policy: SchedPolicy = "fifo", settings: Partial<SchedSettings> = {}) {
    const trace = { enabled: false, emit: (): void => {} };
    this.fences = new FenceRegistry({ clock: this.clock, trace });
    this.events = new EventQueue(this.clock, new Choices(firstStrategy), "timed");
    this.scheduler = new DrmScheduler({ trace, events: this.events, clock: this.clock }, "0000:01:00.0", "mock", credits, makeRunQueue(policy, { choose: pick }), settings);
  }

  /** An entity of a priority band, 0 to 3. */
  ofPriority(priority: number, inOrder = true): SchedEntity {
    return this.entity(inOrder, priority * BAND);
  }

  entity(inOrder = true, urgency = 0): SchedEntity {
    return new SchedEntity(this.fences, "mock", `e${this.names++}`, inOrder, urgency);
  }

  push(entity: SchedEntity, dependencies: readonly DmaFence[] = [], options: { credits?: number; propagate?: boolean } = {}): MockJob {
    const job = new MockJob(this, entity, ++this.sequence, options.credits ?? 1);
    job.propagate = options.propagate ?? false;
    for (const fence of dependencies) job.addDependency(fence);
    this.jobs.push(job);
    entity.push(job);
    return job;
  }

  /** The hardware is done with its i-th job. */
  finish(i: number, error = 0): void {
    const [job] = this.hardware.splice(i, 1);
    this.scheduler.finish(job!, error);
  }
}

/** A job that does nothing by itself. */
export class MockJob extends SchedJob {
  readonly clientId = 1;
  override readonly credits: number;
  readonly bench: Bench;
  frees = 0;
  ran = false;
  result: number | null = null;

  constructor(bench: Bench, entity: SchedEntity, sequence: number, credits: number) {
    super(entity, bench.scheduler, sequence);
    this.bench = bench;
    this.credits = credits;
    for (const name of ["scheduled", "finished"] as const) this[name].addCallback({ fenceSignaled: () => void bench.log.push(`${name} ${sequence}`) });
    this.scheduled.get();
    this.finished.get();
  }

  run(): void {
    this.ran = true;
    this.bench.log.push(`run ${this.sequence}`);
    this.bench.hardware.push(this);
  }

  complete(error: number): void {
    this.result = error;
  }

  free(): void {
    this.frees++;
  }
}

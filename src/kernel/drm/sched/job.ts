import { Errno } from "../../errors.ts";
import type { DmaFence, FenceCallback } from "../../fence/fence.ts";
import type { SchedEntity } from "./entity.ts";
import type { DrmScheduler } from "./scheduler.ts";

/** `queued`: waits for fences, its predecessor or its turn. `running`: given to the hardware. */
export type JobState = "queued" | "running" | "done";

/**
 * A job of the scheduler (drm_sched_job). Two fences tell its fate: `scheduled` signals when it is given to the hardware, `finished` when it
 * is over; both always signal, once, in this order.
 */
export abstract class SchedJob implements FenceCallback {
  readonly entity: SchedEntity;
  readonly scheduler: DrmScheduler;
  /** Share of the hardware's queue that it takes. */
  readonly credits: number = 1;
  readonly scheduled: DmaFence;
  readonly finished: DmaFence;
  /** Order of submission over all entities of the machine. */
  readonly sequence: number;
  state: JobState = "queued";
  /** Non-zero: it will not run, and ends with this. */
  error = 0;
  /** Fences it still waits for. */
  pending = 0;
  /** Whether a failed dependency fails this job. */
  propagate = false;
  next: SchedJob | null = null;
  previous: SchedJob | null = null;
  private dependencies: DmaFence[] | null = null;

  /** Arms the job: from here on it will be pushed, and its fences will signal. */
  constructor(entity: SchedEntity, scheduler: DrmScheduler, sequence: number) {
    this.entity = entity;
    this.scheduler = scheduler;
    this.sequence = sequence;
    this.scheduled = entity.scheduledContext.emit();
    this.finished = entity.finishedContext.emit();
  }

  /** Number of the open file it is from, for traces. */
  abstract readonly clientId: number;
  /** Hands the job to the hardware. It must answer with `scheduler.finish`, never from inside this call. */
  abstract run(): void;
  /** The job is about to signal `finished` with this error (0: well). */
  abstract complete(error: number): void;
  /** The last call: lets go of everything. */
  abstract free(): void;

  /** Makes the job wait for a fence. Only before it is pushed. */
  addDependency(fence: DmaFence): void {
    if (fence.signaled) {
      if (fence.error !== 0 && this.propagate) this.error = -Errno.ECANCELED;
      return;
    }
    fence.addCallback(this);
    fence.get();
    this.pending++;
    (this.dependencies ??= []).push(fence);
  }

  fenceSignaled(fence: DmaFence): void {
    if (fence.error !== 0 && this.propagate && this.error === 0) this.error = -Errno.ECANCELED;
    this.drop(fence);
    if (--this.pending === 0) this.entity.dependenciesMet(this);
  }

  /** Stops waiting for what only a program could bring about. */
  dropIndefinite(): void {
    for (const fence of [...(this.dependencies ?? [])]) {
      if (!fence.indefinite || !fence.removeCallback(this)) continue;
      this.drop(fence);
      this.pending--;
    }
  }

  /** For messages: the fences it waits for. */
  waitsFor(): readonly DmaFence[] {
    return this.dependencies ?? [];
  }

  private drop(fence: DmaFence): void {
    const list = this.dependencies!;
    const at = list.indexOf(fence);
    list[at] = list[list.length - 1]!;
    list.pop();
    fence.put();
  }
}

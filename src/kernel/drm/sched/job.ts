import { Errno } from "../../errors.ts";
import { mutant } from "../../mutants.ts";
import type { DmaFence, FenceCallback } from "../../fence/fence.ts";
import type { JobScheduler } from "./backend.ts";
import type { SchedEntity } from "./entity.ts";

/** `queued`: waits for fences, its predecessor or its turn. `running`: given to the hardware. */
export type JobState = "queued" | "running" | "done";

/** A job's place in its scheduler's list of pending jobs (those given to the hardware and not freed). */
export class HwLink {
  next: SchedJob | null = null;
  previous: SchedJob | null = null;
  listed = false;
  /** Whether the hardware's answer counts (the callback on the hardware fence is in place). */
  attached = false;
  /** It was really given to the engines, not only to the ring. */
  handed = false;
  /** What it waited for in the ring is over, and it could not be given to the engines then. */
  due = false;
  /** It was freed. */
  freed = false;
  /** The answer that came while it did not; null: none yet. */
  late: number | null = null;
  /** What it will end with instead of well; 0: nothing. */
  injected = 0;
}

/**
 * A job of the scheduler (drm_sched_job). Two fences tell its fate: `scheduled` signals when it is given to the hardware, `finished` when it
 * is over; both always signal, once, in this order.
 */
export abstract class SchedJob implements FenceCallback {
  readonly entity: SchedEntity;
  readonly scheduler: JobScheduler;
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
  /** Its place among the jobs that the hardware was given, while it is there. */
  readonly hw: HwLink = new HwLink();
  /** It waits for its turn in the scheduler's run queue. */
  ready = false;
  /** Times that it hung. */
  karma = 0;
  /** Fences that the hardware itself waits for: those of jobs before it in the same ring. */
  ringWaits: DmaFence[] | null = null;
  private dependencies: DmaFence[] | null = null;

  /** Arms the job: from here on it will be pushed, and its fences will signal. */
  constructor(entity: SchedEntity, scheduler: JobScheduler, sequence: number) {
    this.entity = entity;
    this.scheduler = scheduler;
    this.sequence = sequence;
    this.scheduled = entity.scheduledContext.emit();
    this.finished = entity.finishedContext.emit();
    this.finished.job = this;
  }

  /**
   * Its own dependencies are met and it is its turn (prepare_job): the last chance to make it wait for more.
   * @returns false: it waits, and is asked again
   */
  prepare(): boolean {
    return true;
  }

  /** Number of the open file it is from, for traces. */
  abstract readonly clientId: number;
  /** Hands the job to the hardware. It must answer with `scheduler.finish`, never from inside this call. */
  abstract run(): void;
  /** The job is about to signal `finished` with this error (0: well). */
  abstract complete(error: number): void;
  /** It is over and its entity knows: what only a live job keeps may go. Comes before `free`, at once; `free` in the order of the hardware's list. */
  retired(): void {}
  /** The last call: lets go of everything. */
  abstract free(): void;

  /**
   * Makes the job wait for a fence. Only before it is pushed. Of several fences of one ordered context the latest is enough; what the entity's own order gives is no
   * dependency; and what the same ring does before it the hardware waits for itself (drm_sched_job_add_dependency, drm_sched_entity_add_dependency_cb). A job that
   * wants to know of errors waits for each.
   */
  addDependency(fence: DmaFence): void {
    if (fence.signaled) {
      if (fence.error !== 0 && this.propagate) this.error = -Errno.ECANCELED;
      return;
    }
    const wanted = this.propagate ? fence : this.simplify(fence);
    if (wanted === null) return;
    this.waitFor(wanted);
  }

  /** It will not run: what the ring would have waited for it must wait for itself. True when there is such. */
  leaveRing(): boolean {
    const waits = this.ringWaits ?? [];
    this.ringWaits = null;
    for (const fence of waits) {
      if (!fence.signaled) this.waitFor(fence);
      fence.put();
    }
    return this.pending > 0;
  }

  private waitFor(fence: DmaFence): void {
    fence.addCallback(this);
    fence.get();
    this.pending++;
    (this.dependencies ??= []).push(fence);
  }

  fenceSignaled(fence: DmaFence): void {
    if (fence.error !== 0 && this.propagate && this.error === 0 && !mutant("sched-failure-not-passed-on")) this.error = -Errno.ECANCELED;
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

  /** What the job must really wait for in the place of a fence; null: nothing. */
  private simplify(fence: DmaFence): DmaFence | null {
    const { context } = fence;
    if (this.entity.inOrder && (context === this.entity.finishedContext || context === this.entity.scheduledContext)) return null;
    const before = fence.job;
    if (this.scheduler.pipelined === true && before instanceof SchedJob && before.finished === fence && before.scheduler === this.scheduler) {
      (this.ringWaits ??= []).push(fence.get());
      return before.scheduled.signaled ? null : before.scheduled;
    }
    if (!context.ordered || this.dependencies === null) return fence;
    const known = this.dependencies.find((other) => other.context === context);
    if (known === undefined) return fence;
    if (known.seqno >= fence.seqno || !known.removeCallback(this)) return null;
    this.drop(known);
    this.pending--;
    return fence;
  }

  private drop(fence: DmaFence): void {
    const list = this.dependencies!;
    const at = list.indexOf(fence);
    list[at] = list[list.length - 1]!;
    list.pop();
    fence.put();
  }
}

import { Errno, invariant } from "../../errors.ts";
import type { FenceContext, FenceRegistry } from "../../fence/fence.ts";
import { touch } from "../../footprint.ts";
import { mutant } from "../../mutants.ts";
import { WaitQueue, type Blocking } from "../../process/wait.ts";
import type { JobScheduler } from "./backend.ts";
import { EntityStats } from "./entity-stats.ts";
import type { SchedJob } from "./job.ts";
import { priorityOf } from "./priority.ts";

/**
 * A line of jobs (drm_sched_entity), one for each exec queue. An in-order entity has at most one job ready or running, or more on hardware that keeps their order;
 * an out-of-order one has as many ready as have their dependencies met.
 */
export class SchedEntity {
  readonly scheduledContext: FenceContext;
  readonly finishedContext: FenceContext;
  readonly inOrder: boolean;
  /** Lower is more urgent: the priority band, refined inside the band. */
  urgency: number;
  readonly stats: EntityStats = new EntityStats();
  /** Jobs given to the hardware. */
  inFlight = 0;
  /** Jobs not given to the hardware yet. */
  queued = 0;
  /** Jobs that went to the scheduler's run queue and were not picked yet. */
  ready = 0;
  /** Killed: jobs end with -ESRCH instead of running. */
  stopped = false;
  /** Its context is banned: jobs end with -ECANCELED instead of running. */
  guilty = false;
  /** Schedulers that a job may be given to; empty: the job says. */
  private choices: readonly JobScheduler[] = [];
  private selected: JobScheduler | null = null;
  private head: SchedJob | null = null;
  private tail: SchedJob | null = null;
  /** The job given to the hardware last. */
  private last: SchedJob | null = null;
  private readonly drained = new WaitQueue();

  /** @param name for traces: "compute 3" */
  constructor(fences: FenceRegistry, driver: string, name: string, inOrder: boolean, urgency: number) {
    this.scheduledContext = fences.context(driver, name, inOrder);
    this.finishedContext = fences.context(driver, name, inOrder);
    this.inOrder = inOrder;
    this.urgency = urgency;
  }

  /** The band: 0 kernel, 1 high, 2 normal, 3 low. */
  get priority(): number {
    return priorityOf(this.urgency);
  }

  get idle(): boolean {
    return this.queued === 0 && this.inFlight === 0;
  }

  /** The oldest job that was not given to the hardware. */
  get first(): SchedJob | null {
    return this.head;
  }

  /** Puts an armed job at the end of the line. Jobs are pushed in the order they were armed. */
  push(job: SchedJob): void {
    touch(this);
    invariant(this.tail === null || this.tail.sequence < job.sequence, "jobs are pushed in the order they were armed");
    job.previous = this.tail;
    if (this.tail === null) this.head = job;
    else this.tail.next = job;
    this.tail = job;
    this.queued++;
    job.scheduler.traceQueue(job);
    job.scheduler.pushed?.(job);
    this.consider(job);
  }

  /** All fences that a job waits for have signaled. */
  dependenciesMet(job: SchedJob): void {
    if (job.state === "queued") this.consider(job);
  }

  /** The scheduler gives the job to the hardware. */
  taken(job: SchedJob): void {
    touch(this);
    this.unlink(job);
    job.ready = false;
    this.ready--;
    this.inFlight++;
    this.last = job;
    if (this.inOrder && this.head !== null && job.scheduler.pipelined === true) this.consider(this.head);
    if (this.queued === 0) this.drained.wakeAll();
  }

  /** A job of this entity has ended; the next may go. */
  ended(): void {
    touch(this);
    this.inFlight--;
    if (this.inFlight === 0) this.last = null;
    if (this.inOrder && this.head !== null) this.consider(this.head);
  }

  /**
   * Ends the entity because its owner is gone: jobs in flight go on, queued ones end with -ESRCH, each not before its predecessor and
   * its dependencies (drm_sched_entity_kill). Waits that only the dead program could end are given up.
   */
  kill(): void {
    if (!mutant("sched-kill-keeps-running")) this.stopped = true;
    const waiting: SchedJob[] = [];
    for (let job = this.head; job !== null; job = job.next) waiting.push(job);
    for (const job of waiting) if (job.pending > 0) job.dropIndefinite();
    for (const job of waiting) {
      if (job.state !== "queued" || job.pending > 0) continue;
      if (job.ready) {
        if (job.scheduler.withdraw?.(job) !== true) continue;
        job.ready = false;
        this.ready--;
      }
      this.consider(job);
    }
  }

  /**
   * drm_sched_entity_flush: waits until every job was given to the hardware.
   *
   * @param exiting the process ends: by kill -9 the entity is killed at once; otherwise it has `most` ns
   * @returns 0; -ETIME: jobs are left when an exiting process's time is over; -EINTR
   */
  *flush(now: number, most: number, exiting: "no" | "exit" | "killed"): Blocking<number> {
    if (exiting === "killed") {
      this.kill();
      return 0;
    }
    const deadline = exiting === "exit" ? now + most : null;
    while (this.queued > 0 && !this.stopped) {
      const reason = yield { queue: this.drained, deadline, what: `the queue ${this.finishedContext.name} to give its jobs to the hardware`, interruptible: true };
      if (reason === "interrupted") return -Errno.EINTR;
      if (reason === "timeout" && this.queued > 0) return -Errno.ETIME;
    }
    return 0;
  }

  /** drm_sched_entity_fini: what is left after the flush is killed. */
  fini(): void {
    if (this.queued > 0) this.kill();
    this.stopped = true;
  }

  /** drm_sched_entity_set_priority: jobs that wait for their turn take it with them. */
  setPriority(urgency: number): void {
    if (urgency === this.urgency) return;
    const moved: SchedJob[] = [];
    for (let job = this.head; job !== null; job = job.next) if (job.scheduler.withdraw?.(job) === true) moved.push(job);
    this.urgency = urgency;
    if (mutant("sched-set-priority-loses")) moved.pop();
    for (const job of moved) job.scheduler.enqueue(job);
  }

  /** drm_sched_entity_modify_sched: the schedulers that the next jobs may go to. Those in the line stay where they are. */
  modifySched(schedulers: readonly JobScheduler[]): void {
    invariant(schedulers.length > 0, "an entity has a scheduler");
    this.choices = schedulers;
    if (this.selected !== null && !schedulers.includes(this.selected) && this.idle) this.selected = null;
  }

  /**
   * Where the next job goes (drm_sched_entity_select_rq): the scheduler with least to do, but never another while a job of the line is outstanding, so that
   * the order is kept.
   */
  select(): JobScheduler {
    invariant(this.choices.length > 0, "an entity that selects has schedulers");
    if (this.selected !== null && !this.idle) return this.selected;
    let best = this.choices[0]!;
    for (const scheduler of this.choices) if ((scheduler.score ?? 0) < (best.score ?? 0)) best = scheduler;
    return (this.selected = best);
  }

  /** What a job must end with instead of running; 0: let it run. */
  verdict(job: SchedJob): number {
    if (this.stopped) return -Errno.ESRCH;
    if (this.guilty && !mutant("sched-guilty-runs")) return -Errno.ECANCELED;
    return job.error;
  }

  /** Takes a job that is not given to the hardware out of the line: it is counted in flight until it has ended. */
  leave(job: SchedJob): void {
    this.unlink(job);
    this.inFlight++;
    if (this.queued === 0) this.drained.wakeAll();
  }

  private unlink(job: SchedJob): void {
    if (job.previous === null) this.head = job.next;
    else job.previous.next = job.next;
    if (job.next === null) this.tail = job.previous;
    else job.next.previous = job.previous;
    job.next = job.previous = null;
    this.queued--;
  }

  private consider(job: SchedJob): void {
    if (job.pending > 0 && !mutant("sched-ignores-dependency")) return;
    if (this.inOrder && !this.itsTurn(job)) return;
    if (this.stopped && job.scheduler.cancel !== undefined) {
      if (job.leaveRing()) return;
      job.scheduler.cancel(job, mutant("sched-kill-forgets-error") ? 0 : -Errno.ESRCH);
      return;
    }
    if (!job.prepare()) return;
    this.ready++;
    job.ready = true;
    job.scheduler.enqueue(job);
  }

  private itsTurn(job: SchedJob): boolean {
    if (job !== this.head && !mutant("sched-entity-reorders")) return false;
    if (this.ready > 0) return false;
    if (this.inFlight === 0) return true;
    const last = this.last;
    if (last === null || this.stopped || last.scheduler !== job.scheduler || job.scheduler.pipelined !== true) return false;
    (job.ringWaits ??= []).push(last.finished.get());
    return true;
  }
}

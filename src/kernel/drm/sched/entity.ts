import { Errno, invariant } from "../../errors.ts";
import type { FenceContext, FenceRegistry } from "../../fence/fence.ts";
import type { SchedJob } from "./job.ts";

/**
 * A line of jobs (drm_sched_entity), one for each exec queue. An in-order entity has at most one job ready or running; an out-of-order one
 * has as many ready as have their dependencies met.
 */
export class SchedEntity {
  readonly scheduledContext: FenceContext;
  readonly finishedContext: FenceContext;
  readonly inOrder: boolean;
  /** Lower is more urgent: the priority band, refined inside the band. */
  readonly urgency: number;
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
  private head: SchedJob | null = null;
  private tail: SchedJob | null = null;

  /** @param name for traces: "compute 3" */
  constructor(fences: FenceRegistry, driver: string, name: string, inOrder: boolean, urgency: number) {
    this.scheduledContext = fences.context(driver, name);
    this.finishedContext = fences.context(driver, name);
    this.inOrder = inOrder;
    this.urgency = urgency;
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
    invariant(this.tail === null || this.tail.sequence < job.sequence, "jobs are pushed in the order they were armed");
    job.previous = this.tail;
    if (this.tail === null) this.head = job;
    else this.tail.next = job;
    this.tail = job;
    this.queued++;
    job.scheduler.traceQueue(job);
    this.consider(job);
  }

  /** All fences that a job waits for have signaled. */
  dependenciesMet(job: SchedJob): void {
    if (job.state === "queued") this.consider(job);
  }

  /** The scheduler gives the job to the hardware. */
  taken(job: SchedJob): void {
    if (job.previous === null) this.head = job.next;
    else job.previous.next = job.next;
    if (job.next === null) this.tail = job.previous;
    else job.next.previous = job.previous;
    job.next = job.previous = null;
    this.ready--;
    this.queued--;
    this.inFlight++;
  }

  /** A job of this entity has ended; the next may go. */
  ended(): void {
    this.inFlight--;
    if (this.inOrder && this.head !== null) this.consider(this.head);
  }

  /**
   * Ends the entity because its owner is gone: jobs in flight go on, queued ones end with -ESRCH, each not before its predecessor and
   * its dependencies (drm_sched_entity_kill). Waits that only the dead program could end are given up.
   */
  kill(): void {
    this.stopped = true;
    const waiting: SchedJob[] = [];
    for (let job = this.head; job !== null; job = job.next) if (job.pending > 0) waiting.push(job);
    for (const job of waiting) job.dropIndefinite();
    for (const job of waiting) if (job.pending === 0 && job.state === "queued") this.consider(job);
  }

  /** What a job must end with instead of running; 0: let it run. */
  verdict(job: SchedJob): number {
    if (this.stopped) return -Errno.ESRCH;
    if (this.guilty) return -Errno.ECANCELED;
    return job.error;
  }

  private consider(job: SchedJob): void {
    if (job.pending > 0) return;
    if (this.inOrder && (job !== this.head || this.inFlight > 0 || this.ready > 0)) return;
    this.ready++;
    job.scheduler.enqueue(job);
  }
}

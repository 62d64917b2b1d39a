import { Errno } from "../errors.ts";
import { DmaFence, type FenceContext } from "../fence/fence.ts";
import type { SchedJob } from "./sched/job.ts";

/** What there is at a point: a fence to wait for, "reached", or "missing": nothing that could ever reach it was submitted. */
export type PointState = DmaFence | "reached" | "missing";

/** A line of points that are reached one after the other, as far as waiters see it. */
export interface Timeline {
  find(point: number): PointState;
  /** How a reached point ended: 0 or a negative errno. */
  errorAt(point: number): number;
  /** The highest point up to which everything is reached. */
  readonly reached: number;
  /** No handle and no descriptor is left. */
  abandon(): void;
}

/** The jobs of an exec queue: point n is the n-th job. A job of an out-of-order queue reaches its point when it ends, others before it or not. */
export class QueueTimeline implements Timeline {
  reached = 0;
  /** The last point given to a job. */
  last = 0;
  private pending: SchedJob[] = [];
  private head = 0;
  private errors: Map<number, number> | null = null;

  /** Gives a job the next point. */
  add(job: SchedJob): number {
    this.pending.push(job);
    return ++this.last;
  }

  /** A job has ended (its state says so). */
  advance(): void {
    const pending = this.pending;
    while (this.head < pending.length && pending[this.head]!.state === "done") {
      const job = pending[this.head]!;
      this.head++;
      this.reached++;
      if (job.error !== 0) (this.errors ??= new Map()).set(this.reached, job.error);
    }
    if (this.head === pending.length) {
      this.pending.length = 0;
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > pending.length) {
      this.pending = pending.slice(this.head);
      this.head = 0;
    }
  }

  /** The job of a point; undefined when it is long over or was never submitted. */
  job(point: number): SchedJob | undefined {
    return point > this.reached ? this.pending[this.head + point - this.reached - 1] : undefined;
  }

  find(point: number): PointState {
    if (point <= this.reached) return point > 0 ? "reached" : "missing";
    const job = this.job(point);
    if (job === undefined) return "missing";
    return job.state === "done" ? "reached" : job.finished;
  }

  errorAt(point: number): number {
    return this.errors?.get(point) ?? this.job(point)?.error ?? 0;
  }

  abandon(): void {}
}

interface Future {
  readonly point: number;
  readonly fence: DmaFence;
}

/**
 * Points that a program signals. NON-SPEC: a fence of Linux may not depend on a program, so there a job cannot wait for a point that
 * is not signaled yet (-EINVAL); user-mode drivers hold the job back in a thread of their own. Here it can, as with a monitored fence of Windows, and when the
 * timeline is abandoned the points that were never reached end with -ECANCELED, so that no wait is for ever.
 */
export class UserTimeline implements Timeline {
  reached = 0;
  private readonly context: FenceContext;
  /** Points waited for and not reached, ascending. */
  private futures: Future[] = [];
  private failures: { readonly from: number; readonly to: number; readonly error: number }[] = [];
  private abandoned = false;

  constructor(context: FenceContext) {
    this.context = context;
  }

  /** Reaches a point and all before it. A point that lies behind changes nothing. @param error 0 or how it ends */
  signal(point: number, error: number): void {
    if (point <= this.reached) return;
    if (error !== 0) this.failures.push({ from: this.reached, to: point, error });
    this.reached = point;
    let n = 0;
    while (n < this.futures.length && this.futures[n]!.point <= point) n++;
    for (const { fence } of this.futures.splice(0, n)) end(fence, error);
  }

  find(point: number): PointState {
    if (point <= this.reached) return point > 0 ? "reached" : "missing";
    if (this.abandoned) return "missing";
    let i = this.futures.length;
    while (i > 0 && this.futures[i - 1]!.point > point) i--;
    const known = this.futures[i - 1];
    if (known !== undefined && known.point === point) return known.fence;
    const fence = new DmaFence(this.context, point, null, true);
    this.futures.splice(i, 0, { point, fence });
    return fence;
  }

  errorAt(point: number): number {
    return this.failures.find((f) => point > f.from && point <= f.to)?.error ?? 0;
  }

  abandon(): void {
    this.abandoned = true;
    for (const { fence } of this.futures.splice(0)) end(fence, -Errno.ECANCELED);
  }
}

function end(fence: DmaFence, error: number): void {
  if (error !== 0) fence.setError(error);
  fence.signal();
  fence.put();
}

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
  /** The jobs of points after `reached`, each at its point modulo the size: a power of two. */
  private ring: (SchedJob | null)[] = [null, null, null, null];
  private errors: Map<number, number> | null = null;

  /** Gives a job the next point. */
  add(job: SchedJob): number {
    const point = ++this.last;
    if (point - this.reached > this.ring.length) this.grow();
    this.ring[point & (this.ring.length - 1)] = job;
    return point;
  }

  /** A job has ended (its state says so). */
  advance(): void {
    const ring = this.ring;
    const mask = ring.length - 1;
    while (this.reached < this.last) {
      const at = (this.reached + 1) & mask;
      const job = ring[at]!;
      if (job.state !== "done") break;
      ring[at] = null;
      this.reached++;
      if (job.error !== 0) (this.errors ??= new Map()).set(this.reached, job.error);
    }
  }

  /** The job of a point; undefined when it is over, and all before it, or was never submitted. */
  job(point: number): SchedJob | undefined {
    return point > this.reached && point <= this.last ? this.ring[point & (this.ring.length - 1)]! : undefined;
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

  private grow(): void {
    const old = this.ring;
    const ring = new Array<SchedJob | null>(old.length * 2).fill(null);
    // The newest point is being added: it has no place in the old ring.
    for (let point = this.reached + 1; point < this.last; point++) ring[point & (ring.length - 1)] = old[point & (old.length - 1)]!;
    this.ring = ring;
  }
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

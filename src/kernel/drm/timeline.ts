import type { DmaFence } from "../fence/fence.ts";
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
  /** The highest point that has a fence, or had one. */
  readonly last: number;
  /** Told when a point gets a fence; for those who wait for that. */
  onAdd: (() => void) | null;
  /** The fence of the last point; null: there is none, or it is reached. */
  tail(): DmaFence | null;
  /** No handle and no descriptor is left. */
  abandon(): void;
}

/** The jobs of an exec queue: point n is the n-th job. A job of an out-of-order queue reaches its point when it ends, others before it or not. */
export class QueueTimeline implements Timeline {
  reached = 0;
  /** The last point given to a job. */
  last = 0;
  onAdd: (() => void) | null = null;
  /** The jobs of points after `reached`, each at its point modulo the size: a power of two. */
  private ring: (SchedJob | null)[] = [null, null, null, null];
  private errors: Map<number, number> | null = null;

  /** Gives a job the next point. */
  add(job: SchedJob): number {
    const point = ++this.last;
    if (point - this.reached > this.ring.length) this.grow();
    this.ring[point & (this.ring.length - 1)] = job;
    this.onAdd?.();
    return point;
  }

  tail(): DmaFence | null {
    const job = this.job(this.last);
    return job === undefined || job.state === "done" ? null : job.finished;
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

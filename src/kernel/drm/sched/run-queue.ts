import type { SchedJob } from "./job.ts";

/**
 * The ready jobs of one scheduler and the rule that orders them. `peek` gives the job whose turn it is, and gives the same one until it is taken: a job that lacks
 * credits keeps its place.
 */
export interface RunQueue {
  readonly size: number;
  add(job: SchedJob): void;
  /** Null when there is none. */
  peek(): SchedJob | null;
  /** Takes the job that `peek` gave. */
  take(): void;
  /** Ready jobs in the natural order, for debugfs and tests. */
  jobs(): readonly SchedJob[];
}

import type { SchedEntity } from "./entity.ts";
import type { SchedJob } from "./job.ts";

/**
 * The ready jobs of one scheduler and the rule that orders them. `peek` gives the job whose turn it is: a job that lacks credits keeps its place.
 */
export interface RunQueue {
  readonly size: number;
  /** A job has joined its entity's line, ready or not. */
  pushed?(job: SchedJob): void;
  /** A job is ready. */
  add(job: SchedJob): void;
  /** Null when there is none. */
  peek(): SchedJob | null;
  /** Takes the job that `peek` gave. */
  take(): void;
  /** Takes a ready job out of its turn. False: it is not there. */
  remove(job: SchedJob): boolean;
  /** A job that was never ready has left its entity's line. */
  dropped?(job: SchedJob): void;
  /** An entity's job has had the hardware for so long, ns. */
  ran?(entity: SchedEntity, ns: number): void;
  /** Ready jobs in the natural order, for debugfs and tests. */
  jobs(): readonly SchedJob[];
}

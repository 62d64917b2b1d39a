import type { SchedJob } from "./job.ts";

/**
 * What stands between ready jobs and one class of engines: drm_sched on Linux (`DrmScheduler`), VidSch on Windows (`src/kernel/wddm`). A job is handed over when its
 * dependencies are met and it is its entity's turn; the scheduler runs it, perhaps stops it and lets it go on, and ends it.
 */
export interface JobScheduler {
  /** A job is ready. */
  enqueue(job: SchedJob): void;
  /** The hardware is done with a job that was begun, or it is given up. @param error 0 or a negative errno */
  finish(job: SchedJob, error: number): void;
  /** A program has submitted a job. */
  traceQueue(job: SchedJob): void;
  /** A job has joined its entity's line; it may not be ready yet. Absent: no matter. */
  pushed?(job: SchedJob): void;
  /** Takes a ready job back that was not begun. False: it is not there (any more). Absent: ready jobs stay. */
  withdraw?(job: SchedJob): boolean;
  /** Ends a job that was never begun. Absent: it goes its way and is stopped when its turn comes. */
  cancel?(job: SchedJob, error: number): void;
  /** Whether the hardware keeps the order of what it was given, so that a job may be given while its predecessor still runs. */
  readonly pipelined?: boolean;
  /** How much there is to do: of several schedulers the one with the least is chosen. */
  readonly score?: number;
  /** Throws EmulatorBug when it is in disorder. */
  checkInvariants(): void;
}

import type { SchedPolicy } from "./policy.ts";

/** How a machine's software schedulers (drm_sched) are set. Everything is optional. */
export interface SchedulerOptions {
  /** Who is next: "fifo" (default), "rr" or "fair". */
  readonly policy?: SchedPolicy;
  /**
   * The rings keep the order of what they are given, so that a queue's next job, or one that waits for a job of the same ring, is handed over while that one still runs
   * (and takes a place in the ring). Default false: a job is handed over when all it waits for is over.
   */
  readonly pipelined?: boolean;
  /** Virtual ns that a job may stand at the head of a ring. Default: no limit; the engines' own watchdog measures the time that a launch really runs. */
  readonly timeoutNs?: number;
  /** Times that a job may hang before its queue counts as guilty. Default 0. */
  readonly hangLimit?: number;
}

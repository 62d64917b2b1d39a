import type { SchedJob } from "./job.ts";

/** What the driver found when a job took too long (enum drm_gpu_sched_stat): it has reset the hardware; the hardware is gone; nothing hangs. */
export type TimedOut = "reset" | "enodev" | "no-hang";

/** What the driver does for its scheduler (drm_sched_backend_ops); running and freeing are the job's own. */
export interface SchedOps {
  /** The job at the head of the hardware's list has been there too long. */
  timedoutJob?(job: SchedJob): TimedOut;
  /** The scheduler goes: the hardware must let go of the job. Its fence then ends with -ECANCELED. */
  cancelJob?(job: SchedJob): void;
}

/** How a scheduler is set up (drm_sched_init_args). */
export interface SchedSettings {
  /** Virtual ns that a job may stand at the head of the hardware's list; Infinity: for ever. */
  readonly timeoutNs: number;
  /** Times that a job may hang before its entity counts as guilty. */
  readonly hangLimit: number;
  /** The hardware keeps the order of what it is given. */
  readonly pipelined: boolean;
  readonly ops: SchedOps;
}

/** No timeout, no tolerance, no ring. */
export const defaultSettings: SchedSettings = { timeoutNs: Infinity, hangLimit: 0, pipelined: false, ops: {} };

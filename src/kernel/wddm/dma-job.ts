import type { GpuJob } from "../drm/gpu-job.ts";
import type { SchedJob } from "../drm/sched/job.ts";
import { Errno } from "../errors.ts";
import type { DmaWork } from "./packet.ts";

/** Gives a job to the hardware: false when it is not to run any more, and then it is over. */
export function beginJob(job: SchedJob): boolean {
  const { entity } = job;
  entity.taken(job);
  job.state = "running";
  const verdict = entity.verdict(job);
  job.finished.traceEmit();
  job.scheduled.signal();
  if (verdict === 0) job.run();
  else job.scheduler.finish(job, verdict);
  return verdict === 0;
}

/** Ends a job: its fences, its entity's next. */
export function finishJob(job: SchedJob, error: number): void {
  job.state = "done";
  job.complete(error);
  if (error !== 0) job.finished.setError(error);
  job.finished.signal();
  job.entity.ended();
  job.scheduled.put();
  job.finished.put();
  job.free();
}

/** A job of an exec queue as VidSch's packets carry it. */
export class JobWork implements DmaWork {
  readonly job: GpuJob;
  private readonly stopNs: number;
  private restore = 0;

  /** @param stopNs what stopping costs beside carrying the state, ns */
  constructor(job: GpuJob, stopNs: number) {
    this.job = job;
    this.stopNs = stopNs;
  }

  get label(): string {
    return this.job.label;
  }

  begin(): boolean {
    return beginJob(this.job);
  }

  suspend(stopped: () => void): void {
    this.job.suspend(stopped);
  }

  resume(): void {
    this.job.resume();
  }

  saveNs(): number {
    this.restore = Math.ceil(this.job.stateNs);
    return this.stopNs + this.restore;
  }

  restoreNs(): number {
    return this.restore;
  }

  savedBytes(): number {
    return this.job.stateBytes;
  }
}

/** How a job ends whose device was removed under it. */
export const REMOVED: number = -Errno.ECANCELED;

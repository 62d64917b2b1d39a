import { mutant } from "../../mutants.ts";
import type { SchedJob } from "./job.ts";
import type { RunQueue } from "./run-queue.ts";

/** The choice point, as far as a run queue needs it. */
export interface Chooser {
  choose(n: number, label: string): number;
}

/** The ready jobs of one urgency, in the order of their submission. */
interface Band {
  readonly urgency: number;
  readonly jobs: SchedJob[];
}

/**
 * First in, first out inside strict priorities (the policy of drm_sched from 6.2 on): the most urgent band that has jobs, and in it the job submitted first, or
 * another by choice: equally urgent queues have no order among them, nor have the jobs of an out-of-order queue.
 */
export class FifoRunQueue implements RunQueue {
  private readonly bands: Band[] = [];
  private readonly chooser: Chooser;
  private picked: SchedJob | null = null;
  size = 0;

  constructor(chooser: Chooser) {
    this.chooser = chooser;
  }

  add(job: SchedJob): void {
    this.size++;
    const urgency = job.entity.urgency;
    const bands = this.bands;
    let b = 0;
    while (b < bands.length && bands[b]!.urgency < urgency) b++;
    let band = bands[b];
    if (band === undefined || band.urgency !== urgency) {
      band = { urgency, jobs: [] };
      bands.splice(b, 0, band);
    }
    const jobs = band.jobs;
    let i = jobs.length;
    while (i > 0 && jobs[i - 1]!.sequence > job.sequence) i--;
    if (i === jobs.length) jobs.push(job);
    else jobs.splice(i, 0, job);
    // A more urgent job takes the turn from one that was picked and still waits for credits.
    if (this.picked !== null && this.picked.entity.urgency > urgency) this.picked = null;
  }

  peek(): SchedJob | null {
    if (this.picked !== null) return this.picked;
    for (const band of mutant("sched-priority-inverted") ? this.bands.toReversed() : this.bands) {
      const n = band.jobs.length;
      if (n === 0) continue;
      if (mutant("sched-fifo-newest")) return (this.picked = band.jobs[n - 1]!);
      return (this.picked = band.jobs[n === 1 ? 0 : this.chooser.choose(n, "job of equally urgent queues")]!);
    }
    return null;
  }

  take(): void {
    const job = this.picked!;
    this.picked = null;
    for (const band of this.bands) {
      if (band.urgency !== job.entity.urgency) continue;
      const jobs = band.jobs;
      if (jobs[0] === job) jobs.shift();
      else jobs.splice(jobs.indexOf(job), 1);
      break;
    }
    this.size--;
  }

  remove(job: SchedJob): boolean {
    for (const { jobs } of this.bands) {
      const at = jobs.indexOf(job);
      if (at < 0) continue;
      jobs.splice(at, 1);
      if (this.picked === job) this.picked = null;
      this.size--;
      return true;
    }
    return false;
  }

  jobs(): readonly SchedJob[] {
    return this.bands.flatMap((band) => band.jobs);
  }
}

import { invariant } from "../../errors.ts";
import type { JobScheduler } from "./backend.ts";
import type { SchedJob } from "./job.ts";
import type { RunQueue } from "./run-queue.ts";

/** What a scheduler needs of the machine. */
export interface SchedPorts {
  /**
   * In "any" order every job is given to the hardware by an event of its own, as the work queue of drm_sched does it: between two of them
   * anything may happen, so that every order of ready jobs can be reached. Otherwise (and when absent) at once.
   */
  readonly events?: { readonly order: "timed" | "any"; at(time: number, run: () => void, label: string): unknown };
  readonly clock?: { readonly now: number };
  readonly trace: { readonly enabled: boolean; emit(name: string, fields: Readonly<Record<string, string | number>>): void };
}

/**
 * Software arbitration before one class of engines (drm_gpu_scheduler). A ready job goes to the hardware when the hardware's queue has
 * credits for it, and stays there until it ends: this layer never preempts. A job that lacks credits blocks all behind it, so that big jobs
 * do not starve.
 */
export class DrmScheduler implements JobScheduler {
  /** Ring name in traces: "compute", "copy". */
  readonly name: string;
  readonly device: string;
  readonly creditLimit: number;
  readonly queue: RunQueue;
  /** Credits of the jobs in flight. */
  used = 0;
  inFlight = 0;
  /** Jobs taken up and jobs freed since boot. */
  started = 0;
  freed = 0;
  private readonly ports: SchedPorts;
  private picking = false;
  private again = false;
  private stepAsked = false;

  constructor(ports: SchedPorts, device: string, name: string, creditLimit: number, queue: RunQueue) {
    this.ports = ports;
    this.device = device;
    this.name = name;
    this.creditLimit = creditLimit;
    this.queue = queue;
  }

  /** A job is ready: its dependencies are met and it is its entity's turn. */
  enqueue(job: SchedJob): void {
    this.queue.add(job);
    this.kick();
  }

  /** The hardware is done with a job. Any order; also for jobs that never ran. */
  finish(job: SchedJob, error: number): void {
    invariant(job.state === "running", "a job ends once, after it began");
    job.state = "done";
    this.used -= job.credits;
    this.inFlight--;
    job.complete(error);
    if (error !== 0) job.finished.setError(error);
    job.finished.signal();
    if (this.ports.trace.enabled) this.ports.trace.emit("gpu_scheduler:drm_sched_job_done", { fence: fenceName(job) });
    job.entity.ended();
    this.freed++;
    job.scheduled.put();
    job.finished.put();
    job.free();
    this.kick();
  }

  traceQueue(job: SchedJob): void {
    if (!this.ports.trace.enabled) return;
    this.emit("gpu_scheduler:drm_sched_job_queue", job);
    for (const fence of job.waitsFor()) {
      this.ports.trace.emit("gpu_scheduler:drm_sched_job_add_dep", { fence: fenceName(job), dependency: `${fence.context.id}:${fence.seqno}` });
    }
  }

  checkInvariants(): void {
    invariant(this.used >= 0 && (this.used <= this.creditLimit || this.inFlight === 1), `${this.name}: credits in flight are within the limit`);
    invariant(this.started - this.freed === this.inFlight, `${this.name}: every job that began is freed once`);
    const head = this.queue.jobs()[0];
    invariant(head === undefined || this.used > 0 || this.stepAsked, `${this.name}: no ready job waits while the hardware is empty`);
  }

  /** Asks for an event that gives one job to the hardware. */
  private askForStep(events: NonNullable<SchedPorts["events"]>): void {
    if (this.stepAsked || this.queue.size === 0) return;
    this.stepAsked = true;
    events.at(this.ports.clock!.now, () => {
      this.stepAsked = false;
      const job = this.queue.peek();
      if (job === null || (this.used > 0 && this.used + job.credits > this.creditLimit)) return;
      this.queue.take();
      this.begin(job);
      this.askForStep(events);
    }, `${this.name} scheduler`);
  }

  /** Gives jobs to the hardware while it has room. */
  private kick(): void {
    const { events } = this.ports;
    if (events !== undefined && events.order === "any") {
      this.askForStep(events);
      return;
    }
    if (this.picking) {
      this.again = true;
      return;
    }
    this.picking = true;
    do {
      this.again = false;
      for (;;) {
        const job = this.queue.peek();
        // A job larger than the limit goes when the hardware is empty.
        if (job === null || (this.used > 0 && this.used + job.credits > this.creditLimit)) break;
        this.queue.take();
        this.begin(job);
      }
    } while (this.again);
    this.picking = false;
  }

  private begin(job: SchedJob): void {
    const entity = job.entity;
    entity.taken(job);
    job.state = "running";
    this.used += job.credits;
    this.inFlight++;
    this.started++;
    if (this.ports.trace.enabled) {
      this.emit("gpu_scheduler:drm_sched_job_run", job);
      job.finished.traceEmit();
    }
    const verdict = entity.verdict(job);
    job.scheduled.signal();
    if (verdict === 0) job.run();
    else this.finish(job, verdict);
  }

  private emit(name: string, job: SchedJob): void {
    this.ports.trace.emit(name, {
      dev: this.device, fence: fenceName(job), ring: this.name, "job count": job.entity.queued, "hw job count": this.inFlight, client_id: job.clientId,
    });
  }
}

function fenceName(job: SchedJob): string {
  return `${job.finished.context.id}:${job.finished.seqno}`;
}

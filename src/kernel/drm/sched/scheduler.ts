import { Errno, invariant } from "../../errors.ts";
import { mutant } from "../../mutants.ts";
import { touch } from "../../footprint.ts";
import type { JobScheduler } from "./backend.ts";
import type { SchedJob } from "./job.ts";
import { PendingList } from "./pending.ts";
import { SchedPriority } from "./priority.ts";
import { holdInRing } from "./ring-hold.ts";
import type { RunQueue } from "./run-queue.ts";
import { defaultSettings, type SchedSettings } from "./settings.ts";

/** What a scheduler needs of the machine. */
export interface SchedPorts {
  /**
   * In "any" order every job is given to the hardware by an event of its own, as the work queue of drm_sched does it: between two of them
   * anything may happen, so that every order of ready jobs can be reached. Otherwise (and when absent) at once.
   */
  readonly events?: { readonly order: "timed" | "any"; at(time: number, run: () => void, label: string, timer?: boolean): object; cancel(event: object): void };
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
  readonly settings: SchedSettings;
  readonly pipelined: boolean;
  /** Jobs given to the hardware and not freed, in that order. */
  readonly pending: PendingList = new PendingList();
  /** Credits of the jobs in flight. */
  used = 0;
  inFlight = 0;
  /** Jobs taken up and jobs freed since boot. */
  started = 0;
  freed = 0;
  /** Times that the head of the list took too long. */
  timeouts = 0;
  /** Jobs that wait for their turn, or for a fence. */
  private waiting = 0;
  private paused = false;
  private gone = false;
  private timer: object | null = null;
  private readonly ports: SchedPorts;
  private picking = false;
  private again = false;
  private stepAsked = false;

  constructor(ports: SchedPorts, device: string, name: string, creditLimit: number, queue: RunQueue, settings: Partial<SchedSettings> = {}) {
    this.ports = ports;
    this.device = device;
    this.name = name;
    this.creditLimit = creditLimit;
    this.queue = queue;
    this.settings = { ...defaultSettings, ...settings };
    this.pipelined = this.settings.pipelined;
  }

  /** Whether it takes jobs but gives none to the hardware: between stop and start. */
  get stopped(): boolean {
    return this.paused;
  }

  get score(): number {
    return this.waiting + this.inFlight;
  }

  pushed(job: SchedJob): void {
    this.waiting++;
    this.queue.pushed?.(job);
  }

  /** A job is ready: its dependencies are met and it is its entity's turn. */
  enqueue(job: SchedJob): void {
    touch(this);
    this.queue.add(job);
    if (this.gone) job.entity.kill();
    else this.kick();
  }

  withdraw(job: SchedJob): boolean {
    return job.state === "queued" && this.queue.remove(job);
  }

  /** Ends a job that the hardware never saw (drm_sched_entity_kill_jobs_work). */
  cancel(job: SchedJob, error: number): void {
    this.waiting--;
    this.queue.dropped?.(job);
    job.entity.leave(job);
    job.scheduled.signal();
    dropRing(job);
    this.started++;
    this.conclude(job, error);
    this.release(job);
    this.kick();
  }

  /** The hardware is done with a job (its hardware fence has signaled). Any order; also for jobs that never ran. */
  finish(job: SchedJob, error: number): void {
    touch(this);
    invariant(job.state === "running", "a job ends once, after it began");
    if (!job.hw.attached) {
      job.hw.late = error;
      return;
    }
    this.done(job, error);
  }

  traceQueue(job: SchedJob): void {
    if (!this.ports.trace.enabled) return;
    this.emit("gpu_scheduler:drm_sched_job_queue", job);
    for (const fence of job.waitsFor()) {
      const fields = { fence: fenceName(job), dependency: `${fence.context.id}:${fence.seqno}` };
      this.ports.trace.emit("gpu_scheduler:drm_sched_job_add_dep", fields);
      if (job.previous === null) this.ports.trace.emit("gpu_scheduler:drm_sched_job_unschedulable", fields);
    }
  }

  /** drm_sched_increase_karma: the job hung. Beyond the limit its whole entity is guilty; the kernel's own jobs are never blamed. */
  increaseKarma(bad: SchedJob): void {
    if (bad.entity.priority === SchedPriority.kernel && !mutant("sched-blames-kernel")) return;
    if (++bad.karma > this.settings.hangLimit) bad.entity.guilty = true;
  }

  /** drm_sched_stop: no job is given to the hardware, and its answers do not count, until `start`. @param bad the job that timed out, or null */
  stop(bad: SchedJob | null): void {
    const already = this.paused;
    this.paused = true;
    this.disarm();
    if (bad !== null && !bad.hw.listed && bad.state === "running") this.pending.prepend(bad);
    for (const job of this.pending.jobs().toReversed()) {
      if (job.state !== "running" || !job.hw.attached) continue;
      job.hw.attached = false;
      if (!already) this.used -= job.credits;
    }
  }

  /** The driver found a job alive on the hardware after the reset: its answer counts again, also one that came meanwhile. Between stop and start. */
  reattach(job: SchedJob): void {
    if (job.state === "running") job.hw.attached = true;
  }

  /** Gives a job to the hardware once more (drm_sched_resubmit_jobs). Between stop and start. */
  resubmit(job: SchedJob): void {
    if (job.state !== "running") return;
    job.hw.attached = true;
    // One that the ring still held back was never there.
    if (!job.hw.handed) return;
    job.hw.late = null;
    const verdict = job.entity.verdict(job);
    if (verdict === 0) job.run();
    else job.hw.late = verdict;
  }

  /** drm_sched_start: goes on. Jobs that are not on the hardware any more end with `errno`, or -ECANCELED when it is 0. */
  start(errno: number): void {
    for (const job of this.pending.jobs()) {
      if (job.state !== "running") continue;
      this.used += job.credits;
      if (mutant("sched-start-loses-job") && !job.hw.attached) continue;
      if (!job.hw.attached) {
        job.hw.attached = true;
        this.done(job, job.hw.injected || errno || -Errno.ECANCELED);
      } else if (job.hw.late !== null) {
        this.done(job, job.hw.late);
      } else if (job.hw.due) {
        job.hw.due = false;
        this.hand(job);
      }
    }
    this.paused = false;
    this.arm();
    this.kick();
  }

  /** drm_sched_fini: what is on the hardware ends with -ECANCELED, the newest first; what waits ends like a killed entity's; nothing is taken any more. */
  fini(): void {
    this.gone = true;
    this.disarm();
    for (const job of this.pending.jobs().toReversed()) {
      if (job.state !== "running" || (mutant("sched-fini-forgets") && job === this.pending.tail)) continue;
      job.hw.attached = false;
      this.settings.ops.cancelJob?.(job);
      job.hw.attached = true;
      this.done(job, -Errno.ECANCELED);
    }
    for (const entity of new Set(this.queue.jobs().map((job) => job.entity))) entity.kill();
  }

  /** Everything on the hardware now ends with this error, unless it ends with another (amdgpu_fence_driver_set_error). */
  injectError(error: number): void {
    for (const job of this.pending.jobs()) if (job.state === "running") job.hw.injected = error;
  }

  checkInvariants(): void {
    const live = this.pending.jobs().filter((job) => job.state === "running");
    invariant(live.length === this.inFlight, `${this.name}: the pending list has every job on the hardware`);
    invariant(this.pending.head === null || this.pending.head.state === "running", `${this.name}: done jobs are freed from the head of the list`);
    const credits = live.reduce((sum, job) => sum + (job.hw.attached ? job.credits : 0), 0);
    invariant(this.used === credits, `${this.name}: credits are those of the jobs in flight`);
    invariant(this.used >= 0 && (this.used <= this.creditLimit || this.inFlight === 1), `${this.name}: credits in flight are within the limit`);
    invariant(this.started - this.freed === this.pending.length, `${this.name}: every job that began is freed once`);
    const next = this.queue.peek();
    invariant(next === null || this.used > 0 || this.stepAsked || this.paused, `${this.name}: no ready job waits while the hardware is empty`);
    invariant((this.timer !== null) === (this.pending.length > 0 && this.settings.timeoutNs !== Infinity && !this.paused), `${this.name}: the timeout runs when a job is pending`);
  }

  /** Asks for an event that gives one job to the hardware. */
  private askForStep(events: NonNullable<SchedPorts["events"]>): void {
    if (this.stepAsked || this.queue.size === 0 || this.paused) return;
    this.stepAsked = true;
    events.at(this.ports.clock!.now, () => {
      this.stepAsked = false;
      const job = this.paused ? null : this.queue.peek();
      if (job === null || !this.fits(job)) return;
      this.queue.take();
      this.begin(job);
      this.askForStep(events);
    }, `${this.name} scheduler`);
  }

  /** A job larger than the limit goes when the hardware is empty. */
  private fits(job: SchedJob): boolean {
    return this.used === 0 || this.used + job.credits <= this.creditLimit || mutant("sched-credits-unlimited");
  }

  /** Gives jobs to the hardware while it has room. */
  private kick(): void {
    if (this.paused || this.gone) return;
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
        if (job === null || !this.fits(job)) break;
        this.queue.take();
        this.begin(job);
      }
      if (mutant("sched-small-job-passes")) this.letSmallPass();
    } while (this.again && !this.paused);
    this.picking = false;
  }

  /** A planted fault: any job that fits goes, whoever waits before it. */
  private letSmallPass(): void {
    const job = this.queue.jobs().find((j) => this.fits(j));
    if (job !== undefined && this.queue.remove(job)) this.begin(job);
  }

  private begin(job: SchedJob): void {
    const entity = job.entity;
    job.state = "running";
    this.waiting--;
    entity.taken(job);
    this.used += job.credits;
    this.inFlight++;
    this.started++;
    job.hw.attached = true;
    this.pending.append(job);
    if (this.timer === null) this.arm();
    if (this.ports.trace.enabled) {
      if (!mutant("sched-trace-run-late")) this.emit("gpu_scheduler:drm_sched_job_run", job);
      job.finished.traceEmit();
    }
    if (!mutant("sched-scheduled-after-finished")) job.scheduled.signal();
    const held = job.ringWaits;
    if (held === null) this.hand(job);
    else {
      job.ringWaits = null;
      holdInRing(held, () => this.hand(job));
    }
  }

  /** The hardware takes the job, or it is too late for it. */
  private hand(job: SchedJob): void {
    if (job.state !== "running") return;
    if (!job.hw.attached) {
      job.hw.due = true;
      return;
    }
    job.hw.handed = true;
    const verdict = job.entity.verdict(job);
    if (verdict === 0) job.run();
    else this.finish(job, verdict);
  }

  private done(job: SchedJob, error: number): void {
    this.used -= job.credits;
    this.inFlight--;
    job.hw.attached = false;
    this.conclude(job, error || job.hw.injected);
    this.freeDone();
    if (!mutant("sched-idles")) this.kick();
  }

  /** Signals that the job is over, and tells its entity. */
  private conclude(job: SchedJob, error: number): void {
    job.state = "done";
    job.complete(error);
    if (error !== 0) job.finished.setError(error);
    if (this.ports.trace.enabled) this.ports.trace.emit("gpu_scheduler:drm_sched_job_done", { fence: fenceName(job) });
    if (this.ports.trace.enabled && mutant("sched-trace-run-late")) this.emit("gpu_scheduler:drm_sched_job_run", job);
    job.finished.signal();
    if (mutant("sched-scheduled-after-finished")) job.scheduled.signal();
    const ns = job.finished.timestamp - job.scheduled.timestamp;
    job.entity.stats.add(ns);
    this.queue.ran?.(job.entity, ns);
    job.entity.ended();
    job.retired();
  }

  /** drm_sched_free_job_work: frees from the head of the list, in its order, and starts the clock for the next head. */
  private freeDone(): void {
    const head = this.pending.head;
    while (this.pending.head !== null && this.pending.head.state === "done") {
      const job = this.pending.head;
      this.pending.remove(job);
      this.release(job);
      if (mutant("sched-frees-twice")) job.free();
    }
    if (this.pending.head !== head && !this.paused) {
      this.disarm();
      if (!mutant("sched-timeout-not-rearmed")) this.arm();
    }
  }

  private release(job: SchedJob): void {
    this.freed++;
    job.hw.freed = true;
    job.finished.job = null;
    job.scheduled.put();
    job.finished.put();
    job.free();
  }

  private arm(): void {
    const { events, clock } = this.ports;
    if (this.timer !== null || this.settings.timeoutNs === Infinity || this.pending.head === null || events === undefined) return;
    this.timer = events.at(clock!.now + this.settings.timeoutNs, () => {
      this.timer = null;
      this.timedOut();
    }, `${this.name} timeout`, true);
  }

  private disarm(): void {
    if (this.timer === null) return;
    this.ports.events!.cancel(this.timer);
    this.timer = null;
  }

  /** drm_sched_job_timedout: the head is taken off the list while the driver looks at it. */
  private timedOut(): void {
    const bad = this.pending.head;
    if (bad === null) return;
    this.timeouts++;
    this.pending.remove(bad);
    const verdict = this.settings.ops.timedoutJob?.(bad) ?? "no-hang";
    if (!bad.hw.listed && !bad.hw.freed) {
      if (bad.state === "running") this.pending.prepend(bad);
      else this.release(bad);
    }
    this.freeDone();
    if (verdict !== "enodev" && !this.paused) this.arm();
  }

  private emit(name: string, job: SchedJob): void {
    this.ports.trace.emit(name, {
      dev: this.device, fence: fenceName(job), ring: this.name, "job count": job.entity.queued, "hw job count": this.inFlight, client_id: job.clientId,
    });
  }
}

function dropRing(job: SchedJob): void {
  for (const fence of job.ringWaits ?? []) fence.put();
  job.ringWaits = null;
}

function fenceName(job: SchedJob): string {
  return `${job.finished.context.id}:${job.finished.seqno}`;
}

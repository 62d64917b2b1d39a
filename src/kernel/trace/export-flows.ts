import type { EngineSlices } from "./export-engines.ts";
import type { HostSlices } from "./export-host.ts";
import type { Slice } from "./export-timeline.ts";
import type { TraceEvent } from "./tracer.ts";

/**
 * An arrow between two bars. `submit`: from the call that submitted a job to its work. `signal`: from work to the sleeper that its end woke. `depend`: from work to other work that had to wait for it:
 * events between streams, wait lists, barriers, fences of other processes.
 */
export interface Flow {
  readonly kind: "submit" | "signal" | "depend";
  readonly from: Slice;
  readonly fromTime: number;
  readonly to: Slice;
  readonly toTime: number;
}

/** A job on its way from submission to its fence. */
interface JobPath {
  readonly submitted: Slice | null;
  readonly submitTime: number;
  work: Slice | null;
  /** Fences that it waits for. */
  readonly after: string[];
}

/**
 * Finds what caused what: a job's fence names it in `drm_sched_job_queue` (inside the submitting call) and in `gpu:slice_begin`; and
 * the end of a job, which the machine announces to fences and futexes, ends the sleep of who waited for it.
 */
export class FlowFinder {
  readonly flows: Flow[] = [];
  private readonly jobs = new Map<string, JobPath>();
  /** Work that is done, by its fence: what comes after may have waited for it. */
  private readonly works = new Map<string, Slice>();
  /** The job whose completion the machine handles at `doneTime`. */
  private done: Slice | null = null;
  private doneTime = -1;

  /** Takes in one event, after the collectors of slices have. */
  see(event: TraceEvent, host: HostSlices, engines: EngineSlices): void {
    const { name, fields, time } = event;
    if (name === "gpu_scheduler:drm_sched_job_queue") {
      this.jobs.set(String(fields["fence"]), { submitted: host.openSlice(event.tid), submitTime: time, work: null, after: [] });
    } else if (name === "gpu_scheduler:drm_sched_job_add_dep") {
      this.jobs.get(String(fields["fence"]))?.after.push(String(fields["dependency"]));
    } else if (name === "gpu:slice_begin") {
      const job = this.jobs.get(String(fields["fence"]));
      const slice = engines.begun(fields);
      if (job === undefined || slice === undefined) return;
      if (job.work === null && job.submitted !== null) this.flows.push({ kind: "submit", from: job.submitted, fromTime: job.submitTime, to: slice, toTime: time });
      for (const fence of job.work === null ? job.after : []) {
        const earlier = this.works.get(fence);
        if (earlier !== undefined) this.flows.push({ kind: "depend", from: earlier, fromTime: earlier.end, to: slice, toTime: time });
      }
      job.work = slice;
    } else if (name === "gpu_scheduler:drm_sched_job_done") {
      const fence = String(fields["fence"]);
      this.done = this.jobs.get(fence)?.work ?? null;
      if (this.done !== null) this.works.set(fence, this.done);
      this.doneTime = time;
      this.jobs.delete(fence);
    } else if ((name === "syscalls:sys_exit_futex" || name === "syscalls:sys_exit_ioctl") && this.done !== null) {
      const sleeper = host.justClosed(event.tid);
      if (sleeper !== null && sleeper.kind === "wait" && sleeper.start <= this.doneTime && this.doneTime <= time) {
        this.flows.push({ kind: "signal", from: this.done, fromTime: this.done.end, to: sleeper, toTime: time });
      }
    }
  }
}

import type { Kernel } from "../../machine.ts";
import type { TraceEvent } from "../../trace/tracer.ts";

/** A step of the seed document's loop, as the machine really took it. */
export interface LoopStep {
  /** Virtual ns. */
  readonly time: number;
  /**
   * - `drm_sched_select_entity`: a job of an entity is the next (software scheduler);
   * - `drm_sched_job_begin`: it is handed to the hardware;
   * - `run_job`: an engine works for it, from now or again (hardware);
   * - `slice_end`: the engine stops working for it;
   * - `preempt`: the engine was taken from one context for another;
   * - `drm_sched_job_done`: it is over.
   */
  readonly step: "drm_sched_select_entity" | "drm_sched_job_begin" | "run_job" | "slice_end" | "preempt" | "drm_sched_job_done";
  /** "context:seqno" of the job's finished fence. */
  readonly fence: string;
  /** Ring or engine: "compute", "copy0". */
  readonly where: string;
  /** With `preempt`: ns from the request to the switch's end. */
  readonly delay: number;
}

/** What each trace event means in terms of the loop. */
const meaning: Readonly<Record<string, readonly LoopStep["step"][]>> = {
  "gpu_scheduler:drm_sched_job_run": ["drm_sched_select_entity", "drm_sched_job_begin"],
  "gpu:slice_begin": ["run_job"],
  "gpu:slice_end": ["slice_end"],
  "gpu:context_switch": ["preempt"],
  "gpu_scheduler:drm_sched_job_done": ["drm_sched_job_done"],
};

/**
 * The loop `drm_sched_main` of the seed document: pick an entity, begin its job, run it, end its slice, preempt. No such thread exists any more, and none did all of this:
 * picking is drm_sched's, slices and preemption are the hardware's. This generator runs the machine, event by event, and yields both layers' steps in the order they happen.
 * It ends when nothing is left to happen, or `until` (virtual ns) is reached. See docs/seed.md.
 *
 * @param kernel the machine's; its tracer is on while the generator runs
 */
export function* drmSchedMain(kernel: Kernel, until: number = Infinity): Generator<LoopStep, void> {
  const { trace } = kernel;
  const before = trace.recording;
  const steps: LoopStep[] = [];
  const stop = trace.on((event) => steps.push(...stepsOf(event)));
  trace.enabled = true;
  try {
    while ((kernel.events.peekTime() ?? Infinity) <= until && kernel.events.runNext()) yield* steps.splice(0);
  } finally {
    stop();
    trace.enabled = before;
  }
}

/** The steps of the loop that a recorded trace shows. */
export function loopSteps(events: readonly TraceEvent[]): readonly LoopStep[] {
  return events.flatMap(stepsOf);
}

function stepsOf({ name, time, fields }: TraceEvent): readonly LoopStep[] {
  return (meaning[name] ?? []).map((step) => ({
    time, step, fence: String(fields["fence"] ?? ""), where: String(fields["engine"] ?? fields["ring"] ?? ""), delay: Number(fields["delay"] ?? 0),
  }));
}

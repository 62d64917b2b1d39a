import type { TraceEvent } from "./tracer.ts";

/** A value over time, drawn as steps. */
export interface Counter {
  /** "GPU 0 memory", "compute queue 0000:01:00.0". */
  readonly name: string;
  readonly unit: "bytes" | "jobs";
  /** Virtual nanoseconds and the value from then on, ascending. */
  readonly points: (readonly [time: number, value: number])[];
}

/** Counters of a trace: memory in use on each GPU, jobs that wait in each scheduler. */
export function collectCounters(events: readonly TraceEvent[]): readonly Counter[] {
  const counters = new Map<string, Counter>();
  const record = (name: string, unit: Counter["unit"], time: number, value: number): void => {
    let counter = counters.get(name);
    if (counter === undefined) {
      counter = { name, unit, points: [] };
      counters.set(name, counter);
    }
    const last = counter.points.at(-1);
    if (last?.[1] === value) return;
    if (last?.[0] === time) counter.points.pop(); // of several changes at one moment the last is the one that lasts
    counter.points.push([time, value]);
  };
  /** Jobs that wait in software for their turn, by scheduler. */
  const waiting = new Map<string, number>();
  for (const { name, time, fields } of events) {
    // pid 0 is the GPU's total in this tracepoint; the others are per process.
    if (name === "gpu_mem:gpu_mem_total" && Number(fields["pid"]) === 0) record(`GPU ${fields["gpu_id"]} memory`, "bytes", time, Number(fields["size"]));
    else if (name === "gpu_scheduler:drm_sched_job_queue" || name === "gpu_scheduler:drm_sched_job_run") {
      const ring = `${fields["ring"]} queue ${fields["dev"]}`;
      const count = Math.max(0, (waiting.get(ring) ?? 0) + (name.endsWith("queue") ? 1 : -1));
      waiting.set(ring, count);
      record(ring, "jobs", time, count);
    }
  }
  return [...counters.values()];
}

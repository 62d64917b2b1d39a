import type { TraceEvent } from "./tracer.ts";

/** A value over time, drawn as steps. */
export interface Counter {
  /** "GPU 0 memory", "compute queue 0000:01:00.0". */
  readonly name: string;
  readonly unit: "bytes" | "jobs";
  /** Virtual nanoseconds and the value from then on, ascending. */
  readonly points: (readonly [time: number, value: number])[];
}

/** Order of memory counters: by GPU, the total first. */
function rank(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? 0) * 2 + (name.endsWith(" memory") ? 0 : 1);
}

/** Counters of a trace: memory in use on each GPU, in all and by process, and jobs that wait in each scheduler. */
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
  const names = new Map<number, string>();
  for (const { name, time, fields, pid, comm } of events) {
    if (pid !== 0 && !names.has(pid)) names.set(pid, comm);
    if (name === "gpu_mem:gpu_mem_total") {
      // pid 0 is the GPU's total in this tracepoint; the others are per process.
      const owner = Number(fields["pid"]);
      record(owner === 0 ? `GPU ${fields["gpu_id"]} memory` : `GPU ${fields["gpu_id"]} ${names.get(owner) ?? `pid ${owner}`}`, "bytes", time, Number(fields["size"]));
    } else if (name === "gpu_scheduler:drm_sched_job_queue" || name === "gpu_scheduler:drm_sched_job_run") {
      const ring = `${fields["ring"]} queue ${fields["dev"]}`;
      const count = Math.max(0, (waiting.get(ring) ?? 0) + (name.endsWith("queue") ? 1 : -1));
      waiting.set(ring, count);
      record(ring, "jobs", time, count);
    }
  }
  // Memory first, each GPU's total before its processes.
  return [...counters.values()].sort((a, b) => Number(b.unit === "bytes") - Number(a.unit === "bytes") || (a.unit === "bytes" ? rank(a.name) - rank(b.name) : 0));
}

import { collectCounters, type Counter } from "./export-counters.ts";
import { EngineSlices } from "./export-engines.ts";
import { FlowFinder, type Flow } from "./export-flows.ts";
import { HostSlices } from "./export-host.ts";
import type { TraceEvent } from "./tracer.ts";

/** Values shown with a slice or mark, in order. */
export type Details = Readonly<Record<string, string | number>>;

/** What a slice shows: a call of the program, time asleep, or work of an engine. */
export type SliceKind = "api" | "wait" | "kernel" | "copy" | "fill" | "marker";

/** A bar on a track: something that took time. */
export interface Slice {
  /** Index in `Timeline.slices`. */
  readonly id: number;
  /** Index in `Timeline.tracks`. */
  readonly track: number;
  /** Row inside the track, 0 on top: nesting of calls on a thread, concurrency on an engine. */
  lane: number;
  readonly kind: SliceKind;
  readonly name: string;
  /** The process it is done for; 0 when for none. */
  readonly pid: number;
  /** Virtual nanoseconds. */
  readonly start: number;
  /** Virtual nanoseconds; the trace's end when it was still going on. */
  end: number;
  /** False when the call failed or the work ended with an error. */
  ok: boolean;
  details: Details;
}

/** A moment on a track: a fault, a preemption, a process's end. */
export interface Mark {
  readonly track: number;
  readonly time: number;
  readonly name: string;
  readonly pid: number;
  /** Something went wrong. */
  readonly bad: boolean;
  readonly details: Details;
}

/** One line of the picture: a host thread or an engine of a GPU. */
export interface Track {
  readonly kind: "thread" | "engine";
  /** "vecadd (pid 1000)", "GPU 0". Tracks of one group stand together. */
  readonly group: string;
  /** "main", "worker (tid 1003)", "compute". */
  readonly name: string;
  /** Process of a thread; GPU index of an engine. */
  readonly owner: number;
  /** Thread id; number of the engine on its GPU. */
  readonly id: number;
  lanes: number;
}

/** A process that appears in the trace. */
export interface TimelineProcess {
  readonly pid: number;
  readonly name: string;
}

/** A trace as bars on tracks: what the exporters draw from. */
export interface Timeline {
  /** Virtual nanoseconds of the first and last event. */
  readonly start: number;
  readonly end: number;
  readonly processes: readonly TimelineProcess[];
  readonly tracks: readonly Track[];
  readonly slices: readonly Slice[];
  readonly marks: readonly Mark[];
  readonly flows: readonly Flow[];
  readonly counters: readonly Counter[];
}

/** Grows the parts of a timeline: what the collectors of slices write into. */
export class TimelineBuilder {
  readonly processes: TimelineProcess[] = [];
  readonly tracks: Track[] = [];
  readonly slices: Slice[] = [];
  readonly marks: Mark[] = [];
  private readonly names = new Map<number, string>();
  private readonly byKey = new Map<string, number>();

  /** Notes a process's name; the first one counts. */
  process(pid: number, name: string): void {
    if (pid === 0 || this.names.has(pid)) return;
    this.names.set(pid, name);
    this.processes.push({ pid, name });
  }

  /** Index of the track of a thread. */
  thread(pid: number, tid: number, threadName: string): number {
    const name = tid === pid ? "main" : `${threadName} (tid ${tid})`;
    return this.track("thread", pid, tid, `${this.names.get(pid) ?? "process"} (pid ${pid})`, name);
  }

  /** Index of the track of an engine. */
  engine(gpu: number, number: number, name: string): number {
    return this.track("engine", gpu, number, `GPU ${gpu}`, name);
  }

  private track(kind: Track["kind"], owner: number, id: number, group: string, name: string): number {
    const key = `${kind} ${owner} ${id}`;
    let index = this.byKey.get(key);
    if (index === undefined) {
      index = this.tracks.length;
      this.byKey.set(key, index);
      this.tracks.push({ kind, group, name, owner, id, lanes: 1 });
    }
    return index;
  }

  /** Begins a slice; whoever began it sets `end`. */
  begin(slice: Omit<Slice, "id" | "end" | "ok">): Slice {
    const made: Slice = { ...slice, id: this.slices.length, end: slice.start, ok: true };
    this.slices.push(made);
    const track = this.tracks[slice.track]!;
    track.lanes = Math.max(track.lanes, slice.lane + 1);
    return made;
  }
}

/**
 * Makes bars on tracks from trace events.
 * @param events as `machine.trace.events()` gives them, in order.
 */
export function buildTimeline(events: readonly TraceEvent[]): Timeline {
  const builder = new TimelineBuilder();
  const host = new HostSlices(builder);
  const engines = new EngineSlices(builder);
  const flows = new FlowFinder();
  for (const event of events) {
    builder.process(event.pid, event.comm);
    host.see(event);
    engines.see(event);
    flows.see(event, host, engines);
  }
  const start = events[0]?.time ?? 0;
  const end = events.at(-1)?.time ?? 0;
  host.finish(end);
  engines.finish(end);
  return { start, end, processes: builder.processes, tracks: builder.tracks, slices: builder.slices, marks: builder.marks, flows: flows.flows, counters: collectCounters(events) };
}

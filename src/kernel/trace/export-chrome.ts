import { buildTimeline, type Slice, type Timeline, type Track } from "./export-timeline.ts";
import type { TraceEvent } from "./tracer.ts";

/** One entry of a trace in Chrome's JSON format ("Trace Event Format", the JSON that Perfetto and chrome://tracing open). Times are microseconds. */
export interface ChromeEvent {
  readonly ph: "X" | "i" | "C" | "M" | "s" | "f";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: number;
  readonly bp?: "e";
  readonly s?: "t";
  readonly args?: Readonly<Record<string, string | number>>;
}

/** A whole trace in Chrome's JSON format. */
export interface ChromeTrace {
  readonly displayTimeUnit: "ns";
  readonly otherData: Readonly<Record<string, string | number>>;
  readonly traceEvents: readonly ChromeEvent[];
}

/** GPUs are shown as processes of their own, with numbers that no simulated process has. */
const FIRST_GPU_PID = 1_000_000;

/** Threads of a shown GPU: an engine's number, and a row for each slice that runs beside others. */
const LANES = 1000;

const us = (ns: number): number => ns / 1000;

function pidOf(track: Track): number {
  return track.kind === "engine" ? FIRST_GPU_PID + track.owner : track.owner;
}

/** Nested calls share their thread's row, because the format nests them by time; concurrent work needs rows of its own. */
function tidOf(track: Track, lane: number): number {
  return track.kind === "engine" ? track.id * LANES + lane : track.id;
}

function metadata(timeline: Timeline): ChromeEvent[] {
  const events: ChromeEvent[] = [];
  const seen = new Set<number>();
  for (const track of timeline.tracks) {
    const pid = pidOf(track);
    if (!seen.has(pid)) {
      seen.add(pid);
      events.push({ ph: "M", name: "process_name", pid, tid: 0, args: { name: track.group } });
      events.push({ ph: "M", name: "process_sort_index", pid, tid: 0, args: { sort_index: pid } });
    }
    for (let lane = 0; lane < (track.kind === "engine" ? track.lanes : 1); lane++) {
      const tid = tidOf(track, lane);
      events.push({ ph: "M", name: "thread_name", pid, tid, args: { name: lane === 0 ? track.name : `${track.name} #${lane + 1}` } });
      events.push({ ph: "M", name: "thread_sort_index", pid, tid, args: { sort_index: tid } });
    }
  }
  return events;
}

/** Perfetto drops bars of no length, so every bar lasts at least a nanosecond. */
function duration(slice: Slice): number {
  return us(Math.max(1, slice.end - slice.start));
}

/**
 * A trace as Chrome's JSON: for ui.perfetto.dev and chrome://tracing. Host threads and engines are tracks, API calls and GPU work slices, arrows lead
 * from a submission to its work and from there to the sleeper it woke, memory is a counter.
 * @param events as `machine.trace.events()` gives them.
 */
export function chromeTrace(events: readonly TraceEvent[]): ChromeTrace {
  const timeline = buildTimeline(events);
  const traceEvents = metadata(timeline);
  for (const slice of timeline.slices) {
    const track = timeline.tracks[slice.track]!;
    const args = slice.pid === 0 ? slice.details : { ...slice.details, pid: slice.pid };
    traceEvents.push({ ph: "X", name: slice.name, cat: slice.ok ? slice.kind : `${slice.kind},error`, pid: pidOf(track), tid: tidOf(track, slice.lane), ts: us(slice.start), dur: duration(slice), args });
  }
  for (const mark of timeline.marks) {
    const track = timeline.tracks[mark.track]!;
    traceEvents.push({ ph: "i", s: "t", name: mark.name, cat: mark.bad ? "error" : "mark", pid: pidOf(track), tid: tidOf(track, 0), ts: us(mark.time), args: mark.details });
  }
  timeline.flows.forEach((flow, id) => {
    const from = timeline.tracks[flow.from.track]!;
    const to = timeline.tracks[flow.to.track]!;
    // An arrow binds to the bar that encloses its time: a little before the end of where it comes from, and inside where it goes.
    const fromTime = Math.min(flow.fromTime, Math.max(flow.from.start, flow.from.end - 1));
    const toTime = Math.min(flow.toTime, Math.max(flow.to.start, flow.to.end - 1));
    traceEvents.push({ ph: "s", id, name: flow.kind, cat: "flow", pid: pidOf(from), tid: tidOf(from, flow.from.lane), ts: us(fromTime) });
    traceEvents.push({ ph: "f", bp: "e", id, name: flow.kind, cat: "flow", pid: pidOf(to), tid: tidOf(to, flow.to.lane), ts: us(toTime) });
  });
  for (const counter of timeline.counters) {
    for (const [time, value] of counter.points) traceEvents.push({ ph: "C", name: counter.name, pid: FIRST_GPU_PID, tid: 0, ts: us(time), args: { [counter.unit]: value } });
  }
  return { displayTimeUnit: "ns", otherData: { clock: "virtual nanoseconds since boot", events: events.length }, traceEvents };
}

import type { Slice, SliceKind, TimelineBuilder } from "./export-timeline.ts";
import type { TraceEvent } from "./tracer.ts";

/** Engine numbers of a GPU, in the order in which they are drawn. */
const engineOrder = ["compute", "copy", "marker"];

/** Marks on an engine's or a GPU's track. */
const engineMarks: Readonly<Record<string, { readonly name: string; readonly bad: boolean }>> = {
  "gpu:context_switch": { name: "context switch", bad: false },
  "gpu:preempt": { name: "preempt", bad: false },
  "gpu:fault": { name: "fault", bad: true },
  "gpu:page_fault": { name: "page fault", bad: false },
  "gpu:timeout": { name: "timeout", bad: true },
  "gpu:reset": { name: "reset", bad: true },
  "gpu:adapter_reset": { name: "adapter reset (TDR)", bad: true },
  "gpu:wedged": { name: "wedged", bad: true },
  "gpu:unplug": { name: "unplugged", bad: true },
};

/** What kind of work a label names, when the event does not say. */
function kindOf(fields: TraceEvent["fields"]): SliceKind {
  const kind = fields["kind"];
  if (kind === "copy" || kind === "fill" || kind === "marker") return kind;
  if (kind === "launch" || kind === "kernel") return "kernel";
  const engine = String(fields["engine"] ?? "");
  if (engine.startsWith("marker")) return "marker";
  const label = String(fields["label"] ?? "");
  if (/^(memcpy|copy|read|write|migrate|evict)/i.test(label)) return "copy";
  if (/^(memset|fill)/i.test(label)) return "fill";
  if (/^(marker|barrier|event|wait)/i.test(label)) return "marker";
  return engine.startsWith("copy") ? "copy" : "kernel";
}

/** What the beginning and the end of one slice have in common. Of two that cannot be told apart the first to begin is the first to end. */
function keyOf(fields: TraceEvent["fields"]): string {
  return ["gpu", "engine", "queue", "fence", "slice"].map((name) => fields[name] ?? "").join(" ");
}

/**
 * Bars of the engines of GPUs: from `gpu:slice_begin` to the `gpu:slice_end` of the same slice. Work that runs at the same time on one engine
 * stands in lanes under each other.
 */
export class EngineSlices {
  private readonly builder: TimelineBuilder;
  private readonly open = new Map<string, Slice[]>();
  /** Bars that ended at the latest moment. */
  private ended: Slice[] = [];
  private readonly numbers = new Map<string, number>();
  /** Lanes in use, by track. */
  private readonly lanes = new Map<number, boolean[]>();

  constructor(builder: TimelineBuilder) {
    this.builder = builder;
  }

  private track(fields: TraceEvent["fields"]): number {
    const gpu = Number(fields["gpu"] ?? 0);
    // What is about the whole GPU stands with its compute engine.
    const engine = String(fields["engine"] ?? "compute");
    const key = `${gpu} ${engine}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      const rank = engineOrder.findIndex((prefix) => engine.startsWith(prefix));
      number = (rank < 0 ? engineOrder.length : rank) * 100 + this.numbers.size;
      this.numbers.set(key, number);
    }
    return this.builder.engine(gpu, number, engine);
  }

  /** The slice that a `gpu:slice_begin` has just begun. */
  begun(fields: TraceEvent["fields"]): Slice | undefined {
    return this.open.get(keyOf(fields))?.at(-1);
  }

  /** Takes in one event. */
  see(event: TraceEvent): void {
    const { name, fields } = event;
    if (name === "gpu:slice_begin") this.begin(event);
    else if (name === "gpu:slice_end") this.end(event);
    else {
      const mark = engineMarks[name];
      if (mark !== undefined) {
        if (mark.bad) this.fail(event);
        const text = fields["reason"] === undefined ? mark.name : `${mark.name}: ${fields["reason"]}`;
        this.builder.marks.push({ track: this.track(fields), time: event.time, name: text, pid: Number(fields["pid"] ?? 0), bad: mark.bad, details: fields });
      }
    }
  }

  /** A fault is the end of what its queue was doing: of bars that are open, and of those that ended at this moment. */
  private fail({ time, fields }: TraceEvent): void {
    for (const slice of [...[...this.open.values()].flat(), ...this.ended]) {
      if (slice.details["queue"] !== fields["queue"] || slice.pid !== Number(fields["pid"])) continue;
      if (slice.end === time || slice.end === slice.start) slice.ok = false;
    }
  }

  private begin(event: TraceEvent): void {
    const { fields } = event;
    const track = this.track(fields);
    const pid = Number(fields["pid"] ?? event.pid);
    this.builder.process(pid, String(fields["process"] ?? ""));
    const lanes = this.lanes.get(track) ?? [];
    this.lanes.set(track, lanes);
    const free = lanes.indexOf(false);
    const lane = free < 0 ? lanes.length : free;
    lanes[lane] = true;
    const slice = this.builder.begin({ track, lane, kind: kindOf(fields), name: String(fields["label"] ?? "work"), pid, start: event.time, details: fields });
    const key = keyOf(fields);
    const same = this.open.get(key);
    if (same === undefined) this.open.set(key, [slice]);
    else same.push(slice);
  }

  private end(event: TraceEvent): void {
    const { fields } = event;
    const slice = this.open.get(keyOf(fields))?.shift();
    if (slice === undefined) return; // it began before the trace did
    this.lanes.get(slice.track)![slice.lane] = false;
    slice.end = event.time;
    slice.details = { ...slice.details, ...fields };
    if (this.ended[0]?.end !== event.time) this.ended = [];
    this.ended.push(slice);
    if (Number(fields["error"] ?? 0) !== 0) slice.ok = false;
  }

  /** Ends what is still running. */
  finish(end: number): void {
    for (const slice of [...this.open.values()].flat()) {
      slice.end = end;
      slice.details = { ...slice.details, unfinished: "yes" };
    }
  }
}

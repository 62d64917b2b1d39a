import { buildTimeline, type Details, type SliceKind } from "../../kernel/trace/export-timeline.ts";
import type { TraceEvent } from "../../kernel/trace/tracer.ts";
import type { Diagnostic } from "../../api/diagnostics.ts";
import { annotate, type TimelineFinding } from "./annotate.ts";
import type { PageData } from "./viewer/types.ts";

const kinds: readonly SliceKind[] = ["api", "wait", "kernel", "copy", "fill", "marker"];

/** What a details line need not repeat: it is shown anyway. */
const shown = new Set(["label", "process", "slice", "call", "gpu", "engine", "pid", "kind"]);

/** Kinds of arrows, by number in `PageData.flows`. */
const flowKinds = ["submit", "signal", "depend"] as const;

/** The folder that all call sites have in common, with the slash; "" when there is none. */
function commonFolder(sites: readonly string[]): string {
  let common = sites[0]?.replace(/[^/]*$/, "") ?? "";
  for (const site of sites) while (!site.startsWith(common)) common = common.slice(0, -1).replace(/[^/]*$/, "");
  return common;
}

/** What a page shows beside the trace. */
export interface PageNotes {
  /** Races, deadlocks and other mistakes that were found: marked in the picture and listed. */
  readonly findings?: readonly TimelineFinding[];
  /** Explained errors: told with the call that failed; faults and misuse are listed too. */
  readonly diagnostics?: readonly Diagnostic[];
}

/** Gives each different string a number. */
class Strings {
  readonly list: string[] = [];
  private readonly numbers = new Map<string, number>();

  number(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.list.push(text) - 1;
      this.numbers.set(text, number);
    }
    return number;
  }
}

/**
 * The data of a timeline page.
 * @param events as `machine.trace.events()` gives them.
 * @param title what the page is called.
 * @param extra findings and diagnostics that belong to the run
 */
export function pageData(events: readonly TraceEvent[], title: string, extra: PageNotes = {}): PageData {
  const timeline = buildTimeline(events);
  const { marks, notes } = annotate(timeline, extra.findings ?? [], extra.diagnostics ?? []);
  const folder = commonFolder([...new Set(timeline.slices.flatMap(({ details }) => (typeof details["site"] === "string" ? [details["site"]] : [])))]);
  const strings = new Strings();
  const details: number[][] = [];
  const detailNumbers = new Map<string, number>();
  const addDetails = (fields: Details): number => {
    const flat = Object.entries(fields).filter(([name]) => !shown.has(name)).flatMap(([name, value]) => [strings.number(name), strings.number(name === "site" ? String(value).slice(folder.length) : String(value))]);
    const key = flat.join();
    let number = detailNumbers.get(key);
    if (number === undefined) {
      number = details.push(flat) - 1;
      detailNumbers.set(key, number);
    }
    return number;
  };
  const processNumbers = new Map(timeline.processes.map(({ pid }, index) => [pid, index]));
  const process = (pid: number): number => processNumbers.get(pid) ?? -1;
  const { slices, start } = timeline;
  return {
    title,
    subtitle: `${events.length.toLocaleString("en")} events, ${slices.length.toLocaleString("en")} bars`,
    start,
    length: Math.max(1, timeline.end - start),
    kinds,
    processes: timeline.processes,
    tracks: timeline.tracks.map(({ kind, group, name, lanes }) => ({ kind, group, name, lanes })),
    slices: {
      track: slices.map((s) => s.track),
      lane: slices.map((s) => s.lane),
      kind: slices.map((s) => kinds.indexOf(s.kind)),
      name: slices.map((s) => strings.number(s.name)),
      process: slices.map((s) => process(s.pid)),
      start: slices.map((s) => s.start - start),
      length: slices.map((s) => s.end - s.start),
      ok: slices.map((s) => Number(s.ok)),
      details: slices.map((s) => addDetails(s.details)),
    },
    marks: [...timeline.marks, ...marks].map((m) => ({ track: m.track, time: m.time - start, name: m.name, bad: m.bad, process: process(m.pid), details: addDetails(m.details) })),
    flows: timeline.flows.map((f) => [f.from.id, f.fromTime - start, f.to.id, f.toTime - start, flowKinds.indexOf(f.kind)] as const),
    notes: notes.map(({ kind, message, slices: about, time }) => ({ kind, message: folder === "" ? message : message.replaceAll(folder, ""), slices: about.map(({ id }) => id), time: time - start })),
    counters: timeline.counters.map((c) => ({ name: c.name, unit: c.unit, times: c.points.map(([time]) => time - start), values: c.points.map(([, value]) => value) })),
    // Read last: the columns above fill them.
    details,
    strings: strings.list,
  };
}

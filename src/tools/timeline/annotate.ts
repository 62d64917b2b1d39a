import type { Diagnostic } from "../../api/diagnostics.ts";
import type { Mark, Slice, Timeline } from "../../kernel/trace/export-timeline.ts";

/** A mistake that a page marks: what `glassgpu check` and checkSchedules find, or a DeadlockError as `{ kind: "deadlock", message: error.message }`. */
export interface TimelineFinding {
  /** "race", "deadlock", "lifetime", "leak" ... */
  readonly kind: string;
  /** As the detector wrote it: some lines, with the places of the calls. */
  readonly message: string;
}

/** A finding or diagnostic with the bars that it is about. */
export interface Note {
  readonly kind: string;
  readonly message: string;
  /** Bars of the picture, the earliest first. */
  readonly slices: readonly Slice[];
  readonly time: number;
}

/** Bars of API calls that a place of the program made: "file:line:column". */
function callsFrom(timeline: Timeline, site: string): Slice[] {
  return timeline.slices.filter((slice) => slice.kind === "api" && slice.details["site"] === site);
}

/** The call of a thread that a moment lies in: the innermost one. */
function callAt(timeline: Timeline, tid: number, time: number): Slice | undefined {
  return timeline.slices.findLast((slice) => slice.kind === "api" && timeline.tracks[slice.track]!.id === tid && slice.start <= time && time <= slice.end);
}

/** Threads that a deadlock's message names: "(tid 1000) waits for ..."; with what they wait for. */
function stuckThreads(message: string): readonly (readonly [tid: number, reason: string])[] {
  return [...message.matchAll(/\(tid (\d+)\) waits for (.*)/g)].map((match) => [Number(match[1]), match[2]!] as const);
}

function noteOf(timeline: Timeline, { kind, message }: TimelineFinding): Note {
  const stuck = kind === "deadlock" ? stuckThreads(message) : [];
  if (stuck.length > 0) {
    const slices = stuck.flatMap(([tid]) => timeline.slices.findLast((slice) => timeline.tracks[slice.track]!.kind === "thread" && timeline.tracks[slice.track]!.id === tid) ?? []);
    return { kind, message, slices, time: timeline.end };
  }
  // Each place once; of a call that was made often the first bar that comes after the one before it.
  const slices: Slice[] = [];
  for (const [, site] of message.matchAll(/ at (\S+:\d+:\d+)$/gm)) {
    const calls = callsFrom(timeline, site!);
    const next = calls.find((slice) => !slices.includes(slice) && slice.start >= (slices.at(-1)?.start ?? 0)) ?? calls.find((slice) => !slices.includes(slice)) ?? calls[0];
    if (next !== undefined) slices.push(next);
  }
  return { kind, message, slices, time: slices.at(-1)?.end ?? timeline.end };
}

/** Marks and notes that a timeline gets beside what its trace tells. */
export interface Annotations {
  readonly marks: readonly Mark[];
  readonly notes: readonly Note[];
}

/**
 * Finds the bars that findings and diagnostics are about.
 * @param diagnostics as `machine.diagnostics()` gives them
 */
export function annotate(timeline: Timeline, findings: readonly TimelineFinding[], diagnostics: readonly Diagnostic[]): Annotations {
  const notes = findings.map((finding) => noteOf(timeline, finding));
  const marks: Mark[] = [];
  for (const note of notes) {
    for (const slice of note.slices) marks.push({ track: slice.track, time: note.kind === "deadlock" ? slice.end : slice.start, name: note.kind, pid: slice.pid, bad: true, details: {} });
  }
  for (const { kind, api, call, codeName, message, tid, time } of diagnostics) {
    // Faults of devices have their mark from the trace.
    const slice = api === "device" ? undefined : callAt(timeline, tid, time);
    if (slice !== undefined) slice.details = { ...slice.details, why: message };
    if (kind !== "api-error") notes.push({ kind, message: `${call}${codeName === "" ? "" : `: ${codeName}`}: ${message}`, slices: slice === undefined ? [] : [slice], time });
  }
  return { marks, notes };
}

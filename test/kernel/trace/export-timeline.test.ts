import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildTimeline, type Slice } from "../../../src/kernel/trace/export-timeline.ts";
import { sampleTrace, TraceScript } from "./sample.ts";

describe("timeline", () => {
  const timeline = buildTimeline(sampleTrace());
  const slice = (name: string): Slice => timeline.slices.find((s) => s.name === name)!;

  test("has a track for each thread and engine, in groups", () => {
    expect(timeline.tracks.map((t) => `${t.group}/${t.name}`)).toEqual(["vecadd (pid 1000)/main", "GPU 0/compute", "saxpy (pid 1001)/main", "GPU 0/copy"]);
    expect(timeline.processes).toEqual([{ pid: 1000, name: "vecadd" }, { pid: 1001, name: "saxpy" }]);
  });

  test("calls nest, sleep stands inside its call", () => {
    expect(slice("inner").lane).toBe(1);
    expect(slice("futex wait").lane).toBe(1);
    expect(slice("futex wait").start).toBeGreaterThanOrEqual(slice("sync").start);
    expect(slice("futex wait").end).toBeLessThanOrEqual(slice("sync").end);
  });

  test("work that runs at the same time gets lanes", () => {
    expect([slice("vecadd").lane, slice("saxpy").lane]).toEqual([0, 1]);
    expect(timeline.tracks[slice("vecadd").track]!.lanes).toBe(2);
    expect(slice("memcpy HtoD").kind).toBe("copy");
  });

  test("failed calls and faulted work are marked", () => {
    expect(timeline.slices.filter((s) => !s.ok).map((s) => s.name)).toEqual(["copy", "saxpy"]);
    expect(timeline.marks.map((m) => [m.name, m.bad, m.pid])).toEqual([["fault: illegal-address", true, 1001]]);
  });

  test("arrows lead from submit to work to the woken sleeper", () => {
    expect(timeline.flows.map((f) => `${f.kind}: ${f.from.name} -> ${f.to.name}`)).toEqual(["submit: launch -> vecadd", "submit: inner -> memcpy HtoD", "signal: vecadd -> futex wait"]);
    for (const flow of timeline.flows) expect(flow.toTime).toBeGreaterThanOrEqual(flow.fromTime);
  });

  test("counters are steps without repetition", () => {
    expect(timeline.counters.map((c) => [c.name, c.points.map((p) => p[1])])).toEqual([
      ["GPU 0 memory", [65536, 0]], ["compute queue 0000:01:00.0", [1, 0]], ["copy queue 0000:01:00.0", [1, 0]],
    ]);
  });

  test("handles are no error codes, small numbers and negative ones are", () => {
    const s = new TraceScript();
    for (const code of [0, 2 ** 40 + 8, 2, -5]) s.emit(7, "api:enter", { call: `returns ${code}` }).after(1).emit(7, "api:exit", { code });
    expect(buildTimeline(s.events).slices.map((x) => x.ok)).toEqual([true, true, false, false]);
  });

  test("an empty trace is an empty timeline", () => {
    expect(buildTimeline([])).toEqual({ start: 0, end: 0, processes: [], tracks: [], slices: [], marks: [], flows: [], counters: [] });
  });

  test("a trace that begins or ends in the middle of things still makes sense", () => {
    const events = sampleTrace();
    fc.assert(fc.property(fc.nat(events.length), fc.nat(events.length), (a, b) => {
      const part = events.slice(Math.min(a, b), Math.max(a, b));
      const cut = buildTimeline(part);
      for (const s of cut.slices) {
        expect(s.end).toBeGreaterThanOrEqual(s.start);
        expect(s.end).toBeLessThanOrEqual(cut.end);
        expect(s.lane).toBeLessThan(cut.tracks[s.track]!.lanes);
      }
      // Bars of one lane never overlap.
      const last = new Map<string, number>();
      for (const s of [...cut.slices].sort((x, y) => x.start - y.start)) {
        const key = `${s.track} ${s.lane}`;
        expect(s.start).toBeGreaterThanOrEqual(last.get(key) ?? 0);
        last.set(key, s.end);
      }
    }), { seed: 1 });
  });
});

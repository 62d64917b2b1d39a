import { describe, expect, test } from "vitest";
import { chromeTrace } from "../../../src/kernel/trace/export-chrome.ts";
import { sampleTrace } from "./sample.ts";

describe("Chrome trace", () => {
  const trace = chromeTrace(sampleTrace());
  const of = (ph: string) => trace.traceEvents.filter((event) => event.ph === ph);

  test("is plain JSON that survives a round trip", () => {
    expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
  });

  test("names every row that a slice stands on", () => {
    const rows = new Set(of("M").filter((e) => e.name === "thread_name").map((e) => `${e.pid} ${e.tid}`));
    const processes = new Set(of("M").filter((e) => e.name === "process_name").map((e) => e.pid));
    for (const event of of("X")) {
      expect(rows.has(`${event.pid} ${event.tid}`)).toBe(true);
      expect(processes.has(event.pid)).toBe(true);
    }
    expect(of("M").map((e) => e.args?.["name"])).toContain("compute #2");
  });

  test("gives times in microseconds and the nanoseconds' fraction", () => {
    expect(of("X")[0]).toMatchObject({ name: "launch", ts: 1, dur: 1, cat: "api" });
    expect(of("X").every((event) => event.dur! > 0)).toBe(true);
  });

  test("slices of one row are apart or inside each other", () => {
    const rows = new Map<string, { start: number; end: number }[]>();
    for (const e of of("X")) rows.set(`${e.pid} ${e.tid}`, [...(rows.get(`${e.pid} ${e.tid}`) ?? []), { start: e.ts!, end: e.ts! + e.dur! }]);
    for (const row of rows.values()) {
      for (const a of row) for (const b of row) expect(a.end <= b.start || b.end <= a.start || (a.start <= b.start && b.end <= a.end) || (b.start <= a.start && a.end <= b.end)).toBe(true);
    }
  });

  test("each arrow starts and ends inside a slice of its row", () => {
    expect(of("s").map((e) => e.id)).toEqual(of("f").map((e) => e.id));
    for (const arrow of [...of("s"), ...of("f")]) {
      expect(of("X").some((e) => e.pid === arrow.pid && e.tid === arrow.tid && e.ts! <= arrow.ts! && arrow.ts! <= e.ts! + e.dur!)).toBe(true);
    }
  });

  test("memory is a counter, faults are instants, errors are a category", () => {
    expect(of("C").filter((e) => e.name === "GPU 0 memory").map((e) => e.args?.["bytes"])).toEqual([65536, 0]);
    expect(of("i").map((e) => [e.name, e.cat])).toEqual([["fault: illegal-address", "error"]]);
    expect(of("X").filter((e) => e.cat!.endsWith("error")).map((e) => e.name)).toEqual(["copy", "saxpy"]);
  });
});

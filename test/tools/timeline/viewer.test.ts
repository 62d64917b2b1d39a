import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pageData } from "../../../src/tools/timeline/data.ts";
import { layoutRows } from "../../../src/tools/timeline/viewer/layout.ts";
import { makeModel } from "../../../src/tools/timeline/viewer/model.ts";
import { formatTime, timeStep } from "../../../src/tools/timeline/viewer/time.ts";
import { makeWarp } from "../../../src/tools/timeline/viewer/warp.ts";
import { sampleTrace } from "../../kernel/trace/sample.ts";
import { bigTrace } from "./big.ts";

describe("the parts of the viewer", () => {
  test("times are written with their unit", () => {
    expect([0, 1, 999, 1500, 12_345, 150_000_000, 2.5e9, -1500].map((ns) => formatTime(ns, 3))).toEqual(["0", "1 ns", "999 ns", "1.5 µs", "12.3 µs", "150 ms", "2.5 s", "-1.5 µs"]);
    expect(formatTime(450_073_800, 12)).toBe("450.0738 ms");
  });

  test("steps are round and large enough", () => {
    fc.assert(fc.property(fc.double({ min: 1, max: 1e12, noNaN: true }), (least) => {
      const step = timeStep(least);
      expect(step).toBeGreaterThanOrEqual(least * 0.999999);
      expect(step).toBeLessThanOrEqual(least * 2.6);
      expect(["1", "2", "5"]).toContain(String(step)[0]);
    }), { seed: 1 });
  });

  test("squeezing keeps order, keeps busy time, and can be undone", () => {
    const data = pageData(bigTrace(20).events, "x");
    const warp = makeWarp(data, true);
    expect(warp.gaps).toHaveLength(3);
    expect(warp.length).toBeLessThan(data.length / 100);
    fc.assert(fc.property(fc.nat(data.length), fc.nat(data.length), (a, b) => {
      expect(warp.toTime(warp.toU(a))).toBeCloseTo(a, 3);
      if (a < b) expect(warp.toU(a)).toBeLessThan(warp.toU(b));
    }), { seed: 1 });
    data.slices.start.forEach((start, i) => {
      if (data.tracks[data.slices.track[i]!]!.kind !== "engine") return;
      const end = start + data.slices.length[i]!;
      expect(warp.toU(end) - warp.toU(start)).toBeCloseTo(end - start, 3);
    });
    const plain = makeWarp(data, false);
    expect([plain.length, plain.toU(1234), plain.toTime(1234)]).toEqual([data.length, 1234, 1234]);
  });

  test("rows stand under each other, GPUs first, folded groups without their tracks", () => {
    const data = pageData(sampleTrace(), "x");
    const rows = layoutRows(data, new Set(), 20);
    expect(rows.filter((row) => row.type === "group").map((row) => row.label)).toEqual(["GPU 0", "vecadd (pid 1000)", "saxpy (pid 1001)", "counters"]);
    rows.reduce((y, row) => {
      expect(row.y).toBe(y);
      return y + row.height;
    }, 0);
    const folded = layoutRows(data, new Set(["GPU 0"]), 20);
    expect(rows.length - folded.length).toBe(2);
  });

  test("every bar is in its lane in time order, and shares of an engine add up to its busy time", () => {
    const data = pageData(bigTrace(100).events, "x");
    const model = makeModel(data);
    expect(model.lanes.flat(2).sort((a, b) => a - b)).toEqual(data.slices.start.map((_, i) => i));
    for (const lane of model.lanes.flat()) expect(lane.map((i) => data.slices.start[i]!)).toEqual(lane.map((i) => data.slices.start[i]!).sort((a, b) => a - b));
    for (const [track, shares] of model.busy) {
      const total = data.slices.length.filter((_, i) => data.slices.track[i] === track).reduce((a, b) => a + b, 0);
      expect([...shares.values()].reduce((a, b) => a + b, 0)).toBe(total);
    }
    for (const flow of data.flows.keys()) {
      expect(model.flowsOf(data.flows[flow]![0])).toContain(flow);
      expect(model.flowsOf(data.flows[flow]![2])).toContain(flow);
    }
    expect(data.slices.start.map((_, i) => i).filter((i) => model.matches(i, "matmul")).length).toBe(34);
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { BATCH_FAULTS, FaultBatches } from "../../../src/kernel/hmm/batch.ts";
import { BLOCK, prefetchRegion } from "../../../src/kernel/hmm/prefetch.ts";
import { EPOCH_LAPSES, LAPSE_NS, PIN_LAPSES, PIN_THRESHOLD, Thrashing, THRASHING_THRESHOLD } from "../../../src/kernel/hmm/thrashing.ts";
import { Spans } from "../../../src/kernel/mm/spans.ts";

const P = 65536;

test("spans are the set of numbers that was added and not removed", () => {
  const step = fc.record({ add: fc.boolean(), at: fc.nat(60), n: fc.integer({ min: 1, max: 20 }) });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const spans = new Spans();
    const model = new Set<number>();
    for (const s of steps) {
      if (s.add) spans.add(s.at, s.at + s.n);
      else spans.remove(s.at, s.at + s.n);
      for (let i = s.at; i < s.at + s.n; i++) (s.add ? model.add(i) : model.delete(i));
      for (let i = 0; i < 82; i++) expect(spans.has(i)).toBe(model.has(i));
      expect(spans.empty).toBe(model.size === 0);
      expect(spans.covers(s.at, s.at + s.n)).toBe(s.add);
      const edges = [...spans.all()];
      for (let i = 1; i < edges.length; i++) expect(edges[i]![0]).toBeGreaterThan(edges[i - 1]![1]);
    }
  }), { seed: 1 });
});

test("a prefetch fills the largest part of a block of which more than 51 percent are there", () => {
  const region = (page: number, present: readonly number[]): readonly [number, number] => {
    const r = prefetchRegion(page * P, (at) => present.includes(at / P), 0, BLOCK);
    return [r.start / P, r.end / P];
  };
  expect(region(0, [])).toEqual([0, 1]);
  // Half of two pages is not more than half.
  expect(region(0, [2])).toEqual([0, 1]);
  expect(region(0, [1, 2])).toEqual([0, 4]);
  expect(region(5, [0, 1, 2, 3])).toEqual([0, 8]);
  expect(prefetchRegion(0, (at) => at < 3 * P, P, 3 * P)).toEqual({ start: P, end: 3 * P });
});

test("faults of different work-items share a batch; one that faults again, or a full batch, begins the next", () => {
  const make = (): FaultBatches => new FaultBatches({ batch: 100, page: 1, block: 10, bandwidth: 1e9 });
  const site = (thread: number): Parameters<FaultBatches["fault"]>[0] => ({ kernel: "k", line: null, block: [0, 0, 0], thread: [thread, 0, 0] });
  const batches = make();
  for (let i = 0; i < 5; i++) batches.fault(site(i));
  batches.serviced(5, 5000, 1);
  expect(batches.take()).toBe(100 + 5 + 10 + 5000);
  expect(batches.take()).toBe(0);
  for (let i = 0; i < 3; i++) batches.fault(site(0));
  expect(batches.take()).toBe(300);
  const full = make();
  for (let i = 0; i < BATCH_FAULTS + 1; i++) full.fault(site(i));
  expect(full.take()).toBe(200);
  expect(full.counts).toMatchObject({ faults: BATCH_FAULTS + 1, batches: 2 });
});

test("thrashing: three movements in quick succession throttle, ten pin, for a while; slow ones are nothing", () => {
  const t = new Thrashing();
  let now = 0;
  for (let i = 1; i < PIN_THRESHOLD; i++) {
    t.moved(0, (now += LAPSE_NS));
    expect(t.hint(0, now)).toBe(i < THRASHING_THRESHOLD ? "move" : "throttle");
  }
  t.moved(0, (now += LAPSE_NS));
  expect(t.hint(0, now)).toBe("pin");
  expect(t.hint(0, now + PIN_LAPSES * LAPSE_NS - 1)).toBe("pin");
  expect(t.hint(0, now + PIN_LAPSES * LAPSE_NS)).toBe("move");
  for (let i = 0; i < 20; i++) t.moved(P, (now += LAPSE_NS + 1));
  expect(t.hint(P, now)).toBe("move");
  for (let i = 0; i < 3; i++) t.moved(P, now);
  expect(t.hint(P, now)).toBe("throttle");
  expect(t.hint(P, now + EPOCH_LAPSES * LAPSE_NS + 1)).toBe("move");
  t.moved(P, now);
  t.forget(0, 2 * P);
  expect(t.hint(P, now)).toBe("move");
});

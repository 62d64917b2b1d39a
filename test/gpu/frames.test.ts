import fc from "fast-check";
import { expect, test } from "vitest";
import { FRAME, FrameMap } from "../../src/gpu/frames.ts";

test("frame 0 is never given out, the lowest free frame is", () => {
  const map = new FrameMap(64);
  expect(map.take(1)).toBe(1);
  expect(map.take(3)).toBe(2);
  map.give(1, 1, true);
  expect(map.take(2)).toBe(5);
  expect(map.take(1)).toBe(1);
});

test("no run is given out when none is long enough, and exactly fitting ones are", () => {
  const map = new FrameMap(64);
  expect(map.take(64)).toBe(-1);
  expect(map.take(63)).toBe(1);
  expect(map.take(1)).toBe(-1);
  map.give(10, 5, true);
  map.give(30, 33, true);
  expect(map.take(34)).toBe(-1);
  expect(map.take(33)).toBe(30);
});

test("a frame cannot be freed twice", () => {
  const map = new FrameMap(64);
  const at = map.take(2);
  map.give(at, 2, true);
  expect(() => map.give(at, 1, true)).toThrow(/freed once/);
});

test("against a plain model: runs never overlap, first fit, and bytes are zero when handed out", () => {
  const LIMIT = 96;
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.record({ take: fc.integer({ min: 1, max: 40 }) }), fc.record({ give: fc.nat(), clean: fc.boolean() })), { maxLength: 60 }), (steps) => {
      const map = new FrameMap(LIMIT);
      const bytes = new Uint8Array(LIMIT * FRAME);
      const model = new Array<boolean>(LIMIT).fill(false);
      model[0] = true;
      const runs: { at: number; n: number }[] = [];
      for (const step of steps) {
        if ("take" in step) {
          const n = step.take;
          let expected = -1;
          for (let i = 1; i + n <= LIMIT && expected < 0; i++) if (!model.slice(i, i + n).includes(true)) expected = i;
          const at = map.take(n);
          expect(at).toBe(expected);
          if (at < 0) continue;
          map.makeClean(at, n, { fill: (from, value, length) => void bytes.fill(value, from, from + length) });
          for (let i = at; i < at + n; i++) {
            expect(bytes[i * FRAME + 17]).toBe(0);
            bytes[i * FRAME + 17] = 1;
            model[i] = true;
          }
          runs.push({ at, n });
        } else if (runs.length > 0) {
          const [run] = runs.splice(step.give % runs.length, 1);
          for (let i = run!.at; i < run!.at + run!.n; i++) {
            model[i] = false;
            if (step.clean) bytes[i * FRAME + 17] = 0;
          }
          map.give(run!.at, run!.n, step.clean);
        }
        expect(map.inUse).toBe(runs.reduce((sum, run) => sum + run.n, 0));
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

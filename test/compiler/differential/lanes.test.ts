import fc from "fast-check";
import { afterAll, beforeAll, describe, test } from "vitest";
import { lanePolicy } from "../../../src/compiler/wasm/simd/shapes.ts";
import { everything, type Features } from "../../../src/testing/ir/statements.ts";
import { agreement, cuts } from "./compare.ts";

/** Programs that the fast path runs four work-items at a time, also where it would find that not worth it. */
const features: Features = { ...everything, calls: false, printf: false, activemask: false, depth: 3, lanes: true };
const seed = 20261122;

describe.each([1, 2, 4])("%i vectors of four lanes and one work-item after the other agree", (quads) => {
  beforeAll(() => {
    lanePolicy.always = true;
    lanePolicy.quads = quads;
  });
  afterAll(() => {
    lanePolicy.always = false;
    lanePolicy.quads = 0;
  });
  test("with barriers and collectives", { timeout: 60_000 }, () => fc.assert(agreement(features), { seed, numRuns: 80 }));
  test("without", { timeout: 60_000 }, () => fc.assert(agreement({ ...features, sync: false }), { seed, numRuns: 110 }));
  test("cut into many calls", { timeout: 60_000 }, () => fc.assert(agreement({ ...features, sync: false }, cuts), { seed, numRuns: 70 }));
});

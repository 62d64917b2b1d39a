import fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { lanePolicy } from "../../src/compiler/wasm/simd/shapes.ts";
import { everything, type Features } from "../../src/testing/ir/statements.ts";
import { agreement, cuts } from "../compiler/differential/compare.ts";

/**
 * A long search for programs on which the interpreter and the WebAssembly back end disagree:
 * `GLASSGPU_RUNS=20000 GLASSGPU_SEED=7 npx vitest run --config test/campaign/vitest.config.ts`. A failure prints the shrunk program, its launch, and the seed to repeat it.
 */
const numRuns = Number(process.env["GLASSGPU_RUNS"] ?? 2000);
const seed = Number(process.env["GLASSGPU_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const lanes: Features = { ...everything, calls: false, printf: false, activemask: false, depth: 3, lanes: true };

const flavours: Readonly<Record<string, Features>> = {
  everything,
  faults: { ...everything, faults: true },
  "deep nesting": { ...everything, depth: 4, length: 6, expressionDepth: 3 },
  "deep expressions": { ...everything, sync: false, activemask: false, calls: false, expressionDepth: 7, depth: 1 },
  "no synchronisation": { ...everything, sync: false, activemask: false, depth: 3 },
  "no calls": { ...everything, calls: false },
  lanes,
  "lanes, by 1": lanes,
  "lanes, by 2": lanes,
  "lanes, by 4": lanes,
  "lanes without synchronisation, by 1": { ...lanes, sync: false },
  "lanes without synchronisation, by 2": { ...lanes, sync: false },
  "lanes without synchronisation, by 4": { ...lanes, sync: false },
};

describe.each(Object.keys(flavours))(`%s (seed ${seed})`, (name) => {
  // Also where it would not be worth it.
  beforeAll(() => {
    lanePolicy.always = name.startsWith("lanes");
    lanePolicy.quads = Number(/by (\d)/.exec(name)?.[1] ?? 0);
  });
  test("whole", { timeout: 0 }, () => fc.assert(agreement(flavours[name]!), { seed, numRuns }));
  test("cut into many calls of run", { timeout: 0 }, () => fc.assert(agreement({ ...flavours[name]!, activemask: false }, cuts), { seed: seed + 1, numRuns }));
});

import fc from "fast-check";
import { describe, test } from "vitest";
import { everything } from "../../../src/testing/ir/statements.ts";
import { agreement, cuts } from "./compare.ts";

/** Everyday runs of the campaign in test/campaign: the same properties, few programs, fixed seeds. */
describe("the interpreter and the WebAssembly back end agree on random programs", () => {
  test("with everything", () => {
    fc.assert(agreement(everything), { seed: 101, numRuns: 50 });
  });

  test("in which a work-item faults", () => {
    fc.assert(agreement({ ...everything, faults: true }), { seed: 102, numRuns: 40 });
  });

  test("cut into many calls of run", () => {
    fc.assert(agreement({ ...everything, activemask: false }, cuts), { seed: 103, numRuns: 40 });
  });

  test("without anything that stops a work-item", () => {
    fc.assert(agreement({ ...everything, sync: false, activemask: false, depth: 3 }), { seed: 104, numRuns: 45 });
  });

  test("of arithmetic alone", () => {
    fc.assert(agreement({ ...everything, sync: false, activemask: false, calls: false, printf: false, depth: 1, expressionDepth: 6 }), { seed: 105, numRuns: 45 });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { parseModule } from "../../../src/compiler/ir/parse.ts";
import { printModule } from "../../../src/compiler/ir/print.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { operations, operationsFor } from "../../../src/testing/ir/operations.ts";
import { lowerProgram } from "../../../src/testing/ir/lower.ts";
import { launches, programs } from "../../../src/testing/ir/programs.ts";
import { everything } from "../../../src/testing/ir/statements.ts";
import { Arena, whole } from "../../compiler/differential/arena.ts";

const arena = new Arena();

describe("generated programs", () => {
  const program = programs({ ...everything, faults: true });

  test("are valid, whatever is in them", () => {
    fc.assert(fc.property(program, (spec) => {
      expect(verifyModule(lowerProgram(spec))).toEqual([]);
    }), { numRuns: 150, seed: 41 });
  });

  test("survive being printed and read back", () => {
    fc.assert(fc.property(program, (spec) => {
      const module = lowerProgram(spec);
      expect(parseModule(printModule(module))).toEqual(module);
    }), { numRuns: 60, seed: 42 });
  });

  test("have one outcome, however the launch is cut up", () => {
    const limits = fc.record({ budget: fc.integer({ min: 50, max: 5000 }), maxBlocks: fc.integer({ min: 1, max: 3 }), resident: fc.integer({ min: 1, max: 5 }) });
    fc.assert(fc.property(program, launches(), limits, (spec, launch, cut) => {
      const code = interpretModule(lowerProgram(spec));
      expect(arena.run(code, launch, cut)).toEqual(arena.run(code, launch, whole));
    }), { numRuns: 60, seed: 43 });
  });

  test("contain every operation of the IR sooner or later", () => {
    const seen = new Set<string>();
    for (const spec of fc.sample(program, { numRuns: 400, seed: 44 })) {
      for (const fn of lowerProgram(spec).functions.values()) for (const block of fn.blocks) for (const instr of block.instrs) seen.add(instr.op);
    }
    const pure = new Set<string>(operations.map((operation) => operation.fields.op));
    const rest = ["load", "store", "atomic", "cmpxchg", "call", "calli", "barrier", "barred", "shfl", "vote", "match", "redux", "activemask", "printf", "fence", "phi", "switch", "condbr", "exit", "trap", "unreachable", "funcaddr", "localaddr", "sharedaddr", "sreg", "param"];
    expect([...pure, ...rest].filter((op) => !seen.has(op))).toEqual([]);
  });

  test("shrink to almost nothing", () => {
    const failure = fc.check(fc.property(program, (spec) => !printModule(lowerProgram(spec)).includes("fsqrt")), { numRuns: 500, seed: 45 });
    expect(failure.failed).toBe(true);
    const [smallest] = failure.counterexample!;
    const shown = JSON.stringify(smallest, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
    expect(shown.length).toBeLessThan(1100);
  });
});

test("operations have a row for each type they work on", () => {
  expect(operationsFor("i1").some(({ fields }) => fields.op === "fcmp")).toBe(true);
  expect(operations.filter(({ fields }) => fields.op === "fma").length).toBe(10);
  expect(operations.length).toBeGreaterThan(400);
});

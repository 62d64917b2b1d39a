import fc from "fast-check";
import { describe, test } from "vitest";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { launches } from "../../../src/testing/ir/programs.ts";
import { everything, type Features } from "../../../src/testing/ir/statements.ts";
import { TestMachine } from "../wasm/harness.ts";
import { Arena, whole, type Limits, type Outcome } from "./arena.ts";
import { difference, modules } from "./compare.ts";

/**
 * Save and restore is exact: launches of random programs stop anywhere, another launch goes on in between (of another program, or of the same code, which shares its
 * compiled instances and scratch memory), and the outcome is that of a run alone on the interpreter.
 */

const machine = new TestMachine({ pages: 1024 });
const sides = [new Arena(machine), new Arena(machine)] as const;

/** Whose turn it is, and for how long. */
interface Turn extends Limits {
  readonly side: 0 | 1;
}

const turn: fc.Arbitrary<Turn> = fc.record({
  side: fc.constantFrom<0 | 1>(0, 1),
  // One instruction is the least that can be asked; a piece ends at the next point where a work-item may stop.
  budget: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: 3000 })),
  maxBlocks: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 2 })),
  resident: fc.integer({ min: 1, max: 6 }),
});

function property(features: Features, same: boolean): fc.IProperty<unknown[]> {
  const launch = launches();
  return fc.property(modules(features), modules(features), launch, launch, fc.array(turn, { minLength: 4, maxLength: 40 }), (first, second, a, b, turns) => {
    const programs = [first.module, same ? first.module : second.module] as const;
    const specs = [a, same ? { ...b, warpSize: a.warpSize } : b] as const;
    const expected = programs.map((module, i) => sides[i]!.run(interpretModule(module), specs[i]!));
    const codes = same ? [compileModule(programs[0])] : programs.map((module) => compileModule(module));
    const loaded = codes.map((code, i) => code.load(sides[i]!));
    const running = programs.map((_, i) => sides[i]!.start(codes[i] ?? codes[0]!, loaded[i] ?? loaded[0]!, specs[i]!));
    const outcomes: (Outcome | null)[] = [null, null];
    try {
      for (let i = 0; outcomes.includes(null) && i < 30_000; i++) {
        // Turns repeat; in the end both get room enough to finish.
        const next = turns[i % turns.length]!;
        const side = outcomes[next.side] === null && i < 20_000 ? next.side : outcomes[0] === null ? 0 : 1;
        outcomes[side] = running[side]!.step(i < 20_000 ? next : whole);
      }
    } finally {
      outcomes.forEach((outcome, i) => { if (outcome === null) running[i]!.dispose(); });
      sides.forEach((side) => side.releaseAll());
    }
    outcomes.forEach((outcome, i) => {
      if (outcome === null) throw new Error(`launch ${i} did not end`);
      const found = difference(expected[i]!, outcome);
      if (found !== "") throw new Error(`launch ${i} is not what it is alone\n${found}\nlaunch: ${JSON.stringify(specs[i])}`);
    });
  });
}

describe("launches that are interrupted by one another do what they do alone", () => {
  const interruptible: Features = { ...everything, activemask: false };
  test("of two programs", () => fc.assert(property(interruptible, false), { seed: 301, numRuns: 35 }));
  test("of one program, whose code they share", () => fc.assert(property(interruptible, true), { seed: 302, numRuns: 45 }));
  test("when one of them may fault", () => fc.assert(property({ ...interruptible, faults: true }, false), { seed: 303, numRuns: 30 }));
  test("on the lanes of vectors", () => fc.assert(property({ ...interruptible, calls: false, printf: false, lanes: true }, false), { seed: 304, numRuns: 30 }));
});

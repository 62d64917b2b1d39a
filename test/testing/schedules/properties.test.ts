import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMachine } from "../../../src/machine.ts";
import { exhaustiveSearch } from "../../../src/testing/strategy/exhaustive.ts";
import { generators } from "../../../src/testing/generators.ts";
import { allowedOutcomes } from "../../../src/testing/programs/allowed.ts";
import { apiNames, runProgram, type ApiName } from "../../../src/testing/programs/index.ts";
import type { LineProgram, Outcome } from "../../../src/testing/programs/language.ts";
import { properties } from "../../../src/testing/properties.ts";
import type { Strategy } from "../../../src/kernel/choices.ts";

const ready = properties(fc);
const gen = generators(fc);

describe("ready properties hold of the machine", () => {
  test.each([["isolation", 60], ["streamOrder", 100], ["eventOrder", 150], ["noLeak", 60], ["errorLeavesStateUnchanged", 60], ["progress", 100]] as const)("%s", (name, numRuns) => {
    fc.assert(ready[name](), { seed: 21, numRuns });
  });

  test("streamOrder on machines of all kinds", () => {
    fc.assert(fc.property(gen.machine(), (machine) => fc.assert(ready.streamOrder({ machine, size: { commands: 3 } }), { seed: 4, numRuns: 1 })), { seed: 22, numRuns: 25 });
  });
});

/** Every outcome that a program reaches, over all schedules from its first command on. */
function reached(api: ApiName, program: LineProgram): string[] {
  const search = exhaustiveSearch();
  const found = new Set<string>();
  let runs = 0;
  for (let inner = search.next(); inner !== null; inner = search.next()) {
    const from = inner;
    let open = false;
    const strategy: Strategy = { pick: (n, label, among) => (open ? from.pick(n, label, among) : 0) };
    const machine = createMachine({ gpus: ["tiny"], order: "any", strategy });
    let outcome: Outcome | null = null;
    machine.spawn("p", function* (p) {
      const body = runProgram(p, api, { ...program, commands: [{ op: "sync", line: 0 }, ...program.commands] });
      // The setting up goes the natural way: it is over at the first synchronisation of a line.
      let step = body.next("woken");
      let calls = 0;
      while (step.done !== true) {
        if (!open && ++calls > setUp(api, program)) open = true;
        step = body.next(yield step.value);
      }
      outcome = step.value;
    });
    machine.run();
    found.add(JSON.stringify(outcome));
    machine.dispose();
    search.ended(0);
    if (++runs > 6000) throw new Error(`more than 6000 schedules of ${JSON.stringify(program)}`);
  }
  return [...found].sort();
}

/** Waits of the setting up, at least. */
function setUp(api: ApiName, program: LineProgram): number {
  const objects = program.lines + program.buffers;
  return api === "opencl" ? objects + 3 : objects + program.buffers + program.events + (api === "driver" ? 4 : 0);
}

describe("the reached outcomes are the allowed ones", () => {
  const programs: readonly (readonly [string, LineProgram])[] = [
    ["two fills in two lines", { lines: 2, buffers: 1, events: 0, commands: [{ op: "fill", line: 0, buffer: 0, value: 1 }, { op: "fill", line: 1, buffer: 0, value: 2 }] }],
    ["a copy that races with a fill", { lines: 2, buffers: 2, events: 0, commands: [{ op: "fill", line: 0, buffer: 0, value: 1 }, { op: "copy", line: 1, from: 0, to: 1 }] }],
    ["an event between them", { lines: 2, buffers: 2, events: 1, commands: [{ op: "fill", line: 0, buffer: 0, value: 1 }, { op: "record", line: 0, event: 0 }, { op: "wait", line: 1, event: 0 }, { op: "copy", line: 1, from: 0, to: 1 }] }],
  ];
  test.each(apiNames.flatMap((api) => programs.map(([name, program]) => [api, name, program] as const)))("%s: %s", (api, _name, program) => {
    expect(reached(api, program)).toEqual(allowedOutcomes(program));
  });
});

describe("the oracle", () => {
  test("knows the outcomes of racing fills, and of ordered ones", () => {
    const two: LineProgram = { lines: 2, buffers: 1, events: 1, commands: [{ op: "fill", line: 0, buffer: 0, value: 1 }, { op: "fill", line: 1, buffer: 0, value: 2 }] };
    expect(allowedOutcomes(two)).toEqual(['{"reads":[],"buffers":[1]}', '{"reads":[],"buffers":[2]}']);
    const ordered: LineProgram = { ...two, commands: [two.commands[0]!, { op: "record", line: 0, event: 0 }, { op: "wait", line: 1, event: 0 }, two.commands[1]!] };
    expect(allowedOutcomes(ordered)).toEqual(['{"reads":[],"buffers":[2]}']);
  });
});

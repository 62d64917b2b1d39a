import { describe, expect, test } from "vitest";
import { checkSchedules } from "../../src/testing/schedule/check.ts";
import { cudaBugs } from "./cuda.ts";
import { openclBugs, openclRight } from "./opencl.ts";
import type { Planted } from "./plant.ts";

/** Schedules within which each mistake must be found. */
const LIMIT = 1000;
/** Schedules that the correct twin goes through. */
const TWIN = 40;

function plantedTests(bugs: readonly Planted[]): void {
  test.each(bugs.map((bug) => [bug.name, bug] as const))("%s", (_name, { program, kind, says, detect }) => {
    const options = { ...(detect === undefined ? {} : { detect }), shrinkRuns: 40 };
    // A leak is often several: what is not given back keeps other things.
    const { findings } = checkSchedules(program(false), { ...options, schedules: kind === "leak" ? 1 : LIMIT, maxFindings: 1 });
    const messages = findings.map((f) => `${f.kind}: ${f.message}`);
    const found = findings.find((f) => f.kind === kind && says.every((words) => (typeof words === "string" ? f.message.includes(words) : words.test(f.message))))!;
    expect(found, messages.join("\n")).toBeDefined();
    // The replay string shows the same again, in one run.
    const again = checkSchedules(program(false), { ...options, replay: found.shrunk });
    expect(again.findings.map(({ key }) => key)).toContain(found.key);
    expect(checkSchedules(program(true), { ...options, schedules: TWIN }).findings).toEqual([]);
  });
}

describe("CUDA", () => plantedTests(cudaBugs));
describe("OpenCL", () => plantedTests(openclBugs));

test.each(openclRight)("nothing is wrong with: %s", (_name, program) => {
  expect(checkSchedules(program, { schedules: TWIN }).findings).toEqual([]);
});

test("there are at least ten of each", () => {
  expect(cudaBugs.length).toBeGreaterThanOrEqual(10);
  expect(openclBugs.length).toBeGreaterThanOrEqual(10);
});

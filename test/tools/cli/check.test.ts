import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PageData } from "../../../src/tools/timeline/viewer/types.ts";
import { buildPackage, type BuiltPackage } from "./built.ts";

let built: BuiltPackage;
let folder: string;

/** A program whose two threads add to a counter in two steps each, `atomic` or not. */
const counters = (atomic: boolean): string => `
import { createMachine } from "glassgpu";
const machine = createMachine({ gpus: ["tiny"] });
let counter: number = 0;
machine.spawn("counters", function* (p) {
  const adders = [0, 1].map((i) => p.thread("adder " + i, function* () {
    const seen = counter;
    ${atomic ? "" : `yield { queue: null, deadline: null, what: "its turn" };`}
    counter = seen + 1;
  }));
  for (const adder of adders) yield* adder.join();
});
machine.run();
console.log("counted", counter);
if (counter !== 2) process.exit(3);
`;

beforeAll(async () => {
  built = await buildPackage();
  // Not below node_modules: places there are not shown as the program's own.
  folder = mkdtempSync(join(tmpdir(), "programs-"));
  writeFileSync(join(folder, "lost.ts"), counters(false));
  writeFileSync(join(folder, "kept.ts"), counters(true));
  writeFileSync(join(folder, "function.mjs"), `export default ({ machine }) => { const p = machine({ gpus: ["tiny"] }).process("p"); return p.pid; };`);
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  built.remove();
});

const check = (...args: string[]) => built.glassgpu(["check", ...args], folder);

describe("glassgpu check", () => {
  test("finds what some schedules do wrong, and says how to see it again", () => {
    const first = check("lost.ts", "--schedules", "200", "--strategy", "pct");
    expect(first.code).toBe(1);
    expect(first.stdout).toContain("1. failure: the program ended with exit code 3, having printed:\ncounted 1");
    const replay = /--replay (g1\.\S*)/.exec(first.stdout)?.[1];
    const again = check("lost.ts", "--replay", replay!);
    expect(again.code).toBe(1);
    expect(again.stdout).toMatch(/^counted 1\n/);
    expect(again.stdout).toContain("1 schedule in");
  });

  test("draws what it found", () => {
    writeFileSync(join(folder, "race.ts"), `
export default ({ machine }) => {
  const cu = machine({ gpus: ["tiny"] }).process("race").throwing.cuda;
  cu.cuInit(0);
  cu.cuCtxCreate(null, 0, 0);
  const [a, b] = [cu.cuStreamCreate(1), cu.cuStreamCreate(1)];
  const memory = cu.cuMemAlloc(256);
  cu.cuMemsetD8Async(memory, 1, 256, a);
  cu.cuMemsetD8Async(memory, 2, 256, b);
  cu.cuCtxSynchronize();
};
`);
    const found = check("race.ts", "--schedules", "3", "--report", "out/race.html");
    expect(found.code).toBe(1);
    expect(found.stderr).toContain("wrote out/race.html");
    const page = readFileSync(join(folder, "out/race.html"), "utf8");
    const { notes, slices, strings } = JSON.parse(/<script type="application\/json" id="data">([^<]*)</.exec(page)![1]!) as PageData;
    expect(notes).toHaveLength(1);
    expect(notes[0]!.kind).toBe("race");
    expect(notes[0]!.slices.map((slice) => strings[slices.name[slice]!])).toEqual(["cuMemsetD8Async", "cuMemsetD8Async"]);
    expect(new Set(notes[0]!.slices).size).toBe(2);
    const nothing = check("function.mjs", "--schedules", "3", "--report", "out/nothing.html");
    expect(nothing.code).toBe(0);
    expect(nothing.stderr).toContain("nothing was found: no out/nothing.html");
  });

  test("names a place once, however often the file was loaded", () => {
    writeFileSync(join(folder, "leak.ts"), `
import { createMachine } from "glassgpu";
const p = createMachine({ gpus: ["tiny"] }).process("leak");
p.throwing.cuda.cuInit(0);
p.throwing.cuda.cuCtxCreate(null, 0, 0);
`);
    const { code, stdout } = check("leak.ts", "--schedules", "4", "--detect", "leaks");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1\. leak: leak \(pid 1000\) never gave back what it got by cuCtxCreate at .*leak\.ts:5:17 /);
    expect(stdout).toContain("4 schedules");
    expect(stdout).toContain("1 mistake\n");
  });

  test("says nothing of a program that is right under every schedule", () => {
    const { code, stdout } = check("kept.ts", "--strategy", "exhaustive");
    expect(stdout).toMatch(/^\d+ schedules? in .*; these are all there are: nothing found\n$/);
    expect(code).toBe(0);
  });

  test("calls a default export, and prints JSON", () => {
    const { code, stdout } = check("function.mjs", "--schedules", "5", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schedules: 5, findings: [] });
  });

  test.each([
    [["nowhere.ts"], "there is no nowhere.ts"],
    [[], "which host program?"],
    [["kept.ts", "--strategy", "lucky"], "--strategy knows random, pct, exhaustive"],
    [["kept.ts", "--schedules", "many"], "--schedules must be a whole number"],
    [["kept.ts", "--detect", "ghosts"], "--detect knows races"],
    [["kept.ts", "--replay", "h1.0"], "not a replay string"],
  ])("a wrong command line is refused: %j", (args, message) => {
    const { code, stderr } = check(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

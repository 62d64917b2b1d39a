import { readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { throwingFacade } from "../../src/api/facades.ts";
import type { ThrowingApi } from "../../src/api/styles.ts";
import { runtimeSignatures } from "../../src/cuda/abi/runtime/signatures.ts";
import { errorName } from "../../src/cuda/driver/core/fail.ts";
import { runtimeFacade } from "../../src/cuda/facade.ts";
import type { Runtime } from "../../src/cuda/index.ts";
import { makeWorld, state, type ErrorCase } from "../errors/cuda/runtime/world.ts";
import { failNth, leftAfterExit, tally, watched, type Walked } from "./walk.ts";

const collected = vi.hoisted((): unknown[] => []);
const chapters = readdirSync(new URL("../errors/cuda/runtime/", import.meta.url)).flatMap((name) => (name.endsWith(".test.ts") ? [name.slice(0, -8)] : []));
vi.mock("../errors/cuda/runtime/run.ts", () => ({ testErrors: (_chapter: string, cases: readonly unknown[]) => collected.push(...cases) }));
for (const chapter of chapters) await import(`../errors/cuda/runtime/${chapter}.test.ts`);
const cases = collected as readonly ErrorCase[];

/** General resource errors that any call may answer. */
const general = new Set(["cudaErrorMemoryAllocation", "cudaErrorOperatingSystem", "cudaErrorUnknown"]);
const signatures: Readonly<Record<string, { readonly returns: readonly string[] }>> = runtimeSignatures;
const counts = tally();
let walks = 0;

/** The state, but for how much work was submitted: a copy of several pieces that fails may have begun. */
function stateOf(w: ReturnType<typeof makeWorld>): object {
  const now = state(w) as { readonly driver: { readonly contexts: readonly (readonly unknown[])[]; readonly kernel: object } };
  return { ...now, kernel: now.driver.kernel, driver: { ...now.driver, kernel: null, contexts: now.driver.contexts.map((context) => context.slice(0, -1)) } };
}

function walk(c: ErrorCase): string[] {
  const problems: string[] = [];
  for (let n = 1; n < 200; n++) {
    const w = makeWorld();
    c.setup?.(w);
    const { kernel } = w.machine;
    const walked: Walked = {
      kernel, process: w.process,
      state: () => stateOf(w),
      code: (_name, _args, result) => (typeof result === "number" ? result : 0),
      allowed: (name, code) => general.has(errorName(code)!) || (signatures[name]?.returns.includes(errorName(code)!) ?? false),
      named: (code) => errorName(code) ?? String(code),
    };
    const cudart = watched(w.cudart, walked, counts, problems);
    const world = { ...w, cudart, easyrt: throwingFacade(cudart, runtimeFacade) as ThrowingApi<Runtime> };
    failNth(walked, n);
    let code = -1;
    try {
      code = c.control(cudart, world);
    } catch (error) {
      problems.push(`point ${n} throws: ${(error as Error).message}`);
    }
    const over = w.process.main.failNth > 0;
    failNth(walked, 0);
    if (code > 0) problems.push(`point ${n}: ${errorName(code)} in the end`);
    walks++;
    const left = leftAfterExit(kernel);
    if (Object.keys(left).length > 0) problems.push(`point ${n} leaves ${JSON.stringify(left)} after exit`);
    if (over) return problems;
  }
  return [...problems, "no end"];
}

test.each(cases.map((c) => [c.name, c] as const))("%s", (_name, c) => {
  expect(walk(c)).toEqual([]);
});

test("the walk reached enough", () => {
  expect(walks).toBeGreaterThan(counts.faults / 2);
  expect(counts.faults).toBeGreaterThan(440);
  expect(counts.functions.size).toBeGreaterThan(35);
});

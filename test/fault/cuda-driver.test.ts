import { expect, test, vi } from "vitest";
import { throwingFacade } from "../../src/api/facades.ts";
import type { ThrowingApi } from "../../src/api/styles.ts";
import { driverSignatures } from "../../src/cuda/abi/driver/signatures.ts";
import { resultName } from "../../src/cuda/driver/core/fail.ts";
import { driverFacade } from "../../src/cuda/facade.ts";
import type { Driver } from "../../src/cuda/index.ts";
import { makeWorld, snapshot, type ErrorCase } from "../errors/cuda/world.ts";
import { failNth, leftAfterExit, tally, watched, type Walked } from "./walk.ts";

const collected = vi.hoisted((): unknown[] => []);
vi.mock("../errors/cuda/run.ts", () => ({ testErrors: (_chapter: string, cases: readonly unknown[]) => collected.push(...cases) }));
for (const chapter of ["context", "device", "execution", "memory", "module", "pool", "stream"]) await import(`../errors/cuda/${chapter}.test.ts`);
const cases = collected as readonly ErrorCase[];

/** General resource errors that any call may answer. */
const general = new Set(["CUDA_ERROR_OUT_OF_MEMORY", "CUDA_ERROR_OPERATING_SYSTEM", "CUDA_ERROR_UNKNOWN"]);
const signatures: Readonly<Record<string, { readonly returns: readonly string[] }>> = driverSignatures;
const counts = tally();
let walks = 0;

/** The state, but for how much work was submitted: a copy of several pieces that fails may have begun. */
function stateOf(w: ReturnType<typeof makeWorld>): object {
  const state = snapshot(w) as { readonly contexts: readonly (readonly unknown[])[] };
  return { ...state, contexts: state.contexts.map((context) => context.slice(0, -1)) };
}

function walk(c: ErrorCase): string[] {
  const problems: string[] = [];
  for (let n = 1; n < 200; n++) {
    const w = makeWorld();
    const { kernel } = w.machine;
    const walked: Walked = {
      kernel, process: w.process,
      state: () => stateOf(w),
      code: (_name, _args, result) => (typeof result === "number" ? result : 0),
      allowed: (name, code) => general.has(resultName(code)!) || (signatures[name]?.returns.includes(resultName(code)!) ?? false),
      named: (code) => resultName(code) ?? String(code),
    };
    const cuda = watched(w.cuda, walked, counts, problems);
    const world = { ...w, cuda, easy: throwingFacade(cuda, driverFacade) as ThrowingApi<Driver> };
    failNth(walked, n);
    let code = -1;
    try {
      code = c.control(cuda, world);
    } catch (error) {
      problems.push(`point ${n} throws: ${(error as Error).message}`);
    }
    const over = w.process.main.failNth > 0;
    failNth(walked, 0);
    if (code > 0) problems.push(`point ${n}: ${resultName(code)} in the end`);
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
  expect(counts.faults).toBeGreaterThan(790);
  expect(counts.functions.size).toBeGreaterThan(60);
});

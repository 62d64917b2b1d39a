import { readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { throwingFacade } from "../../src/api/facades.ts";
import type { ThrowingApi } from "../../src/api/styles.ts";
import { driverSignatures } from "../../src/cuda/abi/driver/signatures.ts";
import { resultName } from "../../src/cuda/driver/core/fail.ts";
import { driverSupport } from "../../src/cuda/support.ts";
import { driverFacade } from "../../src/cuda/facade.ts";
import type { Driver } from "../../src/cuda/index.ts";
import { makeWorld, snapshot, type ErrorCase } from "../errors/cuda/world.ts";
import { failNth, leftAfterExit, tally, watched, type Walked } from "./walk.ts";

const collected = vi.hoisted((): unknown[] => []);
const chapters = readdirSync(new URL("../errors/cuda/", import.meta.url)).flatMap((name) => (name.endsWith(".test.ts") && name !== "special.test.ts" ? [name.slice(0, -8)] : []));
vi.mock("../errors/cuda/run.ts", () => ({ testErrors: (_chapter: string, cases: readonly unknown[]) => collected.push(...cases) }));
for (const chapter of chapters) await import(`../errors/cuda/${chapter}.test.ts`);
const cases = collected as readonly ErrorCase[];

/** Functions without a row in the error tables: of arrays and textures; refused on Linux; that answer from what is known; that give something back. */
const without = /Array|Tex|Surf|Ato[DHA]|[DH]toA|^cuDeviceGetLuid$|^cuCtxGetExecAffinity$|^cuIpcCloseMemHandle$/;
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
    c.setup?.(w);
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

test("every function that the support table calls full or partial is walked, but for those that take nothing", () => {
  const walked = new Set(cases.map((c) => c.name as string));
  const rest = driverSupport.filter(({ name, support }) => support !== "refused" && !walked.has(name)).map(({ name }) => name);
  expect(rest.filter((name) => !without.test(name))).toEqual([]);
});

test("the walk reached enough", () => {
  expect(walks).toBeGreaterThan(counts.faults / 2);
  expect(counts.faults).toBeGreaterThan(790);
  expect(counts.functions.size).toBeGreaterThan(60);
});

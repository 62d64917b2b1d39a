import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { runFixture } from "./fixture-arena.ts";

const fixtures = new URL("../../fixtures/", import.meta.url);

function names(folder: string, ending: string): string[] {
  return readdirSync(new URL(folder, fixtures)).filter((name) => name.endsWith(ending));
}

function text(path: string): string {
  return readFileSync(new URL(path, fixtures), "utf8");
}

/** Kernels that wait by spinning: how often they go round depends on the schedule. */
const SPINNING: ReadonlySet<string> = new Set(["gridsync"]);

/**
 * Kernels that need more work-items than these launches have: they read shared memory that nobody wrote or that others write meanwhile, so which of them
 * faults first is the schedule's doing. Their own tests launch them as they want it.
 */
const MISLAUNCHED: ReadonlySet<string> = new Set(["sort"]);

/** Samples that use what the front end says it does not have. */
const REFUSED: ReadonlySet<string> = new Set(["sm_75/12_tex_const.ptx", "sm_90/12_tex_const.ptx", "sm_90/09_coop.ptx"]);

/** Kernels that came to an end, whether by finishing or by a fault, on both implementations. */
function compare(module: Module, limit: number): { readonly done: number; readonly faults: number; readonly given: number } {
  const [interpreter, compiled] = [interpretModule(module), compileModule(module)];
  const counts = { done: 0, faults: 0, given: 0 };
  for (const kernel of interpreter.kernels.keys()) {
    const expected = runFixture(interpreter, kernel, limit);
    if (expected === null || MISLAUNCHED.has(kernel)) {
      counts.given++;
      continue;
    }
    const ignored = SPINNING.has(kernel) ? { instructions: 0, bytes: 0 } : {};
    expect({ kernel, ...runFixture(compiled, kernel, Infinity), ...ignored }).toEqual({ kernel, ...expected, ...ignored });
    if (expected.end === "done") counts.done++;
    else counts.faults++;
  }
  return counts;
}

describe("compiled samples do the same on the interpreter and on WebAssembly", () => {
  test.each(["sm_75", "sm_90"].flatMap((arch) => names(`ptx/${arch}/`, ".ptx").map((name) => `${arch}/${name}`)))("%s", (path) => {
    let module: Module;
    try {
      module = ptxToIr(text(`ptx/${path}`), path);
    } catch (error) {
      expect([path, error instanceof CompileError && error.kind]).toEqual([REFUSED.has(path) ? path : "a sample that compiles", "unsupported"]);
      return;
    }
    const { done, faults } = compare(module, 2e6);
    expect(done + faults).toBeGreaterThan(0);
  });

  test.each(names("opencl/", ".ll"))("%s", (name) => {
    const { done, faults } = compare(openclToIr(text(`opencl/${name}`), name), 2e6);
    expect(done + faults).toBeGreaterThan(0);
  });
});

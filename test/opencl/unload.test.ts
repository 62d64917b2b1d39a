import { afterEach, beforeEach, expect, test } from "vitest";
import { forgetMemory } from "../../src/compiler/clang/cache.ts";
import { compilerOf, useOpenClCompiler } from "../../src/compiler/clang/compiler.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import type { cl_platform_id, cl_program } from "../../src/opencl/abi/types.ts";
import { irOf } from "../compiler/clang/fixtures.ts";
import { Bench } from "./harness.ts";

const before = process.env["GLASSGPU_CACHE_DIR"];
beforeEach(() => {
  process.env["GLASSGPU_CACHE_DIR"] = "off";
  forgetMemory();
});
afterEach(() => {
  useOpenClCompiler(undefined);
  if (before === undefined) delete process.env["GLASSGPU_CACHE_DIR"];
  else process.env["GLASSGPU_CACHE_DIR"] = before;
});

/** OpenCL 3.0 API 5.8.7: unloading is a hint, and the compiler comes back when it is needed. */
test("an unloaded compiler gives back what it kept in memory, and later builds load it again", () => {
  let [runs, released] = [0, 0];
  useOpenClCompiler(compilerOf({ id: "pretend", run: () => (runs++, { ok: true, ir: irOf("build-time"), log: "words\n" }), release: () => released++ }));
  const b = new Bench();
  const { cl } = b;
  const ctx = b.context();
  const build = (text = "source"): cl_program => {
    const program = b.make((e) => cl.clCreateProgramWithSource(ctx, 1, [text], null, e));
    b.ok(cl.clBuildProgram(program, 0, null, null, null, null));
    return program;
  };
  const first = build();
  build();
  expect([runs, released]).toEqual([1, 0]);
  b.ok(cl.clUnloadPlatformCompiler(b.platform));
  expect([runs, released]).toEqual([1, 1]);
  const again = build();
  build();
  expect([runs, released]).toEqual([2, 1]);
  b.ok(cl.clUnloadCompiler());
  expect(released).toBe(2);
  expect(cl.clUnloadPlatformCompiler(5 as cl_platform_id)).toBe(E.CL_INVALID_PLATFORM);
  expect(released, "refused").toBe(2);
  // Programs that were built stay what they are.
  for (const program of [first, again]) expect(b.kernelOf(program, "k50")).toBeGreaterThan(0);
  build("another");
  expect(runs).toBe(3);
});

test("without a compiler there is nothing to unload", () => {
  useOpenClCompiler(null);
  const b = new Bench();
  b.ok(b.cl.clUnloadPlatformCompiler(b.platform));
  b.ok(b.cl.clUnloadCompiler());
  const program = b.make((e) => b.cl.clCreateProgramWithSource(b.context(), 1, [""], null, e));
  expect(b.cl.clBuildProgram(program, 0, null, null, null, null)).toBe(E.CL_COMPILER_NOT_AVAILABLE);
});

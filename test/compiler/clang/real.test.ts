import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileOpenCl } from "../../../src/compiler/clang/build.ts";
import { compilerOf } from "../../../src/compiler/clang/compiler.ts";
import { wasmClang } from "../../../src/compiler/clang/wasm.ts";
import { imageExtensions, imageFeatures, languageExtensions, languageFeatures } from "../../../src/compiler/clang/extensions.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { irOf, irPath, PROGRAMS, sourceOf } from "./fixtures.ts";

/**
 * The only tests that start a compiler. Where the optional package is not installed there is nothing to test; the rest of the suite works on
 * the LLVM IR that is kept beside the programs. GLASSGPU_WRITE_FIXTURES=1 writes that again, for all of them; otherwise two are compared,
 * which shows whether arguments or the compiler have changed.
 */
const writing = process.env["GLASSGPU_WRITE_FIXTURES"] === "1";
const withImages = [...languageExtensions, ...languageFeatures, ...imageExtensions, ...imageFeatures];
const tool = wasmClang();
const compiler = tool === null ? null : compilerOf(tool);

test("the kept LLVM IR is what Clang makes of the programs", { timeout: 120_000 }, () => {
  if (compiler === null) return;
  for (const name of writing ? PROGRAMS : ["build-time", "images"]) {
    const result = compileOpenCl(sourceOf(name), { compiler, name, ...(name === "images" ? { extensions: withImages } : {}) });
    expect(result.log, name).not.toContain("error");
    if (!result.ok) throw new Error(`${name} does not build: ${result.log}`);
    expect(verifyModule(result.module), name).toEqual([]);
    if (writing) writeFileSync(irPath(name), result.ir);
    else expect(result.ir === irOf(name), `${name}.ll is stale: write it again`).toBe(true);
  }
});

test("diagnostics, headers and language versions", { timeout: 120_000 }, () => {
  if (compiler === null) return;
  const build = (source: string, options = "", headers = {}): ReturnType<typeof compileOpenCl> => compileOpenCl(source, { compiler, options, headers });
  expect(build("kernel void k( { return x; }").log).toContain("program.cl:1:16: error: expected parameter declarator");
  expect(build("kernel void k(global int *p) { int unused; p = 0; }", "-Werror").ok).toBe(true);
  const counter = "__kernel void counter(__global atomic_int* count) { atomic_fetch_add(count, 1); }";
  expect(["", "-cl-std=CL2.0", "-cl-std=CL3.0", "-cl-std=CL1.2"].map((std) => build(counter, std).ok)).toEqual([true, true, true, false]);
  const included = build('#include "a/x.h"\n#include <b.h>\nkernel void k(global int* o) { *o = X + B + C; }', "-DC=4", { "a/x.h": '#include "y.h"\n#define X Y', "a/y.h": "#define Y 5", "b.h": "#define B 3" });
  expect(included.log).toBe("");
  expect(included.ok).toBe(true);
  const image = "kernel void k(read_only image2d_t i) {}";
  expect(build(image)).toMatchObject({ ok: false, failure: "failed" });
  expect(compileOpenCl(image, { compiler, extensions: withImages }).ok).toBe(true);
});

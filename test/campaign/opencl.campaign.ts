import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileOpenCl } from "../../src/compiler/clang/build.ts";
import { compilerOf } from "../../src/compiler/clang/compiler.ts";
import { wasmClang } from "../../src/compiler/clang/wasm.ts";
import { fate } from "../compiler/ptx/mutant-check.ts";
import { mutant, sourceOf } from "../compiler/ptx/mutate.ts";

/** Mutated OpenCL C through the optional compiler: a module whose kernels compile, or a log that says what is wrong and where. `GLASSGPU_RUNS` and `GLASSGPU_SEED` as for the others. */
const runs = Number(process.env["GLASSGPU_RUNS"] ?? 5000);
const seed = Number(process.env["GLASSGPU_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const texts = ["build-time", "features", "groups"].map((name) => readFileSync(new URL(`../fixtures/opencl/${name}.cl`, import.meta.url), "utf8"));
// Single kernels: what stands before the first one goes with each.
const sources = texts.flatMap((text) => {
  const at = [...text.matchAll(/^(__)?kernel /gm)].map(({ index }) => index);
  return at.map((from, i) => sourceOf(text.slice(0, at[0]) + text.slice(from, at[i + 1]), /^[a-z]\w?$/));
});

test(`OpenCL C: ${Math.ceil(runs / 500)} mutants from number ${seed}`, { timeout: 0 }, () => {
  const tool = wasmClang();
  expect(tool, "the optional compiler is not installed").not.toBeNull();
  const compiler = compilerOf(tool!);
  const counts = { built: 0, refused: 0 };
  for (let i = seed; i < seed + Math.ceil(runs / 500); i++) {
    const { text, what } = mutant(sources, i);
    const where = `mutant ${i} (${what})\n${text}`;
    const result = compileOpenCl(text, { compiler, name: "mutant" });
    if (result.ok) {
      counts.built++;
      expect(fate(text, () => result.module, true, false), where).toBe("module with code");
    } else {
      counts.refused++;
      expect(result.log, where).toMatch(/\d+:\d+: (fatal )?error: |error: |unsupported|line \d+/);
    }
  }
  console.log(JSON.stringify(counts));
});

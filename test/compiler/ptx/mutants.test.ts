import { expect, test } from "vitest";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { fixture } from "./bench.ts";
import { checkMutants } from "./mutant-check.ts";
import { sourceOf } from "./mutate.ts";

/** Everyday runs of test/campaign/ptx.campaign.ts: bytes, tokens, lines, numbers, registers and types changed, texts cut and spliced. */
const names = ["01_vecadd", "02_matmul", "03_reduce", "04_hist_atomics", "05_scan_dynsmem", "07_printf_assert", "10_half_bf16", "12_tex_const", "13_wmma_async", "14_atomic_ref_cdp", "15_cdp"] as const;

test("2,000 mutants of small modules give a module or a reason with a line, and what loads compiles on both paths", () => {
  const sources = names.map((name) => sourceOf(fixture(name === "01_vecadd" || name === "14_atomic_ref_cdp" ? "sm_75" : "sm_90", name)));
  const { counts } = checkMutants(sources, (text) => ptxToIr(text), 500, 2000, { compileEvery: 16, lines: true });
  // Both fates must be common, or the mutants say nothing.
  expect(counts.refused).toBeGreaterThan(500);
  expect(counts.module).toBeGreaterThan(200);
  expect(counts["module with code"]).toBeGreaterThan(12);
});

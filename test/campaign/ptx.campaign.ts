import { readdirSync, readFileSync } from "node:fs";
import { test } from "vitest";
import { CompileError } from "../../src/compiler/abi.ts";
import { Linker } from "../../src/compiler/ir/link.ts";
import type { Module } from "../../src/compiler/ir/module.ts";
import { verifyModule } from "../../src/compiler/ir/verify.ts";
import { openclToIr } from "../../src/compiler/llvm/opencl.ts";
import { ptxToIr } from "../../src/compiler/ptx/index.ts";
import { RESERVED } from "../../src/compiler/ptx/lower/module.ts";
import { checkMutants } from "../compiler/ptx/mutant-check.ts";
import { sourceOf, type Source } from "../compiler/ptx/mutate.ts";

/**
 * A long search for texts that the front ends do not take as they should, and for modules that the back end cannot compile:
 * `GLASSGPU_RUNS=100000 GLASSGPU_SEED=7 npx vitest run --config test/campaign/vitest.config.ts ptx`. A failure names the mutant's number (give it as the seed, with one run) and shows a reduced text.
 */
const runs = Number(process.env["GLASSGPU_RUNS"] ?? 5000);
const seed = Number(process.env["GLASSGPU_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const fixtures = new URL("../fixtures/", import.meta.url);

function sources(folder: string, ending: string, register: RegExp, longest: number): Source[] {
  const names = readdirSync(new URL(folder, fixtures)).filter((name) => name.endsWith(ending));
  return names.map((name) => readFileSync(new URL(folder + name, fixtures), "utf8")).filter((text) => text.length < longest).map((text) => sourceOf(text, register));
}

function search(name: string, from: readonly Source[], front: Parameters<typeof checkMutants>[1], count: number, lines: boolean): void {
  test(`${name}: ${count} mutants from number ${seed}`, { timeout: 0 }, () => {
    const { counts, slowest } = checkMutants(from, front, seed, count, { compileEvery: 4, lines, clock: () => performance.now() });
    console.log(name, JSON.stringify(counts), `slowest: mutant ${slowest.seed}, ${Math.round(slowest.ms)} ms`);
  });
}

const ptx = (longest: number): Source[] => ["sm_75", "sm_90"].flatMap((arch) => sources(`ptx/${arch}/`, ".ptx", /^%\w+$/, longest));
search("PTX, small files", ptx(7000), (text) => ptxToIr(text), runs, true);
search("PTX, all files", ptx(Infinity), (text) => ptxToIr(text), Math.ceil(runs / 10), true);
search("PTX, instructions one by one", sources("ptx/nvcc/", ".ptx", /^%\w+$/, Infinity), (text) => ptxToIr(text, "mutant", { linking: "whole" }), Math.ceil(runs / 10), true);

/** A mutated unit linked with one as it was. */
const units = ["a", "b"].map((name) => readFileSync(new URL(`ptx/link/${name}.ptx`, fixtures), "utf8"));
const whole = ptxToIr(units[1]!, "b", { linking: "unit" });
function linked(text: string): Module {
  const unit = ptxToIr(text, "mutant", { linking: "unit" });
  const linker = new Linker({ name: "linked", same: (name) => name.startsWith(RESERVED), allVariables: true });
  const problems = [...linker.add(whole, "b"), ...linker.add(unit, "mutant")];
  const result = problems.length > 0 ? problems : linker.finish();
  if ("functions" in result) return result;
  throw new CompileError("link", result.map(({ kind, symbol }) => `${kind} ${symbol}`).join("; "), 1);
}
search("PTX, linked", units.map((text) => sourceOf(text)), linked, Math.ceil(runs / 5), true);
/** LLVM IR comes from Clang, which checks it: whatever it says is lowered, refused, or lowered to what the verifier refuses. */
function opencl(text: string): Module {
  const module = openclToIr(text, "mutant");
  const [problem] = verifyModule(module);
  if (problem !== undefined) throw new CompileError("type", problem);
  return module;
}

search("LLVM IR of OpenCL C", sources("opencl/", ".ll", /^%[\w.]+$/, Infinity), opencl, Math.ceil(runs / 20), false);

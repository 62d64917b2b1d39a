import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import v8, { cachedDataVersionTag } from "node:v8";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compilerArguments } from "../../../src/compiler/clang/arguments.ts";
import type { Compiled } from "../../../src/compiler/clang/cache.ts";
import { languageExtensions } from "../../../src/compiler/clang/extensions.ts";
import { compilingThreads, machineCodeFile } from "../../../src/compiler/clang/machine-code.ts";
import { parseBuildOptions } from "../../../src/compiler/clang/options.ts";
import { findPackage } from "../../../src/compiler/clang/package.ts";
import type { ClangTool } from "../../../src/compiler/clang/tool.ts";
import { wasmClang } from "../../../src/compiler/clang/wasm.ts";

let folder = "";
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glassgpu-test-"));
  process.env["GLASSGPU_CACHE_DIR"] = folder;
});
afterEach(() => {
  for (const tool of tools.splice(0)) tool.release!();
  for (const name of ["GLASSGPU_CACHE_DIR", "GLASSGPU_CLANG_CODE", "NODE_OPTIONS"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  rmSync(folder, { recursive: true, force: true });
});

const tools: ClangTool[] = [];

/** A Clang of a new thread, which ends with the test. */
function clang(): ClangTool | null {
  const tool = wasmClang();
  if (tool !== null) tools.push(tool);
  return tool;
}

const supported = process.versions.v8.startsWith("11.3.");

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** The files of machine code that are there, whole ones only. */
function kept(): string[] {
  const place = join(folder, "machine-code");
  return existsSync(place) ? readdirSync(place).filter((name) => name.endsWith(".bin")).map((name) => join(place, name)) : [];
}

const parsed = parseBuildOptions("");
if (!parsed.ok) throw new Error(parsed.message);
const args = compilerArguments(parsed.options, languageExtensions);

/** A program, by a Clang of a new thread. */
function compile(): Compiled | null {
  const tool = clang();
  return tool === null ? null : tool.run({ args, files: { "program.cl": "kernel void k(global int *p) { p[get_global_id(0)] = 5; }" } });
}

test("a second Clang starts from the machine code of the first, and from nothing when that is damaged", { timeout: 60_000 }, () => {
  const first = compile();
  if (first === null) return;
  expect(first.ok).toBe(true);
  if (!supported) return;
  for (let waited = 0; kept().length === 0 && waited < 20_000; waited += 50) sleep(50);
  const [file] = kept();
  expect(statSync(file!).size).toBeGreaterThan(100_000);
  expect(compile()).toEqual(first);
  expect(kept(), "V8 took it: what it refuses is removed").toEqual([file]);
  for (const tool of tools.splice(0)) tool.release!();
  // Larger than any that will be made, and not what its hash says.
  writeFileSync(file!, Buffer.concat([readFileSync(file!), Buffer.alloc(50 << 20)]));
  expect(compile()).toEqual(first);
  tools.pop()!.release!();
  expect(statSync(file!).size, "it made room for a new one").toBeLessThan(50 << 20);
});

test("what a compiler leaves when it is released, or when the process ends, is there at once, and V8's flags are as they were", { timeout: 60_000 }, () => {
  const tool = clang();
  if (tool === null) return;
  // Flags are the whole process's, in which other tests may run a Clang too.
  const plain = machineCodeFile(findPackage()!.url, "1")?.match(/([0-9a-f]+)\.bin$/)?.[1] ?? cachedDataVersionTag().toString(16);
  const untilPlain = (): boolean => {
    for (let waited = 0; waited < 15_000; waited += 5, sleep(5)) if (cachedDataVersionTag().toString(16) === plain) return true;
    return false;
  };
  const run = (value: number): Compiled => tool.run({ args, files: { "program.cl": `kernel void k(global int *p) { p[get_global_id(0)] = ${value}; }` } });
  // One listener for all compilers of the process: other tests' may be there already.
  const settlers = (): readonly NodeJS.ExitListener[] => process.listeners("exit").filter((one) => one.name === "settleAll");
  const before = settlers().length;
  expect(run(1).ok).toBe(true);
  expect(settlers()).toHaveLength(1);
  expect(kept()).toEqual([]);
  // As at the end of the process.
  settlers()[0]!(0);
  expect(untilPlain()).toBe(true);
  expect(kept()).toHaveLength(supported ? 1 : 0);
  expect(run(2).ok).toBe(true);
  for (const file of kept()) rmSync(file);
  tool.release!();
  expect(untilPlain()).toBe(true);
  expect(settlers()).toHaveLength(before);
  tool.release!();
  expect(run(3).ok, "a new thread").toBe(true);
  tool.release!();
  expect(kept()).toHaveLength(supported ? 1 : 0);
  expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith(".part"))).toEqual([]);
});

test("Clang has a processor to itself where there are few", () => {
  const processors = vi.spyOn(os, "availableParallelism");
  const threads = [1, 2, 4, 5, 64].map((count) => (processors.mockReturnValue(count), compilingThreads()));
  process.env["NODE_OPTIONS"] = "--no-wasm-tier-up";
  processors.mockReturnValue(2);
  expect([...threads, compilingThreads()]).toEqual(supported ? [1, 1, 3, 0, 0, 0] : [0, 0, 0, 0, 0, 0]);
  processors.mockRestore();
});

test("a V8 that was not tried is told nothing, and Clang works all the same", { timeout: 60_000 }, () => {
  const versions = Object.getOwnPropertyDescriptor(process, "versions")!;
  Object.defineProperty(process, "versions", { ...versions, value: { ...process.versions, v8: "12.4.254.21-node.33" } });
  const told = vi.spyOn(v8, "setFlagsFromString");
  try {
    const tool = clang();
    if (tool === null) return;
    expect(compilingThreads()).toBe(0);
    expect(tool.run({ args, files: { "program.cl": "kernel void k() { }" } }).ok).toBe(true);
    tool.release!();
    expect(tool.run({ args, files: { "program.cl": "kernel void l() { }" } }).ok).toBe(true);
    expect(told).not.toHaveBeenCalled();
    expect(kept()).toEqual([]);
  } finally {
    told.mockRestore();
    Object.defineProperty(process, "versions", versions);
  }
});

test("there is none where the user or V8's flags say so, or the package is put together otherwise", () => {
  const missing = "file:///nowhere/gen/bundle.js";
  expect(machineCodeFile(missing, "1")).toBeNull();
  writeFileSync(join(folder, "llvm.core.wasm"), "x");
  const url = `file://${folder}/bundle.js`;
  const file = machineCodeFile(url, "22.0/x");
  expect(file === null).toBe(!supported);
  if (file !== null) expect(file.startsWith(join(folder, "machine-code", "22.0_x-1-"))).toBe(true);
  process.env["NODE_OPTIONS"] = "--liftoff-only";
  expect(machineCodeFile(url, "1")).toBeNull();
  delete process.env["NODE_OPTIONS"];
  process.env["GLASSGPU_CLANG_CODE"] = "off";
  expect(machineCodeFile(url, "1")).toBeNull();
  delete process.env["GLASSGPU_CLANG_CODE"];
  process.env["GLASSGPU_CACHE_DIR"] = "off";
  expect(machineCodeFile(url, "1")).toBeNull();
});

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compilerArguments } from "../../../src/compiler/clang/arguments.ts";
import type { Compiled } from "../../../src/compiler/clang/cache.ts";
import { languageExtensions } from "../../../src/compiler/clang/extensions.ts";
import { machineCodeFile } from "../../../src/compiler/clang/machine-code.ts";
import { parseBuildOptions } from "../../../src/compiler/clang/options.ts";
import { wasmClang } from "../../../src/compiler/clang/wasm.ts";

let folder = "";
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glassgpu-test-"));
  process.env["GLASSGPU_CACHE_DIR"] = folder;
});
afterEach(() => {
  for (const name of ["GLASSGPU_CACHE_DIR", "GLASSGPU_CLANG_CODE", "NODE_OPTIONS"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  rmSync(folder, { recursive: true, force: true });
});

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
  const tool = wasmClang();
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
  const bytes = readFileSync(file!);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(file!, bytes);
  expect(compile()).toEqual(first);
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

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clangOf, wasmClang } from "../../../src/compiler/clang/wasm.ts";

/** A package of another make than the known: only its functions are there. It answers with what it was given. */
const OTHER = `
import { existsSync, writeFileSync } from "node:fs";
export class Exit extends Error {}
export function runLLVM(args, files, { stdout, stderr } = {}) {
  if (args === null) return Promise.resolve();
  const text = (words) => new TextEncoder().encode(words);
  const marker = args.find((arg) => arg.startsWith("-exit-once="))?.slice(11);
  if (args.includes("-exit") || (marker !== undefined && !existsSync(marker))) {
    if (marker !== undefined) writeFileSync(marker, "");
    process.exit(7);
  }
  if (args.includes("-crash")) throw new Error("unreachable");
  stderr(text("a word\\n"));
  if (args.includes("-fail")) throw new Exit();
  stdout(text(JSON.stringify({ args: args.filter((arg) => !arg.includes("kernel=")), files })));
  stdout(null);
}
`;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glassgpu-test-"));
  writeFileSync(join(folder, "other.mjs"), OTHER);
  writeFileSync(join(folder, "broken.mjs"), "throw new Error('no such thing');");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a package that is put together otherwise is run through its functions", { timeout: 30_000 }, () => {
  const tool = clangOf({ url: pathToFileURL(join(folder, "other.mjs")).href, version: "1" });
  const files = { "program.cl": "source", "/a/b.h": "header", "./a/c.h": "another" };
  const answer = tool.run({ args: ["-x", "cl"], files });
  expect([answer.ok, answer.log]).toEqual([true, "a word\n"]);
  expect(JSON.parse(answer.ir)).toEqual({ args: ["clang", "-cc1", "-x", "cl", "-o", "-", "program.cl"], files: { "program.cl": "source", a: { "b.h": "header", "c.h": "another" } } });
  expect(tool.run({ args: ["-fail"], files })).toEqual({ ok: false, ir: "", log: "a word\n" });
  expect(tool.run({ args: ["-crash"], files })).toEqual({ ok: false, ir: "", log: "\nthe compiler stopped unexpectedly: Error: unreachable\n" });
  expect(tool.run({ args: ["-x", "cl"], files }), "a new thread takes over").toEqual(answer);
});

test("a thread that ends is noticed at once: another takes over, and where that one ends too it is told", { timeout: 30_000 }, () => {
  const tool = clangOf({ url: pathToFileURL(join(folder, "other.mjs")).href, version: "1" });
  const start = process.hrtime.bigint();
  expect(tool.run({ args: [`-exit-once=${join(folder, "marker")}`], files: {} })).toMatchObject({ ok: true, log: "a word\n" });
  expect(() => tool.run({ args: ["-exit"], files: {} })).toThrow(/gave no answer \(its thread has ended\)/);
  expect(tool.run({ args: ["-x", "cl"], files: {} }).ok).toBe(true);
  expect(Number(process.hrtime.bigint() - start)).toBeLessThan(15e9);
});

test("a package that cannot be loaded is told, each time, and does not hang", { timeout: 30_000 }, () => {
  const tool = clangOf({ url: pathToFileURL(join(folder, "broken.mjs")).href, version: "1" });
  for (let i = 0; i < 2; i++) expect(() => tool.run({ args: [], files: {} })).toThrow(/gave no answer.*no such thing/);
});

test("folders, names that climb, and files that are not there", { timeout: 120_000 }, () => {
  const tool = wasmClang();
  if (tool === null) return;
  const build = (source: string, files: Readonly<Record<string, string>>, ...args: string[]): { ok: boolean; log: string } => {
    const { ok, log } = tool.run({ args: ["-triple", "spir64", "-x", "cl", "-emit-llvm", ...args], files: { ...files, "program.cl": source } });
    return { ok, log };
  };
  const uses = "kernel void k(global int *p) { *p = ONE; }";
  const fine = { ok: true, log: "" };
  expect(build(`#include "a/b/one.h"\n${uses}`, { "a/b/one.h": '#include "../two.h"', "a/two.h": "#define ONE 1" })).toEqual(fine);
  expect(build(`#include <one.h>\n${uses}`, { "/far/away/one.h": "#define ONE 1" }, "-I", "/far/away")).toEqual(fine);
  expect(build(`#include <one.h>\n${uses}`, { "../beside/one.h": "#define ONE 1" }, "-I", "../beside")).toEqual(fine);
  expect(build(`#include <one.h>\n${uses}`, { "in/one.h": "#define ONE 1" }, "-I", "./in/")).toEqual(fine);
  expect(build('#include "a"\n', { "a/b.h": "" }).log).toContain("'a' file not found");
  expect(build('#include "a/b.h/c.h"\n', { "a/b.h": "" }).log).toContain("file not found");
  expect(build("#include <one.h>\n", {}, "-I", "/nowhere").log).toContain("'one.h' file not found");
  expect(build(`${"// long\n".repeat(50_000)}kernel void k() { }`, {})).toEqual(fine);
  expect(build("", {})).toEqual(fine);
});

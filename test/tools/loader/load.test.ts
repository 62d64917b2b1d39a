import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPackage, type BuiltPackage } from "../cli/built.ts";

let built: BuiltPackage;
let cache: string;
beforeAll(async () => {
  built = await buildPackage();
  cache = mkdtempSync(join(tmpdir(), "loader-"));
}, 120_000);
afterAll(() => {
  built.remove();
  rmSync(cache, { recursive: true, force: true });
});

/** What a module prints in a new process. */
function node(script: string, env: Readonly<Record<string, string>> = {}): string {
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", env: { ...process.env, GLASSGPU_CACHE_DIR: cache, ...env } });
  expect(done.stderr).toBe("");
  return done.stdout;
}
const url = (file: string): string => JSON.stringify(pathToFileURL(join(built.folder, "dist", file)).href);
const program = (): string => `
  const { createMachine, out, EmulatorBug } = await import(${url("index.node.js")});
  const { cuInit, cuMemAlloc, CUresult } = await import(${url("cuda/entry/cuda.node.js")});
  const { runProgram } = await import(${url("testing/index.node.js")});
  const machine = createMachine();
  machine.use(machine.process("p"));
  console.log(cuInit(0), cuMemAlloc(out(), 64), CUresult.CUDA_ERROR_INVALID_CONTEXT, typeof runProgram, new EmulatorBug("x") instanceof Error, machine.diagnostics().at(-1).site);`;
const files = (): string[] => {
  const folder = join(cache, "code");
  return existsSync(folder) ? readdirSync(folder).flatMap((build) => readdirSync(join(folder, build)).map((file) => join(folder, build, file))) : [];
};

test("code runs the same without a cache, making one, with it, and with a damaged one", () => {
  const without = node(program(), { GLASSGPU_CACHE_DIR: "off" });
  expect(without).toMatch(/^0 201 201 function true \S*\[eval1?\]:\d+:\d+\n$/);
  expect(files()).toEqual([]);
  expect(node(program())).toBe(without);
  const made = files();
  expect(made.map((file) => file.replace(/.*[+/]/, ""))).toEqual(expect.arrayContaining(["index.cjs.bin", "cuda.cjs.bin", "library.cjs.bin"]));
  expect(node(program())).toBe(without);
  expect(files()).toEqual(made);
  for (const file of made) writeFileSync(file, readFileSync(file).subarray(0, 40));
  expect(node(program())).toBe(without);
});

test("a process that changed V8's flags leaves no compiled code behind", () => {
  const [before, folder] = [cache, mkdtempSync(join(tmpdir(), "loader-flags-"))];
  cache = folder;
  node(`${program()}; (await import("node:v8")).setFlagsFromString("--no-opt");`);
  expect(files()).toEqual([]);
  node(program());
  expect(files()).not.toEqual([]);
  cache = before;
  rmSync(folder, { recursive: true });
});

test("a process that has run more than those before adds it, however short it was", () => {
  const [before, folder] = [cache, mkdtempSync(join(tmpdir(), "loader-more-"))];
  cache = folder;
  const size = (): number => files().reduce((sum, file) => sum + readFileSync(file).length, 0);
  for (let i = 0; i < 4; i++) node(program());
  const small = size();
  node(`${program()}; await new Promise((done) => setTimeout(done, 300));`);
  expect(size()).toBe(small);
  node(`${program()}; machine.process("q").cudart.cudaMalloc(out(), 64);`);
  expect(size()).toBeGreaterThan(small);
  cache = before;
  rmSync(folder, { recursive: true });
});

test("a copy of the package elsewhere knows its own code in stacks", () => {
  const here = node(program());
  const copy = join(built.folder, "copy");
  cpSync(join(built.folder, "dist"), join(copy, "dist"), { recursive: true });
  const there = program().replaceAll(url("").slice(1, -1), pathToFileURL(join(copy, "dist")).href);
  expect(there).toContain("/copy/dist/index.node.js");
  expect(node(there)).toBe(here);
});

test("Node's modules export what the ES modules do", () => {
  const { exports } = JSON.parse(readFileSync(join(built.folder, "package.json"), "utf8")) as { exports: Record<string, string | { node: string; default: string }> };
  const pairs = Object.values(exports).flatMap((target) => (typeof target === "string" ? [] : [[target.node, target.default].map((file) => url(file.replace("./dist/", "")))]));
  const script = `for (const [a, b] of [${pairs.map((pair) => `[${pair.join()}]`).join()}]) {
    const names = async (file) => Object.keys(await import(file)).filter((name) => name !== "default").sort().join();
    console.log(await names(a) === await names(b));
  }`;
  expect(node(script)).toBe("true\n".repeat(pairs.length));
});

import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import tsconfig from "../../tsconfig.json" with { type: "json" };
import { root, textOf } from "../architecture/sources.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly module: string; readonly node: string; readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly sideEffects: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

interface Lock {
  readonly version: string;
  readonly packages: Readonly<Record<string, Partial<Manifest> & { readonly version?: string; readonly optional?: boolean; readonly dev?: boolean }>>;
}

const manifest = JSON.parse(textOf("package.json")) as Manifest;
const lock = JSON.parse(textOf("package-lock.json")) as Lock;
/** dist/cuda/index.js is made from src/cuda/index.ts. */
const sourceOf = (built: string): string => built.replace(/^\.?\/?dist/, "src").replace(/(\.d\.ts|\.js)$/, ".ts");

const entries = Object.entries(manifest.exports).flatMap(([name, target]) => (typeof target === "string" ? [] : [{ name: name.replace(/^\./, "glassgpu"), ...target }]));

describe("the package", () => {
  test.each(entries)("$name has a source, types beside the code, and the same place in every configuration", ({ name, types, default: code }) => {
    expect(existsSync(`${root}/${sourceOf(code)}`)).toBe(true);
    expect(sourceOf(types)).toBe(sourceOf(code));
    expect((tsconfig.compilerOptions.paths as Record<string, string[]>)[name]).toEqual([`./${sourceOf(code)}`]);
  });

  test.each(entries)("$name: bundlers and browsers get the ES module, Node the one that loads compiled code", ({ module, node, default: code }) => {
    expect(module).toBe(code);
    expect(node).toBe(code.replace(/\.js$/, ".node.js"));
  });

  test("offers what it promises", () => {
    const promised = ["glassgpu", "glassgpu/cuda", "glassgpu/cuda12", "glassgpu/cudart", "glassgpu/opencl", "glassgpu/kernel", "glassgpu/testing"];
    expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(promised));
    expect(Object.keys(tsconfig.compilerOptions.paths).sort()).toEqual(entries.map(({ name }) => name).sort());
  });

  test("documents every entry point, and nothing else", () => {
    const typedoc = JSON.parse(textOf("typedoc.json")) as { entryPoints: string[] };
    expect(typedoc.entryPoints.toSorted()).toEqual(entries.map((entry) => sourceOf(entry.default)).sort());
  });

  test("has a program that runs", () => {
    expect(textOf(sourceOf(manifest.bin["glassgpu"]!))).toContain("export async function start(");
  });

  test("needs nothing at run time that cannot be left out", () => {
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(Object.keys(manifest.optionalDependencies).sort()).toEqual(["@yowasp/clang", "amaro"]);
    expect(manifest.optionalDependencies["@yowasp/clang"]).toMatch(/^\d/);
  });

  test("the lock file says the same as package.json", () => {
    const top = lock.packages[""]!;
    expect([lock.version, top.version]).toEqual([manifest.version, manifest.version]);
    for (const kind of ["dependencies", "devDependencies", "optionalDependencies"] as const) expect(top[kind] ?? {}).toEqual(manifest[kind] ?? {});
    expect(lock.packages["node_modules/@yowasp/clang"]).toMatchObject({ version: manifest.optionalDependencies["@yowasp/clang"], optional: true });
  });

  test("scripts exist that the README and the checks call", () => {
    for (const name of ["start", "build", "test", "typecheck", "lint", "docs", "bench", "coverage:api"]) expect(manifest.scripts).toHaveProperty([name]);
    for (const command of Object.values(manifest.scripts)) {
      const file = /^node (\S+)/.exec(command)?.[1];
      if (file !== undefined) expect(existsSync(`${root}/${file}`)).toBe(true);
    }
  });
});

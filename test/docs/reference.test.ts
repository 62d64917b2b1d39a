import { execFileSync } from "node:child_process";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { isNamed } from "../../scripts/reference/blocking.mjs";
import { driverSupport, runtimeSupport } from "../../src/cuda/support.ts";
import { openclSupport } from "../../src/opencl/support.ts";
import { filesUnder, parse, root, textOf } from "../architecture/sources.ts";

/**
 * What the API reference says of a function has all its parts: what it does, every parameter, when it waits, where it is written, and its errors.
 */

/** Doc comments of the exports of an entry module, by name. */
function comments(file: string): Map<string, string> {
  return new Map([...textOf(file).matchAll(/(\/\*\*(?:(?!\*\/)[^])*\*\/)\nexport const (\w+):/g)].map((match) => [match[2]!, match[1]!.replaceAll(/^ \* ?/gm, "")]));
}

interface Implementation {
  readonly parameters: readonly string[];
  readonly waits: boolean;
}

/** Exported functions of the chapter files of a folder. */
function implementations(folder: string): Map<string, Implementation> {
  const found = new Map<string, Implementation>();
  for (const file of filesUnder(folder, ".ts").filter((name) => !/\/(core|runtime\/\w+|abi|entry)\//.test(name.slice(folder.length)))) {
    for (const node of parse(file).statements) {
      if (!ts.isFunctionDeclaration(node) || node.name === undefined || !(node.modifiers ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) continue;
      found.set(node.name.text, { parameters: node.parameters.slice(1).map((parameter) => parameter.name.getText()), waits: node.type?.getText().startsWith("Blocking<") ?? false });
    }
  }
  return found;
}

/** Parts that a comment lacks. */
function lacking(comment: string, parameters: readonly string[]): string[] {
  const lacks = parameters.filter((name) => !new RegExp(`^@param ${name} \\S`, "m").test(comment)).map((name) => `@param ${name}`);
  const summary = comment.slice(3, comment.search(/^(C|Partial|Blocking): /m)).trim();
  if (!/^([A-Z`]|cu)[^]{8,}[.:]/.test(summary)) lacks.push("what it does");
  if (!/^C: `/m.test(comment)) lacks.push("C declaration");
  if (!/^Blocking: \S[^]*?\./m.test(comment)) lacks.push("Blocking");
  if (!/^Source: (CUDA (Driver|Runtime) API 13\.0|OpenCL 3\.1 API specification), \S/m.test(comment)) lacks.push("Source");
  if (!/^@returns \S/m.test(comment) || !(/^- (CUDA_ERROR_\w+|cudaError\w+|CL_\w+|as every such call)(, \w+)*: \S/m.test(comment) || /There are no errors|^@returns [a-z"]/m.test(comment))) lacks.push("errors");
  return lacks;
}

const apis = [
  { api: "driver", entry: "src/cuda/entry/cuda.ts", folder: "src/cuda/driver", rows: driverSupport },
  { api: "runtime", entry: "src/cuda/entry/cudart.ts", folder: "src/cuda/runtime", rows: runtimeSupport },
  { api: "opencl", entry: "src/opencl/entry/opencl.ts", folder: "src/opencl", rows: openclSupport },
] as const;

describe.each(apis)("reference of $api", ({ api, entry, folder, rows }) => {
  const documented = comments(entry);
  const functions = implementations(folder);
  const there = rows.filter(({ support }) => support !== "refused").map(({ name }) => name);

  test("every function that works has all parts of its documentation", () => {
    const lacks = there.flatMap((name) => {
      const comment = documented.get(name);
      const implementation = functions.get(name);
      if (comment === undefined || implementation === undefined) return [`${name}: not documented`];
      return lacking(comment, implementation.parameters).map((part) => `${name}: ${part}`);
    });
    expect(lacks).toEqual([]);
    expect(there.length).toBeGreaterThan(100);
  });

  test("what is partly there says so", () => {
    const silent = rows.filter(({ name, support }) => support === "partial" && !/^Partial: \S/m.test(documented.get(name) ?? ""));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  test("of every function that can wait it is said when", () => {
    const unsaid = [...functions].filter(([name, { waits }]) => waits && there.includes(name) && !isNamed(api, name));
    expect(unsaid.map(([name]) => name)).toEqual([]);
  });
});

test("the entry modules of CUDA are what their generator writes", () => {
  execFileSync(process.execPath, ["scripts/entries.mjs", "--check"], { cwd: root, stdio: "pipe" });
});

test("the check can fail", () => {
  expect(lacking("/** Short\n*/", ["a"])).toEqual(["@param a", "what it does", "C declaration", "Blocking", "Source", "errors"]);
});

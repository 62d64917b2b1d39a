import { describe, expect, test } from "vitest";
import { filesUnder, importsOf, type Import } from "./sources.ts";

/**
 * Who may know whom (DESIGN: tools, testing -> cuda, opencl -> kernel through its system calls -> gpu -> compiled code).
 * A layer is the longest prefix that matches a file. `uses`: may be imported; `types`: only with `import type`.
 */
interface Layer {
  readonly prefix: string;
  readonly uses: readonly string[];
  readonly types: readonly string[];
}

/** What a user-mode driver sees of the machine: its system calls, who calls, errno values. */
const systemCalls = ["src/kernel/sys/", "src/kernel/process/wait.ts", "src/kernel/errors.ts"];
/** Compilers run in the user-mode driver, as they do in reality. The back end and the interpreter arrive as DeviceCode. */
const compilers = ["src/compiler/"];

const layers: readonly Layer[] = [
  { prefix: "src/compiler/", uses: ["src/compiler/", "src/kernel/errors.ts"], types: [] },
  { prefix: "src/gpu/", uses: ["src/gpu/", "src/compiler/abi.ts", "src/kernel/errors.ts", "src/kernel/footprint.ts"], types: ["src/kernel/sys/uapi.ts"] },
  { prefix: "src/kernel/", uses: ["src/kernel/", "src/gpu/", "src/compiler/abi.ts"], types: [] },
  { prefix: "src/api/", uses: ["src/api/", "src/kernel/"], types: [] },
  // Checked mode: told by allocators what is alive, and by compiled code what is touched.
  { prefix: "src/check/", uses: ["src/check/", "src/api/", "src/compiler/abi.ts", "src/compiler/wasm/checked/layout.ts", "src/gpu/", "src/kernel/errors.ts"], types: ["src/kernel/"] },
  { prefix: "src/cuda/", uses: ["src/cuda/", "src/check/", "src/api/", ...systemCalls, ...compilers], types: ["src/kernel/process/"] },
  { prefix: "src/opencl/", uses: ["src/opencl/", "src/check/", "src/api/", ...systemCalls, ...compilers], types: ["src/kernel/process/"] },
  { prefix: "src/nvml/", uses: ["src/nvml/", "src/api/", "src/host/ambient-api.ts", ...systemCalls], types: ["src/kernel/process/"] },
  // Programs of the machine: system calls, and the libraries that they are linked with.
  { prefix: "src/programs/", uses: ["src/programs/", "src/nvml/", "src/opencl/", "src/api/", ...systemCalls], types: ["src/kernel/process/", "src/host/"] },
  // The modules that people import act on a current process, which the host layer keeps.
  { prefix: "src/cuda/entry/", uses: ["src/cuda/", "src/api/", "src/host/", ...systemCalls], types: ["src/kernel/process/"] },
  { prefix: "src/opencl/entry/", uses: ["src/opencl/", "src/api/", "src/host/", ...systemCalls], types: ["src/kernel/process/"] },
  // Where user-mode drivers and processes meet.
  { prefix: "src/host/", uses: ["src/host/", "src/api/", "src/cuda/", "src/opencl/", "src/nvml/", "src/programs/", "src/kernel/"], types: [] },
  { prefix: "src/testing/", uses: ["src/"], types: [] },
  { prefix: "src/tools/", uses: ["src/"], types: [] },
  // The top level puts the machine together out of all of them, tools and testing excepted.
  { prefix: "src/", uses: ["src/api/", "src/check/", "src/cuda/", "src/opencl/", "src/nvml/", "src/programs/", "src/host/", "src/kernel/", "src/gpu/", "src/compiler/", "src/machine.ts", "src/index.ts"], types: [] },
];

/** Packages and Node modules: only here, so that the rest loads in a browser. */
const outside: readonly { readonly prefix: string; readonly packages: RegExp }[] = [
  { prefix: "src/compiler/clang/", packages: /^(node:.*|@yowasp\/clang)$/ },
  { prefix: "src/tools/cli/", packages: /^(node:.*|amaro)$/ },
  { prefix: "src/tools/loader/", packages: /^node:/ },
  { prefix: "src/testing/", packages: /^fast-check$/ },
];

function layerOf(file: string): Layer {
  const layer = layers.filter((candidate) => file.startsWith(candidate.prefix)).sort((a, b) => b.prefix.length - a.prefix.length)[0];
  if (layer === undefined) throw new Error(`no layer for ${file}`);
  return layer;
}

/** Why the import is forbidden, or null. */
function violation(found: Import): string | null {
  const at = `${found.from}:${found.line}`;
  if (!found.target.startsWith("src/")) {
    const allowed = outside.some((rule) => found.from.startsWith(rule.prefix) && rule.packages.test(found.target));
    return allowed ? null : `${at} imports ${found.target}`;
  }
  const layer = layerOf(found.from);
  if (layer.uses.some((prefix) => found.target.startsWith(prefix))) return null;
  if (found.typeOnly && layer.types.some((prefix) => found.target.startsWith(prefix))) return null;
  return `${at} (${layer.prefix}) imports ${found.target}${found.typeOnly ? " (types)" : ""}`;
}

const sources = filesUnder("src", ".ts");

describe("import rules", () => {
  test("each layer imports only what it may know", () => {
    expect(sources.flatMap(importsOf).map(violation).filter((v) => v !== null)).toEqual([]);
  });

  test("the rules can fail", () => {
    const bad: Import[] = [
      { from: "src/kernel/machine.ts", line: 1, target: "src/cuda/driver/context.ts", typeOnly: true },
      { from: "src/cuda/driver/context.ts", line: 1, target: "src/kernel/drm/gem.ts", typeOnly: true },
      { from: "src/cuda/driver/context.ts", line: 1, target: "src/opencl/context.ts", typeOnly: false },
      { from: "src/opencl/context.ts", line: 1, target: "src/kernel/process/process.ts", typeOnly: false },
      { from: "src/gpu/engine.ts", line: 1, target: "src/kernel/machine.ts", typeOnly: true },
      { from: "src/gpu/engine.ts", line: 1, target: "src/compiler/ir/ops.ts", typeOnly: true },
      { from: "src/kernel/fs/sysfs.ts", line: 1, target: "node:fs", typeOnly: false },
      { from: "src/index.ts", line: 1, target: "src/tools/index.ts", typeOnly: false },
    ];
    expect(bad.filter((found) => violation(found) === null)).toEqual([]);
  });

  test("relative imports name existing files, with their extension", () => {
    const known = new Set(filesUnder("src"));
    const broken = sources.flatMap(importsOf).filter((found) => found.target.startsWith("src/") && !known.has(found.target));
    expect(broken.map((found) => `${found.from}:${found.line} imports ${found.target}`)).toEqual([]);
  });

  test("no module imports itself in a circle", () => {
    const graph = new Map(sources.map((file) => [file, importsOf(file).filter((found) => !found.typeOnly && found.target.startsWith("src/")).map((found) => found.target)]));
    expect(cycles(graph)).toEqual([]);
  });
});

/** One cycle for each back edge of a depth-first walk. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): void => {
    if (done.has(file)) return;
    const start = path.indexOf(file);
    if (start >= 0) {
      found.push([...path.slice(start), file].join(" -> "));
      return;
    }
    path.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return found;
}

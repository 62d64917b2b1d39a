import { describe, expect, test } from "vitest";
import { compileOpenCl } from "../../../src/compiler/clang/build.ts";
import type { Compiled } from "../../../src/compiler/clang/cache.ts";
import { compilerOf } from "../../../src/compiler/clang/compiler.ts";
import { withoutStubs } from "../../../src/compiler/clang/stubs.ts";
import type { ClangRun } from "../../../src/compiler/clang/tool.ts";
import { wasmClang } from "../../../src/compiler/clang/wasm.ts";

/** A Clang that says `first` when kernels are spelled another way, and `second` otherwise. */
function pretend(first: string, second: string): { run: () => Compiled; runs: ClangRun[] } {
  const runs: ClangRun[] = [];
  const tool = withoutStubs({
    id: "pretend", run: (run) => {
      runs.push(run);
      return { ok: true, ir: "", log: run.args.some((arg) => arg.includes("device_kernel")) ? first : second };
    },
  });
  return { runs, run: () => tool.run({ args: ["-x", "cl"], files: {} }) };
}

test("a program in which the spelling is not noticed is compiled once", () => {
  const { run, runs } = pretend("program.cl:1:1: warning: something else\n", "");
  expect(run().log).toContain("something else");
  expect(runs.map((one) => one.args.length)).toEqual([4]);
});

test.each([
  "program.cl:1:5: error: x\n<command line>:1:10: note: expanded from macro 'kernel'\n", "program.cl:3:9: warning: 'kernel' macro redefined [-Wmacro-redefined]\n",
  "calling convention does not permit calls\nfatal error: error in backend: Broken module found, compilation aborted!\n", "warning: unknown attribute 'device_kernel' ignored\n",
])("one in which it is, is compiled as it stands: %s", (log) => {
  const { run, runs } = pretend(log, "the log\n");
  expect(run().log).toBe("the log\n");
  expect(runs.map((one) => one.args)).toEqual([expect.arrayContaining(["-x", "cl"]), ["-x", "cl"]]);
});

test("it is released as the compiler behind it is", () => {
  let released = 0;
  withoutStubs({ id: "x", run: () => ({ ok: true, ir: "", log: "" }), release: () => released++ }).release!();
  expect(released).toBe(1);
});

describe("with the real Clang", () => {
  const tool = wasmClang();
  const compiler = tool === null ? null : compilerOf(tool);

  test("no kernel is written twice, and one that is called is a kernel all the same", { timeout: 120_000 }, () => {
    if (compiler === null) return;
    const alone = compileOpenCl("kernel void a(global int *p) { p[0] = 1; }", { compiler });
    expect(alone.ok && alone.ir).not.toContain("kern_imp");
    const called = compileOpenCl("kernel void a(global int *p) { p[get_global_id(0)] = 1; }\nkernel void b(global int *p) { a(p + 5); }", { compiler });
    expect(called.log).toBe("");
    expect(called.ok && [...called.module.functions.values()].filter((one) => one.kernelParams !== null && one.kernelParams !== undefined).map((one) => one.name)).toEqual(["a", "b"]);
  });

  test.each([
    "kernel void k(int n) { int kernel = n; }", "#define kernel __kernel\nkernel void k() { undeclared(); }", "__kernel int k() { return 1; }", "struct kernel { int x; };",
    "kernel void k(global int **p) { }", "kernel void k() { return kernel; }", "kernel void k(int *p) { }",
  ])("logs are about what was written: %s", { timeout: 120_000 }, (source) => {
    if (compiler === null) return;
    const { log } = compileOpenCl(source, { compiler });
    expect(log).toContain("program.cl:");
    expect(log).not.toMatch(/device_kernel|command line/);
  });
});

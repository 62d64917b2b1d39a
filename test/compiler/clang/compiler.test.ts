import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compileOpenCl } from "../../../src/compiler/clang/build.ts";
import { cacheKey, cached, cachedModule, fileOf, forgetMemory, keep, keepModule, type Compiled } from "../../../src/compiler/clang/cache.ts";
import { compilerOf, openClCompiler, useOpenClCompiler } from "../../../src/compiler/clang/compiler.ts";
import { collectHeaders } from "../../../src/compiler/clang/headers.ts";
import { nativeClang } from "../../../src/compiler/clang/native.ts";
import type { ClangRun, ClangTool } from "../../../src/compiler/clang/tool.ts";
import { irOf } from "./fixtures.ts";

let folder = "";
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glassgpu-test-"));
  process.env["GLASSGPU_CACHE_DIR"] = folder;
  forgetMemory();
});
afterEach(() => {
  useOpenClCompiler(undefined);
  for (const name of ["GLASSGPU_CACHE_DIR", "GLASSGPU_CLANG"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  forgetMemory();
  rmSync(folder, { recursive: true, force: true });
});

/** A Clang that answers the same each time, and remembers what it was asked. */
function pretend(answer: Compiled, id = "pretend 1"): { tool: ClangTool; runs: ClangRun[] } {
  const runs: ClangRun[] = [];
  return { runs, tool: { id, run: (run) => (runs.push(run), answer) } };
}
const good: Compiled = { ok: true, ir: irOf("build-time"), log: "program.cl:1:1: warning: so so\n" };

describe("building", () => {
  test("gives the module and keeps the compiler's words", () => {
    const { tool } = pretend(good);
    const result = compileOpenCl("source", { compiler: compilerOf(tool), name: "mine" });
    expect(result).toMatchObject({ ok: true, log: good.log });
    expect(result.ok && result.module.name).toBe("mine");
    expect(result.ok && result.module.functions.get("k50")!.kernelParams).toHaveLength(6);
  });

  test("says which kind of failure it was", () => {
    const { tool, runs } = pretend({ ok: false, ir: "", log: "program.cl:1:1: error: no\n" });
    const compiler = compilerOf(tool);
    expect(compileOpenCl("x", { compiler })).toMatchObject({ ok: false, failure: "failed", log: "program.cl:1:1: error: no\n" });
    expect(runs).toHaveLength(1);
    expect(compileOpenCl("x", { compiler, options: "-nonsense" })).toMatchObject({ ok: false, failure: "invalid-options" });
    expect(compileOpenCl("x", { compiler, options: "-create-library", phase: "compile" })).toMatchObject({ ok: false, failure: "invalid-options" });
    expect(runs).toHaveLength(1);
    expect(compileOpenCl("x", { compiler: null })).toMatchObject({ ok: false, failure: "no-compiler" });
  });

  test("what the lowering refuses looks like a diagnostic, with the line of the source", () => {
    const ir = `define spir_kernel void @k() {
  call void @llvm.frob(), !dbg !3
  ret void
}
!1 = distinct !DISubprogram(name: "k", file: !2, line: 1)
!2 = !DIFile(filename: "program.cl", directory: "")
!3 = !DILocation(line: 12, column: 3, scope: !1)`;
    const result = compileOpenCl("x", { compiler: compilerOf(pretend({ ok: true, ir, log: "" }).tool) });
    expect(result).toMatchObject({ ok: false, failure: "failed", log: "program.cl:12: error: unsupported: intrinsic llvm.frob (in k)\n" });
    expect(!result.ok && result.error?.kind).toBe("unsupported");
  });

  test("without any Clang there is no compiler", () => {
    process.env["GLASSGPU_CLANG"] = "none";
    useOpenClCompiler(undefined);
    expect(openClCompiler()).toBeNull();
    expect(compileOpenCl("x")).toMatchObject({ ok: false, failure: "no-compiler" });
    delete process.env["GLASSGPU_CLANG"];
    useOpenClCompiler(null);
    expect(openClCompiler()).toBeNull();
  });
});

describe("the cache", () => {
  test("a hit in memory or on disk does not run the compiler", () => {
    const { tool, runs } = pretend(good);
    const compiler = compilerOf(tool);
    compileOpenCl("a", { compiler });
    compileOpenCl("a", { compiler });
    expect(runs).toHaveLength(1);
    forgetMemory();
    expect(compileOpenCl("a", { compiler })).toMatchObject({ ok: true, log: good.log });
    expect(runs).toHaveLength(1);
  });

  test("everything that matters is in the key: source, options, headers, extensions, compiler", () => {
    const { tool, runs } = pretend(good);
    const compiler = compilerOf(tool);
    compileOpenCl("a", { compiler });
    compileOpenCl("b", { compiler });
    compileOpenCl("a", { compiler, options: "-DX" });
    compileOpenCl("a", { compiler, headers: { "h.h": "1" } });
    compileOpenCl("a", { compiler, headers: { "h.h": "2" } });
    compileOpenCl("a", { compiler, extensions: [] });
    expect(runs).toHaveLength(6);
    const other = pretend(good, "pretend 2");
    compileOpenCl("a", { compiler: compilerOf(other.tool) });
    expect(other.runs).toHaveLength(1);
  });

  test("files are complete or not there; damaged ones are made again", () => {
    const key = cacheKey(["x"]);
    keep(key, good);
    const [part] = readdirSync(folder);
    const file = fileOf(key, "json")!;
    expect(readdirSync(join(folder, part!)).map((name) => join(folder, part!, name))).toEqual([file]);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ key, ...good });
    forgetMemory();
    expect(cached(key)).toEqual(good);
    forgetMemory();
    writeFileSync(file, JSON.stringify({ key: cacheKey(["z"]), ...good }));
    expect(cached(key), "of another key").toBeNull();
    writeFileSync(file, '{"ok": true, "ir"');
    expect(cached(key)).toBeNull();
    writeFileSync(file, '{"ok": 5}');
    expect(cached(key)).toBeNull();
  });

  test("can be switched off, and a folder that cannot be written is no error", () => {
    process.env["GLASSGPU_CACHE_DIR"] = "off";
    keep(cacheKey(["y"]), good);
    expect(readdirSync(folder)).toEqual([]);
    forgetMemory();
    expect(cached(cacheKey(["y"]))).toBeNull();
    writeFileSync(join(folder, "file"), "");
    process.env["GLASSGPU_CACHE_DIR"] = join(folder, "file");
    keep(cacheKey(["z"]), good);
    expect(cached(cacheKey(["z"]))).toEqual(good);
  });

  test("lowered programs come back equal, and only whole ones under their own key", () => {
    const built = compileOpenCl("source", { compiler: compilerOf(pretend(good).tool), name: "mine" });
    if (!built.ok) throw new Error(built.log);
    const key = cacheKey(["module"]);
    expect(cachedModule(key)).toBeNull();
    keepModule(key, { module: built.module, log: "words" });
    expect(cachedModule(key)).toEqual({ module: built.module, log: "words" });
    const file = fileOf(key, "module")!;
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length / 2));
    expect(cachedModule(key)).toBeNull();
    // A bit that fell over, anywhere: in what is read at once, and in functions, which are read later.
    for (let i = 0; i < 64; i++) {
      const damaged = Uint8Array.from(bytes);
      const at = Math.floor((i * (bytes.length - 1)) / 63);
      damaged[at] = damaged[at]! ^ (1 << (i % 8));
      writeFileSync(file, damaged);
      expect(cachedModule(key), String(at)).toBeNull();
    }
    writeFileSync(file, bytes);
    expect(cachedModule(key)?.log).toBe("words");
    const other = cacheKey(["another"]);
    keepModule(other, { module: built.module, log: "" });
    writeFileSync(file, readFileSync(fileOf(other, "module")!));
    expect(cachedModule(key)).toBeNull();
    process.env["GLASSGPU_CACHE_DIR"] = "off";
    expect(cachedModule(other)).toBeNull();
  });

  test("the sources keep no lowered programs: they may change", () => {
    compileOpenCl("source", { compiler: compilerOf(pretend(good).tool) });
    expect(readdirSync(folder, { recursive: true }).filter((file) => String(file).endsWith(".module"))).toEqual([]);
  });

  test("memory holds a bounded number of results", () => {
    process.env["GLASSGPU_CACHE_DIR"] = "off";
    for (let n = 0; n < 300; n++) keep(cacheKey([n]), { ok: true, ir: String(n), log: "" });
    expect(cached(cacheKey([0]))).toBeNull();
    expect(cached(cacheKey([299]))?.ir).toBe("299");
  });
});

describe("headers", () => {
  test("embedded ones answer to the name they are included by, also from one another", () => {
    const headers = { "a/x.h": '#include "y.h"', "a/y.h": "y", "b.h": "b", "unused.h": "u" };
    expect(Object.keys(collectHeaders('#include "a/x.h"\n  #  include <b.h>\n', headers, []))).toEqual(expect.arrayContaining(["a/x.h", "a/y.h", "b.h", "unused.h"]));
  });

  test("folders of -I are searched for what is included, and only that is read", () => {
    writeFileSync(join(folder, "one.h"), '#include "two.h"\n');
    writeFileSync(join(folder, "two.h"), "#define TWO 2\n");
    writeFileSync(join(folder, "three.h"), "not wanted");
    const found = collectHeaders('#include "one.h"\n#include "missing.h"\n', {}, [folder]);
    expect(Object.keys(found).map((path) => path.slice(folder.length + 1)).sort()).toEqual(["one.h", "two.h"]);
  });

  test("a circle of includes ends", () => {
    expect(Object.keys(collectHeaders('#include "a.h"', { "a.h": '#include "b.h"', "b.h": '#include "a.h"' }, []))).toEqual(["a.h", "b.h"]);
  });
});

describe("a Clang of the computer", () => {
  test("an executable that is none, or too old, is passed over", () => {
    expect(nativeClang(join(folder, "nothing"))).toBeNull();
    const old = join(folder, "clang");
    writeFileSync(old, "#!/bin/sh\necho 'clang version 14.0.6'\n", { mode: 0o755 });
    expect(nativeClang(old)).toBeNull();
  });

  test.runIf(process.platform !== "win32")("is run with the files in a folder of its own", () => {
    const script = join(folder, "clang");
    // Copies the source to the output, says its arguments, and knows its resource folder.
    writeFileSync(script, `#!/bin/sh
case "$1" in
  --version) echo "clang version 18.1.3 (test)"; exit 0;;
  -print-resource-dir) echo "/resources"; exit 0;;
esac
echo "args: $*" >&2
cat program.cl sub/h.h > program.ll
`, { mode: 0o755 });
    const tool = nativeClang(script)!;
    expect(tool.id).toContain("18.1.3");
    const result = tool.run({ args: ["-triple", "spir64"], files: { "program.cl": "the source\n", "sub/h.h": "the header\n" } });
    expect(result.ok).toBe(true);
    expect(result.ir).toBe("the source\nthe header\n");
    expect(result.log).toContain("args: -cc1 -triple spir64 -resource-dir /resources");
  });
});

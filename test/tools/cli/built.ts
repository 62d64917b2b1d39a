import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import ts from "typescript";
import { filesUnder, root, textOf } from "../../architecture/sources.ts";

/** How a program ended and what it wrote. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of the package as it is published, in a folder of its own. */
export interface BuiltPackage {
  readonly folder: string;
  /** Runs the command line program in `cwd`. */
  glassgpu(args: readonly string[], cwd?: string): Finished;
  remove(): void;
}

const data = new Set([".ll", ".ptx", ".cl", ".json", ".wasm", ".bin"]);

/** Translates src/ file by file, without checking types (another gate does that), into node_modules/.cache, where the package's dependencies are found. */
export function buildPackage(): BuiltPackage {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "built-"));
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  for (const file of filesUnder("src", ".ts")) {
    if (file.endsWith(".d.ts")) continue;
    const { outputText } = ts.transpileModule(textOf(file), {
      fileName: file,
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true },
    });
    const target = join(folder, file.replace(/^src/, "dist").replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  cpSync(join(root, "src"), join(folder, "dist"), { recursive: true, filter: (file) => extname(file) === "" || data.has(extname(file)) });
  return {
    folder,
    glassgpu(args, cwd = folder) {
      const done = spawnSync(process.execPath, [join(folder, "dist/tools/cli/main.js"), ...args], { cwd, encoding: "utf8", timeout: 60_000 });
      return { code: done.status, stdout: done.stdout, stderr: done.stderr };
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

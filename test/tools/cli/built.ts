import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../../architecture/sources.ts";

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

/** Builds the package's JavaScript (types are another gate's matter) in node_modules/.cache, where its dependencies are found. */
export async function buildPackage(): Promise<BuiltPackage> {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "built-"));
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  const { bundle } = (await import(pathToFileURL(join(root, "scripts/bundle.mjs")).href)) as { bundle(folder: string): Promise<void> };
  await bundle(join(folder, "dist"));
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

import { readFileSync } from "node:fs";
import { register } from "node:module";
import type { HookData } from "./hooks.ts";

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly node: string }>>;
}

/** URLs of the public modules of the package in folder `root`, by the names that programs import. */
export function publicModules(root: URL): Readonly<Record<string, string>> {
  const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as Manifest;
  const named = Object.entries(exports).flatMap(([name, target]) => (typeof target === "string" ? [] : [[name.replace(/^\./, "glassgpu"), new URL(target.node, root).href]]));
  return Object.fromEntries(named) as Record<string, string>;
}

/** Makes Node load TypeScript files, and "glassgpu/..." from the package in folder `root`. */
export function installLoader(root: URL): void {
  const native = Boolean((process.features as { typescript?: unknown }).typescript);
  const data: HookData = { modules: publicModules(root), native };
  process.setSourceMapsEnabled(true);
  register(new URL("dist/tools/cli/hooks.js", root), { data });
}

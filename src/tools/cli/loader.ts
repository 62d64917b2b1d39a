import { readFileSync } from "node:fs";
import { register } from "node:module";
import type { HookData } from "./hooks.ts";

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** URLs of this package's public modules, by the names that programs import. */
export function publicModules(): Readonly<Record<string, string>> {
  const root = new URL("../../../", import.meta.url);
  const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as Manifest;
  const named = Object.entries(exports).flatMap(([name, target]) => (typeof target === "string" ? [] : [[name.replace(/^\./, "glassgpu"), new URL(target.default, root).href]]));
  return Object.fromEntries(named) as Record<string, string>;
}

/** Makes Node load TypeScript files, and "glassgpu/..." from this package. */
export function installLoader(): void {
  const native = Boolean((process.features as { typescript?: unknown }).typescript);
  const data: HookData = { modules: publicModules(), native };
  process.setSourceMapsEnabled(true);
  register("./hooks.js", import.meta.url, { data });
}

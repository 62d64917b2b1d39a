import { hasBuiltin } from "../../compiler/builtins/library.ts";
import { Linker } from "../../compiler/ir/link.ts";
import type { LinkProblem } from "../../compiler/ir/link-symbol.ts";
import type { Module } from "../../compiler/ir/module.ts";

const words: Readonly<Record<LinkProblem["kind"], string>> = {
  duplicate: "duplicate symbol", undefined: "undefined symbol", space: "different address spaces of symbol", size: "different sizes of symbol", managed: "different attributes of symbol",
  prototype: "different types of symbol", kernel: "not everywhere a kernel: symbol", "common-size": "too small an initial value of symbol",
};

/**
 * Links compiled programs.
 * @param library undefined symbols may remain, for a later link
 * @returns the module, or what went wrong, one line each
 */
export function linkModules(modules: readonly Module[], name: string, library: boolean): Module | string {
  const linker = new Linker({ name, partial: library, same: hasBuiltin });
  const problems = modules.flatMap((module, i) => linker.add(module, `program ${i}`));
  const linked = problems.length > 0 ? problems : linker.finish();
  if ("functions" in linked) return linked;
  return [...new Set(linked.map(({ kind, symbol }) => `error: ${words[kind]} "${symbol}"`))].join("\n");
}

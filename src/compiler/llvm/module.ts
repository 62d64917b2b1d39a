import { CompileError } from "../abi.ts";
import { newModule } from "../ir/builder.ts";
import type { Module } from "../ir/module.ts";
import type { Space } from "../ir/types.ts";
import type { LFunction } from "./ast.ts";
import type { ModuleLowering } from "./context.ts";
import { LineTable } from "./debug.ts";
import type { Dialect } from "./dialect.ts";
import { lowerDeclaration, lowerFunction, type KernelShape } from "./function.ts";
import { lowerGlobal } from "./globals.ts";
import { allocSize, alignOf } from "./layout.ts";
import { parseModule, type ParsedModule } from "./parse.ts";
import { showType } from "./types.ts";

/** How a module is lowered. */
export interface LoweringOptions {
  /** Name of the module. */
  readonly name: string;
  /** File name that `line` fields refer to; null: what the module itself says. */
  readonly sourceName: string | null;
  readonly dialect: Dialect;
  /** Leave functions that are declared but unknown for a linker, and keep functions that only other modules call. */
  readonly forLinking: boolean;
  /** Which functions are kernels, and what their parameters look like; null: an ordinary function. */
  kernel(source: ParsedModule, fn: LFunction): KernelShape | null;
}

/**
 * Lowers a module of textual LLVM IR: its kernels, what they call and use, and all variables that others could name.
 * @throws CompileError; nothing that is not understood is ever passed over.
 */
export function lowerModule(text: string, options: LoweringOptions): Module {
  const source = parseModule(text);
  const lines = new LineTable(source, options.sourceName);
  const module = newModule(options.name, options.sourceName ?? lines.mainName);
  const pending: (() => void)[] = [];
  const spaces = new Map<string, Space>();
  const known = new Set<string>();

  const mod: ModuleLowering = {
    source, module, dialect: options.dialect, lines, allowUndefined: options.forLinking,
    variable(name) {
      const variable = source.globals.get(name);
      if (variable === undefined) throw new CompileError("link", `undefined variable ${name}`);
      let space = spaces.get(name);
      if (space === undefined) {
        space = options.dialect.space(variable.space) ?? undefined;
        if (space === undefined || space === "local") throw new CompileError("unsupported", `variable ${name} in address space ${variable.space}`);
        if (space === "generic") space = "global";
        spaces.set(name, space);
        if (space === "shared") {
          // Work-group memory starts undefined; an initialiser is refused by the languages.
          module.shared.set(name, { name, size: Math.max(1, allocSize(variable.type)), align: Math.max(variable.align, alignOf(variable.type)) });
        } else {
          const where = space === "const" ? "const" : "global";
          pending.push(() => module.globals.set(name, lowerGlobal(mod, variable, where)));
        }
      }
      return { space, symbol: name };
    },
    callable(fn) {
      const shape = fn.body < 0 ? null : options.kernel(source, fn);
      // A kernel that is called is an ordinary function besides.
      const name = shape === null ? fn.name : `${fn.name}$function`;
      if (!known.has(name)) {
        known.add(name);
        pending.push(() => {
          if (fn.body < 0) lowerDeclaration(mod, fn);
          else lowerFunction(mod, fn, name, null);
        });
      }
      return name;
    },
  };

  for (const fn of source.functions.values()) {
    if (fn.body < 0) continue;
    const shape = options.kernel(source, fn);
    if (shape !== null) pending.push(() => lowerFunction(mod, fn, fn.name, shape));
    else if (options.forLinking && !fn.local && !fn.name.startsWith("__clang_ocl_kern_imp_")) mod.callable(fn);
  }
  for (const variable of source.globals.values()) {
    const space = options.dialect.space(variable.space);
    const visible = variable.linkage !== "private" && variable.linkage !== "internal";
    if (space === "global" && visible && !variable.name.startsWith("llvm.")) mod.variable(variable.name);
    if (space === null) throw new CompileError("unsupported", `variable ${variable.name} of type ${showType(variable.type)} in address space ${variable.space}`);
  }
  for (let work = pending.shift(); work !== undefined; work = pending.shift()) work();
  return module;
}

import { newModule } from "../../compiler/ir/builder.ts";
import type { Fn, GlobalVar, Module } from "../../compiler/ir/module.ts";
import type { Instr } from "../../compiler/ir/ops.ts";

/** A symbol with a definition or without one. */
interface Symbol {
  readonly linkage: "local" | "visible" | "extern" | "weak" | "common";
}

/**
 * Links compiled modules: definitions meet references by name, names that a module keeps to itself stay apart.
 * @param library undefined symbols may remain, for a later link
 * @returns the module, or what went wrong, one line each
 */
export function linkModules(modules: readonly Module[], name: string, library: boolean): Module | string {
  const linked = newModule(name, modules.length === 1 ? modules[0]!.sourceName : null);
  const errors: string[] = [];
  const taken = new Set<string>();
  for (const module of modules) for (const each of [module.functions, module.globals, module.shared]) for (const key of each.keys()) taken.add(key);
  const used = new Set<string>();
  for (const module of modules) {
    const rename = privateNames(module, used, taken);
    const newName = (old: string): string => rename.get(old) ?? old;
    for (const fn of module.functions.values()) put(linked.functions, renameFunction(fn, newName), errors, (each) => each.blocks.length > 0);
    for (const variable of module.globals.values()) put(linked.globals, renameGlobal(variable, newName), errors, (each) => each.linkage !== "extern");
    for (const variable of module.shared.values()) linked.shared.set(newName(variable.name), { ...variable, name: newName(variable.name) });
  }
  if (!library) for (const missing of undefinedSymbols(linked)) errors.push(`error: undefined symbol "${missing}"`);
  return errors.length > 0 ? errors.join("\n") : linked;
}

/** New names for what a module keeps to itself and another module has too. */
function privateNames(module: Module, used: Set<string>, taken: Set<string>): Map<string, string> {
  const rename = new Map<string, string>();
  const own = [...module.shared.keys()];
  for (const [key, symbol] of [...module.functions, ...module.globals] as [string, Symbol][]) if (symbol.linkage === "local") own.push(key);
  for (const key of own) {
    let fresh = key;
    for (let n = 1; used.has(fresh) || (fresh !== key && taken.has(fresh)); n++) fresh = `${key}.${n}`;
    used.add(fresh);
    taken.add(fresh);
    if (fresh !== key) rename.set(key, fresh);
  }
  for (const each of [module.functions, module.globals]) for (const key of each.keys()) used.add(rename.get(key) ?? key);
  return rename;
}

function put<T extends Symbol & { readonly name: string }>(into: Map<string, T>, symbol: T, errors: string[], isDefined: (symbol: T) => boolean): void {
  const before = into.get(symbol.name);
  if (before === undefined || !isDefined(before) || (before.linkage === "weak" && symbol.linkage !== "weak" && isDefined(symbol))) {
    into.set(symbol.name, symbol);
    return;
  }
  const merges = symbol.linkage === "weak" || symbol.linkage === "common" || before.linkage === "common";
  if (isDefined(symbol) && !merges) errors.push(`error: duplicate symbol "${symbol.name}"`);
}

function renameFunction(fn: Fn, newName: (old: string) => string): Fn {
  return { ...fn, name: newName(fn.name), blocks: fn.blocks.map((block) => ({ ...block, instrs: block.instrs.map((instr) => renameInstr(instr, newName)) })) };
}

function renameInstr(instr: Instr, newName: (old: string) => string): Instr {
  if (instr.op === "call") return { ...instr, callee: newName(instr.callee) };
  return "symbol" in instr ? { ...instr, symbol: newName(instr.symbol) } : instr;
}

function renameGlobal(variable: GlobalVar, newName: (old: string) => string): GlobalVar {
  return { ...variable, name: newName(variable.name), relocs: variable.relocs.map((reloc) => ({ ...reloc, symbol: newName(reloc.symbol) })) };
}

/** Symbols that something refers to and nothing defines. */
export function undefinedSymbols(module: Module): string[] {
  const missing = new Set<string>();
  const need = (name: string): void => {
    const fn = module.functions.get(name);
    const variable = module.globals.get(name);
    const defined = (fn !== undefined && fn.blocks.length > 0) || (variable !== undefined && variable.linkage !== "extern") || module.shared.has(name);
    if (!defined) missing.add(name);
  };
  for (const fn of module.functions.values()) {
    for (const block of fn.blocks) {
      for (const instr of block.instrs) {
        if (instr.op === "call") need(instr.callee);
        else if ("symbol" in instr) need(instr.symbol);
      }
    }
  }
  for (const variable of module.globals.values()) for (const reloc of variable.relocs) need(reloc.symbol);
  return [...missing];
}

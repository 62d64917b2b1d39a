import { newModule } from "./builder.ts";
import { functionSymbol, sharedSymbol, stronger, symbolProblems, variableSymbol, type LinkInput, type LinkProblem, type LinkSymbol } from "./link-symbol.ts";
import type { Module } from "./module.ts";
import { renameFunction, renameGlobal, symbolsOf } from "./rename.ts";

/** Choices of a link. */
export interface LinkOptions {
  /** Name of the linked module. */
  readonly name: string;
  /** Names that mean the same in every module, though each brings its own copy: library functions. One copy is kept. */
  readonly same?: (name: string) => boolean;
  /** Undefined symbols may remain, for a later link. */
  readonly partial?: boolean;
  /** Variables that are declared and nowhere defined are missed even when nothing refers to them, as nvlink does. */
  readonly allVariables?: boolean;
}

interface Input extends LinkInput {
  readonly module: Module;
  /** New names for what it keeps to itself and another input calls the same. */
  readonly rename: Map<string, string>;
}

/**
 * Joins compiled modules into one: references meet definitions by name, strong definitions replace weak ones, common variables become as large as the largest, and names
 * that a module keeps to itself stay apart.
 */
export class Linker {
  private readonly options: LinkOptions;
  private readonly inputs: Input[] = [];
  private readonly symbols = new Map<string, LinkSymbol>();

  constructor(options: LinkOptions) {
    this.options = options;
  }

  /**
   * Takes a module in.
   * @param name what messages call it
   * @returns what is wrong with it beside the modules before; then it is not taken in
   */
  add(module: Module, name: string): readonly LinkProblem[] {
    const input: Input = { module, name, rename: new Map() };
    const problems: LinkProblem[] = [];
    const fresh: LinkSymbol[] = [];
    for (const symbol of this.visible(input)) {
      const first = this.symbols.get(symbol.name);
      if (first !== undefined) problems.push(...symbolProblems(first, symbol));
      fresh.push(first === undefined ? symbol : stronger(first, symbol));
    }
    if (problems.length > 0) return problems;
    for (const symbol of fresh) this.symbols.set(symbol.name, symbol);
    this.inputs.push(input);
    return [];
  }

  /** Symbols of a module that others see. */
  private *visible(input: Input): Generator<LinkSymbol> {
    const { module } = input;
    const all = [
      ...[...module.functions.values()].map((fn) => functionSymbol(fn, input)), ...[...module.globals.values()].map((variable) => variableSymbol(variable, input)),
      ...[...module.shared.values()].map((variable) => sharedSymbol(variable, input)),
    ];
    for (const symbol of all) if (symbol !== null && this.options.same?.(symbol.name) !== true) yield symbol;
  }

  /** The linked module, or the symbols that are missing. The linker may go on taking modules in afterwards. */
  finish(): Module | readonly LinkProblem[] {
    this.keepApart();
    const linked = newModule(this.options.name, this.inputs.length === 1 ? this.inputs[0]!.module.sourceName : null);
    for (const input of this.inputs) this.put(linked, input);
    const missing = this.options.partial === true ? [] : this.missing(linked);
    if (missing.length > 0) return missing;
    if (this.options.partial !== true) for (const [name, variable] of linked.globals) if (variable.linkage === "extern") linked.globals.delete(name);
    return linked;
  }

  private keepApart(): void {
    const taken = new Set(this.symbols.keys());
    for (const { module, rename } of this.inputs) {
      rename.clear();
      const local: string[] = [];
      for (const fn of module.functions.values()) if (fn.linkage === "local") local.push(fn.name);
      for (const variable of module.globals.values()) if (variable.linkage === "local") local.push(variable.name);
      for (const variable of module.shared.values()) if (variable.linkage === undefined) local.push(variable.name);
      const own = new Set(local);
      for (const name of own) {
        if (this.options.same?.(name) === true) continue;
        let fresh = name;
        for (let n = 1; taken.has(fresh) || (fresh !== name && own.has(fresh)); n++) fresh = `${name}.${n}`;
        taken.add(fresh);
        if (fresh !== name) rename.set(name, fresh);
      }
    }
  }

  private put(linked: Module, input: Input): void {
    const { module, rename } = input;
    const newName = (old: string): string => rename.get(old) ?? old;
    /** Whether this input's copy of the name is the one that stays. */
    const stays = (name: string, into: ReadonlyMap<string, unknown>): boolean => {
      const symbol = this.symbols.get(name);
      return symbol === undefined || rename.has(name) ? !into.has(newName(name)) : symbol.input === input && !into.has(name);
    };
    for (const fn of module.functions.values()) {
      if (stays(fn.name, linked.functions)) linked.functions.set(newName(fn.name), rename.size === 0 ? fn : renameFunction(fn, newName));
    }
    for (const variable of module.globals.values()) {
      if (!stays(variable.name, linked.globals)) continue;
      const renamed = rename.size === 0 ? variable : renameGlobal(variable, newName);
      const align = variable.linkage === "local" ? variable.align : (this.symbols.get(variable.name)?.align ?? variable.align);
      linked.globals.set(renamed.name, align === variable.align ? renamed : { ...renamed, align });
    }
    for (const variable of module.shared.values()) {
      if (stays(variable.name, linked.shared)) linked.shared.set(newName(variable.name), { ...variable, name: newName(variable.name) });
    }
  }

  private missing(linked: Module): LinkProblem[] {
    const problems = new Map<string, LinkProblem>();
    const defined = (name: string): boolean => {
      const fn = linked.functions.get(name);
      if (fn !== undefined) return fn.blocks.length > 0;
      const variable = linked.globals.get(name);
      if (variable !== undefined) return variable.linkage !== "extern";
      const shared = linked.shared.get(name);
      return shared !== undefined && shared.linkage !== "extern";
    };
    for (const { module, name: input, rename } of this.inputs) {
      const need = (old: string): void => {
        const symbol = rename.get(old) ?? old;
        if (!defined(symbol)) problems.set(`${symbol} ${input}`, { kind: "undefined", symbol, input, first: null });
      };
      for (const fn of module.functions.values()) for (const symbol of symbolsOf(fn)) need(symbol);
      for (const variable of module.globals.values()) for (const reloc of variable.relocs) need(reloc.symbol);
      if (this.options.allVariables === true) for (const variable of module.globals.values()) need(variable.name);
    }
    return [...problems.values()];
  }
}

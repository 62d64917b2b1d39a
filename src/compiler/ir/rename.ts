import type { Fn, GlobalVar } from "./module.ts";
import type { Instr } from "./ops.ts";

/** The same things under other names: what a linker needs to keep apart what two modules call the same. */

/** A function with every symbol in it renamed. */
export function renameFunction(fn: Fn, newName: (old: string) => string): Fn {
  return { ...fn, name: newName(fn.name), blocks: fn.blocks.map((block) => ({ ...block, instrs: block.instrs.map((instr) => renameInstr(instr, newName)) })) };
}

function renameInstr(instr: Instr, newName: (old: string) => string): Instr {
  if (instr.op === "call") return { ...instr, callee: newName(instr.callee) };
  return "symbol" in instr ? { ...instr, symbol: newName(instr.symbol) } : instr;
}

/** A variable with its own name and those in its first value renamed. */
export function renameGlobal(variable: GlobalVar, newName: (old: string) => string): GlobalVar {
  return { ...variable, name: newName(variable.name), relocs: variable.relocs.map((reloc) => ({ ...reloc, symbol: newName(reloc.symbol) })) };
}

/** Symbols that a function refers to. */
export function* symbolsOf(fn: Fn): Generator<string> {
  for (const block of fn.blocks) {
    for (const instr of block.instrs) {
      if (instr.op === "call") yield instr.callee;
      else if ("symbol" in instr) yield instr.symbol;
    }
  }
}

import type { Fn, GlobalVar, LocalVar, Module, SharedVar } from "./module.ts";
import { isPowerOfTwo } from "./verify-types.ts";

/** Problems of the module's variables: names, sizes, alignments, initial bytes, relocations. */
export function variableProblems(module: Module): string[] {
  const problems: string[] = [];
  for (const [name, variable] of module.globals) {
    const say = (problem: string): void => void problems.push(`variable "${name}": ${problem}`);
    if (variable.name !== name) say(`is filed under another name than its own, "${variable.name}"`);
    if (module.functions.has(name)) say("a function has the same name");
    storageProblems(variable, say);
    if (variable.init !== null && variable.init.length > variable.size) say(`has ${variable.init.length} initial bytes, but its size is ${variable.size}`);
    relocationProblems(module, variable, say);
  }
  for (const [name, variable] of module.shared) {
    const say = (problem: string): void => void problems.push(`shared variable "${name}": ${problem}`);
    if (variable.name !== name) say(`is filed under another name than its own, "${variable.name}"`);
    storageProblems(variable, say);
  }
  return problems;
}

function storageProblems(variable: GlobalVar | SharedVar | LocalVar, say: (problem: string) => void): void {
  if (!Number.isSafeInteger(variable.size) || variable.size < 0) say(`size ${variable.size} is no byte count`);
  if (!isPowerOfTwo(variable.align)) say(`alignment ${variable.align} is no power of two`);
}

function relocationProblems(module: Module, variable: GlobalVar, say: (problem: string) => void): void {
  const sorted = [...variable.relocs].sort((a, b) => a.offset - b.offset);
  sorted.forEach((reloc, i) => {
    if (!Number.isSafeInteger(reloc.offset) || reloc.offset < 0 || reloc.offset + reloc.size > variable.size) say(`the reference at ${reloc.offset} is outside its ${variable.size} bytes`);
    const next = sorted[i + 1];
    if (next !== undefined && reloc.offset + reloc.size > next.offset) say(`the references at ${reloc.offset} and ${next.offset} overlap`);
    if (module.shared.has(reloc.symbol)) say(`refers to the shared variable "${reloc.symbol}", which has no address outside a launch`);
    else if (!module.globals.has(reloc.symbol) && !module.functions.has(reloc.symbol)) say(`refers to the unknown symbol "${reloc.symbol}"`);
  });
}

/** Problems of a function's head: locals, kernel parameters and attributes, what kernels and external functions may have. */
export function headProblems(fn: Fn): string[] {
  const problems: string[] = [];
  const say = (problem: string): void => void problems.push(problem);
  fn.locals.forEach((local, i) => storageProblems(local, (problem) => say(`local ${i} ("${local.name}"): ${problem}`)));
  if (fn.kind === "kernel") {
    if (fn.params.length > 0) say("is a kernel, but has parameters that are values");
    if (fn.results.length > 0) say("is a kernel, but has results");
    if (fn.attributes === null) say("is a kernel without attributes");
    parameterProblems(fn, say);
  } else {
    if (fn.kernelParams.length > 0 || fn.paramBytes !== 0) say("is no kernel, but has kernel parameters");
    if (fn.attributes !== null) say("is no kernel, but has a kernel's attributes");
  }
  if (fn.blocks.length === 0 && fn.linkage !== "extern") say("has no blocks and is not external");
  if (fn.blocks.length > 0 && fn.linkage === "extern") say("is external, but has blocks");
  fn.params.forEach((type, i) => {
    if (fn.types[i] !== type) say(`parameter ${i} is ${type}, but value %${i} is ${fn.types[i] ?? "missing"}`);
  });
  return problems;
}

function parameterProblems(fn: Fn, say: (problem: string) => void): void {
  if (!Number.isSafeInteger(fn.paramBytes) || fn.paramBytes < 0) say(`parameter size ${fn.paramBytes} is no byte count`);
  let end = 0;
  for (const param of fn.kernelParams) {
    const named = `kernel parameter "${param.name}"`;
    if (!Number.isSafeInteger(param.size) || param.size < 0) say(`${named}: size ${param.size} is no byte count`);
    if (!isPowerOfTwo(param.align)) say(`${named}: alignment ${param.align} is no power of two`);
    else if (param.offset % param.align !== 0) say(`${named}: offset ${param.offset} is no multiple of its alignment ${param.align}`);
    if (param.offset < end) say(`${named}: overlaps the parameter before it`);
    end = param.offset + param.size;
    if (end > fn.paramBytes) say(`${named}: ends at ${end}, past the ${fn.paramBytes} parameter bytes`);
  }
}

import type { BlockId, Instr, ValueId } from "./ops.ts";
import type { Block } from "./module.ts";
import { field, shapes } from "./shape.ts";

/** Values that an instruction reads, in field order, repeats kept. A phi's are those of its entries (read at the end of the predecessors). */
export function operandsOf(instr: Instr): ValueId[] {
  if (instr.op === "phi") return instr.from.map(([, value]) => value);
  const values: ValueId[] = [];
  for (const { name, kind } of shapes[instr.op].fields) {
    if (kind === "value" || kind === "value?") {
      const value = field(instr, name) as ValueId | null;
      if (value !== null) values.push(value);
    } else if (kind === "values") values.push(...(field(instr, name) as readonly ValueId[]));
  }
  return values;
}

/** Blocks that a terminator may go to, without repeats, in the order of its fields. Empty for ret, exit, trap, unreachable and for non-terminators. */
export function targetsOf(instr: Instr): BlockId[] {
  switch (instr.op) {
    case "br": return [instr.target];
    case "condbr": return instr.then === instr.else ? [instr.then] : [instr.then, instr.else];
    case "switch": return [...new Set([...instr.cases.map(([, block]) => block), instr.default])];
    default: return [];
  }
}

/** Successors of a block: the targets of its last instruction. */
export function successorsOf(block: Block): BlockId[] {
  const last = block.instrs.at(-1);
  return last === undefined ? [] : targetsOf(last);
}

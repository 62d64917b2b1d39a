import type { Fn } from "../../compiler/ir/module.ts";
import type { Instr, ValueId } from "../../compiler/ir/ops.ts";
import { field, shapes } from "../../compiler/ir/shape.ts";

/** Removes phis that have only one value besides themselves, so that shrunk programs are readable. */
export function removeTrivialPhis(fn: Fn): void {
  const replaced = new Map<ValueId, ValueId>();
  const resolve = (value: ValueId): ValueId => {
    let result = value;
    for (let next = replaced.get(result); next !== undefined; next = replaced.get(result)) result = next;
    return result;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const block of fn.blocks) {
      for (const instr of block.instrs) {
        if (instr.op !== "phi" || replaced.has(instr.dst)) continue;
        const others = new Set(instr.from.map(([, value]) => resolve(value)).filter((value) => value !== instr.dst));
        const [only] = others;
        if (only === undefined || others.size > 1) continue;
        replaced.set(instr.dst, only);
        changed = true;
      }
    }
  }
  for (const block of fn.blocks) {
    const kept = block.instrs.filter((instr) => instr.op !== "phi" || !replaced.has(instr.dst)).map((instr) => withOperands(instr, resolve));
    block.instrs.splice(0, block.instrs.length, ...kept);
  }
}

/** The instruction with every operand replaced. */
function withOperands(instr: Instr, replace: (value: ValueId) => ValueId): Instr {
  const copy: Record<string, unknown> = { ...instr };
  for (const { name, kind } of shapes[instr.op].fields) {
    const value = field(instr, name);
    if (kind === "value" || (kind === "value?" && value !== null)) copy[name] = replace(value as ValueId);
    else if (kind === "values") copy[name] = (value as readonly ValueId[]).map(replace);
    else if (kind === "phi") copy[name] = (value as readonly (readonly [number, ValueId])[]).map(([block, entry]) => [block, replace(entry)]);
  }
  return copy as unknown as Instr;
}

import { Instruction, Reg, type Operand } from "../ast.ts";
import type { FnLowering } from "./function.ts";

/** Whether an instruction computes floating point (1), integers (-1), or just moves bits (0). */
function hint(instr: Instruction): -1 | 0 | 1 {
  const type = instr.m.types[0];
  if (type === undefined) return -1;
  if (type.kind === "f") return 1;
  const { op } = instr.m;
  return type.kind === "b" && (op === "mov" || op === "ld" || op === "selp" || op === "shfl") ? 0 : -1;
}

function note(c: FnLowering, op: Operand, block: number, guarded: boolean, h: -1 | 0 | 1): void {
  if (op instanceof Reg) c.ssa.define(op, block, guarded, h);
  else if (op.kind === "part") c.ssa.define(op.reg, block, guarded, h);
  else if (op.kind === "vec" || op.kind === "list") for (const item of op.items) note(c, item, block, guarded, h);
  else if (op.kind === "pair") {
    note(c, op.a, block, guarded, h);
    note(c, op.b, block, guarded, -1);
  } else if ((op.kind === "sym" || (op.kind === "mem" && op.base !== null && !(op.base instanceof Reg)))) {
    // Stores to parameter space and results of calls define the words of a .param variable.
    const variable = op.kind === "sym" ? op.variable : op.base === null || op.base instanceof Reg ? null : op.base.variable;
    if (variable !== null && variable.space === "param") for (const reg of c.params.registersOf(variable)) c.ssa.define(reg, block, guarded, h);
  }
}

/**
 * Tells SSA where registers are defined. Destinations come first in PTX, so the first operand counts; an instruction whose first
 * operand is only read costs a phi at worst.
 */
export function noteDefinitions(c: FnLowering): void {
  for (const reg of c.params.formalRegisters()) c.ssa.define(reg, 0, false, 0);
  const body = c.fn.body ?? [];
  for (const b of c.cfg.order) {
    const block = c.cfg.blocks[b]!;
    for (let i = block.start; i < block.end; i++) {
      const instr = body[i]!;
      if (!(instr instanceof Instruction)) continue;
      const first = instr.ops[0];
      const guarded = instr.guard !== null;
      if (first !== undefined) note(c, first, b, guarded, hint(instr));
      if (instr.m.mods.includes("cc")) c.ssa.define(c.carry, b, guarded, -1);
    }
  }
}

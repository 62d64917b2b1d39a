import type { BlockId } from "../../../ir/ops.ts";
import type { Instruction } from "../../ast.ts";
import { branchTargets } from "../cfg.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/** Control flow (PTX ISA 9.7.12), calls excepted. */

const bra: Lower = (c, ops, instr) => {
  const target = c.target(ops[0]);
  if (instr.guard === null) return c.em.br(target);
  const cond = c.read(instr.guard);
  const next = c.next();
  if (instr.negate) c.em.condbr(cond, next, target);
  else c.em.condbr(cond, target, next);
};

/** Lets only guarded work-items go on in a block of their own; the others go to what follows in the text. */
function whenGuarded(c: FnLowering, instr: Instruction, label: string, work: () => void): void {
  if (instr.guard === null) return work();
  const cond = c.read(instr.guard);
  const then = c.em.newBlock(label);
  const next = c.next();
  if (instr.negate) c.em.condbr(cond, next, then);
  else c.em.condbr(cond, then, next);
  // The block must be finished before the walk goes on; it joins nothing.
  const here = c.em.block;
  c.em.at(then);
  work();
  c.em.at(here);
}

/** brx.idx: an index behind the list's end is undefined behaviour; here it ends the kernel. */
const brx: Lower = (c, ops, instr) => {
  const index = c.u32(ops[0]);
  const targets = branchTargets(instr).map((label) => c.ssa.startIr[c.cfg.blockOf(label)]!);
  const { em } = c;
  const wild = em.newBlock("brx.wild");
  const jump = (): void => {
    const cases = targets.map((target, i): [bigint, BlockId] => [BigInt(i), target]);
    em.push({ op: "switch", a: index, cases, default: wild, line: em.line });
  };
  if (instr.guard === null) jump();
  else {
    const cond = c.read(instr.guard);
    const then = em.newBlock("brx");
    const next = c.next();
    if (instr.negate) em.condbr(cond, next, then);
    else em.condbr(cond, then, next);
    em.at(then);
    jump();
  }
  const here = em.block;
  em.at(wild);
  em.push({ op: "unreachable", line: em.line });
  em.at(here);
};

const ret: Lower = (c, _ops, instr) => whenGuarded(c, instr, "ret", () => c.ret());
const exit: Lower = (c, _ops, instr) => whenGuarded(c, instr, "exit", () => c.em.push({ op: "exit", line: c.em.line }));
const trap: Lower = (c, _ops, instr) => whenGuarded(c, instr, "trap", () => c.em.push({ op: "trap", line: c.em.line }));

const nanosleep: Lower = (c, ops) => c.em.push({ op: "nanosleep", ns: c.u32(ops[0]), line: c.em.line });
const nothing: Lower = () => undefined;

/** setmaxnreg: registers are not rationed here; what the ISA says of the count and the architecture holds. */
const setMaxRegisters: Lower = (c, ops) => {
  if (!c.module.specific) c.fail(`it requires .target sm_90a, this is for sm_${c.module.sm}`);
  const count = c.literal(ops[0]);
  if (count === undefined || count < 24 || count > 256 || count % 8 !== 0) c.fail("the count must be a constant, a multiple of 8 from 24 to 256");
};

/** Rows of control flow. */
export const controlRows: readonly Row[] = [
  { op: "bra", types: [], mods: "uni", operands: 1, mode: "control", make: () => bra },
  { op: "brx", types: [], needs: "idx", mods: "uni", operands: 2, mode: "control", make: () => brx },
  { op: "ret", types: [], mods: "uni", operands: 0, mode: "control", make: () => ret },
  { op: "exit", types: [], operands: 0, mode: "control", make: () => exit },
  { op: "trap", types: [], operands: 0, mode: "control", make: () => trap },
  // Without a debugger attached a breakpoint ends the kernel as a trap does.
  { op: "brkpt", types: [], operands: 0, mode: "control", make: () => trap },
  { op: "nanosleep", types: ["u32"], operands: 1, mode: "effect", make: () => nanosleep },
  { op: "pmevent", types: [], mods: "mask", operands: 1, mode: "effect", make: () => nothing },
  // Programmatic dependent launch: work-items of dependent grids start when this grid is complete, which these hints may only hasten.
  { op: "griddepcontrol", types: [], mods: "launch_dependents wait", operands: 0, mode: "effect", make: () => nothing },
  ...["inc", "dec"].map((way): Row => ({ op: "setmaxnreg", types: ["u32"], needs: `${way} sync aligned`, operands: 1, mode: "effect", make: () => setMaxRegisters })),
];

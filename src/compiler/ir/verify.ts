import { EmulatorBug } from "../../kernel/errors.ts";
import { DominatorTree, predecessors } from "./cfg.ts";
import { definedBy, type Fn, type Module } from "./module.ts";
import { terminators, type BlockId, type Instr, type ValueId } from "./ops.ts";
import { field, shapes } from "./shape.ts";
import { operandsOf, targetsOf } from "./uses.ts";
import { headProblems, variableProblems } from "./verify-module.ts";
import { typeProblems } from "./verify-types.ts";
import { wordsOf } from "./words.ts";

/**
 * Everything that is wrong with the module, as sentences that name function, block and instruction; empty for a valid one. Checks
 * what `ops.ts` and `module.ts` promise: front ends call it (through `assertValid`) on what they made, so that back ends need not doubt.
 */
export function verifyModule(module: Module): string[] {
  const problems = variableProblems(module);
  for (const [name, fn] of module.functions) {
    const before = `function "${name}"`;
    if (fn.name !== name) problems.push(`${before}: is filed under another name than its own, "${fn.name}"`);
    for (const problem of headProblems(fn)) problems.push(`${before}: ${problem}`);
    for (const problem of bodyProblems(module, fn)) problems.push(`${before}, ${problem}`);
  }
  return problems;
}

/**
 * @throws EmulatorBug naming the first problems, when there are any: an invalid module is always a front end's mistake.
 */
export function assertValid(module: Module): void {
  const problems = verifyModule(module);
  if (problems.length === 0) return;
  const shown = problems.slice(0, 10).map((problem) => `  ${problem}`).join("\n");
  const more = problems.length > 10 ? `\n  and ${problems.length - 10} more` : "";
  throw new EmulatorBug(`module "${module.name}" is not valid IR:\n${shown}${more}`);
}

function bodyProblems(module: Module, fn: Fn): string[] {
  const shape = shapeProblems(fn);
  // Types and dominance are looked at only when ids and targets are sound: they index by them.
  return shape.length > 0 ? shape : [...operandTypeProblems(module, fn), ...phiProblems(fn), ...dominanceProblems(fn)];
}

function at(fn: Fn, block: BlockId, index: number): string {
  const instr = fn.blocks[block]!.instrs[index]!;
  return `block "${fn.blocks[block]!.label}", instruction ${index} (${instr.op}${instr.line === undefined ? "" : `, line ${instr.line}`})`;
}

/** Block structure, ids in range, each value defined once. */
function shapeProblems(fn: Fn): string[] {
  const problems: string[] = [];
  const labels = new Set<string>();
  const defined = new Uint8Array(fn.types.length);
  defined.fill(1, 0, fn.params.length);
  fn.blocks.forEach((block, id) => {
    if (labels.has(block.label)) problems.push(`block "${block.label}": another block has the same label`);
    labels.add(block.label);
    const last = block.instrs.at(-1);
    if (last === undefined || !terminators.has(last.op)) problems.push(`block "${block.label}": does not end in a terminator`);
    block.instrs.forEach((instr, index) => {
      const say = (problem: string): void => void problems.push(`${at(fn, id, index)}: ${problem}`);
      if (shapes[instr.op] === undefined) return say("is no known operation");
      for (const { name, kind, optional } of shapes[instr.op].fields) {
        const word = field(instr, name);
        if (kind === "word" && !(optional && word === undefined) && !wordsOf(instr.op, name).includes(word as string)) say(`has no ${name} called ${String(word)}`);
      }
      if (terminators.has(instr.op) && index !== block.instrs.length - 1) say("a terminator stands before the end of the block");
      if (instr.op === "phi" && index > 0 && block.instrs[index - 1]!.op !== "phi") say("a phi stands behind other instructions");
      if (instr.line !== undefined && !(Number.isSafeInteger(instr.line) && instr.line > 0)) say(`line ${instr.line} is no line number`);
      for (const value of definedBy(instr)) {
        if (!inRange(fn, value)) say(`defines %${value}, but the function has ${fn.types.length} values`);
        else if (defined[value] === 1) say(value < fn.params.length ? `defines the parameter %${value}` : `defines %${value} a second time`);
        else defined[value] = 1;
      }
      for (const value of operandsOf(instr)) if (!inRange(fn, value)) say(`reads %${value}, but the function has ${fn.types.length} values`);
      for (const target of targetsOf(instr)) {
        if (fn.blocks[target] === undefined) say(`goes to block ${target}, but the function has ${fn.blocks.length}`);
        else if (target === 0) say("goes to the entry block");
      }
      return undefined;
    });
  });
  if (problems.length > 0) return problems;
  fn.blocks.forEach((block, id) => block.instrs.forEach((instr, index) => {
    for (const value of operandsOf(instr)) if (defined[value] === 0) problems.push(`${at(fn, id, index)}: reads %${value}, which nothing defines`);
  }));
  return problems;
}

function inRange(fn: Fn, value: ValueId): boolean {
  return Number.isInteger(value) && value >= 0 && value < fn.types.length;
}

function forEachInstr(fn: Fn, visit: (instr: Instr, block: BlockId, index: number) => void): void {
  fn.blocks.forEach((block, id) => block.instrs.forEach((instr, index) => visit(instr, id, index)));
}

function operandTypeProblems(module: Module, fn: Fn): string[] {
  const problems: string[] = [];
  forEachInstr(fn, (instr, block, index) => {
    for (const problem of typeProblems(module, fn, instr)) problems.push(`${at(fn, block, index)}: ${problem}`);
  });
  return problems;
}

/** Exactly one entry for each predecessor. */
function phiProblems(fn: Fn): string[] {
  const problems: string[] = [];
  const preds = predecessors(fn);
  forEachInstr(fn, (instr, block, index) => {
    if (instr.op !== "phi") return;
    const entries = new Set<BlockId>();
    for (const [from] of instr.from) {
      if (!preds[block]!.includes(from)) problems.push(`${at(fn, block, index)}: has an entry for block ${from}, which does not lead here`);
      else if (entries.has(from)) problems.push(`${at(fn, block, index)}: has two entries for "${fn.blocks[from]!.label}"`);
      entries.add(from);
    }
    for (const pred of preds[block]!) {
      if (!entries.has(pred)) problems.push(`${at(fn, block, index)}: has no entry for its predecessor "${fn.blocks[pred]!.label}"`);
    }
  });
  return problems;
}

/** Each use comes after its definition on every path. What the entry does not reach may say anything. */
function dominanceProblems(fn: Fn): string[] {
  const problems: string[] = [];
  const tree = new DominatorTree(fn);
  const defBlock = new Int32Array(fn.types.length).fill(-1);
  const defIndex = new Int32Array(fn.types.length).fill(-1);
  forEachInstr(fn, (instr, block, index) => {
    for (const value of definedBy(instr)) {
      defBlock[value] = block;
      defIndex[value] = index;
    }
  });
  const available = (value: ValueId, block: BlockId, index: number): boolean => {
    const from = defBlock[value]!;
    if (from === -1) return true; // a parameter
    return from === block ? defIndex[value]! < index : tree.reachable(from) && tree.dominates(from, block);
  };
  forEachInstr(fn, (instr, block, index) => {
    if (!tree.reachable(block)) return;
    if (instr.op === "phi") {
      for (const [from, value] of instr.from) {
        if (tree.reachable(from) && !available(value, from, Infinity)) {
          problems.push(`${at(fn, block, index)}: %${value} is not defined on the way from "${fn.blocks[from]!.label}"`);
        }
      }
      return;
    }
    for (const value of operandsOf(instr)) {
      if (!available(value, block, index)) problems.push(`${at(fn, block, index)}: reads %${value} where it may not be defined yet`);
    }
  });
  return problems;
}

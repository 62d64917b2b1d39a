import { frameAlign, frameLayout, functionAddresses, sharedLayout, type FrameLayout, type SharedLayout } from "../ir/layout.ts";
import { instructionCost } from "../ir/cost.ts";
import { kernelInfos } from "../ir/kernel-info.ts";
import type { KernelInfo } from "../abi.ts";
import type { Fn, Module } from "../ir/module.ts";
import type { BlockId, Instr, ValueId } from "../ir/ops.ts";
import type { Frame, WorkItem } from "./work-item.ts";

/** Executes one instruction of the work-item's top frame; `frame.index` already points to the next. */
export type Step = (item: WorkItem, frame: Frame) => void;

/** A block without its phis (they are the `moves` of the edges). */
export interface CodeBlock {
  readonly instrs: readonly Instr[];
  readonly steps: readonly Step[];
  readonly costs: readonly number[];
  /** What its phis become when it is entered from a block: values assigned all at once. */
  readonly moves: ReadonlyMap<BlockId, readonly (readonly [to: ValueId, from: ValueId])[]>;
}

/** A function, prepared. */
export interface Code {
  readonly fn: Fn;
  readonly blocks: readonly CodeBlock[];
  readonly locals: FrameLayout;
}

/** A module, prepared: what steps may look up at run time. */
export interface Program {
  readonly module: Module;
  readonly functions: ReadonlyMap<string, Code>;
  readonly byAddress: ReadonlyMap<bigint, Code>;
  readonly addresses: ReadonlyMap<string, bigint>;
  readonly kernels: ReadonlyMap<string, KernelInfo>;
  readonly symbols: readonly string[];
  readonly shared: SharedLayout;
  readonly frameAlign: number;
}

/** Makes the step of an instruction. */
export type StepMaker = (program: Program, fn: Fn, instr: Instr) => Step;

/** Prepares a valid module. Steps find the finished program through `program`, so recursion needs no order. */
export function prepare(module: Module, symbols: readonly string[], makeStep: StepMaker): Program {
  const functions = new Map<string, Code>();
  const byAddress = new Map<bigint, Code>();
  const addresses = functionAddresses(module);
  const align = frameAlign(module);
  const program: Program = {
    module, functions, byAddress, addresses, kernels: kernelInfos(module), symbols, shared: sharedLayout(module), frameAlign: align,
  };
  for (const fn of module.functions.values()) {
    const code: Code = { fn, blocks: fn.blocks.map((_, block) => prepareBlock(program, fn, block, makeStep)), locals: frameLayout(fn, align) };
    functions.set(fn.name, code);
    byAddress.set(addresses.get(fn.name)!, code);
  }
  return program;
}

function prepareBlock(program: Program, fn: Fn, block: BlockId, makeStep: StepMaker): CodeBlock {
  const all = fn.blocks[block]!.instrs;
  const moves = new Map<BlockId, (readonly [ValueId, ValueId])[]>();
  for (const instr of all) {
    if (instr.op !== "phi") continue;
    for (const [from, value] of instr.from) moves.set(from, [...(moves.get(from) ?? []), [instr.dst, value]]);
  }
  const instrs = all.filter((instr) => instr.op !== "phi");
  return { instrs, steps: instrs.map((instr) => makeStep(program, fn, instr)), costs: instrs.map((instr) => instructionCost(instr, fn.types)), moves };
}

import { CompileError } from "../../abi.ts";
import { Instruction, type Label, type Operand, type PtxFunction, type Statement } from "../ast.ts";
import type { Scope } from "../scope.ts";
import { frontiers, immediateDominators, numberTree, reversePostorder } from "./dominators.ts";

/** A run of statements without branch in or out of its middle. */
export interface CfgBlock {
  readonly name: string;
  /** Statements [start, end) of the body. */
  readonly start: number;
  end: number;
  readonly succs: number[];
  /** Reachable predecessors, each once. */
  readonly preds: number[];
}

/** Control flow of a function body. Block 0 is the entry and has no predecessors. */
export interface Cfg {
  readonly blocks: readonly CfgBlock[];
  /** Reachable blocks, dominators before what they dominate. */
  readonly order: readonly number[];
  readonly idom: Int32Array;
  /** Whether block a dominates block b. */
  dominates(a: number, b: number): boolean;
  /** Dominance frontier by block. */
  readonly frontier: readonly (readonly number[])[];
  blockOf(label: Label): number;
}

/** Opcodes that end a block, guarded or not. */
const enders: ReadonlySet<string> = new Set(["bra", "brx", "ret", "exit", "trap", "brkpt"]);

/**
 * The label a branch operand means.
 * @throws CompileError when there is none
 */
export function branchLabel(op: Operand | undefined, line: number): Label {
  if (op === undefined || op.kind !== "sym" || op.offset !== 0) throw new CompileError("syntax", "a branch target must be a label", line);
  return labelNamed(op.scope, op.name, line);
}

/**
 * The label of that name, as seen from a scope.
 * @throws CompileError when there is none
 */
export function labelNamed(scope: Scope, name: string, line: number): Label {
  const label = scope.findLabel(name);
  if (label === undefined) throw new CompileError("syntax", `no label '${name}' can be seen from here`, line);
  return label;
}

/**
 * The labels a `brx.idx` may go to, from its `.branchtargets` list.
 * @throws CompileError when there is no such list
 */
export function branchTargets(instr: Instruction): Label[] {
  const list = instr.ops[1];
  if (list === undefined || list.kind !== "sym") throw new CompileError("syntax", "brx.idx wants the name of a .branchtargets list", instr.line);
  const names = list.scope.findList(list.name);
  if (names === undefined) throw new CompileError("syntax", `no .branchtargets list '${list.name}' can be seen from here`, instr.line);
  return names.map((name) => labelNamed(list.scope, name, instr.line));
}

function split(body: readonly Statement[], blockAt: Map<Label, number>): CfgBlock[] {
  const blocks: CfgBlock[] = [];
  let current: CfgBlock = { name: "entry", start: 0, end: 0, succs: [], preds: [] };
  blocks.push(current);
  const begin = (name: string, at: number): void => {
    current.end = at;
    current = { name, start: at, end: at, succs: [], preds: [] };
    blocks.push(current);
  };
  let ended = false;
  for (let i = 0; i < body.length; i++) {
    const statement = body[i]!;
    if (statement.kind === "label") {
      // Consecutive labels share a block; the entry block stays without label, as it may not be branched to.
      if (ended || current.start !== i || blocks.length === 1) begin(statement.name, i);
      blockAt.set(statement, blocks.length - 1);
      // The label itself is no work: the block begins behind it.
      (current as { start: number }).start = i + 1;
      ended = false;
    } else {
      if (ended) begin("next", i);
      ended = statement.kind === "instruction" && enders.has(statement.m.op);
    }
  }
  current.end = body.length;
  return blocks;
}

function connect(body: readonly Statement[], blocks: readonly CfgBlock[], blockAt: ReadonlyMap<Label, number>): void {
  for (let b = 0; b < blocks.length; b++) {
    const block = blocks[b]!;
    const last = block.end > block.start ? body[block.end - 1] : undefined;
    const to = (label: Label): void => {
      const target = blockAt.get(label)!;
      if (!block.succs.includes(target)) block.succs.push(target);
    };
    let falls = true;
    if (last instanceof Instruction && enders.has(last.m.op)) {
      falls = last.guard !== null;
      if (last.m.op === "bra") to(branchLabel(last.ops[0], last.line));
      else if (last.m.op === "brx") for (const label of branchTargets(last)) to(label);
    }
    if (falls && b + 1 < blocks.length && !block.succs.includes(b + 1)) block.succs.push(b + 1);
  }
}

/**
 * Builds the control-flow graph of a function body, with dominators.
 * @throws CompileError when a branch goes to no label
 */
export function buildCfg(fn: PtxFunction): Cfg {
  const body = fn.body ?? [];
  const blockAt = new Map<Label, number>();
  const blocks = split(body, blockAt);
  connect(body, blocks, blockAt);
  const order = reversePostorder(blocks);
  for (const b of order) for (const s of blocks[b]!.succs) blocks[s]!.preds.push(b);
  const idom = immediateDominators(blocks, order);
  const { enter, leave } = numberTree(idom, order);
  return {
    blocks, order, idom,
    dominates: (a, b) => enter[a]! <= enter[b]! && leave[b]! <= leave[a]!,
    frontier: frontiers(blocks, order, idom),
    blockOf: (label) => blockAt.get(label)!,
  };
}

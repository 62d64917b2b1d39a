import { MAX_CALL_DEPTH } from "../ir/limits.ts";
import type { Fn } from "../ir/module.ts";
import type { BlockId, Instr } from "../ir/ops.ts";
import { bitsOf } from "../ir/types.ts";
import type { Code, Program, Step } from "./code.ts";
import type { Frame, WorkItem } from "./work-item.ts";

type Of<Op extends Instr["op"]> = Extract<Instr, { readonly op: Op }>;

/** Enters a block: its phis take their values for this edge, all at once. */
function enter(frame: Frame, target: BlockId): void {
  const moves = frame.code.blocks[target]!.moves.get(frame.block);
  if (moves !== undefined) {
    const taken = moves.map(([, from]) => frame.values[from]!);
    moves.forEach(([to], i) => (frame.values[to] = taken[i]!));
  }
  frame.block = target;
  frame.index = 0;
}

/** Branches within a function. */
export function jumpStep(fn: Fn, instr: Of<"br" | "condbr" | "switch">): Step {
  switch (instr.op) {
    case "br": return (_, frame) => enter(frame, instr.target);
    case "condbr": return (_, frame) => enter(frame, frame.values[instr.c] === 1 ? instr.then : instr.else);
    case "switch": {
      const width = bitsOf[fn.types[instr.a]!];
      const targets = new Map(instr.cases.map(([value, target]) => [BigInt.asUintN(width, value), target]));
      return (_, frame) => enter(frame, targets.get(BigInt(frame.values[instr.a]!)) ?? instr.default);
    }
  }
}

/** Starts an activation of `code` with the values of the call's arguments in the caller's frame. */
function call(item: WorkItem, frame: Frame, code: Code, instr: Of<"call" | "calli">): void {
  const { launch } = item.group;
  const localBase = frame.localBase + frame.code.locals.bytes;
  if (item.frames.length >= MAX_CALL_DEPTH) launch.fault(item, "stack-overflow", `more than ${MAX_CALL_DEPTH} activations`);
  if (localBase + code.locals.bytes > item.local.byteLength && code.locals.bytes > 0) {
    launch.fault(item, "stack-overflow", `the locals of "${code.fn.name}" do not fit the ${item.local.byteLength} bytes of local memory`);
  }
  if (code.blocks.length === 0) launch.fault(item, "illegal-instruction", `"${code.fn.name}" has no body`);
  item.frames.push(newFrame(code, localBase, instr.args.map((value) => frame.values[value]!), instr.dst, instr));
}

/** A fresh activation at the start of its function. @param via the call; null for a kernel */
export function newFrame(code: Code, localBase: number, args: readonly (number | bigint)[], results: readonly number[], via: Instr | null): Frame {
  const values = new Array<number | bigint>(code.fn.types.length).fill(0);
  args.forEach((value, i) => (values[i] = value));
  return { code, values, block: 0, index: 0, localBase, results, via };
}

/** Calls, by name and through a function address. */
export function callStep(program: Program, instr: Of<"call" | "calli">): Step {
  if (instr.op === "call") return (item, frame) => call(item, frame, program.functions.get(instr.callee)!, instr);
  return (item, frame) => {
    const address = frame.values[instr.target] as bigint;
    const code = program.byAddress.get(address);
    const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((type, i) => type === b[i]);
    if (code === undefined || code.fn.kind !== "func" || !same(code.fn.params, instr.params) || !same(code.fn.results, instr.results)) {
      return item.group.launch.fault(item, "invalid-pc", `0x${address.toString(16)} is no function of the type (${instr.params.join(", ")}) -> (${instr.results.join(", ")})`);
    }
    return call(item, frame, code, instr);
  };
}

/** Return to the caller, or the end of a kernel. */
export function returnStep(instr: Of<"ret">): Step {
  return (item, frame) => {
    const values = instr.values.map((value) => frame.values[value]!);
    if (item.frames.length === 1) {
      item.group.exit(item);
      return;
    }
    item.frames.pop();
    frame.results.forEach((value, i) => (item.frame.values[value] = values[i]!));
  };
}

/** What ends a work-item or the whole launch. */
export function endStep(instr: Of<"exit" | "trap" | "unreachable">): Step {
  if (instr.op === "exit") return (item) => item.group.exit(item);
  const detail = instr.op === "trap" ? "trap instruction" : "code that cannot be reached was reached";
  return (item) => item.group.launch.fault(item, "trap", detail);
}

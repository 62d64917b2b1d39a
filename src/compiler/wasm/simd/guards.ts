import type { Code, Label } from "../asm/code.ts";
import { op } from "../asm/opcodes.ts";
import type { FlowNode } from "../fast/flow.ts";
import type { Node } from "../graph/node.ts";

/**
 * Guards: comparisons of places in a row that only decide where to go. Within few vectors of a launch do they differ, so the first lane's
 * answer is everybody's, once it is certain that the comparison does not turn over between the first lane and the last.
 */

/** Truth values that branches are made of. */
function parts(condition: Node): readonly Node[] {
  switch (condition.op) {
    case "and": case "or": case "xor": case "select": return condition.type === "i1" ? condition.args : [];
    case "not": return condition.args;
    default: return [];
  }
}

/** The comparisons in a branch's condition. */
export function comparisonsIn(condition: Node): Node[] {
  return condition.op === "icmp" ? [condition] : parts(condition).flatMap(comparisonsIn);
}

/** Comparisons that only branches of the region use. */
export function findGuards(node: FlowNode, made: readonly Node[]): Set<Node> {
  const uses = new Map<Node, number>();
  const seen = new Set<Node>();
  const see = (condition: Node): void => {
    uses.set(condition, (uses.get(condition) ?? 0) + 1);
    if (seen.has(condition)) return;
    seen.add(condition);
    for (const part of parts(condition)) see(part);
  };
  for (const block of node.blocks) if (block.last.op === "condbr") see(block.last.args[0]!);
  const inside = new Set(made);
  const only = (value: Node): boolean => inside.has(value) && uses.get(value) === value.uses;
  const found = new Set<Node>();
  const take = (condition: Node): void => {
    if (!only(condition)) return;
    if (condition.op === "icmp") found.add(condition);
    else parts(condition).forEach(take);
  };
  for (const block of node.blocks) if (block.last.op === "condbr") take(block.last.args[0]!);
  return found;
}

/** Whether a comparison of values that grow by these steps can be a guard. */
export function canGuard(node: Node, a: number, b: number): boolean {
  return (node.args[0]!.type === "i32" || node.args[0]!.type === "i64") && (a === 0 || b === 0 || a === b);
}

/** What is needed to write a guard: variables with the first lane's operands, their steps, and the lanes behind the first. */
export interface Guard {
  readonly node: Node;
  readonly x: number;
  readonly y: number;
  readonly steps: readonly [number, number];
  readonly more: number;
  readonly apart: Label;
  /** Variable for how many work-items go one by one before the next try, where that is known to be less than all. */
  readonly alone: number;
}

/** Goes to `apart` when the comparison may turn over among the lanes. True when it is known to come out as unequal then. */
export function writeTurnover(code: Code, { node, x, y, steps: [a, b], more, apart, alone }: Guard): boolean {
  const [predicate, sign] = node.attr.split(".") as [string, string | undefined];
  const wide = node.args[0]!.type === "i64";
  const number = (value: number | bigint): void => void (wide ? code.i64(BigInt(value)) : code.i32(Number(value) | 0));
  const sub = wide ? op.i64_sub : op.i32_sub;
  if (predicate === "eq" || predicate === "ne") {
    if (a === b) return false;
    const step = a - b;
    if (step > 0) code.get(y).get(x).op(sub);
    else code.get(x).get(y).op(sub);
    if (Math.abs(step) !== 1) {
      number(more * Math.abs(step));
      code.op(wide ? op.i64_le_u : op.i32_le_u).brIf(apart);
      return true;
    }
    // The one that is equal is the last that goes alone.
    code.tee(x);
    number(more);
    code.op(wide ? op.i64_le_u : op.i32_le_u).if();
    code.get(x);
    if (wide) code.op(op.i32_wrap_i64);
    code.i32(1).op(op.i32_add).set(alone).br(apart).end();
    return true;
  }
  /** Whether the value goes from below `edge` to it, or the other way. */
  const passes = (value: number, step: number, edge: () => void): void => {
    if (step > 0) {
      edge();
      code.get(value).op(sub);
      number(1);
      code.op(sub);
    } else {
      code.get(value);
      edge();
      code.op(sub);
    }
    number(more * Math.abs(step));
    code.op(wide ? op.i64_lt_u : op.i32_lt_u).brIf(apart);
  };
  const least = (): void => number(sign === "u" ? 0 : wide ? -(2n ** 63n) : -0x8000_0000);
  for (const [value, step] of [[x, a], [y, b]] as const) if (step !== 0) passes(value, step, least);
  if (a !== 0 && b !== 0) return false;
  // The edge of x < y is y, that of x <= y the next; seen from y, the other way round.
  const [value, step, other] = a !== 0 ? [x, a, y] as const : [y, b, x] as const;
  const next = (predicate === "le" || predicate === "gt") === (a !== 0);
  passes(value, step, () => {
    code.get(other);
    if (next) {
      number(1);
      code.op(wide ? op.i64_add : op.i32_add);
    }
  });
  return false;
}

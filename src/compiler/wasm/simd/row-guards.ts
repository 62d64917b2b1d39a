import type { Code } from "../asm/code.ts";
import { I32, I64, op, type WasmType } from "../asm/opcodes.ts";
import { compareCode } from "../emit/integer.ts";
import { stepOf } from "../fast/rows.ts";
import type { Levels } from "../fast/uniform.ts";
import type { Block, Node } from "../graph/node.ts";
import { comparisonsIn } from "./guards.ts";
import { mayWrap } from "./shapes.ts";

/**
 * Guards asked once a row: `i < n` comes out the same for all work-items of nearly every row, and then no vector of it need ask again.
 */
export interface RowGuard {
  readonly comparison: Node;
  /** The operand that grows or falls along the row, by `step`; the other one is the same in all of it. */
  readonly value: Node;
  readonly step: number;
  readonly other: Node;
}

/** Work-items of a row from which on asking pays. */
export const ROW_TO_ASK = 64;

/** What `writeRowGuard` leaves for a row in which some differ. */
export const DIFFER = 2;

const MAX_GUARDS = 4;

/** The comparisons of the blocks' branches that can be asked so: orders of one value that can be computed anywhere and has a fixed step, and one that is the row's. */
export function rowGuards(blocks: readonly Block[], levels: Levels): RowGuard[] {
  const found: RowGuard[] = [];
  for (const block of blocks) {
    if (block.last.op !== "condbr") continue;
    for (const comparison of comparisonsIn(block.last.args[0]!)) {
      if (!/^(lt|le|gt|ge)\./.test(comparison.attr) || found.some((known) => known.comparison === comparison)) continue;
      const [a, b] = comparison.args as [Node, Node];
      if (![a, b].every((arg) => (arg.type === "i32" || arg.type === "i64") && (arg.block === null || arg.free))) continue;
      const [first, second] = [steady(a, levels), steady(b, levels)];
      if (first === null || second === null || (first === 0) === (second === 0)) continue;
      found.push(first === 0 ? { comparison, value: b, step: second, other: a } : { comparison, value: a, step: first, other: b });
    }
  }
  return found.length > MAX_GUARDS ? [] : found;
}

/** The value's step along a row, if nothing in it can jump on the way. */
function steady(node: Node, levels: Levels): number | null {
  const jumps = (at: Node): boolean => at.block !== null && levels.of(at) === 3 && (mayWrap(at) || at.args.some(jumps));
  const step = stepOf(node, levels);
  return step === null || Math.abs(step) > 1 << 12 || jumps(node) ? null : step;
}

/** What asking needs of its surroundings. */
export interface RowGuardHost {
  readonly code: Code;
  /** Pushes a value as it is for the current work-item. */
  afresh(node: Node): void;
  temp<T>(type: WasmType, use: (local: number) => T): T;
}

/**
 * Pushes 0 or 1 where that is everybody's answer, DIFFER where answers may differ.
 * @param tx variable of the work-item's x: of the first one in the row @param count variable: how many there are
 */
export function writeRowGuard({ code, afresh, temp }: RowGuardHost, { comparison, value, step, other }: RowGuard, tx: number, count: number): void {
  const wide = value.type === "i64";
  const type = wide ? I64 : I32;
  const sign = comparison.attr.slice(3);
  temp(type, (first) => temp(type, (last) => temp(type, (edge) => temp(I32, (answer) => {
    afresh(value);
    code.set(first);
    afresh(other);
    code.set(edge);
    code.get(tx).get(count).op(op.i32_add).i32(1).op(op.i32_sub).set(tx);
    afresh(value);
    code.set(last);
    code.get(tx).get(count).op(op.i32_sub).i32(1).op(op.i32_add).set(tx);
    const ask = (at: number): void => {
      const [x, y] = comparison.args[0] === value ? [at, edge] : [edge, at];
      code.get(x).get(y).op(compareCode(comparison.attr, wide));
    };
    ask(first);
    code.tee(answer).i32(DIFFER);
    ask(last);
    code.get(answer).op(op.i32_eq);
    // Beyond the ends of the numbers the way goes on from the other end.
    code.get(first).get(last).op(compareCode(`${step > 0 ? "le" : "ge"}.${sign}`, wide), op.i32_and, op.select);
  }))));
}

import type { Code, Label } from "../asm/code.ts";
import { I32, I64, op, type WasmType } from "../asm/opcodes.ts";
import { compares } from "../emit/integer.ts";
import type { Node } from "../graph/node.ts";
import type { Shape } from "./shapes.ts";

/**
 * Guards, decided by scalars. A guard compares values that grow by fixed steps from work-item to work-item, so the first and the last of those that go
 * together speak for all between, as long as nothing wraps; and where they do not agree the work-items go one by one anyway.
 */

/** What writing a guard needs of its surroundings. */
export interface GuardHost {
  readonly code: Code;
  /** Work-items that go together, and where they go when they must go one by one. */
  readonly width: number;
  readonly apart: Label;
  /** Variable for how many go one by one before the next try, where that is known to be less than all. */
  readonly alone: number;
  shape(node: Node): Shape;
  /** Pushes a value that all have in common, or the first one's of a value with a step. */
  value(node: Node): void;
  temp<T>(type: WasmType, use: (local: number) => T): T;
}

/** Whether the condition can be decided so: comparisons of such values, combined, none of which anything else needs. */
export function isScalarGuard(node: Node, shape: (node: Node) => Shape): boolean {
  if (shape(node) === 0) return true;
  if (!node.folded) return false;
  switch (node.op) {
    case "and": case "or": case "xor": case "select": return node.args.every((arg) => arg.type === "i1" && isScalarGuard(arg, shape));
    case "not": return isScalarGuard(node.args[0]!, shape);
    case "icmp": return node.args.every((arg) => (arg.type === "i32" || arg.type === "i64") && shape(arg) !== null);
    default: return false;
  }
}

/** Pushes 1 or 0: the condition of all; goes apart when it may not be the same for all. */
export function writeGuard(host: GuardHost, node: Node): void {
  const { code } = host;
  if (host.shape(node) === 0) {
    host.value(node);
    return;
  }
  const [a, b, c] = node.args as [Node, Node, Node];
  switch (node.op) {
    case "select":
      writeGuard(host, b);
      writeGuard(host, c);
      writeGuard(host, a);
      code.op(op.select);
      return;
    case "not":
      writeGuard(host, a);
      code.op(op.i32_eqz);
      return;
    case "icmp":
      if (node.attr === "eq" || node.attr === "ne") equality(host, node, a, b);
      else order(host, node, a, b);
      return;
    default:
      writeGuard(host, a);
      writeGuard(host, b);
      code.op(node.op === "and" ? op.i32_and : node.op === "or" ? op.i32_or : op.i32_xor);
  }
}

/** Equal somewhere among them only where their distance is no more than the steps make up for, whatever wraps. */
function equality(host: GuardHost, node: Node, a: Node, b: Node): void {
  const { code } = host;
  const wide = a.type === "i64";
  const step = host.shape(a)! - host.shape(b)!;
  const [less, more] = step > 0 ? [a, b] : [b, a];
  host.value(more);
  host.value(less);
  code.op(wide ? op.i64_sub : op.i32_sub);
  const reach = (host.width - 1) * Math.abs(step);
  if (step === 0) {
    // They go side by side: equal in all or in none.
    if (wide) code.op(op.i64_eqz);
    else code.op(op.i32_eqz);
    if (node.attr === "ne") code.op(op.i32_eqz);
    return;
  }
  host.temp(wide ? I64 : I32, (far) => {
    code.tee(far);
    if (wide) code.i64(BigInt(reach)).op(op.i64_le_u);
    else code.i32(reach).op(op.i32_le_u);
    if (Math.abs(step) === 1) {
      // The one that is equal is the last that goes alone.
      code.if();
      code.get(far);
      if (wide) code.op(op.i32_wrap_i64);
      code.i32(1).op(op.i32_add).set(host.alone).br(host.apart).end();
    } else code.brIf(host.apart);
  });
  code.i32(node.attr === "ne" ? 1 : 0);
}

function order(host: GuardHost, node: Node, a: Node, b: Node): void {
  const { code } = host;
  const wide = a.type === "i64";
  const type = wide ? I64 : I32;
  const sign = node.attr.slice(3);
  const pick = (predicate: string): number => compares[predicate]![wide ? 1 : 0];
  host.temp(type, (x) => host.temp(type, (y) => host.temp(I32, (first) => {
    host.value(a);
    code.set(x);
    host.value(b);
    code.set(y);
    code.get(x).get(y).op(pick(node.attr)).set(first);
    for (const [side, local] of [[a, x], [b, y]] as const) {
      const step = host.shape(side)!;
      if (step === 0) continue;
      // The last one's value; a step that leads beyond the ends of the numbers shows as a step back.
      const way = (host.width - 1) * step;
      host.temp(type, (before) => {
        code.get(local).tee(before);
        if (wide) code.i64(BigInt(way)).op(op.i64_add);
        else code.i32(way).op(op.i32_add);
        code.tee(local).get(before).op(pick(`${step > 0 ? "lt" : "gt"}.${sign}`)).brIf(host.apart);
      });
    }
    code.get(x).get(y).op(pick(node.attr)).get(first).op(op.i32_ne).brIf(host.apart).get(first);
  })));
}

import { isFloat } from "../../ir/types.ts";
import type { Graph, Node, Op } from "./node.ts";
import { CANONICAL_OPERAND, CANONICAL_RESULT } from "../emit/float.ts";

/**
 * Where NaNs must be made canonical. Arithmetic may leave any NaN in a variable; where bits become visible (store, bitcast, atomic, call) it
 * must be the canonical one, but a NaN that was only moved keeps its bits. So the sources of each visible value are looked up: if all are arithmetic
 * the value is canonicalised where it is used, otherwise each arithmetic source is, where it is made.
 */

const arithmetic: ReadonlySet<Op> = new Set<Op>([
  "fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "fsqrt", "ffloor", "fceil", "ftrunc", "frint", "fround", "fma", "fptrunc", "fpext", "f16tof32", "bf16tof32",
]);
const signs: ReadonlySet<Op> = new Set<Op>(["fneg", "fabs", "copysign"]);

/** Sets the marks. */
export function placeCanonical(graph: Graph): void {
  for (const block of graph.blocks) for (const node of block.nodes) node.mark = 0;
  const done = new Set<Node>();
  const operand = (node: Node): void => {
    if (done.has(node)) return;
    done.add(node);
    const floats = node.args.filter((arg) => arg.type !== null && isFloat(arg.type));
    // All values of a store are made canonical, or none: one that is only moved must stay as it is.
    const whole = node.op === "store" && floats.every((arg) => sources(arg).moved.length === 0);
    const only = whole || (floats.length === 1 && (node.op === "store" || node.op === "bitcast" || node.op === "fneg" || node.op === "fabs"));
    for (const arg of floats) {
      if (!visible(arg)) continue;
      if (only) node.mark |= CANONICAL_OPERAND;
      else for (const source of sources(arg).made) source.mark |= CANONICAL_RESULT;
    }
  };
  /** Makes what can be done at the sources; true when the use must canonicalise. */
  const visible = (value: Node): boolean => {
    const { made, moved } = sources(value);
    for (const node of moved) if (signs.has(node.op)) operand(node);
    if (made.length === 0) return false;
    if (moved.length === 0) return true;
    for (const node of made) node.mark |= CANONICAL_RESULT;
    return false;
  };
  for (const block of graph.blocks) {
    for (const node of block.nodes) {
      switch (node.op) {
        case "store": case "atomic": case "cmpxchg":
        case "bitcast": case "call": case "calli": case "ret": case "printf":
        case "copysign": // puts the sign of a NaN into a number
          operand(node);
          break;
        default:
      }
    }
  }
}

/** Arithmetic nodes the value may come from, and other sources whose NaNs would be seen as they are. */
function sources(value: Node): { made: Node[]; moved: Node[] } {
  const made: Node[] = [];
  const moved: Node[] = [];
  const seen = new Set<Node>([value]);
  for (const node of seen) {
    if (arithmetic.has(node.op)) made.push(node);
    else if (node.op === "phi") for (const arg of node.args) seen.add(arg);
    else if (node.op === "select") {
      seen.add(node.args[1]!);
      seen.add(node.args[2]!);
    } else if (node.op === "const" || node.op === "sitofp" || node.op === "uitofp") continue;
    else moved.push(node);
  }
  return { made, moved };
}

import { bitsOf, isInt, type Type } from "../../ir/types.ts";
import type { Node } from "./node.ts";

/** Constant folding of integer operations, comparisons and width changes. Floating point is left to run time, where its rules are written once. */

/** Value of a constant node, zero-extended. */
function unsigned(node: Node): bigint {
  return BigInt.asUintN(bitsOf[node.type!], BigInt(node.imm));
}

function signed(node: Node): bigint {
  return BigInt.asIntN(bitsOf[node.type!], BigInt(node.imm));
}

/** The result of `node` when all operands are integer constants; null when it is not folded. */
export function foldConstant(node: Node): bigint | null {
  const [a, b, c] = node.args;
  if (a === undefined || node.type === null || !isInt(node.type)) return null;
  for (const arg of node.args) if (arg.op !== "const" || !isInt(arg.type!)) return null;
  switch (node.op) {
    case "zext": return unsigned(a);
    case "sext": return signed(a);
    case "trunc": return unsigned(a);
    case "not": return ~unsigned(a);
    case "neg": return -unsigned(a);
    case "icmp": return compare(node.attr, a, b!) ? 1n : 0n;
    case "select": return BigInt(a.imm) !== 0n ? unsigned(b!) : unsigned(c!);
    default: return b === undefined ? null : binary(node.op, node.type, a, b);
  }
}

function binary(op: string, type: Type, a: Node, b: Node): bigint | null {
  const x = unsigned(a);
  const y = unsigned(b);
  const width = BigInt(bitsOf[type]);
  switch (op) {
    case "add": return x + y;
    case "sub": return x - y;
    case "mul": return x * y;
    case "and": return x & y;
    case "or": return x | y;
    case "xor": return x ^ y;
    case "shl": return x << (y % width);
    case "lshr": return x >> (y % width);
    case "ashr": return signed(a) >> (y % width);
    case "min.u": return x < y ? x : y;
    case "max.u": return x > y ? x : y;
    case "min.s": return signed(a) < signed(b) ? x : y;
    case "max.s": return signed(a) > signed(b) ? x : y;
    case "div.u": return y === 0n ? null : x / y;
    case "rem.u": return y === 0n ? null : x % y;
    default: return null;
  }
}

function compare(predicate: string, a: Node, b: Node): boolean {
  switch (predicate) {
    case "eq": return unsigned(a) === unsigned(b);
    case "ne": return unsigned(a) !== unsigned(b);
    case "lt.s": return signed(a) < signed(b);
    case "le.s": return signed(a) <= signed(b);
    case "gt.s": return signed(a) > signed(b);
    case "ge.s": return signed(a) >= signed(b);
    case "lt.u": return unsigned(a) < unsigned(b);
    case "le.u": return unsigned(a) <= unsigned(b);
    case "gt.u": return unsigned(a) > unsigned(b);
    default: return unsigned(a) >= unsigned(b);
  }
}

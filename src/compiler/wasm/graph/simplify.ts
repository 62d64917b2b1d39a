import { bitsOf, isInt } from "../../ir/types.ts";
import { foldConstant } from "./fold.ts";
import type { Graph, Node, Op } from "./node.ts";

/** Rewrites of single nodes that make code smaller or addresses plainer. */

const commutative: ReadonlySet<Op> = new Set<Op>(["add", "mul", "and", "or", "xor", "min.s", "max.s", "min.u", "max.u", "mulhi.s", "mulhi.u", "fadd", "fmul"]);

/** Largest offset that is moved from an address into the access itself. */
const MAX_OFFSET = 1 << 20;

function isConst(node: Node, value: number): boolean {
  return node.op === "const" && isInt(node.type!) && BigInt(node.imm) === BigInt(value);
}

function isAllOnes(node: Node): boolean {
  return node.op === "const" && isInt(node.type!) && BigInt.asUintN(bitsOf[node.type!], BigInt(node.imm) + 1n) === 0n;
}

/**
 * A node that may stand for `node`, or `node` itself after rewriting it in place. `add` makes a new node in front of it.
 */
export function simplify(graph: Graph, node: Node, add: (op: Op, like: Node, args: Node[]) => Node): Node {
  if (node.type === null) {
    if (node.access !== null) simplifyAddress(node);
    return node;
  }
  const constant = foldConstant(node);
  if (constant !== null) return graph.const(node.type, node.type === "i64" ? constant : Number(BigInt.asIntN(32, constant)));
  if (node.access !== null) {
    simplifyAddress(node);
    return node;
  }
  if (commutative.has(node.op) && node.args[0]!.op === "const" && node.args[1]!.op !== "const") node.args.reverse();
  const a = node.args[0]!;
  const b = node.args[1]!;
  switch (node.op) {
    case "add":
      if (isConst(b, 0)) return a;
      // (x + c) + d = x + (c + d); (x + c) + y = (x + y) + c, so that constants end up in the access's offset.
      if (a.op === "add" && a.args[1]!.op === "const" && isInt(node.type)) {
        if (b.op === "const") node.args = [a.args[0]!, graph.const(node.type, sum(node.type, a.args[1]!.imm, b.imm))];
        else if (node.type === "i64") node.args = [add("add", node, [a.args[0]!, b]), a.args[1]!];
      } else if (b.op === "add" && b.args[1]!.op === "const" && node.type === "i64") node.args = [add("add", node, [a, b.args[0]!]), b.args[1]!];
      return node;
    case "sub":
      if (isConst(b, 0)) return a;
      if (b.op === "const" && isInt(node.type)) {
        node.op = "add";
        node.args = [a, graph.const(node.type, typeof b.imm === "bigint" ? -b.imm : -b.imm)];
      }
      return node;
    case "mul":
      if (isConst(b, 1)) return a;
      if (isConst(b, 0)) return b;
      if (b.op === "const") {
        const factor = BigInt.asUintN(bitsOf[node.type], BigInt(b.imm));
        if (factor > 0n && (factor & (factor - 1n)) === 0n) {
          node.op = "shl";
          node.args = [a, graph.const(node.type, BigInt(factor.toString(2).length - 1))];
          return simplify(graph, node, add);
        }
      }
      return node;
    case "shl":
      if (isConst(b, 0)) return a;
      // (x + c) << k = (x << k) + (c << k), for addresses.
      if (b.op === "const" && node.type === "i64" && a.op === "add" && a.args[1]!.op === "const") {
        const shifted = add("shl", node, [a.args[0]!, b]);
        node.op = "add";
        node.args = [shifted, graph.const("i64", BigInt(a.args[1]!.imm) << (BigInt(b.imm) & 63n))];
      }
      return node;
    case "lshr": case "ashr": case "rotl":
      return isConst(b, 0) ? a : node;
    case "and":
      if (a === b || isAllOnes(b)) return a;
      return isConst(b, 0) ? b : node;
    case "or":
      // Bits that are not there yet: a sum, as addresses are made of.
      if (b.op === "const" && (node.type === "i32" || node.type === "i64") && BigInt(b.imm) > 0n && BigInt(b.imm) < 1n << BigInt(zerosBelow(a, 0))) {
        node.op = "add";
        return simplify(graph, node, add);
      }
      if (a === b || isConst(b, 0)) return a;
      return isAllOnes(b) ? b : node;
    case "xor":
      if (isConst(b, 0)) return a;
      return a === b ? graph.const(node.type, 0) : node;
    case "div.u":
      if (isConst(b, 1)) return a;
      return powerOfTwo(graph, node, b, (shift) => {
        node.op = "lshr";
        node.args = [a, shift];
      });
    case "rem.u":
      return powerOfTwo(graph, node, b, () => {
        node.op = "and";
        node.args = [a, graph.const(node.type!, BigInt(b.imm) - 1n)];
      });
    case "select":
      if (a.op === "const") return BigInt(a.imm) !== 0n ? b : node.args[2]!;
      return b === node.args[2] ? b : node;
    case "icmp":
      return simplifyCompare(graph, node, a, b);
    case "zext": case "sext":
      if (a.type === node.type) return a;
      if (a.op === "zext") {
        node.op = "zext";
        node.args = [a.args[0]!];
      }
      return node;
    case "trunc":
      if (a.type === node.type) return a;
      if ((a.op === "zext" || a.op === "sext") && a.args[0]!.type === node.type) return a.args[0]!;
      return node;
    case "bitcast":
      if (a.type === node.type) return a;
      // A float's pattern reinterpreted twice is itself only for patterns that came from integers: the other way NaNs are canonicalised.
      if (a.op === "bitcast" && a.args[0]!.type === node.type && isInt(node.type)) return a.args[0]!;
      return node;
    default:
      return node;
  }
}

function sum(type: string, a: number | bigint, b: number | bigint): number | bigint {
  return type === "i64" ? BigInt(a) + BigInt(b) : Number(a) + Number(b);
}

function powerOfTwo(graph: Graph, node: Node, divisor: Node, rewrite: (shift: Node) => void): Node {
  if (divisor.op !== "const") return node;
  const value = BigInt.asUintN(bitsOf[node.type!], BigInt(divisor.imm));
  if (value > 0n && (value & (value - 1n)) === 0n) rewrite(graph.const(node.type!, BigInt(value.toString(2).length - 1)));
  return node;
}

const negated: Readonly<Record<string, string>> = {
  eq: "ne", ne: "eq", "lt.s": "ge.s", "ge.s": "lt.s", "gt.s": "le.s", "le.s": "gt.s", "lt.u": "ge.u", "ge.u": "lt.u", "gt.u": "le.u", "le.u": "gt.u",
};
const swapped: Readonly<Record<string, string>> = {
  eq: "eq", ne: "ne", "lt.s": "gt.s", "gt.s": "lt.s", "le.s": "ge.s", "ge.s": "le.s", "lt.u": "gt.u", "gt.u": "lt.u", "le.u": "ge.u", "ge.u": "le.u",
};

function simplifyCompare(graph: Graph, node: Node, a: Node, b: Node): Node {
  if (a.op === "const" && b.op !== "const") {
    node.args = [b, a];
    node.attr = swapped[node.attr]!;
    return simplifyCompare(graph, node, b, a);
  }
  if (a.type === "i1" && b.op === "const") {
    // Comparisons of a truth value with a constant.
    if ((node.attr === "ne" && isConst(b, 0)) || (node.attr === "eq" && isConst(b, 1))) return a;
    if ((node.attr === "eq" && isConst(b, 0)) || (node.attr === "ne" && isConst(b, 1))) return invert(node, a);
  }
  if (a.op === "zext" && isConst(b, 0) && (node.attr === "eq" || node.attr === "ne")) {
    node.args = [a.args[0]!, graph.const(a.args[0]!.type!, 0)];
    return simplifyCompare(graph, node, node.args[0]!, node.args[1]!);
  }
  return node;
}

/** `node` becomes the opposite of the integer comparison `a`, where that is one. */
function invert(node: Node, a: Node): Node {
  if (a.op === "icmp") {
    node.attr = negated[a.attr]!;
    node.args = [...a.args];
  }
  return node;
}

/** Constant parts of the address move into the access's offset (addresses are sums modulo 2^64, so that is exact). */
function simplifyAddress(node: Node): void {
  let address = node.args[0]!;
  let offset = node.access!.offset;
  while (address.op === "add" && address.args[1]!.op === "const") {
    const more = BigInt(address.args[1]!.imm);
    const total = more + BigInt(offset);
    if (total > BigInt(MAX_OFFSET) || total < -BigInt(MAX_OFFSET)) break;
    offset = Number(total);
    address = address.args[0]!;
  }
  if (address !== node.args[0]) {
    node.args[0] = address;
    node.access = { ...node.access!, offset };
  }
}

/** How many low bits of the value are known to be zero (at most 16). */
function zerosBelow(node: Node, depth: number): number {
  if (depth > 8) return 0;
  const [a, b] = node.args as [Node, Node];
  const of = (arg: Node): number => zerosBelow(arg, depth + 1);
  switch (node.op) {
    case "const": {
      const value = BigInt(node.imm);
      return value === 0n ? 16 : Math.min(16, (value & -value).toString(2).length - 1);
    }
    case "shl": return b.op === "const" ? Math.min(16, of(a) + (Number(b.imm) & (node.type === "i64" ? 63 : 31))) : of(a);
    case "mul": return Math.min(16, of(a) + of(b));
    case "add": case "sub": case "or": case "xor": return Math.min(of(a), of(b));
    case "and": return Math.max(of(a), of(b));
    case "zext": case "sext": return of(a);
    default: return 0;
  }
}

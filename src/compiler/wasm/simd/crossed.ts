import { sizeOf } from "../../ir/types.ts";
import type { Node } from "../graph/node.ts";
import { isLowHalf } from "./low-half.ts";
import type { Shape } from "./shapes.ts";

/**
 * Elements that neighbours take crosswise: `x[i ^ j]` with the same j for all, as butterflies of sorting networks and transforms do. Where i begins at a
 * multiple of four, four lanes have four elements that lie side by side, turned by the low bits of j.
 */
export interface Crossed {
  readonly base: Node;
  /** The number that grows by one from lane to lane, and what it is crossed with. */
  readonly index: Node;
  readonly by: Node;
  /** How the crossed number becomes an offset in bytes: extended by its sign, and scaled by the element's size. */
  readonly signed: boolean;
}

/** Finds out whether an access of words is of that kind. */
export function findCrossed(node: Node, shape: (node: Node) => Shape): Crossed | null {
  const access = node.access!;
  if (sizeOf[access.type] !== 4 || access.count !== 1 || (access.space !== "global" && access.space !== "const")) return null;
  const sum = node.args[0]!;
  if (sum.op !== "add") return null;
  for (const [base, scaled] of [[sum.args[0]!, sum.args[1]!], [sum.args[1]!, sum.args[0]!]] as const) {
    if (shape(base) !== 0 || scaled.op !== "shl" || scaled.args[1]!.op !== "const" || Number(scaled.args[1]!.imm) !== 2) continue;
    let number = scaled.args[0]!;
    const signed = number.op === "sext";
    if (number.op !== "zext" && !signed) continue;
    if (isLowHalf(number)) continue;
    number = number.args[0]!;
    if (number.op !== "xor" || number.type !== "i32") continue;
    const [a, b] = number.args as [Node, Node];
    if (shape(a) === 1 && shape(b) === 0) return { base, index: a, by: b, signed };
    if (shape(b) === 1 && shape(a) === 0) return { base, index: b, by: a, signed };
  }
  return null;
}

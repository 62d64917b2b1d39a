import type { Node } from "../graph/node.ts";

/** Whether the node cuts a long to its low half, as compilers write the extension of a word. */
export function isLowHalf(node: Node): boolean {
  const by = node.args[1];
  return node.op === "and" && node.type === "i64" && by!.op === "const" && BigInt.asUintN(64, BigInt(by!.imm)) === 0xffff_ffffn;
}

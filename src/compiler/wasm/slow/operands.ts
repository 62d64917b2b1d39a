import type { Node } from "../graph/node.ts";

/** Barrier id, count, and the predicate of a reduction; null where absent. */
export function barrierOperands(node: Node): [id: Node | null, count: Node | null, predicate: Node | null] {
  const has = Number(node.imm);
  const rest = [...node.args];
  const id = (has & 1) !== 0 ? rest.shift()! : null;
  const count = (has & 2) !== 0 ? rest.shift()! : null;
  return [id, count, rest.shift() ?? null];
}

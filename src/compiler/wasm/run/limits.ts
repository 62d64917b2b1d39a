import type { Block, Node } from "../graph/node.ts";
import type { Forms, Shape } from "./affine.ts";

/**
 * Which work-items come to a block: kernels whose grid is a little too large begin with "if (x < width && y < height)". Without that, the indices beyond would seem to reach into
 * the next row, or behind the buffer.
 */
export function limited(block: Block, forms: Forms): Shape {
  const items = [...forms.shape.items];
  for (let at = block; at.idom !== null && at.idom !== at; at = at.idom) {
    // Whoever comes to `at` has taken this edge.
    if (at.preds.length !== 1 || at.preds[0] !== at.idom) continue;
    const branch = at.idom.last;
    if (branch.op !== "condbr" || at.idom.succs[0] === at.idom.succs[1]) continue;
    narrow(branch.args[0]!, at.idom.succs[0] === at, forms, items);
  }
  return { ...forms.shape, items };
}

/** What follows from a condition that is known. */
function narrow(condition: Node, holds: boolean, forms: Forms, items: bigint[]): void {
  const [a, b, c] = condition.args as [Node, Node, Node | undefined];
  const isTrue = (node: Node | undefined): boolean => node !== undefined && node.op === "const" && Number(node.imm) === 1;
  const isFalse = (node: Node | undefined): boolean => node !== undefined && node.op === "const" && Number(node.imm) === 0;
  if (condition.op === "and" || condition.op === "or") {
    if (holds !== (condition.op === "and")) return;
    narrow(a, holds, forms, items);
    narrow(b, holds, forms, items);
  } else if (condition.op === "select" && condition.type === "i1" && (holds ? isFalse(c) : isTrue(b))) {
    narrow(a, holds, forms, items);
    narrow(holds ? b : c!, holds, forms, items);
  } else if (condition.op === "not" || (condition.op === "xor" && isTrue(b))) {
    narrow(a, !holds, forms, items);
  } else if (condition.op === "icmp") {
    const [predicate, sign] = condition.attr.split(".") as [string, string | undefined];
    if (sign !== undefined) compare(a, b, holds ? predicate : opposite[predicate]!, sign === "s", forms, items);
  }
}

const opposite: Readonly<Record<string, string>> = { lt: "ge", le: "gt", gt: "le", ge: "lt" };
const mirrored: Readonly<Record<string, string>> = { lt: "gt", le: "ge", gt: "lt", ge: "le" };

function compare(a: Node, b: Node, predicate: string, signed: boolean, forms: Forms, items: bigint[]): void {
  const width = a.type === "i64" ? 64 : a.type === "i32" ? 32 : 0;
  if (width === 0) return;
  const below = signed ? 1n << BigInt(width - 1) : 0n;
  const [left, right] = [a, b].map((node) => forms.within(forms.of(node), width, below));
  if (left === null || left === undefined || right === null || right === undefined) return;
  const fixed = (form: typeof left): boolean => form.slack === 0n && form.by.every((by) => by === 0n);
  if (fixed(left)) {
    upTo(right, left.at, mirrored[predicate]!, forms, items);
  } else if (fixed(right)) upTo(left, right.at, predicate, forms, items);
}

/** An index over all groups, plus a constant, is below a limit. */
function upTo(form: NonNullable<ReturnType<Forms["of"]>>, limit: bigint, predicate: string, { shape }: Forms, items: bigint[]): void {
  if (form.slack !== 0n || (predicate !== "lt" && predicate !== "le")) return;
  const used = [0, 1, 2].filter((d) => form.by[d] !== 0n || form.by[d + 3] !== 0n);
  const d = used[0];
  if (used.length !== 1 || d === undefined) return;
  const whole = (shape.grid[d] === 1n || form.by[d] === shape.block[d]) && (shape.block[d] === 1n || form.by[d + 3] === 1n);
  if (!whole) return;
  const count = limit - form.at + (predicate === "le" ? 1n : 0n);
  if (count < items[d]!) items[d] = count < 1n ? 1n : count;
}

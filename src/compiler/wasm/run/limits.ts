import type { Block, Node } from "../graph/node.ts";
import type { Affine, Forms, Shape } from "./affine.ts";

/**
 * Which work-items come to a block: kernels whose grid is a little too large begin with "if (x < width && y < height)". Without that, the indices beyond would seem to reach into
 * the next row, or behind the buffer.
 */
export function limited(block: Block, forms: Forms): Shape {
  const [first, end] = [[...forms.shape.first], [...forms.shape.end]];
  const range: Range = { first, end };
  for (let at = block; at.idom !== null && at.idom !== at; at = at.idom) {
    // Whoever comes to `at` has taken this edge.
    if (at.preds.length !== 1 || at.preds[0] !== at.idom) continue;
    const branch = at.idom.last;
    if (branch.op !== "condbr" || at.idom.succs[0] === at.idom.succs[1]) continue;
    narrow(branch.args[0]!, at.idom.succs[0] === at, forms, range);
  }
  return { ...forms.shape, first, end };
}

/** Indices of work-items over all groups, by dimension. */
interface Range {
  readonly first: bigint[];
  readonly end: bigint[];
}

/** What follows from a condition that is known. */
function narrow(condition: Node, holds: boolean, forms: Forms, range: Range): void {
  const [a, b, c] = condition.args as [Node, Node, Node | undefined];
  const isTrue = (node: Node | undefined): boolean => node !== undefined && node.op === "const" && Number(node.imm) === 1;
  const isFalse = (node: Node | undefined): boolean => node !== undefined && node.op === "const" && Number(node.imm) === 0;
  if (condition.op === "and" || condition.op === "or") {
    if (holds !== (condition.op === "and")) return;
    narrow(a, holds, forms, range);
    narrow(b, holds, forms, range);
  } else if (condition.op === "select" && condition.type === "i1" && (holds ? isFalse(c) : isTrue(b))) {
    narrow(a, holds, forms, range);
    narrow(holds ? b : c!, holds, forms, range);
  } else if (condition.op === "not" || (condition.op === "xor" && isTrue(b))) {
    narrow(a, !holds, forms, range);
  } else if (condition.op === "icmp") {
    const [predicate, sign] = condition.attr.split(".") as [string, string | undefined];
    compare(a, b, holds ? predicate : opposite[predicate]!, sign === "s", forms, range);
  }
}

const opposite: Readonly<Record<string, string>> = { lt: "ge", le: "gt", gt: "le", ge: "lt", eq: "ne", ne: "eq" };
const mirrored: Readonly<Record<string, string>> = { lt: "gt", le: "ge", gt: "lt", ge: "le", eq: "eq", ne: "ne" };

function compare(a: Node, b: Node, predicate: string, signed: boolean, forms: Forms, range: Range): void {
  const width = a.type === "i64" ? 64 : a.type === "i32" ? 32 : 0;
  if (width === 0) return;
  const below = signed ? 1n << BigInt(width - 1) : 0n;
  const [left, right] = [a, b].map((node) => forms.within(forms.of(node), width, below));
  if (left === null || left === undefined || right === null || right === undefined) return;
  const fixed = (form: typeof left): boolean => form.slack === 0n && form.by.every((by) => by === 0n);
  if (fixed(left)) within(right, left.at, mirrored[predicate]!, forms, range);
  else if (fixed(right)) within(left, right.at, predicate, forms, range);
}

/** An index over all groups, plus a constant, is compared with a limit. */
function within(form: Affine, limit: bigint, predicate: string, { shape }: Forms, { first, end }: Range): void {
  const used = [0, 1, 2].filter((d) => form.by[d] !== 0n || form.by[d + 3] !== 0n);
  const d = used[0];
  if (form.slack !== 0n || used.length !== 1 || d === undefined) return;
  const whole = (shape.grid[d] === 1n || form.by[d] === shape.block[d]) && (shape.block[d] === 1n || form.by[d + 3] === 1n);
  if (!whole) return;
  const at = limit - form.at;
  let [low, high] = [first[d]!, end[d]!];
  switch (predicate) {
    case "lt": high = at; break;
    case "le": high = at + 1n; break;
    case "gt": low = at + 1n; break;
    case "ge": low = at; break;
    case "eq": [low, high] = [at, at + 1n]; break;
    default:
      if (at === low) low++;
      else if (at === high - 1n) high--;
  }
  if (low > first[d]!) first[d] = low;
  if (high < end[d]!) end[d] = high;
  // Nobody comes there: one is as good as none.
  if (first[d]! >= end[d]!) [first[d], end[d]] = [shape.first[d]!, shape.first[d]! + 1n];
}

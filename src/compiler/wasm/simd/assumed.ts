import { EmulatorBug } from "../../../kernel/errors.ts";
import { isLeaf, type Node } from "../graph/node.ts";
import type { FlowNode } from "../fast/flow.ts";
import { findCrossed, type Crossed } from "./crossed.ts";
import type { Shape, Shapes } from "./shapes.ts";

/**
 * What a region's rows are taken to be like: nothing in particular; values that grow along the row begin at a multiple of what a vector's work-items
 * make up (`aligned`); and numbers that are the same for all, and are crossed with such values, have no bits as low as that (`multiples`); or they lead crosswise
 * to one particular bit (a number), and what other such values are masked by has no bits as low as that.
 */
export type Assumption = "nothing" | "aligned" | "multiples" | 1 | 2 | 4 | 8;

/**
 * Networks, transforms and reductions pair work-items by the bits of their numbers: `i ^ j`, `i & k`. What such a value looks like from lane to lane depends on j, which only
 * the launch knows. So a region with such values is written several times, each for what a row may be like, and each row asks once which of them it can take: where
 * i is `i0 + lane`, i0 has no bits as low as the lane's, and j neither, `i ^ j` is `(i0 ^ j) + lane` and `i & k` is the same for all.
 */
export class Assumed {
  readonly kind: Assumption;
  /** Values that begin at a multiple of their step times the work-items that go together, with their steps. */
  readonly aligned: Map<Node, number> = new Map();
  /** The same for all, and a multiple of that many (in steps of the value that they are combined with). */
  readonly multiples: Map<Node, number> = new Map();
  /** The same for all, and just that number. */
  readonly exact: Map<Node, number> = new Map();

  constructor(kind: Assumption) {
    this.kind = kind;
  }

  /** Whether the plan is no other than one that assumes nothing. */
  get nothing(): boolean {
    return this.aligned.size === 0 && this.multiples.size === 0;
  }

  /**
   * Whether rows can be like that, and that says more than `aligned` does, where so many work-items go together: a bit that is their own is crossed somewhere,
   * and not asked to be absent as well.
   */
  worthwhile(width: number): boolean {
    if (typeof this.kind !== "number") return true;
    return this.kind < width && this.exact.size > 0 && ![...this.exact.keys()].some((by) => this.multiples.has(by));
  }

  /** Step of a value whose operands have steps (null: it has none), where that is by assumption. */
  step(node: Node, args: readonly Shape[], shapes: Shapes): Shape {
    const masks = typeof this.kind === "number" && node.op === "and";
    if (!masks && (this.kind !== "multiples" || (node.op !== "xor" && node.op !== "and" && node.op !== "or"))) return null;
    const [a, b] = node.args as [Node, Node];
    const [steps, x, y] = args[0] === 0 ? [args[1], b, a] : [args[0], a, b];
    if (args[0] !== 0 && args[1] !== 0 || steps === null || steps === undefined || steps <= 0 || steps > 64 || (steps & (steps - 1)) !== 0) return null;
    if (!isAskable(x) || !isKnown(y, shapes) || (masks && y.op === "const")) return null;
    this.aligned.set(x, steps);
    this.multiples.set(y, Math.max(steps, this.multiples.get(y) ?? 0));
    return node.op === "and" ? 0 : steps;
  }

  /** Finds the indices of crosswise accesses; for `aligned` and particular bits. */
  findAligned(node: FlowNode, shapes: Shapes): void {
    if (this.kind !== "aligned" && typeof this.kind !== "number") return;
    for (const block of node.blocks) {
      for (const inner of block.nodes) {
        const found = inner.access === null || (inner.op !== "load" && inner.op !== "store") ? null : findCrossed(inner, (arg) => shapes.use(arg, block) ?? null);
        if (found === null || !isAskable(found.index)) continue;
        this.aligned.set(found.index, 1);
        if (typeof this.kind === "number" && isKnown(found.by, shapes)) this.exact.set(found.by, this.kind);
      }
    }
  }

  /** How the access's elements lie crosswise, where their index begins at a multiple. */
  crossed(node: Node, shape: (node: Node) => Shape): Crossed | null {
    if (this.kind !== "aligned" && typeof this.kind !== "number") return null;
    const found = findCrossed(node, shape);
    return found !== null && this.aligned.has(found.index) ? found : null;
  }

  /**
   * A bit for each of `width` work-items for which a comparison of `i ^ j` with i comes out true, where that is the same in every row; null: it is not. With i a multiple of
   * the width plus the lane, and j below it, what both have in common decides nothing, be they signed or not.
   */
  lanes(node: Node, width: number): number | null {
    if (node.op !== "icmp" || this.exact.size === 0) return null;
    const [a, b] = node.args as [Node, Node];
    const crossed = this.crossedBy(a, b) ?? this.crossedBy(b, a);
    if (crossed === null || crossed >= width) return null;
    const turned = this.crossedBy(a, b) === null;
    let bits = 0;
    for (let lane = 0; lane < width; lane++) {
      const [x, y] = turned ? [lane, lane ^ crossed] : [lane ^ crossed, lane];
      if (compares(node.attr, x, y)) bits |= 1 << lane;
    }
    return bits;
  }

  /** What the first value is the second one crossed with, where that is known. */
  private crossedBy(node: Node, index: Node): number | null {
    if (node.op !== "xor" || !this.aligned.has(index)) return null;
    const [a, b] = node.args as [Node, Node];
    return (a === index ? this.exact.get(b) : b === index ? this.exact.get(a) : undefined) ?? null;
  }
}

function compares(how: string, x: number, y: number): boolean {
  switch (how.replace(/\.[su]$/, "")) {
    case "eq": return x === y;
    case "ne": return x !== y;
    case "lt": return x < y;
    case "le": return x <= y;
    case "gt": return x > y;
    case "ge": return x >= y;
    default: throw new EmulatorBug(`comparison ${how}`);
  }
}

/** Whether the value can be computed at a row's beginning. */
function isAskable(node: Node): boolean {
  return node.block === null ? isLeaf(node) : node.free;
}

/** Whether the value, the same for all, is known there and does not change in the region. */
function isKnown(node: Node, shapes: Shapes): boolean {
  return isLeaf(node) || shapes.isCommon(node);
}

import { sizeOf } from "../../ir/types.ts";
import { isLeaf, isPure, type Block, type Node } from "../graph/node.ts";
import type { Levels } from "../fast/uniform.ts";
import type { FlowNode } from "../fast/flow.ts";
import { canGuard, comparisonsIn, findGuards } from "./guards.ts";
import { isLowHalf } from "./low-half.ts";
import { findMasked, type Masked } from "./masked.ts";
import { lanePolicy } from "./policy.ts";
import { Assumed, type Assumption } from "./assumed.ts";
import { chooseQuads } from "./quads.ts";

/**
 * What a value looks like in four neighbouring work-items: a number is its step from one to the next (0: the same in all), null means that
 * each has its own. Only a value of its own takes a vector; the others stay scalars, of the first work-item.
 */
export type Shape = number | null;

/** Largest step that counts as one. */
const MAX_STEP = 1 << 16;

export { lanePolicy };

/** What is known about a region that is run by four work-items at a time. */
export interface VectorPlan {
  readonly masked: Masked;
  /** Vectors of four that go together: 1, 2 or 4. */
  readonly quads: number;
  /** The value's shape where it is made. */
  readonly shapes: ReadonlyMap<Node, Shape>;
  readonly guards: Set<Node>;
  readonly levels: Levels;
  readonly cells: ReadonlyMap<Node, number>;
  /** What must hold in a row for all this. */
  readonly assumed: Assumed;
}

/** How a node looks in four work-items, given its operands; undefined where that is not known yet. */
export class Shapes {
  readonly known: Map<Node, Shape> = new Map();
  private readonly levels: Levels;
  private readonly cells: ReadonlyMap<Node, number>;
  private readonly arriving: ReadonlySet<Node>;
  masked: Masked;
  /** Comparisons that are taken to be the same in all lanes (see guards.ts). */
  readonly guards: Set<Node>;
  readonly assumed: Assumed;

  constructor(levels: Levels, cells: ReadonlyMap<Node, number>, arriving: ReadonlySet<Node>, masked: Masked, guards: Set<Node>, assumed: Assumed) {
    this.assumed = assumed;
    this.levels = levels;
    this.cells = cells;
    this.arriving = arriving;
    this.masked = masked;
    this.guards = guards;
  }

  /** Shape of `node` for a user in block `at` (null: behind the region). */
  use(node: Node, at: Block | null): Shape | undefined {
    const own = this.of(node);
    if (own === null || own === undefined || node.block === null || this.isCommon(node)) return own;
    // Lanes leave a masked loop at different times, with different values.
    return this.masked.leaves(node.block, at) ? null : own;
  }

  /** Whether the value is computed outside of the work-items' code: then it does not matter when lanes leave the loop that it stands in. */
  isCommon(node: Node): boolean {
    return this.cells.has(node) || (node.free && this.levels.of(node) < 3);
  }

  of(node: Node): Shape | undefined {
    if (isLeaf(node)) return leafShape(node, this.levels);
    if (this.isCommon(node)) return 0;
    if (this.arriving.has(node)) return null;
    return this.known.get(node);
  }

  /** Computes the shape anew. */
  compute(node: Node): Shape | undefined {
    const at = node.block;
    if (node.op === "phi") return this.phi(node);
    // Several values loaded at once are as their address is.
    const uses = (node.op === "proj" ? node.args[0]! : node).args.map((arg) => this.use(arg, at));
    if (uses.includes(undefined)) return undefined;
    const args = uses as Shape[];
    if (node.op === "load" || node.op === "proj") return args[0] === 0 ? 0 : null;
    if (!isPure(node)) return null;
    if (args.every((arg) => arg === 0)) return 0;
    if (this.guards.has(node) && args[0] !== null && args[1] !== null && canGuard(node, args[0]!, args[1]!)) return 0;
    if (node.type !== "i32" && node.type !== "i64") return null;
    const step = stepFrom(node, args) ?? this.assumed.step(node, args, this);
    return step === null || Math.abs(step) > MAX_STEP ? null : step;
  }

  private phi(node: Node): Shape | undefined {
    const block = node.block!;
    const shapes = node.args.map((arg, i) => this.use(arg, block.preds[i]!)).filter((shape) => shape !== undefined);
    if (shapes.length === 0) return undefined;
    if (this.masked.joins.has(block) && node.args.some((arg) => arg !== node.args[0])) return null;
    if (this.masked.joins.has(block) && this.masked.leavesInto(block)) return null;
    return shapes.every((shape) => shape === shapes[0]) ? shapes[0]! : null;
  }
}

function leafShape(node: Node, levels: Levels): Shape {
  if (levels.leaf(node) < 3) return 0;
  return node.attr === "tid.x" || node.attr === "gid.x" || (node.attr === "lane" && levels.team.warp) ? 1 : null;
}

function stepFrom(node: Node, args: readonly Shape[]): Shape {
  const [a, b] = args as [Shape, Shape | undefined];
  const constant = (arg: Node | undefined): number | null => (arg !== undefined && arg.op === "const" && Math.abs(Number(arg.imm)) <= MAX_STEP ? Number(arg.imm) : null);
  switch (node.op) {
    case "add": return a === null || b === null ? null : a + b!;
    case "sub": return a === null || b === null ? null : a - b!;
    case "neg": return a === null ? null : -a;
    case "mul": {
      const factor = constant(node.args[1]);
      return a === null || factor === null ? null : a * factor;
    }
    case "shl": {
      const by = constant(node.args[1]);
      return a === null || by === null || by < 0 || by > 16 ? null : a * 2 ** by;
    }
    case "and": return a === null || a < 0 || !isLowHalf(node) ? null : a;
    case "zext": case "sext": return a === null || a < 0 || node.args[0]!.type !== "i32" ? null : a;
    case "trunc": return node.args[0]!.type === "i64" && node.type === "i32" ? a : null;
    case "select": return args[0] === 0 && args[1] === args[2] ? args[1]! : null;
    default: return null;
  }
}

/** Whether extending the value may change its step: it may wrap between two work-items. (The work-item's own number never does.) */
export function mayWrap(node: Node): boolean {
  return isLowHalf(node) || (node.op === "zext" || node.op === "sext") && !(node.args[0]!.op === "sreg" && node.args[0]!.attr !== "gid.x");
}

/**
 * Shapes of all values in a region, and the parts of it that need masks; null when the region is not for four at a time.
 * @param made values that the region computes, in order: recomputable ones of other blocks first
 * @param most vectors that may go together
 * @param assume what rows are taken to be like; the plan's `assumed` is what it came to
 */
export function planVector(node: FlowNode, levels: Levels, cells: ReadonlyMap<Node, number>, arriving: ReadonlySet<Node>, made: readonly Node[], exits: readonly Block[], most: number, assume: Assumption = "nothing"): VectorPlan | null {
  if (!suits(node) || hasOwnLeaf(made, levels) || hasOwnLeaf(exits.flatMap((exit) => exit.nodes.filter((inner) => inner.op === "phi")), levels)) return null;
  const shapes = new Shapes(levels, cells, arriving, findMasked(node, exits, new Set())!, findGuards(node, made), new Assumed(assume));
  for (;;) {
    for (let changed = true; changed;) {
      changed = false;
      for (const value of made) {
        const old = shapes.known.get(value);
        if (old === null || value.type === null || cells.has(value) || (value.free && levels.of(value) < 3)) continue;
        const now = shapes.compute(value);
        if (now === old) continue;
        // Once a step, another step means none.
        shapes.known.set(value, old === undefined ? now! : null);
        changed = true;
      }
    }
    const branches = new Set<Block>();
    let again = false;
    for (const block of node.blocks) {
      if (block.succs.length < 2 || shapes.use(block.last.args[0]!, block) === 0) continue;
      if (block.last.op === "switch") return null;
      // With what else differs, comparisons do too.
      const wrong = comparisonsIn(block.last.args[0]!).filter((guard) => shapes.guards.delete(guard));
      if (wrong.length > 0) {
        again = true;
        continue;
      }
      if (!isGuard(block.last.args[0]!, (arg) => shapes.use(arg, block) ?? null)) branches.add(block);
    }
    if (again) {
      shapes.known.clear();
      continue;
    }
    const masked = findMasked(node, exits, branches);
    if (masked === null) return null;
    const same = masked.branches.size === shapes.masked.branches.size && [...masked.branches].every((block) => shapes.masked.branches.has(block));
    shapes.masked = masked;
    // Tallies are taken together by those who all are there, and add the same to the same place.
    const tallies = node.blocks.every((block) => block.nodes.every((inner) => inner.op !== "atomic" || (!masked.blocks.has(block) && inner.args.every((arg) => shapes.use(arg, block) === 0))));
    if (same && !tallies) return null;
    if (same) shapes.assumed.findAligned(node, shapes);
    if (same) return (lanePolicy.always || worthIt(node, shapes)) && made.every((value) => value.type === null || shapes.of(value) !== undefined) ? { masked, quads: chooseQuads(node, shapes, most), shapes: shapes.known, guards: shapes.guards, levels, cells, assumed: shapes.assumed } : null;
  }
}

/** Whether a condition compares places in a row (and so differs within four neighbours at few places): there the four go one by one instead. */
function isGuard(condition: Node, shape: (node: Node) => Shape): boolean {
  if (shape(condition) === 0) return true;
  switch (condition.op) {
    case "and": case "or": case "xor": return condition.type === "i1" && condition.args.every((arg) => isGuard(arg, shape));
    case "not": return isGuard(condition.args[0]!, shape);
    case "select": return condition.type === "i1" && condition.args.every((arg) => isGuard(arg, shape));
    case "icmp": return condition.args.every((arg) => shape(arg) !== null);
    default: return condition.op === "const";
  }
}

/** Whether some operand is a leaf that each work-item has its own of (the lane, where a vector may lie across two warps; local memory). */
function hasOwnLeaf(nodes: readonly Node[], levels: Levels): boolean {
  return nodes.some((node) => node.args.some((arg) => arg.op === "localaddr" || (arg.op === "sreg" && isLeaf(arg) && leafShape(arg, levels) === null)));
}

/** Whether the atomic only adds to what is there: work-items that add the same to one place can do so in one go. */
export function isTally(node: Node): boolean {
  const { space } = node.access!;
  return node.op === "atomic" && node.attr === "add" && (node.type === "i32" || node.type === "i64") && node.uses === 0 && (space === "global" || space === "shared");
}

/** Nodes that a region may have at most: it is written once more. */
const MAX_NODES = 1500;

function suits(node: FlowNode): boolean {
  let nodes = 0;
  for (const block of node.blocks) {
    nodes += block.nodes.length;
    for (const inner of block.nodes) {
      if ((inner.op === "atomic" && !isTally(inner)) || inner.op === "cmpxchg" || inner.op === "printf" || inner.op === "sreg" || inner.op === "frem") return false;
      if (inner.op === "yield" && Number(inner.imm) === 1) return false;
      if (inner.access !== null && (inner.access.space === "generic" || inner.access.space === "local")) return false;
    }
  }
  return nodes <= MAX_NODES;
}

/** What only addresses are made of at which each lane reads or writes by itself: nothing is gained by having that in vectors. */
function addressesApart(node: FlowNode, shapes: Shapes): ReadonlySet<Node> {
  const found = new Set<Node>();
  const uses = new Map<Node, number>();
  for (const block of [...node.blocks].sort((a, b) => b.order - a.order)) {
    for (const inner of [...block.nodes].reverse()) {
      const takes = (arg: Node): void => void uses.set(arg, (uses.get(arg) ?? 0) + 1);
      if (inner.access !== null && shapes.use(inner.args[0]!, block) === null) takes(inner.args[0]!);
      if (inner.type === null || inner.op === "phi" || inner.access !== null || uses.get(inner) !== inner.uses || shapes.of(inner) !== null) continue;
      found.add(inner);
      inner.args.forEach(takes);
    }
  }
  return found;
}

/** Whether vectors do enough: accesses and operations that must be done lane by lane gain nothing. */
function worthIt(node: FlowNode, shapes: Shapes): boolean {
  let lanes = 0;
  let vectors = 0;
  const apart = addressesApart(node, shapes);
  for (const block of node.blocks) {
    const weight = 8 ** Math.min(3, block.loopDepth);
    for (const inner of block.nodes) {
      if (inner.access !== null) {
        const shape = shapes.use(inner.args[0]!, block);
        // All write one place: a race, which has the outcome that one by one has.
        if (inner.op === "store" && shape === 0 && !shapes.masked.blocks.has(block)) return false;
        if (shape === null && shapes.assumed.crossed(inner, (arg) => shapes.use(arg, block) ?? null) !== null) vectors += weight;
        else if (shape === null || (shape === 0 && inner.op === "store")) lanes += weight;
        else if (shape === 0 || shape === sizeOf[inner.access.type]) vectors += 2 * weight;
        else vectors += weight;
      } else if (apart.has(inner)) continue;
      else if (inner.type !== null && shapes.of(inner) === null) vectors += weight;
      else if (inner.type !== null && !inner.free) vectors += weight / 2;
    }
  }
  return vectors > lanes;
}

import type { Label } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import type { Block, Node } from "../graph/node.ts";
import { launch, slot } from "../lower/layout.ts";
import { rowGuards, writeRowGuard, type RowGuard } from "../simd/row-guards.ts";
import type { FlowNode } from "./flow.ts";
import type { Regions } from "./regions.ts";
import { RowWriter, type Plane, type RowSite } from "./rows.ts";
import type { Levels } from "./uniform.ts";

const [L, S] = [0, 1];

/**
 * Groups in a row together: rows of images are short (16 work-items in a group of 16 by 16), and each costs a beginning. Where a kernel knows its place in x only as the global one, and touches only memory
 * that is there as a whole, the groups that follow one another in x are run as one group that is as many times as wide. Nobody can tell: what they write, nobody else of them reads or writes (asked each time), nothing can
 * go wrong in the middle, and no more groups are taken than would have been run one after the other before this call's fuel is spent.
 */

/** Work-items that go together at most, in one row and in all: rows that lie above one another should stay in the nearest cache. */
const MAX_ROW = 2048;
const MAX_ITEMS = 1 << 15;
/** Rows of groups that are taken so are multiples of the widest vector. */
const ROW_UNIT = 16;
/** Most that a work-item may cost, so that what groups cost fits a word. */
const MAX_COST = 1 << 14;

/** Registers that are the same, or go on, from one group to its neighbour in x. Those of x itself are looked at apart. */
const harmless = /^(gid\.[xyz]|gsize\.[xyz]|goff\.[xyz]|nctaid\.[xyz]|entid\.[xyz]|ntid\.[xyz]|tid\.[yz]|ctaid\.[yz]|workdim|warpsize|nsmid|dynshared|gridid)$/;

/** For tests: groups each go by themselves. */
export const togetherPolicy: { never: boolean } = { never: false };

/** What is asked before groups of a region go together. */
export interface TogetherPlan {
  /** What a work-item costs at most. */
  readonly cost: number;
  /** Answers that all of them must have, so that nobody goes round a loop. */
  readonly straight: readonly { readonly guard: RowGuard; readonly answer: 0 | 1 }[];
}

/**
 * Whether groups of the region may go together as far as the code can tell; null when they may not. Loops may be there when guards that a row can be asked for
 * say that nobody enters them, as nobody does in a loop over the grid that has a work-item for each element (`graph/once.ts`).
 * @param sites all accesses whose places are known beforehand
 */
export function planTogether(node: FlowNode, sites: readonly RowSite[], regions: Regions): TogetherPlan | null {
  const { flow, levels } = regions;
  if (togetherPolicy.never || flow.nodes.length !== 1 || levels.team.warp || node.kind !== "items" || sites.length === 0) return null;
  const way = straightWay(node, levels);
  if (way === null) return null;
  const known = new Set(sites.flatMap((site) => [...site.accesses]));
  for (const block of way.blocks) {
    for (const inner of block.nodes) {
      if (inner.access !== null && (!known.has(inner) || (inner.op !== "load" && inner.op !== "store"))) return null;
      if (["trap", "unreachable", "assertfail", "yield", "printf", "fence", "nanosleep", "sreg", "call", "calli"].includes(inner.op)) return null;
    }
  }
  if (!knowsOnlyGlobalPlace(way.blocks) || sites.some((site) => site.kind !== 1 && spanOf(site, sites) > site.step)) return null;
  const most = new Map<Block, number>();
  const dearest = (block: Block): number => {
    let cost = most.get(block);
    if (cost === undefined) most.set(block, (cost = block.cost + block.succs.reduce((so, next) => (way.blocks.has(next) ? Math.max(so, dearest(next)) : so), 0)));
    return cost;
  };
  const cost = dearest(node.head);
  return cost > 0 && cost < MAX_COST ? { cost, straight: way.straight } : null;
}

/** Whether a loop follows, whatever is asked. */
const entersLoop = (block: Block): boolean => block.loopDepth > 0 || (block.last.op === "br" && entersLoop(block.succs[0]!));

/** The blocks of those that enter no loop, and what keeps them out; null where a row cannot be asked for that. */
function straightWay({ head, blocks }: FlowNode, levels: Levels): { readonly blocks: ReadonlySet<Block>; readonly straight: TogetherPlan["straight"] } | null {
  const inside = new Set(blocks);
  const guards = new Map(rowGuards(blocks, levels).map((guard) => [guard.comparison, guard]));
  const straight: { guard: RowGuard; answer: 0 | 1 }[] = [];
  const way = new Set<Block>([head]);
  for (const block of way) {
    if (block.loopDepth > 0) return null;
    for (const [i, next] of block.succs.entries()) {
      if (!entersLoop(next)) {
        if (inside.has(next)) way.add(next);
        continue;
      }
      const guard = block.last.op === "condbr" ? guards.get(block.last.args[0]!) : undefined;
      if (guard === undefined) return null;
      straight.push({ guard, answer: i === 0 ? 0 : 1 });
    }
  }
  return { blocks: way, straight };
}

/** Bytes from the first to the last that a work-item touches by this address. */
function spanOf(site: RowSite, sites: readonly RowSite[]): number {
  const same = sites.filter((other) => other.address === site.address);
  return Math.max(...same.map(({ high }) => high)) - Math.min(...same.map(({ low }) => low));
}

/** A register, also as a long. */
const register = (node: Node): Node => ((node.op === "zext" || node.op === "sext") && node.args[0]!.op === "sreg" && node.args[0]!.block === null ? node.args[0]! : node);
const isPart = (node: Node, attr: string): boolean => node.op === "sreg" && node.block === null && node.attr === attr;
/** Where the work-items of the group begin: its number times its size. */
const isStart = (node: Node): boolean => node.op === "mul" && (node.type === "i32" || node.type === "i64")
  && node.args.some((arg) => isPart(register(arg), "ctaid.x")) && node.args.some((arg) => isPart(register(arg), "ntid.x") || isPart(register(arg), "entid.x"));

/** Whether the work-item's number in its group, and the group's in x, are looked at only as number + group * size. */
function knowsOnlyGlobalPlace(blocks: ReadonlySet<Block>): boolean {
  const starts = new Map<Node, number>();
  for (const block of blocks) {
    for (const node of block.nodes) {
      // Whoever takes a register as a long is looked at instead.
      if (register(node) !== node) continue;
      for (const arg of node.args) {
        const own = register(arg);
        if (own.op !== "sreg" || own.block !== null || harmless.test(own.attr)) continue;
        if (own.attr === "ctaid.x" && isStart(node)) continue;
        const start = own.attr === "tid.x" && node.op === "add" && (node.type === "i32" || node.type === "i64") ? node.args.find((other) => other !== arg && isStart(other)) : undefined;
        if (start === undefined) return false;
        starts.set(start, (starts.get(start) ?? 0) + 1);
      }
    }
  }
  return [...blocks].every((block) => block.nodes.every((node) => !isStart(node) || node.uses === (starts.get(node) ?? 0)));
}

/** Groups together. */
export abstract class TogetherWriter extends RowWriter {
  /** How many groups are run as one; null in kernels that never do so. */
  protected together: number | null = null;
  /** Groups that go by themselves before it is tried again. */
  private waiting = -1;

  /** Pushes how many groups are run as one. */
  protected pushTogether(): void {
    if (this.together === null) this.code.i32(1);
    else this.code.get(this.together);
  }

  /** Makes a row's work-items in x those of as many groups as there may be. @param parks whether a group may stop between two work-items */
  protected openTogether({ cost }: TogetherPlan, parks: boolean): void {
    const { code } = this;
    const many = (this.together ??= code.local(I32));
    const wait = this.waiting < 0 ? (this.waiting = code.local(I32)) : this.waiting;
    const [nx, , nz] = this.size;
    const least = (push: () => void): void => this.temp(I32, (other) => {
      push();
      code.tee(other).get(many).get(other).get(many).op(op.i32_lt_u, op.select).set(many);
    });
    code.i32(1).set(many);
    const no = code.block();
    code.get(wait).if();
    code.get(wait).i32(1).op(op.i32_sub).set(wait).br(no);
    code.end();
    code.get(nz).i32(1).op(op.i32_ne).get(nx).i32(ROW_UNIT - 1).op(op.i32_and, op.i32_or).brIf(no);
    code.get(nx).get(L).memory(mem.i32_load, launch.entid).op(op.i32_ne).brIf(no);
    code.get(L).memory(mem.i32_load, launch.callLimit).get(this.counted).op(op.i32_wrap_i64, op.i32_le_u).brIf(no);
    if (parks) code.get(this.item).brIf(no);
    // Whole ones up to the end of the row, as many as fit.
    code.get(L).memory(mem.i64_load, launch.gsize).get(S).memory(mem.i32_load, slot.ctaid).get(nx).op(op.i32_mul, op.i64_extend_i32_u, op.i64_sub);
    this.temp(I64, (left) => {
      code.tee(left).i64(BigInt(MAX_ITEMS)).get(left).i64(BigInt(MAX_ITEMS)).op(op.i64_lt_u, op.select, op.i32_wrap_i64).get(nx).op(op.i32_div_u).set(many);
    });
    least(() => code.get(L).memory(mem.i32_load, launch.groupCount));
    least(() => code.i32(MAX_ITEMS).get(this.items).op(op.i32_div_u));
    least(() => code.i32(MAX_ITEMS).i32(MAX_ROW).get(this.size[1]).i32(1).op(op.i32_eq, op.select).get(nx).op(op.i32_div_u));
    least(() => {
      code.get(L).memory(mem.i32_load, launch.callLimit).get(this.counted).op(op.i32_wrap_i64, op.i32_sub).i32(1).op(op.i32_sub);
      code.get(this.items).i32(cost).op(op.i32_mul, op.i32_div_u);
      // The last one too is begun before the fuel is spent; where it would stop in the middle, it goes by itself.
      if (!parks) code.i32(1).op(op.i32_add);
    });
    code.get(many).i32(2).op(op.i32_lt_u).if();
    code.i32(1).set(many).br(no);
    code.end();
    code.get(nx).get(many).op(op.i32_mul).set(nx);
    code.end();
  }

  /** Where groups together turn out not to go, makes them one group again, and goes back to look at that. */
  protected closeTogether(plane: Plane, sites: readonly RowSite[], { straight }: TogetherPlan, again: Label): void {
    const { code } = this;
    const many = this.together!;
    const [nx, ny] = this.size;
    code.get(many).i32(1).op(op.i32_gt_u).if();
    const good = code.block();
    const bad = code.block();
    code.get(plane.good).op(op.i32_eqz).brIf(bad);
    // One row is asked, not several.
    if (straight.length > 0) code.get(ny).i32(1).op(op.i32_ne).brIf(bad);
    for (const { guard, answer } of straight) {
      writeRowGuard({ code, afresh: (value) => this.afresh(value, 2), temp: (type, use) => this.temp(type, use) }, guard, this.tid[0], nx);
      code.i32(answer).op(op.i32_ne).brIf(bad);
    }
    this.conflicts(plane, sites, bad);
    code.br(good);
    code.end();
    code.get(many).set(this.waiting);
    code.get(nx).get(many).op(op.i32_div_u).set(nx).i32(1).set(many).br(again);
    code.end();
    code.end();
  }

  /** Goes to `yes` where some work-item may write what another one reads or writes. */
  private conflicts(plane: Plane, sites: readonly RowSite[], yes: Label): void {
    const { code } = this;
    const [nx, ny] = this.size;
    for (const site of sites) {
      if (site.kind === 1) continue;
      const mine = plane.ranges.get(site)!;
      // Rows of their own.
      code.get(ny).i32(1).op(op.i32_gt_u);
      code.get(mine.pitch).get(nx).i32(1).op(op.i32_sub).i32(site.step).op(op.i32_mul).i32(spanOf(site, sites)).op(op.i32_add, op.i32_lt_u, op.i32_and).brIf(yes);
      for (const other of sites) {
        if (other.address === site.address) continue;
        const theirs = plane.ranges.get(other)!;
        code.get(mine.low).get(theirs.low).op(op.i32_sub).get(theirs.bytes).op(op.i32_lt_u).brIf(yes);
        code.get(theirs.low).get(mine.low).op(op.i32_sub).get(mine.bytes).op(op.i32_lt_u).brIf(yes);
      }
    }
  }
}

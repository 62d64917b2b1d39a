import type { Label } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import type { Block, Node } from "../graph/node.ts";
import { launch, slot } from "../lower/layout.ts";
import type { FlowNode } from "./flow.ts";
import type { Regions } from "./regions.ts";
import { RowWriter, type Plane, type RowSite } from "./rows.ts";

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

/**
 * What a work-item costs at most, when groups of the region may go together as far as the code can tell; null when they may not.
 * @param sites all accesses whose places are known beforehand
 */
export function costTogether(node: FlowNode, sites: readonly RowSite[], regions: Regions): number | null {
  const { flow, levels } = regions;
  if (togetherPolicy.never || flow.nodes.length !== 1 || levels.team.warp || node.kind !== "items" || sites.length === 0) return null;
  const known = new Set(sites.flatMap((site) => [...site.accesses]));
  for (const block of node.blocks) {
    if (block.loopDepth > 0) return null;
    for (const inner of block.nodes) {
      if (inner.access !== null && (!known.has(inner) || (inner.op !== "load" && inner.op !== "store"))) return null;
      if (["trap", "unreachable", "assertfail", "yield", "printf", "fence", "nanosleep", "sreg", "call", "calli"].includes(inner.op)) return null;
    }
  }
  if (!knowsOnlyGlobalPlace(node.blocks) || sites.some((site) => site.kind !== 1 && spanOf(site, sites) > site.step)) return null;
  const most = new Map<Block, number>();
  const dearest = (block: Block): number => {
    let cost = most.get(block);
    if (cost === undefined) most.set(block, (cost = block.cost + block.succs.reduce((so, next) => Math.max(so, dearest(next)), 0)));
    return cost;
  };
  const cost = dearest(node.head);
  return cost > 0 && cost < MAX_COST ? cost : null;
}

/** Bytes from the first to the last that a work-item touches by this address. */
function spanOf(site: RowSite, sites: readonly RowSite[]): number {
  const same = sites.filter((other) => other.address === site.address);
  return Math.max(...same.map(({ high }) => high)) - Math.min(...same.map(({ low }) => low));
}

/** Whether the work-item's number in its group, and the group's in x, are looked at only as number + group * size. */
function knowsOnlyGlobalPlace(blocks: readonly Block[]): boolean {
  const starts = new Map<Node, number>();
  const isStart = (node: Node): boolean => node.op === "mul" && node.type === "i32" && node.args.some(({ attr, op }) => op === "sreg" && attr === "ctaid.x") && node.args.some(({ attr, op }) => op === "sreg" && (attr === "ntid.x" || attr === "entid.x"));
  for (const block of blocks) {
    for (const node of block.nodes) {
      for (const arg of node.args) {
        if (arg.op !== "sreg" || arg.block !== null || harmless.test(arg.attr)) continue;
        if (arg.attr === "ctaid.x" && isStart(node)) continue;
        const start = arg.attr === "tid.x" && node.op === "add" && node.type === "i32" ? node.args.find((other) => other !== arg && isStart(other)) : undefined;
        if (start === undefined) return false;
        starts.set(start, (starts.get(start) ?? 0) + 1);
      }
    }
  }
  return blocks.every((block) => block.nodes.every((node) => !isStart(node) || node.uses === (starts.get(node) ?? 0)));
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

  /** Makes a row's work-items in x those of as many groups as there may be. @param cost most that a work-item costs */
  protected openTogether(cost: number): void {
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
      code.get(this.items).i32(cost).op(op.i32_mul, op.i32_div_u).i32(1).op(op.i32_add);
    });
    code.get(many).i32(2).op(op.i32_lt_u).if();
    code.i32(1).set(many).br(no);
    code.end();
    code.get(nx).get(many).op(op.i32_mul).set(nx);
    code.end();
  }

  /** Where groups together turn out not to go, makes them one group again, and goes back to look at that. */
  protected closeTogether(plane: Plane, sites: readonly RowSite[], again: Label): void {
    const { code } = this;
    const many = this.together!;
    const [nx] = this.size;
    code.get(many).i32(1).op(op.i32_gt_u).if();
    const good = code.block();
    const bad = code.block();
    code.get(plane.good).op(op.i32_eqz).brIf(bad);
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

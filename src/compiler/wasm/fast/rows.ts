import type { Label } from "../asm/code.ts";
import { I32, I64, op } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";
import { accessSize } from "../slow/program.ts";
import type { FlowNode } from "./flow.ts";
import { FastAccess } from "./access.ts";
import { boundOf } from "./extents.ts";
import { rootOfAccess } from "../checked/roots.ts";
import { accessKind } from "./memory.ts";
import type { Levels } from "./uniform.ts";

/**
 * Translation once for a row of work-items. Where an address grows by a fixed step from one work-item to the next in x, the accesses of a whole row lie in
 * one range; when that range lies in one page, or in two that are neighbours in linear memory too, the row's loop reads and writes it
 * untranslated. Whether it does is asked before each row; if not, the row goes item by item as ever. That stays exact: the page
 * table cannot change while the fast path runs.
 */
export interface RowSite {
  readonly address: Node;
  readonly kind: number;
  /** Bytes from one work-item's address to the next one's. */
  readonly step: number;
  /** Least offset of the accesses with this address, end of the last one, and their strictest alignment. */
  low: number;
  high: number;
  align: number;
  /** The accesses it stands for. */
  readonly accesses: Set<Node>;
}

/** A site of a row that goes untranslated: variable with the linear address less the step times the work-item's x. */
export interface RowPointer {
  readonly pointer: number;
  readonly site: RowSite;
}

/** Ranges that one row is worth asking for, and nodes of a region that is worth writing twice. */
const MAX_SITES = 8;
const MAX_NODES = 400;

/** By how much the value grows with the work-item's x; null when it is not known to be a fixed step. */
export function stepOf(node: Node, levels: Levels): number | null {
  if (node.block === null ? levels.leaf(node) < 3 : node.free && levels.of(node) < 3) return 0;
  const constant = (arg: Node | undefined): number | null => (arg !== undefined && arg.op === "const" && Math.abs(Number(arg.imm)) < 65536 ? Number(arg.imm) : null);
  const [a, b] = node.args as [Node, Node];
  const of = (arg: Node): number | null => stepOf(arg, levels);
  switch (node.op) {
    case "sreg": return node.attr === "tid.x" || node.attr === "gid.x" ? 1 : null;
    // The low half of a long, as compilers write the extension of a word. (Whether it wraps is asked where it matters.)
    case "and": return node.type === "i64" && b.op === "const" && BigInt.asUintN(64, BigInt(b.imm)) === 0xffff_ffffn ? of(a) : null;
    case "zext": case "sext": return a.type === "i32" || a.type === "i64" ? of(a) : null;
    case "trunc": return a.type === "i64" && node.type === "i32" ? of(a) : null;
    case "add": case "sub": {
      if (node.type !== "i32" && node.type !== "i64") return null;
      const [x, y] = [of(a), of(b)];
      return x === null || y === null ? null : node.op === "add" ? x + y : x - y;
    }
    case "mul": case "shl": {
      if (node.type !== "i32" && node.type !== "i64") return null;
      const [x, factor] = [of(a), constant(b)];
      if (x === null || factor === null || (node.op === "shl" && factor > 16)) return null;
      return node.op === "mul" ? x * factor : x * 2 ** factor;
    }
    default: return null;
  }
}

/** Whether the value grows by a fixed step from one y to the next, as far as nothing wraps (which is asked at run time). */
function linearInY(node: Node, levels: Levels): boolean {
  const level = node.block === null ? levels.leaf(node) : levels.of(node);
  if (level < 2 || node.op === "sreg") return true;
  const [a, b] = node.args as [Node, Node];
  const fixed = (arg: Node): boolean => (arg.block === null ? levels.leaf(arg) : levels.of(arg)) < 2;
  switch (node.op) {
    case "zext": case "sext": case "trunc": return linearInY(a, levels);
    case "and": return b.op === "const" && linearInY(a, levels);
    case "add": case "sub": return linearInY(a, levels) && linearInY(b, levels);
    case "mul": return (fixed(a) && linearInY(b, levels)) || (fixed(b) && linearInY(a, levels));
    case "shl": return b.op === "const" && linearInY(a, levels);
    default: return false;
  }
}

/** What holds for all rows of a slice in z at once: a flag, and for each site what turns its addresses into linear ones. */
export interface Plane {
  readonly good: number;
  readonly shifts: ReadonlyMap<RowSite, number>;
  /** Where groups may go together: each site's first linear address, its bytes from there on, and how far its rows are apart. */
  readonly ranges: ReadonlyMap<RowSite, Range>;
}

/** Variables of a site's range in linear memory. */
interface Range {
  readonly low: number;
  readonly bytes: number;
  readonly pitch: number;
}

/** Bytes from row to row that a plane may have at most: so few that nothing wraps within a group without being seen at its end. */
const MAX_ROW_STEP = 1 << 21;

/** The ranges that rows of the region touch; empty when it is not worth it. */
export function rowSites(node: FlowNode, levels: Levels): RowSite[] {
  const sites = new Map<string, RowSite>();
  let nodes = 0;
  for (const block of node.blocks) {
    nodes += block.nodes.length;
    for (const at of block.nodes) {
      const { access } = at;
      if (access === null || (access.space !== "global" && access.space !== "const")) continue;
      const address = at.args[0]!;
      if (address.block !== null && !address.free) continue;
      const step = stepOf(address, levels);
      if (step === null || step < 0 || step > 4096 || step % access.align !== 0) continue;
      const kind = accessKind(at);
      const key = `${address.id} ${kind}`;
      const [low, high] = [access.offset, access.offset + accessSize(at)];
      const site = sites.get(key);
      if (site === undefined) sites.set(key, { address, kind, step, low, high, align: access.align, accesses: new Set([at]) });
      else if ((low - site.low) % Math.max(access.align, site.align) === 0 && step % site.align === 0) {
        site.low = Math.min(site.low, low);
        site.high = Math.max(site.high, high);
        site.align = Math.max(site.align, access.align);
        site.accesses.add(at);
      }
    }
  }
  const found = [...sites.values()].filter((site) => site.high - site.low < 4096);
  return found.length <= MAX_SITES && nodes <= MAX_NODES ? found : [];
}

/** Rows on the fast path. */
export abstract class RowWriter extends FastAccess {
  /**
   * Asks for all sites, for `count` work-items from the current one on. Leaves 1 or 0 on the stack: whether the row can go untranslated.
   * @param tx variable of the work-item's x
   */
  protected askForRow(sites: readonly RowSite[], plane: Plane | null, tx: number, count: number): Map<Node, RowPointer> {
    const { code } = this;
    const pointers = new Map<Node, RowPointer>();
    for (const site of sites) {
      const pointer = code.local(I32);
      for (const access of site.accesses) pointers.set(access, { pointer, site });
    }
    const good = code.local(I32);
    if (plane !== null) {
      code.get(plane.good).tee(good).if();
      this.rowOnPlane(plane, pointers, tx);
      code.else();
    }
    code.i32(0).set(good);
    const no = code.block();
    for (const site of sites) {
      const { pointer } = pointers.get([...site.accesses][0]!)!;
      this.temp(I64, (start) => this.temp(I64, (end) => this.temp(I32, (bytes) => {
        const place = (): void => {
          this.afresh(site.address);
          if (site.low !== 0) code.i64(BigInt(site.low)).op(op.i64_add);
        };
        place();
        code.set(start);
        code.get(tx).get(count).op(op.i32_add).i32(1).op(op.i32_sub).set(tx);
        place();
        code.set(end);
        code.get(tx).get(count).op(op.i32_sub).i32(1).op(op.i32_add).set(tx);
        // Nothing wrapped on the way: the last address is as far from the first as it should be.
        code.get(count).i32(1).op(op.i32_sub).i32(site.step).op(op.i32_mul).set(bytes);
        code.get(end).get(start).op(op.i64_sub).get(bytes).op(op.i64_extend_i32_u, op.i64_ne).brIf(no);
        if (site.align > 1) code.get(start).op(op.i32_wrap_i64).i32(site.align - 1).op(op.i32_and).brIf(no);
        const extent = this.extentOf(site.address, site.kind, rootOfAccess(this.facts.roots, [...site.accesses][0]!));
        const bound = boundOf(extent, site.high - site.low)!;
        const outside = (): void => {
          for (const at of [start, end]) code.get(at).get(extent.low).op(op.i64_sub).get(bound).op(op.i64_ge_u);
          code.op(op.i32_or);
        };
        outside();
        code.if();
        this.renew(extent, start, site.kind);
        outside();
        code.brIf(no);
        code.end();
        code.get(start).op(op.i32_wrap_i64).get(extent.shift).op(op.i32_add);
        code.get(tx).i32(site.step).op(op.i32_mul, op.i32_sub).set(pointer);
      })));
    }
    code.i32(1).set(good);
    code.end();
    if (plane !== null) code.end();
    code.get(good);
    return pointers;
  }

  /**
   * Asks for all rows of a slice together: short rows of images would spend more on asking than on their work. Sets the plane's flag.
   * @param together how many groups go as one: of those a single row is asked for too, and ranges are set
   * @returns null when the addresses are not for that
   */
  protected askForPlane(sites: readonly RowSite[], together: number | null): Plane | null {
    if (!this.onPlane(sites)) return null;
    const { code } = this;
    const ranges = new Map(together === null ? [] : sites.map((site) => [site, { low: code.local(I32), bytes: code.local(I32), pitch: code.local(I32) }]));
    const good = code.local(I32);
    const shifts = new Map(sites.map((site) => [site, code.local(I32)]));
    const [tx, ty] = this.tid;
    const [, ny] = this.size;
    this.temp(I32, (x) => this.temp(I32, (y) => {
      code.i32(0).set(good).get(tx).set(x).get(ty).set(y);
      const no = code.block();
      code.get(ny).i32(2).op(op.i32_lt_u);
      if (together !== null) code.get(together).i32(2).op(op.i32_lt_u, op.i32_and);
      code.brIf(no);
      for (const site of sites) this.corners(site, shifts.get(site)!, ranges.get(site) ?? null, no);
      code.i32(1).set(good);
      code.end();
      code.get(x).set(tx).get(y).set(ty);
    }));
    return { good, shifts, ranges };
  }

  /** Whether addresses are of the kind that can be asked about for a whole slice. */
  protected onPlane(sites: readonly RowSite[]): boolean {
    return sites.length > 0 && sites.every((site) => linearInY(site.address, this.regions.levels));
  }

  /** Whether the accesses of a site lie on a plane that is there as a whole; goes to `no` when they do not. */
  private corners(site: RowSite, shift: number, range: Range | null, no: Label): void {
    const { code } = this;
    const [tx, ty] = this.tid;
    const [nx, ny] = this.size;
    const at = [0, 1, 2, 3, 4].map(() => code.local(I64)) as [number, number, number, number, number];
    const [first, right, next, down, last] = at;
    const place = (to: number, x: () => void, y: () => void): void => {
      x();
      code.set(tx);
      y();
      code.set(ty);
      this.afresh(site.address, 2);
      if (site.low !== 0) code.i64(BigInt(site.low)).op(op.i64_add);
      code.set(to);
    };
    const zero = (): void => void code.i32(0);
    const end = (size: number) => (): void => void code.get(size).i32(1).op(op.i32_sub);
    place(first, zero, zero);
    place(right, end(nx), zero);
    place(next, zero, () => code.i32(1));
    place(down, zero, end(ny));
    place(last, end(nx), end(ny));
    // As far apart as steps in x and y say.
    const across = (from: number, to: number): void => {
      code.get(to).get(from).op(op.i64_sub).get(nx).i32(1).op(op.i32_sub).i32(site.step).op(op.i32_mul, op.i64_extend_i32_u, op.i64_ne).brIf(no);
    };
    across(first, right);
    across(down, last);
    code.get(next).get(first).op(op.i64_sub).tee(next).i64(BigInt(MAX_ROW_STEP)).op(op.i64_add).i64(BigInt(2 * MAX_ROW_STEP)).op(op.i64_ge_u).brIf(no);
    code.get(down).get(first).op(op.i64_sub).get(ny).i32(1).op(op.i32_sub, op.i64_extend_i32_u).get(next).op(op.i64_mul, op.i64_ne).brIf(no);
    if (site.align > 1) code.get(first).get(next).op(op.i64_or, op.i32_wrap_i64).i32(site.align - 1).op(op.i32_and).brIf(no);
    const extent = this.extentOf(site.address, site.kind, rootOfAccess(this.facts.roots, [...site.accesses][0]!));
    const bound = boundOf(extent, site.high - site.low)!;
    const outside = (): void => {
      [first, right, down, last].forEach((corner, i) => {
        code.get(corner).get(extent.low).op(op.i64_sub).get(bound).op(op.i64_ge_u);
        if (i > 0) code.op(op.i32_or);
      });
    };
    outside();
    code.if();
    this.renew(extent, first, site.kind);
    outside();
    code.brIf(no);
    code.end();
    code.get(extent.shift).set(shift);
    if (range === null) return;
    const pick = (way: number): void => void code.get(first).get(down).get(first).get(down).op(way, op.select);
    pick(op.i64_lt_s);
    code.tee(right).op(op.i32_wrap_i64).get(shift).op(op.i32_add).set(range.low);
    pick(op.i64_gt_s);
    code.get(right).op(op.i64_sub, op.i32_wrap_i64).get(nx).i32(1).op(op.i32_sub).i32(site.step).op(op.i32_mul, op.i32_add).i32(site.high - site.low).op(op.i32_add).set(range.bytes);
    code.get(next).i64(0n).get(next).op(op.i64_sub).get(next).i64(0n).op(op.i64_gt_s, op.select, op.i32_wrap_i64).set(range.pitch);
  }

  /** Pointers of a row that lies on a plane. */
  protected rowOnPlane(plane: Plane, pointers: ReadonlyMap<Node, RowPointer>, tx: number): void {
    const { code } = this;
    for (const [site, shift] of plane.shifts) {
      const { pointer } = pointers.get([...site.accesses][0]!)!;
      this.afresh(site.address);
      code.op(op.i32_wrap_i64);
      if (site.low !== 0) code.i32(site.low).op(op.i32_add);
      code.get(shift).op(op.i32_add).get(tx).i32(site.step).op(op.i32_mul, op.i32_sub).set(pointer);
    }
  }

  /**
   * Pushes the value of an expression of leaves as it is for the current work-item, whatever variables hold.
   * @param level values that vary less are taken from their variables
   */
  protected afresh(node: Node, level = 3): void {
    const opened: Node[] = [];
    const open = (at: Node): void => {
      if (at.block === null || this.regions.levels.of(at) < level) return;
      if (!at.folded) {
        at.folded = true;
        opened.push(at);
      }
      at.args.forEach(open);
    };
    open(node);
    this.value(node);
    for (const at of opened) at.folded = false;
  }
}

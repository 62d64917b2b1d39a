import { I32, I64, op } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";
import { accessSize } from "../slow/program.ts";
import type { FlowNode } from "./flow.ts";
import { FastAccess } from "./access.ts";
import { CLASSES } from "./extents.ts";
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
  protected askForRow(sites: readonly RowSite[], tx: number, count: number): Map<Node, RowPointer> {
    const { code } = this;
    const pointers = new Map<Node, RowPointer>();
    const good = code.local(I32);
    code.i32(0).set(good);
    const no = code.block();
    for (const site of sites) {
      const pointer = code.local(I32);
      for (const access of site.accesses) pointers.set(access, { pointer, site });
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
        const extent = this.extentOf(site.address, site.kind);
        const bound = extent.bounds[CLASSES.findIndex((at) => at >= site.high - site.low)]!;
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
    code.get(good);
    return pointers;
  }

  /** Pushes the value of an expression of leaves as it is for the current work-item, whatever variables hold. */
  private afresh(node: Node): void {
    const opened: Node[] = [];
    const open = (at: Node): void => {
      if (at.block === null || this.regions.levels.of(at) < 3) return;
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

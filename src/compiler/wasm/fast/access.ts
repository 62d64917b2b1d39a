import type { Label } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import { writeCheck, writeReport, type CheckPlace } from "../checked/emit.ts";
import { doneBefore } from "../checked/earlier.ts";
import { mayRest, rootEntry, rootOfAccess } from "../checked/roots.ts";
import { canonicalise, CANONICAL_OPERAND } from "../emit/float.ts";
import { loadOf, storeOf } from "../emit/types.ts";
import type { Node } from "../graph/node.ts";
import { sizeOf } from "../../ir/types.ts";
import { accessSize } from "../slow/program.ts";
import { accessKind, knownAlignment, place, placeType, reachOf, sharesCheck } from "./memory.ts";
import { boundOf, CLASSES, classesOf, findExtent, findExtentType, REACHES, placeOne, placeOneType, rootOf, type Extent } from "./extents.ts";
import { FastFrame } from "./frame.ts";

const [L, S] = [0, 1];

/** Memory accesses on the fast path. */
export abstract class FastAccess extends FastFrame {
  /** Shared and local addresses known to be inside in this block: base value and the reach checked. */
  protected readonly checked: Map<string, number> = new Map();

  /** In a row that goes untranslated: linear address of each site, less its step times the work-item's x. */
  protected rows: ReadonlyMap<Node, { readonly pointer: number; readonly site: { readonly step: number; readonly low: number } }> | null = null;

  /** Pushes the linear address of an access less the offset that comes back, after all checks. */
  protected linear(node: Node): number {
    const offset = this.unchecked(node);
    if (this.facts.checks !== null) this.check(node, offset);
    return offset;
  }

  /** Checked code: looks at an access whose linear address (less `offset`) is on the stack, and leaves it there. */
  protected check(node: Node, offset: number): void {
    const { code } = this;
    this.temp(I32, (p) => {
      code.set(p);
      const place = this.checkPlace(node, () => code.get(this.item), null);
      this.whereOpen(node, () => writeCheck(this, node, () => this.plus(p, offset), place));
      code.get(p);
    });
  }

  protected plus(local: number, offset: number): void {
    this.code.get(local);
    if (offset !== 0) this.code.i32(offset).op(op.i32_add);
  }

  /** @param item pushes the work-item's number @param apart see CheckPlace */
  protected checkPlace(node: Node, item: () => void, apart: Label | null): CheckPlace {
    const { code, tags } = this;
    const get = (local: number) => (): void => void code.get(local);
    return {
      l: L, s: S, item, serial: true, apart, races: this.facts.checks!.has("races"), exact: this.facts.order!.exact, sharedShadow: tags.sharedShadow, earlier: doneBefore(node, this.region),
      interval: get(tags.interval), groupBase: get(tags.groupBase), base: get(tags.base), many: get(tags.many),
    };
  }

  /** Writes a check where the access may need one: reads of memory that nobody writes in this launch, and that is known, need none. */
  protected whereOpen(node: Node, write: () => void): void {
    const { roots } = this.facts;
    const root = rootOfAccess(roots, node);
    if (!mayRest(roots, root)) {
      write();
      return;
    }
    this.code.get(this.openRoot(root)).if();
    write();
    this.code.end();
  }

  /** Checked code: an access that is not in the extents of its pointer: it may have left the pointer's memory. */
  protected strayed(node: Node, linear: number): void {
    const root = rootOfAccess(this.facts.roots, node);
    if (root >= 0) writeReport(this, node, () => this.code.get(linear), root, this.checkPlace(node, () => this.code.get(this.item), null));
  }

  protected unchecked(node: Node): number {
    const { code } = this;
    const access = node.access!;
    const kind = accessKind(node);
    const address = node.args[0]!;
    const row = this.rows?.get(node);
    if (row !== undefined) {
      code.get(row.pointer);
      if (row.site.step > 0) code.get(this.tid[0]).i32(row.site.step).op(op.i32_mul, op.i32_add);
      return access.offset - row.site.low;
    }
    const exit = this.exitLabel();
    const size = accessSize(node);
    if (access.space === "shared" || access.space === "local") {
      this.inside(node, exit);
      return Math.max(0, access.offset);
    }
    if (access.space === "generic") {
      this.temp(I64, (at) => this.temp(I32, (linear) => {
        this.value(address);
        if (access.offset !== 0) code.i64(BigInt(access.offset)).op(op.i64_add);
        code.tee(at).i32(size).i32(access.align - 1).i32(kind).get(L).get(S).get(this.item);
        code.call(this.helpers.get("place", placeType, [I32], place)).tee(linear).i32(-1).op(op.i32_eq).brIf(exit);
        // Bytes count when the address is outside the windows.
        code.get(this.counted).i64(BigInt(size) << 32n).i64(0n).get(at).i64(0x0100_0000n).op(op.i64_sub).i64(0x0200_0000n).op(op.i64_ge_u, op.select, op.i64_add).set(this.counted);
        code.get(linear);
      }));
      return 0;
    }
    this.value(address);
    if (access.offset !== 0) code.i64(BigInt(access.offset)).op(op.i64_add);
    this.translate(node, 0, exit);
    return 0;
  }

  /** The extent that accesses like this one share. */
  protected extentOf(address: Node, kind: number, root: number = -1): Extent {
    const key = root >= 0 ? `root ${root} ${kind}` : `${rootOf(address)} ${kind}`;
    let extent = this.extents.get(key);
    if (extent === undefined) {
      const { code } = this;
      extent = { low: code.local(I64), shift: code.local(I32), bounds: classesOf(root).map(() => code.local(I64)), again: code.local(I32), root };
      this.extents.set(key, extent);
    }
    return extent;
  }

  /** Finds the extent around an address anew, if it may be accessed so. */
  protected renew(extent: Extent, at: number, kind: number): void {
    const { code } = this;
    const { table, base, limit } = this.translation;
    this.temp(I64, (found) => {
      code.get(table).get(limit).i64(16n).op(op.i64_shr_u, op.i32_wrap_i64);
      // Outside the table: a page that it does not have.
      code.get(at).get(base).op(op.i64_sub).tee(found).i64(16n).op(op.i64_shr_u, op.i32_wrap_i64).i32(-1).get(found).get(limit).op(op.i64_lt_u, op.select);
      code.i32(kind).i32(REACHES[1]).i32(REACHES[0]).get(extent.again).op(op.select).i32(1).set(extent.again).call(this.helpers.get("findExtent", findExtentType, [I64], findExtent)).tee(found).op(op.i64_eqz, op.i32_eqz).if();
      code.get(found).i64(32n).op(op.i64_shr_u).i64(16n).op(op.i64_shl).get(base).op(op.i64_add).set(extent.low);
      code.get(found).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).i32(2).op(op.i32_shl).get(table).op(op.i32_add).memory(mem.i32_load);
      code.i32(-0x10000).op(op.i32_and).get(extent.low).op(op.i32_wrap_i64, op.i32_sub).set(extent.shift);
      if (extent.root >= 0) this.clip(extent, found);
      else CLASSES.forEach((size, i) => code.get(found).i64(0xffff_ffffn).op(op.i64_and).i64(16n).op(op.i64_shl).i64(BigInt(size - 1)).op(op.i64_sub).set(extent.bounds[i]!));
      code.end();
    });
  }

  /** Checked code: of the pages found, the extent is what lies in the pointer's memory. */
  private clip(extent: Extent, found: number): void {
    const { code } = this;
    const entry = this.facts.roots!.table + rootEntry.bytes * extent.root;
    const pick = (a: number, b: number, compare: number): void => void code.get(a).get(b).get(a).get(b).op(compare, op.select);
    this.temp(I64, (end) => this.temp(I64, (limit) => {
      code.get(found).i64(0xffff_ffffn).op(op.i64_and).i64(16n).op(op.i64_shl).get(extent.low).op(op.i64_add).set(end);
      code.get(L).memory(mem.i64_load, entry + rootEntry.high).set(limit);
      pick(end, limit, op.i64_lt_u);
      code.set(end).get(L).memory(mem.i64_load, entry + rootEntry.low).set(limit);
      pick(extent.low, limit, op.i64_gt_u);
      code.set(extent.low);
      // Bytes there are.
      code.get(end).get(extent.low).op(op.i64_sub).i64(0n).get(end).get(extent.low).op(op.i64_gt_u, op.select).set(end);
      classesOf(extent.root).forEach((size, i) => code.get(end).i64(BigInt(size - 1)).op(op.i64_sub).i64(0n).get(end).i64(BigInt(size)).op(op.i64_ge_u, op.select).set(extent.bounds[i]!));
    }));
  }

  /** With an access's address on the stack: pushes its linear address. `more`: bytes behind the access that must be there too; `kind`: what the page must allow. */
  protected translate(node: Node, more: number, exit: Label, kind: number = accessKind(node)): void {
    const { code } = this;
    const access = node.access!;
    const address = node.args[0]!;
    const size = accessSize(node) + more;
    const aligned = Math.min(knownAlignment(address, this.align), access.offset === 0 ? 16 : access.offset & -access.offset);
    const extent = this.extentOf(address, kind, rootOfAccess(this.facts.roots, node));
    const bound = boundOf(extent, size);
    this.temp(I64, (at) => this.temp(I32, (linear) => {
      code.set(at);
      if (aligned < access.align) code.get(at).op(op.i32_wrap_i64).i32(access.align - 1).op(op.i32_and).brIf(exit);
      const { table, base, limit } = this.translation;
      const single = (): void => {
        code.get(at).get(base).op(op.i64_sub).get(limit).get(table).i32(size).i32(kind);
        code.call(this.helpers.get("placeOne", placeOneType, [I32], placeOne)).tee(linear).i32(-1).op(op.i32_eq).brIf(exit);
      };
      if (bound === undefined) {
        single();
        this.strayed(node, linear);
        code.get(linear);
        return;
      }
      const outside = (): void => void code.get(at).get(extent.low).op(op.i64_sub).get(bound).op(op.i64_ge_u);
      code.get(at).op(op.i32_wrap_i64).get(extent.shift).op(op.i32_add).set(linear);
      outside();
      code.if();
      this.renew(extent, at, kind);
      outside();
      code.if();
      single();
      this.strayed(node, linear);
      code.else();
      code.get(at).op(op.i32_wrap_i64).get(extent.shift).op(op.i32_add).set(linear);
      code.end();
      code.end();
      code.get(linear);
    }));
  }

  /** Pushes the linear address of a shared or local one (less a positive offset). Accesses of one block with the same base are checked together. */
  private inside(node: Node, exit: Label): void {
    const { code } = this;
    const { space, offset } = node.access!;
    const address = node.args[0]!;
    const key = `${space} ${address.id} ${Math.min(0, offset)}`;
    const known = this.checked.get(key);
    if (known !== undefined) {
      code.get(known);
      return;
    }
    const limit = this.limits.get(`${space} ${reachOf(node)}`)!;
    this.temp(I64, (at) => {
      this.value(address);
      if (offset < 0) code.i64(BigInt(offset)).op(op.i64_add);
      code.tee(at).get(limit).op(op.i64_ge_u).brIf(exit);
      code.get(at).op(op.i32_wrap_i64).get(space === "shared" ? this.sharedBase : this.localBase).op(op.i32_add);
    });
    if (node.block!.nodes.filter((other) => sharesCheck(node, other)).length < 2) return;
    const linear = code.local(I32);
    this.checked.set(key, linear);
    code.tee(linear);
  }

  protected load(node: Node): void {
    const { code } = this;
    const { type, count } = node.access!;
    const offset = this.linear(node);
    if (count === 1) {
      code.memory(loadOf[type], offset);
      if (type === "i1") this.maskTo("i1");
      return;
    }
    this.temp(I32, (address) => {
      code.set(address);
      for (const proj of node.block!.nodes) {
        if (proj.op !== "proj" || proj.args[0] !== node) continue;
        code.get(address).memory(loadOf[type], offset + Number(proj.imm) * sizeOf[type]);
        if (type === "i1") this.maskTo("i1");
        code.set(this.local(proj));
      }
    });
  }

  protected store(node: Node): void {
    const { code } = this;
    const { type } = node.access!;
    const values = node.args.slice(1);
    const write = (value: Node, offset: number): void => {
      this.value(value);
      if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalise(this, type === "f64");
      code.memory(storeOf[type], offset);
    };
    const offset = this.linear(node);
    if (values.length === 1) {
      write(values[0]!, offset);
      return;
    }
    this.temp(I32, (address) => {
      code.set(address);
      values.forEach((value, i) => {
        code.get(address);
        write(value, offset + i * sizeOf[type]);
      });
    });
  }
}

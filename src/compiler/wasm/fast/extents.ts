import { Code } from "../asm/code.ts";
import { I32, I64, mem, op, type WasmType } from "../asm/opcodes.ts";
import type { Helpers } from "../emit/emitter.ts";
import { isLeaf, type Node } from "../graph/node.ts";

/**
 * A range of addresses that lie side by side in linear memory too, found at the first access and kept as long as the code runs (the page table
 * cannot change meanwhile). Accesses through one pointer share it, so that most cost a subtraction, a comparison and an addition.
 */
export interface Extent {
  /** First address (i64), and what turns an address's low half into a linear one (i32). */
  readonly low: number;
  readonly shift: number;
  /** By class of size: distances from `low` at which an access of that size no longer fits (i64); 0 as long as nothing is known. */
  readonly bounds: readonly number[];
  /** Whether it has been looked for before, in this call of the code (i32). */
  readonly again: number;
  /** Checked code: number of the pointer whose memory it must not leave; -1: none. */
  readonly root: number;
}

/** Sizes that have a bound of their own; an access takes the least that holds it. */
export const CLASSES: readonly number[] = [16, 64, 4224];

/** The same for extents of checked code, which end where allocations do: what lies at the end is common there. */
const EXACT: readonly number[] = [1, 2, 4, 8, 12, 16, 32, 64, 128, 256, 4224];

/** Sizes that an extent has bounds of. @param root see `Extent` */
export function classesOf(root: number): readonly number[] {
  return root >= 0 ? EXACT : CLASSES;
}

/** Variable of the bound for an access of that size; undefined: it is too large. */
export function boundOf({ bounds, root }: Extent, size: number): number | undefined {
  return bounds[classesOf(root).findIndex((at) => at >= size)];
}

/** The pointer that an address is made from: its parameter or symbol, else the address itself. */
export function rootOf(address: Node): string {
  const leaf = pointer(address);
  return leaf === null ? `at ${address.id}` : `${leaf.op} ${leaf.imm} ${leaf.attr}`;
}

/** Operands looked at in search of a pointer. */
const MAX_STEPS = 64;

/** The leaf that holds a pointer, of those that the address is a sum of. Pointers that loops move along are phis: they come from where they start, if that is one place. */
function pointer(address: Node): Node | null {
  let found: Node | null = null;
  let moves = false;
  const seen = new Set<Node>([address]);
  for (const node of seen) {
    if (seen.size > MAX_STEPS) return null;
    if (isLeaf(node)) {
      if (node.type !== "i64" || (node.op !== "param" && node.op !== "globaladdr")) continue;
      if (found !== null && found !== node && moves) return null;
      found ??= node;
    } else if (node.op === "add") for (const arg of node.args) seen.add(arg);
    else if (node.op === "sub") seen.add(node.args[0]!);
    else if (node.op === "phi") {
      moves = true;
      for (const arg of node.args) seen.add(arg);
    }
  }
  return found;
}

/** Pages looked at in each direction: at first, as a call of streaming code does not come far; and whenever that was too few. */
export const REACHES: readonly [first: number, later: number] = [8, 128];

/**
 * findExtent(table, pages, page, kind, reach) -> first page << 32 | how many; 0 when the page does not allow such accesses. `reach`: pages looked at in each direction.
 */
export const findExtentType: readonly WasmType[] = [I32, I32, I32, I32, I32];

/** Writes the body of `findExtent`. */
export function findExtent(_helpers: Helpers): Code {
  const code = new Code(5);
  const [table, pages, page, kind, reach] = [0, 1, 2, 3, 4];
  const [from, to, entry, end] = [code.local(I32), code.local(I32), code.local(I32), code.local(I32)];
  const load = (index: number): Code => code.get(index).i32(2).op(op.i32_shl).get(table).op(op.i32_add).memory(mem.i32_load);
  const allowed = (): Code => code.get(entry).get(kind).op(op.i32_and).get(kind).op(op.i32_eq);
  code.get(page).get(pages).op(op.i32_ge_u).if();
  code.i64(0n).op(op.return).end();
  load(page).set(entry);
  allowed().op(op.i32_eqz).if();
  code.i64(0n).op(op.return).end();
  code.get(page).tee(from).set(to);
  // Neighbours follow one another in frames as in pages.
  const walk = (at: number, limit: () => void, step: number): void => {
    limit();
    code.set(end);
    load(page).set(entry);
    const stop = code.block();
    const again = code.loop();
    code.get(at).get(end).op(op.i32_eq).brIf(stop);
    code.get(entry).i32(16).op(op.i32_shr_u).i32(step).op(op.i32_add);
    code.get(at).i32(step).op(op.i32_add).i32(2).op(op.i32_shl).get(table).op(op.i32_add).memory(mem.i32_load).tee(entry);
    code.i32(16).op(op.i32_shr_u, op.i32_ne).brIf(stop);
    allowed().op(op.i32_eqz).brIf(stop);
    code.get(at).i32(step).op(op.i32_add).set(at).br(again);
    code.end();
    code.end();
  };
  walk(from, () => code.get(page).get(reach).op(op.i32_sub).i32(0).get(page).get(reach).op(op.i32_gt_s, op.select), -1);
  walk(to, () => code.get(page).get(reach).op(op.i32_add).get(pages).i32(1).op(op.i32_sub).get(page).get(reach).op(op.i32_add).get(pages).op(op.i32_lt_u, op.select), 1);
  return code.get(from).op(op.i64_extend_i32_u).i64(32n).op(op.i64_shl).get(to).get(from).op(op.i32_sub).i32(1).op(op.i32_add, op.i64_extend_i32_u, op.i64_or);
}

/** placeOne(address less the table's base, its limit, table, size, kind) -> linear address of one access in one page, or -1. */
export const placeOneType: readonly WasmType[] = [I64, I64, I32, I32, I32];

/** Writes the body of `placeOne`. */
export function placeOne(_helpers: Helpers): Code {
  const code = new Code(5);
  const [relative, limit, table, size, kind] = [0, 1, 2, 3, 4];
  const entry = code.local(I32);
  const low = code.local(I32);
  const failed = code.block();
  code.get(relative).get(limit).op(op.i64_ge_u).brIf(failed);
  code.get(relative).op(op.i32_wrap_i64).i32(0xffff).op(op.i32_and).tee(low).get(size).op(op.i32_add).i32(0x10000).op(op.i32_gt_u).brIf(failed);
  code.get(relative).i64(16n).op(op.i64_shr_u, op.i32_wrap_i64).i32(2).op(op.i32_shl).get(table).op(op.i32_add).memory(mem.i32_load).tee(entry);
  code.get(kind).op(op.i32_and).get(kind).op(op.i32_ne).brIf(failed);
  code.get(entry).i32(-0x10000).op(op.i32_and).get(low).op(op.i32_or, op.return).end();
  return code.i32(-1);
}

import { sizeOf } from "../../ir/types.ts";
import { Code } from "../asm/code.ts";
import { I32, I64, mem, op, type WasmType } from "../asm/opcodes.ts";
import type { Helpers } from "../emit/emitter.ts";
import type { Node } from "../graph/node.ts";
import { launch, slot } from "../lower/layout.ts";

/**
 * Address translation on the fast path: a few instructions, and a branch to the exit whenever anything is unusual. What is unusual
 * (fault, misalignment, an access across pages) is for the slow path to find out again, precisely.
 */

/** Permissions an access needs: 1 to read, 2 to write, 3 for both. */
export function accessKind(node: Node): number {
  return node.op === "load" ? 1 : node.op === "store" ? 2 : 3;
}

/** Whether two accesses of a block have the same base, so that one check can do for both. */
export function sharesCheck(a: Node, b: Node): boolean {
  return b.access !== null && b.access.space === a.access!.space && b.args[0] === a.args[0] && Math.min(0, a.access!.offset) === Math.min(0, b.access.offset);
}

/** Bytes behind the base (positive offsets apart) that must exist for this access to shared or local memory and those checked with it. */
export function reachOf(node: Node): number {
  const others = node.block!.nodes.filter((other) => sharesCheck(node, other));
  return Math.max(...others.map((other) => sizeOf[other.access!.type] * other.access!.count + Math.max(0, other.access!.offset)));
}

/** Variables that every translation uses. */
export interface Translation {
  readonly table: number;
  readonly base: number;
  readonly limit: number;
}

/** Largest power of two (up to 16) that divides the value for certain. */
export function knownAlignment(node: Node, symbols: (name: string) => number): number {
  switch (node.op) {
    case "const": {
      const value = BigInt(node.imm);
      return value === 0n ? 16 : Math.min(16, Number(value & -value));
    }
    case "shl": {
      const by = node.args[1]!;
      return by.op === "const" ? Math.min(16, knownAlignment(node.args[0]!, symbols) * 2 ** Math.min(4, Number(BigInt(by.imm) & 63n))) : 1;
    }
    case "mul": return Math.min(16, knownAlignment(node.args[0]!, symbols) * knownAlignment(node.args[1]!, symbols));
    case "add": case "sub": case "or": return Math.min(knownAlignment(node.args[0]!, symbols), knownAlignment(node.args[1]!, symbols));
    case "and": return Math.max(knownAlignment(node.args[0]!, symbols), knownAlignment(node.args[1]!, symbols));
    case "zext": case "sext": return knownAlignment(node.args[0]!, symbols);
    case "select": return Math.min(knownAlignment(node.args[1]!, symbols), knownAlignment(node.args[2]!, symbols));
    case "globaladdr": return symbols(node.attr);
    default: return 1;
  }
}

/** place(address, size, align-1, kind, l, s, item) -> linear address of a generic access, or -1 when it is for the slow path. */
export const placeType: readonly WasmType[] = [I64, I32, I32, I32, I32, I32, I32];

/** Writes the body of `place` (see `placeType`). */
export function place(_helpers: Helpers): Code {
  const code = new Code(7);
  const [address, size, mask, kind, l, s, item] = [0, 1, 2, 3, 4, 5, 6];
  const offset = code.local(I64);
  const entry = code.local(I32);
  const low = code.local(I32);
  const failed = code.block();
  code.get(address).op(op.i32_wrap_i64).tee(low).get(mask).op(op.i32_and).brIf(failed);
  const inWindow = (window: bigint, limit: number): void => {
    code.get(address).i64(window).op(op.i64_sub).tee(offset).i64(0x0100_0000n).op(op.i64_lt_u).if();
    code.get(offset).get(size).op(op.i64_extend_i32_u, op.i64_add).get(l).memory(mem.i32_load, limit).op(op.i64_extend_i32_u, op.i64_gt_u).brIf(failed);
  };
  inWindow(0x0100_0000n, launch.sharedBytes);
  code.get(s).memory(mem.i32_load, slot.shared).get(offset).op(op.i32_wrap_i64, op.i32_add, op.return).end();
  inWindow(0x0200_0000n, launch.localBytes);
  code.get(s).memory(mem.i32_load, slot.local).get(item).get(l).memory(mem.i32_load, launch.localBytes).op(op.i32_mul, op.i32_add);
  code.get(offset).op(op.i32_wrap_i64, op.i32_add, op.return).end();
  code.get(address).get(l).memory(mem.i64_load, launch.baseAddress).op(op.i64_sub).tee(offset).get(l).memory(mem.i64_load, launch.tableLimit).op(op.i64_ge_u).brIf(failed);
  code.get(low).i32(0xffff).op(op.i32_and).get(size).op(op.i32_add).i32(0x10000).op(op.i32_gt_u).brIf(failed);
  code.get(offset).i64(16n).op(op.i64_shr_u, op.i32_wrap_i64).i32(2).op(op.i32_shl).get(l).memory(mem.i32_load, launch.table).op(op.i32_add).memory(mem.i32_load).tee(entry);
  code.get(kind).op(op.i32_and).get(kind).op(op.i32_ne).brIf(failed);
  code.get(entry).i32(-0x10000).op(op.i32_and).get(low).i32(0xffff).op(op.i32_and, op.i32_or, op.return);
  code.end();
  return code.i32(-1);
}

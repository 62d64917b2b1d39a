import { Code } from "../asm/code.ts";
import { I32, I64, mem, op, type WasmType } from "../asm/opcodes.ts";
import type { Helpers } from "../emit/emitter.ts";
import { launch, slot } from "../lower/layout.ts";

/** Helper functions that turn any address into a linear one, or leave through an import that throws or retries. Always right, not the fastest. */

/** translate(address, size, align-1, kind, line, l, s, item) -> linear address. kind: 1 read, 2 write, 3 both. */
export const translateType: readonly WasmType[] = [I64, I32, I32, I32, I32, I32, I32, I32];

/** Writes the body of `translate` (see `translateType`). */
export function translate(helpers: Helpers): Code {
  const code = new Code(8);
  const [address, size, mask, kind, line, l, s, item] = [0, 1, 2, 3, 4, 5, 6, 7];
  const index = code.local(I64);
  const entry = code.local(I32);
  const low = code.local(I32);
  code.block();
  const failed = 1;
  code.get(address).op(op.i32_wrap_i64).i32(0xffff).op(op.i32_and).tee(low).get(mask).op(op.i32_and).brIf(failed);
  code.get(address).i64(16n).op(op.i64_shr_u).get(l).memory(mem.i64_load, launch.basePage).op(op.i64_sub).tee(index);
  code.get(l).memory(mem.i32_load, launch.pageCount).op(op.i64_extend_i32_u, op.i64_ge_u).brIf(failed);
  code.get(index).op(op.i32_wrap_i64).i32(2).op(op.i32_shl).get(l).memory(mem.i32_load, launch.table).op(op.i32_add).memory(mem.i32_load).tee(entry);
  code.get(kind).op(op.i32_and).get(kind).op(op.i32_ne).brIf(failed);
  code.get(low).get(size).op(op.i32_add).i32(0x10000).op(op.i32_gt_u).brIf(failed);
  code.get(entry).i32(-0x10000).op(op.i32_and).get(low).op(op.i32_or, op.return);
  code.end();
  code.get(address).get(size).get(mask).get(kind).get(line).get(s).get(item);
  return code.call(helpers.import("fault", [I64, I32, I32, I32, I32, I32, I32], [I32]));
}

/** span(offset, size, limit, kind, line, s, item) -> the offset, when all bytes lie below the limit. */
export const spanType: readonly WasmType[] = [I64, I32, I32, I32, I32, I32, I32];

/** Writes the body of `span` (see `spanType`). */
export function span(helpers: Helpers): Code {
  const code = new Code(7);
  const [offset, size, limit, kind, line, s, item] = [0, 1, 2, 3, 4, 5, 6];
  code.get(offset).get(limit).op(op.i64_extend_i32_u, op.i64_gt_u);
  code.get(offset).get(size).op(op.i64_extend_i32_u, op.i64_add).get(limit).op(op.i64_extend_i32_u, op.i64_gt_u, op.i32_or).if();
  code.get(offset).get(size).get(kind).get(line).get(s).get(item).call(helpers.import("outside", [I64, I32, I32, I32, I32, I32], []));
  code.end();
  return code.get(offset).op(op.i32_wrap_i64);
}

/** generic(address, size, align-1, kind, line, l, s, item) -> linear address; counts the bytes when they are in global space. */
export function generic(helpers: Helpers): Code {
  const code = new Code(8);
  const [address, size, mask, kind, line, l, s, item] = [0, 1, 2, 3, 4, 5, 6, 7];
  const offset = code.local(I64);
  const check = helpers.get("span", spanType, [I32], span);
  const fault = helpers.import("fault", [I64, I32, I32, I32, I32, I32, I32], [I32]);
  const giveUp = (): void => {
    code.get(address).get(size).get(mask).get(kind).get(line).get(s).get(item).call(fault).op(op.return);
  };
  code.get(address).op(op.i32_wrap_i64).get(mask).op(op.i32_and).if();
  giveUp();
  code.end();
  code.get(address).i64(0x0100_0000n).op(op.i64_sub).tee(offset).i64(0x0100_0000n).op(op.i64_lt_u).if();
  code.get(offset).get(size).get(l).memory(mem.i32_load, launch.sharedBytes).get(kind).get(line).get(s).get(item).call(check);
  code.get(s).memory(mem.i32_load, slot.shared).op(op.i32_add, op.return).end();
  code.get(address).i64(0x0200_0000n).op(op.i64_sub).tee(offset).i64(0x0100_0000n).op(op.i64_lt_u).if();
  // The last 64 KiB are the parameter block: the import knows it.
  code.get(offset).i64(0xff_0000n).op(op.i64_ge_u).if();
  giveUp();
  code.end();
  code.get(offset).get(size).get(l).memory(mem.i32_load, launch.localBytes).get(kind).get(line).get(s).get(item).call(check);
  code.get(s).memory(mem.i32_load, slot.local).op(op.i32_add).get(item).get(l).memory(mem.i32_load, launch.localBytes).op(op.i32_mul, op.i32_add, op.return).end();
  code.get(l).get(l).memory(mem.i64_load, launch.counted).get(size).op(op.i64_extend_i32_u).i64(32n).op(op.i64_shl, op.i64_add).memory(mem.i64_store, launch.counted);
  code.get(address).get(size).get(mask).get(kind).get(line).get(l).get(s).get(item);
  return code.call(helpers.get("translate", translateType, [I32], translate));
}

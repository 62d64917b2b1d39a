import { Code } from "../asm/code.ts";
import { I32, mem, op, type WasmType } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import type { Helpers } from "../emit/emitter.ts";

/**
 * What work-items that go together have written in a region, so that they can begin it again one by one. An entry is the bytes that were there, in multiples of 16, and behind
 * them the address and how many bytes, in 16 more: read from its end.
 */
export function undoEntry(size: number): number {
  return Math.max(16, size) + 16;
}

/** rollBack(from, to): undoes the entries from the last one (which ends at `to`) down to the one at `from`. */
export const rollBackType: readonly WasmType[] = [I32, I32];

/** Writes the body of `rollBack`. */
export function rollBack(_helpers: Helpers): Code {
  const code = new Code(2);
  const [from, to] = [0, 1];
  const address = code.local(I32);
  const size = code.local(I32);
  const end = code.block();
  const again = code.loop();
  code.get(to).get(from).op(op.i32_le_u).brIf(end);
  code.get(to).i32(16).op(op.i32_sub).tee(to).memory(mem.i32_load).set(address);
  code.get(to).memory(mem.i32_load, 4).set(size);
  for (const [bytes, store] of [[8, simd.store64_lane], [4, simd.store32_lane], [2, simd.store16_lane], [1, simd.store8_lane]] as const) {
    code.get(size).i32(bytes).op(op.i32_eq).if();
    code.get(address).get(to).i32(16).op(op.i32_sub).tee(to).simdMemory(simd.load).simdMemory(store, 0, 0);
    code.br(again).end();
  }
  // Whole vectors, from the last one down.
  const more = code.loop();
  code.get(address).get(size).i32(16).op(op.i32_sub).tee(size).op(op.i32_add);
  code.get(to).i32(16).op(op.i32_sub).tee(to).simdMemory(simd.load).simdMemory(simd.store);
  code.get(size).brIf(more);
  code.end();
  code.br(again).end();
  code.end();
  return code;
}

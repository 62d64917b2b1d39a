import { sizeOf, type Type } from "../../ir/types.ts";
import { mem } from "../asm/opcodes.ts";
import { loadOf, storeOf } from "../emit/types.ts";

/** Saved values are whole words: narrow integers take four bytes. */
export function slotStore(type: Type): number {
  return sizeOf[type] < 4 ? mem.i32_store : storeOf[type];
}

/** The load that belongs to `slotStore`. */
export function slotLoad(type: Type): number {
  return sizeOf[type] < 4 ? mem.i32_load : loadOf[type];
}

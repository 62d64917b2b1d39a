import type { Type } from "../../ir/types.ts";
import { F32, F64, I32, I64, mem, type WasmType } from "../asm/opcodes.ts";

/** The WebAssembly type that holds values of an IR type: narrow integers are i32, zero-extended. */
export function wasmType(type: Type): WasmType {
  return type === "i64" ? I64 : type === "f32" ? F32 : type === "f64" ? F64 : I32;
}

/** Plain load and store of each type, as it lies in device memory. */
export const loadOf: Readonly<Record<Type, number>> = {
  i1: mem.i32_load8_u, i8: mem.i32_load8_u, i16: mem.i32_load16_u, i32: mem.i32_load, i64: mem.i64_load, f32: mem.f32_load, f64: mem.f64_load,
};
export const storeOf: Readonly<Record<Type, number>> = {
  i1: mem.i32_store8, i8: mem.i32_store8, i16: mem.i32_store16, i32: mem.i32_store, i64: mem.i64_store, f32: mem.f32_store, f64: mem.f64_store,
};

/** Whether a value of the type is saved in a slot of 8 bytes (else 4). */
export function isWide(type: Type): boolean {
  return type === "i64" || type === "f64";
}

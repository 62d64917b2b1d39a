/**
 * Value types and address spaces of the device IR.
 *
 * There is no pointer type: an address is an `i64` in every space (the back end narrows it where the
 * space is small). There is no vector type: front ends scalarise vectors, and only `load`/`store`
 * know that several values lie side by side. There is no half type either: f16 and bf16 are `i16` bit
 * patterns, computed on in f32 through the `f16*`/`bf16*` conversions (exact for one rounding of + - * / sqrt).
 */
export type Type = "i1" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64";

/** Bytes a value of the type takes in memory; an `i1` takes one. */
export const sizeOf: Readonly<Record<Type, number>> = { i1: 1, i8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 };

/** Bits of the integer types, and of the float types' patterns. */
export const bitsOf: Readonly<Record<Type, number>> = { i1: 1, i8: 8, i16: 16, i32: 32, i64: 64, f32: 32, f64: 64 };

/** Whether a type is an integer. */
export function isInt(type: Type): boolean {
  return type !== "f32" && type !== "f64";
}

/** Whether a type is a floating-point number. */
export function isFloat(type: Type): boolean {
  return type === "f32" || type === "f64";
}

/**
 * State spaces.
 * - `global`: virtual memory of the GPU address space; every access is translated and checked.
 * - `const`: like `global`, read only. Module constants live there.
 * - `shared`: memory of the work-group (CUDA `__shared__`, OpenCL `__local`); address = byte offset, 0 up to the launch's shared size.
 * - `local`: memory of the work-item (CUDA local, OpenCL `__private`); address = byte offset in the work-item's frame.
 * - `generic`: any of global, shared, local, told apart by the address (see `SHARED_WINDOW`).
 */
export type Space = "global" | "const" | "shared" | "local" | "generic";

/**
 * Generic addresses. A shared (local) byte offset `o` is the generic address `SHARED_WINDOW + o` (`LOCAL_WINDOW + o`);
 * a global address is itself. The kernel never maps anything between `SHARED_WINDOW` and
 * `LOCAL_WINDOW + WINDOW_SIZE`. `cvta` and `cvta.to` are addition and subtraction of the window, with 0 (null) kept 0
 * only where the source language says so (that is the front end's matter).
 */
export const SHARED_WINDOW = 0x0100_0000n;
export const LOCAL_WINDOW = 0x0200_0000n;
export const WINDOW_SIZE = 0x0100_0000n;

/**
 * The parameter block as memory: `paramaddr` with offset `o` is `PARAM_WINDOW + o`, readable in the spaces `const` and `generic`
 * (a store through a generic address there is the fault "write-protected"). It is the last 64 KiB of the local window, which no local
 * memory reaches, so the kernel never maps it and only the slow path of a failed translation has to look.
 */
export const PARAM_WINDOW = 0x02ff_0000n;
export const PARAM_WINDOW_SIZE = 0x0001_0000n;

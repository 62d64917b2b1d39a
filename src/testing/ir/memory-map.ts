import type { AtomicOp } from "../../compiler/ir/ops.ts";

/** Where generated programs keep their data, and what a launch of them must provide. */

/** Bytes of the read-only module variable `input`. */
export const INPUT_BYTES = 2048;
/** Eight-byte slots of output that each work-item owns. */
export const OWN_SLOTS = 16;
export const OWN_BYTES: number = OWN_SLOTS * 8;
/** Work-items a launch may have at most. */
export const MAX_ITEMS = 1024;
/**
 * Columns of the module variable `columns`: in each, every work-item owns the element at its linear number, so that neighbours write side by side. Element sizes are 1, 2, 4, 8, 1, 2, 4, 8.
 */
export const COLUMNS = 8;
export const COLUMN_BYTES: number = MAX_ITEMS * 8;
/** Elements behind a work-item's own that it may read in the read-only module variable `rows`. */
export const ROW_SHIFTS = 8;
export const ROW_BYTES: number = (MAX_ITEMS + ROW_SHIFTS) * 8;

/** Largest group that `tile`, the shared array of eight bytes a work-item, holds. */
export const MAX_GROUP = 64;
/** Bytes of each function's local array. */
export const LOCAL_BYTES = 64;
/** Parameter block: the output's address, then one scalar of each kind. */
export const PARAMS = { out: 0, i32: 8, i64: 16, f32: 24, f64: 32, bytes: 40 } as const;

/** A place in memory that several work-items change by one commutative operation. */
export interface Cell {
  readonly op: AtomicOp;
  readonly type: "i32" | "i64" | "f32" | "f64";
}

const intOps: readonly AtomicOp[] = ["add", "sub", "and", "or", "xor", "min.s", "max.s", "min.u", "max.u", "inc", "dec"];
const floatOps: readonly AtomicOp[] = ["fadd", "fmin", "fmax"];

/** The cells of the module variable `cells`, eight bytes each: every cell is changed by one operation only, so that order does not matter. */
export const CELLS: readonly Cell[] = [
  ...intOps.flatMap((op): Cell[] => [{ op, type: "i32" }, { op, type: "i64" }]),
  ...floatOps.flatMap((op): Cell[] => [{ op, type: "f32" }, { op, type: "f64" }]),
];
export const CELL_BYTES: number = CELLS.length * 8;

/** `inc` and `dec` wrap at this: only with one and the same limit does their order not matter. */
export const WRAP_LIMIT = 1000;

import type { Caller } from "../../api/caller.ts";
import type { Extent } from "../../kernel/sys/uapi.ts";
import { CL_INVALID_VALUE } from "../abi/errors.ts";
import type { cl_int } from "../abi/types.ts";
import { fail } from "./fail.ts";
import { span, type Layout } from "./transfer.ts";

/** A triple of sizes. */
export type Triple = readonly number[];

/** One side of a rectangular transfer: where it begins, and its distances. */
export interface Place extends Layout {
  readonly offset: number;
}

/** The box of a region, or the code that was recorded. */
export function boxOf(t: Caller, region: Triple): Extent | cl_int {
  const [width = 0, height = 0, depth = 0] = region;
  if (!(width > 0 && height > 0 && depth > 0)) return fail(t, CL_INVALID_VALUE, "no element of region may be 0", { region });
  return { width, height, depth };
}

/**
 * One side of a rectangular transfer, with pitches of 0 computed as the manual says.
 * @param name for messages: "buffer", "host", "src", "dst"
 * @returns it, or the code that was recorded
 */
export function placeOf(t: Caller, name: string, origin: Triple, box: Extent, rowPitch: number, slicePitch: number): Place | cl_int {
  if (rowPitch !== 0 && rowPitch < box.width) return fail(t, CL_INVALID_VALUE, `${name}_row_pitch must be 0 or at least region[0]`, { rowPitch, width: box.width });
  const row = rowPitch === 0 ? box.width : rowPitch;
  if (slicePitch !== 0 && (slicePitch < box.height * row || slicePitch % row !== 0)) {
    return fail(t, CL_INVALID_VALUE, `${name}_slice_pitch must be 0, or at least region[1] * ${name}_row_pitch and a multiple of it`, { slicePitch, row, height: box.height });
  }
  const slice = slicePitch === 0 ? box.height * row : slicePitch;
  const [x = 0, y = 0, z = 0] = origin;
  return { offset: z * slice + y * row + x, row, slice };
}

/** Whether a box lies inside a buffer of `size` bytes. */
export function fits(place: Place, box: Extent, size: number): boolean {
  return place.offset >= 0 && place.offset + span(box, place) <= size;
}

/**
 * Whether two boxes of one buffer share a byte (API specification, appendix D). Same pitches on both sides.
 * Offsets are compared as boxes in the grid that the pitches make; boxes that reach over the end of a row are compared row by row.
 */
export function boxesOverlap(a: Place, b: Place, box: Extent): boolean {
  const end = (place: Place): number => place.offset + span(box, place);
  if (end(a) <= b.offset || end(b) <= a.offset) return false;
  for (let z = 0; z < box.depth; z++) {
    for (let y = 0; y < box.height; y++) {
      const start = a.offset + z * a.slice + y * a.row;
      if (rowHits(start, start + box.width, b, box)) return true;
    }
  }
  return false;
}

/** Whether [from, to) touches a row of the box at `place`. */
function rowHits(from: number, to: number, place: Place, box: Extent): boolean {
  for (let z = 0; z < box.depth; z++) {
    const base = place.offset + z * place.slice;
    // Rows y with base + y*row < to and base + y*row + width > from.
    const first = Math.max(0, Math.floor((from - box.width - base) / place.row) + 1);
    const last = Math.min(box.height - 1, Math.ceil((to - base) / place.row) - 1);
    if (first <= last) return true;
  }
  return false;
}

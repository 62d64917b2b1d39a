import type { ValueId } from "../ir/ops.ts";
import { LOCAL_WINDOW, SHARED_WINDOW, type Space } from "../ir/types.ts";

/**
 * What is known of an address without computing it: `base + offset` in `space`. Constant parts of an address and casts to the generic
 * space are kept like this until someone needs the number, so that loads and stores name the space they
 * really touch and carry the offset themselves.
 */
export interface Pointer {
  readonly base: ValueId;
  /** Bytes; within 31 bits. */
  readonly offset: number;
  readonly space: Space;
  /** The pointer's own type is generic, though `space` is not: its number has the window added. */
  readonly generic: boolean;
}

/** Largest offset that is kept apart; larger ones are added to the base. */
export const OFFSET_LIMIT: number = 1 << 30;

/** What is added to an address in `space` to make it generic. */
export function windowOf(space: Space): bigint {
  return space === "shared" ? SHARED_WINDOW : space === "local" ? LOCAL_WINDOW : 0n;
}

/** Memory types (TTM_PL_*): pages that no GPU has mapped, pages bound to the GPU's translation table, the GPU's own memory. */
export const SYSTEM = 0;
export const TT = 1;
export const VRAM = 2;
/** One of the memory types. */
export type MemType = typeof SYSTEM | typeof TT | typeof VRAM;

/** Names of the memory types, as dumps show them. */
export const MEM_NAMES: readonly ["CPU", "GTT", "VRAM"] = ["CPU", "GTT", "VRAM"];

/** Flags of a place (TTM_PL_FLAG_*): only when nothing better has room; only without evicting; from the top; one run of addresses. */
export const PLACE_FALLBACK = 1;
export const PLACE_DESIRED = 2;
export const PLACE_TOPDOWN = 4;
export const PLACE_CONTIGUOUS = 8;

/** Somewhere a buffer object may be (struct ttm_place). */
export interface TtmPlace {
  readonly memType: MemType;
  readonly flags: number;
  /** First page, and the page after the last one; 0: no limit. In pages of 64 KiB. */
  readonly fpfn: number;
  readonly lpfn: number;
}

/** A place without conditions. */
export function place(memType: MemType, flags: number = 0, fpfn: number = 0, lpfn: number = 0): TtmPlace {
  return { memType, flags, fpfn, lpfn };
}

/** How a placement is asked for (struct ttm_operation_ctx). */
export interface TtmContext {
  /** Fail with -EBUSY rather than make the result depend on work in progress. */
  readonly noWaitGpu?: boolean;
  /** Objects that are locked by who asks, and so are no victims. */
  readonly locked?: (bo: object) => boolean;
}

import { PAGE } from "../mm/vma.ts";

/** Bytes of a block that is looked at as one (va_block of NVIDIA's UVM). */
export const BLOCK: number = 2 * 2 ** 20;
/** A part of a block more than so many percent full is filled up (uvm_perf_prefetch_threshold). */
export const PREFETCH_DENSITY = 51;

/**
 * The part of a block that is to be fetched with one page: the largest of its subtrees (halves of halves) of which more than PREFETCH_DENSITY
 * percent are on the GPU, or about to be (uvm_perf_prefetch.c of NVIDIA's open kernel modules, 595).
 * @param page faulting page
 * @param present whether a page is on the GPU
 * @param from first page that may be fetched; @param to end of what may be
 */
export function prefetchRegion(page: number, present: (page: number) => boolean, from: number, to: number): { readonly start: number; readonly end: number } {
  let best = { start: page, end: page + PAGE };
  for (let size = 2 * PAGE; size <= BLOCK; size *= 2) {
    const start = page - (page % size);
    let there = 0;
    for (let at = start; at < start + size; at += PAGE) if (at === page || present(at)) there++;
    if (there * PAGE * 100 > size * PREFETCH_DENSITY) best = { start, end: start + size };
  }
  return { start: Math.max(best.start, from), end: Math.min(best.end, to) };
}

import { PAGE } from "../mm/vma.ts";

/** A place for pages: a GPU's number, "ram", or null for none in particular. */
export type Location = number | "ram" | null;

/** What the program has said about pages. */
export interface SvmAttributes {
  readonly preferred: Location;
  /** GPUs that are to have a mapping wherever the page is, by number, and the CPU ("ram"), for which it means nothing here. */
  readonly accessedBy: readonly (number | "ram")[];
  readonly readMostly: boolean;
  /** Where it was last prefetched to. */
  readonly lastPrefetch: Location;
}

/** Pages nothing was said about. */
export const NO_ATTRIBUTES: SvmAttributes = { preferred: null, accessedBy: [], readMostly: false, lastPrefetch: null };

/** Attributes of the pages of one process (they hold for all its GPUs); by first address of the page. */
export class AttributeMap {
  private readonly byPage: Map<number, SvmAttributes> = new Map();

  get(page: number): SvmAttributes {
    return this.byPage.get(page) ?? NO_ATTRIBUTES;
  }

  /** Changes some for every page of [start, end). */
  change(start: number, end: number, change: (old: SvmAttributes) => Partial<SvmAttributes>): void {
    for (let page = start; page < end; page += PAGE) {
      const old = this.get(page);
      this.byPage.set(page, { ...old, ...change(old) });
    }
  }

  /** The mapping is gone. */
  forget(start: number, end: number): void {
    if (this.byPage.size === 0) return;
    if (end - start > this.byPage.size * PAGE) {
      for (const page of [...this.byPage.keys()]) if (page >= start && page < end) this.byPage.delete(page);
    } else for (let page = start; page < end; page += PAGE) this.byPage.delete(page);
  }
}

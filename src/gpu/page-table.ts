import { PTE_READ, PTE_WRITE, type PageTableView } from "../compiler/abi.ts";
import { FRAME } from "./frames.ts";
import type { LinearStore } from "./linear.ts";

export { PTE_READ, PTE_WRITE };
/** The page is not in this GPU's own memory: accesses cross the bus (and passed the IOMMU when they were mapped). A bit of ours; code ignores it. */
export const PTE_BUS = 4;

const ADDRESS_MASK = 0xffff0000;

/**
 * The page table of one GPU address space: a flat table in linear memory that compiled kernels read themselves. The table covers a window of
 * addresses; entries that were never used cost nothing, since untouched linear memory has no storage behind it.
 */
export class GpuPageTable implements PageTableView {
  readonly table: number;
  readonly basePage: number;
  readonly pageCount: number;
  /** Entries that are not 0. */
  present = 0;
  /** Of the last `translate`: bytes that follow contiguously (at most what was asked for), and the flags of all of them. */
  run = 0;
  flags = 0;
  private readonly store: LinearStore;

  private constructor(store: LinearStore, table: number, start: number, size: number) {
    this.store = store;
    this.table = table;
    this.basePage = start / FRAME;
    this.pageCount = size / FRAME;
  }

  /**
   * @param start first address of the window, a multiple of the page size; @param size its bytes
   * @returns null when linear memory has no room for the table
   */
  static create(store: LinearStore, start: number, size: number): GpuPageTable | null {
    const table = store.allocateFrames("pagetable", GpuPageTable.frames(size));
    return table === null ? null : new GpuPageTable(store, table, start, size);
  }

  private static frames(size: number): number {
    return Math.ceil(((size / FRAME) * 4) / FRAME);
  }

  /** Lets pages [va, va + bytes) lead to contiguous linear memory. */
  map(va: number, linear: number, bytes: number, flags: number): void {
    const words = this.store.u32;
    let at = (this.table >>> 2) + (va / FRAME - this.basePage);
    for (let done = 0; done < bytes; done += FRAME, at++) {
      const old = words[at]!;
      if (old === 0) this.present++;
      else this.store.countMapping((old & ADDRESS_MASK) >>> 0, -1);
      this.store.countMapping(linear + done, 1);
      words[at] = (((linear + done) & ADDRESS_MASK) | flags) >>> 0;
    }
  }

  /** Makes pages [va, va + bytes) not present. */
  unmap(va: number, bytes: number): void {
    const words = this.store.u32;
    const first = (this.table >>> 2) + (va / FRAME - this.basePage);
    const end = first + bytes / FRAME;
    for (let at = first; at < end; at++) {
      const old = words[at]!;
      if (old !== 0) {
        this.store.countMapping((old & ADDRESS_MASK) >>> 0, -1);
        words[at] = 0;
        this.present--;
      }
    }
  }

  /** The entry of the page that holds `va`; 0 when not present or outside the window. */
  entry(va: number): number {
    const index = Math.floor(va / FRAME) - this.basePage;
    return index >= 0 && index < this.pageCount ? this.store.u32[(this.table >>> 2) + index]! : 0;
  }

  /**
   * Where `va` lies, and in `run` how many of `bytes` bytes follow it contiguously in linear memory with the same flags.
   * @param need PTE_READ and PTE_WRITE as the access wants them
   * @returns the linear address, or -1: not present, or not allowed
   */
  translate(va: number, bytes: number, need: number): number {
    const index = Math.floor(va / FRAME) - this.basePage;
    if (index < 0 || index >= this.pageCount) return -1;
    const words = this.store.u32;
    let at = (this.table >>> 2) + index;
    const entry = words[at]!;
    if ((entry & need) !== need || entry === 0) return -1;
    const offset = va % FRAME;
    let run = FRAME - offset;
    let expected = entry + FRAME;
    const last = (this.table >>> 2) + this.pageCount - 1;
    while (run < bytes && at < last && words[at + 1] === expected) {
      run += FRAME;
      expected += FRAME;
      at++;
    }
    this.run = run < bytes ? run : bytes;
    this.flags = entry & (FRAME - 1);
    return ((entry & ADDRESS_MASK) >>> 0) + offset;
  }

  /** Gives the table's memory back. All pages were unmapped before, so it is zero again. */
  destroy(): void {
    this.store.freeFrames("pagetable", this.table, GpuPageTable.frames(this.pageCount * FRAME), this.present === 0);
  }
}

import { FRAME } from "../../gpu/frames.ts";
import type { LinearStore } from "../../gpu/linear.ts";
import { PTE_READ, PTE_WRITE, type GpuPageTable } from "../../gpu/page-table.ts";

/**
 * What lies behind the sparse mappings of a VM: one page of zeros, which is never written, and one that takes what is written. NON-SPEC: a job that reads what it wrote to a
 * sparse page may see it; before the next job it is gone.
 */
export class SparseSink {
  private readonly store: LinearStore;
  private readonly pageTable: GpuPageTable;
  private zero = 0;
  private sink = 0;
  private written: number[] = [];

  constructor(store: LinearStore, pageTable: GpuPageTable) {
    this.store = store;
    this.pageTable = pageTable;
  }

  /** Nothing was written since the last `drop`. */
  get clean(): boolean {
    return this.written.length === 0;
  }

  /** An access to a sparse page. False: it is mapped so already. */
  fault(page: number, write: boolean): boolean {
    const entry = this.pageTable.entry(page);
    if (write ? (entry & PTE_WRITE) !== 0 : entry !== 0) return false;
    if (!write) {
      this.zero ||= this.store.allocate(FRAME);
      this.pageTable.map(page, this.zero, FRAME, PTE_READ);
      return true;
    }
    this.sink ||= this.store.allocate(FRAME);
    this.pageTable.map(page, this.sink, FRAME, PTE_READ | PTE_WRITE);
    this.written.push(page);
    return true;
  }

  /** Forgets what was written. */
  drop(): void {
    if (this.written.length === 0) return;
    const mapped = (this.sink | PTE_READ | PTE_WRITE) >>> 0;
    for (const page of this.written.splice(0)) if (this.pageTable.entry(page) === mapped) this.pageTable.unmap(page, FRAME);
    this.store.fill(this.sink, 0, FRAME);
  }

  destroy(): void {
    for (const page of [this.zero, this.sink]) if (page !== 0) this.store.release(page);
  }
}

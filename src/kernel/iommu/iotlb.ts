/** One cached translation. */
export interface IotlbEntry {
  readonly linear: number;
  readonly prot: number;
}

/** Translations that the hardware keeps; older ones make room. */
const CAPACITY = 1024;

/** The IOMMU's cache of one domain (IOTLB), by I/O page. What is in it is used without a look at the tables. */
export class Iotlb {
  private readonly entries: Map<number, IotlbEntry> = new Map();

  /** How many there are. */
  get size(): number {
    return this.entries.size;
  }

  get(page: number): IotlbEntry | undefined {
    return this.entries.get(page);
  }

  /** All of them, for checks. */
  all(): IterableIterator<[number, IotlbEntry]> {
    return this.entries.entries();
  }

  put(page: number, entry: IotlbEntry): void {
    if (this.entries.size === CAPACITY) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(page, entry);
  }

  /** Forgets [start, end). */
  invalidate(start: number, end: number, page: number): void {
    if ((end - start) / page > this.entries.size) {
      for (const at of [...this.entries.keys()]) if (at >= start && at < end) this.entries.delete(at);
    } else for (let at = start; at < end; at += page) this.entries.delete(at);
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.clear();
  }
}

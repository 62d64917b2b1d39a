import { Errno, invariant } from "../errors.ts";

/** Permissions of a mapping. */
export const IOMMU_READ = 1;
export const IOMMU_WRITE = 2;

/** Smallest page that the IOMMU maps, bytes. */
export const IOMMU_PAGE = 65536;

/** First I/O address given out, so that 0 is never one. */
const FIRST_IOVA = 2 ** 32;

interface Range {
  readonly start: number;
  readonly end: number;
  readonly linear: number;
  readonly prot: number;
}

/** What a domain needs of the machine. */
export interface DomainPorts {
  readonly trace: { readonly enabled: boolean; emit(name: string, fields: Readonly<Record<string, string | number>>): void };
}

/** Told when translations have gone, so that a device drops what it cached of them. */
export interface TranslationCache {
  invalidate(iova: number, bytes: number): void;
}

/** An access that a device was refused. */
export interface IommuFault {
  readonly device: string;
  readonly iova: number;
  readonly write: boolean;
}

/** Faults kept for inspection. */
const MAX_FAULTS = 256;

/**
 * The address space that the devices of one group see system memory through (strict DMA domain): I/O virtual address to physical address. After `unmap`
 * returns nothing of the range can be reached any more, also not through a device's own cache.
 */
export class IommuDomain {
  readonly id: number;
  readonly caches: Set<TranslationCache> = new Set();
  readonly faults: IommuFault[] = [];
  private readonly ports: DomainPorts;
  private ranges: Range[] = [];
  private cursor = FIRST_IOVA;
  /** Bytes mapped. */
  mapped = 0;

  constructor(ports: DomainPorts, id: number) {
    this.ports = ports;
    this.id = id;
  }

  /** Ranges mapped; for counting leaks. */
  get count(): number {
    return this.ranges.length;
  }

  /** Address space for a mapping. Numbers are not used again, so that a stale one never means something new. */
  allocateIova(bytes: number): number {
    const iova = this.cursor;
    this.cursor += Math.ceil(bytes / IOMMU_PAGE) * IOMMU_PAGE;
    return iova;
  }

  /** 0, -EINVAL (not page aligned, nothing to map), -EEXIST (something is mapped there); then nothing is mapped. */
  map(iova: number, linear: number, bytes: number, prot: number): number {
    if (bytes <= 0 || iova % IOMMU_PAGE !== 0 || linear % IOMMU_PAGE !== 0 || bytes % IOMMU_PAGE !== 0 || (prot & 3) === 0) return -Errno.EINVAL;
    const i = this.firstEndingAfter(iova);
    const next = this.ranges[i];
    if (next !== undefined && next.start < iova + bytes) return -Errno.EEXIST;
    this.ranges.splice(i, 0, { start: iova, end: iova + bytes, linear, prot });
    this.mapped += bytes;
    if (this.ports.trace.enabled) this.ports.trace.emit("iommu:map", { iova: hex(iova), paddr: hex(linear), size: bytes });
    return 0;
  }

  /**
   * Unmaps from `iova` on, up to the first hole.
   * @param by a cache that has dropped the translations already
   * @returns bytes unmapped; 0 for a misaligned range
   */
  unmap(iova: number, bytes: number, by: TranslationCache | null = null): number {
    if (iova % IOMMU_PAGE !== 0 || bytes % IOMMU_PAGE !== 0 || bytes <= 0) return 0;
    const end = iova + bytes;
    let at = iova;
    let i = this.firstEndingAfter(iova);
    while (at < end) {
      const range = this.ranges[i];
      if (range === undefined || range.start > at) break;
      const upTo = Math.min(range.end, end);
      const rest: Range[] = [];
      if (range.start < at) rest.push({ ...range, end: at });
      if (range.end > upTo) rest.push({ start: upTo, end: range.end, linear: range.linear + (upTo - range.start), prot: range.prot });
      this.ranges.splice(i, 1, ...rest);
      i += range.start < at ? 1 : 0;
      at = upTo;
    }
    this.mapped -= at - iova;
    if (at > iova) for (const cache of this.caches) if (cache !== by) cache.invalidate(iova, at - iova);
    if (this.ports.trace.enabled) this.ports.trace.emit("iommu:unmap", { iova: hex(iova), size: bytes, unmapped_size: at - iova });
    return at - iova;
  }

  /**
   * What a device's access to `iova` reaches: the physical (linear) address, or -1 when it is not mapped so; then the fault is recorded and the access
   * has no effect.
   * @param device for the record, "0000:01:00.0"
   */
  translate(device: string, iova: number, write: boolean): number {
    const range = this.ranges[this.firstEndingAfter(iova)];
    if (range !== undefined && range.start <= iova && (range.prot & (write ? IOMMU_WRITE : IOMMU_READ)) !== 0) return range.linear + (iova - range.start);
    if (this.faults.length === MAX_FAULTS) this.faults.shift();
    this.faults.push({ device, iova, write });
    if (this.ports.trace.enabled) this.ports.trace.emit("iommu:io_page_fault", { IOMMU: "iommu0", dev: device, iova: hex(iova), flags: write ? 1 : 0 });
    return -1;
  }

  /** Whether the whole range is mapped; no fault is recorded. */
  covers(iova: number, bytes: number): boolean {
    let at = iova;
    for (let i = this.firstEndingAfter(iova); at < iova + bytes; i++) {
      const range = this.ranges[i];
      if (range === undefined || range.start > at) return false;
      at = range.end;
    }
    return true;
  }

  checkInvariants(): void {
    let end = 0;
    let bytes = 0;
    for (const range of this.ranges) {
      invariant(range.start >= end && range.end > range.start, "IOMMU ranges are disjoint and ascending");
      end = range.end;
      bytes += range.end - range.start;
    }
    invariant(bytes === this.mapped, "mapped bytes are the sum of the ranges");
  }

  private firstEndingAfter(iova: number): number {
    const ranges = this.ranges;
    const last = ranges[ranges.length - 1];
    if (last === undefined || iova >= last.end) return ranges.length;
    let low = 0;
    let high = ranges.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle]!.end > iova) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}

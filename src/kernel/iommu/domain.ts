import { Errno, invariant } from "../errors.ts";
import { LogLevel } from "../log/log.ts";
import { mutant } from "../mutants.ts";
import { FlushQueue, type FlushTimer } from "./flush-queue.ts";
import { IovaSpace } from "./iova.ts";
import { Iotlb } from "./iotlb.ts";

/** Permissions of a mapping. */
export const IOMMU_READ = 1;
export const IOMMU_WRITE = 2;

/** Smallest page that the IOMMU maps, bytes. */
export const IOMMU_PAGE = 65536;
/** Pages of domains that programs and other drivers manage: the biggest that fits is used. */
export const PAGE_SIZES: readonly number[] = [2 ** 29, 2 ** 21, IOMMU_PAGE];

/**
 * What a domain is for (include/linux/iommu.h). `blocked`: nothing goes through. `identity`: I/O addresses are physical ones. `unmanaged`: whoever made it maps.
 * `DMA`: the kernel's DMA API maps, strictly. `DMA-FQ`: the same, lazily: what was unmapped may be reached until the next flush. `sva`: a process's own page tables.
 */
export type DomainType = "blocked" | "identity" | "unmanaged" | "DMA" | "DMA-FQ" | "sva";

interface Range {
  readonly start: number;
  readonly end: number;
  readonly linear: number;
  readonly prot: number;
}

/** What a domain needs of the machine. Time only when it is lazy. */
export interface DomainPorts extends Partial<FlushTimer> {
  /** The kernel log; absent: none. */
  readonly log?: { printk(level: LogLevel, text: string): void };
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
  /** Absent: an access without PASID. */
  readonly pasid?: number;
}

/** The two lines of Intel's driver (dmar_fault, drivers/iommu/intel/dmar.c). */
function logFault(log: { printk(level: LogLevel, text: string): void }, { device, iova, write, pasid }: IommuFault): void {
  const [word, reason] = write ? ["Write", 5] : ["Read", 6];
  log.printk(LogLevel.err, "DMAR: DRHD: handling fault status reg 2");
  log.printk(LogLevel.err, `DMAR: [DMA ${word} ${pasid === undefined ? "NO_PASID" : `PASID 0x${pasid.toString(16)}`}] Request device [${device.slice(5)}] fault addr ${hex(iova)} [fault reason 0x0${reason}] PTE ${word} access is not set`);
}

/** Ranges that were unmapped and not synchronised yet (struct iommu_iotlb_gather). */
export interface IotlbGather {
  readonly ranges: (readonly [number, number])[];
}

/** Faults kept for inspection. */
const MAX_FAULTS = 256;

/**
 * An address space that the devices of one or more groups see system memory through: I/O virtual address to physical address. After `unmap`
 * returns nothing of the range can be reached any more, also not through a device's own cache.
 */
export class IommuDomain {
  readonly id: number;
  readonly caches: Set<TranslationCache> = new Set();
  readonly faults: IommuFault[] = [];
  readonly iotlb: Iotlb = new Iotlb();
  /** Asked first when an access is refused; its answer is report's. */
  handler: ((fault: IommuFault) => number) | null = null;
  /** Where a process's pages are, for a domain of type sva; -1: nothing there, or not allowed. */
  walk: ((address: number, write: boolean) => number) | null = null;
  private readonly ports: DomainPorts;
  private readonly sizes: readonly number[];
  private readonly addresses: IovaSpace = new IovaSpace(IOMMU_PAGE);
  private ranges: Range[] = [];
  private queue: FlushQueue | null = null;
  private kind: DomainType;
  /** Bytes mapped. */
  mapped = 0;

  constructor(ports: DomainPorts, id: number, type: DomainType = "DMA", sizes: readonly number[] = type === "unmanaged" ? PAGE_SIZES : [IOMMU_PAGE]) {
    this.ports = ports;
    this.id = id;
    this.kind = type;
    this.sizes = sizes;
    if (type === "DMA-FQ") this.startFlushQueue();
  }

  get type(): DomainType {
    return this.kind;
  }

  /** Ranges mapped; for counting leaks. */
  get count(): number {
    return this.ranges.length;
  }

  /** Unmapped ranges whose translations may still be in the IOTLB. */
  get unflushed(): readonly (readonly [number, number])[] {
    return this.queue?.pending ?? [];
  }

  /** A strict domain becomes lazy, while it is in use (the only change of type that is possible then). */
  startFlushQueue(): void {
    const { clock, events } = this.ports;
    invariant(clock !== undefined && events !== undefined, "a lazy domain has a clock");
    this.kind = "DMA-FQ";
    this.queue ??= new FlushQueue({ clock, events }, (ranges) => {
      this.iotlb.clear();
      for (const [start, bytes] of ranges) this.addresses.free(start, bytes);
    });
  }

  /** Address space for a mapping: never one whose old translation may still be in a cache. */
  allocateIova(bytes: number): number {
    return this.addresses.allocate(bytes);
  }

  /** 0, -EINVAL (not page aligned, nothing to map), -EEXIST (something is mapped there); then nothing is mapped. */
  map(iova: number, linear: number, bytes: number, prot: number): number {
    if (bytes <= 0 || iova % IOMMU_PAGE !== 0 || linear % IOMMU_PAGE !== 0 || bytes % IOMMU_PAGE !== 0 || (prot & 3) === 0) return -Errno.EINVAL;
    if (this.kind === "identity" || this.kind === "blocked" || this.kind === "sva") return -Errno.EINVAL;
    const i = this.firstEndingAfter(iova);
    const next = this.ranges[i];
    if (next !== undefined && next.start < iova + bytes) {
      // Page by page, as the tables are filled: what came before the obstacle is undone.
      if (mutant("iommu-failed-map-stays") && next.start > iova) this.enter(i, { start: iova, end: next.start, linear, prot });
      return -Errno.EEXIST;
    }
    this.enter(i, { start: iova, end: iova + bytes, linear, prot });
    if (this.ports.trace.enabled) this.ports.trace.emit("iommu:map", { iova: hex(iova), paddr: hex(linear), size: bytes });
    return 0;
  }

  /** Maps pieces one behind the other (iommu_map_sg). @returns bytes mapped, or as `map`; then nothing is mapped. */
  mapPieces(iova: number, pieces: readonly { readonly linear: number; readonly bytes: number }[], prot: number): number {
    let at = iova;
    for (const { linear, bytes } of pieces) {
      const result = this.map(at, linear, bytes, prot);
      if (result < 0) {
        if (at > iova && !mutant("iommu-failed-map-stays")) this.unmap(iova, at - iova);
        return result;
      }
      at += bytes;
    }
    return at - iova;
  }

  /**
   * Unmaps from `iova` on, up to the first hole, and waits until no cache has it (iommu_unmap).
   * @param by a cache that has dropped the translations already
   * @returns bytes unmapped: more than asked when the range ends inside a large page; 0 for a misaligned range
   */
  unmap(iova: number, bytes: number, by: TranslationCache | null = null): number {
    const gather: IotlbGather = { ranges: [] };
    const unmapped = this.unmapFast(iova, bytes, gather);
    this.iotlbSync(gather, by);
    return unmapped;
  }

  /** The same without waiting for the caches: `iotlbSync` ends it. Until then what was unmapped may be reached. */
  unmapFast(iova: number, bytes: number, gather: IotlbGather): number {
    if (iova % IOMMU_PAGE !== 0 || bytes % IOMMU_PAGE !== 0 || bytes <= 0) return 0;
    const end = iova + bytes;
    let at = iova;
    let first = iova;
    for (let i = this.firstEndingAfter(iova); at < end; ) {
      const range = this.ranges[i];
      if (range === undefined || range.start > at) break;
      const from = this.leaf(range, at).start;
      const upTo = range.end <= end ? range.end : this.leaf(range, end - IOMMU_PAGE).end;
      const rest: Range[] = [];
      if (range.start < from) rest.push({ ...range, end: from });
      if (range.end > upTo) rest.push({ start: upTo, end: range.end, linear: range.linear + (upTo - range.start), prot: range.prot });
      this.ranges.splice(i, 1, ...rest);
      i += range.start < from ? 1 : 0;
      this.mapped -= upTo - from;
      first = Math.min(first, from);
      at = upTo;
    }
    if (at > first) gather.ranges.push([first, at]);
    if (this.ports.trace.enabled) this.ports.trace.emit("iommu:unmap", { iova: hex(iova), size: bytes, unmapped_size: at - first });
    return at - first;
  }

  /** After it nobody reaches what was gathered (iommu_iotlb_sync). */
  iotlbSync(gather: IotlbGather, by: TranslationCache | null = null): void {
    if (mutant("iommu-strict-skips-sync")) return;
    for (const [start, end] of gather.ranges) {
      this.iotlb.invalidate(start, end, IOMMU_PAGE);
      for (const cache of this.caches) if (cache !== by) cache.invalidate(start, end - start);
    }
    gather.ranges.length = 0;
  }

  /** The DMA API's map: makes physical memory reachable. @returns its I/O address, or -ENOMEM (blocked domain) */
  dmaMap(linear: number, bytes: number, prot: number): number {
    if (this.kind === "identity") return linear;
    if (this.kind === "blocked") return -Errno.ENOMEM;
    const iova = this.allocateIova(bytes);
    const result = this.map(iova, linear, bytes, prot);
    invariant(result === 0, "fresh I/O addresses can be mapped");
    return iova;
  }

  /** The DMA API's unmap: strict, or put on the flush queue. @param by a cache that has dropped the translations already */
  dmaUnmap(iova: number, bytes: number, by: TranslationCache | null = null): void {
    if (this.kind === "identity") return;
    if (this.queue === null) {
      this.unmap(iova, bytes, by);
      return;
    }
    this.unmapFast(iova, bytes, { ranges: [] });
    for (const cache of this.caches) if (cache !== by) cache.invalidate(iova, bytes);
    if (mutant("iommu-lazy-reuses-early")) this.addresses.free(iova, bytes);
    else this.queue.add(iova, bytes);
  }

  /** Flushes what waits (before the domain goes, or by hand). */
  flush(): void {
    this.queue?.flush();
  }

  /**
   * What a device's access to `iova` reaches: the physical (linear) address, or -1 when it is not mapped so; then the fault is recorded and the access
   * has no effect.
   * @param device for the record, "0000:01:00.0"
   */
  translate(device: string, iova: number, write: boolean, pasid: number = 0): number {
    if (this.kind === "identity") return iova;
    const need = write ? IOMMU_WRITE : IOMMU_READ;
    if (this.walk !== null) {
      const linear = this.walk(iova, write);
      if (linear >= 0) return linear;
    } else if (this.kind !== "blocked") {
      const page = iova - (iova % IOMMU_PAGE);
      const cached = this.iotlb.get(page) ?? this.fill(page);
      if (cached !== undefined && ((cached.prot & need) !== 0 || mutant("iommu-ignores-permission"))) return cached.linear + (iova - page);
    }
    this.report({ device, iova, write, ...(pasid === 0 ? {} : { pasid }) });
    return -1;
  }

  private fill(page: number): { readonly linear: number; readonly prot: number } | undefined {
    const range = this.ranges[this.firstEndingAfter(page)];
    if (range === undefined || range.start > page) return undefined;
    const entry = { linear: range.linear + (page - range.start), prot: range.prot };
    this.iotlb.put(page, entry);
    return entry;
  }

  /** Records a refused access (report_iommu_fault). @returns what the handler says, or -ENOSYS: there is none */
  report(fault: IommuFault): number {
    if (this.faults.length === MAX_FAULTS) this.faults.shift();
    this.faults.push(fault);
    if (this.ports.trace.enabled) this.ports.trace.emit("iommu:io_page_fault", { IOMMU: "iommu0", dev: fault.device, iova: hex(fault.iova), flags: fault.write ? 1 : 0, ...(fault.pasid === undefined ? {} : { pasid: fault.pasid }) });
    if (this.ports.log !== undefined) logFault(this.ports.log, fault);
    return this.handler?.(fault) ?? -Errno.ENOSYS;
  }

  /** Whether the whole range is mapped; no fault is recorded. */
  covers(iova: number, bytes: number): boolean {
    if (this.kind === "identity") return true;
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
    for (const [page, { linear }] of this.iotlb.all()) {
      const range = this.ranges[this.firstEndingAfter(page)];
      const fresh = range !== undefined && range.start <= page && range.linear + (page - range.start) === linear;
      const waits = (): boolean => this.unflushed.some(([start, length]) => page >= start && page < start + length);
      invariant(fresh || waits(), "the IOTLB holds what is mapped, and in a lazy domain what waits for the flush");
    }
  }

  private enter(i: number, range: Range): void {
    this.ranges.splice(i, 0, range);
    this.mapped += range.end - range.start;
  }

  /** The page that maps `at`: the largest that is aligned on both sides and lies inside the range. */
  private leaf(range: Range, at: number): { readonly start: number; readonly end: number } {
    for (const size of this.sizes) {
      const start = at - (at % size);
      if (start >= range.start && start + size <= range.end && (range.linear + (start - range.start)) % size === 0) return { start, end: start + size };
    }
    return { start: at, end: at + IOMMU_PAGE };
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

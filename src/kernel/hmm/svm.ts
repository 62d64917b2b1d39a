import type { Site } from "../../compiler/abi.ts";
import { Errno } from "../errors.ts";
import { isMovable, type AddressSpace } from "../mm/address-space.ts";
import type { Vma } from "../mm/vma.ts";
import { PAGE } from "../mm/vma.ts";
import type { FaultBatches } from "./batch.ts";
import type { ProcessSvm, SvmCore } from "./core.ts";
import type { DevicePages } from "./device-pages.ts";
import { GpuSvm, type SvmPage, type SvmRange } from "./gpusvm.ts";
import { migrateVmaFinalize, migrateVmaPages, migrateVmaSetup } from "./migrate.ts";
import { BLOCK, prefetchRegion } from "./prefetch.ts";
import { hmmRangeFault, type HmmPage, type IsDeviceMapping } from "./range-fault.ts";
import { LAPSE_NS, NAP_LAPSES } from "./thrashing.ts";

/** Times that a fault begins again because the process changed the range meanwhile. */
const FAULT_RETRIES = 8;

/** What the GPU lends. */
export interface SvmDevice {
  /** Number of the GPU. */
  readonly index: number;
  readonly pages: DevicePages;
  readonly batches: FaultBatches;
  readonly core: SvmCore;
  readonly isDeviceMapping: IsDeviceMapping;
  now(): number;
  /** An I/O address for a page of RAM, or a negative errno. */
  dmaMap(linear: number, flags: number): number;
  dmaUnmap(iova: number): void;
  /** Enters a page; false when the IOMMU refuses the access. */
  enter(va: number, page: SvmPage): void;
  clear(va: number): void;
  trace(name: string, fields: Readonly<Record<string, string | number>>): void;
}

/** Shared virtual memory of one process on one GPU: serves the GPU's recoverable faults, and decides where pages go. */
export class Svm {
  readonly mm: AddressSpace;
  readonly gpusvm: GpuSvm;
  /** What other processors do between a fault's look at the pages and its commit; null outside tests. Runs once. */
  meanwhile: (() => void) | null = null;
  private readonly gpu: SvmDevice;
  private readonly shared: ProcessSvm;

  constructor(mm: AddressSpace, gpu: SvmDevice) {
    this.mm = mm;
    this.gpu = gpu;
    this.shared = gpu.core.stateOf(mm);
    this.gpusvm = new GpuSvm(mm, {
      owner: gpu.pages,
      enter: (va, page) => gpu.enter(va, page),
      clear: (va, page) => {
        gpu.clear(va);
        if (page.iova !== 0) gpu.dmaUnmap(page.iova);
      },
    });
    gpu.core.mirrors.add(this);
  }

  /** Number of its GPU. */
  get device(): number {
    return this.gpu.index;
  }

  /**
   * A GPU access that found no translation.
   * @returns whether it may be tried again: false when the process has no such memory, or may not do that with it
   */
  fault(address: number, write: boolean, site: Site): boolean {
    const page = address - (address % PAGE);
    this.gpusvm.collectGarbage();
    if (!this.gpusvm.mirrored.has(page)) return false;
    const { batches, core } = this.gpu;
    batches.fault(site);
    this.gpu.trace("gpu:page_fault", { address: `0x${address.toString(16)}`, access: write ? "write" : "read" });
    const before = core.payer;
    core.payer = batches;
    try {
      for (let attempt = 0; attempt < FAULT_RETRIES; attempt++) {
        this.gpusvm.collectGarbage();
        const result = this.serve(page, write);
        if (result !== -Errno.EAGAIN && result !== -Errno.EBUSY) return result === 0;
      }
      return false;
    } finally {
      core.payer = before;
    }
  }

  /** 0, -EFAULT, -EPERM, -EINVAL, -ENOMEM; -EAGAIN and -EBUSY: begin again. */
  private serve(page: number, write: boolean): number {
    const vma = this.mm.find(page);
    if (vma === null || vma.linear < 0 || (vma.prot & 1) === 0) return -Errno.EFAULT;
    if (write && (vma.prot & 2) === 0) return -Errno.EPERM;
    const range = this.gpusvm.findOrInsert(page, vma);
    const region = this.place(page, write, vma, range);
    if (region === "copied") return 0;
    return this.mirror(range, region.start, region.end, page, write);
  }

  /** Brings the page where the policy wants it. @returns what is to be mapped; "copied" when it has been. */
  private place(page: number, write: boolean, vma: Vma, range: SvmRange): { readonly start: number; readonly end: number } | "copied" {
    const alone = { start: page, end: page + PAGE };
    const { residency } = this.mm;
    const away = residency.away.get(page);
    if (away?.owner === this.gpu.pages || !isMovable(vma) || residency.pins.has(page)) return alone;
    const { attributes, thrashing } = this.shared;
    const { preferred, accessedBy, readMostly } = attributes.get(page);
    if (readMostly && !write && away === undefined) return this.duplicate(range, page) ? "copied" : alone;
    const own = range.pages.get(page);
    if (own !== undefined && own.copy !== null) return this.promote(range, page, own, own.copy) ? "copied" : alone;
    if (preferred !== null && preferred !== this.gpu.index) return alone;
    if (preferred === null && accessedBy.includes(this.gpu.index) && away === undefined) return alone;
    const hint = preferred === this.gpu.index ? "move" : thrashing.hint(page, this.gpu.now());
    if (hint === "pin") return alone;
    if (hint === "throttle") this.gpu.batches.nap(NAP_LAPSES * LAPSE_NS);
    const here = (at: number): boolean => residency.away.get(at)?.owner === this.gpu.pages;
    const region = prefetchRegion(page, here, Math.max(vma.start, range.start), Math.min(vma.end, range.end));
    this.migrate(region.start, region.end, (at) => at === page || this.wanted(at, range));
    return region;
  }

  /** Whether a neighbour of a faulting page comes along: nobody said otherwise, and nobody else has it. */
  private wanted(page: number, range: SvmRange): boolean {
    const { preferred, accessedBy, readMostly } = this.shared.attributes.get(page);
    return !range.pages.has(page) && !readMostly && (preferred === null || preferred === this.gpu.index) && !accessedBy.includes(this.gpu.index) && !this.mm.residency.away.has(page);
  }

  /** Moves pages of one mapping into the GPU's memory, as far as there is room and nobody holds them. @returns how many */
  migrate(start: number, end: number, wanted: (page: number) => boolean): number {
    const { pages, batches, core } = this.gpu;
    const { residency } = this.mm;
    // A page on another GPU comes by way of RAM.
    for (let at = start; at < end; at += PAGE) if (wanted(at) && residency.away.has(at) && residency.away.get(at)!.owner !== pages) residency.touch(at, 1, false);
    let moved = 0;
    for (let at = start; at < end; ) {
      if (!wanted(at)) {
        at += PAGE;
        continue;
      }
      let stop = at + PAGE;
      while (stop < end && wanted(stop)) stop += PAGE;
      const migration = migrateVmaSetup(this.mm, at, stop, "system");
      at = stop;
      if (typeof migration === "number") continue;
      for (const entry of migration.pages) {
        if (!entry.movable) continue;
        entry.target = pages.allocate();
        if (entry.target === null) break;
        pages.fill(entry.target, entry.linear);
      }
      const done = migrateVmaPages(migration);
      migrateVmaFinalize(migration);
      moved += done;
      for (const entry of migration.pages) if (entry.moved) core.moved(residency, entry.page);
      this.gpu.trace("migrate:mm_migrate_pages", { nr_succeeded: done, nr_failed: migration.pages.length - done, mode: "MIGRATE_SYNC", reason: "ram_to_device" });
    }
    pages.counts.toDevice += moved;
    batches.serviced(moved, moved * PAGE, moved === 0 ? 0 : Math.ceil((end - start) / BLOCK));
    return moved;
  }

  /** Gives the GPU a read-only copy of a page in RAM. */
  private duplicate(range: SvmRange, page: number): boolean {
    const { pages, batches } = this.gpu;
    const copy = pages.allocate();
    if (copy === null) return false;
    pages.fill(copy, this.mm.residency.ports.ramOf(page));
    this.mm.residency.addCopy(page);
    this.gpusvm.map(range, page, { linear: copy.linear, writable: false, iova: 0, copy });
    batches.serviced(1, PAGE, 1);
    return true;
  }

  /** The GPU writes to a page that it has a copy of: all other copies go, and the copy becomes the page. */
  private promote(range: SvmRange, page: number, own: SvmPage, copy: NonNullable<SvmPage["copy"]>): boolean {
    range.pages.set(page, { ...own, copy: null });
    const migration = migrateVmaSetup(this.mm, page, page + PAGE, "system");
    if (typeof migration === "number" || migration.pages[0]!.movable === false) {
      this.gpu.pages.release(copy);
      return false;
    }
    migration.pages[0]!.target = copy;
    migrateVmaPages(migration);
    migrateVmaFinalize(migration);
    this.gpusvm.map(range, page, { linear: copy.linear, writable: true, iova: 0, copy: null });
    this.gpu.batches.serviced(1, 0, 0);
    return true;
  }

  /** Looks the pages up and enters them, unless the process changed them meanwhile (drm_gpusvm_range_get_pages, then commit under the notifier's lock). */
  private mirror(range: SvmRange, start: number, end: number, page: number, write: boolean): number {
    const { notifier } = range;
    const sequence = notifier.readBegin();
    const lookup = { notifier, sequence, start, end, write, owner: this.gpu.pages, pages: [] as readonly HmmPage[] };
    let result = hmmRangeFault(this.mm, lookup, this.gpu.isDeviceMapping);
    if (result !== 0 && result !== -Errno.EBUSY && end - start > PAGE) {
      // A neighbour that cannot be had is no reason to fail.
      lookup.start = page;
      lookup.end = page + PAGE;
      result = hmmRangeFault(this.mm, lookup, this.gpu.isDeviceMapping);
    }
    if (result !== 0) return result;
    const entries: (readonly [number, SvmPage])[] = [];
    for (const [i, found] of lookup.pages.entries()) {
      const va = lookup.start + i * PAGE;
      if (range.pages.has(va) && va !== page) continue;
      // What a neighbour in RAM is worth is not known yet: only the page itself is mapped over the bus.
      if (!found.device && va !== page) continue;
      const iova = found.device ? 0 : this.gpu.dmaMap(found.linear, found.writable ? 3 : 1);
      if (iova < 0) return iova;
      entries.push([va, { linear: found.linear, writable: found.writable, iova, copy: null }]);
    }
    const { meanwhile } = this;
    this.meanwhile = null;
    meanwhile?.();
    if (notifier.readRetry(sequence) || range.unmapped) {
      for (const [, entry] of entries) if (entry.iova !== 0) this.gpu.dmaUnmap(entry.iova);
      return -Errno.EAGAIN;
    }
    for (const [va, entry] of entries) {
      if (range.pages.has(va)) this.gpusvm.drop(range, va);
      this.gpusvm.map(range, va, entry);
    }
    this.gpu.batches.serviced(entries.length, 0, 0);
    return 0;
  }

  /**
   * Moves what can be moved of [start, end) to this GPU ahead of use, and maps it.
   * @returns ns that it takes
   */
  prefetch(start: number, end: number): number {
    const { batches, core } = this.gpu;
    this.gpusvm.collectGarbage();
    const before = core.payer;
    core.payer = batches;
    for (let at = start; at < end; ) {
      const vma = this.mm.find(at);
      if (vma === null || !isMovable(vma) || !this.gpusvm.mirrored.has(at)) {
        at += PAGE;
        continue;
      }
      const range = this.gpusvm.findOrInsert(at, vma);
      const stop = Math.min(end, vma.end, range.end);
      this.migrate(at, stop, (page) => this.mm.residency.away.get(page)?.owner !== this.gpu.pages);
      for (let page = at; page < stop; page += PAGE) if (this.mm.residency.away.get(page)?.owner === this.gpu.pages && !range.pages.has(page)) this.mirror(range, page, page + PAGE, page, false);
      at = stop;
    }
    core.payer = before;
    return batches.take();
  }

  /** Brings [start, end) back to RAM. @returns ns that it takes */
  prefetchToRam(start: number, end: number): number {
    const { batches, core } = this.gpu;
    const before = core.payer;
    core.payer = batches;
    this.mm.residency.touch(start, end - start, false);
    core.payer = before;
    return batches.take();
  }

  /** The GPU address space goes. */
  destroy(): void {
    this.gpu.core.mirrors.delete(this);
    // Its pages come home: nothing may be left on a GPU that no address space of the process can reach.
    if (this.gpu.core.find(this.mm, this.gpu.index) === null) {
      for (const [page, there] of [...this.mm.residency.away]) if (there.owner === this.gpu.pages) this.mm.residency.touch(page, 1, false);
    }
    this.gpusvm.destroy();
  }

  checkInvariants(): void {
    this.gpusvm.checkInvariants();
  }
}

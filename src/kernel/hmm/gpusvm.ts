import { FRAME } from "../../gpu/frames.ts";
import { invariant } from "../errors.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { MmuIntervalNotifier, type MmuEvent } from "../mm/notifier.ts";
import type { DevicePage, PageOwner } from "../mm/residency.ts";
import { Spans } from "../mm/spans.ts";
import type { Vma } from "../mm/vma.ts";
import { mutant } from "../mutants.ts";

/** Bytes that one notifier watches (drm_gpusvm: 512 MiB or more is advised). */
export const NOTIFIER_SIZE: number = 512 * 2 ** 20;
/** Sizes of ranges, largest first, down to one page. */
export const CHUNK_SIZES: readonly number[] = [2 * 2 ** 20, FRAME];

/** A page that the GPU has a page table entry for. */
export interface SvmPage {
  readonly linear: number;
  readonly writable: boolean;
  /** I/O address, for a page in RAM; 0 for one in the GPU's memory. */
  readonly iova: number;
  /** The GPU's own read-only copy of a page that is in RAM. */
  readonly copy: DevicePage | null;
}

/** A stretch that was faulted on, with what of it is mapped (drm_gpusvm_range). Ranges are never split. */
export interface SvmRange {
  readonly start: number;
  readonly end: number;
  readonly notifier: MmuIntervalNotifier;
  readonly pages: Map<number, SvmPage>;
  /** The program unmapped a part of it: the garbage collector takes it. */
  unmapped: boolean;
}

/** What the GPU's side lends. */
export interface SvmPorts {
  /** Fills the page table entry of a page. */
  enter(va: number, page: SvmPage): void;
  /** Makes a page not present; accesses after it fault. */
  clear(va: number, page: SvmPage): void;
  readonly owner: PageOwner;
}

/** What a GPU address space mirrors of a process's (drm_gpusvm, drivers/gpu/drm/drm_gpusvm.c). */
export class GpuSvm {
  readonly mm: AddressSpace;
  /** Addresses that are mirrored at all. */
  readonly mirrored: Spans = new Spans();
  private readonly ports: SvmPorts;
  private readonly notifiers: Map<number, { readonly watch: MmuIntervalNotifier; readonly ranges: Set<SvmRange> }> = new Map();
  private readonly garbage: Set<SvmRange> = new Set();
  /** Invalidations so far. */
  invalidations = 0;

  constructor(mm: AddressSpace, ports: SvmPorts) {
    this.mm = mm;
    this.ports = ports;
  }

  /** The range that holds a page, or null. */
  find(page: number): SvmRange | null {
    const place = this.notifiers.get(page - (page % NOTIFIER_SIZE));
    if (place !== undefined) for (const range of place.ranges) if (page >= range.start && page < range.end) return range;
    return null;
  }

  /** The range that holds a page: the largest aligned chunk inside mapping, mirror and notifier that meets no other (drm_gpusvm_range_find_or_insert). */
  findOrInsert(page: number, vma: Vma): SvmRange {
    const known = this.find(page);
    if (known !== null) return known;
    const base = page - (page % NOTIFIER_SIZE);
    let place = this.notifiers.get(base);
    if (place === undefined) {
      const watch = new MmuIntervalNotifier(base, base + NOTIFIER_SIZE, (start, end, event) => this.invalidated(base, start, end, event));
      this.mm.intervals.insert(watch);
      this.notifiers.set(base, (place = { watch, ranges: new Set() }));
    }
    for (const size of CHUNK_SIZES) {
      const start = page - (page % size);
      const end = start + size;
      if (start < vma.start || end > vma.end || !this.mirrored.covers(start, end)) continue;
      let free = true;
      for (const other of place.ranges) free &&= other.end <= start || other.start >= end;
      if (!free) continue;
      const range: SvmRange = { start, end, notifier: place.watch, pages: new Map(), unmapped: false };
      place.ranges.add(range);
      return range;
    }
    invariant(false, "a mirrored page always fits a range of its own");
  }

  /** Enters a page into the page table. */
  map(range: SvmRange, va: number, page: SvmPage): void {
    range.pages.set(va, page);
    this.ports.enter(va, page);
  }

  /** Takes one page out of the page table. */
  drop(range: SvmRange, va: number): void {
    const page = range.pages.get(va);
    if (page === undefined || mutant("hmm-invalidate-leaves-pte")) return;
    range.pages.delete(va);
    this.ports.clear(va, page);
    if (page.copy !== null) this.ports.owner.release(page.copy);
  }

  /** The CPU's side changes. Everything the GPU has of it is gone when this returns. */
  private invalidated(base: number, start: number, end: number, event: MmuEvent): void {
    const place = this.notifiers.get(base);
    if (place === undefined) return;
    this.invalidations++;
    for (const range of place.ranges) {
      if (range.start >= end || range.end <= start) continue;
      const goes = event === "unmap" || event === "release";
      const whole = event !== "migrate" && !mutant("gpusvm-splits-ranges");
      for (const va of [...range.pages.keys()]) if (whole || (va >= start && va < end)) this.drop(range, va);
      if (!goes) continue;
      range.unmapped = true;
      this.garbage.add(range);
    }
  }

  /** Ranges of which the program unmapped a part go as a whole; what is still mapped of them comes back to RAM. Runs before the next fault is served. */
  collectGarbage(): void {
    for (const range of [...this.garbage]) {
      this.garbage.delete(range);
      for (let va = range.start; va < range.end; va += FRAME) {
        if (this.mm.residency.away.get(va)?.owner === this.ports.owner) this.mm.residency.touch(va, 1, false);
      }
      this.remove(range);
    }
  }

  /** Ends the mirroring of [start, end). */
  unmirror(start: number, end: number): void {
    this.mirrored.remove(start, end);
    for (const { ranges } of [...this.notifiers.values()]) for (const range of [...ranges]) if (range.start < end && range.end > start) this.remove(range);
  }

  /** Everything goes. Pages in the GPU's memory stay there until the process, or another GPU, touches them. */
  destroy(): void {
    for (const { ranges } of [...this.notifiers.values()]) for (const range of [...ranges]) this.remove(range);
    for (const { watch } of this.notifiers.values()) this.mm.intervals.remove(watch);
    this.notifiers.clear();
    this.garbage.clear();
  }

  private remove(range: SvmRange): void {
    for (const va of [...range.pages.keys()]) this.drop(range, va);
    this.garbage.delete(range);
    const base = range.start - (range.start % NOTIFIER_SIZE);
    const place = this.notifiers.get(base)!;
    place.ranges.delete(range);
    if (place.ranges.size > 0) return;
    this.mm.intervals.remove(place.watch);
    this.notifiers.delete(base);
  }

  /** Live ranges. */
  *ranges(): Generator<SvmRange> {
    for (const { ranges } of this.notifiers.values()) yield* ranges;
  }

  /** Pages with a page table entry. */
  get present(): number {
    let count = 0;
    for (const range of this.ranges()) count += range.pages.size;
    return count;
  }

  checkInvariants(): void {
    for (const range of this.ranges()) {
      invariant(!range.unmapped || range.pages.size === 0, "a range of which a part was unmapped maps nothing");
      for (const [va, page] of range.pages) {
        invariant(va >= range.start && va < range.end, "a range maps pages of its own");
        const vma = this.mm.find(va);
        invariant(vma !== null, "the GPU maps nothing that the process does not");
        const away = this.mm.residency.away.get(va);
        if (page.copy !== null) invariant(away === undefined && !page.writable && this.mm.residency.copied.has(va), "a copy is read-only, and the page itself in RAM");
        else if (page.iova === 0) invariant(away?.owner === this.ports.owner && away.linear === page.linear, "the GPU maps a page of its own memory only while the page is there");
        else invariant(away === undefined && page.linear === vma.linear + (va - vma.start), "the GPU maps a page in RAM only while the page is there");
        invariant(!page.writable || (vma.prot & 2) !== 0, "the GPU may write only what the process may");
      }
    }
  }
}

import { invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import { Spans } from "./spans.ts";
import { PAGE } from "./vma.ts";

/** The device memory that pages of processes may be in (dev_pagemap). */
export interface PageOwner {
  readonly name: string;
  /** The CPU touches a page that is here: moves it back to RAM (migrate_to_ram). */
  migrateToRam(residency: Residency, page: number): void;
  /** Frees the memory of a page whose mapping is gone. */
  release(page: DevicePage): void;
}

/** A page of a process that is in a device's memory (device private page): the CPU has no mapping of it. */
export interface DevicePage {
  readonly owner: PageOwner;
  /** Linear address of its frame in the device's memory. */
  readonly linear: number;
}

/** Drops every device mapping and copy of a range: what the owner of the address space lends. */
export interface ResidencyPorts {
  invalidate(start: number, end: number): void;
  /** Linear address of a page's frame in RAM. The frame is kept while the page is away. */
  ramOf(page: number): number;
}

/**
 * Where the pages of one address space are. In RAM, unless said otherwise here. Pages are named by their first address.
 */
export class Residency {
  /** Pages in a device's memory. */
  readonly away: Map<number, DevicePage> = new Map();
  /** Pages in RAM that devices hold read-only copies of (read duplication). */
  readonly copied: Set<number> = new Set();
  /** Pages that the program sees as live arrays, and that are away or copied. */
  readonly exposed: Set<number> = new Set();
  /** Pages that must stay in RAM, with how often. */
  readonly pins: Map<number, number> = new Map();
  /** Told when pages that the program sees as arrays are away or copied. */
  onExposed: (() => void) | null = null;
  private readonly views: Spans = new Spans();
  readonly ports: ResidencyPorts;

  constructor(ports: ResidencyPorts) {
    this.ports = ports;
  }

  /** Whether an access must be looked at. */
  get active(): boolean {
    return this.away.size !== 0 || this.copied.size !== 0;
  }

  /** The CPU accesses [address, address + length): pages in device memory come back, copies of what is written go. */
  touch(address: number, length: number, write: boolean): void {
    for (let page = address - (address % PAGE); page < address + length; page += PAGE) {
      const there = this.away.get(page);
      if (there !== undefined && !mutant("hmm-touch-leaves-page-away")) there.owner.migrateToRam(this, page);
      if (write && this.copied.has(page)) this.collapse(page);
    }
  }

  /** Devices give up their copies of a page. */
  collapse(page: number): void {
    this.ports.invalidate(page, page + PAGE);
    this.copied.delete(page);
    this.exposed.delete(page);
  }

  /** The program was given [start, end) as a live array: what it does there cannot be seen. */
  show(start: number, end: number): void {
    this.views.add(start - (start % PAGE), Math.ceil(end / PAGE) * PAGE);
  }

  /** Whether the program has a live array over a page. */
  isShown(page: number): boolean {
    return this.views.has(page);
  }

  /** A page has moved to a device, which drops the device it was on before. */
  moveAway(page: number, to: DevicePage): void {
    invariant(!this.pins.has(page), "a pinned page does not move");
    this.away.set(page, to);
    if (this.views.has(page)) this.expose(page);
  }

  private expose(page: number): void {
    this.exposed.add(page);
    this.onExposed?.();
  }

  /** A page is back in RAM. Its frame on the device is free. */
  comeBack(page: number): void {
    const there = this.away.get(page);
    if (there === undefined) return;
    this.away.delete(page);
    this.exposed.delete(page);
    there.owner.release(there);
  }

  /** A device has a read-only copy of a page from now on. */
  addCopy(page: number): void {
    this.copied.add(page);
    if (this.views.has(page)) this.expose(page);
  }

  /** Before the program runs on: what it sees as arrays is in RAM, and nobody has a copy that its next store would make old. */
  restoreViews(): void {
    if (mutant("hmm-views-stay-stale")) return;
    for (const page of [...this.exposed]) this.touch(page, 1, true);
    this.exposed.clear();
  }

  /** Keeps [start, end) in RAM until `unpin` (a long-term pin of get_user_pages); pages elsewhere come back first. */
  pin(start: number, end: number): void {
    this.touch(start, end - start, true);
    for (let page = start; page < end; page += PAGE) this.pins.set(page, (this.pins.get(page) ?? 0) + 1);
  }

  unpin(start: number, end: number): void {
    for (let page = start; page < end; page += PAGE) {
      const count = this.pins.get(page) ?? 0;
      if (count > 1) this.pins.set(page, count - 1);
      else this.pins.delete(page);
    }
  }

  /** The mapping of [start, end) is gone, and with it its pages. */
  forget(start: number, end: number): void {
    for (const [page, there] of [...this.away]) {
      if (page < start || page >= end) continue;
      this.away.delete(page);
      there.owner.release(there);
    }
    for (const page of [...this.copied]) if (page >= start && page < end) this.copied.delete(page);
    for (const page of [...this.exposed]) if (page >= start && page < end) this.exposed.delete(page);
    if (!this.views.empty) this.views.remove(start, end);
  }

  checkInvariants(): void {
    for (const page of this.away.keys()) invariant(!this.copied.has(page) && !this.pins.has(page), "a page is in one place: on a device, or in RAM (pinned or copied perhaps)");
    for (const page of this.exposed) invariant(this.views.has(page) && (this.away.has(page) || this.copied.has(page)), "an exposed page is shown and not (only) in RAM");
  }
}

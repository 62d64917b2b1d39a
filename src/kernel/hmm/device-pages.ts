import type { LinearStore } from "../../gpu/linear.ts";
import type { Kernel } from "../machine.ts";
import type { DevicePage, PageOwner, Residency } from "../mm/residency.ts";
import { PAGE } from "../mm/vma.ts";
import type { SvmCore } from "./core.ts";

/** What a device's memory needs to be a home of process pages. */
export interface DevicePagesPorts {
  readonly kernel: Kernel;
  readonly store: LinearStore;
  /** Account of the device's memory. */
  readonly vram: { charge(bytes: number): boolean; uncharge(bytes: number): void };
  readonly core: SvmCore;
  /** Of the bus to it, bytes/s. */
  readonly bandwidth: number;
}

/** A GPU's memory as a place for pages of processes (dev_pagemap of type MEMORY_DEVICE_PRIVATE): the CPU cannot map them, and has them back when it touches them. */
export class DevicePages implements PageOwner {
  readonly name: string;
  /** Bytes of the device's memory that hold such pages, or read-only copies. */
  bytes = 0;
  /** Pages that came and went since the machine was made. */
  readonly counts = { toDevice: 0, toRam: 0 };
  private readonly ports: DevicePagesPorts;
  private lastBack = -1;

  constructor(ports: DevicePagesPorts, name: string) {
    this.ports = ports;
    this.name = name;
  }

  /** An empty place; null when the device's memory is full. */
  allocate(): DevicePage | null {
    const { store, vram } = this.ports;
    if (!vram.charge(PAGE)) return null;
    const linear = store.allocateFrames("vram", 1);
    if (linear === null) {
      vram.uncharge(PAGE);
      return null;
    }
    this.bytes += PAGE;
    return { owner: this, linear };
  }

  release(page: DevicePage): void {
    this.ports.store.freeFrames("vram", page.linear, 1);
    this.ports.vram.uncharge(PAGE);
    this.bytes -= PAGE;
  }

  /** Fills a new place with a page's bytes. */
  fill(target: DevicePage, linear: number): void {
    this.ports.store.copy(target.linear, linear, PAGE);
  }

  /** GPUs lose their mappings first, then the bytes go back: nobody can write to what is being copied. */
  migrateToRam(residency: Residency, page: number): void {
    const there = residency.away.get(page);
    if (there === undefined) return;
    const { kernel, store } = this.ports;
    residency.ports.invalidate(page, page + PAGE);
    const ram = residency.ports.ramOf(page);
    store.copy(ram, there.linear, PAGE);
    residency.comeBack(page);
    this.counts.toRam++;
    this.ports.core.moved(residency, page);
    this.charge(page);
    if (kernel.trace.enabled) {
      kernel.trace.emit("exceptions:page_fault_user", { address: `0x${page.toString(16)}`, device: this.name });
      kernel.trace.emit("migrate:mm_migrate_pages", { nr_succeeded: 1, nr_failed: 0, mode: "MIGRATE_SYNC", reason: "device_to_ram" });
    }
  }

  /** Whoever caused it pays: a GPU's fault service, or the thread that touched the page. */
  private charge(page: number): void {
    const { kernel, core, bandwidth } = this.ports;
    const blocks = page === this.lastBack + PAGE ? 0 : 1;
    this.lastBack = page;
    if (core.payer !== null) {
      core.payer.serviced(1, PAGE, blocks);
      return;
    }
    const thread = kernel.scheduler.current;
    if (thread !== null) thread.debt += kernel.costs.pageFaultPage + blocks * kernel.costs.migrateSetup + Math.ceil((PAGE / bandwidth) * 1e9);
  }
}

import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import type { Mapping } from "./space.ts";

/**
 * - `device`: cuMemAlloc. `host`: page-locked by cuMemHostAlloc. `registered`: page-locked by cuMemHostRegister. `managed`: cuMemAllocManaged.
 * - `virtual`: reserved with cuMemAddressReserve; pieces of it may be mapped. `pool`: stream-ordered. `module`: a module's variable. `ipc`: another process's memory.
 */
export type AllocationKind = "device" | "host" | "registered" | "managed" | "virtual" | "pool" | "module" | "ipc";

/** One allocation as the program sees it. */
export interface Allocation {
  readonly kind: AllocationKind;
  readonly address: number;
  readonly size: number;
  /** The context that made it; null when it belongs to the process (virtual, pool). */
  readonly context: Context | null;
  /** Where the memory is; null for host memory. */
  readonly device: Device | null;
  /** Memory behind it; several of them for `virtual` ranges, none for one with nothing mapped. */
  readonly mappings: Mapping[];
  /** Flags it was made with (host kinds). */
  readonly flags: number;
  /** Unique in the process, never used again. */
  readonly id: number;
  /** CU_POINTER_ATTRIBUTE_SYNC_MEMOPS was set. */
  syncMemops: boolean;
  /** Whatever the chapter that made it keeps with it. */
  readonly owner: unknown;
}

/** Whether the CPU may read and write it at its address. */
export function isHostAccessible(kind: AllocationKind): boolean {
  return kind === "host" || kind === "registered" || kind === "managed";
}

/** Things with an address and a size, disjoint; look-ups by any address inside, O(log n). */
export class AddressMap<T extends { readonly address: number; readonly size: number }> {
  private readonly items: T[] = [];
  private hot: T | null = null;

  get count(): number {
    return this.items.length;
  }

  /** Index of the last item that begins at or before `address`; -1 when there is none. */
  private below(address: number): number {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.items[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  add(item: T): void {
    this.items.splice(this.below(item.address) + 1, 0, item);
  }

  remove(item: T): void {
    if (this.hot === item) this.hot = null;
    const i = this.below(item.address);
    if (this.items[i] === item) this.items.splice(i, 1);
  }

  /** The item that holds the byte at `address`. */
  find(address: number): T | undefined {
    const hot = this.hot;
    if (hot !== null && address >= hot.address && address < hot.address + hot.size) return hot;
    const item = this.items[this.below(address)];
    if (item === undefined || address >= item.address + item.size) return undefined;
    this.hot = item;
    return item;
  }

  /** Whether any item has a byte in [address, address + size). */
  overlaps(address: number, size: number): boolean {
    const item = this.items[this.below(address + size - 1)];
    return item !== undefined && item.address + item.size > address;
  }

  /** Ascending. */
  all(): readonly T[] {
    return this.items;
  }
}

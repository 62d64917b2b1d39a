import { RED_ZONE } from "../../check/checker.ts";
import { checkerOf } from "../../check/registry.ts";
import type { Caller } from "../../api/caller.ts";
import { Errno } from "../../kernel/errors.ts";
import { MAP_FIXED, MAP_SHARED, PROT_READ, PROT_WRITE } from "../../kernel/sys/sys.ts";
import { GPU_READ, GPU_WRITE, type Placement } from "../../kernel/sys/uapi.ts";
import type { Slot } from "./context-object.ts";

/** Pages of the machine, and what buffer objects are rounded to. */
export const PAGE = 65536;
const SMALLEST = 256;
/** Pieces up to this size share a buffer object. */
const LARGEST_SHARED = PAGE;
const SLAB = 4 * PAGE;
/** Freed staging objects kept for the next transfer, bytes. */
const KEPT_STAGING = 8 << 20;

/** A buffer object of the kernel, mapped at one address on every device of the context (and for the CPU when `cpu`). */
export interface Backing {
  readonly address: number;
  readonly size: number;
  readonly placement: Placement;
  readonly cpu: boolean;
  /** GEM handle on each slot's file. */
  readonly handles: readonly number[];
}

/** A piece of device memory: its own object, or part of a shared one. */
export interface Piece {
  readonly address: number;
  readonly size: number;
  readonly placement: Placement;
  /** Null when it lies in a shared object. */
  readonly backing: Backing | null;
}

function classOf(size: number): number {
  let n = SMALLEST;
  while (n < size) n *= 2;
  return n;
}

/**
 * Device memory of one context. Small pieces share 256 KiB objects (as every real driver does: making an object costs two system calls and page-table
 * work), large ones have their own. All of it is mapped for its whole life.
 */
export class DeviceMemory {
  private readonly slots: readonly Slot[];
  private readonly free: Readonly<Record<Placement, Map<number, number[]>>> = { vram: new Map(), system: new Map() };
  private readonly slabs: Backing[] = [];
  private readonly staging: Backing[] = [];
  private stagingBytes = 0;
  /** 64 KiB pages of process memory that the GPUs can reach now, with a count: staging, mapped and SVM memory for ever, user memory during transfers. */
  private readonly reachable: Map<number, number> = new Map();

  constructor(slots: readonly Slot[]) {
    this.slots = slots;
  }

  /** Gets a piece of at least `size` bytes, or a negative errno. System pieces can be used by the CPU at the same address. Contents: whatever was there. */
  take(t: Caller, size: number, placement: Placement): Piece | number {
    const piece = this.find(t, size, placement);
    if (typeof piece !== "number") t.sys.watch?.allocated(piece.address, piece.size);
    if (typeof piece !== "number") checkerOf(t)?.allocated(t.process, piece.address, piece.size, "buffer", placement === "system", null, RED_ZONE);
    return piece;
  }

  private find(t: Caller, size: number, placement: Placement): Piece | number {
    const zone = checkerOf(t) === null ? 0 : RED_ZONE;
    if (size > LARGEST_SHARED - zone) {
      if (placement === "system") {
        const kept = this.staging.findIndex((backing) => backing.size >= size + zone && backing.size <= 2 * size);
        if (kept >= 0) {
          const [backing] = this.staging.splice(kept, 1);
          this.stagingBytes -= backing!.size;
          return { address: backing!.address, size, placement, backing: backing! };
        }
      }
      const backing = this.create(t, size + zone, placement, "buffer");
      return typeof backing === "number" ? backing : { address: backing.address, size, placement, backing };
    }
    const rounded = classOf(size + zone);
    const lists = this.free[placement];
    let list = lists.get(rounded);
    if (list === undefined) lists.set(rounded, (list = []));
    if (list.length === 0) {
      const slab = this.create(t, SLAB, placement, `slab ${rounded}`);
      if (typeof slab === "number") return slab;
      this.slabs.push(slab);
      for (let at = SLAB - rounded; at >= 0; at -= rounded) list.push(slab.address + at);
    }
    return { address: list.pop()!, size, placement, backing: null };
  }

  give(t: Caller, piece: Piece): void {
    const checker = checkerOf(t);
    checker?.freed(t.process, piece.address);
    if (piece.backing === null) {
      this.free[piece.placement].get(classOf(piece.size + (checker === null ? 0 : RED_ZONE)))!.push(piece.address);
      return;
    }
    if (piece.placement === "system" && this.stagingBytes + piece.backing.size <= KEPT_STAGING) {
      this.staging.push(piece.backing);
      this.stagingBytes += piece.backing.size;
      return;
    }
    this.destroy(t, piece.backing);
  }

  /** Makes an object and maps it everywhere. @returns it, or a negative errno and then nothing is left behind. */
  create(t: Caller, size: number, placement: Placement, label: string, alignment: number = PAGE): Backing | number {
    const rounded = Math.ceil(size / PAGE) * PAGE;
    const sys = t.sys;
    const home = this.slots[0]!;
    const gem = { size: rounded, placement, label, handle: 0 };
    let result = sys.ioctl(home.device.fd, "GLASS_GEM_CREATE", gem);
    if (result < 0) return result;
    const handles = [gem.handle];
    const cpu = placement === "system";
    let address = 0;
    const undo = (errno: number): number => {
      for (let i = 0; i < handles.length; i++) sys.ioctl(this.slots[i]!.device.fd, "DRM_IOCTL_GEM_CLOSE", { handle: handles[i]! });
      if (address > 0) sys.munmap(address, rounded);
      return errno;
    };
    for (const slot of this.slots.slice(1)) {
      const imported = this.share(t, home, slot, gem.handle);
      if (imported < 0) return undo(imported);
      handles.push(imported);
    }
    address = sys.reserve(rounded, alignment);
    if (address < 0) return undo(address);
    if (cpu) {
      const map = { handle: gem.handle, offset: 0 };
      result = sys.ioctl(home.device.fd, "GLASS_GEM_MMAP_OFFSET", map);
      if (result >= 0) result = sys.mmap(address, rounded, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, home.device.fd, map.offset);
      if (result < 0) return undo(result);
    }
    for (const slot of this.slots) {
      result = sys.ioctl(slot.device.fd, "GLASS_VM_BIND", { vm: slot.vm, op: "map", handle: handles[slot.index]!, offset: 0, address, size: rounded, flags: GPU_READ | GPU_WRITE });
      if (result < 0) {
        this.unbind(t, address, rounded);
        return undo(result);
      }
    }
    if (cpu) this.count(address, rounded, 1);
    return { address, size: rounded, placement, cpu, handles };
  }

  /** The same object under another device's file, by way of a dma-buf. */
  private share(t: Caller, from: Slot, to: Slot, handle: number): number {
    const exported = { handle, flags: 0, fd: -1 };
    let result = t.sys.ioctl(from.device.fd, "DRM_IOCTL_PRIME_HANDLE_TO_FD", exported);
    if (result < 0) return result;
    const imported = { fd: exported.fd, handle: 0 };
    result = t.sys.ioctl(to.device.fd, "DRM_IOCTL_PRIME_FD_TO_HANDLE", imported);
    t.sys.close(exported.fd);
    return result < 0 ? result : imported.handle;
  }

  destroy(t: Caller, backing: Backing): void {
    this.unbind(t, backing.address, backing.size);
    if (backing.cpu) this.count(backing.address, backing.size, -1);
    t.sys.munmap(backing.address, backing.size);
    for (const slot of this.slots) t.sys.ioctl(slot.device.fd, "DRM_IOCTL_GEM_CLOSE", { handle: backing.handles[slot.index]! });
  }

  disposeAll(t: Caller): void {
    for (const backing of this.slabs.splice(0)) this.destroy(t, backing);
    for (const backing of this.staging.splice(0)) this.destroy(t, backing);
  }

  private unbind(t: Caller, address: number, size: number): void {
    for (const slot of this.slots) t.sys.ioctl(slot.device.fd, "GLASS_VM_BIND", { vm: slot.vm, op: "unmap", handle: 0, offset: 0, address, size, flags: 0 });
  }

  /**
   * Makes the program's own memory [address, address + size) reachable for the GPUs at the same address (userptr). Undo with `unpin`.
   * @returns 0, or a negative errno: -EFAULT when the program has no such memory.
   */
  pin(t: Caller, address: number, size: number): number {
    const first = Math.floor(address / PAGE);
    const end = Math.ceil((address + size) / PAGE);
    for (let page = first; page < end; page++) {
      const count = this.reachable.get(page) ?? 0;
      if (count === 0) {
        // One request for a run of pages that are not there yet.
        let stop = page + 1;
        while (stop < end && !this.reachable.has(stop)) stop++;
        const errno = this.bindUser(t, page * PAGE, (stop - page) * PAGE);
        if (errno < 0) {
          this.unpin(t, first * PAGE, (page - first) * PAGE);
          return errno;
        }
        for (; page < stop; page++) this.reachable.set(page, 1);
        page--;
      } else this.reachable.set(page, count + 1);
    }
    return 0;
  }

  private bindUser(t: Caller, address: number, size: number): number {
    for (const slot of this.slots) {
      const errno = t.sys.ioctl(slot.device.fd, "GLASS_VM_BIND", { vm: slot.vm, op: "map-userptr", handle: 0, offset: address, address, size, flags: GPU_READ | GPU_WRITE });
      if (errno < 0) {
        this.unbind(t, address, size);
        return errno === -Errno.EINVAL ? -Errno.EFAULT : errno;
      }
    }
    return 0;
  }

  unpin(t: Caller, address: number, size: number): void {
    if (size <= 0) return;
    const end = Math.ceil((address + size) / PAGE);
    for (let page = Math.floor(address / PAGE); page < end; page++) {
      const count = this.reachable.get(page)!;
      if (count > 1) {
        this.reachable.set(page, count - 1);
        continue;
      }
      let stop = page;
      while (stop < end && this.reachable.get(stop) === 1) this.reachable.delete(stop++);
      this.unbind(t, page * PAGE, (stop - page) * PAGE);
      page = stop - 1;
    }
  }

  private count(address: number, size: number, delta: number): void {
    for (let page = address / PAGE; page < (address + size) / PAGE; page++) {
      const now = (this.reachable.get(page) ?? 0) + delta;
      if (now === 0) this.reachable.delete(page);
      else this.reachable.set(page, now);
    }
  }
}

import { Errno, invariant } from "../errors.ts";
import type { MappableRange } from "../fs/file.ts";
import { touchMemory } from "../footprint.ts";
import { mutant } from "../mutants.ts";
import { IntervalNotifiers, type MmuEvent, type MmuNotifier } from "./notifier.ts";
import { Residency } from "./residency.ts";
import { PAGE, pageUp, slice, type Vma } from "./vma.ts";

/** Bytes of address space that a process has, CPU and GPU together. */
export const WINDOW_BYTES: number = 2 ** 38;
const WINDOW_BASE = 2 ** 40;
const WINDOWS = 240;

/** The machine's memory, as far as an address space needs it. */
export interface SystemMemory {
  /** Zeroed, contiguous pages; null when the machine has no more. */
  allocatePages(bytes: number): number | null;
  /** Gives back what allocatePages gave. */
  releasePages(linear: number, bytes: number): void;
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  /** Copies bytes within it; places may overlap. */
  copy(to: number, from: number, bytes: number): void;
  /** Sets bytes of it to one value. */
  fill(at: number, value: number, bytes: number): void;
  /** Asked before memory is given out: whether there is none to be had (fault injection). */
  refuse?: ((kind: "system" | "vram" | "pagetable" | "scratch", bytes: number) => boolean) | null;
  /** Bytes in all, and not in use: for /proc/meminfo. */
  readonly ram?: { readonly total: number; readonly free: number };
}

export type { MmuNotifier } from "./notifier.ts";

/**
 * A process's address space. Every process has a window of its own, so that no address means something in two processes
 * (a forked child keeps its parent's). Mappings are whole pages and contiguous in linear memory, so that
 * an address range can be seen as one byte array.
 */
export class AddressSpace {
  /** Where both the CPU and the GPUs of this process may map. */
  readonly gpuWindow: { readonly start: number; readonly size: number };
  readonly notifiers: Set<MmuNotifier> = new Set();
  /** Watchers of parts of it. */
  readonly intervals: IntervalNotifiers = new IntervalNotifiers();
  /** Which pages are not (only) in RAM. */
  readonly residency: Residency = new Residency({
    invalidate: (start, end) => this.notify(start, end, "migrate"),
    ramOf: (page) => {
      const vma = this.find(page)!;
      return vma.linear + (page - vma.start);
    },
  });
  /** The process has ended. */
  dead = false;
  readonly memory: SystemMemory;
  private vmas: Vma[] = [];
  private cursor: number;
  private readonly holes = new Map<number, number[]>();
  private last: Vma | null = null;

  constructor(memory: SystemMemory, windowIndex: number, start: number = WINDOW_BASE + (windowIndex % WINDOWS) * WINDOW_BYTES) {
    this.memory = memory;
    this.gpuWindow = { start, size: WINDOW_BYTES };
    this.cursor = start + PAGE;
  }

  /** Maps fresh zeroed memory. @returns the address, or -ENOMEM, -EINVAL. */
  mapAnonymous(address: number, length: number, prot: number, fixed: boolean, shared: boolean): number {
    const bytes = pageUp(length);
    if (bytes <= 0) return -Errno.EINVAL;
    const start = this.place(address, bytes, fixed, PAGE);
    if (start < 0) return start;
    const linear = this.memory.allocatePages(bytes);
    if (linear === null) {
      if (!fixed) this.giveBack(start, bytes);
      return -Errno.ENOMEM;
    }
    if (fixed) this.unmap(start, bytes);
    const backing = new AnonymousPages(this.memory, linear, bytes);
    this.insert({ start, end: start + bytes, kind: "anonymous", prot, shared, linear, backing });
    return start;
  }

  /** Maps an object. Its reference is taken here. */
  mapRange(address: number, range: MappableRange, prot: number, fixed: boolean): number {
    const bytes = pageUp(range.length);
    const start = this.place(address, bytes, fixed, PAGE);
    if (start < 0) return start;
    if (fixed) this.unmap(start, bytes);
    range.reference();
    this.insert({ start, end: start + bytes, kind: "mapped", prot, shared: true, linear: range.linear, backing: range });
    return start;
  }

  /** Keeps address space with nothing behind it. */
  reserve(length: number, alignment: number): number {
    const bytes = pageUp(length);
    if (bytes <= 0 || alignment <= 0 || (alignment & (alignment - 1)) !== 0) return -Errno.EINVAL;
    const start = this.place(0, bytes, false, Math.max(alignment, PAGE));
    if (start < 0) return start;
    this.insert({ start, end: start + bytes, kind: "reserved", prot: 0, shared: false, linear: -1, backing: null });
    return start;
  }

  /** Removes whatever is mapped in the range; holes are no error. -EINVAL for a misaligned start. */
  unmap(address: number, length: number): number {
    const end = address + pageUp(length);
    if (address % PAGE !== 0 || length <= 0) return -Errno.EINVAL;
    this.notify(address, end, "unmap");
    this.residency.forget(address, end);
    this.last = null;
    let i = this.firstEndingAfter(address);
    while (i < this.vmas.length && this.vmas[i]!.start < end) {
      const vma = this.vmas[i]!;
      const rest: Vma[] = [];
      if (vma.start < address) rest.push(slice(vma, vma.start, address));
      if (vma.end > end) rest.push(slice(vma, end, vma.end));
      for (let k = 1; k < rest.length; k++) vma.backing?.reference();
      if (rest.length === 0) vma.backing?.unreference();
      const gone = slice(vma, address, end);
      this.giveBack(gone.start, gone.end - gone.start);
      this.vmas.splice(i, 1, ...rest);
      i += rest.length;
    }
    return 0;
  }

  /** Whether a change of [start, end) would cut a mapping in two, which takes memory. */
  splits(start: number, end: number): boolean {
    const [first, last] = [this.find(start), this.find(end - 1)];
    return (first !== null && first.start < start) || (last !== null && last.end > end);
  }

  /** The VMA that holds an address, or null. */
  find(address: number): Vma | null {
    const last = this.last;
    if (last !== null && address >= last.start && address < last.end) return last;
    const vma = this.vmas[this.firstEndingAfter(address)];
    if (vma === undefined || vma.start > address) return null;
    this.last = vma;
    return vma;
  }

  /**
   * Linear-memory address of a range that the CPU may access, or null (EFAULT).
   * @param write also needs PROT_WRITE.
   */
  resolve(address: number, length: number, write: boolean): number | null {
    let vma = this.find(address);
    if (vma !== null && vma.linear < -1) vma = this.faultIn(vma);
    if (vma === null || vma.linear < 0 || address + length > vma.end) return null;
    if ((vma.prot & (write ? 2 : 1)) === 0) return null;
    if (this.residency.active) this.residency.touch(address, length, write);
    return vma.linear + (address - vma.start);
  }

  /** Makes mappings of objects that are about to move not present: the next access asks the object where it is (unmap_mapping_range). */
  zapMapped(moving: (range: MappableRange) => boolean): void {
    this.last = null;
    this.vmas.forEach((vma, i) => {
      if (vma.kind === "mapped" && vma.linear >= 0 && moving(vma.backing!)) this.vmas[i] = { ...vma, linear: -2 - (vma.linear - vma.backing!.linear) };
    });
  }

  /** The CPU touches a mapping whose object has moved. Null: the object has nothing to map (SIGBUS). */
  private faultIn(vma: Vma): Vma | null {
    const base = vma.backing?.fault?.() ?? -1;
    if (base < 0) return null;
    const present = { ...vma, linear: base + (-2 - vma.linear) };
    this.vmas[this.firstEndingAfter(vma.start)] = present;
    this.last = null;
    return present;
  }

  /** Tells every watcher of [start, end). */
  notify(start: number, end: number, event: MmuEvent): void {
    // These hold pinned pages: only the end of the mapping concerns them.
    if (event === "unmap" || event === "release") for (const notify of [...this.notifiers]) notify(start, end, event);
    this.intervals.invalidate(start, end, event);
  }

  /**
   * mprotect(2): changes the rights of whole pages; devices lose what they mapped with the old ones.
   * @returns 0, -EINVAL: misaligned, unknown rights; -ENOMEM: a part of the range is not mapped (then nothing has changed)
   */
  protect(address: number, length: number, prot: number): number {
    const end = address + pageUp(length);
    if (address % PAGE !== 0 || length < 0 || (prot & ~7) !== 0) return -Errno.EINVAL;
    let i = this.firstEndingAfter(address);
    for (let at = address, k = i; at < end; k++) {
      const vma = this.vmas[k];
      if (vma === undefined || vma.start > at) return -Errno.ENOMEM;
      at = vma.end;
    }
    if (end > address) this.notify(address, end, "protect");
    this.last = null;
    for (; i < this.vmas.length && this.vmas[i]!.start < end; ) {
      const vma = this.vmas[i]!;
      const pieces = [{ ...slice(vma, Math.max(vma.start, address), end), prot }];
      if (vma.start < address) pieces.unshift(slice(vma, vma.start, address));
      if (vma.end > end) pieces.push(slice(vma, end, vma.end));
      for (let k = 1; k < pieces.length; k++) vma.backing?.reference();
      this.vmas.splice(i, 1, ...pieces);
      i += pieces.length;
    }
    return 0;
  }

  /** The range as live bytes that the program may keep and use at any time: `bytes`, remembered. */
  view(address: number, length: number, write: boolean): Uint8Array | null {
    const bytes = this.bytes(address, length, write);
    if (bytes === null || this.find(address)!.kind !== "anonymous") return bytes;
    if (this.residency.active) this.residency.touch(address, length, true);
    this.residency.show(address, address + length);
    return bytes;
  }

  /** The range as live bytes, or null when it is not mapped that way. */
  bytes(address: number, length: number, write: boolean): Uint8Array | null {
    const linear = this.resolve(address, length, write);
    if (linear === null) return null;
    touchMemory(linear, length, write);
    return this.memory.u8.subarray(linear, linear + length);
  }

  /** A u32 at an aligned address, or null when it is not readable. */
  load32(address: number): number | null {
    const linear = (address & 3) === 0 ? this.resolve(address, 4, false) : null;
    if (linear === null) return null;
    touchMemory(linear, 4, false);
    return this.memory.u32[linear >>> 2]!;
  }

  /** Writes a u32 at an aligned address; false when it is not writable. */
  store32(address: number, value: number): boolean {
    const linear = (address & 3) === 0 ? this.resolve(address, 4, true) : null;
    if (linear === null) return false;
    touchMemory(linear, 4, true);
    this.memory.u32[linear >>> 2] = value;
    return true;
  }

  /** A copy for fork: private memory is copied, shared mappings are shared, addresses stay. */
  fork(): AddressSpace | number {
    const child = new AddressSpace(this.memory, 0, this.gpuWindow.start);
    child.cursor = this.cursor;
    // Copy on write needs every mapping read-only: devices lose theirs.
    for (const vma of this.vmas) if (vma.kind === "anonymous" && !vma.shared) this.notify(vma.start, vma.end, "protect");
    for (const vma of this.vmas) {
      if (vma.kind !== "anonymous" || vma.shared) {
        vma.backing?.reference();
        child.vmas.push(vma);
        continue;
      }
      const bytes = vma.end - vma.start;
      const linear = this.memory.allocatePages(bytes);
      if (linear === null) {
        child.destroy();
        return -Errno.ENOMEM;
      }
      this.copyOut(vma, linear);
      child.vmas.push({ ...vma, linear, backing: new AnonymousPages(this.memory, linear, bytes) });
    }
    return child;
  }

  /** The bytes of a mapping, wherever its pages are now, into fresh RAM. */
  private copyOut(vma: Vma, linear: number): void {
    const bytes = vma.end - vma.start;
    this.memory.copy(linear, vma.linear, bytes);
    if (this.residency.away.size === 0) return;
    for (let page = vma.start; page < vma.end; page += PAGE) {
      const away = this.residency.away.get(page);
      if (away !== undefined) this.memory.copy(linear + (page - vma.start), away.linear, PAGE);
    }
  }

  /** Everything goes (process exit): first what devices have of it, then the pages. */
  destroy(): void {
    const { start, size } = this.gpuWindow;
    this.dead = true;
    if (!mutant("mm-release-forgets-devices")) this.notify(start, start + size, "release");
    this.residency.forget(start, start + size);
    for (const vma of this.vmas) vma.backing?.unreference();
    this.vmas = [];
    this.last = null;
    this.notifiers.clear();
    this.intervals.clear();
  }

  /** All mappings, ascending: for /proc/<pid>/maps and for tests. */
  mappings(): readonly Vma[] {
    return this.vmas;
  }

  /** Throws EmulatorBug when mappings overlap or are out of order. */
  checkInvariants(): void {
    let end = this.gpuWindow.start;
    for (const vma of this.vmas) {
      invariant(vma.start >= end && vma.end > vma.start, "VMAs are disjoint and ascending");
      invariant(vma.start % PAGE === 0 && vma.end % PAGE === 0, "VMAs are whole pages");
      end = vma.end;
    }
    invariant(end <= this.gpuWindow.start + this.gpuWindow.size, "VMAs are inside the window");
    for (const page of this.residency.away.keys()) invariant(isMovable(this.find(page)), "a page in device memory belongs to a mapping of the process's own memory");
    this.residency.checkInvariants();
  }

  private place(address: number, bytes: number, fixed: boolean, alignment: number): number {
    const { start, size } = this.gpuWindow;
    if (fixed) {
      if (address % PAGE !== 0) return -Errno.EINVAL;
      return address < start + PAGE || address + bytes > start + size ? -Errno.ENOMEM : address;
    }
    if (alignment === PAGE) {
      const holes = this.holes.get(bytes);
      for (let hole = holes?.pop(); hole !== undefined; hole = holes?.pop()) if (this.isFree(hole, hole + bytes)) return hole;
    }
    let at = Math.ceil(this.cursor / alignment) * alignment;
    while (!this.isFree(at, at + bytes)) at = Math.ceil(this.vmas[this.firstEndingAfter(at)]!.end / alignment) * alignment;
    if (at + bytes > start + size) return -Errno.ENOMEM;
    this.cursor = at + bytes;
    return at;
  }

  private isFree(start: number, end: number): boolean {
    const next = this.vmas[this.firstEndingAfter(start)];
    return next === undefined || next.start >= end;
  }

  private giveBack(start: number, bytes: number): void {
    if (start + bytes === this.cursor) {
      this.cursor = start;
      return;
    }
    const same = this.holes.get(bytes);
    if (same === undefined) this.holes.set(bytes, [start]);
    else same.push(start);
  }

  private insert(vma: Vma): void {
    const i = this.firstEndingAfter(vma.start);
    invariant(this.vmas[i] === undefined || this.vmas[i]!.start >= vma.end, "a new mapping covers no old one");
    this.vmas.splice(i, 0, vma);
  }

  /** Index of the first VMA whose end lies after `address`. */
  private firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.vmas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.vmas[middle]!.end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Whether pages of a mapping may move to a device: private anonymous ones. */
export function isMovable(vma: Vma | null): boolean {
  return vma !== null && vma.kind === "anonymous" && !vma.shared;
}

/** Pages of anonymous memory, shared by the pieces that a mapping is split into. */
class AnonymousPages implements MappableRange {
  readonly linear: number;
  readonly length: number;
  readonly label = "anonymous";
  private references = 1;
  private readonly memory: SystemMemory;

  constructor(memory: SystemMemory, linear: number, length: number) {
    this.memory = memory;
    this.linear = linear;
    this.length = length;
  }

  reference(): void {
    this.references++;
  }

  unreference(): void {
    if (--this.references === 0) this.memory.releasePages(this.linear, this.length);
  }
}

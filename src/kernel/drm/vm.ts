import { type MemoryAccess, type Site } from "../../compiler/abi.ts";
import { FRAME } from "../../gpu/frames.ts";
import { GpuPageTable, PTE_BUS, PTE_WRITE } from "../../gpu/page-table.ts";
import type { GpuAddressSpace } from "../../gpu/ports.ts";
import { Errno, invariant } from "../errors.ts";
import type { MappableRange } from "../fs/file.ts";
import type { AddressSpace, MmuNotifier } from "../mm/address-space.ts";
import type { GpuDevice } from "./device.ts";
import { GemRange, type GemObject } from "./gem.ts";
import { IntervalMap } from "./intervals.ts";
import type { SvmPage } from "../hmm/gpusvm.ts";
import { Svm } from "../hmm/svm.ts";

/** One stretch of GPU address space with one backing (drm_gpuva). */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Null for a stretch of a process's own memory. */
  readonly object: GemObject | null;
  /** Byte in the object that `start` maps; for process memory the CPU address. */
  readonly offset: number;
  /** GPU_READ, GPU_WRITE: the same bits as in page table and IOMMU. */
  readonly flags: number;
  /** I/O address of `start` in the device's domain; 0 when the memory is the GPU's own. */
  readonly iova: number;
  /** Whose memory, when `object` is null. */
  readonly mm: AddressSpace | null;
}

/** A piece of contiguous memory that is to be mapped. */
interface Piece {
  readonly linear: number;
  readonly bytes: number;
}

function part(m: Mapping, start: number, end: number): Mapping {
  const skip = start - m.start;
  return { ...m, start, end, offset: m.offset + skip, iova: m.iova === 0 ? 0 : m.iova + skip };
}

/**
 * A GPU address space (drm_gpuvm): what is mapped where, and the page table that says so to the hardware. A page of system memory
 * has a translation in the IOMMU domain of the device for as long as it is mapped; without one it cannot be reached.
 */
export class GpuVm implements GpuAddressSpace {
  readonly device: GpuDevice;
  readonly start: number;
  readonly end: number;
  readonly pageTable: GpuPageTable;
  readonly maps: IntervalMap<Mapping> = new IntervalMap<Mapping>(part);
  /** Accesses without a translation are served and tried again, where they can be (a fault-mode VM). */
  readonly faultMode: boolean;
  /** What it mirrors of a process, below explicit mappings; null while nothing. */
  svm: Svm | null = null;
  private mirrorsAll = false;
  private references = 1;
  private readonly notifiers = new Map<AddressSpace, MmuNotifier>();

  private constructor(device: GpuDevice, start: number, size: number, pageTable: GpuPageTable, faultMode: boolean) {
    this.device = device;
    this.faultMode = faultMode;
    this.start = start;
    this.end = start + size;
    this.pageTable = pageTable;
    device.vms.add(this);
  }

  /** An empty address space over a window; null when there is no memory for its page table. */
  static create(device: GpuDevice, window: { readonly start: number; readonly size: number }, faultMode: boolean = false): GpuVm | null {
    const table = GpuPageTable.create(device.core.store, window.start, window.size);
    return table === null ? null : new GpuVm(device, window.start, window.size, table, faultMode);
  }

  get(): this {
    this.references++;
    return this;
  }

  put(): void {
    this.references--;
    invariant(this.references >= 0, "a VM is put as often as got");
    if (this.references > 0) return;
    this.unmap(this.start, this.end - this.start);
    this.svm?.destroy();
    for (const [mm, notifier] of this.notifiers) mm.notifiers.delete(notifier);
    this.notifiers.clear();
    this.pageTable.destroy();
    this.device.vms.delete(this);
  }

  /** Whether [address, address + size) lies inside the window. */
  inside(address: number, size: number): boolean {
    return address >= this.start && address + size <= this.end;
  }

  /** Maps part of an object; what was mapped there before is replaced. 0 or -ENOMEM (then nothing has changed). */
  mapObject(object: GemObject, offset: number, address: number, size: number, flags: number): number {
    const pieces = object.remote ? this.objectPieces(object, offset, size) : [{ linear: 0, bytes: size }];
    const iovas = object.remote ? this.reachOverBus(pieces, flags) : [0];
    if (typeof iovas === "number") return iovas;
    this.unmap(address, size);
    this.enterPieces(pieces, iovas, { start: address, end: address + size, object, offset, flags, iova: 0, mm: null });
    return 0;
  }

  /**
   * Maps a process's own memory. 0, -EFAULT (not all of it is mapped with the rights asked for, or it is a GPU's memory), -ENOMEM; then nothing has changed.
   */
  mapUser(mm: AddressSpace, cpuAddress: number, address: number, size: number, flags: number): number {
    const pieces = this.userPieces(mm, cpuAddress, size, flags);
    if (pieces === null) return -Errno.EFAULT;
    const iovas = this.reachOverBus(pieces, flags);
    if (typeof iovas === "number") return iovas;
    this.unmap(address, size);
    this.enterPieces(pieces, iovas, { start: address, end: address + size, object: null, offset: cpuAddress, flags, iova: 0, mm });
    mm.residency.pin(cpuAddress, cpuAddress + size);
    this.watch(mm);
    return 0;
  }

  /** One mapping for each piece of contiguous memory. */
  private enterPieces(pieces: readonly Piece[], iovas: readonly number[], whole: Mapping): void {
    let at = whole.start;
    for (const [i, piece] of pieces.entries()) {
      const mapping = { ...part(whole, at, at + piece.bytes), iova: iovas[i]! };
      whole.object?.get();
      this.maps.insert(mapping);
      this.fillTable(mapping, at, at + piece.bytes);
      at += piece.bytes;
    }
  }

  /**
   * Mirrors a process's address space in [address, address + size): what the process has there the GPU has too, by recoverable faults.
   * @returns 0, -EINVAL: not a fault-mode VM, or it mirrors another process
   */
  mirror(mm: AddressSpace, address: number, size: number): number {
    if (!this.faultMode || (this.svm !== null && this.svm.mm !== mm)) return -Errno.EINVAL;
    this.unmap(address, size);
    this.svm ??= new Svm(mm, this.device.svmOf(this));
    this.svm.gpusvm.mirrored.add(address, address + size);
    this.mirrorsAll ||= address === this.start && address + size === this.end;
    return 0;
  }

  /** Unmaps whatever is there. When it returns no access reaches the old memory any more. */
  unmap(address: number, size: number): void {
    if (this.svm !== null) {
      this.svm.gpusvm.unmirror(address, address + size);
      // What the process has lies below every explicit mapping.
      if (this.mirrorsAll) this.svm.gpusvm.mirrored.add(this.start, this.end);
    }
    if (this.maps.size === 0) return;
    this.maps.remove(address, address + size, (gone, pieces) => {
      const start = Math.max(gone.start, address);
      const end = Math.min(gone.end, address + size);
      this.pageTable.unmap(start, end - start);
      if (gone.iova !== 0) this.device.domain.dmaUnmap(gone.iova + (start - gone.start), end - start, this.device);
      if (gone.mm !== null) gone.mm.residency.unpin(gone.offset + (start - gone.start), gone.offset + (end - gone.start));
      if (gone.object === null) return;
      for (let i = 1; i < pieces; i++) gone.object.get();
      if (pieces === 0) gone.object.put();
    });
  }

  /** The device dropped translations of [iova, iova + bytes): pages that used them are not present any more. */
  invalidate(iova: number, bytes: number): void {
    for (const m of this.maps) {
      if (m.iova === 0 || m.iova >= iova + bytes || m.iova + (m.end - m.start) <= iova) continue;
      const from = Math.max(m.iova, iova) - m.iova;
      const to = Math.min(m.iova + (m.end - m.start), iova + bytes) - m.iova;
      this.pageTable.unmap(m.start + from, to - from);
    }
    if (this.svm === null) return;
    for (const range of this.svm.gpusvm.ranges()) for (const [va, page] of range.pages) if (page.iova >= iova && page.iova < iova + bytes) this.pageTable.unmap(va, FRAME);
  }

  fault(access: MemoryAccess, site: Site): boolean {
    const address = Number(access.address);
    const m = this.maps.find(address);
    const need = access.kind === "read" ? 1 : access.kind === "write" ? 2 : 3;
    if (m === null && this.svm !== null) {
      if ((this.pageTable.entry(address) & need) === need) return this.faultNext(access, address - (address % FRAME) + FRAME);
      return this.svm.fault(address, need !== 1, site);
    }
    if (m === null || (m.flags & need) !== need) return false;
    const page = address - (address % FRAME);
    if (this.pageTable.entry(page) !== 0) return this.faultNext(access, page + FRAME);
    return this.makePresent(m, page, (need & PTE_WRITE) !== 0);
  }

  takeStall(): number {
    return this.svm === null ? 0 : this.device.batches.take();
  }

  untouched(va: number, bytes: number): number {
    const m = this.maps.find(va);
    if (m === null || m.object === null || m.object.backing.pages === null || (m.flags & PTE_WRITE) === 0) return 0;
    const until = Math.min(va + bytes, m.end);
    let at = va;
    while (at < until) {
      const page = at - (at % FRAME);
      if (m.object.backing.page(m.offset + (page - m.start)) !== 0) break;
      at = page + FRAME;
    }
    return Math.min(at, until) - va;
  }

  checkInvariants(): void {
    this.maps.checkInvariants(this.start, this.end);
    let present = 0;
    for (const m of this.maps) {
      if (m.iova !== 0) invariant(m.object === null || m.object.remote, "only memory over the bus has an I/O address");
      invariant(m.object === null || m.offset + (m.end - m.start) <= m.object.size, "a mapping lies inside its object");
      for (let va = m.start; va < m.end; va += FRAME) {
        const entry = this.pageTable.entry(va);
        if (entry === 0) continue;
        present++;
        invariant((entry & 3) === m.flags, "a page table entry allows what its mapping does");
        if (m.iova === 0) invariant((entry & 0xffff0000) >>> 0 === m.object!.backing.page(m.offset + (va - m.start)), "a page table entry leads to its mapping's memory");
        else invariant(this.device.domain.covers(m.iova + (va - m.start), FRAME), "a page over the bus has an IOMMU translation");
      }
    }
    this.svm?.checkInvariants();
    if (this.svm !== null) for (const range of this.svm.gpusvm.ranges()) for (const [va, page] of range.pages) present += this.checkMirrored(va, page);
    invariant(present === this.pageTable.present, "no page is present outside mappings");
  }

  /** 1 when a mirrored page is present; it leads where it should then. */
  private checkMirrored(va: number, page: SvmPage): number {
    const entry = this.pageTable.entry(va);
    if (entry === 0) {
      invariant(page.iova !== 0 && !this.device.domain.covers(page.iova, FRAME), "a mirrored page is present unless the IOMMU took its translation away");
      return 0;
    }
    invariant((entry & 0xffff0000) >>> 0 === page.linear && ((entry & PTE_WRITE) !== 0) === page.writable, "a mirrored page's entry leads to the page");
    if (page.iova !== 0) invariant(this.device.domain.covers(page.iova, FRAME), "a page over the bus has an IOMMU translation");
    return 1;
  }

  /** An access that runs into the next page. */
  private faultNext(access: MemoryAccess, page: number): boolean {
    if (Number(access.address) + access.size <= page || this.pageTable.entry(page) !== 0) return false;
    return this.fault({ address: BigInt(page), size: Number(access.address) + access.size - page, kind: access.kind }, noSite);
  }

  private makePresent(m: Mapping, page: number, write: boolean): boolean {
    const skip = page - m.start;
    let linear: number;
    if (m.iova !== 0) linear = this.device.domain.translate(this.device.name, m.iova + skip, write);
    else linear = m.object!.backing.touch(m.offset + skip) || -1;
    if (linear < 0) return false;
    this.pageTable.map(page, linear, FRAME, m.flags | (m.iova === 0 ? 0 : PTE_BUS));
    return true;
  }

  /** Enters the pages of [start, end) that are backed into the page table. */
  private fillTable(m: Mapping, start: number, end: number): void {
    if (m.iova === 0 && m.object!.backing.pages === null) {
      this.pageTable.map(start, m.object!.backing.linear + m.offset + (start - m.start), end - start, m.flags);
      return;
    }
    for (let page = start; page < end; page += FRAME) {
      if (m.iova === 0 && m.object!.backing.page(m.offset + (page - m.start)) === 0) continue;
      this.makePresent(m, page, (m.flags & PTE_WRITE) !== 0);
    }
  }

  /** Makes memory reachable for the device: an I/O address for each piece, or -ENOMEM, -ENOSPC. */
  private reachOverBus(pieces: readonly Piece[], flags: number): number[] | number {
    if (pieces.some((piece) => piece.linear === 0)) return -Errno.ENOMEM;
    const iovas: number[] = [];
    for (const piece of pieces) {
      const iova = this.device.domain.dmaMap(piece.linear, piece.bytes, flags);
      if (iova < 0) {
        for (const [i, done] of iovas.entries()) this.device.domain.dmaUnmap(done, pieces[i]!.bytes, this.device);
        return iova;
      }
      iovas.push(iova);
    }
    return iovas;
  }

  private objectPieces(object: GemObject, offset: number, size: number): Piece[] {
    const backing = object.backing;
    if (backing.pages === null) return [{ linear: backing.linear + offset, bytes: size }];
    const pieces: Piece[] = [];
    for (let at = offset; at < offset + size; at += FRAME) pieces.push({ linear: backing.touch(at), bytes: FRAME });
    return pieces;
  }

  private userPieces(mm: AddressSpace, cpuAddress: number, size: number, flags: number): Piece[] | null {
    const pieces: Piece[] = [];
    for (let at = cpuAddress; at < cpuAddress + size; ) {
      const vma = mm.find(at);
      if (vma === null || vma.linear < 0 || (vma.prot & flags) !== flags || isVram(vma.backing)) return null;
      const end = Math.min(vma.end, cpuAddress + size);
      if (mm.residency.active) mm.residency.touch(at, end - at, true);
      pieces.push({ linear: vma.linear + (at - vma.start), bytes: end - at });
      at = end;
    }
    return pieces;
  }

  /** Drops GPU mappings of process memory before the process's own mapping goes (mmu notifier). */
  private watch(mm: AddressSpace): void {
    if (this.notifiers.has(mm)) return;
    const notifier: MmuNotifier = (start, end) => {
      const gone = [...this.maps].filter((m) => m.mm === mm && m.offset < end && m.offset + (m.end - m.start) > start);
      for (const m of gone) {
        const from = Math.max(start, m.offset) - m.offset;
        const to = Math.min(end, m.offset + (m.end - m.start)) - m.offset;
        this.unmap(m.start + from, to - from);
      }
    };
    this.notifiers.set(mm, notifier);
    mm.notifiers.add(notifier);
  }
}

const noSite: Site = { kernel: "", line: null, block: [0, 0, 0], thread: [0, 0, 0] };

/** CPU mappings of a GPU's own memory are no memory of the process: a device may not take them for its own. */
export function isVram(backing: MappableRange | null): boolean {
  return backing instanceof GemRange && backing.object.backing.placement === "vram";
}

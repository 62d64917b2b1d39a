import { type MemoryAccess, type Site } from "../../compiler/abi.ts";
import { FRAME } from "../../gpu/frames.ts";
import { GpuPageTable, PTE_BUS, PTE_WRITE } from "../../gpu/page-table.ts";
import type { GpuAddressSpace } from "../../gpu/ports.ts";
import { Errno, invariant } from "../errors.ts";
import type { AddressSpace, MmuNotifier } from "../mm/address-space.ts";
import type { GpuDevice } from "./device.ts";
import type { GemObject } from "./gem.ts";
import { IntervalMap } from "./intervals.ts";
import { IdTable } from "./id-table.ts";
import { isSparse, keeps, part, type Mapping } from "./mapping.ts";
import { objectPieces, reachOverBus, userPieces, type Piece } from "./pieces.ts";
import { checkVm } from "./vm-check.ts";
import { mutant } from "../mutants.ts";
import { VmBo } from "./vm-bo.ts";
import { SparseSink } from "./vm-sparse.ts";
import type { BindQueue } from "./bind-queue.ts";
import { DmaResv } from "../fence/resv.ts";
import type { DmaFence } from "../fence/fence.ts";
import { LruBulk } from "../ttm/lru.ts";
import { TtmBo } from "../ttm/bo.ts";
import { Svm } from "../hmm/svm.ts";

/** An access that had no translation. */
export interface VmFault {
  readonly address: number;
  readonly kind: MemoryAccess["kind"];
  readonly time: number;
}

/** Faults that a VM remembers. */
const MAX_FAULTS = 16;

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
  /** Number over all VMs of the device. */
  readonly id: number;
  /** How it uses each object that is mapped here. */
  readonly vmBos: Map<GemObject, VmBo> = new Map();
  /** Objects that have to be brought back before the next job runs. */
  readonly evicted: Set<VmBo> = new Set();
  /** Moves under way of what is mapped here: jobs wait for them. */
  readonly moving: Set<DmaFence> = new Set();
  /** Fences of the jobs that run here: those of all private objects. */
  readonly resv: DmaResv = new DmaResv();
  /** Its private objects, in the order of evictions. */
  readonly bulk: LruBulk = new LruBulk();
  /** When a job was last submitted, as the device counts uses. */
  usedAt = 0;
  /** Bytes of VRAM that its objects need at once. */
  demand = 0;
  /** Not 0: an asynchronous bind failed with this errno; it can only be destroyed. */
  banned = 0;
  readonly bindQueues: IdTable<BindQueue> = new IdTable<BindQueue>();
  /** The last accesses that had no translation, newest last. */
  readonly faults: VmFault[] = [];
  private readonly sink: SparseSink;
  private references = 1;
  private readonly notifiers = new Map<AddressSpace, MmuNotifier>();

  private constructor(device: GpuDevice, start: number, size: number, pageTable: GpuPageTable, faultMode: boolean) {
    this.device = device;
    this.faultMode = faultMode;
    this.start = start;
    this.end = start + size;
    this.pageTable = pageTable;
    this.id = device.ttm.nextVm();
    this.sink = new SparseSink(device.core.store, pageTable);
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
    this.sink.destroy();
    this.pageTable.destroy();
    this.resv.clear();
    this.device.vms.delete(this);
  }

  /** Whether [address, address + size) lies inside the window. */
  inside(address: number, size: number): boolean {
    return address >= this.start && address + size <= this.end;
  }

  /** Whether a job may run at once: everything that is mapped is where it should be. */
  get settled(): boolean {
    return this.evicted.size === 0 && this.moving.size === 0 && this.sink.clean;
  }

  /**
   * Maps part of an object; what was mapped there before is replaced. 0, -ENOMEM, -ENOSPC: its objects would need more memory at once than the GPU has; then nothing has changed.
   * Where the same part is mapped there already, the page table stays as it is (`keep` of drm_gpuvm).
   */
  mapObject(object: GemObject, offset: number, address: number, size: number, flags: number, gone: GemObject[] | null = null): number {
    const bo = object.backing;
    const needs = !this.vmBos.has(object) && bo.device === this.device && bo.preferred === "vram" ? bo.size : 0;
    if (this.demand + needs > this.device.ttm.vram.size) return -Errno.ENOSPC;
    const whole: Mapping = { start: address, end: address + size, object, offset, flags, iova: 0, mm: null };
    const old = this.maps.find(address);
    if (old !== null && keeps(old, whole)) {
      if (old.iova !== 0) whole.iova = old.iova + (address - old.start);
      this.cut(address, size, false, gone);
      this.enter(whole, false);
      return 0;
    }
    const { usable } = bo;
    const pieces = usable && object.remote ? objectPieces(object, offset, size) : [{ linear: 0, bytes: size }];
    const iovas = usable && object.remote ? reachOverBus(this.device, pieces, flags) : [0];
    if (typeof iovas === "number") return iovas;
    if (!mutant("map-leaves-old")) this.unmap(address, size, gone);
    this.enterPieces(pieces, iovas, whole, usable);
    return 0;
  }

  /** Bytes of VRAM that its objects would need at once after these operations, if nothing is unmapped. */
  demandWith(ops: readonly { readonly op: string; readonly object: GemObject | null }[]): number {
    const fresh = new Set<GemObject>();
    for (const { op, object } of ops) if (op === "map" && object !== null && !this.vmBos.has(object) && object.backing.device === this.device && object.backing.preferred === "vram") fresh.add(object);
    let sum = this.demand;
    for (const object of fresh) sum += object.size;
    return sum;
  }

  /** Whether mapUser would find the memory. */
  canMapUser(mm: AddressSpace, cpuAddress: number, size: number, flags: number): boolean {
    return userPieces(mm, cpuAddress, size, flags) !== null;
  }

  /** A stretch without memory: reads give zero, writes are forgotten when their job ends. What was mapped there is replaced. */
  mapSparse(address: number, size: number, flags: number): void {
    this.unmap(address, size);
    this.maps.insert({ start: address, end: address + size, object: null, offset: 0, flags, iova: 0, mm: null });
  }

  /**
   * Maps a process's own memory. 0, -EFAULT (not all of it is mapped with the rights asked for, or it is a GPU's memory), -ENOMEM; then nothing has changed.
   */
  mapUser(mm: AddressSpace, cpuAddress: number, address: number, size: number, flags: number): number {
    const pieces = userPieces(mm, cpuAddress, size, flags);
    if (pieces === null) return -Errno.EFAULT;
    const iovas = reachOverBus(this.device, pieces, flags);
    if (typeof iovas === "number") return iovas;
    this.unmap(address, size);
    this.enterPieces(pieces, iovas, { start: address, end: address + size, object: null, offset: cpuAddress, flags, iova: 0, mm });
    mm.residency.pin(cpuAddress, cpuAddress + size);
    this.watch(mm);
    return 0;
  }

  /** One mapping for each piece of contiguous memory. */
  private enterPieces(pieces: readonly Piece[], iovas: readonly number[], whole: Mapping, present: boolean = true): void {
    let at = whole.start;
    for (const [i, piece] of pieces.entries()) {
      this.enter({ ...part(whole, at, at + piece.bytes), iova: iovas[i]! }, present);
      at += piece.bytes;
    }
  }

  /** Enters a mapping where there is none. @param present also into the page table */
  private enter(mapping: Mapping, present: boolean): void {
    const { object } = mapping;
    if (object !== null) {
      object.get();
      let vmBo = this.vmBos.get(object);
      if (vmBo === undefined) {
        vmBo = new VmBo(this, object);
        this.vmBos.set(object, vmBo);
        vmBo.attach();
      }
      vmBo.mappings.add(mapping);
    }
    this.maps.insert(mapping);
    if (present) this.fillTable(mapping, mapping.start, mapping.end);
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

  /**
   * Unmaps whatever is there. When it returns no access reaches the old memory any more.
   * @param gone gets the objects whose mappings went, each as often as it must be put when the GPU's caches are flushed; null: at once
   */
  unmap(address: number, size: number, gone: GemObject[] | null = null): void {
    if (this.svm !== null) {
      this.svm.gpusvm.unmirror(address, address + size);
      // What the process has lies below every explicit mapping.
      if (this.mirrorsAll) this.svm.gpusvm.mirrored.add(this.start, this.end);
    }
    this.cut(address, size, true, gone);
  }

  /** @param clear take it out of the page table too */
  private cut(address: number, size: number, clear: boolean, later: GemObject[] | null): void {
    if (this.maps.size === 0) return;
    this.maps.remove(address, address + size, (gone, pieces, rest) => {
      const start = Math.max(gone.start, address);
      const end = Math.min(gone.end, address + size);
      if (clear) {
        if (!mutant("unmap-keeps-page-table")) this.pageTable.unmap(start, end - start);
        if (gone.iova !== 0) this.device.domain.dmaUnmap(gone.iova + (start - gone.start), end - start, this.device);
        if (gone.mm !== null) gone.mm.residency.unpin(gone.offset + (start - gone.start), gone.offset + (end - gone.start));
      }
      const { object } = gone;
      if (object === null) return;
      const vmBo = this.vmBos.get(object)!;
      vmBo.mappings.delete(gone);
      for (const piece of rest) vmBo.mappings.add(piece);
      for (let i = 1; i < pieces; i++) object.get();
      if (pieces > 0) return;
      if (vmBo.mappings.size === 0 && clear) {
        vmBo.detach();
        this.vmBos.delete(object);
      }
      if (later !== null && !mutant("unmap-frees-before-flush")) later.push(object);
      else object.put();
    });
  }

  /** Unmaps an object wherever it is mapped here. @returns how many mappings that were */
  unmapObject(object: GemObject, gone: GemObject[] | null = null): number {
    const mappings = [...(this.vmBos.get(object)?.mappings ?? [])];
    for (const m of mappings) this.unmap(m.start, m.end - m.start, gone);
    return mappings.length;
  }

  /** The object is about to move: the page table forgets it. @returns ns until the GPU's TLBs have forgotten it too */
  zap(vmBo: VmBo): number {
    if (!vmBo.live) return 0;
    vmBo.live = false;
    for (const m of vmBo.mappings) {
      this.pageTable.unmap(m.start, m.end - m.start);
      if (m.iova !== 0) this.device.domain.dmaUnmap(m.iova, m.end - m.start, this.device);
      m.iova = 0;
    }
    const { kernel } = this.device.core;
    if (kernel.trace.enabled) kernel.trace.emit("gpu:tlb_flush", { gpu: this.device.index, vm: this.id, reason: "move" });
    return kernel.costs.tlbFlush;
  }

  /** The object is where it may be used: the page table gets it again. */
  rebind(vmBo: VmBo): void {
    if (!vmBo.object.backing.evicted) this.evicted.delete(vmBo);
    if (vmBo.live) return;
    vmBo.live = true;
    const { object } = vmBo;
    for (const m of [...vmBo.mappings]) {
      if (!object.remote) {
        this.fillTable(m, m.start, m.end);
        continue;
      }
      const pieces = objectPieces(object, m.offset, m.end - m.start);
      const iovas = reachOverBus(this.device, pieces, m.flags);
      if (typeof iovas === "number") {
        this.ban(iovas);
        continue;
      }
      object.get();
      this.cut(m.start, m.end - m.start, false, null);
      this.enterPieces(pieces, iovas, m);
      object.put();
    }
  }

  /** It was decided where an object has its room. */
  placed(vmBo: VmBo): void {
    const bo = vmBo.object.backing;
    if (bo.evicted) this.evicted.add(vmBo);
    else if (bo.pending === null) this.rebind(vmBo);
    else this.evicted.delete(vmBo);
  }

  /** Brings everything that is mapped back to where it may be used; jobs wait for `moving` then. 0, -ENOMEM. Costs nothing when nothing was evicted. */
  validate(): number {
    for (const vmBo of [...this.evicted]) {
      // On Windows what is on a residency list comes when its device's turn does.
      if (this.device.wddm?.manages(vmBo.object) === true) continue;
      const bo = vmBo.object.backing;
      const result = bo.device.ttm.validate(bo, bo.places, { locked: (other) => other instanceof TtmBo && this.hasMapped(other) });
      if (result < 0) return result;
      this.placed(vmBo);
    }
    this.sink.drop();
    return 0;
  }

  /** A job is submitted: what is mapped was used just now. */
  use(): void {
    this.usedAt = ++this.device.ttm.uses;
    this.bulk.bump(this.usedAt);
  }

  /** Ends the VM's life after an error that nobody could be told of. */
  ban(error: number): void {
    if (this.banned === 0) this.banned = error;
  }

  private hasMapped(bo: TtmBo): boolean {
    for (const { vm } of bo.vmBos) if (vm === this) return true;
    return false;
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
    return this.serve(access, site) || this.refuse(access);
  }

  /** Keeps what an access without translation wanted, for the fault report. */
  private refuse(access: MemoryAccess): false {
    if (this.faults.length === MAX_FAULTS) this.faults.shift();
    this.faults.push({ address: Number(access.address), kind: access.kind, time: this.device.core.kernel.clock.now });
    return false;
  }

  private serve(access: MemoryAccess, site: Site): boolean {
    const address = Number(access.address);
    const m = this.maps.find(address);
    const need = access.kind === "read" ? 1 : access.kind === "write" ? 2 : 3;
    if (m === null && this.svm !== null) {
      if ((this.pageTable.entry(address) & need) === need) return this.faultNext(access, address - (address % FRAME) + FRAME);
      return this.svm.fault(address, need !== 1, site);
    }
    if (m === null || (m.flags & need) !== need) return false;
    const page = address - (address % FRAME);
    if (isSparse(m)) return this.sink.fault(page, (need & PTE_WRITE) !== 0) || this.faultNext(access, page + FRAME);
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
    checkVm(this);
  }

  /** An access that runs into the next page. */
  private faultNext(access: MemoryAccess, page: number): boolean {
    if (Number(access.address) + access.size <= page || this.pageTable.entry(page) !== 0) return false;
    return this.serve({ address: BigInt(page), size: Number(access.address) + access.size - page, kind: access.kind }, noSite);
  }

  private makePresent(m: Mapping, page: number, write: boolean): boolean {
    const skip = page - m.start;
    if (m.object !== null && this.vmBos.get(m.object)?.live !== true) return false;
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

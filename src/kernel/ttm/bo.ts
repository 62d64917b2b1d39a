import { DmaResv, Usage } from "../fence/resv.ts";
import type { Attachment } from "../fence/dma-buf-attach.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { GpuDevice } from "../drm/device.ts";
import type { VmBo } from "../drm/vm-bo.ts";
import type { LruGroup } from "./lru.ts";
import type { TtmResource } from "./manager.ts";
import type { BoMove } from "./move.ts";
import { MEM_NAMES, PLACE_DESIRED, PLACE_FALLBACK, SYSTEM, TT, VRAM, type MemType, type TtmPlace } from "./placement.ts";
import type { Storage } from "./storage.ts";

/** How an object is made. */
export interface BoOptions {
  readonly places: readonly TtmPlace[];
  /** 0 to 3; the lowest is evicted first. */
  readonly priority: number;
  /** Its contents need not survive an eviction. */
  readonly discardable: boolean;
  /** Whose memory it is, for limits; null: the kernel's. */
  readonly cgroup: Cgroup | null;
  /** The open file's account of memory that it may not over-commit; null: none. */
  readonly account: { bytes: number } | null;
  /** Process that made it, for the trace's account of memory; left out: nobody in particular. */
  readonly owner?: number;
}

/**
 * The memory of a buffer object (struct ttm_buffer_object): the room it has in a manager, and where its bytes are. While a move is under way the two differ: the room is
 * the object's from the moment of the decision, the bytes follow.
 */
export class TtmBo {
  readonly device: GpuDevice;
  /** For traces: its number on the GPU. */
  id = 0;
  readonly size: number;
  readonly places: readonly TtmPlace[];
  readonly priority: number;
  readonly discardable: boolean;
  readonly cgroup: Cgroup | null;
  /** Process that made it; 0: nobody in particular. */
  readonly owner: number;
  readonly account: { bytes: number } | null;
  readonly resv: DmaResv = new DmaResv();
  resource: TtmResource;
  /** Null while swapped out, or while nothing was ever stored. */
  storage: Storage | null;
  /** What was swapped out, by offset. */
  swap: Map<number, Uint8Array> | null = null;
  /** Bytes of the machine's RAM that it counts for. */
  ram = 0;
  pinCount = 0;
  /** The newest move that is not over. */
  pending: BoMove | null = null;
  /** The move that is copying bytes now. */
  copying: BoMove | null = null;
  /** No object refers to it; it goes when its fences have signaled. */
  deleted = false;
  /** The VMs that map it. */
  readonly vmBos: Set<VmBo> = new Set();
  /** Importers of its dma-buf. */
  readonly attachments: Set<Attachment> = new Set();
  /** CPU mappings (and pieces of them). */
  cpuMappings = 0;
  /** Moment of its last use, where it is on a list by itself. */
  stamp = 0;
  /** The group it is bumped with, or null. */
  group: LruGroup | null = null;
  /** Named in an asynchronous bind that has not been done yet: stays where it is. */
  held = 0;

  constructor(device: GpuDevice, size: number, options: BoOptions, resource: TtmResource, storage: Storage | null) {
    this.device = device;
    this.size = size;
    this.places = options.places;
    this.priority = options.priority;
    this.discardable = options.discardable;
    this.cgroup = options.cgroup;
    this.account = options.account;
    this.owner = options.owner ?? 0;
    this.resource = resource;
    this.storage = storage;
  }

  get memType(): MemType {
    return this.resource.manager.memType;
  }

  /** "VRAM", "GTT" or "CPU". */
  get where(): string {
    return MEM_NAMES[this.memType];
  }

  /** Where it has its room: the GPU's own memory, or system memory. */
  get placement(): "vram" | "system" {
    return this.memType === VRAM ? "vram" : "system";
  }

  /** Where it is meant to be. */
  get preferred(): "vram" | "system" {
    return this.places[0]?.memType === VRAM ? "vram" : "system";
  }

  /** Linear address of the first byte; 0: backed page by page, or nowhere. */
  get linear(): number {
    return this.storage?.linear ?? 0;
  }

  /** Linear address of each page; null when contiguous. */
  get pages(): Uint32Array | null {
    return this.storage?.pages ?? null;
  }

  page(offset: number): number {
    return this.storage?.page(offset) ?? 0;
  }

  touch(offset: number): number {
    return this.storage?.touch(offset) ?? 0;
  }

  /** Whether it is where one of the places allows (ttm_resource_compatible). @param evicting the second pass of validation */
  compatible(places: readonly TtmPlace[], evicting: boolean): boolean {
    return places.some((where) => (where.flags & (evicting ? PLACE_DESIRED : PLACE_FALLBACK)) === 0 && this.resource.manager.compatible(this.resource, where));
  }

  /** It is not where its own placement allows: the GPU may not use it before it is validated. */
  get evicted(): boolean {
    return this.memType === SYSTEM || !(this.compatible(this.places, true) || this.compatible(this.places, false));
  }

  /** Whether the GPU can use it at this moment. */
  get usable(): boolean {
    return this.storage !== null && this.pending === null && !this.evicted;
  }

  /** It was used just now, by itself. */
  bump(): void {
    if (this.pinCount > 0 || this.deleted) return;
    const { ttm } = this.device;
    const list = this.resource.manager.lru[this.priority]!;
    const bulk = this.bulkVm;
    if (bulk === null) list.bump(this, ++ttm.uses);
    else {
      this.group = bulk.bulk.group(list);
      this.group.bos.delete(this);
      this.group.bos.add(this);
      list.bump(this.group, ++ttm.uses);
    }
  }

  /** Takes it off its list. */
  unlist(): void {
    const list = this.resource.manager.lru[this.priority]!;
    if (this.group === null) list.remove(this);
    else {
      this.group.bos.delete(this);
      if (this.group.bos.size === 0) list.remove(this.group);
      this.group = null;
    }
  }

  /**
   * Keeps it where it is until `unpin` (ttm_bo_pin). -EINVAL: it is elsewhere and pinned; what validation gives.
   */
  pin(places: readonly TtmPlace[]): number {
    const result = this.device.ttm.validate(this, places);
    if (result < 0) return result;
    if (this.pinCount++ === 0) this.unlist();
    return 0;
  }

  /** The last one puts it at the end of its list. */
  unpin(): void {
    invariant(this.pinCount > 0, "an object is unpinned as often as pinned");
    if (--this.pinCount === 0) this.bump();
  }

  /** No object refers to it any more: it goes at once, or when nothing uses it (delayed delete). */
  release(): void {
    if (this.account !== null) this.account.bytes -= this.size;
    if (this.pinCount > 0) {
      this.pinCount = 0;
      this.bump();
    }
    this.deleted = true;
    this.device.ttm.release(this);
  }

  /** Whether anything under way uses its memory. */
  get busy(): boolean {
    return this.pending !== null || !this.resv.idle(Usage.bookkeep);
  }

  /**
   * The CPU touches a mapping of it whose place is not known: where the bytes are now. A move under way is waited for, what is swapped out comes back.
   * @returns linear address of the first byte, or a negative errno (the program gets SIGBUS)
   */
  cpuFault(): number {
    const { ttm } = this.device;
    ttm.counts.cpuFaults++;
    if (this.copying !== null && !mutant("cpu-fault-ignores-move")) ttm.charge(this.copying.finishBytes());
    if (this.swap !== null || this.storage === null) {
      const result = ttm.populate(this, true);
      if (result < 0) return result;
    }
    const storage = this.copying?.to ?? this.storage!;
    return storage.pages === null ? storage.linear : -Errno.EOPNOTSUPP;
  }

  /** The VM whose group it belongs to: the only one that maps it. */
  private get bulkVm(): VmBo["vm"] | null {
    if (this.vmBos.size !== 1) return null;
    const [only] = this.vmBos;
    return only!.vm.device === this.device ? only!.vm : null;
  }

  checkInvariants(): void {
    invariant(this.storage === null || this.swap === null, "contents are in one place");
    invariant(this.ram === 0 || this.memType !== VRAM, "what has room in VRAM counts for no RAM");
    // Room of what is deleted may be with others already, who wait for its fences.
    if (this.deleted) return;
    if (this.pending === null && this.storage !== null) invariant((this.storage.kind === "vram") === (this.memType === VRAM), "bytes are where the room is, when nothing moves");
    if (this.memType === TT || this.memType === VRAM) invariant(this.storage !== null || this.pending !== null, "what has room has storage");
  }
}

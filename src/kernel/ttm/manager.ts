import { FRAME } from "../../gpu/frames.ts";
import type { Capacity } from "../../gpu/capacity.ts";
import { Errno, invariant } from "../errors.ts";
import type { DmemCharge, DmemPool } from "../cgroup/dmem.ts";
import type { DmaFence } from "../fence/fence.ts";
import { mutant } from "../mutants.ts";
import { BUDDY_CONTIGUOUS, BUDDY_RANGE, BUDDY_TOPDOWN, GpuBuddy, type BuddyBlock } from "./buddy.ts";
import type { TtmBo } from "./bo.ts";
import { DrmMm, type MmNode } from "./drm-mm.ts";
import { LruList, PRIORITIES } from "./lru.ts";
import { PLACE_CONTIGUOUS, PLACE_TOPDOWN, SYSTEM, TT, VRAM, type MemType, type TtmPlace } from "./placement.ts";

/** Room that an object has in a manager (struct ttm_resource). */
export interface TtmResource {
  readonly manager: TtmManager;
  readonly bytes: number;
  /** Runs of addresses in the manager, bytes. Empty: it has no addresses. */
  readonly runs: readonly { readonly start: number; readonly end: number }[];
  readonly blocks: readonly BuddyBlock[] | null;
  readonly node: MmNode | null;
  /** The cgroup's pool that it is charged to. */
  readonly pool: DmemPool | null;
}

/** Why there was no room: the errno, and the pool whose limit stood in the way (null: the manager itself is full). */
export interface NoRoom {
  readonly errno: number;
  readonly limit: DmemPool | null;
}

/** One kind of memory of one device (struct ttm_resource_manager). */
export abstract class TtmManager {
  readonly memType: MemType;
  readonly size: number;
  usage = 0;
  readonly lru: readonly LruList[] = Array.from({ length: PRIORITIES }, () => new LruList());
  readonly resources: Set<TtmResource> = new Set();
  /** Fences of moves out of it: who gets the room waits for them (man->move). */
  private readonly moving: Set<DmaFence> = new Set();

  constructor(memType: MemType, size: number) {
    this.memType = memType;
    this.size = size;
  }

  /** Room for an object, or why there is none. */
  alloc(bo: TtmBo, where: TtmPlace): TtmResource | NoRoom {
    const made = this.take(bo, where);
    if ("errno" in made) return made;
    this.usage += made.bytes;
    this.resources.add(made);
    return made;
  }

  free(resource: TtmResource): void {
    invariant(this.resources.delete(resource), "room is given back once");
    this.usage -= resource.bytes;
    this.give(resource);
  }

  /** Whether a resource here is what a place asks for (ttm_resource_compatible, for one place). */
  compatible(resource: TtmResource, where: TtmPlace): boolean {
    if (where.memType !== this.memType) return false;
    const [from, to] = this.range(where);
    if ((where.flags & PLACE_CONTIGUOUS) !== 0 && !isContiguous(resource)) return false;
    return resource.runs.every((run) => run.start >= from && run.end <= to);
  }

  /** Whether throwing a resource out can make room for a place (ttm_resource_intersects). */
  intersects(resource: TtmResource, where: TtmPlace): boolean {
    const [from, to] = this.range(where);
    return resource.runs.length === 0 || resource.runs.some((run) => run.start < to && run.end > from);
  }

  /** What has been moved out of here is still on its way until the fence signals. */
  addMove(fence: DmaFence): void {
    if (this.moving.has(fence)) return;
    this.moving.add(fence.get());
    fence.addCallback({ fenceSignaled: () => this.prune() });
  }

  /** Moves that whoever gets room here now must wait for. */
  moves(): readonly DmaFence[] {
    return mutant("new-owner-ignores-move-fence") ? [] : [...this.moving];
  }

  /** First byte, and the byte after the last, that a place allows. */
  range(where: TtmPlace): readonly [number, number] {
    return [where.fpfn * FRAME, where.lpfn === 0 ? this.size : Math.min(this.size, where.lpfn * FRAME)];
  }

  /** Text for the manager's debugfs file. */
  abstract dump(): string;

  checkInvariants(): void {
    let sum = 0;
    for (const resource of this.resources) sum += resource.bytes;
    invariant(sum === this.usage && this.usage <= this.size, "a manager's usage is the sum of its resources, and no more than it has");
  }

  protected abstract take(bo: TtmBo, where: TtmPlace): TtmResource | NoRoom;
  protected abstract give(resource: TtmResource): void;

  private prune(): void {
    for (const fence of this.moving) {
      if (!fence.signaled) continue;
      this.moving.delete(fence);
      fence.put();
    }
  }
}

function isContiguous(resource: TtmResource): boolean {
  const runs = resource.runs.toSorted((a, b) => a.start - b.start);
  return runs.every((run, i) => i === 0 || run.start === runs[i - 1]!.end);
}

/** Charges device memory to the cgroup of an object's owner, where there is one. */
export interface DmemCharger {
  charge(bo: TtmBo, bytes: number): DmemCharge | null;
  uncharge(pool: DmemPool, bytes: number): void;
}

/** The GPU's own memory, by the buddy allocator. */
export class VramManager extends TtmManager {
  readonly buddy: GpuBuddy;
  private readonly capacity: Capacity;
  private readonly dmem: DmemCharger;

  constructor(capacity: Capacity, dmem: DmemCharger) {
    super(VRAM, Math.floor(capacity.total / FRAME) * FRAME);
    const buddy = GpuBuddy.create(this.size, FRAME);
    invariant(typeof buddy !== "number", "a GPU has memory");
    this.buddy = buddy;
    this.capacity = capacity;
    this.dmem = dmem;
  }

  dump(): string {
    const { buddy } = this;
    const rows = buddy.freeCounts().toReversed().map(({ order, count, bytes }) => `order-${String(order).padStart(2)} free: ${String(bytes / 2 ** 20).padStart(8)} MiB, blocks: ${count}\n`);
    return `  size: ${this.size}\n  usage: ${this.usage}\nchunk_size: ${buddy.chunk / 1024}KiB, total: ${this.size / 2 ** 20}MiB, free: ${buddy.avail / 2 ** 20}MiB, clear_free: ${buddy.clearAvail / 2 ** 20}MiB\n${rows.join("")}`;
  }

  override checkInvariants(): void {
    super.checkInvariants();
    this.buddy.checkInvariants();
    invariant(this.usage === this.size - this.buddy.avail, "VRAM in use is what the allocator gave out");
    let end = 0;
    for (const run of [...this.resources].flatMap((resource) => resource.runs).toSorted((a, b) => a.start - b.start)) {
      invariant(run.start >= end, "each byte of VRAM belongs to one resource");
      end = run.end;
    }
  }

  protected take(bo: TtmBo, where: TtmPlace): TtmResource | NoRoom {
    const [from, to] = this.range(where);
    if (bo.size > to - from) return { errno: -Errno.ENOSPC, limit: null };
    const charge = this.dmem.charge(bo, bo.size);
    if (charge !== null && charge.result !== 0) return { errno: charge.result, limit: charge.limit };
    const pool = charge?.pool ?? null;
    const limited = from > 0 || to < this.size;
    const flags = (limited ? BUDDY_RANGE : 0) | ((where.flags & PLACE_TOPDOWN) === 0 ? 0 : BUDDY_TOPDOWN) | ((where.flags & PLACE_CONTIGUOUS) === 0 ? 0 : BUDDY_CONTIGUOUS);
    const charged = this.capacity.charge(bo.size);
    const blocks = charged ? this.buddy.alloc(from, to, bo.size, FRAME, flags) : -Errno.ENOSPC;
    if (typeof blocks === "number") {
      if (charged) this.capacity.uncharge(bo.size);
      if (pool !== null) this.dmem.uncharge(pool, bo.size);
      return { errno: -Errno.ENOSPC, limit: null };
    }
    const runs = blocks.map((block) => ({ start: block.offset, end: block.offset + this.buddy.bytes(block) }));
    return { manager: this, bytes: bo.size, runs, blocks, node: null, pool };
  }

  protected give(resource: TtmResource): void {
    if (!mutant("vram-room-leaks")) this.buddy.free(resource.blocks!);
    this.capacity.uncharge(resource.bytes);
    if (resource.pool !== null && !mutant("dmem-not-uncharged")) this.dmem.uncharge(resource.pool, resource.bytes);
  }
}

/** Pages bound to the GPU's translation table, by drm_mm. */
export class TtManager extends TtmManager {
  readonly mm: DrmMm;

  constructor(size: number) {
    super(TT, Math.max(FRAME, Math.floor(size / FRAME) * FRAME));
    this.mm = new DrmMm(0, this.size / FRAME);
  }

  dump(): string {
    const hex = (page: number): string => `0x${page.toString(16).padStart(16, "0")}`;
    const parts = [...this.mm.nodes.map((n) => ({ at: n.start, n: n.size, text: "used" })), ...[...this.mm.holes()].map((h) => ({ at: h.start, n: h.end - h.start, text: "free" }))].toSorted((a, b) => a.at - b.at);
    const used = this.mm.nodes.reduce((sum, n) => sum + n.size, 0);
    const rows = parts.map(({ at, n, text }) => `${hex(at)}-${hex(at + n)}: ${n}: ${text}\n`);
    return `  size: ${this.size}\n  usage: ${this.usage}\n${rows.join("")}total: ${this.size / FRAME}, used ${used} free ${this.size / FRAME - used}\n`;
  }

  override checkInvariants(): void {
    super.checkInvariants();
    this.mm.checkInvariants();
  }

  protected take(bo: TtmBo, where: TtmPlace): TtmResource | NoRoom {
    const [from, to] = this.range(where);
    const node = this.mm.insert({ size: bo.size / FRAME, start: from / FRAME, end: to / FRAME, mode: (where.flags & PLACE_TOPDOWN) === 0 ? "best" : "high" });
    if (typeof node === "number") return { errno: node, limit: null };
    return { manager: this, bytes: bo.size, runs: [{ start: node.start * FRAME, end: (node.start + node.size) * FRAME }], blocks: null, node, pool: null };
  }

  protected give(resource: TtmResource): void {
    this.mm.remove(resource.node!);
  }
}

/** Pages that no GPU has: as many as there are. */
export class SystemManager extends TtmManager {
  constructor() {
    super(SYSTEM, Infinity);
  }

  dump(): string {
    return `  usage: ${this.usage}\n`;
  }

  protected take(bo: TtmBo, _where: TtmPlace): TtmResource | NoRoom {
    return { manager: this, bytes: bo.size, runs: [], blocks: null, node: null, pool: null };
  }

  protected give(_resource: TtmResource): void {}
}

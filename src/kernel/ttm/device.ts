import { EmulatorBug, Errno } from "../errors.ts";
import type { FenceContext } from "../fence/fence.ts";
import { Usage } from "../fence/resv.ts";
import type { DmemPool, DmemRegion } from "../cgroup/dmem.ts";
import { mutant } from "../mutants.ts";
import type { GpuDevice } from "../drm/device.ts";
import { GemRange } from "../drm/gem.ts";
import { TtmBo, type BoOptions } from "./bo.ts";
import { PRIORITIES } from "./lru.ts";
import { SystemManager, TtManager, VramManager, type NoRoom, type TtmManager, type TtmResource } from "./manager.ts";
import { BoMove } from "./move.ts";
import { place, PLACE_DESIRED, PLACE_FALLBACK, SYSTEM, TT, VRAM, type TtmContext, type TtmPlace } from "./placement.ts";
import { Storage } from "./storage.ts";
import type { TtmOptions } from "./options.ts";
import { swapOut } from "./swap.ts";
import { usersOf } from "./users.ts";

/** Memory of all kinds that one GPU uses (struct ttm_device), and the rules of who has to leave when there is not enough. */
export class TtmDevice {
  readonly device: GpuDevice;
  readonly vram: VramManager;
  readonly tt: TtManager;
  readonly system: SystemManager = new SystemManager();
  readonly fences: FenceContext;
  readonly region: DmemRegion;
  /** Page after the last one that the CPU can reach; 0: all. */
  readonly visiblePages: number;
  /** Objects whose references are gone and whose fences have not signaled. */
  readonly delayed: Set<TtmBo> = new Set();
  readonly bos: Set<TtmBo> = new Set();
  readonly moves: Set<BoMove> = new Set();
  /** Counts uses, for the order of lists. */
  uses = 0;
  /** Objects so far. */
  private made = 0;
  private lastVm = 0;
  readonly counts = { moves: 0, evictions: 0, swappedOut: 0, swappedIn: 0, cpuFaults: 0, discarded: 0 };

  constructor(device: GpuDevice, options: TtmOptions) {
    this.device = device;
    const { kernel, store, fences } = device.core;
    const { dmem } = kernel.cgroups;
    const name = `drm/${device.name}/vram0`;
    this.region = dmem.find(name) ?? dmem.register(name, device.gpu.vram.total);
    this.vram = new VramManager(device.gpu.vram, {
      charge: (bo, bytes) => (bo.cgroup === null ? null : dmem.tryCharge(bo.cgroup, this.region, bytes)),
      uncharge: (pool, bytes) => dmem.uncharge(pool, bytes),
    });
    this.tt = new TtManager(options.gttBytes ?? store.ram.total);
    this.visiblePages = options.visibleVramBytes === undefined ? 0 : Math.floor(options.visibleVramBytes / 65536);
    this.fences = fences.context(device.driver, "migrate", false);
  }

  /** Number of a new VM. */
  nextVm(): number {
    return ++this.lastVm;
  }

  /** The manager of a memory type. */
  manager(memType: number): TtmManager {
    return memType === VRAM ? this.vram : memType === TT ? this.tt : this.system;
  }

  /**
   * An object with zeroed memory (ttm_bo_init_reserved).
   * @param size whole pages
   * @returns -ENOMEM
   */
  create(size: number, options: BoOptions, pinned: boolean): TtmBo | number {
    const { faults } = this.device.core.kernel;
    if (faults.active && (faults.should("failslab") || (options.places[0]?.memType === VRAM && faults.should("fail_gpu_alloc", undefined, size)))) return -Errno.ENOMEM;
    const room = this.system.alloc({ size } as TtmBo, place(SYSTEM)) as TtmResource;
    const bo = new TtmBo(this.device, size, options, room, null);
    bo.id = ++this.made;
    this.bos.add(bo);
    const result = this.validate(bo, options.places);
    if (result < 0) {
      bo.unlist();
      bo.resource.manager.free(bo.resource);
      this.bos.delete(bo);
      return result;
    }
    if (options.account !== null) options.account.bytes += size;
    if (pinned) {
      bo.unlist();
      bo.pinCount = 1;
    }
    return bo;
  }

  /**
   * Brings an object to where one of the places allows (ttm_bo_validate): first without disturbing others and not where only a fallback is, then by evicting.
   * @returns 0 (also when it is there already), -EINVAL: pinned elsewhere, -ENOMEM: no room, -EBUSY: only by waiting, and that is forbidden
   */
  validate(bo: TtmBo, places: readonly TtmPlace[], ctx: TtmContext = {}): number {
    if (places.length === 0) return this.gut(bo);
    let errno: number = -Errno.ENOSPC;
    for (const force of [false, true]) {
      if (bo.compatible(places, force) && !mutant("validate-always-moves")) return 0;
      if (bo.pinCount > 0 && !mutant("pinned-objects-move")) return -Errno.EINVAL;
      const got = this.allocResource(bo, places, force, ctx);
      if (typeof got === "number") {
        errno = got;
        if (errno === -Errno.ENOSPC) continue;
        return errno;
      }
      errno = this.move(bo, got, ctx);
      if (errno === 0) return 0;
      got.manager.free(got);
    }
    return errno === -Errno.ENOSPC ? -Errno.ENOMEM : errno;
  }

  /** Room in the first place that has some (ttm_bo_alloc_resource). @param force evict others */
  allocResource(bo: TtmBo, places: readonly TtmPlace[], force: boolean, ctx: TtmContext): TtmResource | number {
    let errno: number = -Errno.ENOSPC;
    for (const where of places) {
      if ((where.flags & (force ? PLACE_DESIRED : PLACE_FALLBACK)) !== 0) continue;
      const manager = this.manager(where.memType);
      let got: TtmResource | NoRoom = manager.alloc(bo, where);
      // A limit of a cgroup is treated like a full manager: evicting inside the limited groups may help.
      if ("errno" in got && (got.errno === -Errno.ENOSPC || got.errno === -Errno.EAGAIN)) {
        if (!force) continue;
        got = this.evictFor(bo, where, manager, got, ctx);
      }
      if (!("errno" in got)) return got;
      if (got.errno !== -Errno.EAGAIN) errno = got.errno;
      if (errno !== -Errno.ENOSPC && errno !== -Errno.EBUSY) return errno;
    }
    return errno;
  }

  /** Makes others leave, least recently used first, until there is room (ttm_bo_evict_alloc). */
  private evictFor(bo: TtmBo, where: TtmPlace, manager: TtmManager, why: NoRoom, ctx: TtmContext): TtmResource | NoRoom {
    const [from, to] = manager.range(where);
    if (bo.size > to - from) return { errno: -Errno.ENOSPC, limit: null };
    let { limit } = why;
    let busy = false;
    for (let ignoreLow = false; ; ) {
      const hitLow = { value: false };
      let again = false;
      for (const victim of this.victims(manager)) {
        if (!this.valuable(victim, bo, where, manager, limit, ignoreLow, hitLow, ctx)) continue;
        const result = this.evict(victim, ctx);
        if (result === -Errno.EBUSY) busy = true;
        if (result < 0) continue;
        const got = manager.alloc(bo, where);
        if (!("errno" in got)) return got;
        if (got.errno !== -Errno.ENOSPC && got.errno !== -Errno.EAGAIN) return got;
        if (mutant("evict-gives-up-early")) return got;
        if (got.limit === limit) continue;
        // Another limit stands in the way now: others may have to go than those looked at so far.
        ({ limit } = got);
        again = true;
        break;
      }
      if (again) continue;
      if (ignoreLow || !hitLow.value) break;
      ignoreLow = true;
    }
    return { errno: busy ? -Errno.EBUSY : -Errno.ENOSPC, limit };
  }

  /** Candidates for eviction from a manager: by priority, then least recently used; the deleted ones of the manager first. */
  victims(manager: TtmManager): TtmBo[] {
    const gone = [...this.delayed].filter((bo) => bo.resource.manager === manager);
    const listed: TtmBo[] = [];
    for (let p = 0; p < PRIORITIES; p++) listed.push(...this.ordered(manager, p));
    return mutant("evicts-most-recent") ? [...gone, ...listed.toReversed()] : [...gone, ...listed];
  }

  /** The list of one priority; objects that several VMs map are where the last of these uses puts them. */
  private ordered(manager: TtmManager, priority: number): TtmBo[] {
    const list = manager.lru[priority]!;
    for (const bo of list.walk()) {
      if (bo.vmBos.size < 2) continue;
      let used = bo.stamp;
      for (const { vm } of bo.vmBos) if (vm.device === this.device) used = Math.max(used, vm.usedAt);
      bo.stamp = used;
    }
    const walk = list.walk();
    // What is mapped once is in order already.
    return walk.some((bo) => bo.vmBos.size > 1) ? walk.map((bo) => [bo.group?.stamp ?? bo.stamp, bo] as const).toSorted((a, b) => a[0] - b[0]).map(([, bo]) => bo) : walk;
  }

  private valuable(victim: TtmBo, bo: TtmBo, where: TtmPlace, manager: TtmManager, limit: DmemPool | null, ignoreLow: boolean, hitLow: { value: boolean }, ctx: TtmContext): boolean {
    if (victim === bo || victim.resource.manager !== manager) return false;
    if (victim.pinCount > 0 || victim.held > 0 || ctx.locked?.(victim) === true) return false;
    if (!manager.intersects(victim.resource, where)) return false;
    const pool = victim.resource.pool;
    if (pool === null) return limit === null;
    return this.device.core.kernel.cgroups.dmem.evictValuable(limit, pool, ignoreLow, hitLow);
  }

  /** Makes one object leave: a GPU's memory to bound pages, those to plain pages; what need not be kept is thrown away. 0 or a negative errno. */
  evict(bo: TtmBo, ctx: TtmContext = {}): number {
    if (bo.deleted) return this.detach(bo, ctx);
    if (ctx.noWaitGpu === true && (bo.pending !== null || usersOf(bo, false).length > 0)) return -Errno.EBUSY;
    if (bo.discardable) return this.gut(bo);
    const targets = bo.memType === VRAM ? [place(TT)] : [place(SYSTEM)];
    const got = this.allocResource(bo, targets, true, { ...ctx, locked: (other) => other === bo || ctx.locked?.(other) === true });
    if (typeof got === "number") return got;
    const result = this.move(bo, got, ctx);
    if (result < 0) got.manager.free(got);
    else this.counts.evictions++;
    return result;
  }

  /** Room of an object that is gone but still busy goes to others, who wait for its fences. */
  private detach(bo: TtmBo, ctx: TtmContext): number {
    if (ctx.noWaitGpu === true) return -Errno.EBUSY;
    const { manager } = bo.resource;
    manager.free(bo.resource);
    for (const fence of bo.resv.fences(Usage.bookkeep)) manager.addMove(fence);
    bo.resource = this.system.alloc(bo, place(SYSTEM)) as TtmResource;
    return 0;
  }

  /** Throws contents away (ttm_bo_pipeline_gutting): the next use finds zeros. */
  gut(bo: TtmBo): number {
    if (bo.pinCount > 0) return -Errno.EINVAL;
    this.counts.discarded++;
    this.unchargeRam(bo);
    this.switch(bo, this.system.alloc(bo, place(SYSTEM)) as TtmResource, null, true, usersOf(bo, true));
    return 0;
  }

  /** Moves an object to the room it was given; by way of bound pages where there is no direct way (-EMULTIHOP). */
  private move(bo: TtmBo, room: TtmResource, ctx: TtmContext): number {
    const [from, to] = [bo.memType, room.manager.memType];
    const empty = from === SYSTEM && bo.storage === null && bo.swap === null && bo.pending === null;
    if (((from === SYSTEM && to === VRAM) || (from === VRAM && to === SYSTEM)) && !empty) {
      const hop = this.allocResource(bo, [place(TT)], true, { ...ctx, locked: (other) => other === bo || ctx.locked?.(other) === true });
      if (typeof hop === "number") return hop;
      const result = this.moveOnce(bo, hop, ctx);
      if (result < 0) {
        hop.manager.free(hop);
        return result;
      }
    }
    return this.moveOnce(bo, room, ctx);
  }

  private moveOnce(bo: TtmBo, room: TtmResource, ctx: TtmContext): number {
    const [from, to] = [bo.memType, room.manager.memType];
    const { store, kernel } = this.device.core;
    // The move's own memory: its fence, the blocks of the new room.
    if (to === VRAM && kernel.faults.active && kernel.faults.should("fail_gpu_alloc", undefined, bo.size)) return -Errno.ENOMEM;
    const users = bo.evicted ? [] : usersOf(bo, false);
    if (ctx.noWaitGpu === true && (users.length > 0 || bo.pending !== null || room.manager.moves().length > 0)) return -Errno.EBUSY;
    let target: "vram" | "system" | null = null;
    if (from === SYSTEM && bo.storage === null && bo.pending === null) {
      // Nothing to copy.
      if (to === VRAM) {
        bo.storage = Storage.create(store, "vram", bo.size, bo.cpuMappings > 0);
        if (bo.storage === null) return -Errno.ENOMEM;
      } else if (to === TT) {
        const result = this.populate(bo, bo.places[0]?.memType !== VRAM || bo.cpuMappings > 0);
        if (result < 0) return result;
      }
    } else if ((from === VRAM) !== (to === VRAM) || from === VRAM || (to === TT && bo.pending?.discard === true)) {
      target = to === VRAM ? "vram" : "system";
      if (to === TT && !this.chargeRam(bo)) return -Errno.ENOMEM;
    }
    if (!bo.evicted) usersOf(bo, true);
    if (to === VRAM) this.unchargeRam(bo);
    this.switch(bo, room, target, false, users);
    return 0;
  }

  /** The object's pages count for RAM from now on; others are swapped out for that when there is not enough. False: in vain. */
  private chargeRam(bo: TtmBo): boolean {
    const { ram } = this.device.core.store;
    if (bo.ram > 0) return true;
    if (ram.free < bo.size) swapOut(this, bo.size, bo);
    if (!ram.charge(bo.size)) return false;
    bo.ram = bo.size;
    return true;
  }

  /** The object has no pages of system memory any more, or will have none when its move is over. */
  unchargeRam(bo: TtmBo): void {
    this.device.core.store.ram.uncharge(bo.ram);
    bo.ram = 0;
  }

  /** The decision: the object has the new room from now on, others have the old. */
  private switch(bo: TtmBo, room: TtmResource, target: "vram" | "system" | null, discard: boolean, users: readonly BoMove["fence"][]): void {
    const old = bo.resource;
    const deps = [...users, ...(bo.pending === null ? [] : [bo.pending.fence]), ...room.manager.moves()].filter((fence) => !fence.signaled);
    bo.unlist();
    this.trace(bo, old, room);
    bo.resource = room;
    bo.bump();
    if (target !== null || discard || deps.length > 0 || bo.vmBos.size > 0) {
      const move = new BoMove(bo, target, discard, deps);
      const { fence } = move;
      fence.get();
      this.moves.add(move);
      this.counts.moves += target === null ? 0 : 1;
      old.manager.free(old);
      move.start();
      if (!fence.signaled) old.manager.addMove(fence);
      fence.put();
    } else {
      old.manager.free(old);
    }
    for (const vmBo of bo.vmBos) vmBo.vm.placed(vmBo);
  }

  /**
   * Gives an object pages of system memory, with what was swapped out.
   * @param contiguous in one run, because the CPU maps it
   */
  populate(bo: TtmBo, contiguous: boolean): number {
    if (bo.storage !== null) return 0;
    const { store, kernel } = this.device.core;
    if (!this.chargeRam(bo)) return -Errno.ENOMEM;
    bo.storage = Storage.create(store, "system", bo.size, contiguous);
    if (bo.storage === null) {
      this.unchargeRam(bo);
      return -Errno.ENOMEM;
    }
    if (bo.swap !== null) {
      if (!mutant("swap-forgets-bytes")) bo.storage.restore(bo.swap);
      bo.swap = null;
      this.device.core.swap.uncharge(bo.size);
      this.counts.swappedIn++;
      this.charge(Math.ceil((bo.size / 1024) * kernel.costs.hostCopy));
    }
    return 0;
  }

  /** Makes everything that may leave a manager do so (amdgpu_evict_vram, amdgpu_evict_gtt). 0, or the first error. */
  evictAll(memType: typeof VRAM | typeof TT): number {
    let error = 0;
    for (const bo of this.victims(this.manager(memType))) {
      if (bo.held > 0) continue;
      const result = this.evict(bo);
      if (error === 0) error = result;
    }
    return error;
  }

  /** The last reference to an object is gone. */
  release(bo: TtmBo): void {
    if (!bo.busy || mutant("delete-not-delayed")) {
      this.destroy(bo);
      return;
    }
    bo.unlist();
    this.delayed.add(bo);
    for (const fence of bo.resv.fences(Usage.bookkeep)) fence.addCallback({ fenceSignaled: () => this.reap(bo) });
  }

  /** Frees a deleted object when nothing uses it any more. */
  reap(bo: TtmBo): void {
    if (!this.delayed.has(bo) || bo.busy) return;
    this.delayed.delete(bo);
    this.destroy(bo);
  }

  /** CPU mappings of an object are not present any more: the next access faults. */
  zapCpu(bo: TtmBo): void {
    for (const process of this.device.core.kernel.processes.values()) process.mm.zapMapped((range) => range instanceof GemRange && range.object.backing === bo);
  }

  /** Time that the running thread has to wait for, ns. */
  charge(ns: number): void {
    const { current } = this.device.core.kernel.scheduler;
    if (current !== null && ns > 0) current.debt += Math.ceil(ns);
  }

  checkInvariants(): void {
    for (const manager of [this.vram, this.tt, this.system]) manager.checkInvariants();
    for (const bo of this.bos) {
      bo.checkInvariants();
      if (!bo.resource.manager.resources.has(bo.resource)) throw new EmulatorBug("an object's room is its manager's");
    }
  }

  private destroy(bo: TtmBo): void {
    bo.unlist();
    bo.resource.manager.free(bo.resource);
    bo.storage?.free();
    bo.storage = null;
    this.unchargeRam(bo);
    if (bo.swap !== null) this.device.core.swap.uncharge(bo.size);
    bo.swap = null;
    bo.resv.clear();
    this.bos.delete(bo);
    if (this.device.core.kernel.trace.enabled) this.traceMemory(bo, null);
  }

  private trace(bo: TtmBo, from: TtmResource, to: TtmResource): void {
    const { trace } = this.device.core.kernel;
    if (!trace.enabled) return;
    if (this.device.driver === "amdgpu") trace.emit("amdgpu:amdgpu_bo_move", { bo: bo.id, from: from.manager.memType, to: to.manager.memType, size: bo.size });
    else trace.emit("xe:xe_bo_move", { size: bo.size, from: from.manager.memType, to: to.manager.memType });
    this.traceMemory(bo, to);
  }

  /** The GPU's memory in use, and that of the object's process, which `bo` counts for by the room that it gets. */
  private traceMemory(bo: TtmBo, room: TtmResource | null): void {
    const { trace } = this.device.core.kernel;
    trace.emit("gpu_mem:gpu_mem_total", { gpu_id: this.device.index, pid: 0, size: this.device.gpu.vram.used });
    if (bo.owner === 0) return;
    let size = room?.manager.memType === VRAM ? bo.size : 0;
    for (const other of this.bos) if (other !== bo && other.owner === bo.owner && other.memType === VRAM) size += other.size;
    trace.emit("gpu_mem:gpu_mem_total", { gpu_id: this.device.index, pid: bo.owner, size });
  }
}

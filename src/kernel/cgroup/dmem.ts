import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { Cgroup } from "./cgroup.ts";
import { PageCounter } from "./page-counter.ts";

/** A kind of device memory that can be limited: "drm/0000:01:00.0/vram0". */
export class DmemRegion {
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /** False once its device is gone: nothing more can be charged. */
  registered = true;
  /** Pools by cgroup. A pool lives as long as the cgroup, and after it while something is charged. */
  readonly pools: Map<Cgroup, DmemPool> = new Map();

  constructor(name: string, size: number) {
    this.name = name;
    this.size = size;
  }
}

/** What one cgroup (and all below it) uses of one region, and may use. */
export class DmemPool {
  readonly region: DmemRegion;
  readonly cgroup: Cgroup;
  readonly parent: DmemPool | null;
  readonly counter: PageCounter;
  readonly children: Set<DmemPool> = new Set();

  constructor(region: DmemRegion, cgroup: Cgroup, parent: DmemPool | null) {
    this.region = region;
    this.cgroup = cgroup;
    this.parent = parent;
    this.counter = new PageCounter(parent?.counter ?? null);
    parent?.children.add(this);
  }
}

/** Outcome of a charge: the pool that now carries it, or an errno with the pool whose limit stood in the way. */
export type DmemCharge =
  | { readonly result: 0; readonly pool: DmemPool; readonly limit: null }
  | { readonly result: number; readonly pool: null; readonly limit: DmemPool | null };

/**
 * The device memory controller (kernel/cgroup/dmem.c). A memory manager charges before it allocates and uncharges after it has freed:
 *
 * ```
 * const charge = kernel.cgroups.dmem.tryCharge(process.cgroup, region, bytes);
 * if (charge.result === -EAGAIN) ... evict what evictValuable(charge.limit, pool of the victim, ...) allows, try again
 * ```
 */
export class DmemController {
  private readonly byName = new Map<string, DmemRegion>();

  /** Makes a region known (dmem_cgroup_register_region). @param size bytes */
  register(name: string, size: number): DmemRegion {
    invariant(!this.byName.has(name), `dmem region ${name} is registered once`);
    const region = new DmemRegion(name, size);
    this.byName.set(name, region);
    return region;
  }

  /** The device is gone: charges fail with -ENODEV from now on; what is charged can still be uncharged. */
  unregister(region: DmemRegion): void {
    region.registered = false;
    this.byName.delete(region.name);
  }

  /** Registered regions, in the order they came. */
  regions(): readonly DmemRegion[] {
    return [...this.byName.values()];
  }

  /** The region of that name. */
  find(name: string): DmemRegion | undefined {
    return this.byName.get(name);
  }

  /** The cgroup's pool of a region; made when first asked for, with those of its ancestors. */
  pool(cgroup: Cgroup, region: DmemRegion): DmemPool {
    const known = region.pools.get(cgroup);
    if (known !== undefined) return known;
    const pool = new DmemPool(region, cgroup, cgroup.parent === null ? null : this.pool(cgroup.parent, region));
    region.pools.set(cgroup, pool);
    return pool;
  }

  /**
   * Charges `bytes` to a process's cgroup and every ancestor, or to none (dmem_cgroup_try_charge).
   * @returns -EAGAIN with the limiting pool when a limit would be exceeded, -ENODEV when the region is unregistered
   */
  tryCharge(cgroup: Cgroup, region: DmemRegion, bytes: number): DmemCharge {
    if (!region.registered) return { result: -Errno.ENODEV, pool: null, limit: null };
    const pool = this.pool(cgroup, region);
    const stopped = mutant("dmem-checks-own-limit-only") ? chargeUnchecked(pool, bytes) : pool.counter.tryCharge(bytes);
    if (stopped === null) return { result: 0, pool, limit: null };
    let limit: DmemPool = pool;
    while (limit.counter !== stopped) limit = limit.parent!;
    return { result: -Errno.EAGAIN, pool: null, limit };
  }

  /** Takes back exactly what tryCharge charged to a pool. */
  uncharge(pool: DmemPool, bytes: number): void {
    pool.counter.uncharge(bytes);
    this.sweep(pool);
  }

  /**
   * Whether evicting something charged to `victim` helps an allocation that `limit` stopped (dmem_cgroup_state_evict_valuable).
   *
   * @param limit the limiting pool of the failed charge, or null when the device itself is full
   * @param victim the pool that the candidate is charged to
   * @param ignoreLow second pass: what only `dmem.low` protects may go too
   * @param hitLow set `value` to true when only `dmem.low` protected the victim: then a second pass is worth it
   */
  evictValuable(limit: DmemPool | null, victim: DmemPool, ignoreLow: boolean, hitLow: { value: boolean }): boolean {
    if (limit === victim) return true;
    let root = limit;
    if (root === null) {
      root = victim;
      while (root.parent !== null) root = root.parent;
    } else {
      if (root.parent === null) return true;
      let at: DmemPool | null = victim;
      while (at !== null && at !== root) at = at.parent;
      if (at === null) return false;
    }
    this.calculateProtection(root, root);
    const { usage, emin, elow } = victim.counter;
    if (usage <= emin && !mutant("dmem-evicts-protected")) return false;
    if (ignoreLow || usage > elow) return true;
    hitLow.value = true;
    return false;
  }

  /** A cgroup was removed: pools that carry nothing go; the others stay until they are empty. */
  offline(cgroup: Cgroup): void {
    for (const region of this.byName.values()) {
      const pool = region.pools.get(cgroup);
      if (pool === undefined) continue;
      pool.counter.min = 0;
      pool.counter.low = 0;
      this.sweep(pool);
    }
  }

  /** Throws EmulatorBug when a sum is wrong or a limit is exceeded. */
  checkInvariants(): void {
    for (const region of this.byName.values()) {
      for (const pool of region.pools.values()) {
        let below = 0;
        let min = 0;
        for (const child of pool.children) {
          below += child.counter.usage;
          min += Math.min(child.counter.usage, child.counter.min);
        }
        invariant(pool.counter.usage >= below, "a dmem pool carries what its children carry");
        invariant(pool.counter.protectedByChildren("min") === min, "a dmem pool knows its children's protected use");
        invariant(pool.counter.usage <= pool.counter.peak, "the peak is the highest use");
        invariant(pool.parent === null || pool.parent.children.has(pool), "a dmem pool is its parent's child");
      }
    }
  }

  private calculateProtection(root: DmemPool, pool: DmemPool): void {
    pool.counter.calculateProtection(root.counter);
    for (const child of pool.children) this.calculateProtection(root, child);
  }

  /** Drops empty pools of removed cgroups. */
  private sweep(pool: DmemPool): void {
    for (let at: DmemPool | null = pool; at !== null && at.cgroup.removed && at.counter.usage === 0 && at.children.size === 0; at = at.parent) {
      at.region.pools.delete(at.cgroup);
      at.parent?.children.delete(at);
    }
  }
}

/** The planted fault: only the pool's own limit counts, not its ancestors'. */
function chargeUnchecked(pool: DmemPool, bytes: number): PageCounter | null {
  if (pool.counter.usage + bytes > pool.counter.max) return pool.counter;
  pool.counter.charge(bytes);
  return null;
}

import { checkerOf } from "../../../check/registry.ts";
import type { Caller, StateKey } from "../../../api/caller.ts";
import { stateKey } from "../../../api/caller.ts";
import { HandleTable } from "../../../api/handles.ts";
import { Errno } from "../../../kernel/errors.ts";
import { GPU_READ, GPU_WRITE, type SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUmemoryPool } from "../../abi/driver/types.ts";
import type { Device } from "./device.ts";
import { DeviceHeap, type Block } from "./heap.ts";
import type { Allocation } from "./memory.ts";
import type { GpuSpace, Shared } from "./space.ts";
import type { DriverState } from "./state.ts";
import { frontier, type Stream } from "./stream.ts";
import { addWaits } from "./submit.ts";
import { arePointsReached } from "./wait.ts";

/** Memory freed in a stream: usable again once that stream has come to the point of the free. */
interface Freed {
  readonly address: number;
  readonly size: number;
  readonly block: Block;
  readonly stream: Stream;
  readonly points: readonly SyncPoint[];
}

/** Access bits that a device has by default. */
const FULL = GPU_READ | GPU_WRITE;

/** A pool of stream-ordered memory on one device. Its memory is of the process: it outlives contexts. */
export class MemoryPool implements Shared {
  handle: CUmemoryPool = 0;
  readonly driver: DriverState;
  readonly device: Device;
  /** Bytes it may take from the device; 0: no limit of its own. */
  readonly maxSize: number;
  private readonly heap: DeviceHeap;
  private readonly freed: Freed[] = [];
  /** Devices whose contexts may use the memory. */
  readonly access: Map<Device, number> = new Map();
  followEvents = 1;
  opportunistic = 1;
  internalDependencies = 1;
  releaseThreshold = 0;
  used = 0;
  usedHigh = 0;
  reservedHigh = 0;
  destroyed = false;

  constructor(driver: DriverState, device: Device, maxSize: number) {
    this.driver = driver;
    this.device = device;
    this.maxSize = maxSize;
    this.heap = new DeviceHeap(device);
    this.access.set(device, FULL);
    for (const space of driver.spaces()) if (space.device === device) this.heap.spaces.add(space);
    driver.everywhere.add(this);
  }

  bindInto(t: Caller, space: GpuSpace): number {
    return (this.access.get(space.device) ?? 0) === 0 ? 0 : this.heap.share(t, space);
  }

  forget(space: GpuSpace): void {
    this.heap.spaces.delete(space);
  }

  /** Bytes taken from the device. */
  get reserved(): number {
    return this.heap.reserved;
  }

  /** Changes a device's access; contexts of it see the change at once. */
  setAccess(t: Caller, device: Device, bits: number): number {
    this.access.set(device, bits);
    for (const space of this.driver.spaces()) {
      if (space.device !== device) continue;
      if (bits === 0) this.heap.unshare(t, space);
      else {
        const error = this.heap.share(t, space);
        if (error < 0) return error;
      }
    }
    return 0;
  }

  /**
   * Allocates in stream order. Memory freed before is used again when the stream comes after the free anyhow, when the free is known to be over
   * (opportunistic), or by making the stream wait for it (internal dependency).
   * @returns the allocation, or a negative errno.
   */
  allocate(t: Caller, size: number, stream: Stream): Allocation | number {
    const reused = this.reuse(t, size, stream);
    let made: { readonly address: number; readonly block: Block } | number;
    if (reused !== null) made = reused;
    else {
      if (this.maxSize > 0 && this.used + size > this.maxSize) return -Errno.ENOMEM;
      made = this.heap.allocate(t, size, "cuMemAllocAsync");
      if (made === -Errno.ENOMEM && this.collect(t, 0)) made = this.heap.allocate(t, size, "cuMemAllocAsync");
      if (typeof made === "number") return made;
    }
    this.used += size;
    this.usedHigh = Math.max(this.usedHigh, this.used);
    this.reservedHigh = Math.max(this.reservedHigh, this.reserved);
    t.sys.watch?.allocated(made.address, size);
    return this.driver.remember("pool", made.address, size, { device: this.device, mappings: [made.block.mapping], owner: new PoolOwner(this, made.block) });
  }

  private reuse(t: Caller, size: number, stream: Stream): { readonly address: number; readonly block: Block } | null {
    const fits = this.freed.filter((f) => f.size === size);
    const take = (f: Freed): { readonly address: number; readonly block: Block } => {
      // In the order of the stream: what it has before this is before the new memory's life, and so is what comes before the free.
      const before = [{ fd: f.stream.context.device.fd, points: f.points }, { fd: stream.context.device.fd, points: frontier(stream) }];
      checkerOf(t)?.allocated(t.process, f.address, size, "cuMemAllocAsync", false, t.sys.reached(before));
      this.freed.splice(this.freed.indexOf(f), 1);
      this.used -= f.size;
      return f;
    };
    const own = fits.find((f) => f.stream === stream);
    if (own !== undefined) return take(own);
    const over = this.opportunistic === 0 ? undefined : fits.find((f) => arePointsReached(t, f.stream.context.device, f.points));
    if (over !== undefined) return take(over);
    const waited = this.internalDependencies === 0 ? undefined : fits.find((f) => f.stream.context.device === stream.context.device);
    if (waited === undefined || addWaits(t, stream, waited.points) < 0) return null;
    return take(waited);
  }

  /** Frees in stream order. */
  free(t: Caller, allocation: Allocation, stream: Stream): void {
    const points = frontier(stream);
    checkerOf(t)?.freed(t.process, allocation.address, t.sys.reached([{ fd: stream.context.device.fd, points }]));
    this.driver.memory.remove(allocation);
    this.freed.push({ address: allocation.address, size: allocation.size, block: (allocation.owner as PoolOwner).block, stream, points });
  }

  /** Frees at once: the caller has waited for all work. */
  freeNow(t: Caller, allocation: Allocation): void {
    this.driver.memory.remove(allocation);
    this.used -= allocation.size;
    this.heap.release(t, (allocation.owner as PoolOwner).block, allocation.address, allocation.size);
  }

  /**
   * Gives memory whose free is over back to the device, while more than `keep` bytes are reserved.
   * @returns whether anything was given back
   */
  collect(t: Caller, keep: number): boolean {
    let any = false;
    for (const f of this.freed.slice()) {
      if (this.reserved <= keep) break;
      if (!arePointsReached(t, f.stream.context.device, f.points)) continue;
      this.freed.splice(this.freed.indexOf(f), 1);
      this.used -= f.size;
      this.heap.release(t, f.block, f.address, f.size);
      any = true;
    }
    if (this.reserved > keep) this.heap.trim(t);
    return any;
  }
}

/** What an allocation of a pool keeps: the pool, and the block it was cut from. */
export class PoolOwner {
  readonly pool: MemoryPool;
  readonly block: Block;

  constructor(pool: MemoryPool, block: Block) {
    this.pool = pool;
    this.block = block;
  }

  get handle(): CUmemoryPool {
    return this.pool.handle;
  }

  /** For cuMemFree. */
  freeNow(t: Caller, allocation: Allocation): void {
    this.pool.freeNow(t, allocation);
  }
}

/** Pools of one process. */
export class PoolState {
  readonly handles: HandleTable<MemoryPool>;
  /** Default and current pool of each device, by ordinal. */
  readonly defaults: Map<number, MemoryPool> = new Map();
  readonly current: Map<number, MemoryPool> = new Map();

  constructor(pid: number) {
    this.handles = new HandleTable(0x29, pid);
  }

  /** Makes a pool and files it. */
  make(driver: DriverState, device: Device, maxSize: number): MemoryPool {
    if (this.handles.size === 0) driver.afterWait.add((t) => this.afterWait(t));
    const pool = new MemoryPool(driver, device, maxSize);
    pool.handle = this.handles.add(pool) as CUmemoryPool;
    return pool;
  }

  /** A device's default pool; made on first use. */
  defaultOf(driver: DriverState, device: Device): MemoryPool {
    let pool = this.defaults.get(device.ordinal);
    if (pool === undefined) this.defaults.set(device.ordinal, (pool = this.make(driver, device, 0)));
    return pool;
  }

  /** The pool that allocations without one come from. */
  currentOf(driver: DriverState, device: Device): MemoryPool {
    return this.current.get(device.ordinal) ?? this.defaultOf(driver, device);
  }

  private afterWait(t: Caller): void {
    for (const [, pool] of this.handles.entries()) pool.collect(t, pool.releaseThreshold);
  }
}

/** Where a process keeps its memory pools. */
export const poolKey: StateKey<PoolState> = stateKey<PoolState>("cuda pools", (t) => new PoolState(t.sys.pid));

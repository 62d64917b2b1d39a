import { checkerOf } from "../../../check/registry.ts";
import { stateKey, type Caller, type StateKey } from "../../../api/caller.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { Device } from "./device.ts";
import type { Graph } from "./graph.ts";
import type { Reached } from "./graph-exec.ts";
import { DeviceHeap, type Block } from "./heap.ts";
import type { Allocation } from "./memory.ts";
import type { GpuSpace, Shared } from "./space.ts";
import type { DriverState } from "./state.ts";

/** What checked mode calls it. */
const NODE_MEMORY = "memory of a graph's node";

/** Memory of one device for graphs. It belongs to the process: contexts come and go. */
export class GraphMemory implements Shared {
  readonly device: Device;
  private readonly driver: DriverState;
  private readonly heap: DeviceHeap;
  /** Bytes of allocation nodes that exist, and the most there ever were. */
  used = 0;
  usedHigh = 0;
  reservedHigh = 0;

  constructor(driver: DriverState, device: Device) {
    this.driver = driver;
    this.device = device;
    this.heap = new DeviceHeap(device);
    for (const space of driver.spaces()) if (space.device === device) this.heap.spaces.add(space);
    driver.everywhere.add(this);
  }

  bindInto(t: Caller, space: GpuSpace): number {
    return space.device === this.device ? this.heap.share(t, space) : 0;
  }

  forget(space: GpuSpace): void {
    this.heap.spaces.delete(space);
  }

  /** Bytes taken from the device. */
  get reserved(): number {
    return this.heap.reserved;
  }

  /** Memory for an allocation node. @returns it, or a negative errno */
  allocate(t: Caller, size: number): GraphAllocation | number {
    const made = this.heap.allocate(t, size, null);
    if (typeof made === "number") return made;
    this.used += size;
    this.usedHigh = Math.max(this.usedHigh, this.used);
    this.reservedHigh = Math.max(this.reservedHigh, this.reserved);
    // It is there, and nobody's before a launch.
    checkerOf(t)?.allocated(t.process, made.address, size, NODE_MEMORY, false);
    checkerOf(t)?.freed(t.process, made.address);
    return new GraphAllocation(this, this.driver, made.address, size, made.block);
  }

  release(t: Caller, { allocation, block }: GraphAllocation): void {
    this.driver.memory.remove(allocation);
    this.used -= allocation.size;
    this.heap.release(t, block, allocation.address, allocation.size);
  }

  /** Gives memory that no node needs back to the device. */
  trim(t: Caller): void {
    this.heap.trim(t);
  }
}

/**
 * The memory of one allocation node. Its address holds from the node's making on; the memory is the program's from a launch to the free that follows, and stays where it is in
 * between, for the next launch.
 */
export class GraphAllocation {
  private readonly pool: GraphMemory;
  readonly block: Block;
  readonly allocation: Allocation;
  /** Graphs, seen and unseen, with a node for it. */
  readonly holders: Set<Graph> = new Set();
  /** A launch has allocated it, and nothing has freed it since. */
  live = false;
  /** What the next launch must wait for: the free that came last. */
  freedAfter: Reached | null = null;

  constructor(pool: GraphMemory, driver: DriverState, address: number, size: number, block: Block) {
    this.pool = pool;
    this.block = block;
    this.allocation = driver.remember("pool", address, size, { device: pool.device, mappings: [block.mapping], owner: this });
  }

  get address(): number {
    return this.allocation.address;
  }

  /** A launch allocates it, after these points. */
  begin(t: Caller, after: readonly Reached[]): void {
    const { address, size } = this.allocation;
    this.live = true;
    this.freedAfter = null;
    t.sys.watch?.allocated(address, size);
    checkerOf(t)?.allocated(t.process, address, size, NODE_MEMORY, false, t.sys.reached(filesOf(after)));
  }

  /** A launch frees it, after these points. */
  end(t: Caller, after: readonly Reached[]): void {
    this.live = false;
    this.freedAfter = null;
    this.tellFreed(t, after);
  }

  /** A free in stream order, after these points. */
  free(t: Caller, after: Reached | null): void {
    this.live = false;
    this.freedAfter = after;
    this.tellFreed(t, after === null ? [] : [after]);
    this.collect(t);
  }

  private tellFreed(t: Caller, after: readonly Reached[]): void {
    const { address, size } = this.allocation;
    t.sys.watch?.freedAfter(filesOf(after), address, size);
    checkerOf(t)?.freed(t.process, address, t.sys.reached(filesOf(after)));
  }

  /** For cuMemFree, which has waited for everything. */
  freeNow(t: Caller): void {
    this.free(t, null);
  }

  /** A graph with a node for it is gone. */
  released(t: Caller, graph: Graph): void {
    this.holders.delete(graph);
    this.collect(t);
  }

  private collect(t: Caller): void {
    if (this.holders.size === 0 && !this.live) this.pool.release(t, this);
  }
}

function filesOf(points: readonly Reached[]): { readonly fd: number; readonly points: readonly SyncPoint[] }[] {
  return points.map((part) => ({ fd: part.device.fd, points: part.points }));
}

/** Graph memory of a process, by device. */
export class GraphMemories {
  private readonly pools: Map<Device, GraphMemory> = new Map();

  of(driver: DriverState, device: Device): GraphMemory {
    let pool = this.pools.get(device);
    if (pool === undefined) this.pools.set(device, (pool = new GraphMemory(driver, device)));
    return pool;
  }
}

/** Where a process keeps its graph memory. */
export const graphMemoryKey: StateKey<GraphMemories> = stateKey<GraphMemories>("cuda graph memory", () => new GraphMemories());

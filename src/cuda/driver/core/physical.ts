import type { Caller, StateKey } from "../../../api/caller.ts";
import { stateKey } from "../../../api/caller.ts";
import { HandleTable } from "../../../api/handles.ts";
import type { CUmemAllocationProp, CUmemGenericAllocationHandle } from "../../abi/driver/types.ts";
import type { Device } from "./device.ts";
import { Mapping, type Backing, type GpuSpace } from "./space.ts";

/** Physical memory of cuMemCreate or an import: mapped by cuMemMap, kept alive by its handle and its mappings. */
export class PhysicalMemory {
  handle: CUmemGenericAllocationHandle = 0;
  readonly backing: Backing;
  readonly device: Device;
  readonly size: number;
  readonly properties: CUmemAllocationProp;
  /** Uses of the handle: one for its making, one for each retain. */
  handleReferences = 1;
  mappings = 0;

  constructor(backing: Backing, device: Device, size: number, properties: CUmemAllocationProp) {
    this.backing = backing;
    this.device = device;
    this.size = size;
    this.properties = properties;
  }

  /** Frees the memory when neither handle nor mapping holds it. */
  settle(t: Caller, state: VirtualState): void {
    if (this.handleReferences > 0) return;
    if (this.handle !== 0) state.handles.remove(this.handle);
    this.handle = 0;
    if (this.mappings === 0) this.backing.close(t);
  }
}

/** One cuMemMap: physical memory at a virtual address, with the devices that may access it. */
export class VirtualMapping extends Mapping {
  readonly memory: PhysicalMemory;
  /** Access by device: GPU_READ and GPU_WRITE bits. */
  readonly access: Map<Device, number> = new Map();

  constructor(address: number, bytes: number, memory: PhysicalMemory) {
    super(address, bytes, memory.backing);
    this.memory = memory;
  }

  override bindInto(t: Caller, space: GpuSpace): number {
    const flags = this.access.get(space.device) ?? 0;
    return flags === 0 ? 0 : this.bind(t, space, flags);
  }
}

/** State of virtual memory management in one process. */
export interface VirtualState {
  readonly handles: HandleTable<PhysicalMemory>;
}

/** Handle kind of physical memory. */
const KIND = 0x28;

/** Where a process keeps its handles of physical memory. */
export const virtualKey: StateKey<VirtualState> = stateKey<VirtualState>("cuda virtual memory", (t) => ({ handles: new HandleTable(KIND, t.sys.pid) }));

import type { Caller, StateKey } from "../../../api/caller.ts";
import { stateKey } from "../../../api/caller.ts";
import { HandleTable } from "../../../api/handles.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { Capture } from "./capture-state.ts";
import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import type { Event } from "./event.ts";
import type { LinkState } from "./link-state.ts";
import { AddressMap, type Allocation, type AllocationKind } from "./memory.ts";
import type { CudaFunction, Kernel, Library, Module } from "./module.ts";
import type { Reference } from "./reference.ts";
import { Slots } from "./slots.ts";
import type { GpuSpace, Mapping, Shared } from "./space.ts";
import type { Stream } from "./stream.ts";

/** Kinds of the handle tables of this library (1 to 255; each library of a process has its own range). */
const KIND = { context: 0x21, stream: 0x22, event: 0x23, module: 0x24, function: 0x25, library: 0x26, kernel: 0x27, link: 0x2a, reference: 0x32, surface: 0x33 } as const;

/** The driver's state in one process. */
export class DriverState {
  initialised = false;
  devices: Device[] = [];
  /** An error after which the process must be restarted; 0 while there was none. */
  sticky: CUresult = 0;
  /** Whether stream 0 means the calling thread's own default stream (`--default-stream per-thread`). */
  perThreadDefault = false;
  /** Threads that run a callback right now: they may not call in here. */
  readonly callbackThreads: Set<number> = new Set();
  readonly contexts: HandleTable<Context>;
  readonly streams: HandleTable<Stream>;
  readonly events: HandleTable<Event>;
  readonly modules: HandleTable<Module>;
  readonly functions: HandleTable<CudaFunction>;
  readonly libraries: HandleTable<Library>;
  readonly kernels: HandleTable<Kernel>;
  readonly links: HandleTable<LinkState>;
  /** Texture references, and surface references. */
  readonly references: HandleTable<Reference>;
  readonly surfaces: HandleTable<Reference>;
  readonly memory: AddressMap<Allocation> = new AddressMap();
  /** Memory that new contexts see too: page-locked and managed memory, virtual ranges, pools. */
  readonly everywhere: Set<Shared> = new Set();
  /** Called after the host has waited for a stream, an event or a context. */
  readonly afterWait: Set<(t: Caller) => void> = new Set();
  /** Pages at the ends of registered ranges, by address. */
  readonly edgePages: Map<number, { readonly mapping: Mapping; users: number }> = new Map();
  readonly slots: Slots = new Slots();
  /** Captures under way, the invalidated ones included. */
  readonly captures: Set<Capture> = new Set();
  private lastId = 0;

  constructor(pid: number) {
    this.contexts = new HandleTable(KIND.context, pid);
    this.streams = new HandleTable(KIND.stream, pid);
    this.events = new HandleTable(KIND.event, pid);
    this.modules = new HandleTable(KIND.module, pid);
    this.functions = new HandleTable(KIND.function, pid);
    this.libraries = new HandleTable(KIND.library, pid);
    this.kernels = new HandleTable(KIND.kernel, pid);
    this.links = new HandleTable(KIND.link, pid);
    this.references = new HandleTable(KIND.reference, pid);
    this.surfaces = new HandleTable(KIND.surface, pid);
  }

  /** A number never given before in this process: identities of contexts, streams, allocations. */
  nextId(): number {
    return ++this.lastId;
  }

  /** Address spaces of all live contexts. */
  *spaces(): Generator<GpuSpace> {
    for (const [, context] of this.contexts.entries()) yield context.space;
  }

  /** Files an allocation under its address. */
  remember(kind: AllocationKind, address: number, size: number, rest: { context?: Context | null; device?: Device | null; mappings?: Mapping[]; flags?: number; owner?: unknown }): Allocation {
    const allocation: Allocation = {
      kind, address, size, context: rest.context ?? null, device: rest.device ?? null, mappings: rest.mappings ?? [], flags: rest.flags ?? 0,
      id: this.nextId(), syncMemops: false, owner: rest.owner ?? null,
    };
    this.memory.add(allocation);
    return allocation;
  }
}

/** The driver's state in one host thread: its stack of current contexts, the top last. */
export class ThreadState {
  readonly stack: Context[] = [];
}

/** Where a process keeps its driver state, and a thread its own. */
export const driverKey: StateKey<DriverState> = stateKey<DriverState>("cuda driver", (t: Caller) => new DriverState(t.sys.pid));
export const threadKey: StateKey<ThreadState> = stateKey<ThreadState>("cuda thread", () => new ThreadState());

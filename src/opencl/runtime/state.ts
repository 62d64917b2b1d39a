import { stateKey, type Caller, type StateKey } from "../../api/caller.ts";
import { HandleTable } from "../../api/handles.ts";
import type { ContextObject } from "./context-object.ts";
import type { DeviceObject } from "./device-object.ts";
import type { EventObject } from "./event.ts";
import type { KernelObject } from "./kernel-object.ts";
import type { MemObject } from "./mem-object.ts";
import { Pool } from "./pool.ts";
import type { ProgramObject } from "./program-object.ts";
import type { QueueObject } from "./queue-object.ts";
import type { SamplerObject } from "./sampler-object.ts";
import { defaultSettings, type ClSettings } from "./settings.ts";

/** The one platform: what an installable client driver is. */
export class Platform {
  handle = 0;
}

/** Everything OpenCL knows in one process. */
export class ClState {
  settings: ClSettings = defaultSettings;
  readonly platform: Platform = new Platform();
  /** Handle kinds stay above 2^47, where no address of the process can be. */
  readonly platforms: HandleTable<Platform>;
  readonly devices: HandleTable<DeviceObject>;
  readonly contexts: HandleTable<ContextObject>;
  readonly queues: HandleTable<QueueObject>;
  readonly mems: HandleTable<MemObject>;
  readonly programs: HandleTable<ProgramObject>;
  readonly kernels: HandleTable<KernelObject>;
  readonly events: HandleTable<EventObject>;
  readonly samplers: HandleTable<SamplerObject>;
  /** Found on first use; null before. */
  roots: readonly DeviceObject[] | null = null;
  /** Status words of commands and user events. */
  readonly words: Pool = new Pool(4);
  /** Four u64 for each profiled command. */
  readonly stamps: Pool = new Pool(32);
  /** Queues that may have unfinished commands. */
  readonly queuesAlive: Set<QueueObject> = new Set();
  /** Callbacks of the program running now, one inside the other. */
  inCallback = 0;

  constructor(pid: number) {
    this.platforms = new HandleTable(128, pid);
    this.devices = new HandleTable(129, pid);
    this.contexts = new HandleTable(130, pid);
    this.queues = new HandleTable(131, pid);
    this.mems = new HandleTable(132, pid);
    this.programs = new HandleTable(133, pid);
    this.kernels = new HandleTable(134, pid);
    this.events = new HandleTable(135, pid);
    this.samplers = new HandleTable(136, pid);
    this.platform.handle = this.platforms.add(this.platform);
  }
}

const key: StateKey<ClState> = stateKey("opencl", (t) => new ClState(t.sys.pid));

/** The calling process's OpenCL. */
export function stateOf(t: Caller): ClState {
  return t.processState(key);
}

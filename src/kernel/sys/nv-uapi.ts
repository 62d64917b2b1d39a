import type { BoardSpec } from "../../gpu/board.ts";
import type { Timeslice } from "../../gpu/partition/timeslice.ts";

/**
 * Requests of NVIDIA's control node (/dev/nvidiactl): what nvidia-smi, NVML and the MPS programs ask the driver for that belongs to no open GPU. `gpu` is a GPU's
 * number (its minor). A negative errno means that nothing has changed. What tools print for it: see `nvErrorText`.
 */

export type { Timeslice } from "../../gpu/partition/timeslice.ts";

/** Whether a GPU is partitioned, now and after its next reset. */
export interface MigMode {
  readonly current: boolean;
  readonly pending: boolean;
}

/** One GPU, as the control node lists it. */
export interface NvGpuInfo {
  readonly minor: number;
  readonly name: string;
  readonly uuid: string;
  /** "0000:01:00.0" */
  readonly pci: string;
  /** Name of its render node, "renderD128". */
  readonly renderNode: string;
  readonly vramTotal: number;
  readonly vramUsed: number;
  readonly computeCapability: readonly [number, number];
  /** Instructions a second that all of its multiprocessors can retire: what "fastest first" sorts by. */
  readonly speed: number;
  /** Open files of its nodes. */
  readonly clients: number;
  /** Null: the GPU cannot be partitioned. */
  readonly mig: MigMode | null;
  readonly timeslice: Timeslice;
}

/** What a GPU does and how it fares, at this moment or over the last sampling period. */
export interface NvGpuStatus {
  /** Percent of the sampling period with a kernel on it, and of what its memory could have carried. */
  readonly gpuPercent: number;
  readonly memoryPercent: number;
  /** Watts over the sampling period, and joules since the machine was made. */
  readonly powerWatts: number;
  readonly energyJoules: number;
  readonly temperature: number;
  /** Null: it has no sensor. */
  readonly memoryTemperature: number | null;
  readonly smClockHz: number;
  readonly memoryClockHz: number;
  readonly maxSmClockHz: number;
  /** P-state: 0 at full clocks, 8 at rest. */
  readonly performanceState: number;
  readonly board: BoardSpec;
  readonly bar1Total: number;
  readonly bar1Used: number;
  readonly ecc: boolean;
  readonly multiprocessors: number;
  readonly copyEngines: number;
  readonly memoryBusBits: number;
  readonly link: { readonly generation: number; readonly lanes: number };
  readonly vendorId: number;
  readonly deviceId: number;
  readonly subsystemId: number;
  /** Preemption by time slice, ns. */
  readonly timesliceNs: number;
  /** Resets since boot, and whether it is lost. */
  readonly resets: number;
  readonly lost: boolean;
}

/** A process that computes on a GPU. */
export interface NvProcessInfo {
  readonly pid: number;
  /** Bytes of the GPU's memory. */
  readonly memory: number;
  /** Null: the GPU is whole. */
  readonly gi: number | null;
  readonly ci: number | null;
  /** A client of an MPS server. */
  readonly mps: boolean;
  /** Percent of the sampling period on the multiprocessors, and of what the memory could have carried. */
  readonly gpuPercent: number;
  readonly memoryPercent: number;
}

/** A GPU instance profile with what is left of it. Sizes MiB. */
export interface MigProfileInfo {
  readonly id: number;
  /** "2g.10gb" */
  readonly name: string;
  readonly free: number;
  readonly total: number;
  readonly slices: number;
  readonly memoryMiB: number;
  readonly multiprocessors: number;
  readonly copyEngines: number;
  readonly decoders: number;
  readonly encoders: number;
  readonly jpeg: number;
  readonly ofa: number;
  /** Where one could be placed on an empty GPU, and how many memory slices it takes. */
  readonly starts: readonly number[];
  readonly size: number;
  /** Starts that are free now. */
  readonly freeStarts: readonly number[];
}

/** A compute instance profile with what is left of it. */
export interface MigComputeProfileInfo {
  readonly id: number;
  readonly name: string;
  readonly slices: number;
  readonly free: number;
  readonly total: number;
  readonly multiprocessors: number;
}

/** A compute instance: what a program takes for a GPU. */
export interface ComputeInstanceInfo {
  readonly id: number;
  readonly profile: number;
  /** "MIG 2g.10gb", "MIG 1c.2g.10gb" */
  readonly name: string;
  readonly uuid: string;
  readonly start: number;
  readonly slices: number;
  readonly multiprocessors: number;
  /** Open files that work on it. */
  readonly clients: number;
  /** Path of its access capability's device node. */
  readonly capability: string;
}

/** A GPU instance. */
export interface GpuInstanceInfo {
  readonly id: number;
  readonly profile: number;
  readonly name: string;
  readonly start: number;
  readonly size: number;
  readonly memoryTotal: number;
  readonly memoryUsed: number;
  readonly copyEngines: number;
  readonly decoders: number;
  readonly encoders: number;
  readonly jpeg: number;
  readonly ofa: number;
  readonly capability: string;
  readonly compute: readonly ComputeInstanceInfo[];
}

/** Argument types by request. `capability`: a descriptor of /dev/nvidia-caps' "mig/config" node, else -EACCES. */
export interface NvIoctlTable {
  NV_GPU_LIST: { gpus: readonly NvGpuInfo[] };
  /** OUT status. -ENODEV: GPU. */
  NV_GPU_STATUS: { readonly gpu: number; status: NvGpuStatus | null };
  /** Programs that have a context there, by pid. -ENODEV: GPU. */
  NV_GPU_PROCESSES: { readonly gpu: number; processes: readonly NvProcessInfo[] };
  /** Versions of the driver and of the newest compute API that it serves: "580.65.06", 13000. */
  NV_SYSTEM: { driverVersion: string; apiVersion: number };
  /**
   * Partitions the GPU, or ends that. OUT state: "set", or "pending" when the GPU is in use or has instances; it then takes effect with a reset.
   * -ENODEV: GPU; -EOPNOTSUPP: it cannot be partitioned.
   */
  NV_MIG_SET_MODE: { readonly gpu: number; readonly enable: boolean; readonly capability: number; state: "set" | "pending" };
  /** -ENODEV; -EOPNOTSUPP: MIG is off. */
  NV_MIG_PROFILES: { readonly gpu: number; profiles: readonly MigProfileInfo[] };
  /** -ENODEV; -ENOENT: no such GPU instance. */
  NV_MIG_COMPUTE_PROFILES: { readonly gpu: number; readonly gi: number; profiles: readonly MigComputeProfileInfo[] };
  /** -EINVAL: profile or placement unknown; -ENOSPC: no room ("Insufficient Resources"). `start` null: the driver chooses. OUT gi. */
  NV_MIG_GI_CREATE: { readonly gpu: number; readonly profile: number; readonly start: number | null; readonly capability: number; gi: number };
  /** -ENOENT; -EBUSY: it has compute instances ("In use by another client"). */
  NV_MIG_GI_DESTROY: { readonly gpu: number; readonly gi: number; readonly capability: number };
  /** The same for compute instances of a GPU instance. `profile` null: all of it. OUT ci, and the profile that it was. */
  NV_MIG_CI_CREATE: { readonly gpu: number; readonly gi: number; readonly profile: number | null; readonly capability: number; ci: number; created: number };
  /** -ENOENT; -EBUSY: programs work on it. */
  NV_MIG_CI_DESTROY: { readonly gpu: number; readonly gi: number; readonly ci: number; readonly capability: number };
  /** In the order in which nvidia-smi lists them: by id. Empty while MIG is off. */
  NV_MIG_INSTANCES: { readonly gpu: number; instances: readonly GpuInstanceInfo[] };
  /** Resets an idle GPU; a pending mode takes effect, instances go. -EBUSY: in use; -EPERM: not by this user. */
  NV_GPU_RESET: { readonly gpu: number };
  /** 0 default, 1 short, 2 medium, 3 long. -EINVAL: other values; -EPERM: not by this user. */
  NV_SET_TIMESLICE: { readonly gpu: number; readonly value: number };
  /** On an MPS control pipe: one command of nvidia-cuda-mps-control. OUT reply: what it prints. -EPIPE: the daemon is gone. */
  NV_MPS_COMMAND: { readonly command: string; reply: string };
  /**
   * On an MPS control pipe: asks to be a client; the descriptor is then the connection. `percentage`: of each GPU's multiprocessors; `pinned`: limits of device memory in bytes by GPU number;
   * `connections`: hardware connections on each GPU; `priority`: 0 normal, 1 below normal; null: as the daemon has it. -EPIPE: the daemon or the server is gone; -EAGAIN: the server is not
   * ready: it recovers from a fault, or works for another user; -EUSERS: too many clients; -ENOSPC: too many connections; -EALREADY: connected. OUT server: its pid.
   */
  NV_MPS_CONNECT: {
    readonly percentage: number | null;
    readonly pinned: ReadonlyMap<number, number> | null;
    readonly connections: number;
    readonly priority: number | null;
    server: number;
  };
  /** On a connection: why the server has ended it. OUT error: 0 while it is in good order, -ESHUTDOWN terminated, -EPIPE the server is gone. */
  NV_MPS_STATE: { error: number };
}

/** What NVIDIA's tools say for an errno of these requests. */
export function nvErrorText(errno: number): string {
  switch (Math.abs(errno)) {
    case 16: return "In use by another client";
    case 28: return "Insufficient Resources";
    case 1: case 13: return "Insufficient Permissions";
    case 2: return "Not Found";
    case 95: return "Not Supported";
    case 22: return "Invalid Argument";
    case 19: return "No devices were found";
    default: return "Unknown Error";
  }
}

import type { DeviceCode, DeviceFault } from "../../compiler/abi.ts";
import type { IommufdIoctlTable } from "./iommufd-uapi.ts";
import type { GpuProfile } from "../../gpu/profile.ts";
import type { NvIoctlTable } from "./nv-uapi.ts";
import type { SyncFileIoctlTable, SyncobjIoctlTable, SyncobjWaitTable } from "./sync-uapi.ts";
import type { WddmIoctlTable } from "./wddm-uapi.ts";

export type { GpuProfile } from "../../gpu/profile.ts";

/**
 * The requests that user-mode drivers make of a DRM node: the model's uAPI. Core DRM requests keep their Linux names;
 * the driver's own begin with GLASS_ and are shaped after the xe driver (VM, VM_BIND, exec queues, EXEC).
 *
 * Every request is `sys.ioctl(fd, name, arg)`: it returns 0 or a positive result, or a negative errno, and then has
 * changed nothing. Fields marked OUT are written by the kernel. Handles are positive integers, private to the open file.
 * Addresses are numbers below 2^48, sizes are bytes, times nanoseconds of virtual time.
 */

/** Where a buffer object may live. */
export type Placement = "vram" | "system";

/** Flags of GLASS_GEM_CREATE: always in VRAM (nothing evicts it); rather in system memory than at the cost of others. */
export const GEM_PINNED = 1;
export const GEM_FALLBACK = 2;
/** One run of VRAM addresses; from the highest address down; where the CPU reaches VRAM. */
export const GEM_CONTIGUOUS = 4;
export const GEM_TOPDOWN = 8;
export const GEM_CPU_VISIBLE = 16;
/** Its contents may be thrown away when memory is short. */
export const GEM_DISCARDABLE = 32;
/** All flags that there are. */
export const GEM_ALL_FLAGS = 63;

/** GPU page protections of a mapping. */
export const GPU_READ = 1;
/** GPU page protection: the GPU may write. */
export const GPU_WRITE = 2;

/**
 * A wait for, or a signal of, one point of a timeline. `syncobj` is a handle of this file. Every exec queue has a timeline syncobj too
 * (`GLASS_EXEC_QUEUE_CREATE.timeline`), whose point n is the n-th job submitted to it.
 */
export interface SyncPoint {
  readonly syncobj: number;
  readonly point: number;
}

/**
 * One change of a GPU address space: see GLASS_VM_BIND. "map-null": reads give zero, writes are forgotten (sparse). "unmap-all": wherever the object is mapped;
 * address and size mean nothing.
 */
export interface BindOp {
  readonly op: "map" | "map-userptr" | "map-null" | "cpu-mirror" | "unmap" | "unmap-all";
  readonly handle: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
  readonly flags: number;
}

/** A rectangle in memory: `height` rows of `width` bytes, `depth` slices of them. */
export interface Extent {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

/** A copy between two GPU virtual addresses, linear (height and depth 1) or by rows and slices. Runs on a copy engine. */
export interface CopyJob {
  readonly kind: "copy";
  readonly dst: number;
  readonly src: number;
  readonly extent: Extent;
  readonly dstPitch: number;
  readonly dstSlicePitch: number;
  readonly srcPitch: number;
  readonly srcSlicePitch: number;
}

/** Writes `pattern` (1 to 128 bytes, a power of two) over each row. `width` is a multiple of the pattern's length. */
export interface FillJob {
  readonly kind: "fill";
  readonly dst: number;
  readonly extent: Extent;
  readonly pitch: number;
  readonly slicePitch: number;
  readonly pattern: Uint8Array;
}

/** A kernel launch. Sizes as in the compiled-code contract (`LaunchConfig`). */
export interface LaunchJob {
  readonly kind: "launch";
  readonly code: DeviceCode;
  readonly kernel: string;
  readonly workDim: 1 | 2 | 3;
  readonly grid: readonly [number, number, number];
  readonly block: readonly [number, number, number];
  readonly globalSize: readonly [number, number, number];
  readonly globalOffset: readonly [number, number, number];
  readonly dynamicSharedBytes: number;
  readonly params: Uint8Array;
  readonly symbols: BigUint64Array;
  /** All work-groups must be resident at once (cooperative launch); -ENOSPC when they cannot be. */
  readonly cooperative: boolean;
  /** Gets the text that device printf writes, in order, when the job ends. */
  readonly stdout: ((text: string) => void) | null;
}

/** No work: orders, takes time stamps, signals. */
export interface MarkerJob {
  readonly kind: "marker";
  /** Moves pages of mirrored ranges to a GPU (by index) or to RAM when the marker's turn comes; what cannot move stays. The VM mirrors the range, else -EINVAL. */
  readonly prefetch?: { readonly address: number; readonly size: number; readonly location: number | "ram" };
}

/** Work for a queue. */
export type Job = CopyJob | FillJob | LaunchJob | MarkerJob;

/** What GLASS_EXEC submits: a job, what it waits for, and who is told of its end. */
export interface ExecArgs {
  readonly queue: number;
  readonly job: Job;
  /** The job does not begin before all of these are reached. At most 1024. */
  readonly waits: readonly SyncPoint[];
  /** Points that get the job's fence: reached when it ends (0: the fence of a binary syncobj). Absent: none but the queue's own timeline. */
  readonly signals?: readonly SyncPoint[];
  /** Objects that the job uses with implicit synchronisation: it waits for those who wrote them (to write: for all who use them), and later ones wait for it. Absent: none. */
  readonly implicit?: readonly { readonly handle: number; readonly write: boolean }[];
  /** Waits for the points only in order: a wait whose fence ended with an error passes it on to this job (-ECANCELED) when true. */
  readonly propagateErrors: boolean;
  /**
   * User fence: when the job ends (well or badly) the kernel writes `value` (u32) to this address of the caller's memory and wakes
   * all futex waiters on it. A failed job's value is `errorValue`.
   */
  readonly userFence: { readonly address: number; readonly value: number; readonly errorValue: number } | null;
  /** The kernel writes four u64 here: nanoseconds of submit (to hardware), start, end, and of the queueing. */
  readonly timestamps: number | null;
  /** For observers: by the rules of the caller's API the job comes after everything before it in its queue, also in one that is not in order. The kernel goes by `waits`. */
  readonly wholeQueue?: boolean;
  /** The job is handed to the hardware together with the caller's job before it, as one submission: only that one costs what a submission costs. */
  readonly joins?: boolean;
  /** Shown in traces: "vecadd", "memcpy HtoD". */
  readonly label: string;
  /** OUT: the job's point on the queue's timeline. */
  point: number;
}

/** Whose fault it was that a context lost work: nobody's, as it lost none; another's; its own. */
export type ResetStatus = "none" | "innocent" | "guilty";

/** A fault of a GPU context, as the kernel recorded it. */
export interface ContextFault {
  /** The last two: the MPS server has ended this client, or is gone itself. */
  readonly reason: "fault" | "timeout" | "reset-innocent" | "reset-guilty" | "device-lost" | "mps-terminated" | "mps-server-lost";
  /** Present when a kernel's own access or trap caused it. */
  readonly fault: DeviceFault | null;
  readonly label: string;
  readonly queue: number;
  readonly point: number;
  readonly time: number;
}

/** What a GPU is, as its driver reports it. `profile` has the API-level limits too, by their own names. */
export interface DeviceInfo {
  readonly index: number;
  readonly name: string;
  readonly vendorId: number;
  readonly deviceId: number;
  readonly pciDomain: number;
  readonly pciBus: number;
  readonly pciDevice: number;
  readonly pciFunction: number;
  readonly uuid: string;
  readonly vramBytes: number;
  readonly vramFree: number;
  readonly profile: GpuProfile;
  /** Virtual nanoseconds since boot, as the GPU's timer shows it. */
  readonly timestamp: number;
  /** Smallest and largest user address that VM_BIND accepts for the caller. */
  readonly vaStart: number;
  readonly vaEnd: number;
}

/** Argument types by request. */
export interface IoctlTable extends IommufdIoctlTable, NvIoctlTable, SyncobjIoctlTable, SyncFileIoctlTable, WddmIoctlTable {
  /** OUT `version`: major, minor, patch level of the driver. */
  DRM_IOCTL_VERSION: { name: string; date: string; desc: string; version?: readonly [number, number, number] };
  /** OUT: "pci:0000:01:00.0"; empty until the master has set the interface version. */
  DRM_IOCTL_GET_UNIQUE: { unique: string };
  /** The interface version that the master wants: 1.1 to 1.4. OUT: 1.4. */
  DRM_IOCTL_SET_VERSION: { major: number; minor: number };
  /** OUT: a number by which the master may authenticate this file. */
  DRM_IOCTL_GET_MAGIC: { magic: number };
  DRM_IOCTL_AUTH_MAGIC: { readonly magic: number };
  DRM_IOCTL_SET_MASTER: object;
  DRM_IOCTL_DROP_MASTER: object;
  DRM_IOCTL_GET_CAP: { readonly capability: number; value: number };
  /** What a display client understands. -EOPNOTSUPP: the driver drives no display. */
  DRM_IOCTL_SET_CLIENT_CAP: { readonly capability: number; readonly value: number };
  DRM_IOCTL_GET_CLIENT: { readonly idx: number; auth: number; pid: number; uid: number };
  DRM_IOCTL_SET_CLIENT_NAME: { readonly name: string };
  DRM_IOCTL_GEM_CLOSE: { readonly handle: number };
  DRM_IOCTL_GEM_FLINK: { readonly handle: number; name: number };
  DRM_IOCTL_GEM_OPEN: { readonly name: number; handle: number; size: number };
  DRM_IOCTL_PRIME_HANDLE_TO_FD: { readonly handle: number; readonly flags: number; fd: number };
  DRM_IOCTL_PRIME_FD_TO_HANDLE: { readonly fd: number; handle: number };
  /** flags: 1 = created signaled. */
  DRM_IOCTL_SYNCOBJ_CREATE: { readonly flags: number; handle: number };
  DRM_IOCTL_SYNCOBJ_DESTROY: { readonly handle: number; readonly pad?: number };
  DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD: { readonly handle: number; readonly flags: number; fd: number; readonly point?: number; readonly pad?: number };
  DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE: { readonly fd: number; readonly flags: number; handle: number; readonly point?: number; readonly pad?: number };
  /**
   * Host signal of timeline points; binary syncobjs use point 0. `error` (negative errno): the fences end badly with it (dma_fence_set_error),
   * so that jobs that wait for them with `propagateErrors` are cancelled. Absent: 0.
   */
  DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL: { readonly handles: readonly number[]; readonly points: readonly number[]; readonly error?: number; readonly flags?: number };
  /** OUT points: the highest point up to which everything is signaled. */
  DRM_IOCTL_SYNCOBJ_QUERY: { readonly handles: readonly number[]; points: number[]; readonly flags?: number };

  GLASS_DEVICE_QUERY: { info: DeviceInfo | null };
  /** Memory of the machine and GPU at this moment. */
  GLASS_MEM_QUERY: { vramTotal: number; vramFree: number };
  /** Contents are zero. size is rounded up to 64 KiB. -ENOMEM when no memory, -EINVAL size 0 or unknown placement. */
  GLASS_GEM_CREATE: { readonly size: number; readonly placement: Placement; readonly label: string; readonly flags?: number; handle: number };
  /** OUT offset: to be given to mmap on this fd. System-placed objects, and VRAM ones on a GPU with resizable BAR. */
  GLASS_GEM_MMAP_OFFSET: { readonly handle: number; offset: number };
  /** `faultMode`: accesses without a translation are recoverable where the VM mirrors the process ("cpu-mirror"). Absent: false. */
  GLASS_VM_CREATE: { readonly faultMode?: boolean; vm: number };
  GLASS_VM_DESTROY: { readonly vm: number };
  /**
   * Maps part of an object, or (`userptr`) part of the caller's own address space at the same or another GPU address,
   * or unmaps. address, size and offsets are multiples of 64 KiB. For a userptr `offset` is the address in the caller's own memory; it
   * lies as far inside its page as `address` does, and both ends are moved outward to whole pages. The mapping goes when the memory is unmapped.
   * Synchronous: the page tables are as asked when the call returns. Overlapping an old mapping replaces that part.
   * System pages go through the device's IOMMU domain. "cpu-mirror" (fault-mode VMs, else -EINVAL): what the process has at these addresses, now and later, the GPU
   * has too, page by page as it touches them; explicit mappings lie above it. Of the whole window: system SVM.
   */
  GLASS_VM_BIND: BindOp & { readonly vm: number };
  /**
   * Several operations, all or none. `queue` 0: done when the call returns, and `waits` and `signals` are empty. Else a bind queue of this VM: done after the binds before it there and
   * after all `waits`; then the `signals` are signaled (point 0: the syncobj gets the bind's fence at once). Errors are told at once. An unforeseen failure later bans the VM:
   * -ENOENT from then on.
   */
  GLASS_VM_BIND_ARRAY: { readonly vm: number; readonly queue: number; readonly ops: readonly BindOp[]; readonly waits: readonly SyncPoint[]; readonly signals: readonly SyncPoint[] };
  /** A line of asynchronous binds of a VM: in order inside the line, in no order between lines. */
  GLASS_BIND_QUEUE_CREATE: { readonly vm: number; queue: number };
  GLASS_BIND_QUEUE_DESTROY: { readonly vm: number; readonly queue: number };
  /**
   * What the program says about pages of a mirrored range (whole pages): where they are to be, whether a GPU is to keep a mapping wherever they are, whether
   * they are mostly read. `value`: a GPU's index, "ram", or null (preferred-location: none); true or false (read-mostly). -ENOENT: VM; -EINVAL: not mirrored, bad value.
   */
  GLASS_SVM_ATTR: {
    readonly vm: number;
    readonly address: number;
    readonly size: number;
    readonly attribute: "preferred-location" | "accessed-by" | "not-accessed-by" | "read-mostly";
    readonly value: number | "ram" | boolean | null;
  };
  /** OUT: of the page that holds `address`: where it is, and what was said of it. -ENOENT: VM; -EFAULT: the process has no such page. */
  GLASS_SVM_QUERY: {
    readonly vm: number;
    readonly address: number;
    location: number | "ram";
    mapped: boolean;
    preferred: number | "ram" | null;
    accessedBy: readonly (number | "ram")[];
    readMostly: boolean;
    lastPrefetch: number | "ram" | null;
  };
  /**
   * A fault domain over one VM: what a GPU "context" is. `notifier` (address of a u32 in the caller's memory, or 0): the kernel writes 1 there
   * when the context is banned. `priority` is a cap for its queues.
   */
  GLASS_CONTEXT_CREATE: { readonly vm: number; readonly notifier: number; readonly label: string; context: number };
  GLASS_CONTEXT_DESTROY: { readonly context: number };
  /** OUT fault: null while the context is in good order. */
  GLASS_CONTEXT_STATE: { readonly context: number; fault: ContextFault | null };
  /**
   * What resets did to a context. OUT status: whose fault it was that it lost work, if it did; hangs of its own; resets of the GPU's engines and of the adapter since boot;
   * whether the GPU's own memory lost its contents since the context was made; whether the device is gone for good. -ENOENT: context.
   */
  GLASS_RESET_STATUS: {
    readonly context: number;
    status: ResetStatus;
    hangs: number;
    engineResets: number;
    adapterResets: number;
    vramLost: boolean;
    wedged: boolean;
  };
  /**
   * A queue of one engine class. In-order queues begin job n+1 after job n ended; an out-of-order queue begins any job whose waits are met, in an order
   * the machine chooses. `priority`: 0 = kernel (refused: -EACCES), 1 = high, 2 = normal, 3 = low. `level` refines inside a band (CUDA stream priorities): lower is more urgent.
   * OUT timeline: syncobj handle of its points.
   */
  GLASS_EXEC_QUEUE_CREATE: {
    readonly context: number;
    readonly engine: "compute" | "copy";
    readonly order: "in-order" | "out-of-order";
    readonly priority: 1 | 2 | 3;
    readonly level: number;
    readonly label: string;
    queue: number;
    timeline: number;
  };
  /** Jobs already submitted go on; the kernel frees the queue when the last has ended. Its timeline handle stays valid until destroyed. */
  GLASS_EXEC_QUEUE_DESTROY: { readonly queue: number };
  /** -ECANCELED or -EIO when the context is banned, -EINVAL bad arguments, -ENOENT bad handle, -EFAULT bad user addresses. */
  GLASS_EXEC: ExecArgs;
  /** State of one job: OUT state "queued" (waits or turn outstanding), "running", "done", or error (negative errno in `error`). */
  GLASS_JOB_STATE: { readonly queue: number; readonly point: number; state: "queued" | "running" | "done"; error: number };
  /**
   * The file works with a compute instance from now on. `gi`, `ci`: descriptors of the two access capabilities. -EBADF; -EINVAL: no such
   * capabilities, of another GPU, or not of one GPU instance; -EBUSY: something was made in the file already; -ENODEV: the instance is gone.
   */
  GLASS_MIG_SUBSCRIBE: { readonly gi: number; readonly ci: number };
  /**
   * The file's work runs in the context that an MPS server shares among its clients. `connection`: a descriptor that NV_MPS_CONNECT has accepted.
   * -EBADF; -EINVAL: not a connection; -ENOTCONN: not accepted, or over; -EBUSY: something was made in the file already; -EAGAIN: the server recovers from a fault on this GPU.
   */
  GLASS_MPS_ATTACH: { readonly connection: number };
  /** How many work-groups of a kernel one multiprocessor holds at once. */
  GLASS_OCCUPANCY: { readonly threads: number; readonly sharedBytes: number; readonly registers: number; blocks: number };
}

/** Requests that answer at once. */
export type IoctlName = keyof IoctlTable;

/** Requests that may block; used with `sys.ioctlWait`. */
export interface WaitIoctlTable extends SyncobjWaitTable {
  /**
   * Waits until all (or any) of the points are reached. `deadline`: absolute virtual nanoseconds, or null for none.
   * Returns 0 (any: the index reached), -ETIME past the deadline. A fence that ended badly counts as reached: its error is in OUT `error` (negative errno, 0 if none).
   */
  DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: {
    readonly points: readonly SyncPoint[];
    readonly all: boolean;
    readonly deadline: number | null;
    error: number;
    /** SYNCOBJ_WAIT_*: the rules of Linux hold, `all` does not count, and the result is 0 with the index in OUT `firstSignaled`. */
    readonly flags?: number;
    firstSignaled?: number;
    /** With SYNCOBJ_WAIT_DEADLINE: by when somebody hopes for the fences, virtual ns. */
    readonly deadlineNs?: number;
  };
}

/** Requests that may block. */
export type WaitIoctlName = keyof WaitIoctlTable;

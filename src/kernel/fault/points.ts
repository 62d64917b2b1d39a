/** Names of what can fail: Linux's where it has them. */
export type FaultName =
  | "failslab"
  | "fail_page_alloc"
  | "fail_usercopy"
  | "fail_futex"
  | "fail_function"
  | "fail_fd"
  | "fail_gpu_alloc"
  | "fail_dma"
  | "fail_fence"
  | "fail_irq"
  | "fail_bus";

/** One capability: what can fail, by Linux's name where Linux has it. */
export interface Point {
  readonly name: FaultName;
  /** Whether /proc/<pid>/fail-nth counts its calls: what happens in a call of a task, and ends that call with an error. */
  readonly counted: boolean;
  /** Default of `delay_ns`; absent: nothing comes late. */
  readonly delayNs?: number;
}

/** Every capability. */
export const faultPoints: readonly Point[] = [
  /** Kernel objects (kmalloc, idr, VMAs): -ENOMEM. */
  { name: "failslab", counted: true },
  /** Pages of system memory: anonymous mappings, buffer objects in system memory. -ENOMEM. */
  { name: "fail_page_alloc", counted: true },
  /** copy_from_user before a request's effect, copy_to_user after it (what it made is taken back): -EFAULT. */
  { name: "fail_usercopy", counted: true },
  /** futex(2): -EFAULT. */
  { name: "fail_futex", counted: true },
  /** Functions by name, here the requests of ioctl(2); see FaultFunctions. */
  { name: "fail_function", counted: true },
  /** Ours. A descriptor: -EMFILE. */
  { name: "fail_fd", counted: true },
  /** Ours. GPU memory and page tables: -ENOMEM, or for a job out-of-memory. */
  { name: "fail_gpu_alloc", counted: true },
  /** Ours. A transfer of a copy engine: fails (-EIO, its context is banned), or with `delay_ns` comes late. */
  { name: "fail_dma", counted: false, delayNs: 0 },
  /** Ours. The end of a job is seen late. */
  { name: "fail_fence", counted: false, delayNs: 1_000_000 },
  /** Ours. The interrupt at the end of a job is lost: the next one of the same ring, or the ring's fallback timer, finds it. */
  { name: "fail_irq", counted: false },
  /** Ours. The GPU falls off the bus when work is given to it: -ENODEV, for good. */
  { name: "fail_bus", counted: false },
];

/**
 * After how long a ring's fences are looked at although no interrupt came, virtual ns. amdgpu: AMDGPU_FENCE_JIFFIES_TIMEOUT, half a second
 * (drivers/gpu/drm/amd/amdgpu/amdgpu_fence.c).
 */
export const FENCE_FALLBACK_NS = 500_000_000;

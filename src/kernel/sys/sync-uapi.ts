/** DRM_IOCTL_SYNCOBJ_CREATE: it holds a signaled fence from the start. */
export const SYNCOBJ_CREATE_SIGNALED = 1;
/** DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD and FD_TO_HANDLE: the descriptor is a sync file (of one fence), not the syncobj's; with a point of the timeline. */
export const SYNCOBJ_SYNC_FILE = 1;
export const SYNCOBJ_TIMELINE = 2;
/** Flags of the waits: all rows; rows without a fence yet are waited for; a fence's being there is enough; `deadlineNs` is told to who signals. */
export const SYNCOBJ_WAIT_ALL = 1;
export const SYNCOBJ_WAIT_FOR_SUBMIT = 2;
export const SYNCOBJ_WAIT_AVAILABLE = 4;
export const SYNCOBJ_WAIT_DEADLINE = 8;
/** DRM_IOCTL_SYNCOBJ_QUERY: the last point submitted, not the last reached. */
export const SYNCOBJ_QUERY_LAST_SUBMITTED = 1;

/** Flags of the dma-buf requests: what the caller will do, and whether it begins (0) or ends. */
export const DMA_BUF_SYNC_READ = 1;
export const DMA_BUF_SYNC_WRITE = 2;
export const DMA_BUF_SYNC_END = 4;

/** One fence of a sync file (struct sync_fence_info). `status`: 1 signaled, 0 not, or a negative errno. */
export interface SyncFenceInfo {
  readonly objName: string;
  readonly driverName: string;
  readonly status: number;
  readonly timestampNs: number;
}

/** Requests of syncobjs that do not block (drm.h). `pad` must be 0 or absent. */
export interface SyncobjIoctlTable {
  /** Takes the fence out of each syncobj. -EINVAL: no handles, pad; -ENOENT: a handle. All or nothing. */
  DRM_IOCTL_SYNCOBJ_RESET: { readonly handles: readonly number[]; readonly pad?: number };
  /** Puts a signaled fence into each syncobj. -EINVAL, -ENOENT as above. */
  DRM_IOCTL_SYNCOBJ_SIGNAL: { readonly handles: readonly number[]; readonly pad?: number };
  /**
   * Adds one to an eventfd when the point is reached, or with SYNCOBJ_WAIT_AVAILABLE when it has a fence; at once when that is so already.
   * -EINVAL: flags, pad; -ENOENT: handle; -EBADF: fd is no eventfd.
   */
  DRM_IOCTL_SYNCOBJ_EVENTFD: { readonly handle: number; readonly flags: number; readonly point: number; readonly fd: number; readonly pad?: number };
}

/** Requests of syncobjs that may block (drm.h). */
export interface SyncobjWaitTable {
  /**
   * Waits for the fences at point 0. `timeoutNs`: absolute virtual ns; in the past: only looks. OUT firstSignaled: a row that is reached, without SYNCOBJ_WAIT_ALL.
   * -EINVAL: flags, or a row without a fence and neither FOR_SUBMIT nor AVAILABLE; -ENOENT: a handle; -ETIME; -ERESTARTSYS. No rows: 0.
   */
  DRM_IOCTL_SYNCOBJ_WAIT: { readonly handles: readonly number[]; readonly timeoutNs: number; readonly flags: number; firstSignaled: number; readonly deadlineNs?: number; readonly pad?: number };
  /**
   * Puts the fence of one point at another; `dstPoint` 0 replaces the fence there. -EINVAL: flags, pad, a source without a fence, a queue's own timeline as the target;
   * -ENOENT: a handle; with SYNCOBJ_WAIT_FOR_SUBMIT waits for the source's fence, for 5 s: -ETIME.
   */
  DRM_IOCTL_SYNCOBJ_TRANSFER: {
    readonly srcHandle: number;
    readonly dstHandle: number;
    readonly srcPoint: number;
    readonly dstPoint: number;
    readonly flags: number;
    readonly pad?: number;
  };
  /** A program begins or ends to use a dma-buf's memory with the CPU: at the beginning jobs that write (for a writer: that use it at all) are waited for. -EINVAL: flags; -ERESTARTSYS. */
  DMA_BUF_IOCTL_SYNC: { readonly flags: number };
}

/** Requests of sync files and dma-bufs (sync_file.h, dma-buf.h). */
export interface SyncFileIoctlTable {
  /** A new sync file over this one's fences and another's. -EINVAL: flags, pad; -ENOENT: fd2 is no sync file; -EMFILE. OUT fence: the descriptor. */
  SYNC_IOC_MERGE: { readonly name: string; readonly fd2: number; readonly flags?: number; readonly pad?: number; fence: number };
  /** What is in it. IN numFences: room in `fences`, 0: only count. OUT the rest. -EINVAL: flags, pad, too little room. */
  SYNC_IOC_FILE_INFO: { name: string; status: number; readonly flags?: number; readonly pad?: number; numFences: number; fences: readonly SyncFenceInfo[] };
  /** Somebody hopes for it by then, virtual ns. -EINVAL: pad. */
  SYNC_IOC_SET_DEADLINE: { readonly deadlineNs: number; readonly pad?: number };
  /** A sync file of what who reads (or writes) would have to wait for now. -EINVAL: flags; -EMFILE. */
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE: { readonly flags: number; fd: number };
  /** A sync file's fences count as readers (or writers) of the memory. -EINVAL: flags, no sync file; -ENOMEM. */
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE: { readonly flags: number; readonly fd: number };
}

import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { Blocking } from "../process/wait.ts";
import type { NvIoctlTable } from "../sys/nv-uapi.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "../sys/uapi.ts";
import { migSubscribe } from "../mig/subscribe.ts";
import { mpsAttach } from "../mps/attach.ts";
import { deviceQuery, memQuery, version } from "./device-ioctls.ts";
import { exec } from "./exec.ts";
import type { DrmFile } from "./file.ts";
import { gemClose, gemCreate, gemFlink, gemMmapOffset, gemOpen } from "./gem-ioctls.ts";
import { primeFdToHandle, primeHandleToFd } from "./prime.ts";
import { resetStatus } from "./recovery/status.ts";
import { jobState, occupancy, queueCreate, queueDestroy } from "./queue-ioctls.ts";
import { syncobjCreate, syncobjDestroy, syncobjFdToHandle, syncobjHandleToFd, syncobjQuery, syncobjSignal, syncobjWait } from "./syncobj-ioctls.ts";
import { svmAttr, svmQuery } from "./svm-ioctls.ts";
import { bindQueueCreate, bindQueueDestroy, contextCreate, contextDestroy, contextState, vmBind, vmBindArray, vmCreate, vmDestroy } from "./vm-ioctls.ts";

type Handler<K extends IoctlName> = (file: DrmFile, caller: SysCaller, arg: IoctlTable[K]) => number;

/** Every request; a missing one does not compile. */
const handlers: { readonly [K in Exclude<IoctlName, keyof NvIoctlTable>]: Handler<K> } = {
  DRM_IOCTL_VERSION: version,
  DRM_IOCTL_GEM_CLOSE: gemClose,
  DRM_IOCTL_GEM_FLINK: gemFlink,
  DRM_IOCTL_GEM_OPEN: gemOpen,
  DRM_IOCTL_PRIME_HANDLE_TO_FD: primeHandleToFd,
  DRM_IOCTL_PRIME_FD_TO_HANDLE: primeFdToHandle,
  DRM_IOCTL_SYNCOBJ_CREATE: syncobjCreate,
  DRM_IOCTL_SYNCOBJ_DESTROY: syncobjDestroy,
  DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD: syncobjHandleToFd,
  DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE: syncobjFdToHandle,
  DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL: syncobjSignal,
  DRM_IOCTL_SYNCOBJ_QUERY: syncobjQuery,
  GLASS_DEVICE_QUERY: deviceQuery,
  GLASS_MEM_QUERY: memQuery,
  GLASS_GEM_CREATE: gemCreate,
  GLASS_GEM_MMAP_OFFSET: gemMmapOffset,
  GLASS_VM_CREATE: vmCreate,
  GLASS_VM_DESTROY: vmDestroy,
  GLASS_VM_BIND: vmBind,
  GLASS_VM_BIND_ARRAY: vmBindArray,
  GLASS_BIND_QUEUE_CREATE: bindQueueCreate,
  GLASS_BIND_QUEUE_DESTROY: bindQueueDestroy,
  GLASS_SVM_ATTR: svmAttr,
  GLASS_SVM_QUERY: svmQuery,
  GLASS_CONTEXT_CREATE: contextCreate,
  GLASS_CONTEXT_DESTROY: contextDestroy,
  GLASS_CONTEXT_STATE: contextState,
  GLASS_RESET_STATUS: resetStatus,
  GLASS_EXEC_QUEUE_CREATE: queueCreate,
  GLASS_EXEC_QUEUE_DESTROY: queueDestroy,
  GLASS_EXEC: exec,
  GLASS_JOB_STATE: jobState,
  GLASS_OCCUPANCY: occupancy,
  GLASS_MIG_SUBSCRIBE: migSubscribe,
  GLASS_MPS_ATTACH: mpsAttach,
};

/** What a partitioned GPU answers as a whole; everything else is the business of its instances. */
const ofTheWhole: ReadonlySet<IoctlName> = new Set(["DRM_IOCTL_VERSION", "GLASS_DEVICE_QUERY", "GLASS_MEM_QUERY", "GLASS_MIG_SUBSCRIBE"]);

/** Requests that a render node refuses (no DRM_RENDER_ALLOW): names open to whoever guesses them. */
const primaryOnly: ReadonlySet<IoctlName> = new Set(["DRM_IOCTL_GEM_FLINK", "DRM_IOCTL_GEM_OPEN"]);

/** A request of a program. -EINVAL: no such request; -EACCES: not on a render node; -EFAULT: no argument; -ENODEV: the GPU is partitioned and the file works with no instance. */
export function dispatch<K extends IoctlName>(file: DrmFile, caller: SysCaller, request: K, arg: IoctlTable[K]): number {
  const handler = (handlers as { readonly [name in IoctlName]?: unknown })[request] as Handler<K> | undefined;
  if (handler === undefined) return -Errno.EINVAL;
  if (file.minor === "render" && primaryOnly.has(request)) return -Errno.EACCES;
  if (arg === null || typeof arg !== "object") return -Errno.EFAULT;
  if (file.device.parts !== null && !ofTheWhole.has(request)) return -Errno.ENODEV;
  return handler(file, caller, arg);
}

type WaitHandler<K extends WaitIoctlName> = (file: DrmFile, arg: WaitIoctlTable[K]) => Blocking<number>;

const waitHandlers: { readonly [K in WaitIoctlName]: WaitHandler<K> } = {
  DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: syncobjWait,
};

/** A request that may block. */
export function* dispatchWait<K extends WaitIoctlName>(file: DrmFile, request: K, arg: WaitIoctlTable[K]): Blocking<number> {
  const handler: WaitHandler<K> | undefined = waitHandlers[request];
  if (handler === undefined) return -Errno.EINVAL;
  return yield* handler(file, arg);
}

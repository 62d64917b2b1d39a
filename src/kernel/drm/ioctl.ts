import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { Blocking } from "../process/wait.ts";
import type { IommufdIoctlTable } from "../sys/iommufd-uapi.ts";
import type { NvIoctlTable } from "../sys/nv-uapi.ts";
import type { SyncFileIoctlTable } from "../sys/sync-uapi.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "../sys/uapi.ts";
import { migSubscribe } from "../mig/subscribe.ts";
import { mpsAttach } from "../mps/attach.ts";
import { getCap, getClient, getUnique, setClientCap, setClientName, setVersion } from "./core-ioctls.ts";
import { deviceQuery, memQuery, version } from "./device-ioctls.ts";
import { mutant } from "../mutants.ts";
import { isUnplugged } from "./device-state.ts";
import { exec } from "./exec.ts";
import type { DrmFile } from "./file.ts";
import { gemClose, gemCreate, gemFlink, gemMmapOffset, gemOpen } from "./gem-ioctls.ts";
import { authMagic, dropMaster, getMagic, setMaster } from "./master.ts";
import { permissions, permit, type DrmRequest } from "./permit.ts";
import { primeFdToHandle, primeHandleToFd } from "./prime.ts";
import { resetStatus } from "./recovery/status.ts";
import { jobState, occupancy, queueCreate, queueDestroy } from "./queue-ioctls.ts";
import { syncobjCreate, syncobjDestroy, syncobjFdToHandle, syncobjHandleToFd, syncobjQuery, syncobjReset, syncobjSignal, syncobjSignalBinary } from "./syncobj-ioctls.ts";
import { syncobjEventfd, syncobjTransfer } from "./syncobj-more.ts";
import { syncobjWait, syncobjWaitBinary } from "./syncobj-wait.ts";
import { svmAttr, svmQuery } from "./svm-ioctls.ts";
import { d3dkmt, type WddmRequest } from "../wddm/requests.ts";
import { bindQueueCreate, bindQueueDestroy, contextCreate, contextDestroy, contextState, vmBind, vmBindArray, vmCreate, vmDestroy } from "./vm-ioctls.ts";

type Handler<K extends IoctlName> = (file: DrmFile, caller: SysCaller, arg: IoctlTable[K]) => number;

/** Every request; a missing one does not compile. */
const handlers: { readonly [K in Exclude<IoctlName, keyof IommufdIoctlTable | keyof NvIoctlTable | keyof SyncFileIoctlTable | WddmRequest>]: Handler<K> } = {
  DRM_IOCTL_VERSION: version,
  DRM_IOCTL_GET_UNIQUE: getUnique,
  DRM_IOCTL_SET_VERSION: setVersion,
  DRM_IOCTL_GET_MAGIC: getMagic,
  DRM_IOCTL_AUTH_MAGIC: authMagic,
  DRM_IOCTL_SET_MASTER: setMaster,
  DRM_IOCTL_DROP_MASTER: dropMaster,
  DRM_IOCTL_GET_CAP: getCap,
  DRM_IOCTL_SET_CLIENT_CAP: setClientCap,
  DRM_IOCTL_GET_CLIENT: getClient,
  DRM_IOCTL_SET_CLIENT_NAME: setClientName,
  DRM_IOCTL_GEM_CLOSE: gemClose,
  DRM_IOCTL_GEM_FLINK: gemFlink,
  DRM_IOCTL_GEM_OPEN: gemOpen,
  DRM_IOCTL_PRIME_HANDLE_TO_FD: primeHandleToFd,
  DRM_IOCTL_PRIME_FD_TO_HANDLE: primeFdToHandle,
  DRM_IOCTL_SYNCOBJ_CREATE: syncobjCreate,
  DRM_IOCTL_SYNCOBJ_DESTROY: syncobjDestroy,
  DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD: syncobjHandleToFd,
  DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE: syncobjFdToHandle,
  DRM_IOCTL_SYNCOBJ_RESET: syncobjReset,
  DRM_IOCTL_SYNCOBJ_SIGNAL: syncobjSignalBinary,
  DRM_IOCTL_SYNCOBJ_EVENTFD: syncobjEventfd,
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
const ofTheWhole: ReadonlySet<IoctlName> = new Set(["DRM_IOCTL_VERSION", "DRM_IOCTL_GET_UNIQUE", "DRM_IOCTL_SET_VERSION", "DRM_IOCTL_GET_MAGIC", "DRM_IOCTL_AUTH_MAGIC", "DRM_IOCTL_SET_MASTER", "DRM_IOCTL_DROP_MASTER", "DRM_IOCTL_GET_CAP", "DRM_IOCTL_SET_CLIENT_CAP", "DRM_IOCTL_GET_CLIENT", "DRM_IOCTL_SET_CLIENT_NAME", "GLASS_DEVICE_QUERY", "GLASS_MEM_QUERY", "GLASS_MIG_SUBSCRIBE"]);

/** A request of a program. -ENODEV: the GPU is gone, or partitioned and the file works with no instance; -EINVAL: no such request; -EFAULT: no argument; -EACCES: see permit. */
export function dispatch<K extends IoctlName>(file: DrmFile, caller: SysCaller, request: K, arg: IoctlTable[K]): number {
  const handler = (handlers as { readonly [name in IoctlName]?: unknown })[request] as Handler<K> | undefined;
  if (isUnplugged(file.device)) return -Errno.ENODEV;
  if (request.startsWith("D3DKMT_")) return d3dkmt(file, caller, request as WddmRequest, arg as never);
  if (handler === undefined) return -Errno.EINVAL;
  if (arg === null || typeof arg !== "object") return -Errno.EFAULT;
  const allowed = permit(permissions[request as DrmRequest], file, caller);
  if (allowed < 0) return allowed;
  if (file.device.parts !== null && !ofTheWhole.has(request)) return -Errno.ENODEV;
  const result = handler(file, caller, arg);
  if (result < 0 && mutant("failed-request-writes")) Object.assign(arg, { handle: 1 });
  return result;
}

type WaitHandler<K extends WaitIoctlName> = (file: DrmFile, arg: WaitIoctlTable[K]) => Blocking<number>;

const waitHandlers: { readonly [K in Exclude<WaitIoctlName, "DMA_BUF_IOCTL_SYNC">]: WaitHandler<K> } = {
  DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: syncobjWait,
  DRM_IOCTL_SYNCOBJ_WAIT: syncobjWaitBinary,
  DRM_IOCTL_SYNCOBJ_TRANSFER: syncobjTransfer,
};

/** A request that may block. The same errors as for those that do not. */
export function* dispatchWait<K extends WaitIoctlName>(file: DrmFile, caller: SysCaller, request: K, arg: WaitIoctlTable[K]): Blocking<number> {
  const handler = (waitHandlers as { readonly [name in WaitIoctlName]?: unknown })[request] as WaitHandler<K> | undefined;
  if (isUnplugged(file.device)) return -Errno.ENODEV;
  if (handler === undefined) return -Errno.EINVAL;
  if (arg === null || typeof arg !== "object") return -Errno.EFAULT;
  const allowed = permit(permissions[request as DrmRequest], file, caller);
  if (allowed < 0) return allowed;
  const result = yield* handler(file, arg);
  const { observer } = file.device.core.kernel;
  if (observer !== null && result >= 0 && request === "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT") {
    const { points, all } = arg as WaitIoctlTable["DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT"];
    for (const { syncobj, point } of all ? points : points.slice(result, result + 1)) {
      const found = file.syncobjs.get(syncobj);
      if (found !== undefined) observer.saw(caller.thread, found.timeline, point);
    }
  }
  return result;
}

import { Errno } from "../errors.ts";
import { EventFd } from "../fs/eventfd.ts";
import type { SysCaller } from "../fs/file.ts";
import { mutant } from "../mutants.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import { SYNCOBJ_WAIT_AVAILABLE, SYNCOBJ_WAIT_FOR_SUBMIT } from "../sys/sync-uapi.ts";
import type { IoctlTable, WaitIoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import { DmaFence } from "../fence/fence.ts";
import type { Syncobj } from "./syncobj.ts";
import { findPoint, pointError, signaledFence } from "./syncobj-points.ts";
import { UserTimeline } from "./user-timeline.ts";

/** How long a transfer waits for its source's fence, ns (drm_syncobj.c: DRM_SYNCOBJ_WAIT_FOR_SUBMIT_TIMEOUT). */
export const FOR_SUBMIT_TIMEOUT = 5_000_000_000;

/** DRM_IOCTL_SYNCOBJ_EVENTFD: see SyncobjIoctlTable. */
export function syncobjEventfd(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_EVENTFD"]): number {
  if ((arg.flags & ~SYNCOBJ_WAIT_AVAILABLE) !== 0 || (arg.pad ?? 0) !== 0) return -Errno.EINVAL;
  const syncobj = file.syncobjs.get(arg.handle);
  if (syncobj === undefined) return -Errno.ENOENT;
  const open = caller.process.files.get(arg.fd);
  if (open === undefined || !(open.driver instanceof EventFd)) return -Errno.EBADF;
  const eventfd = open.driver;
  const fire = (): void => eventfd.signal();
  const available = (): void => {
    if ((arg.flags & SYNCOBJ_WAIT_AVAILABLE) !== 0) {
      fire();
      return;
    }
    const found = findPoint(syncobj, arg.point);
    if (!(found instanceof DmaFence) || found.addCallback({ fenceSignaled: fire }) !== 0) fire();
  };
  if (syncobj.available(arg.point)) {
    available();
    return 0;
  }
  const stop = syncobj.watch(() => {
    if (!syncobj.available(arg.point)) return;
    if (!mutant("syncobj-eventfd-again")) stop();
    available();
  });
  return 0;
}

/** DRM_IOCTL_SYNCOBJ_TRANSFER: see SyncobjWaitTable. */
export function* syncobjTransfer(file: DrmFile, arg: WaitIoctlTable["DRM_IOCTL_SYNCOBJ_TRANSFER"]): Blocking<number> {
  if ((arg.flags & ~SYNCOBJ_WAIT_FOR_SUBMIT) !== 0 || (arg.pad ?? 0) !== 0) return -Errno.EINVAL;
  const from = file.syncobjs.get(arg.srcHandle);
  const to = file.syncobjs.get(arg.dstHandle);
  if (from === undefined || to === undefined) return -Errno.ENOENT;
  const { timeline } = to;
  if (arg.dstPoint !== 0 && !(timeline instanceof UserTimeline)) return -Errno.EINVAL;
  if (!from.available(arg.srcPoint)) {
    if ((arg.flags & SYNCOBJ_WAIT_FOR_SUBMIT) === 0) return -Errno.EINVAL;
    const result = yield* becomesAvailable(file, from, arg.srcPoint);
    if (result < 0) return result;
  }
  const fence = fenceAt(file, from, arg.srcPoint);
  if (arg.dstPoint === 0) to.replaceFence(fence);
  else (timeline as UserTimeline).add(arg.dstPoint, fence);
  fence.put();
  return 0;
}

/** The fence of a point that has one; of a point reached long ago one that has signaled as it did. The caller holds a reference. */
function fenceAt(file: DrmFile, syncobj: Syncobj, point: number): DmaFence {
  const found = findPoint(syncobj, point);
  if (mutant("syncobj-transfer-signals")) return signaledFence(file, 0);
  if (found instanceof DmaFence) return found.get();
  if (point === 0 && syncobj.binary !== null) return syncobj.binary.get();
  return signaledFence(file, pointError(syncobj, point));
}

function* becomesAvailable(file: DrmFile, syncobj: Syncobj, point: number): Blocking<number> {
  const { clock } = file.device.core.kernel;
  const deadline = clock.now + FOR_SUBMIT_TIMEOUT;
  const queue = new WaitQueue();
  const stop = syncobj.watch(() => queue.wakeAll());
  try {
    while (!syncobj.available(point)) {
      if (clock.now >= deadline) return -Errno.ETIME;
      const reason = yield { queue, deadline, what: `a fence at point ${point} of a syncobj`, interruptible: true };
      if (reason === "interrupted") return -Errno.ERESTARTSYS;
    }
    return 0;
  } finally {
    stop();
  }
}

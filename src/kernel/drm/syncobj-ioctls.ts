import { Errno } from "../errors.ts";
import { SyncFile, installSyncFile } from "../fence/sync-file.ts";
import { OpenFile, type SysCaller } from "../fs/file.ts";
import { mutant } from "../mutants.ts";
import { O_RDWR } from "../sys/sys.ts";
import { SYNCOBJ_CREATE_SIGNALED, SYNCOBJ_QUERY_LAST_SUBMITTED, SYNCOBJ_SYNC_FILE, SYNCOBJ_TIMELINE } from "../sys/sync-uapi.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import { Syncobj, SyncobjFile } from "./syncobj.ts";
import { findPoint, MAX_POINTS, pointError, signaledFence } from "./syncobj-points.ts";
import { UserTimeline } from "./user-timeline.ts";

export { findPoint, MAX_POINTS, pointError } from "./syncobj-points.ts";

const FD_FLAGS = SYNCOBJ_SYNC_FILE | SYNCOBJ_TIMELINE;

/** -EINVAL: unknown flags. */
export function syncobjCreate(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_CREATE"]): number {
  if ((arg.flags & ~SYNCOBJ_CREATE_SIGNALED) !== 0) return -Errno.EINVAL;
  if (file.device.core.kernel.faults.slab()) return -Errno.ENOMEM;
  const syncobj = new Syncobj(file.device.core);
  if ((arg.flags & SYNCOBJ_CREATE_SIGNALED) !== 0) setBinary(file, syncobj, 0);
  arg.handle = file.syncobjs.add(syncobj);
  return 0;
}

function setBinary(file: DrmFile, syncobj: Syncobj, error: number): void {
  const fence = signaledFence(file, error);
  syncobj.replaceFence(fence);
  fence.put();
}

/** -EINVAL: pad, or no such handle. */
export function syncobjDestroy(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_DESTROY"]): number {
  if ((arg.pad ?? 0) !== 0) return -Errno.EINVAL;
  const syncobj = file.syncobjs.remove(arg.handle);
  if (syncobj === undefined) return -Errno.EINVAL;
  syncobj.put();
  return 0;
}

/** Whether flags, pad and point go together: a point only with the timeline's flag, and that only with a sync file's. */
function badFd(arg: { readonly flags: number; readonly point?: number; readonly pad?: number }): boolean {
  const { flags, point = 0 } = arg;
  if ((flags & ~FD_FLAGS) !== 0 || (arg.pad ?? 0) !== 0) return true;
  return point !== 0 && flags !== FD_FLAGS;
}

/** -EINVAL: flags, pad, handle, or a sync file of nothing; -EMFILE. */
export function syncobjHandleToFd(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD"]): number {
  const syncobj = file.syncobjs.get(arg.handle);
  if (badFd(arg) || syncobj === undefined) return -Errno.EINVAL;
  const fd = (arg.flags & SYNCOBJ_SYNC_FILE) === 0 ? installSyncobj(caller, syncobj) : exportFence(file, caller, syncobj, arg.point ?? 0);
  if (fd < 0) return fd;
  arg.fd = fd;
  return 0;
}

function installSyncobj(caller: SysCaller, syncobj: Syncobj): number {
  const open = new OpenFile("anon_inode:syncobj_file", O_RDWR, new SyncobjFile(syncobj));
  const fd = caller.process.files.install(open, true);
  if (fd < 0) open.put(false);
  return fd;
}

/** The fence of a point, of this moment, for good. */
function exportFence(file: DrmFile, caller: SysCaller, syncobj: Syncobj, point: number): number {
  if (!syncobj.available(point)) return -Errno.EINVAL;
  const found = findPoint(syncobj, point);
  if (found === "missing") return -Errno.EINVAL;
  const { core } = file.device;
  if (found !== "reached") return installSyncFile(caller, new SyncFile(core, found));
  if (point === 0) return installSyncFile(caller, new SyncFile(core, syncobj.binary!));
  const over = signaledFence(file, pointError(syncobj, point));
  const fd = installSyncFile(caller, new SyncFile(core, over));
  over.put();
  return fd;
}

/**
 * -EINVAL: flags, pad, or what is behind the descriptor (for a sync file also when there is nothing); -ENOENT: the handle that a sync file goes into; a queue's
 * own timeline is none to put it into (-EINVAL). A syncobj gets a new handle each time.
 */
export function syncobjFdToHandle(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE"]): number {
  if (badFd(arg)) return -Errno.EINVAL;
  const driver = caller.process.files.get(arg.fd)?.driver;
  if ((arg.flags & SYNCOBJ_SYNC_FILE) !== 0) {
    if (!(driver instanceof SyncFile)) return -Errno.EINVAL;
    const into = file.syncobjs.get(arg.handle);
    if (into === undefined) return -Errno.ENOENT;
    const point = arg.point ?? 0;
    if (point === 0) into.replaceFence(driver.fence);
    else if (into.timeline instanceof UserTimeline) into.timeline.add(point, driver.fence);
    else return -Errno.EINVAL;
    return 0;
  }
  if (!(driver instanceof SyncobjFile)) return -Errno.EINVAL;
  if (mutant("syncobj-import-dedupes")) {
    for (const [handle, syncobj] of file.syncobjs.entries()) {
      if (syncobj !== driver.syncobj) continue;
      arg.handle = handle;
      return 0;
    }
  }
  if (file.device.core.kernel.faults.slab()) return -Errno.ENOMEM;
  arg.handle = file.syncobjs.add(driver.syncobj.get());
  return 0;
}

/** All syncobjs of a list of handles, or -EINVAL (none, too many), -ENOENT. */
function lookUp(file: DrmFile, handles: readonly number[], pad: number = 0): Syncobj[] | number {
  if (handles.length === 0 || handles.length > MAX_POINTS || pad !== 0) return -Errno.EINVAL;
  const found: Syncobj[] = [];
  for (const handle of handles) {
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) {
      if (mutant("syncobj-array-partial")) for (const done of found) done.replaceFence(null);
      return -Errno.ENOENT;
    }
    found.push(syncobj);
  }
  return found;
}

/** DRM_IOCTL_SYNCOBJ_RESET. -EINVAL: nothing named, pad; -ENOENT: a handle. All or nothing. */
export function syncobjReset(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_RESET"]): number {
  const found = lookUp(file, arg.handles, arg.pad);
  if (typeof found === "number") return found;
  if (!mutant("syncobj-reset-nothing")) for (const syncobj of found) syncobj.replaceFence(null);
  return 0;
}

/** DRM_IOCTL_SYNCOBJ_SIGNAL. -EINVAL: nothing named, pad; -ENOENT: a handle. All or nothing. */
export function syncobjSignalBinary(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_SIGNAL"]): number {
  const found = lookUp(file, arg.handles, arg.pad);
  if (typeof found === "number") return found;
  for (const syncobj of found) setBinary(file, syncobj, 0);
  return 0;
}

/** -EINVAL: nothing named, lists of different length, flags, a point or error out of range, a queue's own timeline; -ENOENT: a handle. All or nothing. */
export function syncobjSignal(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL"]): number {
  const { handles, points } = arg;
  const error = arg.error ?? 0;
  if (handles.length !== points.length || error > 0 || error < -4095 || (arg.flags ?? 0) !== 0) return -Errno.EINVAL;
  const found = lookUp(file, handles);
  if (typeof found === "number") return found;
  for (const [i, { timeline }] of found.entries()) {
    if (!Number.isSafeInteger(points[i]!) || points[i]! < 0 || (points[i] !== 0 && !(timeline instanceof UserTimeline))) return -Errno.EINVAL;
  }
  const { observer } = file.device.core.kernel;
  if (observer !== null) for (const [i, { timeline }] of found.entries()) observer.signaled(caller.thread, timeline, points[i]!);
  for (const [i, syncobj] of found.entries()) {
    if (points[i] === 0) setBinary(file, syncobj, error);
    else (syncobj.timeline as UserTimeline).signal(points[i]!, error);
  }
  return 0;
}

/** -EINVAL: nothing named, flags; -ENOENT: a handle. */
export function syncobjQuery(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_QUERY"]): number {
  const flags = arg.flags ?? 0;
  if ((flags & ~SYNCOBJ_QUERY_LAST_SUBMITTED) !== 0) return -Errno.EINVAL;
  const found = lookUp(file, arg.handles);
  if (typeof found === "number") return found;
  arg.points = found.map(({ timeline }) => ((flags & SYNCOBJ_QUERY_LAST_SUBMITTED) !== 0 || mutant("syncobj-query-submitted") ? timeline.last : timeline.reached));
  const { observer } = file.device.core.kernel;
  if (observer !== null) for (const { timeline } of found) observer.saw(caller.thread, timeline, timeline.reached);
  return 0;
}

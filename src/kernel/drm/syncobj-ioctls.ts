import { Errno } from "../errors.ts";
import type { DmaFence, FenceCallback } from "../fence/fence.ts";
import { OpenFile, type SysCaller } from "../fs/file.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import { O_RDWR } from "../sys/sys.ts";
import type { IoctlTable, SyncPoint, WaitIoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import { SyncFile, Syncobj, SyncobjFile } from "./syncobj.ts";
import { UserTimeline, type PointState } from "./timeline.ts";

const CREATE_SIGNALED = 1;
/** The descriptor is a sync file (of one fence) rather than the syncobj's. */
const SYNC_FILE = 1;
/** Points that one request may name. */
export const MAX_POINTS = 1024;

/** A fence that has signaled. The caller holds a reference. */
function signaledFence(file: DrmFile, error: number): DmaFence {
  const fence = file.device.core.fences.context("syncobj", "stub").emit();
  if (error !== 0) fence.setError(error);
  fence.signal();
  return fence;
}

/** What a job or a host wait finds at a point. "reached" also stands for a fence that has signaled: its error is `pointError`. */
export function findPoint(syncobj: Syncobj, point: number): PointState {
  if (point !== 0) return syncobj.timeline.find(point);
  const fence = syncobj.binary;
  return fence === null ? "missing" : fence.signaled ? "reached" : fence;
}

/** How a reached point ended. */
export function pointError(syncobj: Syncobj, point: number): number {
  return point === 0 ? (syncobj.binary?.error ?? 0) : syncobj.timeline.errorAt(point);
}

/** -EINVAL: unknown flags. */
export function syncobjCreate(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_CREATE"]): number {
  if ((arg.flags & ~CREATE_SIGNALED) !== 0) return -Errno.EINVAL;
  const syncobj = new Syncobj(file.device.core);
  if ((arg.flags & CREATE_SIGNALED) !== 0) setBinary(file, syncobj, 0);
  arg.handle = file.syncobjs.add(syncobj);
  return 0;
}

function setBinary(file: DrmFile, syncobj: Syncobj, error: number): void {
  const fence = signaledFence(file, error);
  syncobj.replaceFence(fence);
  fence.put();
}

/** -EINVAL: no such handle. */
export function syncobjDestroy(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_DESTROY"]): number {
  const syncobj = file.syncobjs.remove(arg.handle);
  if (syncobj === undefined) return -Errno.EINVAL;
  syncobj.put();
  return 0;
}

/** -EINVAL: flags, handle, or a sync file of nothing; -EMFILE. A sync file of a queue's timeline holds its last job. */
export function syncobjHandleToFd(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD"]): number {
  const syncobj = file.syncobjs.get(arg.handle);
  if ((arg.flags & ~SYNC_FILE) !== 0 || syncobj === undefined) return -Errno.EINVAL;
  let open: OpenFile;
  if ((arg.flags & SYNC_FILE) === 0) {
    open = new OpenFile("anon_inode:syncobj_file", O_RDWR, new SyncobjFile(syncobj));
  } else {
    if (syncobj.binary === null) return -Errno.EINVAL;
    open = new OpenFile("anon_inode:sync_file", O_RDWR, new SyncFile(file.device.core, syncobj.binary));
  }
  const fd = caller.process.files.install(open, true);
  if (fd < 0) open.put(false);
  else arg.fd = fd;
  return fd < 0 ? fd : 0;
}

/** -EINVAL: flags, descriptor, or what is behind it; -ENOENT: the handle that a sync file goes into. A syncobj gets a new handle each time. */
export function syncobjFdToHandle(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE"]): number {
  if ((arg.flags & ~SYNC_FILE) !== 0) return -Errno.EINVAL;
  const driver = caller.process.files.get(arg.fd)?.driver;
  if ((arg.flags & SYNC_FILE) !== 0) {
    if (!(driver instanceof SyncFile)) return -Errno.EINVAL;
    const into = file.syncobjs.get(arg.handle);
    if (into === undefined) return -Errno.ENOENT;
    into.replaceFence(driver.fence);
    return 0;
  }
  if (!(driver instanceof SyncobjFile)) return -Errno.EINVAL;
  arg.handle = file.syncobjs.add(driver.syncobj.get());
  return 0;
}

/** -EINVAL: nothing named, lists of different length, a point or error out of range, a queue's own timeline; -ENOENT: a handle. All or nothing. */
export function syncobjSignal(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL"]): number {
  const { handles, points } = arg;
  const error = arg.error ?? 0;
  if (handles.length === 0 || handles.length > MAX_POINTS || handles.length !== points.length || error > 0 || error < -4095) return -Errno.EINVAL;
  const syncobjs: Syncobj[] = [];
  for (let i = 0; i < handles.length; i++) {
    const syncobj = file.syncobjs.get(handles[i]!);
    if (syncobj === undefined) return -Errno.ENOENT;
    if (!Number.isSafeInteger(points[i]!) || points[i]! < 0 || (points[i] !== 0 && !(syncobj.timeline instanceof UserTimeline))) return -Errno.EINVAL;
    syncobjs.push(syncobj);
  }
  for (let i = 0; i < syncobjs.length; i++) {
    if (points[i] === 0) setBinary(file, syncobjs[i]!, error);
    else (syncobjs[i]!.timeline as UserTimeline).signal(points[i]!, error);
  }
  return 0;
}

/** -EINVAL: nothing named; -ENOENT: a handle. */
export function syncobjQuery(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SYNCOBJ_QUERY"]): number {
  if (arg.handles.length === 0) return -Errno.EINVAL;
  const points: number[] = [];
  for (const handle of arg.handles) {
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) return -Errno.ENOENT;
    points.push(syncobj.timeline.reached);
  }
  arg.points = points;
  return 0;
}

/** Somebody who sleeps until any of several fences signals. */
class Sleeper implements FenceCallback {
  readonly queue: WaitQueue = new WaitQueue();
  fenceSignaled(): void {
    this.queue.wakeAll();
  }
}

/**
 * DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT. -ENOENT: a handle; -EINVAL: too many points, or one that nothing was submitted for. What is waited for is decided at the start:
 * a later signal, reset or replacement of the syncobj does not change it.
 */
export function* syncobjWait(file: DrmFile, arg: WaitIoctlTable["DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT"]): Blocking<number> {
  const { points, all, deadline } = arg;
  if (points.length > MAX_POINTS) return -Errno.EINVAL;
  const fences: (DmaFence | null)[] = [];
  const errors: number[] = [];
  for (const { syncobj: handle, point } of points) {
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) return -Errno.ENOENT;
    const found = findPoint(syncobj, point);
    if (found === "missing") return -Errno.EINVAL;
    fences.push(found === "reached" ? null : found);
    errors.push(found === "reached" ? pointError(syncobj, point) : 0);
  }
  arg.error = 0;
  if (fences.length === 0) return 0;
  for (const fence of fences) fence?.get();
  const result = yield* waitFences(file, fences, all, deadline, points);
  if (result >= 0) arg.error = outcome(fences, errors, all ? -1 : result);
  for (const fence of fences) fence?.put();
  return result;
}

function outcome(fences: readonly (DmaFence | null)[], errors: readonly number[], only: number): number {
  for (let i = 0; i < fences.length; i++) {
    if (only >= 0 && i !== only) continue;
    const error = fences[i]?.error ?? errors[i]!;
    if (error !== 0) return error;
  }
  return 0;
}

/** Waits for all (returns 0) or any (returns its index) of the fences; null stands for one that has signaled. */
function* waitFences(file: DrmFile, fences: readonly (DmaFence | null)[], all: boolean, deadline: number | null, points: readonly SyncPoint[]): Blocking<number> {
  const { clock } = file.device.core.kernel;
  const open = fences.filter((fence): fence is DmaFence => fence !== null && !fence.signaled);
  if (all ? open.length === 0 : open.length < fences.length) return reachedIndex(fences, all);
  if (all || open.length === 1) {
    for (const fence of open) {
      const result = yield* fence.wait(deadline, describe(fence, file));
      if (result < 0) return result;
    }
    return reachedIndex(fences, all);
  }
  const sleeper = new Sleeper();
  for (const fence of open) fence.addCallback(sleeper);
  try {
    while (!fences.some((fence) => fence === null || fence.signaled)) {
      if (deadline !== null && clock.now >= deadline) return -Errno.ETIME;
      const reason = yield { queue: sleeper.queue, deadline, what: `any of ${points.length} points: ${open.map((fence) => describe(fence, file)).join(", ")}`, interruptible: true };
      if (reason === "interrupted") return -Errno.ERESTARTSYS;
    }
    return reachedIndex(fences, all);
  } finally {
    for (const fence of open) fence.removeCallback(sleeper);
  }
}

function reachedIndex(fences: readonly (DmaFence | null)[], all: boolean): number {
  return all ? 0 : fences.findIndex((fence) => fence === null || fence.signaled);
}

function describe(fence: DmaFence, file: DrmFile): string {
  return fence.indefinite ? `timeline point ${fence.seqno}, which a program must signal` : `fence ${fence.toString()} of ${file.device.name}`;
}

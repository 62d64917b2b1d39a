import { Errno } from "../errors.ts";
import type { DmaFence } from "../fence/fence.ts";
import { mutant } from "../mutants.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import { SYNCOBJ_WAIT_ALL, SYNCOBJ_WAIT_AVAILABLE, SYNCOBJ_WAIT_DEADLINE, SYNCOBJ_WAIT_FOR_SUBMIT } from "../sys/sync-uapi.ts";
import type { SyncPoint, WaitIoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import type { Syncobj } from "./syncobj.ts";
import { describeFence, findPoint, MAX_POINTS, pointError } from "./syncobj-points.ts";

const ALL_FLAGS = SYNCOBJ_WAIT_ALL | SYNCOBJ_WAIT_FOR_SUBMIT | SYNCOBJ_WAIT_AVAILABLE | SYNCOBJ_WAIT_DEADLINE;

/** One row of a wait. Once it has a fence it keeps it, whatever becomes of the syncobj. */
class Row {
  readonly syncobj: Syncobj;
  readonly point: number;
  fence: DmaFence | null = null;
  /** It was reached when it was looked at. */
  over = false;
  private before = 0;

  constructor(syncobj: Syncobj, point: number) {
    this.syncobj = syncobj;
    this.point = point;
  }

  /** Whether it has a fence, or had one; @param promised also one that a program has yet to give it */
  look(promised: boolean): boolean {
    if (this.known && !mutant("syncobj-wait-follows")) return true;
    if (!promised && !this.syncobj.available(this.point)) return false;
    const found = findPoint(this.syncobj, this.point);
    if (found === "missing") return false;
    if (found === "reached") {
      this.over = true;
      this.before = pointError(this.syncobj, this.point);
    } else {
      this.fence = found;
    }
    return true;
  }

  get known(): boolean {
    return this.over || this.fence !== null;
  }

  get signaled(): boolean {
    return this.over || this.fence?.signaled === true;
  }

  /** How it ended. */
  get error(): number {
    return this.fence?.error ?? this.before;
  }
}

/** The rows of a wait, or -EINVAL: too many, -ENOENT: a handle. */
function rowsOf(file: DrmFile, points: readonly SyncPoint[]): Row[] | number {
  if (points.length > MAX_POINTS) return -Errno.EINVAL;
  const rows: Row[] = [];
  for (const { syncobj: handle, point } of points) {
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) return -Errno.ENOENT;
    rows.push(new Row(syncobj, point));
  }
  return rows;
}

/**
 * Waits for all (returns 0) or any (returns its index) of the rows.
 *
 * @param available a row counts as soon as it has a fence
 */
function* waitRows(file: DrmFile, rows: readonly Row[], all: boolean, available: boolean, deadline: number | null): Blocking<number> {
  const met = (row: Row): boolean => row.signaled || (available && row.known);
  const result = (): number => {
    const first = rows.findIndex(met);
    if (all && !mutant("syncobj-wait-any")) return rows.every(met) ? 0 : -1;
    return first < 0 || !mutant("syncobj-wait-wrong-index") ? first : rows.length - 1;
  };
  let index = result();
  if (index >= 0) return index;
  const { clock } = file.device.core.kernel;
  const queue = new WaitQueue();
  const callback = { fenceSignaled: (): void => queue.wakeAll() };
  const fences = new Set<DmaFence>();
  const undo: (() => void)[] = [];
  const look = (): void => {
    for (const row of rows) {
      row.look(false);
      if (row.fence !== null && !fences.has(row.fence) && row.fence.addCallback(callback) === 0) fences.add(row.fence);
    }
  };
  for (const row of rows) if (!row.known) undo.push(row.syncobj.watch(() => queue.wakeAll()));
  try {
    for (;;) {
      look();
      index = result();
      if (index >= 0) return index;
      if (deadline !== null && clock.now >= deadline) return mutant("syncobj-timeout-zero") ? 0 : -Errno.ETIME;
      const open = rows.filter((row) => !met(row));
      const names = open.map((row) => (row.fence === null ? `a fence at point ${row.point} of a syncobj` : describeFence(row.fence, file)));
      const what = open.length === 1 ? names[0]! : `${all ? "all" : "any"} of ${rows.length} points: ${names.join(", ")}`;
      const reason = yield { queue, deadline: mutant("syncobj-wakes-early") && deadline !== null ? deadline - 1 : deadline, what, interruptible: true, fences: () => open.flatMap((row) => row.fence ?? []) };
      if (reason === "interrupted") return -Errno.ERESTARTSYS;
      if (reason === "timeout" && mutant("syncobj-wakes-early")) return -Errno.ETIME;
    }
  } finally {
    for (const fence of fences) fence.removeCallback(callback);
    for (const drop of undo) drop();
  }
}

/** The rules of Linux: a row without a fence is refused, unless the flags say that it may come. */
function* waitStrict(file: DrmFile, rows: readonly Row[], flags: number, deadline: number, hope: number | undefined): Blocking<number> {
  if ((flags & ~ALL_FLAGS) !== 0) return -Errno.EINVAL;
  const later = (flags & (SYNCOBJ_WAIT_FOR_SUBMIT | SYNCOBJ_WAIT_AVAILABLE)) !== 0;
  for (const row of rows) if (!row.look(false) && !later) return -Errno.EINVAL;
  if (rows.length === 0) return 0;
  if ((flags & SYNCOBJ_WAIT_DEADLINE) !== 0 && hope !== undefined) for (const row of rows) row.fence?.setDeadline(hope);
  return yield* waitRows(file, rows, (flags & SYNCOBJ_WAIT_ALL) !== 0, (flags & SYNCOBJ_WAIT_AVAILABLE) !== 0, Math.max(0, deadline));
}

/** DRM_IOCTL_SYNCOBJ_WAIT: see SyncobjWaitTable. */
export function* syncobjWaitBinary(file: DrmFile, arg: WaitIoctlTable["DRM_IOCTL_SYNCOBJ_WAIT"]): Blocking<number> {
  if ((arg.flags & SYNCOBJ_WAIT_AVAILABLE) !== 0 || (arg.pad ?? 0) !== 0) return -Errno.EINVAL;
  const rows = rowsOf(file, arg.handles.map((syncobj) => ({ syncobj, point: 0 })));
  if (typeof rows === "number") return rows;
  const result = yield* waitStrict(file, rows, arg.flags, arg.timeoutNs, arg.deadlineNs);
  if (result < 0) return result;
  arg.firstSignaled = (arg.flags & SYNCOBJ_WAIT_ALL) === 0 ? result : 0;
  return 0;
}

/**
 * DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT. -ENOENT: a handle; -EINVAL: too many points, flags, or a point without a fence that may not come. What is waited for is decided at the
 * start: a later signal, reset or replacement of the syncobj does not change it. Without `flags` the model's own rule holds: a point that a program has yet to signal is waited for.
 */
export function* syncobjWait(file: DrmFile, arg: WaitIoctlTable["DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT"]): Blocking<number> {
  const rows = rowsOf(file, arg.points);
  if (typeof rows === "number") return rows;
  arg.error = 0;
  if (arg.flags !== undefined) {
    const result = yield* waitStrict(file, rows, arg.flags, arg.deadline ?? Infinity, arg.deadlineNs);
    if (result < 0) return result;
    const all = (arg.flags & SYNCOBJ_WAIT_ALL) !== 0;
    arg.firstSignaled = all ? 0 : result;
    arg.error = outcome(all ? rows : rows.slice(result, result + 1));
    return 0;
  }
  for (const row of rows) if (!row.look(true)) return -Errno.EINVAL;
  if (rows.length === 0) return 0;
  const result = yield* waitRows(file, rows, arg.all, false, arg.deadline);
  if (result >= 0) arg.error = outcome(arg.all ? rows : rows.slice(result, result + 1));
  return result;
}

/** The first error among rows; 0: none. */
function outcome(rows: readonly Row[]): number {
  for (const row of rows) if (row.signaled && row.error !== 0) return row.error;
  return 0;
}

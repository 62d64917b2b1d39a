import { Errno } from "../errors.ts";
import { DrmExec } from "../fence/drm-exec.ts";
import { DmaFence } from "../fence/fence.ts";
import { Usage, usageFor, type DmaResv } from "../fence/resv.ts";
import { mutant } from "../mutants.ts";
import type { ExecArgs } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import type { GpuJob } from "./gpu-job.ts";
import { findPoint, MAX_POINTS } from "./syncobj-points.ts";
import { UserTimeline } from "./user-timeline.ts";

/** Locked reservations of the objects that a job uses with implicit synchronisation. */
export interface Implicit {
  readonly exec: DrmExec;
  readonly uses: readonly { readonly resv: DmaResv; readonly write: boolean }[];
}

/**
 * Looks up and locks what a job uses implicitly, and makes room for its fence. Null: nothing.
 * -ENOENT: handle; -EINVAL: too many, or the job waits for what only a program can signal (others would wait for that program); -EALREADY: an object twice;
 * -EAGAIN: somebody else is locking; -ENOMEM. After an error nothing is locked.
 */
export function lockImplicit(file: DrmFile, arg: ExecArgs): Implicit | null | number {
  const named = arg.implicit ?? [];
  if (named.length === 0) return null;
  if (named.length > MAX_POINTS) return -Errno.EINVAL;
  for (const { syncobj, point } of arg.waits) {
    const found = findPoint(file.syncobjs.get(syncobj)!, point);
    if (found instanceof DmaFence && found.indefinite) return -Errno.EINVAL;
  }
  const uses: { resv: DmaResv; write: boolean }[] = [];
  for (const { handle, write } of named) {
    const object = file.objects.get(handle);
    if (object === undefined) return -Errno.ENOENT;
    uses.push({ resv: object.resv, write });
  }
  const { faults } = file.device.core.kernel;
  const exec = new DrmExec();
  const step = exec.lockAll(uses.map((use) => use.resv)).next();
  let result = step.done === true ? step.value : -Errno.EAGAIN;
  for (const { resv } of uses) if (result === 0) result = faults.slab() ? -Errno.ENOMEM : resv.reserve(1);
  if (result === 0) return { exec, uses };
  if (!mutant("failed-exec-keeps-locks")) exec.fini();
  return result;
}

/** The job waits for the objects' other users, and counts as one of them: readers wait for writers, writers for everybody. */
export function useImplicit(job: GpuJob, implicit: Implicit): void {
  for (const { resv, write } of implicit.uses) {
    for (const fence of resv.fences(usageFor(write))) job.addDependency(fence);
    resv.add(job.finished, write ? Usage.write : Usage.read);
  }
  implicit.exec.fini();
}

/** Whether a job may put its fence at these points: 0, -ENOENT: handle, -EINVAL: too many, no point, or a queue's own timeline. */
export function checkSignals(file: DrmFile, arg: ExecArgs): number {
  const signals = arg.signals ?? [];
  if (signals.length > MAX_POINTS) return -Errno.EINVAL;
  for (const { syncobj: handle, point } of signals) {
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) return -Errno.ENOENT;
    if (!Number.isSafeInteger(point) || point < 0 || (point > 0 && !(syncobj.timeline instanceof UserTimeline))) return -Errno.EINVAL;
  }
  return 0;
}

/** Puts the job's fence at the points. */
export function putSignals(file: DrmFile, job: GpuJob, arg: ExecArgs): void {
  for (const { syncobj: handle, point } of arg.signals ?? []) {
    const syncobj = file.syncobjs.get(handle)!;
    if (point === 0) syncobj.replaceFence(job.finished);
    else (syncobj.timeline as UserTimeline).add(point, job.finished);
  }
}

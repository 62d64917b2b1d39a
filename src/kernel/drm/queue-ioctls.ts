import { blocksPerMultiprocessor } from "../../gpu/occupancy.ts";
import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import { mutant } from "../mutants.ts";
import { ExecQueue, MAX_LEVEL } from "./queue.ts";
import { Syncobj } from "./syncobj.ts";

/** -ENOENT: context; -EACCES: the kernel's own priority, or more than normal without CAP_SYS_NICE and without being master; -EINVAL: anything else; -ENOMEM; -ECANCELED: the context is banned. */
export function queueCreate(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_EXEC_QUEUE_CREATE"]): number {
  const context = file.contexts.get(arg.context);
  if (context === undefined) return -Errno.ENOENT;
  const priority: number = arg.priority;
  if (priority === 0) return -Errno.EACCES;
  if (!Number.isInteger(priority) || priority < 0 || priority > 3 || !Number.isInteger(arg.level) || Math.abs(arg.level) > MAX_LEVEL) return -Errno.EINVAL;
  if ((arg.engine !== "compute" && arg.engine !== "copy") || (arg.order !== "in-order" && arg.order !== "out-of-order")) return -Errno.EINVAL;
  if (priority === 1 && !caller.process.cred.capabilities.has("CAP_SYS_NICE") && !file.auth.isCurrentMaster) return -Errno.EACCES;
  if (context.fault !== null) return -Errno.ECANCELED;
  const queue = new ExecQueue(context, arg);
  if (file.device.core.kernel.faults.slab()) {
    if (!mutant("failed-queue-stays")) queue.close();
    return -Errno.ENOMEM;
  }
  arg.queue = file.queues.add(queue);
  arg.timeline = file.syncobjs.add(new Syncobj(file.device.core, queue.timeline));
  return 0;
}

/** -ENOENT. */
export function queueDestroy(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_EXEC_QUEUE_DESTROY"]): number {
  const queue = file.queues.remove(arg.queue);
  if (queue === undefined) return -Errno.ENOENT;
  queue.close();
  return 0;
}

/** -ENOENT: queue; -EINVAL: no job has that point. */
export function jobState(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_JOB_STATE"]): number {
  const queue = file.queues.get(arg.queue);
  if (queue === undefined) return -Errno.ENOENT;
  const { timeline } = queue;
  if (!Number.isInteger(arg.point) || arg.point < 1 || arg.point > timeline.last) return -Errno.EINVAL;
  const job = timeline.job(arg.point);
  arg.state = job === undefined ? "done" : job.state;
  arg.error = arg.state === "done" ? timeline.errorAt(arg.point) : 0;
  return 0;
}

/** -EINVAL: no such work-group. */
export function occupancy(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_OCCUPANCY"]): number {
  if (!(arg.threads >= 1) || !(arg.sharedBytes >= 0) || !(arg.registers >= 0)) return -Errno.EINVAL;
  arg.blocks = blocksPerMultiprocessor(file.slice.profile, arg.threads, arg.sharedBytes, arg.registers);
  return 0;
}

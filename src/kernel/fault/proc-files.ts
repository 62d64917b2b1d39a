import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { Thread } from "../process/thread.ts";
import type { FaultInjector } from "./injector.ts";

/** Files of /proc/<pid> and /proc/<pid>/task/<tid> about faults, and what they say of a task. */
export const faultFiles: Readonly<Record<string, (task: Thread) => string>> = {
  "fail-nth": (task) => `${task.failNth}\n`,
  "make-it-fail": (task) => `${task.makeItFail ? 1 : 0}\n`,
};

/**
 * `echo n > /proc/<pid>/fail-nth` and `make-it-fail`.
 * @returns how much was written; -EINVAL: no such number; -EPERM: make-it-fail without CAP_SYS_RESOURCE
 */
export function writeFaultFile(faults: FaultInjector, name: string, task: Thread, content: string, caller: SysCaller): number {
  const given = content.trim();
  if (!/^\d{1,9}$/.test(given)) return -Errno.EINVAL;
  if (name === "fail-nth") {
    faults.setNth(task, Number(given));
    return content.length;
  }
  if (!caller.process.cred.capabilities.has("CAP_SYS_RESOURCE")) return -Errno.EPERM;
  if (given !== "0" && given !== "1") return -Errno.EINVAL;
  task.makeItFail = given === "1";
  return content.length;
}

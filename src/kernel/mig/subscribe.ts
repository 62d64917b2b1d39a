import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { DrmFile } from "../drm/file.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import { CapabilityFile } from "./capabilities.ts";

/** The access right that a descriptor stands for, or a negative errno. */
function accessOf(caller: SysCaller, fd: number): Exclude<CapabilityFile["right"], string> | number {
  const open = caller.process.files.get(fd);
  if (open === undefined) return -Errno.EBADF;
  const { driver } = open;
  return driver instanceof CapabilityFile && typeof driver.right !== "string" ? driver.right : -Errno.EINVAL;
}

/** GLASS_MIG_SUBSCRIBE: see uapi.ts. */
export function migSubscribe(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_MIG_SUBSCRIBE"]): number {
  const gi = accessOf(caller, arg.gi);
  if (typeof gi === "number") return gi;
  const access = accessOf(caller, arg.ci);
  if (typeof access === "number") return access;
  const { ci } = access;
  if (gi.ci !== null || ci === null || ci.gi !== gi.gi || gi.gpu !== file.device.index) return -Errno.EINVAL;
  if (file.device.whole !== null || !file.unused) return -Errno.EBUSY;
  // Rights outlive what they are about.
  if (file.device.parts?.has(gi.gi.device) !== true || gi.gi.compute.get(ci.id) !== ci) return -Errno.ENODEV;
  file.attach(gi.gi.device, ci.slice);
  return 0;
}

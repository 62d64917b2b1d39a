import { FRAME } from "../../gpu/frames.ts";
import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import { GemBacking, GemObject } from "./gem.ts";

/** Largest buffer object, bytes: addresses have 48 bits. */
const MAX_SIZE = 2 ** 47;

/** -EINVAL: size or placement; -ENOMEM. Contents are zero. */
export function gemCreate(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_GEM_CREATE"]): number {
  const { placement } = arg;
  if (!Number.isSafeInteger(arg.size) || arg.size <= 0 || (placement !== "vram" && placement !== "system")) return -Errno.EINVAL;
  if (arg.size > MAX_SIZE) return -Errno.ENOMEM;
  const size = Math.ceil(arg.size / FRAME) * FRAME;
  const quota = placement === "vram" ? file.quota : null;
  if (quota !== null && !quota.charge(size)) return -Errno.ENOMEM;
  const backing = GemBacking.create(file.device, placement, size);
  if (backing === null) {
    quota?.uncharge(size);
    return -Errno.ENOMEM;
  }
  caller.thread.debt += file.device.core.kernel.costs.gemCreate;
  const object = new GemObject(file.device, file.device.nextObjectId(), backing, arg.label, null);
  object.quota = quota;
  arg.handle = file.addHandle(object);
  return 0;
}

/** -EINVAL: no such handle. */
export function gemClose(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_GEM_CLOSE"]): number {
  return file.closeHandle(arg.handle);
}

/** Gives an object a name that other opens of the primary node can open. -ENOENT: handle. The name dies with the last handle. */
export function gemFlink(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_GEM_FLINK"]): number {
  const object = file.objects.get(arg.handle);
  if (object === undefined) return -Errno.ENOENT;
  if (object.name === 0) {
    const names = file.device.names;
    let name = 1;
    while (names.has(name)) name++;
    names.set(name, object);
    object.name = name;
  }
  arg.name = object.name;
  return 0;
}

/** A new handle by name, each time another. -ENOENT: name. */
export function gemOpen(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_GEM_OPEN"]): number {
  const object = file.device.names.get(arg.name);
  if (object === undefined) return -Errno.ENOENT;
  arg.handle = file.addHandle(object);
  arg.size = object.size;
  return 0;
}

/** -ENOENT: handle. */
export function gemMmapOffset(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_GEM_MMAP_OFFSET"]): number {
  const object = file.objects.get(arg.handle);
  if (object === undefined) return -Errno.ENOENT;
  arg.offset = file.device.mapOffset(object);
  return 0;
}

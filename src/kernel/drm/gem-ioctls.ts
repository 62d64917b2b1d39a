import { FRAME } from "../../gpu/frames.ts";
import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import { GEM_ALL_FLAGS, GEM_CONTIGUOUS, GEM_CPU_VISIBLE, GEM_DISCARDABLE, GEM_FALLBACK, GEM_PINNED, GEM_TOPDOWN, type IoctlTable, type Placement } from "../sys/uapi.ts";
import { place, PLACE_CONTIGUOUS, PLACE_DESIRED, PLACE_FALLBACK, PLACE_TOPDOWN, TT, VRAM, type TtmPlace } from "../ttm/placement.ts";
import { mutant } from "../mutants.ts";
import type { DrmFile } from "./file.ts";
import { GemObject } from "./gem.ts";

/** Largest buffer object, bytes: addresses have 48 bits. */
const MAX_SIZE = 2 ** 47;

/** VRAM that an open file has placed; it may not have more than there is. */
const accounts: WeakMap<DrmFile, { bytes: number }> = new WeakMap();

function accountOf(file: DrmFile): { bytes: number } {
  let account = accounts.get(file);
  if (account === undefined) accounts.set(file, (account = { bytes: 0 }));
  return account;
}

/** Where an object with these flags may be, in order. */
export function placesFor(file: DrmFile, placement: Placement, flags: number): TtmPlace[] {
  if (placement === "system") return [place(TT)];
  const bits = ((flags & GEM_CONTIGUOUS) === 0 ? 0 : PLACE_CONTIGUOUS) | ((flags & GEM_TOPDOWN) === 0 ? 0 : PLACE_TOPDOWN);
  const limit = (flags & GEM_CPU_VISIBLE) === 0 ? 0 : file.device.ttm.visiblePages;
  const fallback = (flags & GEM_FALLBACK) !== 0;
  return [place(VRAM, bits | (fallback ? PLACE_DESIRED : 0), 0, limit), ...(fallback ? [place(TT, PLACE_FALLBACK)] : [])];
}

/**
 * Makes an object with memory. Contents are zero.
 * -EINVAL: size, placement or flags; -ENOMEM: no memory, also when the file has as much VRAM as there is, whoever else has some (its objects could never be in place together).
 */
export function gemCreate(file: DrmFile, caller: SysCaller, arg: IoctlTable["GLASS_GEM_CREATE"]): number {
  const { placement, flags = 0 } = arg;
  if (!Number.isSafeInteger(arg.size) || arg.size <= 0 || (placement !== "vram" && placement !== "system")) return -Errno.EINVAL;
  if ((flags & ~GEM_ALL_FLAGS) !== 0 || (flags & GEM_PINNED && flags & (GEM_FALLBACK | GEM_DISCARDABLE))) return -Errno.EINVAL;
  if (arg.size > MAX_SIZE) return -Errno.ENOMEM;
  const size = Math.ceil(arg.size / FRAME) * FRAME;
  const { ttm } = file.device;
  const budgeted = placement === "vram" && (flags & GEM_FALLBACK) === 0;
  const account = accountOf(file);
  if (budgeted && account.bytes + size > ttm.vram.size) return -Errno.ENOMEM;
  const quota = placement === "vram" ? file.quota : null;
  if (quota !== null && !quota.charge(size)) return -Errno.ENOMEM;
  const bo = ttm.create(size, {
    places: placesFor(file, placement, flags), priority: 0, discardable: (flags & GEM_DISCARDABLE) !== 0, cgroup: caller.process.cgroup, account: budgeted ? account : null, owner: caller.process.pid,
  }, (flags & GEM_PINNED) !== 0);
  if (typeof bo === "number") {
    quota?.uncharge(size);
    return bo;
  }
  caller.thread.debt += file.device.core.kernel.costs.gemCreate;
  const object = new GemObject(file.device, file.device.nextObjectId(), bo, arg.label, null);
  object.quota = quota;
  const handle = object.get() && file.addHandle(object);
  object.put();
  if (handle < 0) return handle;
  arg.handle = handle;
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
  if (object.name === 0 || mutant("flink-new-name-each-time")) {
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
  const known = mutant("gem-open-dedupes") ? [...file.objects.entries()].find(([, other]) => other === object) : undefined;
  const handle = known?.[0] ?? file.addHandle(object);
  if (handle < 0) return handle;
  arg.handle = handle;
  arg.size = object.size;
  return 0;
}

/** -ENOENT: handle; -EINVAL: the object was imported from another device, whose node maps it. */
export function gemMmapOffset(file: DrmFile, _caller: SysCaller, arg: IoctlTable["GLASS_GEM_MMAP_OFFSET"]): number {
  let object = file.objects.get(arg.handle);
  if (mutant("foreign-handle-resolves")) for (const other of file.device.files) object ??= other.objects.get(arg.handle);
  if (object === undefined) return -Errno.ENOENT;
  if (object.imported) return -Errno.EINVAL;
  arg.offset = file.device.mapOffset(object);
  return 0;
}

import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import { mutant } from "../mutants.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import type { GpuDevice } from "./device.ts";
import { IdTable } from "./id-table.ts";

/** Whoever may set modes and vouch for others (drm_master): shared by the files that were opened while it was current. */
export class DrmMaster {
  /** Files that have asked for a magic number and were not authenticated with it yet (null: they were). */
  readonly magics: IdTable<{ file: DrmFile | null }> = new IdTable();
}

/** Current master of each device. */
const currentMasters = new WeakMap<GpuDevice, DrmMaster>();

/** The device's current master, if there is one. */
export function currentMaster(device: GpuDevice): DrmMaster | undefined {
  return currentMasters.get(device);
}

/** A file's part in authentication (drm_auth.c). Render nodes have none. */
export class DrmAuth {
  private readonly file: DrmFile;
  private readonly device: GpuDevice;
  private readonly opener: number;
  authenticated: boolean;
  magic = 0;
  private master: DrmMaster | null = null;
  private isMaster = false;
  private wasMaster = false;

  /** The first who opens a primary node becomes master; root is authenticated from the start. */
  constructor(file: DrmFile, device: GpuDevice, caller: SysCaller) {
    this.file = file;
    this.device = device;
    this.opener = caller.process.pid;
    this.authenticated = caller.process.cred.capabilities.has("CAP_SYS_ADMIN");
    if (file.minor !== "primary") return;
    const current = currentMasters.get(device);
    if (current === undefined) this.becomeNew();
    else this.master = current;
  }

  /** Whether it is the master now: it may have dropped that, or another may have been set. */
  get isCurrentMaster(): boolean {
    return this.isMaster && this.master !== null && currentMasters.get(this.device) === this.master;
  }

  private becomeNew(): void {
    this.master = new DrmMaster();
    this.isMaster = true;
    this.wasMaster = true;
    this.authenticated = true;
    currentMasters.set(this.device, this.master);
  }

  /** Who was master may be it again, in the process that opened the file; root always may. */
  private mayChange(caller: SysCaller): boolean {
    return (this.wasMaster && caller.process.pid === this.opener) || caller.process.cred.capabilities.has("CAP_SYS_ADMIN");
  }

  /** DRM_IOCTL_SET_MASTER. -EACCES; -EBUSY: there is another; -EINVAL: the file never saw a master. */
  set(caller: SysCaller): number {
    if (!this.mayChange(caller)) return -Errno.EACCES;
    if (this.isCurrentMaster) return 0;
    if (currentMasters.has(this.device)) return -Errno.EBUSY;
    if (this.master === null) return -Errno.EINVAL;
    if (this.isMaster) currentMasters.set(this.device, this.master);
    else this.becomeNew();
    return 0;
  }

  /** DRM_IOCTL_DROP_MASTER. -EACCES; -EINVAL: it is not the master. */
  drop(caller: SysCaller): number {
    if (!this.mayChange(caller)) return -Errno.EACCES;
    if (!this.isCurrentMaster) return -Errno.EINVAL;
    currentMasters.delete(this.device);
    return 0;
  }

  /** DRM_IOCTL_GET_MAGIC: a number that the master may authenticate this file by; always the same. -EINVAL: no master was ever there. */
  getMagic(): number {
    if (this.master === null) return -Errno.EINVAL;
    if (this.magic === 0) this.magic = this.master.magics.add({ file: this.file });
    return this.magic;
  }

  /** DRM_IOCTL_AUTH_MAGIC, made by the master. -EINVAL: nobody has that number, or it was used. */
  authenticate(magic: number): number {
    const slot = this.master?.magics.get(magic);
    if (slot === undefined || slot.file === null) return -Errno.EINVAL;
    slot.file.auth.authenticated = true;
    slot.file = null;
    return 0;
  }

  /** The file goes; a master that goes leaves none. */
  release(): void {
    if (this.magic !== 0) this.master?.magics.remove(this.magic);
    if (this.isCurrentMaster && !mutant("master-outlives-file")) currentMasters.delete(this.device);
  }
}

/** DRM_IOCTL_GET_MAGIC. */
export function getMagic(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_GET_MAGIC"]): number {
  const magic = file.auth.getMagic();
  if (magic < 0) return magic;
  arg.magic = magic;
  return 0;
}

/** DRM_IOCTL_AUTH_MAGIC. */
export function authMagic(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_AUTH_MAGIC"]): number {
  return file.auth.authenticate(arg.magic);
}

/** DRM_IOCTL_SET_MASTER. */
export function setMaster(file: DrmFile, caller: SysCaller): number {
  return file.auth.set(caller);
}

/** DRM_IOCTL_DROP_MASTER. */
export function dropMaster(file: DrmFile, caller: SysCaller): number {
  return file.auth.drop(caller);
}

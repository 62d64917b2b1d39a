import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { IoctlTable } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";

/** DRM_IOCTL_GET_CAP's capabilities that this kernel knows, Linux numbers. */
const capabilities: ReadonlyMap<number, number> = new Map([
  [0x1, 0], // dumb buffers: there is no display
  [0x5, 3], // PRIME: import and export
  [0x6, 1], // monotonic time stamps
  [0x13, 1], // syncobj
  [0x14, 1], // timeline syncobj
]);
/** Longest client name (DRM_CLIENT_NAME_MAX_LEN, with its terminating zero). */
const NAME_MAX = 64;

/** DRM_IOCTL_GET_UNIQUE: the bus name; empty until a master has set the interface version. */
export function getUnique(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_GET_UNIQUE"]): number {
  arg.unique = file.device.busNameSet ? `pci:${file.device.name}` : "";
  return 0;
}

/** DRM_IOCTL_SET_VERSION. -EINVAL: the core's interface has no such version. OUT: what it has. */
export function setVersion(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SET_VERSION"]): number {
  const { major, minor } = arg;
  const good = major === -1 || (major === 1 && minor >= 0 && minor <= 4);
  arg.major = 1;
  arg.minor = 4;
  if (!good) return -Errno.EINVAL;
  if (major === 1 && minor >= 1) file.device.busNameSet = true;
  return 0;
}

/** DRM_IOCTL_GET_CAP. -EINVAL: unknown. */
export function getCap(_file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_GET_CAP"]): number {
  const value = capabilities.get(arg.capability);
  if (value === undefined) return -Errno.EINVAL;
  arg.value = value;
  return 0;
}

/** DRM_IOCTL_SET_CLIENT_CAP. -EOPNOTSUPP: no driver here drives a display (drm_setclientcap). */
export function setClientCap(): number {
  return -Errno.EOPNOTSUPP;
}

/** DRM_IOCTL_GET_CLIENT: tells of the caller alone; only so that old programs find out whether they are authenticated. -EINVAL: another index. */
export function getClient(file: DrmFile, caller: SysCaller, arg: IoctlTable["DRM_IOCTL_GET_CLIENT"]): number {
  if (arg.idx !== 0) return -Errno.EINVAL;
  arg.auth = file.auth.authenticated ? 1 : 0;
  arg.pid = caller.process.pid;
  arg.uid = caller.process.cred.uid;
  return 0;
}

/** DRM_IOCTL_SET_CLIENT_NAME: shown in debugfs and fdinfo; the empty name takes it away. -EINVAL: too long, or not printable ASCII without spaces. */
export function setClientName(file: DrmFile, _caller: SysCaller, arg: IoctlTable["DRM_IOCTL_SET_CLIENT_NAME"]): number {
  if (typeof arg.name !== "string" || arg.name.length >= NAME_MAX || !/^[\x21-\x7e]*$/.test(arg.name)) return -Errno.EINVAL;
  file.clientName = arg.name;
  return 0;
}

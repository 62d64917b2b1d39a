import { Errno } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { SysCaller } from "../fs/file.ts";
import type { IoctlName, WaitIoctlName } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";

/** What a request demands of its caller (enum drm_ioctl_flags): authenticated on a primary node; */
export const DRM_AUTH = 1;
/** the device's current master; */
export const DRM_MASTER = 2;
/** CAP_SYS_ADMIN. */
export const DRM_ROOT_ONLY = 4;
/** And it may be made on a render node. */
export const DRM_RENDER_ALLOW = 32;

/** Every request of a DRM node. */
export type DrmRequest = Extract<IoctlName | WaitIoctlName, `DRM_IOCTL_${string}` | `GLASS_${string}`>;

const R = DRM_RENDER_ALLOW;

/** The table of drm_ioctl.c, and the driver's own requests, which are all for rendering. A missing row does not compile. */
export const permissions: { readonly [K in DrmRequest]: number } = {
  DRM_IOCTL_VERSION: R, DRM_IOCTL_GET_UNIQUE: 0, DRM_IOCTL_GET_MAGIC: 0, DRM_IOCTL_AUTH_MAGIC: DRM_MASTER, DRM_IOCTL_GET_CLIENT: 0, DRM_IOCTL_GET_CAP: R, DRM_IOCTL_SET_CLIENT_CAP: 0,
  DRM_IOCTL_SET_VERSION: DRM_MASTER, DRM_IOCTL_SET_MASTER: 0, DRM_IOCTL_DROP_MASTER: 0, DRM_IOCTL_SET_CLIENT_NAME: R,
  DRM_IOCTL_GEM_CLOSE: R, DRM_IOCTL_GEM_FLINK: DRM_AUTH, DRM_IOCTL_GEM_OPEN: DRM_AUTH,
  DRM_IOCTL_PRIME_HANDLE_TO_FD: R, DRM_IOCTL_PRIME_FD_TO_HANDLE: R,
  DRM_IOCTL_SYNCOBJ_CREATE: R, DRM_IOCTL_SYNCOBJ_DESTROY: R, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD: R, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE: R,
  DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL: R, DRM_IOCTL_SYNCOBJ_QUERY: R, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT: R,
  DRM_IOCTL_SYNCOBJ_RESET: R, DRM_IOCTL_SYNCOBJ_SIGNAL: R, DRM_IOCTL_SYNCOBJ_EVENTFD: R, DRM_IOCTL_SYNCOBJ_WAIT: R, DRM_IOCTL_SYNCOBJ_TRANSFER: R,
  GLASS_DEVICE_QUERY: R, GLASS_MEM_QUERY: R, GLASS_GEM_CREATE: R, GLASS_GEM_MMAP_OFFSET: R, GLASS_VM_CREATE: R, GLASS_VM_DESTROY: R, GLASS_VM_BIND: R,
  GLASS_VM_BIND_ARRAY: R, GLASS_BIND_QUEUE_CREATE: R, GLASS_BIND_QUEUE_DESTROY: R, GLASS_SVM_ATTR: R, GLASS_SVM_QUERY: R, GLASS_CONTEXT_CREATE: R,
  GLASS_CONTEXT_DESTROY: R, GLASS_CONTEXT_STATE: R, GLASS_RESET_STATUS: R, GLASS_EXEC_QUEUE_CREATE: R, GLASS_EXEC_QUEUE_DESTROY: R, GLASS_EXEC: R,
  GLASS_JOB_STATE: R, GLASS_MIG_SUBSCRIBE: R, GLASS_MPS_ATTACH: R, GLASS_OCCUPANCY: R,
};

/**
 * Whether a caller may make a request (drm_ioctl_permit): 0 or -EACCES.
 * @param flags the request's demands
 */
export function permit(flags: number, file: DrmFile, caller: SysCaller): number {
  if (mutant("drm-permit-all")) return 0;
  if ((flags & DRM_ROOT_ONLY) !== 0 && !caller.process.cred.capabilities.has("CAP_SYS_ADMIN")) return -Errno.EACCES;
  if ((flags & DRM_AUTH) !== 0 && file.minor !== "render" && !file.auth.authenticated) return -Errno.EACCES;
  if ((flags & DRM_MASTER) !== 0 && !file.auth.isCurrentMaster) return -Errno.EACCES;
  if ((flags & DRM_RENDER_ALLOW) === 0 && file.minor === "render") return -Errno.EACCES;
  return 0;
}

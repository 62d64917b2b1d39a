import { Errno } from "../kernel/errors.ts";
import type { Thread } from "../kernel/process/thread.ts";
import type { Sys } from "../kernel/sys/sys.ts";
import { ThreadSys } from "../kernel/sys/thread-sys.ts";
import type { IoctlName, IoctlTable } from "../kernel/sys/uapi.ts";

/** How often a request is made again that was interrupted. libdrm's drmIoctl has no limit; everything here has one. */
const RESTARTS = 1000;
/** The request whose -EAGAIN is an answer: the MPS server recovers. */
const NOT_READY = "GLASS_MPS_ATTACH";

/** System calls as user-mode drivers make them: requests of DRM nodes that were interrupted, or are to be made again, are (libdrm, drmIoctl). */
export class DriverSys extends ThreadSys {
  protected override callsOf(thread: Thread): Sys {
    return new DriverSys(this.kernel, thread);
  }

  override ioctl<K extends IoctlName>(fd: number, request: K, arg: IoctlTable[K]): number {
    let result = super.ioctl(fd, request, arg);
    if (result >= 0 || (result !== -Errno.EINTR && result !== -Errno.EAGAIN)) return result;
    const name: string = request;
    if (!/^(DRM_IOCTL|GLASS)_/.test(name) || name === NOT_READY) return result;
    for (let tries = 0; tries < RESTARTS && (result === -Errno.EINTR || result === -Errno.EAGAIN); tries++) result = super.ioctl(fd, request, arg);
    return result;
  }
}

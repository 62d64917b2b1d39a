import type { Caller } from "../../../api/caller.ts";
import { SYNCOBJ_CREATE_SIGNALED, SYNCOBJ_SYNC_FILE, SYNCOBJ_TIMELINE } from "../../../kernel/sys/sync-uapi.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { Device } from "./device.ts";
import type { Stream } from "./stream.ts";

/**
 * What processes share of an event: a syncobj that holds the fence of the latest record, whoever made it. A record puts a fence in, a wait takes the fence that is there at
 * that moment out into a syncobj of its own.
 */
export class SharedEvent {
  readonly device: Device;
  private readonly handle: number;
  /** Descriptor that other processes may take; -1 until one is wanted. */
  private exported = -1;

  private constructor(device: Device, handle: number) {
    this.device = device;
    this.handle = handle;
  }

  /** A new one, as if its record were over. @returns it, or a negative errno. */
  static create(t: Caller, device: Device): SharedEvent | number {
    const arg = { flags: SYNCOBJ_CREATE_SIGNALED, handle: 0 };
    const error = t.sys.ioctl(device.fd, "DRM_IOCTL_SYNCOBJ_CREATE", arg);
    return error < 0 ? error : new SharedEvent(device, arg.handle);
  }

  /** That of another process, which lent descriptor `theirs`. @returns it, or a negative errno. */
  static open(t: Caller, device: Device, pid: number, theirs: number): SharedEvent | number {
    const process = t.sys.pidfdOpen(pid, 0);
    if (process < 0) return process;
    const fd = t.sys.pidfdGetfd(process, theirs, 0);
    t.sys.close(process);
    if (fd < 0) return fd;
    const arg = { fd, flags: 0, handle: 0 };
    const error = t.sys.ioctl(device.fd, "DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", arg);
    t.sys.close(fd);
    return error < 0 ? error : new SharedEvent(device, arg.handle);
  }

  /** A descriptor of this process for it; stays open as long as the event lives. @returns it, or a negative errno. */
  export(t: Caller): number {
    if (this.exported >= 0) return this.exported;
    const arg = { handle: this.handle, flags: 0, fd: -1 };
    const error = t.sys.ioctl(this.device.fd, "DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", arg);
    return error < 0 ? error : (this.exported = arg.fd);
  }

  /** Puts the fence of a stream's last work in. @returns 0 or a negative errno. */
  record(t: Caller, stream: Stream): number {
    return this.recordPoint(t, stream.context.device, { syncobj: stream.tail, point: stream.tailPoint });
  }

  /** Puts the fence of a point of a device's file in. @returns 0 or a negative errno. */
  recordPoint(t: Caller, device: Device, { syncobj, point }: SyncPoint): number {
    const from = { handle: syncobj, flags: SYNCOBJ_SYNC_FILE | SYNCOBJ_TIMELINE, point, fd: -1 };
    return copyFence(t, device, from, this.device, { handle: this.handle, flags: SYNCOBJ_SYNC_FILE, fd: -1 });
  }

  /** The fence that is in now, as a point of a new syncobj of `device`. @returns it (to be given to `drop`), or a negative errno. */
  take(t: Caller, device: Device): SyncPoint | number {
    const made = { flags: 0, handle: 0 };
    let error = t.sys.ioctl(device.fd, "DRM_IOCTL_SYNCOBJ_CREATE", made);
    if (error < 0) return error;
    const to = { handle: made.handle, flags: SYNCOBJ_SYNC_FILE | SYNCOBJ_TIMELINE, point: 1, fd: -1 };
    error = copyFence(t, this.device, { handle: this.handle, flags: SYNCOBJ_SYNC_FILE, fd: -1 }, device, to);
    if (error >= 0) return { syncobj: made.handle, point: 1 };
    drop(t, device, made.handle);
    return error;
  }

  destroy(t: Caller): void {
    if (this.exported >= 0) t.sys.close(this.exported);
    drop(t, this.device, this.handle);
  }
}

/** Gives a point of `take` back; work that was submitted with it keeps the fence. */
export function drop(t: Caller, device: Device, handle: number): void {
  t.sys.ioctl(device.fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle });
}

type FenceAt = { handle: number; readonly flags: number; fd: number; readonly point?: number };

/** One fence from syncobj to syncobj, as a sync file. @returns 0 or a negative errno. */
function copyFence(t: Caller, from: Device, source: FenceAt, to: Device, target: FenceAt): number {
  let error = t.sys.ioctl(from.fd, "DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", source);
  if (error < 0) return error;
  target.fd = source.fd;
  error = t.sys.ioctl(to.fd, "DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", target);
  t.sys.close(source.fd);
  return Math.min(error, 0);
}

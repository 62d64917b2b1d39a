import type { Caller } from "../../api/caller.ts";
import type { Slot } from "./context-object.ts";

/** A timeline syncobj of one device's file, and the same object under other devices' files where they had to wait for it. */
export class Timeline {
  readonly home: Slot;
  readonly handle: number;
  private imports: Map<Slot, number> | null = null;

  constructor(home: Slot, handle: number) {
    this.home = home;
    this.handle = handle;
  }

  /** Its handle on `slot`'s file, or a negative errno. */
  on(t: Caller, slot: Slot): number {
    if (slot.device === this.home.device) return this.handle;
    const known = this.imports?.get(slot);
    if (known !== undefined) return known;
    const exported = { handle: this.handle, flags: 0, fd: -1 };
    let result = t.sys.ioctl(this.home.device.fd, "DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", exported);
    if (result < 0) return result;
    const imported = { fd: exported.fd, flags: 0, handle: 0 };
    result = t.sys.ioctl(slot.device.fd, "DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", imported);
    t.sys.close(exported.fd);
    if (result < 0) return result;
    (this.imports ??= new Map()).set(slot, imported.handle);
    return imported.handle;
  }

  dispose(t: Caller): void {
    t.sys.ioctl(this.home.device.fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: this.handle });
    for (const [slot, handle] of this.imports ?? []) t.sys.ioctl(slot.device.fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle });
  }
}

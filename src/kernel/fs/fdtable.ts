import { Errno } from "../errors.ts";
import type { OpenFile } from "./file.ts";

/** RLIMIT_NOFILE. */
export const MAX_FDS = 1024;

interface Slot {
  readonly file: OpenFile;
  readonly cloexec: boolean;
}

/** A process's descriptors: always the lowest free number. 0, 1, 2 are taken by the standard streams. */
export class FdTable {
  private readonly slots: (Slot | null)[] = [null, null, null];

  /** Installs a file; the reference is the table's from now on. -EMFILE when full (the reference stays the caller's). */
  install(file: OpenFile, cloexec: boolean): number {
    let fd = 3;
    while (this.slots[fd]) fd++;
    if (fd >= MAX_FDS) return -Errno.EMFILE;
    this.slots[fd] = { file, cloexec };
    return fd;
  }

  get(fd: number): OpenFile | undefined {
    return this.slots[fd]?.file;
  }

  close(fd: number, killed: boolean = false): number {
    const slot = this.slots[fd];
    if (!slot) return -Errno.EBADF;
    this.slots[fd] = null;
    slot.file.put(killed);
    return 0;
  }

  dup(fd: number): number {
    const slot = this.slots[fd];
    if (!slot) return -Errno.EBADF;
    const result = this.install(slot.file.get(), false);
    if (result < 0) slot.file.put(false);
    return result;
  }

  /** A child's table: the same open files. */
  fork(): FdTable {
    const child = new FdTable();
    this.slots.forEach((slot, fd) => {
      child.slots[fd] = slot ? { file: slot.file.get(), cloexec: slot.cloexec } : null;
    });
    return child;
  }

  /** exec: descriptors marked close-on-exec go. */
  exec(): void {
    this.slots.forEach((slot, fd) => {
      if (slot?.cloexec) this.close(fd);
    });
  }

  closeAll(killed: boolean): void {
    for (let fd = 3; fd < this.slots.length; fd++) if (this.slots[fd]) this.close(fd, killed);
  }

  /** Open descriptors, ascending. */
  *entries(): Generator<readonly [number, OpenFile]> {
    for (let fd = 3; fd < this.slots.length; fd++) {
      const slot = this.slots[fd];
      if (slot) yield [fd, slot.file];
    }
  }
}

import { Errno } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { OpenFile } from "./file.ts";

/** RLIMIT_NOFILE that processes begin with. */
export const MAX_FDS = 1024;

interface Slot {
  readonly file: OpenFile;
  readonly cloexec: boolean;
}

/** A process's descriptors: always the lowest free number. */
export class FdTable {
  private readonly slots: (Slot | null)[] = [];
  private readonly refuse: (() => boolean) | null;

  /** @param refuse asked before a descriptor is given out: whether there is none to be had (fault injection) */
  constructor(refuse: (() => boolean) | null = null) {
    this.refuse = refuse;
  }

  /**
   * Installs a file; the reference is the table's from now on. -EMFILE when full (the reference stays the caller's).
   * @param limit descriptors are below it (RLIMIT_NOFILE)
   * @param from the lowest number to be considered (F_DUPFD)
   */
  install(file: OpenFile, cloexec: boolean, limit: number = MAX_FDS, from: number = 0): number {
    let fd = from;
    if (mutant("fd-not-lowest")) fd = Math.max(from, this.slots.length);
    while (this.slots[fd]) fd++;
    if (fd >= limit || this.refuse?.() === true) return -Errno.EMFILE;
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

  /** dup(2), and with `from` F_DUPFD. -EBADF, -EMFILE. */
  dup(fd: number, limit: number = MAX_FDS, from: number = 0, cloexec: boolean = false): number {
    const slot = this.slots[fd];
    if (!slot) return -Errno.EBADF;
    const result = this.install(slot.file.get(), cloexec, limit, from);
    if (result < 0 && !mutant("failed-dup-keeps-reference")) slot.file.put(false);
    return result;
  }

  /** dup3(2): `to` becomes another number of `fd`'s file; what it was is closed. The two differ. -EBADF: no such descriptor, or `to` is not below the limit; -EMFILE: the table cannot grow. */
  replace(fd: number, to: number, cloexec: boolean, limit: number): number {
    const slot = this.slots[fd];
    if (!slot || !Number.isInteger(to) || to < 0 || to >= limit) return -Errno.EBADF;
    if (this.refuse?.() === true) return -Errno.EMFILE;
    const before = this.slots[to];
    while (this.slots.length < to) this.slots.push(null);
    this.slots[to] = { file: slot.file.get(), cloexec };
    before?.file.put(false);
    return to;
  }

  /** Whether a descriptor goes at exec; undefined: there is none. */
  cloexec(fd: number): boolean | undefined {
    return this.slots[fd]?.cloexec;
  }

  /** F_SETFD. -EBADF. */
  setCloexec(fd: number, cloexec: boolean): number {
    const slot = this.slots[fd];
    if (!slot) return -Errno.EBADF;
    this.slots[fd] = { file: slot.file, cloexec };
    return 0;
  }

  /** A child's table: the same open files. */
  fork(): FdTable {
    const child = new FdTable(this.refuse);
    this.slots.forEach((slot, fd) => {
      child.slots[fd] = slot ? { file: slot.file.get(), cloexec: slot.cloexec } : null;
    });
    return child;
  }

  /** exec: descriptors marked close-on-exec go. */
  exec(): void {
    if (mutant("exec-keeps-cloexec")) return;
    this.slots.forEach((slot, fd) => {
      if (slot?.cloexec) this.close(fd);
    });
  }

  closeAll(killed: boolean): void {
    for (let fd = 0; fd < this.slots.length; fd++) if (this.slots[fd]) this.close(fd, killed);
  }

  /** Open descriptors, ascending. */
  *entries(): Generator<readonly [number, OpenFile]> {
    for (let fd = 0; fd < this.slots.length; fd++) {
      const slot = this.slots[fd];
      if (slot) yield [fd, slot.file];
    }
  }
}

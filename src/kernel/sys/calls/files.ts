import { Errno } from "../../errors.ts";
import { touch } from "../../footprint.ts";
import { EventFd, EFD_SEMAPHORE } from "../../fs/eventfd.ts";
import { OpenFile, type FileDriver } from "../../fs/file.ts";
import { O_NONBLOCK, Pipe } from "../../fs/pipe.ts";
import { pollFiles, type PollFd } from "../../fs/poll.ts";
import { O_APPEND, PlainFile, readFile, seekFile, writeFile } from "../../fs/read-write.ts";
import type { FileMode, FileStat } from "../../fs/vfs.ts";
import { RLIMIT_NOFILE } from "../../process/rlimit.ts";
import type { Blocking } from "../../process/wait.ts";
import { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_SETFD, F_SETFL, FD_CLOEXEC, O_CLOEXEC, O_CREAT, O_EXCL, O_TRUNC } from "../flags.ts";
import { CallBase } from "./base.ts";

/** System calls on files and descriptors. */
export abstract class FileCalls extends CallBase {
  /** RLIMIT_NOFILE: descriptors are below it. */
  protected get fdLimit(): number {
    return this.process.limits.get(RLIMIT_NOFILE)!.soft;
  }

  open(path: string, flags: number): number {
    this.charge();
    if (this.fails("failslab")) return -Errno.ENOMEM;
    const at = this.absolute(path);
    const driver = this.openDriver(at, flags);
    if (typeof driver === "number") return driver;
    return this.installFile(new OpenFile(at, flags, driver), (flags & O_CLOEXEC) !== 0);
  }

  /** The path without the link /proc/self: whose file it is counts. */
  private absolute(path: string): string {
    return path === "/proc/self" || path.startsWith("/proc/self/") ? `/proc/${this.pid}${path.slice(10)}` : path;
  }

  private openDriver(path: string, flags: number): FileDriver | number {
    const { vfs } = this.kernel;
    const want = (flags & 3) === 0 ? 4 : (flags & 3) === 1 ? 2 : 6;
    const node = vfs.node(path);
    if (node !== undefined) return vfs.permits(path, this.caller, want) ? node(this.caller, flags) : -Errno.EACCES;
    const creates = (flags & O_CREAT) !== 0;
    const plain = vfs.plain(path);
    if (plain === undefined) {
      const known = vfs.isFile(path, this.caller);
      if (!known && vfs.list(path) !== null) return -Errno.EISDIR;
      if (!known && creates) {
        const made = vfs.write(path, "", this.caller);
        return made < 0 ? made : new PlainFile(vfs, path);
      }
      if (!known) return -Errno.ENOENT;
    }
    if (creates && (flags & O_EXCL) !== 0) return -Errno.EEXIST;
    if (!vfs.permits(path, this.caller, want)) return -Errno.EACCES;
    if (plain !== undefined) {
      if ((flags & O_TRUNC) !== 0 && (flags & 3) !== 0) vfs.write(path, "", this.caller);
      return new PlainFile(vfs, path);
    }
    return {
      kind: "text",
      read: () => vfs.read(path, this.caller),
      write: (data, caller) => vfs.write(path, data, caller),
      release: () => {},
    };
  }

  /** Gives a new open file a descriptor; drops it when there is none. */
  installFile(file: OpenFile, cloexec: boolean): number {
    const fd = this.asTask(() => this.process.files.install(file, cloexec, this.fdLimit));
    if (fd < 0) file.put(false);
    return fd;
  }

  close(fd: number): number {
    this.charge();
    const result = this.process.files.close(fd);
    this.kernel.sockets.collect();
    return result;
  }

  dup(fd: number): number {
    this.charge();
    return this.asTask(() => this.process.files.dup(fd, this.fdLimit));
  }

  dup2(fd: number, to: number): number {
    this.charge();
    if (fd === to) return this.process.files.get(fd) === undefined ? -Errno.EBADF : to;
    return this.asTask(() => this.process.files.replace(fd, to, false, this.fdLimit));
  }

  dup3(fd: number, to: number, flags: number): number {
    this.charge();
    if (fd === to || (flags & ~O_CLOEXEC) !== 0) return -Errno.EINVAL;
    return this.asTask(() => this.process.files.replace(fd, to, flags !== 0, this.fdLimit));
  }

  fcntl(fd: number, command: number, arg: number = 0): number {
    this.charge();
    const { files } = this.process;
    const file = files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    switch (command) {
      case F_DUPFD:
      case F_DUPFD_CLOEXEC:
        return arg < 0 || arg >= this.fdLimit ? -Errno.EINVAL : this.asTask(() => files.dup(fd, this.fdLimit, arg, command === F_DUPFD_CLOEXEC));
      case F_GETFD:
        return files.cloexec(fd) === true ? FD_CLOEXEC : 0;
      case F_SETFD:
        return files.setCloexec(fd, (arg & FD_CLOEXEC) !== 0);
      case F_GETFL:
        return file.flags & ~(O_CLOEXEC | O_CREAT | O_EXCL | O_TRUNC);
      case F_SETFL:
        file.flags = (file.flags & ~(O_APPEND | O_NONBLOCK)) | (arg & (O_APPEND | O_NONBLOCK));
        return 0;
      default:
        return -Errno.EINVAL;
    }
  }

  readdir(path: string): readonly string[] | number {
    this.charge();
    return this.kernel.vfs.list(path) ?? -Errno.ENOENT;
  }

  mkdir(path: string): number {
    this.charge();
    return this.fails("failslab") ? -Errno.ENOMEM : this.kernel.vfs.mkdir(path, this.caller);
  }

  rmdir(path: string): number {
    this.charge();
    return this.kernel.vfs.rmdir(path, this.caller);
  }

  readlink(path: string): string | number {
    this.charge();
    return this.kernel.vfs.readlink(path, this.caller);
  }

  stat(path: string): FileStat | number {
    this.charge();
    return this.kernel.vfs.stat(path, this.caller);
  }

  chmod(path: string, mode: number): number {
    this.charge();
    return this.kernel.vfs.chmod(path, this.caller, { mode });
  }

  chown(path: string, uid: number, gid: number): number {
    this.charge();
    if (!this.process.cred.capabilities.has("CAP_DAC_OVERRIDE")) return -Errno.EPERM;
    const change: Partial<FileMode> = { uid, gid };
    return this.kernel.vfs.chmod(path, this.caller, change);
  }

  readFile(path: string): string | number {
    this.thread.debt += 3 * this.kernel.costs.syscall;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    const { vfs } = this.kernel;
    // Before anything is read: some files act when they are.
    if (!vfs.permits(path, this.caller, 4) && vfs.isFile(path, this.caller)) return -Errno.EACCES;
    return vfs.read(path, this.caller);
  }

  writeFile(path: string, text: string): number {
    this.thread.debt += 3 * this.kernel.costs.syscall;
    const at = this.absolute(path);
    if (this.kernel.vfs.exists(at, this.caller) && !this.kernel.vfs.permits(at, this.caller, 2)) return -Errno.EACCES;
    return this.returning(this.kernel.vfs.write(at, text, this.caller));
  }

  write(fd: number, text: string): number {
    this.charge();
    const file = this.process.files.get(fd);
    if (file === undefined || (file.flags & 3) === 0) return -Errno.EBADF;
    const { driver } = file;
    let result = driver.writeBytes === undefined ? driver.write?.(text, this.caller) : this.writeNow(file, text);
    result ??= -Errno.EINVAL;
    if (driver.kind === "tty" && fd <= 2) this.kernel.onOutput?.(this.process, fd, text);
    return this.returning(result);
  }

  /** As much as fits without waiting. */
  private writeNow(file: OpenFile, text: string): number {
    const { flags } = file;
    file.flags |= O_NONBLOCK;
    const step = writeFile(this.caller, file, new TextEncoder().encode(text)).next("woken");
    file.flags = flags;
    return step.done === true ? step.value : -Errno.EAGAIN;
  }

  *read(fd: number, into: Uint8Array): Blocking<number> {
    this.charge();
    if (this.fails("fail_usercopy")) return -Errno.EFAULT;
    return yield* this.onFile(fd, (file) => readFile(this.caller, file, into));
  }

  *writeBytes(fd: number, data: Uint8Array): Blocking<number> {
    this.charge();
    if (this.fails("fail_usercopy")) return -Errno.EFAULT;
    const result = yield* this.onFile(fd, (file) => writeFile(this.caller, file, data));
    if (result > 0 && fd <= 2 && this.process.files.get(fd)?.driver.kind === "tty") this.kernel.onOutput?.(this.process, fd, new TextDecoder().decode(data.subarray(0, result)));
    return result;
  }

  /** Runs a call on a descriptor's file, which stays open meanwhile. */
  protected *onFile(fd: number, call: (file: OpenFile) => Blocking<number>): Blocking<number> {
    const file = this.process.files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    file.get();
    touch(file.driver);
    try {
      return yield* this.interruptible(() => call(file));
    } finally {
      file.put(false);
    }
  }

  lseek(fd: number, offset: number, whence: number): number {
    this.charge();
    const file = this.process.files.get(fd);
    return file === undefined ? -Errno.EBADF : seekFile(file, offset, whence);
  }

  pipe2(flags: number): readonly [number, number] | number {
    this.charge();
    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -Errno.EINVAL;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    return this.installBoth(new Pipe(this.kernel).ends(flags & O_NONBLOCK), (flags & O_CLOEXEC) !== 0);
  }

  /** Two descriptors or none. */
  protected installBoth([a, b]: readonly [OpenFile, OpenFile], cloexec: boolean): readonly [number, number] | number {
    const first = this.installFile(a, cloexec);
    if (first < 0) {
      b.put(false);
      return first;
    }
    const second = this.installFile(b, cloexec);
    if (second >= 0) return [first, second];
    this.process.files.close(first);
    return second;
  }

  eventfd(initial: number, flags: number): number {
    this.charge();
    if ((flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK)) !== 0) return -Errno.EINVAL;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    const counter = new EventFd(initial >>> 0, (flags & EFD_SEMAPHORE) !== 0);
    return this.installFile(new OpenFile("anon_inode:[eventfd]", 2 | (flags & O_NONBLOCK), counter), (flags & O_CLOEXEC) !== 0);
  }

  *poll(rows: readonly PollFd[], timeoutNs: number | null): Blocking<number> {
    this.charge();
    if (rows.length > this.fdLimit) return -Errno.EINVAL;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    const deadline = timeoutNs === null || timeoutNs < 0 ? null : this.kernel.clock.now + this.thread.debt + Math.ceil(timeoutNs);
    const files = rows.map((row) => this.process.files.get(row.fd));
    return yield* this.interruptible(() => pollFiles(rows, files, timeoutNs === 0 ? 0 : deadline, () => this.kernel.clock.now), "never");
  }
}

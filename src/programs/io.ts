import { Errno, errnoName } from "../kernel/errors.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import type { Sys } from "../kernel/sys/sys.ts";

const encoder = new TextEncoder();
/** Bytes read at once. */
const BLOCK = 65_536;

/** Standard input and output of a program: plain system calls, which wait where pipes make them wait. */
export class Io {
  private readonly sys: Sys;

  constructor(sys: Sys) {
    this.sys = sys;
  }

  /** Writes all of a text to a descriptor. @returns 0 or a negative errno */
  *write(fd: number, text: string): Blocking<number> {
    let data = encoder.encode(text);
    while (data.length > 0) {
      const n = yield* this.sys.writeBytes(fd, data);
      if (n < 0) return n;
      data = data.subarray(n);
    }
    return 0;
  }

  /** To standard output. */
  *out(text: string): Blocking<number> {
    return yield* this.write(1, text);
  }

  /** To standard error. */
  *err(text: string): Blocking<number> {
    return yield* this.write(2, text);
  }

  /** Everything up to the end of a file, or a negative errno. */
  *readAll(fd: number): Blocking<string | number> {
    const decoder = new TextDecoder();
    const block = new Uint8Array(BLOCK);
    let text = "";
    for (;;) {
      const n = yield* this.sys.read(fd, block);
      if (n < 0) return n;
      if (n === 0) return text + decoder.decode();
      text += decoder.decode(block.subarray(0, n), { stream: true });
    }
  }
}

const words: ReadonlyMap<number, string> = new Map([
  [Errno.EPERM, "Operation not permitted"], [Errno.ENOENT, "No such file or directory"], [Errno.ESRCH, "No such process"], [Errno.EINTR, "Interrupted system call"],
  [Errno.EIO, "Input/output error"], [Errno.EBADF, "Bad file descriptor"], [Errno.EAGAIN, "Resource temporarily unavailable"], [Errno.ENOMEM, "Cannot allocate memory"],
  [Errno.EACCES, "Permission denied"], [Errno.EFAULT, "Bad address"], [Errno.EBUSY, "Device or resource busy"], [Errno.EEXIST, "File exists"], [Errno.ENODEV, "No such device"],
  [Errno.ENOTDIR, "Not a directory"], [Errno.EISDIR, "Is a directory"], [Errno.EINVAL, "Invalid argument"], [Errno.EMFILE, "Too many open files"], [Errno.ENOTTY, "Inappropriate ioctl for device"],
  [Errno.ENOSPC, "No space left on device"], [Errno.ESPIPE, "Illegal seek"], [Errno.EPIPE, "Broken pipe"], [Errno.ENOTEMPTY, "Directory not empty"], [Errno.EOPNOTSUPP, "Operation not supported"],
  [Errno.ECONNREFUSED, "Connection refused"],
]);

/** strerror(3). */
export function errorWords(errno: number): string {
  return words.get(Math.abs(errno)) ?? `Unknown error ${errnoName(Math.abs(errno))}`;
}

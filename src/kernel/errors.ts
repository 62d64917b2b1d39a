/** Linux error numbers (asm-generic/errno*.h). System calls return them negated. */
export const Errno = {
  EPERM: 1, ENOENT: 2, ESRCH: 3, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, ENOEXEC: 8, EBADF: 9, ECHILD: 10, EAGAIN: 11,
  ENOMEM: 12, EACCES: 13, EFAULT: 14, EBUSY: 16, EEXIST: 17, EXDEV: 18, ENODEV: 19, ENOTDIR: 20, EISDIR: 21, EINVAL: 22,
  ENFILE: 23, EMFILE: 24, ENOTTY: 25, EFBIG: 27, ENOSPC: 28, ESPIPE: 29, EROFS: 30, EPIPE: 32, EDOM: 33, ERANGE: 34,
  EDEADLK: 35, ENAMETOOLONG: 36, ENOSYS: 38, ENOTEMPTY: 39, ELOOP: 40, ETIME: 62, EOVERFLOW: 75, EUSERS: 87, ENOTSOCK: 88, EMSGSIZE: 90, ESOCKTNOSUPPORT: 94,
  EOPNOTSUPP: 95, EAFNOSUPPORT: 97, EADDRINUSE: 98,
  ENOTCONN: 107, ESHUTDOWN: 108, ETOOMANYREFS: 109, ETIMEDOUT: 110, ECONNREFUSED: 111, EALREADY: 114, ECANCELED: 125, EOWNERDEAD: 130, ENOTRECOVERABLE: 131, ERESTARTSYS: 512, ERESTARTNOINTR: 513,
} as const;

/** "EINVAL" and the like. */
export type ErrnoName = keyof typeof Errno;
export type Errno = (typeof Errno)[ErrnoName];

const names = new Map<number, ErrnoName>(Object.entries(Errno).map(([name, value]) => [value, name as ErrnoName]));

/** "-EINVAL" for -22; for messages only. */
export function errnoName(code: number): string {
  const name = names.get(Math.abs(code));
  return name === undefined ? String(code) : `${code < 0 ? "-" : ""}${name}`;
}

/**
 * A mistake of this emulator, never of the program that runs on it. The message ends with what to report.
 */
export class EmulatorBug extends Error {
  constructor(message: string) {
    super(`${message}\nThis is a bug in glassgpu, not in your program. Please report this message with the program and, if you have it, the replay string (machine.replay()).`);
    this.name = "EmulatorBug";
  }
}

/** Throws EmulatorBug unless `condition` holds. On in production too. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new EmulatorBug(`invariant broken: ${message}`);
}

/** One thread that cannot go on, and why. */
export interface Stuck {
  readonly pid: number;
  readonly process: string;
  readonly tid: number;
  readonly thread: string;
  readonly waitsFor: string;
  /** What stands behind that, step by step: the job, what the job waits for, and so on. */
  readonly because: readonly string[];
  /** A library's helper thread: named only because it might be what the others wait for. */
  readonly helper: boolean;
}

/**
 * A call was waiting for something that nothing left in the machine can ever bring about. It names every
 * waiter and what it waits for.
 */
export class DeadlockError extends Error {
  readonly stuck: readonly Stuck[];
  /** Threads of which each waits for the next, and the last for the first; empty when the waits form no circle among threads. */
  readonly cycle: readonly string[];
  constructor(stuck: readonly Stuck[], cycle: readonly string[] = []) {
    const line = (s: Stuck): string => `  ${s.process} (pid ${s.pid}) ${s.helper ? "helper " : ""}thread "${s.thread}" (tid ${s.tid}) waits for ${s.waitsFor}${s.because.map((b) => `\n    which ${b}`).join("")}`;
    const circle = cycle.length === 0 ? "" : `\n  in a circle: ${[...cycle, cycle[0]].join(" -> ")}`;
    super(`deadlock: nothing can wake any of these threads\n${stuck.map(line).join("\n")}${circle}`);
    this.name = "DeadlockError";
    this.stuck = stuck;
    this.cycle = cycle;
  }
}

/**
 * The simulated machine has stopped (a bug check of Windows, "blue screen"), as its model demands: not a mistake of the emulator. Every later call that needs the machine throws it again.
 */
export class BugCheckError extends Error {
  /** Bug check code, such as 0x116 (VIDEO_TDR_FAILURE). */
  readonly code: number;
  constructor(code: number, reason: string) {
    super(`the machine has stopped: bug check 0x${code.toString(16)}: ${reason}`);
    this.name = "BugCheckError";
    this.code = code;
  }
}

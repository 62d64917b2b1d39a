import type { PollFd } from "../fs/poll.ts";
import type { FileStat } from "../fs/vfs.ts";
import type { Capability, Credentials } from "../process/cred.ts";
import type { ResourceLimit } from "../process/rlimit.ts";
import type { Blocking } from "../process/wait.ts";
import type { PointsOfFile, Watch } from "../observe.ts";
import type { SigAction } from "../signal/state.ts";
import type { FutexArgs, FutexWaitv } from "./calls/futex.ts";
import type { ReceiveMessage, SendMessage } from "./calls/sockets.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "./uapi.ts";

export * from "./flags.ts";
export { Signal } from "../signal/numbers.ts";
export type { FileStat } from "../fs/vfs.ts";

/** Body of a simulated host thread, given the thread's own system calls. `yield*` blocking calls; return value is the thread's exit value. */
export type ThreadBody = (sys: Sys) => Generator<import("../process/wait.ts").WaitRequest, unknown, import("../process/wait.ts").WakeReason>;

/**
 * The system calls of one thread of one process: the only way from a user-mode driver to the machine.
 * Every call returns a value of zero or more, or a negative errno, and charges its cost to the calling thread. Calls that may block are generators.
 */
export interface Sys {
  readonly pid: number;
  readonly tid: number;
  /** Whom libraries tell what only they know of their calls' synchronisation; null: nobody watches this machine. No system call: a debugger's door. */
  readonly watch: Watch | null;
  /** Tells, whenever it is asked, whether points (of open files) are reached. No system call, and no time: for checkers. */
  reached(points: readonly PointsOfFile[]): () => boolean;

  /** Lowest free descriptor, or -ENOENT, -EACCES, -EMFILE, -ENODEV. Paths: /dev/dri/*, /sys/**, /proc/**, and files the program made. */
  open(path: string, flags: number): number;
  /** Gives a descriptor back: 0 or -EBADF. */
  close(fd: number): number;
  /** A second descriptor of the same open file, or -EBADF, -EMFILE. */
  dup(fd: number): number;
  /** Makes `to` another descriptor of `fd`'s file; what it was is closed. -EBADF. */
  dup2(fd: number, to: number): number;
  /** dup2 with O_CLOEXEC or 0. -EINVAL: the two are the same. */
  dup3(fd: number, to: number, flags: number): number;
  /** F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL. -EBADF, -EINVAL, -EMFILE. */
  fcntl(fd: number, command: number, arg?: number): number;
  /** Moves a file's position: the new one in bytes, or -ESPIPE, -EINVAL, -EBADF. */
  lseek(fd: number, offset: number, whence: number): number;
  /** read(2) into any bytes: how many, 0 at the end, or -EAGAIN, -EBADF, -EINVAL, -EINTR. */
  read(fd: number, into: Uint8Array): Blocking<number>;
  /** write(2) of bytes, waiting for room if need be: how many, or -EAGAIN, -EPIPE (with SIGPIPE), -EBADF, -EINVAL, -EINTR. */
  writeBytes(fd: number, data: Uint8Array): Blocking<number>;
  /** A pipe: [reading end, writing end], or -EINVAL, -EMFILE. Flags O_CLOEXEC, O_NONBLOCK. */
  pipe2(flags: number): readonly [number, number] | number;
  /** A counter to wait for (eventfd(2)). Flags EFD_SEMAPHORE, O_CLOEXEC, O_NONBLOCK. -EINVAL, -EMFILE. */
  eventfd(initial: number, flags: number): number;
  /** Waits until one of the descriptors is ready: how many rows have revents; 0 when the time (virtual ns; null: no limit) is over; -EINTR, -EINVAL. */
  poll(rows: readonly PollFd[], timeoutNs: number | null): Blocking<number>;
  /** Two connected unix sockets. -EAFNOSUPPORT, -ESOCKTNOSUPPORT, -EMFILE. */
  socketpair(domain: number, type: number): readonly [number, number] | number;
  /** Sends bytes and descriptors (SCM_RIGHTS): bytes sent, or -EBADF, -EINVAL (more than 253), -ENOTSOCK, -EPIPE, -EMSGSIZE, -EAGAIN, -EINTR. */
  sendmsg(fd: number, message: SendMessage): Blocking<number>;
  /** Receives bytes and descriptors: bytes, 0 when the other end is closed, or a negative errno. Flags MSG_CMSG_CLOEXEC. */
  recvmsg(fd: number, message: ReceiveMessage, flags?: number): Blocking<number>;
  /** A process as a descriptor (pidfd_open(2)). -EINVAL: flags, a number that is none; -ESRCH; -EMFILE. */
  pidfdOpen(pid: number, flags: number): number;
  /** A descriptor for another process's open file (pidfd_getfd(2)). -EBADF: either descriptor; -EPERM: the caller may not trace the process; -ESRCH: it is gone; -EINVAL: flags; -EMFILE. */
  pidfdGetfd(pidfd: number, fd: number, flags: number): number;
  /** Makes a directory: 0, -EEXIST, -ENOENT, -EACCES, -EPERM. */
  mkdir(path: string): number;
  /** Removes a directory: 0, -ENOENT, -ENOTDIR, -ENOTEMPTY, -EBUSY, -EACCES, -EPERM. */
  rmdir(path: string): number;
  /** Where a symbolic link leads, or -EINVAL (it is none), -ENOENT. */
  readlink(path: string): string | number;
  /** What is at a path, links not followed, or -ENOENT. */
  stat(path: string): FileStat | number;
  /** Sets the permission bits of a node or file: 0, -ENOENT, -EPERM. */
  chmod(path: string, mode: number): number;
  /** Gives a node or file away: 0, -ENOENT, -EPERM. */
  chown(path: string, uid: number, gid: number): number;
  /** Names in a directory, or a negative errno. */
  readdir(path: string): readonly string[] | number;
  /** Whole text of a file (open, read, close), or a negative errno. */
  readFile(path: string): string | number;
  /** Writes a whole text (as `echo text > path` does). */
  writeFile(path: string, text: string): number;
  /** Writes to a descriptor; 1 and 2 are the process's stdout and stderr. */
  write(fd: number, text: string): number;

  /** A request to the driver of a descriptor: 0 or more, or a negative errno. */
  ioctl<K extends IoctlName>(fd: number, request: K, arg: IoctlTable[K]): number;
  /** A request that may block. */
  ioctlWait<K extends WaitIoctlName>(fd: number, request: K, arg: WaitIoctlTable[K]): Blocking<number>;

  /**
   * Maps `length` bytes; `fd` -1 for anonymous (zeroed) memory, else a DRM node with an offset of GLASS_GEM_MMAP_OFFSET, or a dma-buf.
   * `address` 0 lets the kernel choose (always a multiple of 64 KiB); with MAP_FIXED it is obeyed.
   */
  mmap(address: number, length: number, prot: number, flags: number, fd: number, offset: number): number;
  /** Unmaps whole pages: 0 or a negative errno. */
  munmap(address: number, length: number): number;
  /** Changes the rights of whole pages: 0, -EINVAL (misaligned, unknown rights), -ENOMEM (a part is not mapped). */
  mprotect(address: number, length: number, prot: number): number;
  /**
   * Keeps `length` bytes of address space without memory behind it (PROT_NONE): what user-mode drivers take GPU addresses from, so that a
   * CPU and a GPU address never name two things. `alignment` is a power of two.
   */
  reserve(length: number, alignment: number): number;

  /**
   * The caller's memory as bytes, or null (EFAULT) when the range is not mapped readable (writable when `write`). Loads and stores of the program: no system call in reality, so no cost.
   * The view is live until the mapping goes. Never keep it over a call that may unmap.
   */
  memory(address: number, length: number, write: boolean): Uint8Array | null;
  /** A u32 at an aligned address, or null (EFAULT). */
  load32(address: number): number | null;
  /** Writes a u32 at an aligned address; false is EFAULT. */
  store32(address: number, value: number): boolean;
  /** A u64 at an aligned address as a number (below 2^53), or null (EFAULT). */
  load64(address: number): number | null;

  /** futex(2) on a u32 of the caller's memory. `deadline`: absolute virtual ns or null. */
  futexWait(address: number, expected: number, deadline: number | null, what: string): Blocking<number>;
  /** Wakes at most `count` waiters; returns how many. */
  futexWake(address: number, count: number): number;

  /** futex(2), all operations; `op` with FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME. */
  futex(uaddr: number, op: number, val: number, args?: FutexArgs): Blocking<number>;
  /** futex_waitv(2): the index of a word that was woken, or a negative errno. `timeout`: absolute virtual ns or null. */
  futexWaitv(waiters: readonly FutexWaitv[], flags: number, timeout: number | null, clock?: number): Blocking<number>;
  /** set_robust_list(2): the calling thread's. -EINVAL: the length is not 24. */
  setRobustList(head: number, length: number): number;
  /** get_robust_list(2). -ESRCH, -EPERM. */
  getRobustList(tid: number, out: { head: number; length: number }): number;
  /** set_tid_address(2): a word that is zeroed and woken when the thread ends. Returns the tid. */
  setTidAddress(address: number): number;

  /** Parent's pid. */
  readonly ppid: number;
  readonly credentials: Credentials;
  /**
   * fork(2): the child's pid, or -ENOMEM, -EAGAIN (pids.max). The child has a copy of memory and of the descriptors, and runs `body` (a program cannot be copied
   * in the middle, so it says what the child does). Null: it is driven from outside.
   */
  fork(body: ThreadBody | null, name?: string): number;
  /** execve(2): the calling process goes on with `body`, new memory, and without its close-on-exec descriptors. Does not return to a simulated thread. */
  execve(path: string, argv: readonly string[], body: ThreadBody | null): Blocking<number>;
  /** Ends the process. Does not return to a simulated thread. */
  exit(code: number): number;
  /** Ends the thread. Does not return to a simulated thread. */
  exitThread(): number;
  /** waitpid(2): the child's pid, 0 (WNOHANG), or -ECHILD, -EINVAL, -EINTR. OUT status: the status word. */
  waitpid(pid: number, status: { value: number } | null, options?: number): Blocking<number>;
  /** getpgid(2): the process group of a process (0: the caller's), or -ESRCH. */
  getpgid(pid: number): number;
  /** -EINVAL, -ESRCH, -EPERM. */
  setpgid(pid: number, pgid: number): number;
  /** A new session and group; -EPERM: it leads a group already. */
  setsid(): number;
  /** -EPERM: neither CAP_SETUID nor its own. Leaving root gives up all capabilities. */
  setuid(uid: number): number;
  /** setgid(2). -EPERM: neither CAP_SETGID nor its own. */
  setgid(gid: number): number;
  /** setgroups(2): the supplementary groups. -EPERM: without CAP_SETGID. */
  setgroups(groups: readonly number[]): number;
  /** Keeps these capabilities only. -EPERM: one it has not. */
  capset(capabilities: readonly Capability[]): number;
  /** Reads and sets a limit. -EINVAL, -EPERM. */
  prlimit(resource: number, wanted: ResourceLimit | null, old?: { limit: ResourceLimit } | null): number;
  /** kill(2). -EINVAL, -ESRCH, -EPERM. */
  kill(pid: number, signo: number): number;
  /** tgkill(2): a signal for one thread. -EINVAL, -ESRCH, -EPERM. */
  tgkill(pid: number, tid: number, signo: number): number;
  /** A signal for the calling thread. */
  raise(signo: number): number;
  /** Sets (null: only reads) what the process does with a signal. -EINVAL: no such signal, SIGKILL, SIGSTOP. */
  sigaction(signo: number, action: SigAction | null, old?: { action: SigAction } | null): number;
  /** Changes the calling thread's blocked signals; gives the old ones. */
  sigprocmask(how: number, set: readonly number[] | null): readonly number[] | number;
  /** Blocked signals that wait. */
  sigpending(): readonly number[];
  /** Waits for a handler to run: -EINTR. */
  pause(): Blocking<number>;
  /** pause with another mask. */
  sigsuspend(mask: readonly number[]): Blocking<number>;
  /** sched_setscheduler(2) of a thread (0: the caller). -EINVAL, -ESRCH, -EPERM (real-time without CAP_SYS_NICE). */
  sched_setscheduler(tid: number, policy: number, priority: number): number;
  /** sched_getscheduler(2): the policy of a thread (0: the caller). -EINVAL, -ESRCH. */
  sched_getscheduler(tid: number): number;
  /** sched_getparam(2). OUT param.priority: the real-time priority, 0 for others. -EINVAL, -ESRCH. */
  sched_getparam(tid: number, param: { priority: number }): number;
  /** Sets a nice value. -ESRCH, -EPERM, -EACCES (lower without CAP_SYS_NICE). */
  setpriority(tid: number, nice: number): number;
  /** 20 - nice. */
  getpriority(tid: number): number;

  /** Starts a thread of the same process; returns its tid, or -EAGAIN (pids.max). It is a helper (daemon): the process may end while it waits. */
  clone(name: string, body: ThreadBody): number;
  /** Gives up the processor until `ns` later: 0, or -EINTR. */
  nanosleep(ns: number): Blocking<number>;
  /** Virtual nanoseconds since boot (CLOCK_MONOTONIC). */
  clockGettime(): number;
  /** Work of the program itself: charges `ns` to the calling thread. */
  spend(ns: number): void;
}

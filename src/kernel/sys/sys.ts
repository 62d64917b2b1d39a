import type { Blocking } from "../process/wait.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "./uapi.ts";

/** open(2) and mmap(2) flags, Linux values. */
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_CLOEXEC = 0o2000000;
export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;

/** Body of a simulated host thread, given the thread's own system calls. `yield*` blocking calls; return value is the thread's exit value. */
export type ThreadBody = (sys: Sys) => Generator<import("../process/wait.ts").WaitRequest, unknown, import("../process/wait.ts").WakeReason>;

/**
 * The system calls of one thread of one process: the only way from a user-mode driver to the machine.
 * Every call returns a value of zero or more, or a negative errno, and charges its cost to the calling thread. Calls that may block are generators.
 */
export interface Sys {
  readonly pid: number;
  readonly tid: number;

  /** Lowest free descriptor, or -ENOENT, -EACCES, -EMFILE, -ENODEV. Paths: /dev/dri/*, /sys/**, /proc/**, and files the program made. */
  open(path: string, flags: number): number;
  /** Gives a descriptor back: 0 or -EBADF. */
  close(fd: number): number;
  /** A second descriptor of the same open file, or -EBADF, -EMFILE. */
  dup(fd: number): number;
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

  /** Starts a thread of the same process; returns its tid. It is a helper (daemon): the process may end while it waits. */
  clone(name: string, body: ThreadBody): number;
  /** Gives up the processor until `ns` later. */
  nanosleep(ns: number): Blocking<number>;
  /** Virtual nanoseconds since boot (CLOCK_MONOTONIC). */
  clockGettime(): number;
  /** Work of the program itself: charges `ns` to the calling thread. */
  spend(ns: number): void;
}

import type { Process } from "../process/process.ts";
import type { Thread } from "../process/thread.ts";
import type { Blocking } from "../process/wait.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "../sys/uapi.ts";
import type { Pollable } from "./poll.ts";

/** Who makes a system call. */
export interface SysCaller {
  readonly process: Process;
  readonly thread: Thread;
}

/** What mmap of a file maps: contiguous bytes of the machine's linear memory, kept alive until `unmapped`. */
export interface MappableRange {
  /** Linear-memory address of the first byte. */
  readonly linear: number;
  readonly length: number;
  readonly label: string;
  /** Called once for each mapping (or piece of one) that goes, and once more for each that a fork or split adds. */
  reference(): void;
  /** Called once for each mapping, or piece of one, that goes. */
  unreference(): void;
  /** An access to a mapping that was made not present because the object moves: its linear address now, or a negative errno. */
  fault?(): number;
}

/** What stands behind an open file: a DRM node's state, a dma-buf, a plain text file. Absent operations answer -ENOTTY, -EINVAL or -ENODEV. */
export interface FileDriver {
  readonly kind: string;
  /** A request that answers at once: 0 or more, or a negative errno. */
  ioctl?<K extends IoctlName>(caller: SysCaller, request: K, arg: IoctlTable[K]): number;
  /** A request that may block. */
  ioctlWait?<K extends WaitIoctlName>(caller: SysCaller, request: K, arg: WaitIoctlTable[K]): Blocking<number>;
  /** The range to map, or a negative errno. */
  mmap?(caller: SysCaller, offset: number, length: number, write: boolean): MappableRange | number;
  /** The whole text, as of now; a negative errno for a file that may not be read. */
  read?(): string | number;
  /** Takes text: how much, or a negative errno. */
  write?(text: string, caller: SysCaller): number;
  /** Bytes at the file's position, as many as fit; the driver moves the position. Files that are no texts have it instead of `read`. */
  readBytes?(caller: SysCaller, file: OpenFile, into: Uint8Array): Blocking<number>;
  /** Takes bytes at the file's position: how many, or a negative errno. */
  writeBytes?(caller: SysCaller, file: OpenFile, data: Uint8Array): Blocking<number>;
  /** Readiness for poll(2). Files without it are always ready. */
  readonly poll?: Pollable;
  /** What lseek does: moves in the text (default where there is `read`), nothing ("noop"), or -ESPIPE ("none", default elsewhere). */
  readonly seek?: "text" | "noop" | "none";
  /** lseek of files that have their own idea of it: the new position, or a negative errno. */
  seekTo?(offset: number, whence: number): number;
  /** Text for /proc/<pid>/fdinfo/<fd>. */
  fdinfo?(): string;
  /** The last reference to the open file is gone. `killed`: because its process was killed. */
  release(killed: boolean): void;
}

/** An open file description (struct file): shared by dup, fork and fd passing; its driver is released with the last reference. */
export class OpenFile {
  readonly path: string;
  /** open(2)'s flags; F_SETFL changes O_APPEND and O_NONBLOCK. */
  flags: number;
  readonly driver: FileDriver;
  /** Where the next read or write begins, bytes. */
  position = 0;
  /** Text that reads go through, made when reading began at 0 (seq_file). */
  snapshot: Uint8Array | null = null;
  private references = 1;

  constructor(path: string, flags: number, driver: FileDriver) {
    this.path = path;
    this.flags = flags;
    this.driver = driver;
  }

  /** How many descriptors, messages and calls hold it. */
  get count(): number {
    return this.references;
  }

  /** Takes a reference. */
  get(): this {
    this.references++;
    return this;
  }

  /** Drops a reference; the last one releases the driver. */
  put(killed: boolean): void {
    this.references--;
    if (this.references === 0) this.driver.release(killed);
  }
}

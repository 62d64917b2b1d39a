import type { Process } from "../process/process.ts";
import type { Thread } from "../process/thread.ts";
import type { Blocking } from "../process/wait.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "../sys/uapi.ts";

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
  /** The whole text. */
  read?(): string;
  /** Takes text: how much, or a negative errno. */
  write?(text: string): number;
  /** Text for /proc/<pid>/fdinfo/<fd>. */
  fdinfo?(): string;
  /** The last reference to the open file is gone. `killed`: because its process was killed. */
  release(killed: boolean): void;
}

/** An open file description (struct file): shared by dup, fork and fd passing; its driver is released with the last reference. */
export class OpenFile {
  readonly path: string;
  readonly flags: number;
  readonly driver: FileDriver;
  private references = 1;

  constructor(path: string, flags: number, driver: FileDriver) {
    this.path = path;
    this.flags = flags;
    this.driver = driver;
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

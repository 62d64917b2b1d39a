import { Errno } from "../errors.ts";
import { OpenFile, type FileDriver, type SysCaller } from "../fs/file.ts";
import type { Kernel } from "../machine.ts";
import type { Process } from "../process/process.ts";
import type { Thread } from "../process/thread.ts";
import type { Blocking } from "../process/wait.ts";
import { MAP_ANONYMOUS, MAP_FIXED, MAP_SHARED, O_CLOEXEC, O_CREAT, O_RDONLY, PROT_WRITE, type Sys, type ThreadBody } from "./sys.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "./uapi.ts";

/** The system calls of one thread: decodes, charges, and hands over to the subsystem. */
export class ThreadSys implements Sys {
  readonly pid: number;
  readonly tid: number;
  private readonly kernel: Kernel;
  private readonly process: Process;
  private readonly thread: Thread;
  private readonly caller: SysCaller;

  constructor(kernel: Kernel, thread: Thread) {
    this.kernel = kernel;
    this.thread = thread;
    this.process = thread.process;
    this.pid = thread.process.pid;
    this.tid = thread.tid;
    this.caller = { process: thread.process, thread };
  }

  open(path: string, flags: number): number {
    this.thread.debt += this.kernel.costs.syscall;
    const driver = this.openDriver(path, flags);
    if (typeof driver === "number") return driver;
    return this.installFile(new OpenFile(path, flags, driver), (flags & O_CLOEXEC) !== 0);
  }

  private openDriver(path: string, flags: number): FileDriver | number {
    const node = this.kernel.vfs.node(path);
    if (node !== undefined) return node(this.caller, flags);
    const vfs = this.kernel.vfs;
    const text = vfs.read(path, this.caller);
    if (typeof text === "number") {
      if (text !== -Errno.ENOENT || (flags & O_CREAT) === 0) return text;
      const made = vfs.write(path, "", this.caller);
      if (made < 0) return made;
    }
    return {
      kind: "text",
      read: () => {
        const now = vfs.read(path, this.caller);
        return typeof now === "string" ? now : "";
      },
      ...((flags & 3) === O_RDONLY ? {} : { write: (data: string) => vfs.write(path, data, this.caller) }),
      release: () => {},
    };
  }

  /** Gives a new open file a descriptor; drops it when there is none. */
  installFile(file: OpenFile, cloexec: boolean): number {
    const fd = this.process.files.install(file, cloexec);
    if (fd < 0) file.put(false);
    return fd;
  }

  close(fd: number): number {
    this.thread.debt += this.kernel.costs.syscall;
    return this.process.files.close(fd);
  }

  dup(fd: number): number {
    this.thread.debt += this.kernel.costs.syscall;
    return this.process.files.dup(fd);
  }

  readdir(path: string): readonly string[] | number {
    this.thread.debt += this.kernel.costs.syscall;
    return this.kernel.vfs.list(path) ?? -Errno.ENOENT;
  }

  readFile(path: string): string | number {
    this.thread.debt += 3 * this.kernel.costs.syscall;
    return this.kernel.vfs.read(path, this.caller);
  }

  writeFile(path: string, text: string): number {
    this.thread.debt += 3 * this.kernel.costs.syscall;
    return this.kernel.vfs.write(path, text, this.caller);
  }

  write(fd: number, text: string): number {
    this.thread.debt += this.kernel.costs.syscall;
    if (fd === 1) this.process.stdout += text;
    else if (fd === 2) this.process.stderr += text;
    else {
      const file = this.process.files.get(fd);
      if (file === undefined) return -Errno.EBADF;
      return file.driver.write?.(text) ?? -Errno.EBADF;
    }
    this.kernel.onOutput?.(this.process, fd, text);
    return text.length;
  }

  ioctl<K extends IoctlName>(fd: number, request: K, arg: IoctlTable[K]): number {
    this.thread.debt += this.kernel.costs.ioctl;
    const file = this.process.files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    const driver = file.driver;
    return driver.ioctl === undefined ? -Errno.ENOTTY : driver.ioctl(this.caller, request, arg);
  }

  *ioctlWait<K extends WaitIoctlName>(fd: number, request: K, arg: WaitIoctlTable[K]): Blocking<number> {
    this.thread.debt += this.kernel.costs.ioctl;
    const file = this.process.files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    const driver = file.driver;
    if (driver.ioctlWait === undefined) return -Errno.ENOTTY;
    const { trace } = this.kernel;
    if (trace.enabled) trace.emit("syscalls:sys_enter_ioctl", { fd, cmd: request });
    const result = yield* driver.ioctlWait(this.caller, request, arg);
    if (trace.enabled) trace.emit("syscalls:sys_exit_ioctl", { ret: result });
    return result;
  }

  mmap(address: number, length: number, prot: number, flags: number, fd: number, offset: number): number {
    this.thread.debt += this.kernel.costs.mmap;
    const mm = this.process.mm;
    const fixed = (flags & MAP_FIXED) !== 0;
    if (!(length > 0)) return -Errno.EINVAL;
    if ((flags & MAP_ANONYMOUS) !== 0 || fd === -1) return mm.mapAnonymous(address, length, prot, fixed, (flags & MAP_SHARED) !== 0);
    const file = this.process.files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    if (file.driver.mmap === undefined) return -Errno.ENODEV;
    const range = file.driver.mmap(this.caller, offset, length, (prot & PROT_WRITE) !== 0);
    return typeof range === "number" ? range : mm.mapRange(address, range, prot, fixed);
  }

  munmap(address: number, length: number): number {
    this.thread.debt += this.kernel.costs.mmap;
    return this.process.mm.unmap(address, length);
  }

  mprotect(address: number, length: number, prot: number): number {
    this.thread.debt += this.kernel.costs.mmap;
    return this.process.mm.protect(address, length, prot);
  }

  reserve(length: number, alignment: number): number {
    this.thread.debt += this.kernel.costs.mmap;
    return this.process.mm.reserve(length, alignment);
  }

  memory(address: number, length: number, write: boolean): Uint8Array | null {
    return this.process.mm.view(address, length, write);
  }

  load32(address: number): number | null {
    return this.process.mm.load32(address);
  }

  store32(address: number, value: number): boolean {
    return this.process.mm.store32(address, value);
  }

  load64(address: number): number | null {
    const low = this.process.mm.load32(address);
    const high = this.process.mm.load32(address + 4);
    return low === null || high === null ? null : high * 2 ** 32 + low;
  }

  *futexWait(address: number, expected: number, deadline: number | null, what: string): Blocking<number> {
    const kernel = this.kernel;
    this.thread.debt += kernel.costs.syscall;
    if (kernel.trace.enabled) kernel.trace.emit("syscalls:sys_enter_futex", { uaddr: `0x${address.toString(16)}`, op: "FUTEX_WAIT", val: expected });
    const result = yield* kernel.futex.wait(this.process.mm, address, expected, deadline, what);
    if (result === 0) this.thread.debt += kernel.costs.futexWake;
    if (kernel.trace.enabled) kernel.trace.emit("syscalls:sys_exit_futex", { ret: result });
    return result;
  }

  futexWake(address: number, count: number): number {
    this.thread.debt += this.kernel.costs.syscall;
    if (this.kernel.trace.enabled) this.kernel.trace.emit("syscalls:sys_enter_futex", { uaddr: `0x${address.toString(16)}`, op: "FUTEX_WAKE", val: count });
    return this.kernel.futex.wake(this.process.mm, address, count);
  }

  clone(name: string, body: ThreadBody): number {
    this.thread.debt += this.kernel.costs.schedSwitch;
    const kernel = this.kernel;
    const started: { thread?: Thread } = {};
    const run = function* (): ReturnType<ThreadBody> {
      return yield* body(new ThreadSys(kernel, started.thread!));
    };
    started.thread = this.process.startThread(name, run(), true);
    return started.thread.tid;
  }

  *nanosleep(ns: number): Blocking<number> {
    this.thread.debt += this.kernel.costs.syscall;
    yield { queue: null, deadline: this.kernel.clock.now + Math.max(0, Math.ceil(ns)), what: `${ns} ns to pass` };
    return 0;
  }

  clockGettime(): number {
    return this.kernel.clock.now + this.thread.debt;
  }

  spend(ns: number): void {
    this.thread.debt += Math.max(0, Math.round(ns));
  }
}

import { Errno } from "../errors.ts";
import { faultyRequest, refusal } from "../fault/request.ts";
import { touch } from "../footprint.ts";
import { pageUp } from "../mm/vma.ts";
import type { Thread } from "../process/thread.ts";
import type { Blocking } from "../process/wait.ts";
import { FutexCalls } from "./calls/futex.ts";
import { MAP_ANONYMOUS, MAP_FIXED, MAP_SHARED, PROT_WRITE, type Sys } from "./sys.ts";
import type { PointsOfFile } from "../observe.ts";
import { reachedBy, ThreadWatch } from "./watch.ts";
import type { IoctlName, IoctlTable, WaitIoctlName, WaitIoctlTable } from "./uapi.ts";

/** The system calls of one thread: decodes, charges, and hands over to the subsystem. The chapters of calls stand in calls/, one above the other. */
export class ThreadSys extends FutexCalls implements Sys {
  private watcher: ThreadWatch | null = null;

  get watch(): ThreadWatch | null {
    return this.kernel.observer === null ? null : (this.watcher ??= new ThreadWatch(this.kernel, this.thread));
  }

  reached(points: readonly PointsOfFile[]): () => boolean {
    return reachedBy(this.thread, points);
  }

  protected callsOf(thread: Thread): Sys {
    return new ThreadSys(this.kernel, thread);
  }

  ioctl<K extends IoctlName>(fd: number, request: K, arg: IoctlTable[K]): number {
    this.thread.debt += this.kernel.costs.ioctl;
    touch(this.process.files);
    const file = this.process.files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    const { driver } = file;
    if (driver.ioctl === undefined) return -Errno.ENOTTY;
    const { faults } = this.kernel;
    return faults.active ? faultyRequest(faults, this.caller, file, request, arg, () => driver.ioctl!(this.caller, request, arg)) : driver.ioctl(this.caller, request, arg);
  }

  *ioctlWait<K extends WaitIoctlName>(fd: number, request: K, arg: WaitIoctlTable[K]): Blocking<number> {
    this.thread.debt += this.kernel.costs.ioctl;
    const file = this.process.files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    const driver = file.driver;
    if (driver.ioctlWait === undefined) return -Errno.ENOTTY;
    const { trace } = this.kernel;
    if (trace.enabled) trace.emit("syscalls:sys_enter_ioctl", { fd, cmd: request });
    const { faults } = this.kernel;
    const refused = faults.active ? refusal(faults, this.caller, request, arg) : 0;
    if (refused < 0) return refused;
    const begin = (): Blocking<number> => driver.ioctlWait!(this.caller, request, arg);
    const result = yield* this.interruptible(begin);
    if (trace.enabled) trace.emit("syscalls:sys_exit_ioctl", { ret: result });
    return result;
  }

  mmap(address: number, length: number, prot: number, flags: number, fd: number, offset: number): number {
    this.thread.debt += this.kernel.costs.mmap;
    const mm = this.process.mm;
    const fixed = (flags & MAP_FIXED) !== 0;
    if (!(length > 0)) return -Errno.EINVAL;
    if (this.fails("failslab")) return -Errno.ENOMEM;
    if ((flags & MAP_ANONYMOUS) !== 0 || fd === -1) return this.asTask(() => mm.mapAnonymous(address, length, prot, fixed, (flags & MAP_SHARED) !== 0));
    const file = this.process.files.get(fd);
    if (file === undefined) return -Errno.EBADF;
    if (file.driver.mmap === undefined) return -Errno.ENODEV;
    const range = file.driver.mmap(this.caller, offset, length, (prot & PROT_WRITE) !== 0);
    return typeof range === "number" ? range : mm.mapRange(address, range, prot, fixed);
  }

  munmap(address: number, length: number): number {
    this.thread.debt += this.kernel.costs.mmap;
    const { mm } = this.process;
    if (this.kernel.faults.active && mm.splits(address, address + pageUp(length)) && this.fails("failslab")) return -Errno.ENOMEM;
    return mm.unmap(address, length);
  }

  mprotect(address: number, length: number, prot: number): number {
    this.thread.debt += this.kernel.costs.mmap;
    const { mm } = this.process;
    if (this.kernel.faults.active && mm.splits(address, address + pageUp(length)) && this.fails("failslab")) return -Errno.ENOMEM;
    return mm.protect(address, length, prot);
  }

  reserve(length: number, alignment: number): number {
    this.thread.debt += this.kernel.costs.mmap;
    return this.fails("failslab") ? -Errno.ENOMEM : this.process.mm.reserve(length, alignment);
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

  clockGettime(): number {
    return this.kernel.clock.now + this.thread.debt;
  }

  spend(ns: number): void {
    this.thread.debt += Math.max(0, Math.round(ns));
  }
}

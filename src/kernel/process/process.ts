import type { FdTable } from "../fs/fdtable.ts";
import type { Kernel } from "../machine.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { Thread } from "./thread.ts";
import { WaitQueue, type Blocking } from "./wait.ts";

/** How a process ended. */
export interface ExitStatus {
  readonly code: number;
  /** Signal number, or 0: 9 for kill -9, 6 for an uncaught error in a simulated program. */
  readonly signal: number;
}

/**
 * A process: an address space, a table of open files, threads. What user-mode libraries keep lives in `userland` and dies with it.
 */
export class Process {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  readonly mm: AddressSpace;
  readonly files: FdTable;
  readonly threads: Map<number, Thread> = new Map();
  /** The first thread. A scripted process's main thread is driven by calls from outside. */
  readonly main: Thread;
  /** Room for user-mode libraries, by StateKey.index. */
  readonly userland: unknown[] = [];
  /** Runs when the process ends, before its files are closed: libraries drop what the kernel does not know. */
  readonly atExit: (() => void)[] = [];
  /** Environment variables. A forked child starts with a copy. */
  readonly env: Map<string, string> = new Map();
  readonly exitQueue: WaitQueue = new WaitQueue();
  exit: ExitStatus | null = null;
  /** What was written to descriptors 1 and 2. */
  stdout = "";
  stderr = "";
  /** What an uncaught error of a simulated program was. */
  failure: unknown = null;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel, pid: number, ppid: number, name: string, mm: AddressSpace, files: FdTable, body: ((self: Process) => Blocking<unknown>) | null) {
    this.kernel = kernel;
    this.pid = pid;
    this.ppid = ppid;
    this.name = name;
    this.mm = mm;
    this.files = files;
    this.main = new Thread(kernel, this, pid, name, null, false);
    this.threads.set(pid, this.main);
    if (body !== null) {
      this.main.body = body(this);
      this.main.state = "parked";
      this.main.wake("woken");
    }
  }

  /** Starts a thread; it is ready at once. */
  startThread(name: string, body: Blocking<unknown>, daemon: boolean): Thread {
    const thread = new Thread(this.kernel, this, this.kernel.nextTid(), name, body, daemon);
    this.threads.set(thread.tid, thread);
    thread.state = "parked";
    thread.wake("woken");
    return thread;
  }

  /** A simulated thread returned. The process ends with its main thread. */
  threadEnded(thread: Thread): void {
    if (thread === this.main) {
      this.terminate({ code: typeof thread.result === "number" ? thread.result & 255 : 0, signal: 0 });
      return;
    }
    this.threads.delete(thread.tid);
    thread.kill();
  }

  /** A simulated thread threw: the process aborts, as an uncaught C++ exception does. */
  threadFailed(_thread: Thread, error: unknown): void {
    this.failure = error;
    this.stderr += `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
    this.terminate({ code: 134, signal: 6 });
  }

  /** Ends the process: threads first, then open files (drivers see the last reference go), then memory. */
  terminate(status: ExitStatus): void {
    if (this.exit !== null) return;
    this.exit = status;
    for (const hook of this.atExit.splice(0)) hook();
    for (const thread of this.threads.values()) thread.kill();
    this.files.closeAll(status.signal === 9);
    this.mm.destroy();
    this.userland.length = 0;
    if (this.kernel.trace.enabled) this.kernel.trace.emit("sched:sched_process_exit", { comm: this.name, pid: this.pid });
    this.kernel.reap(this);
    this.exitQueue.wakeAll();
  }
}

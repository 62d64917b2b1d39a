import type { Cgroup } from "../cgroup/cgroup.ts";
import type { FdTable } from "../fs/fdtable.ts";
import { touch } from "../footprint.ts";
import { threadExited } from "../futex/exit.ts";
import type { Kernel } from "../machine.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { mutant } from "../mutants.ts";
import type { ProcessSignals } from "../signal/state.ts";
import type { Credentials } from "./cred.ts";
import type { ResourceLimits } from "./rlimit.ts";
import { Thread } from "./thread.ts";
import { WaitQueue, type Blocking } from "./wait.ts";

/** How a process ended. */
export interface ExitStatus {
  readonly code: number;
  /** Signal number, or 0: 9 for kill -9, 6 for an uncaught error in a simulated program. */
  readonly signal: number;
}

/** What a new process is made of. */
export interface ProcessParts {
  readonly pid: number;
  readonly parent: Process | null;
  readonly name: string;
  readonly mm: AddressSpace;
  readonly files: FdTable;
  readonly cred: Credentials;
  readonly cgroup: Cgroup;
  readonly signals: ProcessSignals;
  readonly limits: ResourceLimits;
  readonly body: ((self: Process) => Blocking<unknown>) | null;
}

/** A stop or a continuation that the parent has not asked about yet. */
export type StateChange = { readonly kind: "stopped"; readonly signal: number } | { readonly kind: "continued" };

/**
 * A process: an address space, a table of open files, threads. What user-mode libraries keep lives in `userland` and dies with it.
 */
export class Process {
  readonly pid: number;
  /** Parent's pid; 1 (init) when it was made from outside or its parent has ended. */
  ppid: number;
  /** Process group and session. */
  pgid: number;
  sid: number;
  /** What /proc/<pid>/comm shows. */
  name: string;
  argv: readonly string[];
  mm: AddressSpace;
  readonly files: FdTable;
  cred: Credentials;
  cgroup: Cgroup;
  readonly limits: ResourceLimits;
  readonly signals: ProcessSignals;
  readonly threads: Map<number, Thread> = new Map();
  /** Children that live, or wait to be asked about. */
  readonly children: Set<Process> = new Set();
  /** The first thread. A scripted process's main thread is driven by calls from outside. */
  readonly main: Thread;
  /** Room for user-mode libraries, by StateKey.index. */
  readonly userland: unknown[] = [];
  /** Indexes of the libraries that the parent had in use when it forked: their state is not ours to use. Empty after exec. */
  inheritedLibraries: ReadonlySet<number> = new Set();
  /** Runs when the process ends, before its files are closed: libraries drop what the kernel does not know. */
  readonly atExit: (() => void)[] = [];
  /** Environment variables. A forked child starts with a copy. */
  readonly env: Map<string, string> = new Map();
  readonly exitQueue: WaitQueue = new WaitQueue();
  /** Threads of this process that wait for a child's change. */
  readonly childQueue: WaitQueue = new WaitQueue();
  exit: ExitStatus | null = null;
  /** The signal that stopped it, or 0. */
  stopped = 0;
  /** For waitpid. */
  change: StateChange | null = null;
  /** Threads that would run if the process were not stopped. */
  private held: Thread[] = [];
  readonly startedAt: number;
  /** What was written to descriptors 1 and 2. */
  stdout = "";
  stderr = "";
  /** What an uncaught error of a simulated program was. */
  failure: unknown = null;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel, parts: ProcessParts) {
    this.kernel = kernel;
    this.pid = parts.pid;
    this.ppid = parts.parent?.pid ?? 1;
    this.pgid = parts.parent?.pgid ?? parts.pid;
    this.sid = parts.parent?.sid ?? parts.pid;
    this.name = parts.name;
    this.argv = parts.parent?.argv ?? [parts.name];
    this.mm = parts.mm;
    this.files = parts.files;
    this.cred = parts.cred;
    this.cgroup = parts.cgroup;
    this.signals = parts.signals;
    this.limits = parts.limits;
    this.startedAt = kernel.clock.now;
    parts.parent?.children.add(this);
    kernel.cgroups.join(this.cgroup, this);
    this.main = new Thread(kernel, this, parts.pid, parts.name, null, false);
    this.addThread(this.main);
    if (parts.body !== null) this.begin(parts.body(this));
  }

  /** Lets the machine run `body` as the main thread. */
  begin(body: Blocking<unknown>): void {
    this.main.body = body;
    this.main.simulated = true;
    this.main.state = "parked";
    this.main.wake("woken");
  }

  private addThread(thread: Thread): void {
    this.threads.set(thread.tid, thread);
    this.cgroup.pids.charge(1);
  }

  /** Starts a thread; it is ready at once. Scheduling and blocked signals are those of `from`. */
  startThread(name: string, body: Blocking<unknown>, daemon: boolean, from: Thread = this.main): Thread {
    const thread = new Thread(this.kernel, this, this.kernel.nextTid(), name, body, daemon);
    thread.sched = from.sched;
    thread.blocked = from.blocked;
    thread.makeItFail = from.makeItFail;
    this.addThread(thread);
    if (this.kernel.observer !== null) this.kernel.observer.threadStarted(thread, this.kernel.scheduler.current ?? from);
    thread.state = "parked";
    thread.wake("woken");
    return thread;
  }

  /** A simulated thread returned. The process ends with its main thread. */
  threadEnded(thread: Thread): void {
    if (thread.state === "dead") return;
    if (thread === this.main) {
      this.terminate({ code: typeof thread.result === "number" ? thread.result & 255 : 0, signal: 0 });
      return;
    }
    this.endThread(thread);
  }

  /** Ends one thread that is not the last. */
  endThread(thread: Thread): void {
    this.threads.delete(thread.tid);
    this.cgroup.pids.uncharge(1);
    thread.kill();
    threadExited(this.kernel, thread);
  }

  /** A simulated thread threw: the process aborts, as an uncaught C++ exception does. */
  threadFailed(_thread: Thread, error: unknown): void {
    this.failure = error;
    this.stderr += `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
    this.terminate({ code: 134, signal: 6 });
  }

  /** SIGSTOP and its like: no thread runs until resumeAll. */
  stopAll(signo: number): void {
    if (this.stopped !== 0 || this.exit !== null) return;
    this.stopped = signo;
    this.change = { kind: "stopped", signal: signo };
    this.kernel.childChanged(this);
  }

  /** SIGCONT. */
  resumeAll(): void {
    if (this.stopped === 0) return;
    this.stopped = 0;
    this.change = { kind: "continued" };
    this.kernel.childChanged(this);
    for (const thread of this.held.splice(0)) this.kernel.scheduler.enqueue(thread);
  }

  /** A thread of a stopped process would be next: it waits until the process goes on. */
  hold(thread: Thread): void {
    this.held.push(thread);
  }

  /** exec: the other threads end, and what belonged to the old program goes. The process keeps its number, files that are not close-on-exec, and its rights. */
  exec(name: string, argv: readonly string[], mm: AddressSpace): void {
    for (const hook of this.atExit.splice(0)) hook();
    for (const thread of [...this.threads.values()]) {
      if (thread !== this.main) this.endThread(thread);
    }
    threadExited(this.kernel, this.main);
    this.files.exec();
    this.mm.destroy();
    this.mm = mm;
    this.name = name.slice(name.lastIndexOf("/") + 1).slice(0, 15);
    this.argv = argv;
    this.userland.length = 0;
    this.inheritedLibraries = new Set();
    this.signals.exec();
    if (this.kernel.trace.enabled) this.kernel.trace.emit("sched:sched_process_exec", { filename: name, pid: this.pid, old_pid: this.pid });
  }

  /** Ends the process: threads first, then open files (drivers see the last reference go), then memory. */
  terminate(status: ExitStatus): void {
    if (this.exit !== null) return;
    touch(this);
    this.exit = status;
    this.stopped = 0;
    this.held.length = 0;
    for (const hook of this.atExit.splice(0)) hook();
    // All stop before the first gives its locks back: what they held goes to a thread that lives on.
    const threads = [...this.threads.values()];
    for (const thread of threads) thread.kill();
    if (!mutant("robust-list-forgotten-at-exit")) for (const thread of threads) threadExited(this.kernel, thread);
    this.cgroup.pids.uncharge(threads.length);
    this.threads.clear();
    this.kernel.cgroups.leave(this);
    this.files.closeAll(status.signal === 9);
    this.mm.destroy();
    this.userland.length = 0;
    if (this.kernel.trace.enabled) this.kernel.trace.emit("sched:sched_process_exit", { comm: this.name, pid: this.pid });
    this.kernel.exited(this);
    this.exitQueue.wakeAll();
  }
}

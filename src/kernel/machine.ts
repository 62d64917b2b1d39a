import { CgroupTree, type Cgroup } from "./cgroup/cgroup.ts";
import { cgroupFs } from "./cgroup/files.ts";
import { Choices, firstStrategy, type Strategy } from "./choices.ts";
import { EventQueue, type Clock, type EventOrder } from "./clock.ts";
import { makeCosts, type Costs } from "./costs.ts";
import { provide } from "./drm/files/tree.ts";
import { BugCheckError, Errno } from "./errors.ts";
import { faultTrees } from "./fault/debug-files.ts";
import { FaultInjector, type FaultOptions } from "./fault/injector.ts";
import { FdTable } from "./fs/fdtable.ts";
import { KmsgFile } from "./log/kmsg.ts";
import { KernelLog, LogLevel } from "./log/log.ts";
import { procfs } from "./fs/procfs.ts";
import { SocketRegistry } from "./fs/socket-registry.ts";
import { standardFiles } from "./fs/tty.ts";
import { Vfs } from "./fs/vfs.ts";
import { FutexTable } from "./futex/futex.ts";
import { AddressSpace, type SystemMemory } from "./mm/address-space.ts";
import { ROOT, type Credentials } from "./process/cred.ts";
import type { Observer } from "./observe.ts";
import type { Residency } from "./mm/residency.ts";
import { Process } from "./process/process.ts";
import { defaultLimits } from "./process/rlimit.ts";
import { ThreadScheduler } from "./process/scheduler.ts";
import { SIG_IGN, ProcessSignals, SA_NOCLDSTOP, SA_NOCLDWAIT } from "./signal/state.ts";
import { Signal } from "./signal/numbers.ts";
import { sendToProcess } from "./signal/send.ts";
import type { Thread } from "./process/thread.ts";
import type { Blocking } from "./process/wait.ts";
import { waitStatus } from "./process/wait-pid.ts";
import { mountTracefs } from "./trace/tracefs.ts";
import { Tracer } from "./trace/tracer.ts";

/** Which operating system's rules hold. */
export type OsPersonality = "linux" | "windows";

/** What may be set when a kernel is made; see MachineOptions for the same with words. */
export interface KernelOptions {
  readonly os?: OsPersonality;
  readonly strategy?: Strategy;
  readonly order?: EventOrder;
  readonly costs?: Partial<Costs>;
  readonly trace?: boolean;
  readonly faults?: FaultOptions;
}

/** What may be said about a process that is made from outside. */
export interface NewProcess {
  /** Whose rights it has. Default: root's. */
  readonly cred?: Credentials;
  /** Where it is accounted. Default: the root group. */
  readonly cgroup?: Cgroup;
}

/** Something that holds kernel objects and can be asked about them: for tests of leaks and invariants. */
export interface Subsystem {
  readonly name: string;
  /** Throws EmulatorBug when an invariant is broken. */
  checkInvariants(): void;
  /** Live objects by kind. */
  objectCounts(): Readonly<Record<string, number>>;
}

/**
 * The operating system of one machine: clock, choice point, processes, files, memory, futexes. Devices attach themselves
 * (`src/kernel/drm`): they make nodes, mount files and register as subsystems.
 */
export class Kernel {
  readonly os: OsPersonality;
  readonly clock: Clock = { now: 0 };
  readonly choices: Choices;
  readonly events: EventQueue;
  readonly trace: Tracer;
  /** What the kernel says: dmesg. */
  readonly log: KernelLog;
  readonly costs: Costs;
  readonly scheduler: ThreadScheduler;
  readonly futex: FutexTable;
  /** What is to fail, and when. */
  readonly faults: FaultInjector;
  readonly cgroups: CgroupTree = new CgroupTree();
  /** Unix sockets, for files that are on their way through them. */
  readonly sockets: SocketRegistry = new SocketRegistry();
  readonly memory: SystemMemory;
  /** By pid; those that have ended and whose parent has not asked yet (zombies) are here too. */
  readonly processes: Map<number, Process> = new Map();
  /** Told of what programs write to descriptors 1 and 2. */
  onOutput: ((process: Process, fd: number, text: string) => void) | null = null;
  /** Who watches what threads and devices do to each other; null: nobody. */
  observer: Observer | null = null;
  /** Told when a process has ended. */
  readonly onExit: ((process: Process) => void)[] = [];
  /** Address spaces that the programs of show live arrays over pages which are not in RAM now. */
  readonly exposed: Set<Residency> = new Set();
  /** Wall clock time of boot, seconds since 1970: the first second of 2026, so that every run shows the same dates. */
  readonly bootTime: number = 1_767_225_600;
  /** Processes made so far. */
  forks = 0;
  private lastId = 0;
  private windows = 0;
  private readonly files: Vfs;
  private readonly parts: Subsystem[] = [];
  /** What is done when somebody first looks at files or subsystems; null: it was done. */
  private late: (() => void)[] | null = [];

  constructor(memory: SystemMemory, options: KernelOptions = {}) {
    this.memory = memory;
    this.os = options.os ?? "linux";
    this.files = new Vfs(this.os === "windows" ? ["/proc", "/sys"] : []);
    this.choices = new Choices(options.strategy ?? firstStrategy);
    this.events = new EventQueue(this.clock, this.choices, options.order ?? "timed");
    this.costs = makeCosts(options.costs);
    this.scheduler = new ThreadScheduler(this);
    this.log = new KernelLog(this.clock);
    if (this.os === "linux") this.log.atBoot(() => this.log.printk(LogLevel.notice, "Linux version 6.17.0-glassgpu (glassgpu@glassgpu) #1 SMP PREEMPT_DYNAMIC"));
    this.trace = new Tracer(this.clock, () => {
      const current = this.scheduler.current;
      return current === null ? null : { pid: current.process.pid, tid: current.tid, comm: current.process.name };
    }, options.trace ?? false);
    this.futex = new FutexTable((tid) => this.findThread(tid), () => this.scheduler.current!);
    this.faults = new FaultInjector(this, options.faults);
    // Scratch memory of a launch is taken when the hardware gets to it, in nobody's call.
    memory.refuse = (kind, bytes) => this.faults.active && this.faults.should(kind === "system" ? "fail_page_alloc" : "fail_gpu_alloc", kind === "scratch" ? null : undefined, bytes);
    this.parts.push({
      name: "processes",
      checkInvariants: () => {
        for (const process of this.processes.values()) process.mm.checkInvariants();
        this.futex.checkInvariants();
        this.cgroups.checkInvariants();
      },
      objectCounts: () => this.countObjects(),
    });
  }

  /**
   * Puts off work of the machine's making until somebody looks at files or subsystems: most of what a machine has a short program never sees, and a machine that only runs threads
   * is made thousands of times a second.
   */
  atBoot(run: () => void): void {
    if (this.late === null) run();
    else this.late.push(run);
  }

  /** Somebody has looked at files or subsystems. */
  get booted(): boolean {
    return this.late === null;
  }

  private boot(): void {
    const { late } = this;
    if (late === null) return;
    this.late = null;
    for (const [name, root] of faultTrees(this.faults)) this.files.mount(`/sys/kernel/debug/${name}`, provide(`/sys/kernel/debug/${name}`, root));
    this.files.mount("/proc", procfs(this));
    if (this.os === "linux") mountTracefs(this.files, this.trace);
    if (this.os === "linux") this.files.mknod("/dev/kmsg", () => new KmsgFile(this.log), { mode: 0o644, uid: 0, gid: 0 });
    this.files.mount("/sys/fs/cgroup", cgroupFs(this));
    for (const run of late) run();
  }

  /**
   * Makes the kernel new again, for another run under another strategy: much cheaper than making another. Only one of which nobody has seen more than processes, threads and memory; every process is
   * killed. False: it cannot be made new, and is of no use any more.
   */
  restart(strategy: Strategy): boolean {
    // One by one: clear() would leave the old table with all that was in it, linked to the new one, and so keep every run's processes until the next full collection.
    for (const process of this.processes.values()) {
      if (process.exit === null) this.kill(process);
      this.processes.delete(process.pid);
    }
    const { root, count } = this.cgroups;
    const fresh = this.late !== null && !this.trace.enabled && !this.faults.active && this.log.untouched && this.sockets.size === 0 && this.futex.buckets.idle && count === 0 && root.processes.size === 0;
    if (!fresh || !this.events.restart()) return false;
    this.choices.restart(strategy);
    this.scheduler.restart();
    this.clock.now = 0;
    if (this.exposed.size > 0) this.exposed.clear();
    this.onExit.length = 0;
    this.observer = null;
    this.onOutput = null;
    this.lastId = 0;
    this.forks = 0;
    this.windows = 0;
    return true;
  }

  /** The one tree of files. */
  get vfs(): Vfs {
    this.boot();
    return this.files;
  }

  /** What holds kernel objects. */
  get subsystems(): Subsystem[] {
    this.boot();
    return this.parts;
  }

  /** PIDs and TIDs come from one counter, as on Linux. */
  nextTid(): number {
    return 1000 + this.lastId++;
  }

  /** The newest pid or tid; 0 before the first. */
  get lastTid(): number {
    return this.lastId === 0 ? 0 : 999 + this.lastId;
  }

  /** A living thread by number, in whatever process. */
  findThread(tid: number): Thread | undefined {
    const leader = this.processes.get(tid)?.threads.get(tid);
    if (leader !== undefined) return leader;
    for (const process of this.processes.values()) {
      const thread = process.threads.get(tid);
      if (thread !== undefined) return thread;
    }
    return undefined;
  }

  /**
   * Makes a process, a child of init. Without a body its main thread is driven from outside by plain calls; with one, the machine runs it.
   */
  createProcess(name: string, body: ((self: Process) => Blocking<unknown>) | null, options: NewProcess = {}): Process {
    const pid = this.nextTid();
    this.forks++;
    const process = new Process(this, {
      pid, parent: null, name, body, mm: this.newAddressSpace(), files: new FdTable(() => this.faults.active && this.faults.should("fail_fd")), cred: options.cred ?? ROOT, cgroup: options.cgroup ?? this.cgroups.root, signals: new ProcessSignals(), limits: defaultLimits(),
    });
    standardFiles(process.files);
    this.processes.set(pid, process);
    return process;
  }

  /**
   * fork(2): a child with a copy of memory, the same open files, its parent's rights, limits and cgroup. It has one thread, which runs `body`.
   * Returns it, or -ENOMEM, -EAGAIN (pids.max).
   */
  fork(parent: Process, name: string, body: ((self: Process) => Blocking<unknown>) | null, from: Thread = parent.main): Process | number {
    const allowed = this.cgroups.canFork(parent.cgroup);
    if (allowed < 0) return allowed;
    this.cgroups.released(parent.cgroup);
    if (this.faults.slab()) return -Errno.ENOMEM;
    const mm = parent.mm.fork();
    if (typeof mm === "number") return mm;
    const pid = this.nextTid();
    this.forks++;
    const { cred, cgroup } = parent;
    const child = new Process(this, { pid, parent, name, body, mm, files: parent.files.fork(), cred, cgroup, signals: parent.signals.fork(), limits: new Map(parent.limits) });
    for (const [key, value] of parent.env) child.env.set(key, value);
    child.main.sched = from.sched;
    child.main.blocked = from.blocked;
    child.main.makeItFail = from.makeItFail;
    child.inheritedLibraries = new Set([...parent.inheritedLibraries, ...parent.userland.keys()].filter((i) => parent.inheritedLibraries.has(i) || parent.userland[i] !== undefined));
    this.processes.set(pid, child);
    if (this.observer !== null) this.observer.threadStarted(child.main, from);
    if (this.trace.enabled) this.trace.emit("sched:sched_process_fork", { comm: parent.name, pid: parent.pid, child_comm: name, child_pid: pid });
    return child;
  }

  /** An empty address space, with a window of its own. */
  newAddressSpace(): AddressSpace {
    return new AddressSpace(this.memory, this.windows++);
  }

  /** kill(2) with SIGKILL. The process is gone when this returns; its GPU work ends as its driver decides. */
  kill(process: Process): void {
    process.terminate({ code: 137, signal: 9 });
  }

  /** Called by a process that has ended. Its children go to init, which asks about them at once. It stays as a zombie while its parent may ask. */
  exited(process: Process): void {
    for (const hook of this.onExit) hook(process);
    for (const child of [...process.children]) {
      child.ppid = 1;
      process.children.delete(child);
      if (child.exit !== null) this.processes.delete(child.pid);
    }
    const parent = this.processes.get(process.ppid);
    if (parent === undefined || !parent.children.has(process)) {
      this.processes.delete(process.pid);
      return;
    }
    const { handler, flags } = parent.signals.action(Signal.SIGCHLD);
    if (handler === SIG_IGN || (flags & SA_NOCLDWAIT) !== 0) this.release(process);
    this.tellParent(parent, process, waitStatus(process.exit!));
  }

  /** A child was stopped or goes on: its parent may want to know. */
  childChanged(child: Process): void {
    const parent = this.processes.get(child.ppid);
    if (parent === undefined || !parent.children.has(child)) return;
    if ((parent.signals.action(Signal.SIGCHLD).flags & SA_NOCLDSTOP) === 0) this.tellParent(parent, child, child.stopped);
    else parent.childQueue.wakeAll();
  }

  private tellParent(parent: Process, child: Process, status: number): void {
    parent.childQueue.wakeAll();
    sendToProcess(this, parent, { signo: Signal.SIGCHLD, pid: child.pid, uid: child.cred.uid, status });
  }

  /** A zombie has been asked about: its number is free. */
  release(process: Process): void {
    this.processes.get(process.ppid)?.children.delete(process);
    this.processes.delete(process.pid);
  }

  /** Before code outside the machine runs on: whatever it sees as live arrays is in RAM again (docs/decisions/0030). */
  restoreViews(): void {
    for (const residency of this.exposed) residency.restoreViews();
    this.exposed.clear();
  }

  /** Asked by copy engines at each piece of a transfer: null: all is well; 0: it fails; else so many ns late. */
  dmaFault(): number | null {
    const { faults } = this;
    return faults.active && faults.should("fail_dma", null) ? faults.attrs.fail_dma.delayNs : null;
  }

  /** Runs until nothing is left to happen. Returns how many events that were. */
  runUntilIdle(): number {
    const before = this.events.ran;
    while (this.events.runNext());
    this.restoreViews();
    return this.events.ran - before;
  }

  /**
   * Stops the machine for good: a bug check of Windows. Every later call that needs the machine throws BugCheckError.
   * @param code such as 0x116
   */
  bugCheck(code: number, reason: string): void {
    if (this.trace.enabled) this.trace.emit("Microsoft-Windows-Kernel-Power/BugCheck", { BugcheckCode: code, Reason: reason });
    this.events.halt(new BugCheckError(code, reason));
  }

  /** Checks every subsystem. Throws EmulatorBug when one is in disorder. */
  checkInvariants(): void {
    for (const subsystem of this.subsystems) subsystem.checkInvariants();
  }

  /** Live kernel objects by subsystem and kind; all zero after every process has ended. */
  objectCounts(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    return Object.fromEntries(this.subsystems.map((s) => [s.name, s.objectCounts()]));
  }

  private countObjects(): Readonly<Record<string, number>> {
    let threads = 0;
    let mappings = 0;
    let files = 0;
    for (const process of this.processes.values()) {
      threads += process.threads.size;
      mappings += process.mm.mappings().length;
      files += [...process.files.entries()].length;
    }
    return { processes: this.processes.size, threads, mappings, files, futexWaiters: this.futex.waiters };
  }
}

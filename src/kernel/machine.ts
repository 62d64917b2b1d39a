import { Choices, firstStrategy, type Strategy } from "./choices.ts";
import { EventQueue, type Clock, type EventOrder } from "./clock.ts";
import { makeCosts, type Costs } from "./costs.ts";
import { BugCheckError } from "./errors.ts";
import { FdTable } from "./fs/fdtable.ts";
import { procfs } from "./fs/procfs.ts";
import { Vfs } from "./fs/vfs.ts";
import { FutexTable } from "./futex/futex.ts";
import { AddressSpace, type SystemMemory } from "./mm/address-space.ts";
import { Process } from "./process/process.ts";
import { ThreadScheduler } from "./process/scheduler.ts";
import type { Blocking } from "./process/wait.ts";
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
  readonly costs: Costs;
  readonly scheduler: ThreadScheduler;
  readonly vfs: Vfs;
  readonly futex: FutexTable = new FutexTable();
  readonly memory: SystemMemory;
  readonly processes: Map<number, Process> = new Map();
  readonly subsystems: Subsystem[] = [];
  /** Told of what programs write to descriptors 1 and 2. */
  onOutput: ((process: Process, fd: number, text: string) => void) | null = null;
  /** Told when a process has ended. */
  readonly onExit: ((process: Process) => void)[] = [];
  private lastId = 0;
  private windows = 0;

  constructor(memory: SystemMemory, options: KernelOptions = {}) {
    this.memory = memory;
    this.os = options.os ?? "linux";
    this.vfs = new Vfs(this.os === "windows" ? ["/proc", "/sys"] : []);
    this.choices = new Choices(options.strategy ?? firstStrategy);
    this.events = new EventQueue(this.clock, this.choices, options.order ?? "timed");
    this.costs = makeCosts(options.costs);
    this.scheduler = new ThreadScheduler(this);
    this.trace = new Tracer(this.clock, () => {
      const current = this.scheduler.current;
      return current === null ? null : { pid: current.process.pid, tid: current.tid, comm: current.process.name };
    }, options.trace ?? false);
    this.vfs.mount("/proc", procfs(this));
    this.subsystems.push({
      name: "processes",
      checkInvariants: () => {
        for (const process of this.processes.values()) process.mm.checkInvariants();
      },
      objectCounts: () => this.countObjects(),
    });
  }

  /** PIDs and TIDs come from one counter, as on Linux. */
  nextTid(): number {
    return 1000 + this.lastId++;
  }

  /**
   * Makes a process. Without a body its main thread is driven from outside by plain calls; with one, the machine runs it.
   */
  createProcess(name: string, body: ((self: Process) => Blocking<unknown>) | null): Process {
    const pid = this.nextTid();
    const process = new Process(this, pid, 1, name, new AddressSpace(this.memory, this.windows++), new FdTable(), body);
    this.processes.set(pid, process);
    return process;
  }

  /** fork(2): a child with a copy of memory and the same open files. Returns it, or a negative errno. */
  fork(parent: Process, name: string, body: ((self: Process) => Blocking<unknown>) | null): Process | number {
    const mm = parent.mm.fork();
    if (typeof mm === "number") return mm;
    const pid = this.nextTid();
    const child = new Process(this, pid, parent.pid, name, mm, parent.files.fork(), body);
    for (const [key, value] of parent.env) child.env.set(key, value);
    this.processes.set(pid, child);
    if (this.trace.enabled) this.trace.emit("sched:sched_process_fork", { comm: parent.name, pid: parent.pid, child_comm: name, child_pid: pid });
    return child;
  }

  /** kill(2) with SIGKILL. The process is gone when this returns; its GPU work ends as its driver decides. */
  kill(process: Process): void {
    process.terminate({ code: 137, signal: 9 });
  }

  /** Called by a process that has ended. */
  reap(process: Process): void {
    this.processes.delete(process.pid);
    for (const hook of this.onExit) hook(process);
  }

  /** Runs until nothing is left to happen. Returns how many events that were. */
  runUntilIdle(): number {
    const before = this.events.ran;
    while (this.events.runNext());
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

import { LinearStore } from "../../../src/gpu/linear.ts";
import { Kernel, type KernelOptions, type NewProcess } from "../../../src/kernel/machine.ts";
import type { Process } from "../../../src/kernel/process/process.ts";
import type { Blocking } from "../../../src/kernel/process/wait.ts";
import type { Sys } from "../../../src/kernel/sys/sys.ts";
import { ThreadSys } from "../../../src/kernel/sys/thread-sys.ts";

/** A kernel without devices. */
export function makeKernel(options: KernelOptions = {}): Kernel {
  return new Kernel(new LinearStore(2 ** 30), options);
}

/** A process driven by plain calls. */
export class Driven {
  readonly kernel: Kernel;
  readonly process: Process;
  readonly sys: ThreadSys;

  constructor(kernel: Kernel, name = "p", options: NewProcess = {}, process: Process = kernel.createProcess(name, null, options)) {
    this.kernel = kernel;
    this.process = process;
    this.sys = new ThreadSys(kernel, process.main);
  }

  drive<T>(call: Blocking<T>): T {
    return this.kernel.scheduler.drive(this.process.main, call);
  }

  /** A page of private memory. */
  page(shared = false): number {
    return this.sys.mmap(0, 65536, 3, 0x20 | (shared ? 1 : 2), -1, 0);
  }

  /** A forked child that is driven, too. */
  fork(): Driven {
    const pid = this.sys.fork(null, "child");
    if (pid < 0) throw new Error(`fork: ${pid}`);
    return new Driven(this.kernel, "child", {}, this.kernel.processes.get(pid)!);
  }
}

/** A simulated program that gets its main thread's system calls. */
export function spawn(kernel: Kernel, name: string, body: (sys: Sys) => Blocking<unknown>, options: NewProcess = {}): Process {
  return kernel.createProcess(name, (self) => body(new ThreadSys(kernel, self.main)), options);
}

/** Runs another thread of a process. */
export function thread(kernel: Kernel, process: Process, name: string, body: (sys: Sys) => Blocking<unknown>): number {
  const made: { sys?: Sys } = {};
  const run = function* (): Blocking<unknown> {
    return yield* body(made.sys!);
  };
  const started = process.startThread(name, run(), false);
  made.sys = new ThreadSys(kernel, started);
  return started.tid;
}

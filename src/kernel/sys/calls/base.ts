import { Errno } from "../../errors.ts";
import type { FaultName } from "../../fault/points.ts";
import type { SysCaller } from "../../fs/file.ts";
import type { Kernel } from "../../machine.ts";
import type { Process } from "../../process/process.ts";
import { TaskExit } from "../../process/task-exit.ts";
import type { Thread } from "../../process/thread.ts";
import type { Blocking } from "../../process/wait.ts";
import { deliver, deliverNow, hasSignal } from "../../signal/deliver.ts";

/** What all system calls of a thread have in common: who calls, what it costs, and what signals do to it. */
export abstract class CallBase {
  readonly pid: number;
  readonly tid: number;
  protected readonly kernel: Kernel;
  protected readonly process: Process;
  protected readonly thread: Thread;
  protected readonly caller: SysCaller;

  constructor(kernel: Kernel, thread: Thread) {
    this.kernel = kernel;
    this.thread = thread;
    this.process = thread.process;
    this.pid = thread.process.pid;
    this.tid = thread.tid;
    this.caller = { process: thread.process, thread };
  }

  /** Whether this call fails at a named point of fault injection. */
  protected fails(point: FaultName): boolean {
    const { faults } = this.kernel;
    return faults.active && faults.should(point, this.thread);
  }

  /** Runs what may fail inside, as this thread's doing: a thread that is driven from outside is not the running one. */
  protected asTask<T>(run: () => T): T {
    const { faults } = this.kernel;
    if (!faults.active) return run();
    const before = faults.enter(this.thread);
    try {
      return run();
    } finally {
      faults.leave(before);
    }
  }

  /** Charges a system call. */
  protected charge(): void {
    this.thread.debt += this.kernel.costs.syscall;
  }

  /**
   * A call that may block: handlers of signals that came run before it returns, and it begins again or answers -EINTR as signal(7) says.
   * @param begin starts the call anew; deadlines in it are absolute
   * @param restart "asked": again after handlers with SA_RESTART; "never": -EINTR after any handler (poll, nanosleep, waits with a time limit)
   */
  protected *interruptible(begin: () => Blocking<number>, restart: "asked" | "never" = "asked"): Blocking<number> {
    for (;;) {
      const result = yield* begin();
      const again = result === -Errno.ERESTARTSYS || result === -Errno.ERESTARTNOINTR || (result === -Errno.EINTR && restart === "never");
      if (!again && !hasSignal(this.thread)) return result;
      const delivered = yield* deliver(this.kernel, this.thread);
      this.leaveIfDead();
      if (!again) return result;
      if (result !== -Errno.ERESTARTNOINTR && delivered !== "none" && (delivered === "interrupt" || restart === "never")) return -Errno.EINTR;
    }
  }

  /** Runs handlers that need not block, where a call that does not block returns. Others wait for the next call that may. */
  protected returning(result: number): number {
    this.leaveIfDead();
    if (hasSignal(this.thread)) deliverNow(this.kernel, this.thread);
    this.leaveIfDead();
    return result;
  }

  /** A thread that has ended by its own call goes no further. Nothing for one that is driven from outside: its caller goes on. */
  protected leaveIfDead(): void {
    if (this.thread.state === "dead" && this.thread.simulated) throw new TaskExit();
  }
}

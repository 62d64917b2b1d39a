import type { Kernel } from "../machine.ts";
import type { EventHandle } from "../clock.ts";
import type { Process } from "./process.ts";
import type { Blocking, WaitRequest, WakeReason } from "./wait.ts";

/**
 * - `running`: executes now, or is driven from outside (a process's main thread between calls).
 * - `ready`: waits for a processor. `parked`: waits for its WaitRequest. `dead`: over.
 */
export type ThreadState = "running" | "ready" | "parked" | "dead";

/**
 * A host thread. Simulated threads have a generator body that the machine resumes; the main thread of a scripted process has none and is driven by
 * plain calls from outside. A thread's costs pile up as `debt` while it runs and are paid (in virtual time) at the next chance.
 */
export class Thread {
  readonly tid: number;
  readonly process: Process;
  readonly name: string;
  state: ThreadState = "running";
  /** What it waits for while parked. */
  waiting: WaitRequest | null = null;
  wakeReason: WakeReason = "woken";
  /** Nanoseconds of work done and not yet paid for. */
  debt = 0;
  /** Set when parked: it cannot run again before this time. */
  busyUntil = 0;
  /** Room for user-mode libraries, by StateKey.index. */
  readonly userland: unknown[] = [];
  /** A helper does not keep its process alive and is no cause of a deadlock. */
  readonly daemon: boolean;
  /** Value its body returned, or what it threw. */
  result: unknown = undefined;
  body: Blocking<unknown> | null;
  private timer: EventHandle | null = null;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel, process: Process, tid: number, name: string, body: Blocking<unknown> | null, daemon: boolean) {
    this.kernel = kernel;
    this.process = process;
    this.tid = tid;
    this.name = name;
    this.body = body;
    this.daemon = daemon;
  }

  /** Parks the thread on a request. Pays its debt by not letting it run before. */
  park(request: WaitRequest): void {
    this.busyUntil = this.kernel.clock.now + this.debt;
    this.debt = 0;
    this.waiting = request;
    this.state = "parked";
    if (request.queue === null) {
      const at = Math.max(request.deadline ?? 0, this.busyUntil);
      if (request.deadline === null && at <= this.kernel.clock.now) this.wake("woken");
      else this.timer = this.kernel.events.at(at, () => this.wake(request.deadline === null ? "woken" : "timeout"), "sleep", request.deadline !== null);
      return;
    }
    request.queue.waiters.push(this);
    if (request.deadline !== null) {
      const at = Math.max(request.deadline, this.kernel.clock.now);
      this.timer = this.kernel.events.at(at, () => {
        this.timer = null;
        request.queue!.remove(this);
        this.wake("timeout");
      }, "timeout", true);
    }
  }

  /** Makes a parked thread ready. Whoever calls it has taken the thread off its queue, or the queue does not matter any more. */
  wake(reason: WakeReason): void {
    if (this.state !== "parked") return;
    if (this.timer !== null) {
      this.kernel.events.cancel(this.timer);
      this.timer = null;
    }
    this.wakeReason = reason;
    this.waiting = null;
    this.state = "ready";
    if (this.body !== null) this.kernel.scheduler.enqueue(this);
  }

  /** Takes the thread off whatever it waits for, for good. */
  kill(): void {
    if (this.state === "dead") return;
    this.waiting?.queue?.remove(this);
    if (this.timer !== null) this.kernel.events.cancel(this.timer);
    this.timer = null;
    this.waiting = null;
    this.state = "dead";
    this.body = null;
    this.userland.length = 0;
  }
}

import type { Kernel } from "../machine.ts";
import type { EventHandle } from "../clock.ts";
import type { PiOwner } from "../futex/pi-state.ts";
import { touch } from "../footprint.ts";
import { hasSignal } from "../signal/deliver.ts";
import { PendingSignals } from "../signal/state.ts";
import type { Process } from "./process.ts";
import { DEFAULT_SCHED, kernelPriority, type SchedAttributes } from "./sched-policy.ts";
import { WaitQueue, type Blocking, type WaitRequest, type WakeReason } from "./wait.ts";

/**
 * - `running`: executes now, or is driven from outside (a process's main thread between calls).
 * - `ready`: waits for a processor. `parked`: waits for its WaitRequest. `dead`: over.
 */
export type ThreadState = "running" | "ready" | "parked" | "dead";

const NOTHING_BLOCKED: ReadonlySet<number> = new Set();

/**
 * A host thread. Simulated threads have a generator body that the machine resumes; the main thread of a scripted process has none and is driven by
 * plain calls from outside. A thread's costs pile up as `debt` while it runs and are paid (in virtual time) at the next chance.
 */
export class Thread {
  readonly tid: number;
  readonly process: Process;
  name: string;
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
  /** Has a body that the machine runs, even while it is being driven or is dead. */
  simulated: boolean;
  /** Signals that it does not take now. */
  blocked: ReadonlySet<number> = NOTHING_BLOCKED;
  /** Signals sent to this very thread. */
  readonly pending: PendingSignals = new PendingSignals();
  /** User address of the head of its robust list, and the length it was registered with; 0 for none. */
  robustList = 0;
  /** User address of a word to be zeroed and woken at its end (CLONE_CHILD_CLEARTID); 0 for none. */
  clearChildTid = 0;
  /** Priority-inheriting futexes that it owns and others wait for, and the one that it waits for. */
  readonly pi: PiOwner = { owned: new Set(), blockedOn: null };
  /** Virtual ns that it was charged for in all: user and system time of /proc. */
  cpuNs = 0;
  /** Which of its next calls that could fail does (/proc/<pid>/fail-nth); 0: none. */
  failNth = 0;
  /** Whether capabilities with a task filter count it (/proc/<pid>/make-it-fail). */
  makeItFail = false;
  /** What the scheduler's events call, made once. */
  readonly runs: () => void = () => this.kernel.scheduler.runNow(this);
  /** Those who wait for its end. */
  readonly ended: WaitQueue = new WaitQueue();
  private attributes: SchedAttributes = DEFAULT_SCHED;
  private inherited: number | null = null;
  private timer: EventHandle | null = null;
  private readonly kernel: Kernel;

  constructor(kernel: Kernel, process: Process, tid: number, name: string, body: Blocking<unknown> | null, daemon: boolean) {
    this.kernel = kernel;
    this.process = process;
    this.tid = tid;
    this.name = name;
    this.body = body;
    this.simulated = body !== null;
    this.daemon = daemon;
  }

  /** What sched_setscheduler and nice asked for. */
  get sched(): SchedAttributes {
    return this.attributes;
  }

  set sched(value: SchedAttributes) {
    this.attributes = value;
  }

  /** Kernel priority without inheritance. */
  get normalPriority(): number {
    return kernelPriority(this.attributes);
  }

  /** Kernel priority that counts now: its own, or that of the most urgent thread it keeps waiting. Lower is more urgent. */
  get priority(): number {
    const own = kernelPriority(this.attributes);
    return this.inherited !== null && this.inherited < own ? this.inherited : own;
  }

  /** Sets the priority inherited through futexes (null: none), with the trace event of it. */
  inherit(priority: number | null): void {
    const before = this.priority;
    this.inherited = priority;
    const { trace } = this.kernel;
    if (trace.enabled && this.priority !== before) trace.emit("sched:sched_pi_setprio", { comm: this.name, pid: this.tid, oldprio: before, newprio: this.priority });
  }

  /** Whether a signal would end its wait. */
  get interruptible(): boolean {
    return this.state === "parked" && this.waiting?.interruptible === true;
  }

  /** Ends an interruptible wait because of a signal. */
  interrupt(): void {
    if (!this.interruptible) return;
    this.waiting?.queue?.remove(this);
    this.wake("interrupted");
  }

  /** Parks the thread on a request. Pays its debt by not letting it run before. */
  park(request: WaitRequest): void {
    this.cpuNs += this.debt;
    this.busyUntil = this.kernel.clock.now + this.debt;
    this.debt = 0;
    this.waiting = request;
    this.state = "parked";
    if (request.interruptible === true && hasSignal(this)) {
      this.wake("interrupted");
      return;
    }
    if (request.queue === null) {
      const at = Math.max(request.deadline ?? 0, this.busyUntil);
      // Where time orders nothing, a mere scheduling point is no event of its own: when the thread goes on is.
      if (request.deadline === null && (at <= this.kernel.clock.now || this.kernel.events.order === "any")) this.wake("woken");
      else this.timer = this.kernel.events.at(at, () => this.wake(request.deadline === null ? "woken" : "timeout"), "sleep", request.deadline !== null);
      return;
    }
    touch(request.queue);
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
    touch(this);
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
    const { waiting } = this;
    if (this.timer !== null) this.kernel.events.cancel(this.timer);
    this.timer = null;
    this.waiting = null;
    this.state = "dead";
    this.body = null;
    this.userland.length = 0;
    waiting?.queue?.remove(this);
    this.ended.wakeAll();
  }

  /** exec: the thread goes on as the main thread of a new program. */
  restart(name: string, body: Blocking<unknown> | null): void {
    this.name = name;
    this.body = body;
    this.simulated = body !== null;
    this.robustList = 0;
    this.clearChildTid = 0;
    this.userland.length = 0;
  }
}

import type { Kernel } from "../machine.ts";
import { DeadlockError, EmulatorBug, type Stuck } from "../errors.ts";
import { because, circle } from "./deadlock.ts";
import { touch, touchHost } from "../footprint.ts";
import { mutant } from "../mutants.ts";
import { MAX_RT_PRIO } from "./sched-policy.ts";
import { TaskExit } from "./task-exit.ts";
import type { Thread, ThreadState } from "./thread.ts";
import type { Blocking, WaitRequest } from "./wait.ts";

/**
 * Runs simulated threads, and drives calls from outside to their end. There are as many processors as threads, so
 * a ready thread runs as soon as its own costs allow. Of several ready ones the most urgent goes first (real-time before others, sched(7)); among equals it is a
 * choice. A nice value changes nothing here: it shares out processor time, and nobody goes without.
 */
export class ThreadScheduler {
  private readonly kernel: Kernel;
  private ready: Thread[] = [];
  /** Times that a simulated thread began to run. */
  switches = 0;
  /** The thread whose code runs now. */
  current: Thread | null = null;
  /** Threads that have a processor, as the trace tells it: one that only lets time pass keeps it. */
  private readonly awake = new Set<Thread>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** As if no thread had ever run. */
  restart(): void {
    this.ready = [];
    this.switches = 0;
    this.current = null;
    this.awake.clear();
  }

  /** Puts a woken thread on the ready list as soon as its debt is paid. */
  enqueue(thread: Thread): void {
    const { events, clock } = this.kernel;
    const at = Math.max(clock.now, thread.busyUntil);
    // Where time orders nothing, to be ready and to run are one choice, not two.
    if (events.order === "any") events.at(at, thread.runs, "run thread", false, thread.tid);
    else events.at(at, () => this.makeReady(thread), "thread ready", false, thread.tid);
  }

  /** Runs a thread at once, unless a more urgent one is about to. */
  runNow(thread: Thread): void {
    if (this.ready.length > 0 || thread.priority < MAX_RT_PRIO) this.makeReady(thread);
    else if (thread.process.stopped !== 0) thread.process.hold(thread);
    else this.resume(thread);
  }

  private makeReady(thread: Thread): void {
    if (thread.process.stopped !== 0) {
      thread.process.hold(thread);
      return;
    }
    this.ready.push(thread);
    if (this.ready.length === 1) this.kernel.events.at(this.kernel.clock.now, () => this.runOne(), "run thread");
  }

  /** Runs one ready thread. Those that become ready at the same instant have gathered before. */
  private runOne(): void {
    const urgent = this.mostUrgent();
    const chosen = urgent[this.kernel.choices.choose(urgent.length, "thread")]!;
    this.ready.splice(this.ready.indexOf(chosen), 1);
    if (this.ready.length > 0) this.kernel.events.at(this.kernel.clock.now, () => this.runOne(), "run thread");
    if (chosen.process.stopped !== 0) chosen.process.hold(chosen);
    else this.resume(chosen);
  }

  /** Ready threads that nobody goes before. All that are not real-time are equals. */
  private mostUrgent(): readonly Thread[] {
    let best = MAX_RT_PRIO;
    for (const thread of this.ready) if (thread.priority < best) best = thread.priority;
    if (best === MAX_RT_PRIO || mutant("real-time-is-no-priority")) return this.ready;
    return this.ready.filter((thread) => thread.priority === best);
  }

  /** Runs a simulated thread until it parks or ends. */
  private resume(thread: Thread): void {
    if (thread.state !== "ready" || thread.body === null) return;
    const kernel = this.kernel;
    const before = this.current;
    this.switches++;
    if (kernel.trace.enabled) this.traceWake(before, thread);
    thread.state = "running";
    this.current = thread;
    touch(thread);
    touchHost(thread);
    const { observer } = kernel;
    if (observer !== null) observer.resumed(thread);
    try {
      if (thread.process.mm.residency.exposed.size > 0) thread.process.mm.residency.restoreViews();
      const step = thread.body.next(thread.wakeReason);
      if (step.done === true) {
        thread.result = step.value;
        thread.process.threadEnded(thread);
      } else if ((thread.state as ThreadState) === "running") {
        thread.park(step.value);
        if (kernel.trace.enabled) this.traceSleep(thread, step.value);
        else if (this.awake.size > 0) this.awake.delete(thread);
      }
    } catch (error) {
      if (error instanceof EmulatorBug) throw error;
      if (error instanceof TaskExit && (thread.state as ThreadState) === "dead") return;
      thread.process.threadFailed(thread, error);
    } finally {
      if (observer !== null) observer.parked(thread);
      if (this.awake.size > 0 && (thread.state as ThreadState) === "dead" && this.awake.delete(thread) && kernel.trace.enabled) this.traceSwitch(thread, null);
      this.current = before;
    }
  }

  /**
   * Runs a call of `thread` to its end, from outside the machine: the synchronous calling style.
   * @throws DeadlockError when nothing is left that could wake the thread.
   */
  drive<T>(thread: Thread, call: Blocking<T>): T {
    const before = this.current;
    this.current = thread;
    try {
      let step = call.next("woken");
      while (step.done !== true) {
        this.waitFor(thread, step.value, call);
        // Whoever was killed inside a call does not come back from it.
        if (thread.state === "dead") throw new TaskExit();
        this.current = thread;
        touchHost(thread);
        step = call.next(thread.wakeReason);
      }
      return step.value;
    } finally {
      if (this.kernel.exposed.size > 0) this.kernel.restoreViews();
      this.current = before;
    }
  }

  private waitFor(thread: Thread, request: WaitRequest, call: Blocking<unknown>): void {
    const kernel = this.kernel;
    const body = thread.body;
    thread.body = null; // a wake-up must come back here, not resume the thread's own body
    try {
      thread.park(request);
      if (this.awake.size > 0) this.awake.delete(thread);
      const sleeps = kernel.trace.enabled && this.traceSleep(thread, request);
      this.current = null;
      while (thread.state === "parked" || (thread.process.stopped !== 0 && thread.state !== "dead")) {
        if (!kernel.events.runNext()) {
          const error = this.deadlock();
          request.queue?.remove(thread);
          if (thread.process.exit !== null) throw error;
          thread.state = "running";
          thread.waiting = null;
          try {
            call.throw(error); // lets the call's own clean-up run
          } catch (thrown) {
            if (thrown !== error) throw thrown;
          }
          throw error;
        }
      }
      kernel.events.advance(Math.max(thread.busyUntil, kernel.clock.now));
      if (sleeps && thread.state !== "dead") this.traceWake(null, thread);
      if (thread.state !== "dead") thread.state = "running";
    } finally {
      thread.body = body;
    }
  }

  /** The processor leaves one thread for another; null: the idle one. */
  private traceSwitch(from: Thread | null, to: Thread | null): void {
    this.kernel.trace.emit("sched:sched_switch", {
      prev_comm: from?.name ?? "swapper", prev_pid: from?.tid ?? 0, prev_prio: from?.priority ?? 120, prev_state: from?.state === "parked" ? "S" : from?.state === "dead" ? "X" : "R",
      next_comm: to?.name ?? "swapper", next_pid: to?.tid ?? 0, next_prio: to?.priority ?? 120,
    });
  }

  /** A thread gets a processor, if it has none. */
  private traceWake(from: Thread | null, thread: Thread): void {
    if (this.awake.has(thread)) return;
    this.awake.add(thread);
    this.traceSwitch(from, thread);
  }

  /** A thread leaves the processor because it waits for something, not only because another may have its turn. @returns whether that is so */
  private traceSleep(thread: Thread, request: WaitRequest): boolean {
    const sleeps = thread.state === "parked" && (request.queue !== null || request.deadline !== null);
    if (sleeps) {
      this.awake.delete(thread);
      this.traceSwitch(thread, null);
    }
    return sleeps;
  }

  /** Pays a driven thread's debt: the clock moves on by it, and what is due happens. */
  settle(thread: Thread): void {
    const debt = thread.debt;
    if (debt === 0) return;
    thread.debt = 0;
    const before = this.current;
    this.current = null;
    try {
      this.kernel.events.advance(this.kernel.clock.now + debt);
    } finally {
      this.current = before;
      touchHost(thread);
      if (this.kernel.exposed.size > 0) this.kernel.restoreViews();
    }
  }

  /** That nothing can wake any of the threads that wait. */
  deadlock(): DeadlockError {
    return new DeadlockError(this.stuck(), circle(this.kernel));
  }

  /** Every parked thread, for deadlock messages; helpers last. */
  stuck(): Stuck[] {
    const all: Stuck[] = [];
    for (const process of this.kernel.processes.values()) {
      for (const thread of process.threads.values()) {
        if (thread.state !== "parked" || thread.waiting === null) continue;
        all.push({ pid: process.pid, process: process.name, tid: thread.tid, thread: thread.name, waitsFor: thread.waiting.what, because: because(thread), helper: thread.daemon });
      }
    }
    return all.some((s) => !s.helper) ? all.sort((a, b) => Number(a.helper) - Number(b.helper)) : [];
  }
}

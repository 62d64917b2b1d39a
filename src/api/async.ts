import type { Kernel } from "../kernel/machine.ts";
import type { Thread } from "../kernel/process/thread.ts";
import type { Blocking } from "../kernel/process/wait.ts";

/** Machine events between two turns of the JavaScript event loop. */
const EVENTS_PER_TURN = 256;

/** Calls of one thread follow one another, as in C: a thread is in one call at a time. */
const tails = new WeakMap<Thread, Promise<unknown>>();

/**
 * Runs a call to its end without holding up other JavaScript: the asynchronous style. While the call waits, the machine
 * runs in turns. When the machine has nothing to do, the call keeps waiting for other host code to do something (it holds no timer that would keep the
 * program alive).
 */
export function driveAsync<T>(kernel: Kernel, thread: Thread, call: Blocking<T>): Promise<T> {
  const before = tails.get(thread) ?? Promise.resolve();
  const result = before.then(() => run(kernel, thread, call));
  tails.set(thread, result.catch(() => undefined));
  return result;
}

async function run<T>(kernel: Kernel, thread: Thread, call: Blocking<T>): Promise<T> {
  const scheduler = kernel.scheduler;
  const body = thread.body;
  thread.body = null;
  try {
    let reason = thread.wakeReason;
    for (;;) {
      const current = scheduler.current;
      scheduler.current = thread;
      let step: IteratorResult<unknown, T>;
      try {
        step = call.next(reason);
      } finally {
        scheduler.current = current;
      }
      kernel.restoreViews();
      if (step.done === true) return step.value;
      thread.park(step.value as Parameters<Thread["park"]>[0]);
      while (thread.state === "parked") {
        let ran = 0;
        while (ran < EVENTS_PER_TURN && thread.state === "parked" && kernel.events.runNext()) ran++;
        kernel.restoreViews();
        await turn(ran === 0);
      }
      kernel.events.advance(Math.max(thread.busyUntil, kernel.clock.now));
      if (thread.state !== "dead") thread.state = "running";
      reason = thread.wakeReason;
    }
  } finally {
    thread.body = body;
  }
}

/** One turn of the event loop; an idle machine asks again only every few milliseconds. */
function turn(idle: boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, idle ? 4 : 0);
    if (idle && typeof timer === "object" && timer !== null && "unref" in timer) (timer as { unref(): void }).unref();
  });
}

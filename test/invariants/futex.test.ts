import fc from "fast-check";
import { expect, test } from "vitest";
import { LinearStore } from "../../src/gpu/linear.ts";
import { seededStrategy } from "../../src/kernel/choices.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { Kernel } from "../../src/kernel/machine.ts";
import type { Process } from "../../src/kernel/process/process.ts";
import type { Thread } from "../../src/kernel/process/thread.ts";
import type { Blocking } from "../../src/kernel/process/wait.ts";
import { ThreadSys } from "../../src/kernel/sys/thread-sys.ts";

const RW = 3;
const PRIVATE = 2;

/** Starts a thread whose body gets its own system calls. */
function start(kernel: Kernel, process: Process, name: string, body: (sys: ThreadSys) => Blocking<void>): void {
  const made: { thread: Thread | null } = { thread: null };
  const run = function* (): Blocking<void> {
    yield* body(new ThreadSys(kernel, made.thread!));
  };
  made.thread = process.startThread(name, run(), false);
}

/** One thread's program: what to do with one of two words. */
const step = fc.record({ kind: fc.constantFrom("wait", "wake", "store", "sleep"), word: fc.nat(1), value: fc.nat(2) });
const programs = fc.array(fc.array(step, { maxLength: 8 }), { minLength: 2, maxLength: 5 });

test("invariants 93 and 94: a wait sleeps only while the word is as expected, and no wake-up is lost", () => {
  fc.assert(fc.property(programs, fc.integer(), (threads, seed) => {
    const kernel = new Kernel(new LinearStore(2 ** 30), { strategy: seededStrategy(seed), order: "any" });
    const process = kernel.createProcess("p", null);
    const base = new ThreadSys(kernel, process.main).mmap(0, 8, RW, PRIVATE, -1, 0);
    // The model: what each waiter saw, and how often its word was woken since it slept.
    const sleeping = new Map<number, number>();
    threads.forEach((steps, id) => {
      start(kernel, process, `t${id}`, function* (sys): Blocking<void> {
        for (const s of steps) {
          const address = base + 4 * s.word;
          if (s.kind === "store") sys.store32(address, s.value);
          else if (s.kind === "sleep") yield* sys.nanosleep(s.value * 100);
          else if (s.kind === "wait") {
            const equal = sys.load32(address) === s.value;
            if (equal) sleeping.set(id, s.word);
            const result = yield* sys.futexWait(address, s.value, null, "w");
            expect(result).toBe(equal ? 0 : -Errno.EAGAIN);
            expect(sleeping.has(id)).toBe(false);
          } else {
            const matching = [...sleeping].filter(([, word]) => word === s.word);
            const woken = sys.futexWake(address, s.value);
            // Invariant 95: exactly the first min(n, matching) in order of arrival.
            expect(woken).toBe(Math.min(s.value, matching.length));
            for (const [waiter] of matching.slice(0, woken)) sleeping.delete(waiter);
          }
        }
      });
    });
    kernel.runUntilIdle();
    kernel.checkInvariants();
    expect(kernel.futex.waiters).toBe(sleeping.size);
    kernel.kill(process);
    expect(kernel.futex.waiters).toBe(0);
  }), { numRuns: 300 });
});

test("invariant 94: store before wake, load before wait: both cannot miss", () => {
  for (let seed = 0; seed < 200; seed++) {
    const kernel = new Kernel(new LinearStore(2 ** 30), { strategy: seededStrategy(seed), order: "any" });
    const process = kernel.createProcess("p", null);
    const word = new ThreadSys(kernel, process.main).mmap(0, 4, RW, PRIVATE, -1, 0);
    let finished = 0;
    start(kernel, process, "waiter", function* (sys): Blocking<void> {
      yield* sys.nanosleep(1);
      while (sys.load32(word) === 0) yield* sys.futexWait(word, 0, null, "flag");
      finished++;
    });
    start(kernel, process, "waker", function* (sys): Blocking<void> {
      yield* sys.nanosleep(1);
      sys.store32(word, 1);
      yield { queue: null, deadline: null, what: "turn" };
      sys.futexWake(word, 1);
    });
    kernel.runUntilIdle();
    expect(finished).toBe(1);
    kernel.kill(process);
  }
});

test("invariant 96: private words of two processes never match, words of shared memory do", () => {
  const kernel = new Kernel(new LinearStore(2 ** 30));
  const parent = kernel.createProcess("parent", null);
  const sys = new ThreadSys(kernel, parent.main);
  const own = sys.mmap(0, 4, RW, PRIVATE, -1, 0);
  const common = sys.mmap(0, 4, RW, 1, -1, 0);
  const woken: string[] = [];
  const child = kernel.fork(parent, "child", function* (self): Blocking<void> {
    const s = new ThreadSys(kernel, self.main);
    start(kernel, self, "private", function* (own_): Blocking<void> {
      yield* own_.futexWait(own, 0, null, "private");
      woken.push("private");
    });
    yield* s.futexWait(common, 0, null, "common");
    woken.push("common");
    yield* s.futexWait(common, 0, null, "the end");
  });
  expect(typeof child).toBe("object");
  while (kernel.events.runNext());
  expect(sys.futexWake(own, 9)).toBe(0);
  expect(sys.futexWake(common, 9)).toBe(1);
  kernel.runUntilIdle();
  expect(woken).toEqual(["common"]);
});

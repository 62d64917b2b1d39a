import { expect, test } from "vitest";
import { LinearStore } from "../../../src/gpu/linear.ts";
import { seededStrategy } from "../../../src/kernel/choices.ts";
import { DeadlockError, Errno } from "../../../src/kernel/errors.ts";
import { Kernel, type KernelOptions } from "../../../src/kernel/machine.ts";
import type { Process } from "../../../src/kernel/process/process.ts";
import type { Blocking } from "../../../src/kernel/process/wait.ts";
import { ThreadSys } from "../../../src/kernel/sys/thread-sys.ts";

function kernel(options: KernelOptions = {}): Kernel {
  return new Kernel(new LinearStore(2 ** 30), options);
}

function sysOf(k: Kernel, p: Process): ThreadSys {
  return new ThreadSys(k, p.main);
}

test("a futex wait ends when another process's thread of the same memory wakes it, and costs time", () => {
  const k = kernel();
  const p = k.createProcess("p", null);
  const sys = sysOf(k, p);
  const word = sys.mmap(0, 4, 3, 2, -1, 0);
  sys.clone("helper", function* () {
    yield* sys.nanosleep(1000);
    sys.store32(word, 1);
    sys.futexWake(word, 1);
  });
  const result = k.scheduler.drive(p.main, sys.futexWait(word, 0, null, "the word"));
  expect(result).toBe(0);
  expect(k.clock.now).toBeGreaterThanOrEqual(1000);
  expect(k.futex.waiters).toBe(0);
});

test("futex errors: value differs, timeout at the deadline and not before, misaligned, unmapped", () => {
  const k = kernel();
  const p = k.createProcess("p", null);
  const sys = sysOf(k, p);
  const word = sys.mmap(0, 4, 3, 2, -1, 0);
  const wait = (address: number, expected: number, deadline: number | null): number => k.scheduler.drive(p.main, sys.futexWait(address, expected, deadline, "w"));
  expect(wait(word, 5, null)).toBe(-Errno.EAGAIN);
  expect(wait(word + 1, 0, null)).toBe(-Errno.EINVAL);
  expect(wait(8, 0, null)).toBe(-Errno.EFAULT);
  expect(wait(word, 0, 5_000_000)).toBe(-Errno.ETIMEDOUT);
  expect(k.clock.now).toBeGreaterThanOrEqual(5_000_000);
});

test("a wait that nothing can end throws DeadlockError with every waiter and what it waits for", () => {
  const k = kernel();
  const p = k.createProcess("stuck", null);
  const sys = sysOf(k, p);
  const word = sys.mmap(0, 4, 3, 2, -1, 0);
  const other = k.createProcess("other", function* (self): Blocking<void> {
    const s = sysOf(k, self);
    const w = s.mmap(0, 4, 3, 2, -1, 0);
    yield* s.futexWait(w, 0, null, "the second word");
  });
  let error: unknown;
  try {
    k.scheduler.drive(p.main, sys.futexWait(word, 0, null, "the first word"));
  } catch (e) {
    error = e;
  }
  expect(error).toBeInstanceOf(DeadlockError);
  expect((error as DeadlockError).stuck.map((s) => [s.process, s.waitsFor])).toEqual([["stuck", "the first word"], ["other", "the second word"]]);
  expect(other.exit).toBeNull();
  expect(sys.futexWake(word, 9)).toBe(0);
});

test("which of several ready threads runs first is a choice, and replays", () => {
  const run = (seed: number): { order: string; replay: string } => {
    const k = kernel({ strategy: seededStrategy(seed) });
    const order: string[] = [];
    for (const name of ["a", "b", "c"]) k.createProcess(name, function* (): Blocking<void> {
      for (let i = 0; i < 2; i++) {
        order.push(name);
        yield { queue: null, deadline: null, what: "turn" };
      }
    });
    k.runUntilIdle();
    expect(k.processes.size).toBe(0);
    return { order: order.join(""), replay: k.choices.replay() };
  };
  const orders = new Set(Array.from({ length: 60 }, (_, seed) => run(seed).order));
  expect(orders.size).toBeGreaterThan(20);
  expect(run(7)).toEqual(run(7));
});

test("kill -9: threads, files and memory go; an uncaught error aborts the process and keeps the others", () => {
  const k = kernel();
  const victim = k.createProcess("victim", function* (self): Blocking<void> {
    const sys = sysOf(k, self);
    const w = sys.mmap(0, 1 << 20, 3, 2, -1, 0);
    sys.open("/tmp/x", 0o100 | 2);
    yield* sys.futexWait(w, 0, null, "never");
  });
  const crasher = k.createProcess("crasher", function* (): Blocking<void> {
    yield { queue: null, deadline: 100, what: "a while" };
    throw new Error("boom");
  });
  k.runUntilIdle();
  expect(crasher.exit).toEqual({ code: 134, signal: 6 });
  expect(crasher.stderr).toContain("boom");
  k.kill(victim);
  expect(victim.exit).toEqual({ code: 137, signal: 9 });
  expect(k.objectCounts()["processes"]).toEqual({ processes: 0, threads: 0, mappings: 0, files: 0, futexWaiters: 0 });
});

test("descriptors: lowest free number, dup shares the open file, close releases with the last reference", () => {
  const k = kernel();
  const p = k.createProcess("p", null);
  const sys = sysOf(k, p);
  k.vfs.put("/etc/motd", "hello");
  const a = sys.open("/etc/motd", 0);
  const b = sys.dup(a);
  expect([a, b]).toEqual([3, 4]);
  expect(sys.close(a)).toBe(0);
  expect(sys.open("/etc/motd", 0)).toBe(3);
  expect(sys.close(99)).toBe(-Errno.EBADF);
  expect(sys.open("/nowhere", 0)).toBe(-Errno.ENOENT);
  expect(sys.readFile("/proc/self/comm")).toBe("p\n");
  expect(sys.writeFile("/sys/kernel/x", "1")).toBe(-Errno.EACCES);
});

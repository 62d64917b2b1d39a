import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import * as F from "../../../src/kernel/futex/constants.ts";
import { futexOp } from "../../../src/kernel/futex/wake-op.ts";
import { SCHED_FIFO } from "../../../src/kernel/process/sched-policy.ts";
import type { Blocking } from "../../../src/kernel/process/wait.ts";
import type { FutexArgs } from "../../../src/kernel/sys/calls/futex.ts";
import { Driven, makeKernel, spawn, thread } from "../process/kit.ts";

const PRIVATE = F.FUTEX_PRIVATE_FLAG;

/** A process with a page of words, and waiters on demand. */
class Words extends Driven {
  readonly base = this.page();
  readonly log: string[] = [];

  op(uaddr: number, op: number, val: number, args: FutexArgs = {}): number {
    return this.drive(this.sys.futex(uaddr, op, val, args));
  }

  /** A thread that makes a futex call and notes its result; runs until it sleeps. */
  waiter(name: string, uaddr: number, op: number, val: number, args: FutexArgs = {}, priority = 0): number {
    const { log } = this;
    const tid = thread(this.kernel, this.process, name, function* (sys): Blocking<void> {
      if (priority > 0) sys.sched_setscheduler(0, SCHED_FIFO, priority);
      log.push(`${name}=${yield* sys.futex(uaddr, op, val, args)}`);
      yield { queue: null, deadline: 1e15, what: "the end" };
    });
    this.settle();
    return tid;
  }

  settle(): void {
    this.kernel.events.advance(this.kernel.clock.now + 100_000);
    this.kernel.checkInvariants();
  }
}

test("what every operation checks: alignment, mapping, bits, counts, clocks, numbers", () => {
  const w = new Words(makeKernel());
  const { base } = w;
  for (const op of [F.FUTEX_WAIT, F.FUTEX_WAKE, F.FUTEX_REQUEUE, F.FUTEX_LOCK_PI, F.FUTEX_UNLOCK_PI, F.FUTEX_TRYLOCK_PI, F.FUTEX_LOCK_PI2, F.FUTEX_WAKE_OP]) {
    expect(w.op(base + 2, op, 0, { uaddr2: base + 8 })).toBe(-Errno.EINVAL);
    expect(w.op(64, op, 0, { uaddr2: base + 8 })).toBe(-Errno.EFAULT);
  }
  expect(w.op(base, F.FUTEX_WAIT, 1)).toBe(-Errno.EAGAIN);
  expect(w.op(base, F.FUTEX_WAIT, 0, { timeout: -1 })).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_WAIT, 0, { timeout: 5 })).toBe(-Errno.ETIMEDOUT);
  expect(w.op(base, F.FUTEX_WAIT | F.FUTEX_CLOCK_REALTIME, 0, { timeout: 5 })).toBe(-Errno.ENOSYS);
  expect(w.op(base, F.FUTEX_WAKE | F.FUTEX_CLOCK_REALTIME, 0)).toBe(-Errno.ENOSYS);
  expect(w.op(base, F.FUTEX_WAIT_BITSET | F.FUTEX_CLOCK_REALTIME, 0, { timeout: 5, val3: 1 })).toBe(-Errno.ETIMEDOUT);
  expect(w.op(base, F.FUTEX_WAIT_BITSET, 0, { val3: 0 })).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_WAKE_BITSET, 1, { val3: 0 })).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_REQUEUE, -1, { uaddr2: base + 4 })).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_REQUEUE, 0, { val2: -1, uaddr2: base + 4 })).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_CMP_REQUEUE, 1, { val2: 1, uaddr2: base + 4, val3: 7 })).toBe(-Errno.EAGAIN);
  expect(w.op(base, F.FUTEX_CMP_REQUEUE_PI, 2, { val2: 1, uaddr2: base + 4 })).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_CMP_REQUEUE_PI, 1, { val2: 1, uaddr2: base })).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_WAIT_REQUEUE_PI, 0, { uaddr2: base })).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_WAIT_REQUEUE_PI, 3, { uaddr2: base + 4 })).toBe(-Errno.EAGAIN);
  expect(w.op(base, 2, 0)).toBe(-Errno.ENOSYS);
  expect(w.op(base, 99, 0)).toBe(-Errno.ENOSYS);
  expect([...w.kernel.futex.buckets.all()]).toEqual([]);
});

test("bitsets select; a wake of none wakes one; real-time waiters come first", () => {
  const w = new Words(makeKernel());
  w.waiter("a", w.base, F.FUTEX_WAIT_BITSET | PRIVATE, 0, { val3: 1 });
  w.waiter("b", w.base, F.FUTEX_WAIT_BITSET | PRIVATE, 0, { val3: 2 });
  w.waiter("rt", w.base, F.FUTEX_WAIT_BITSET | PRIVATE, 0, { val3: 3 }, 7);
  expect(w.op(w.base, F.FUTEX_WAKE, 9)).toBe(0);
  expect(w.op(w.base, F.FUTEX_WAKE_BITSET | PRIVATE, 1, { val3: 1 })).toBe(1);
  w.settle();
  expect(w.log).toEqual(["rt=0"]);
  expect(w.op(w.base, F.FUTEX_WAKE_BITSET | PRIVATE, 9, { val3: 2 })).toBe(1);
  expect(w.op(w.base, F.FUTEX_WAKE | PRIVATE, 0)).toBe(1);
  w.settle();
  expect(w.log).toEqual(["rt=0", "b=0", "a=0"]);
});

test("requeue wakes some, moves others, and leaves the rest; who was moved is woken at the other word", () => {
  const w = new Words(makeKernel());
  for (const name of ["a", "b", "c", "d"]) w.waiter(name, w.base, F.FUTEX_WAIT, 0);
  expect(w.op(w.base, F.FUTEX_CMP_REQUEUE, 1, { val2: 2, uaddr2: w.base + 4, val3: 0 })).toBe(3);
  w.settle();
  expect(w.log).toEqual(["a=0"]);
  expect(w.op(w.base + 4, F.FUTEX_WAKE, 9)).toBe(2);
  expect(w.op(w.base, F.FUTEX_WAKE, 9)).toBe(1);
  w.settle();
  expect(w.log).toEqual(["a=0", "b=0", "c=0", "d=0"]);
});

test("WAKE_OP: operations, comparisons, shifted operands, and what does not exist", () => {
  const w = new Words(makeKernel());
  const two = w.base + 4;
  const cases = [
    [F.FUTEX_OP_SET, 9, F.FUTEX_OP_CMP_EQ, 5, 9, 1], [F.FUTEX_OP_ADD, -2, F.FUTEX_OP_CMP_GT, 4, 3, 1], [F.FUTEX_OP_OR, 2, F.FUTEX_OP_CMP_LT, 5, 7, 0],
    [F.FUTEX_OP_ANDN, 4, F.FUTEX_OP_CMP_NE, 4, 1, 1], [F.FUTEX_OP_XOR, 3, F.FUTEX_OP_CMP_LE, 5, 6, 1], [F.FUTEX_OP_SET | F.FUTEX_OP_OPARG_SHIFT, 4, F.FUTEX_OP_CMP_GE, -1, 16, 1],
  ] as const;
  for (const [op, arg, cmp, cmpArg, after, wakes] of cases) {
    w.sys.store32(two, 5);
    w.waiter("x", w.base, F.FUTEX_WAIT, 0);
    w.waiter("y", two, F.FUTEX_WAIT, 5);
    expect(w.op(w.base, F.FUTEX_WAKE_OP, 1, { val2: 1, uaddr2: two, val3: futexOp(op, arg, cmp, cmpArg) })).toBe(1 + wakes);
    expect(w.sys.load32(two)).toBe(after);
    w.op(two, F.FUTEX_WAKE, 9);
    w.settle();
  }
  expect(w.op(w.base, F.FUTEX_WAKE_OP, 1, { uaddr2: two, val3: futexOp(5, 0, 0, 0) })).toBe(-Errno.ENOSYS);
  expect(w.op(w.base, F.FUTEX_WAKE_OP, 1, { uaddr2: two, val3: futexOp(0, 0, 6, 0) })).toBe(-Errno.ENOSYS);
});

test("futex_waitv: index of what was woken, and its errors", () => {
  const w = new Words(makeKernel());
  const row = (i: number, val = 0, flags = F.FUTEX2_SIZE_U32): { uaddr: number; val: number; flags: number } => ({ uaddr: w.base + 4 * i, val, flags });
  const call = (rows: ReturnType<typeof row>[], flags = 0, timeout: number | null = 0, clock = 1): number => w.drive(w.sys.futexWaitv(rows, flags, timeout, clock));
  expect(call([])).toBe(-Errno.EINVAL);
  expect(call(Array.from({ length: 129 }, (_, i) => row(i)))).toBe(-Errno.EINVAL);
  expect(call([row(0)], 1)).toBe(-Errno.EINVAL);
  expect(call([row(0)], 0, 5, 7)).toBe(-Errno.EINVAL);
  expect(call([row(0, 0, 0)])).toBe(-Errno.EINVAL);
  expect(call([row(0), row(0.5)])).toBe(-Errno.EINVAL);
  expect(call([row(0), row(2 ** 40)])).toBe(-Errno.EFAULT);
  expect(call([row(0), row(1, 3)])).toBe(-Errno.EAGAIN);
  expect(call([row(0), row(1)])).toBe(-Errno.ETIMEDOUT);
  thread(w.kernel, w.process, "many", function* (sys): Blocking<void> {
    w.log.push(`many=${yield* sys.futexWaitv([row(0), row(1), row(2, 0, F.FUTEX2_SIZE_U32 | F.FUTEX2_PRIVATE)], 0, null)}`);
  });
  w.settle();
  expect(w.op(w.base + 8, F.FUTEX_WAKE, 9)).toBe(0);
  expect(w.op(w.base + 8, F.FUTEX_WAKE | PRIVATE, 9)).toBe(1);
  expect(w.op(w.base, F.FUTEX_WAKE, 9)).toBe(0);
  w.settle();
  expect(w.log).toEqual(["many=2"]);
});

test("LOCK_PI: words, errors, handing over by urgency, time limits", () => {
  const w = new Words(makeKernel());
  const { base } = w;
  const me = w.sys.tid;
  expect(w.op(base, F.FUTEX_LOCK_PI, 0)).toBe(0);
  expect(w.sys.load32(base)).toBe(me);
  expect(w.op(base, F.FUTEX_LOCK_PI, 0)).toBe(-Errno.EDEADLK);
  expect(w.op(base, F.FUTEX_TRYLOCK_PI, 0)).toBe(-Errno.EDEADLK);
  w.waiter("low", base, F.FUTEX_LOCK_PI, 0);
  const high = w.waiter("high", base, F.FUTEX_LOCK_PI2, 0, {}, 20);
  w.waiter("try", base, F.FUTEX_TRYLOCK_PI, 0);
  w.waiter("late", base, F.FUTEX_LOCK_PI2 | F.FUTEX_CLOCK_REALTIME, 0, { timeout: w.kernel.clock.now + 50_000 });
  w.waiter("thief", base, F.FUTEX_UNLOCK_PI, 0);
  expect(w.log).toEqual([`try=${-Errno.EAGAIN}`, `late=${-Errno.ETIMEDOUT}`, `thief=${-Errno.EPERM}`]);
  expect(w.process.main.priority).toBe(79);
  expect(w.op(base, F.FUTEX_WAKE, 1)).toBe(-Errno.EINVAL);
  expect(w.op(base, F.FUTEX_UNLOCK_PI, 0)).toBe(0);
  w.settle();
  expect([w.log.at(-1), w.sys.load32(base), w.process.main.priority]).toEqual(["high=0", (high | F.FUTEX_WAITERS) >>> 0, 120]);
  w.sys.store32(base + 4, 4242);
  expect(w.op(base + 4, F.FUTEX_LOCK_PI, 0)).toBe(-Errno.ESRCH);
  expect(w.op(base + 8, F.FUTEX_UNLOCK_PI, 0)).toBe(-Errno.EPERM);
});

test("WAIT_REQUEUE_PI goes to the lock it asked for, and to no other", () => {
  const w = new Words(makeKernel());
  const [cond, lock, other] = [w.base, w.base + 4, w.base + 8];
  for (const name of ["a", "b", "c"]) w.waiter(name, cond, F.FUTEX_WAIT_REQUEUE_PI, 0, { uaddr2: lock });
  expect(w.op(cond, F.FUTEX_WAKE, 1)).toBe(-Errno.EINVAL);
  expect(w.op(cond, F.FUTEX_REQUEUE, 0, { val2: 1, uaddr2: other })).toBe(-Errno.EINVAL);
  expect(w.op(cond, F.FUTEX_CMP_REQUEUE_PI, 1, { val2: 1, uaddr2: other, val3: 0 })).toBe(-Errno.EINVAL);
  expect(w.op(cond, F.FUTEX_CMP_REQUEUE_PI, 1, { val2: 1, uaddr2: lock, val3: 9 })).toBe(-Errno.EAGAIN);
  expect(w.op(cond, F.FUTEX_CMP_REQUEUE_PI, 1, { val2: 1, uaddr2: lock, val3: 0 })).toBe(2);
  w.settle();
  expect(w.log).toEqual(["a=0"]);
  expect(w.sys.load32(lock)! & F.FUTEX_WAITERS).not.toBe(0);
  w.waiter("plain", other, F.FUTEX_WAIT, 0);
  expect(w.op(other, F.FUTEX_CMP_REQUEUE_PI, 1, { val2: 1, uaddr2: lock, val3: 0 })).toBe(-Errno.EINVAL);
});

test("robust lists: owner-died words, one waiter woken, the pending entry, and lists that lead nowhere", () => {
  const k = makeKernel();
  const parent = new Driven(k, "parent");
  const shared = parent.page(true);
  const [word, second, head, node] = [shared, shared + 4, shared + 256, shared + 512];
  const store64 = (at: number, value: number): void => {
    parent.sys.store32(at, value % 2 ** 32);
    parent.sys.store32(at + 4, Math.floor(value / 2 ** 32) >>> 0);
  };
  const results: number[] = [];
  const owner = spawn(k, "owner", function* (sys) {
    yield* sys.nanosleep(1e9);
  });
  const ownerTid = owner.main.tid;
  expect(parent.sys.setRobustList(head, 23)).toBe(-Errno.EINVAL);
  expect(parent.sys.getRobustList(4242, { head: 0, length: 0 })).toBe(-Errno.ESRCH);
  const child = parent.sys.fork(function* (sys) {
    sys.setRobustList(head, 24);
    sys.store32(word, (sys.tid | F.FUTEX_WAITERS) >>> 0);
    sys.store32(second, ownerTid);
    store64(head, node);
    store64(node, node + 64);
    store64(node + 64, head);
    store64(head + 8, 0);
    store64(head + 16, 0);
    // The list's entries lie where the words are, less the offset.
    store64(head + 8, word - node);
    yield* sys.nanosleep(1e6);
  });
  expect(child).toBeGreaterThan(0);
  for (let i = 0; i < 2; i++) {
    parent.sys.fork(function* (sys) {
      yield* sys.nanosleep(500_000);
      results.push(yield* sys.futex(word, F.FUTEX_WAIT, sys.load32(word)!));
    });
  }
  k.events.advance(5e6);
  expect(results).toEqual([0]);
  expect(parent.sys.load32(word)).toBe((F.FUTEX_OWNER_DIED | F.FUTEX_WAITERS) >>> 0);
  expect(parent.sys.load32(second)).toBe(ownerTid);
  expect(k.futex.waiters).toBe(1);
});

test("a thread's end zeroes and wakes the word that its joiners wait for", () => {
  const w = new Words(makeKernel());
  w.sys.store32(w.base, 77);
  thread(w.kernel, w.process, "joined", function* (sys): Blocking<void> {
    sys.setTidAddress(w.base);
    yield* sys.nanosleep(1000);
  });
  expect(w.op(w.base, F.FUTEX_WAIT, 77)).toBe(0);
  expect(w.sys.load32(w.base)).toBe(0);
});

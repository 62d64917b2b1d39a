import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { LinearStore } from "../../src/gpu/linear.ts";
import { seededStrategy } from "../../src/kernel/choices.ts";
import { Errno } from "../../src/kernel/errors.ts";
import * as F from "../../src/kernel/futex/constants.ts";
import { Kernel } from "../../src/kernel/machine.ts";
import type { Thread } from "../../src/kernel/process/thread.ts";
import type { Blocking } from "../../src/kernel/process/wait.ts";
import type { Sys } from "../../src/kernel/sys/sys.ts";
import { Driven, spawn, thread } from "../kernel/process/kit.ts";

const W = F.FUTEX_WAITERS;

function makeKernel(seed: number): Kernel {
  return new Kernel(new LinearStore(2 ** 30), { strategy: seededStrategy(seed), order: "any" });
}

/** Runs the machine to its end, with the checks after every event. */
function runChecked(kernel: Kernel, steps: { n: number }): void {
  while (kernel.events.runNext()) {
    kernel.checkInvariants();
    steps.n++;
  }
}

interface Waiting {
  readonly word: string;
  readonly rank: number;
  readonly order: number;
}

/** One thread's program: what to do with one of four words: two shared by all processes, two private. */
const step = fc.record({ kind: fc.constantFrom("wait", "wait", "wake", "wake", "requeue", "store", "sleep"), word: fc.nat(3), other: fc.nat(3), value: fc.nat(2), move: fc.nat(2) });
const program = fc.record({ steps: fc.array(step, { minLength: 6, maxLength: 12 }), rt: fc.constantFrom(0, 0, 5, 9) });
const programs = fc.array(program, { minLength: 3, maxLength: 6 });

/**
 * Several threads of two processes (parent and forked child, so that their private words have the same addresses) against a model of the lines. A waker
 * sees its effect at once: between two waits a thread's steps are one.
 */
function playFutex(threads: readonly (typeof program extends fc.Arbitrary<infer T> ? T : never)[], seed: number, count: { n: number }): void {
  const kernel = makeKernel(seed);
  const parent = new Driven(kernel, "parent");
  const shared = parent.page(true);
  const own = parent.page();
  const child = parent.fork();
  const lines = new Map<number, Waiting>();
  const ranks = new Map<number, number>();
  let order = 0;
  const keyOf = (id: number, word: number): string => (word < 2 ? `shared ${word}` : `${id % 2} private ${word}`);
  const inLine = (key: string): number[] =>
    [...lines].filter(([, w]) => w.word === key).toSorted(([, a], [, b]) => a.rank - b.rank || a.order - b.order).map(([id]) => id);
  threads.forEach(({ steps, rt }, id) => {
    const { process } = id % 2 === 0 ? parent : child;
    ranks.set(id, rt === 0 ? 100 : 99 - rt);
    thread(kernel, process, `t${id}`, function* (sys: Sys): Blocking<void> {
      if (rt > 0) sys.sched_setscheduler(0, 1, rt);
      for (const s of steps) {
        const address = s.word < 2 ? shared + 4 * s.word : own + 4 * s.word;
        const flag = s.word < 2 ? 0 : F.FUTEX_PRIVATE_FLAG;
        const key = keyOf(id, s.word);
        count.n++;
        if (s.kind === "store") sys.store32(address, s.value);
        else if (s.kind === "sleep") yield* sys.nanosleep(s.value * 100 + 1);
        else if (s.kind === "wait") {
          const equal = sys.load32(address) === s.value;
          if (equal) lines.set(id, { word: key, rank: ranks.get(id)!, order: order++ });
          const result = yield* sys.futex(address, F.FUTEX_WAIT | flag, s.value);
          // 93: it slept exactly when the word was as expected. 95: nobody wakes without having been woken.
          expect(result).toBe(equal ? 0 : -Errno.EAGAIN);
          expect(lines.has(id)).toBe(false);
        } else if (s.kind === "wake") {
          const line = inLine(key);
          // The kernel wakes one at least.
          const n = Math.min(Math.max(1, s.value), line.length);
          const call = sys.futex(address, F.FUTEX_WAKE | flag, s.value).next("woken");
          expect(call).toEqual({ done: true, value: n });
          for (const woken of line.slice(0, n)) lines.delete(woken);
        } else {
          const word2 = s.word < 2 ? s.other % 2 : 2 + (s.other % 2);
          const line = inLine(key);
          const woken = Math.min(s.value, line.length);
          const moved = Math.min(s.move, line.length - woken);
          const args = { val2: s.move, uaddr2: (s.word < 2 ? shared : own) + 4 * word2 };
          const before = kernel.futex.waiters;
          const call = sys.futex(address, F.FUTEX_REQUEUE | flag, s.value, args).next("woken");
          expect(call).toEqual({ done: true, value: woken + moved });
          // 97: who is not woken still waits.
          expect(kernel.futex.waiters).toBe(before - woken);
          for (const id2 of line.slice(0, woken)) lines.delete(id2);
          if (word2 !== s.word) for (const id2 of line.slice(woken, woken + moved)) lines.set(id2, { ...lines.get(id2)!, word: keyOf(id, word2), order: order++ });
        }
        // Cutting it short at once: whoever was woken has left the line.
        expect(kernel.futex.waiters).toBe(lines.size);
      }
    });
  });
  runChecked(kernel, count);
  // 94: who is left was not woken by anybody.
  expect(kernel.futex.waiters).toBe(lines.size);
  for (const p of [child.process, parent.process]) kernel.kill(p);
  expect(kernel.futex.waiters).toBe(0);
  expect([...kernel.futex.buckets.all()]).toEqual([]);
}

test("invariants 93, 94, 95, 96 and 97: sleep only while the word is as expected, no wake-up lost or made up, wakes in order, keys apart, requeue keeps all", () => {
  const count = { n: 0 };
  fc.assert(fc.property(programs, fc.integer(), (threads, seed) => playFutex(threads, seed, count)), { seed: 93, numRuns: 250 });
  expect(count.n).toBeGreaterThan(10_000);
});

test("invariant 94: store before wake, load before wait: both cannot miss", () => {
  for (let seed = 0; seed < 200; seed++) {
    const kernel = makeKernel(seed);
    const p = new Driven(kernel, "p");
    const word = p.page(true);
    const other = p.fork();
    let finished = 0;
    thread(kernel, p.process, "waiter", function* (sys): Blocking<void> {
      yield* sys.nanosleep(1);
      while (sys.load32(word) === 0) yield* sys.futexWait(word, 0, null, "flag");
      finished++;
    });
    thread(kernel, other.process, "waker", function* (sys): Blocking<void> {
      yield* sys.nanosleep(1);
      sys.store32(word, 1);
      yield { queue: null, deadline: null, what: "turn" };
      sys.futexWake(word, 1);
    });
    kernel.runUntilIdle();
    expect(finished).toBe(1);
  }
});

const lockStep = fc.record({ kind: fc.constantFrom("lock", "lock", "lock", "unlock", "unlock", "renice", "sleep"), lock: fc.nat(3), value: fc.nat(9) });
const lockers = fc.array(fc.record({ steps: fc.array(lockStep, { minLength: 6, maxLength: 14 }), rt: fc.constantFrom(0, 1, 30, 60) }), { minLength: 3, maxLength: 6 });

/** Effective priority of every thread, worked out from the whole graph: the least fixed point of "at least as urgent as whom I keep waiting". */
function fixedPoint(threads: readonly Thread[], owner: ReadonlyMap<number, Thread>, waits: ReadonlyMap<Thread, number>): Map<Thread, number> {
  const result = new Map(threads.map((t) => [t, t.normalPriority]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [waiter, lock] of waits) {
      const holder = owner.get(lock);
      if (holder === undefined || result.get(waiter)! >= result.get(holder)!) continue;
      result.set(holder, result.get(waiter)!);
      changed = true;
    }
  }
  return result;
}

test("invariant 98: an owner is as urgent as the most urgent of its blocked chain, drops back, cycles are -EDEADLK, only the owner unlocks", () => {
  const count = { n: 0 };
  let deadlocks = 0;
  fc.assert(
    fc.property(lockers, fc.integer(), (all, seed) => {
      const kernel = makeKernel(seed);
      const parent = new Driven(kernel, "parent");
      const base = parent.page(true);
      const child = parent.fork();
      const owner = new Map<number, Thread>();
      const waits = new Map<Thread, number>();
      const live: Thread[] = [];
      const check = (): void => {
        for (const [t, priority] of fixedPoint(live, owner, waits)) expect(t.priority).toBe(priority);
        kernel.checkInvariants();
        count.n++;
      };
      all.forEach(({ steps, rt }, id) => {
        const { process } = id % 2 === 0 ? parent : child;
        thread(kernel, process, `t${id}`, function* (sys: Sys): Blocking<void> {
          const self = kernel.findThread(sys.tid)!;
          live.push(self);
          if (rt > 0) sys.sched_setscheduler(0, 1, rt);
          for (const s of steps) {
            const address = base + 4 * s.lock;
            const holder = owner.get(s.lock);
            if (s.kind === "sleep") yield* sys.nanosleep(1 + s.value);
            else if (s.kind === "renice") {
              const other = live[s.value % live.length]!;
              sys.sched_setscheduler(other.tid, s.lock === 0 ? 0 : 1, s.lock === 0 ? 0 : 10 * s.lock + s.value);
            } else if (s.kind === "unlock") {
              const step = sys.futex(address, F.FUTEX_UNLOCK_PI, 0).next("woken");
              expect(step.value).toBe(holder === self ? 0 : -Errno.EPERM);
              if (holder === self) {
                const word = sys.load32(address)!;
                const next = live.find((t) => t.tid === (word & F.FUTEX_TID_MASK));
                if (next === undefined) owner.delete(s.lock);
                else {
                  // The most urgent waiter has it.
                  const best = Math.min(...[...waits].filter(([, lock]) => lock === s.lock).map(([t]) => t.priority));
                  expect(next.priority).toBe(best);
                  owner.set(s.lock, next);
                  waits.delete(next);
                }
              }
            } else {
              let cyclic = false;
              for (let at = holder; at !== undefined && !cyclic; at = owner.get(waits.get(at) ?? -1)) cyclic = at === self;
              if (!cyclic && holder === undefined) owner.set(s.lock, self);
              else if (!cyclic) waits.set(self, s.lock);
              const result = yield* sys.futex(address, F.FUTEX_LOCK_PI, 0);
              expect(result).toBe(cyclic ? -Errno.EDEADLK : 0);
              if (cyclic) deadlocks++;
              else expect(owner.get(s.lock)).toBe(self);
            }
            check();
          }
          // Gives everything back, so that the end is orderly: death is the next test's.
          for (const [lock, holder] of owner) {
            if (holder !== self) continue;
            sys.futex(base + 4 * lock, F.FUTEX_UNLOCK_PI, 0).next("woken");
            const next = live.find((t) => t.tid === (sys.load32(base + 4 * lock)! & F.FUTEX_TID_MASK));
            if (next === undefined) owner.delete(lock);
            else {
              owner.set(lock, next);
              waits.delete(next);
            }
          }
          live.splice(live.indexOf(self), 1);
        });
      });
      runChecked(kernel, count);
      expect([live, kernel.futex.waiters]).toEqual([[], 0]);
    }),
    { seed: 98, numRuns: 150 },
  );
  expect(deadlocks).toBeGreaterThan(20);
  expect(count.n).toBeGreaterThan(10_000);
});

const robustCase = fc.record({
  owners: fc.array(fc.record({ held: fc.uniqueArray(fc.nat(5), { maxLength: 4 }), dies: fc.constantFrom("exit", "kill", "thread"), pending: fc.boolean() }), { minLength: 1, maxLength: 3 }),
  waiters: fc.array(fc.record({ lock: fc.nat(5), pi: fc.boolean() }), { maxLength: 8 }),
});

test("invariant 99: a dead owner's robust words are marked, and one waiter of each is woken; a dead owner's lock goes to one waiter, marked", () => {
  const count = { n: 0 };
  fc.assert(
    fc.property(robustCase, fc.integer(), ({ owners, waiters }, seed) => {
      const kernel = makeKernel(seed);
      const parent = new Driven(kernel, "parent");
      // Words 0 to 5 are plain robust mutexes, 6 to 11 locks; behind them the lists, one page for each owner.
      const words = parent.page(true);
      const lists = owners.map(() => parent.page(true));
      const { sys } = parent;
      const store64 = (at: number, value: number): void => {
        sys.store32(at, value % 2 ** 32);
        sys.store32(at + 4, Math.floor(value / 2 ** 32));
      };
      const holder = new Map<number, number>();
      const tids: number[] = [];
      owners.forEach(({ held }, i) => {
        const mine = held.filter((lock) => !holder.has(lock));
        for (const lock of mine) holder.set(lock, i);
        const head = lists[i]!;
        const pid = sys.fork(function* (child) {
          const run = function* (self: Sys): Blocking<void> {
            tids[i] = self.tid;
            self.setRobustList(head, 24);
            for (const lock of mine) {
              self.store32(words + 64 * lock, self.tid);
              expect(yield* self.futex(words + 64 * (6 + lock), F.FUTEX_LOCK_PI, 0)).toBe(0);
            }
            yield* self.nanosleep(1e9 * (i + 1));
            if (owners[i]!.dies === "exit") self.exit(0);
          };
          if (owners[i]!.dies !== "thread") yield* run(child);
          else {
            child.clone("owner", run);
            yield* child.nanosleep(1e12);
          }
        });
        if (owners[i]!.dies === "kill") spawn(kernel, "killer", function* (killer) {
          yield* killer.nanosleep(1e9 * (i + 1) - 1000);
          killer.kill(pid, 9);
        });
        // One lock may be on its way in instead of on the list. The entry of lock n and its word lie equally far behind where they begin.
        const entries = mine.map((lock) => head + 0x8000 + 64 * lock);
        const pending = owners[i]!.pending ? entries.pop() : undefined;
        const chain = [head, ...entries, head];
        for (let k = 0; k + 1 < chain.length; k++) store64(chain[k]!, chain[k + 1]!);
        const offset = words - (head + 0x8000);
        sys.store32(head + 8, offset >>> 0);
        sys.store32(head + 12, Math.floor(offset / 2 ** 32) >>> 0);
        store64(head + 16, pending ?? 0);
      });
      const woken: number[][] = Array.from({ length: 12 }, () => []);
      const slept = new Map<number, number>();
      waiters.forEach(({ lock, pi }) => {
        if (!holder.has(lock)) return;
        const index = pi ? 6 + lock : lock;
        slept.set(index, (slept.get(index) ?? 0) + 1);
        parent.sys.fork(function* (self) {
          yield* self.nanosleep(5e8);
          const address = words + 64 * index;
          if (!pi) self.store32(address, (self.load32(address)! | W) >>> 0);
          const result = pi ? yield* self.futex(address, F.FUTEX_LOCK_PI, 0) : yield* self.futex(address, F.FUTEX_WAIT, self.load32(address)!);
          expect(result).toBe(0);
          woken[index]!.push(self.tid);
          yield* self.nanosleep(1e13);
        });
      });
      while ((kernel.events.peekTime() ?? Infinity) < 1e11 && kernel.events.runNext()) {
        kernel.checkInvariants();
        count.n++;
        if (kernel.clock.now > 1e11) break;
      }
      for (const [lock] of holder) {
        const plain = sys.load32(words + 64 * lock)!;
        expect(plain & F.FUTEX_TID_MASK).toBe(0);
        expect((plain & F.FUTEX_OWNER_DIED) !== 0).toBe(true);
        expect(woken[lock]!.length).toBe(Math.min(1, slept.get(lock) ?? 0));
        const sleepers = slept.get(6 + lock) ?? 0;
        expect(woken[6 + lock]!.length).toBe(Math.min(1, sleepers));
        if (sleepers > 0) expect(sys.load32(words + 64 * (6 + lock))).toBe((woken[6 + lock]![0]! | W | F.FUTEX_OWNER_DIED) >>> 0);
      }
      for (const p of [...kernel.processes.values()]) kernel.kill(p);
      expect(kernel.futex.waiters).toBe(0);
    }),
    { seed: 99, numRuns: 800 },
  );
  expect(count.n).toBeGreaterThan(10_000);
});

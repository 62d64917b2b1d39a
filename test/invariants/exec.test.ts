import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { seededStrategy } from "../../src/kernel/choices.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { DrmExec, EXEC_IGNORE_DUPLICATES } from "../../src/kernel/fence/drm-exec.ts";
import { DmaResv } from "../../src/kernel/fence/resv.ts";
import { WwClass, WwMutex, type WwPolicy } from "../../src/kernel/fence/ww-mutex.ts";
import type { Blocking } from "../../src/kernel/process/wait.ts";
import { Rig } from "../kernel/drm/rig.ts";

const program = fc.record({
  seed: fc.nat(),
  clients: fc.array(fc.array(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 1, maxLength: 6 }), { minLength: 4, maxLength: 6 }), { minLength: 2, maxLength: 5 }),
});

test("invariants 38 and 39: clients of several processes that lock overlapping sets all finish; after a roll-back nothing is locked, at success each object once", () => {
  let steps = 0;
  fc.assert(
    fc.property(program, ({ seed, clients }) => {
      const rig = new Rig({ strategy: seededStrategy(seed) });
      const objects = Array.from({ length: 6 }, () => new DmaResv());
      const holders = objects.map(() => 0);
      let finished = 0;
      clients.forEach((sets, c) => {
        rig.kernel.createProcess(`client${c}`, function* (): Blocking<number> {
          for (const set of sets) {
            const exec = new DrmExec();
            for (;;) {
              let result = 0;
              for (const i of set) {
                steps++;
                result = yield* exec.lock(objects[i]!);
                if (result !== 0) break;
                expect(objects[i]!.lock.locked).toBe(true);
                // Others run between two locks.
                yield { queue: null, deadline: rig.kernel.clock.now + 10, what: "its work" };
              }
              if (result === 0) break;
              expect(result).toBe(-Errno.EDEADLK);
              expect(yield* exec.retry()).toBe(true);
              expect(exec.locked.length).toBe(1);
            }
            expect(new Set(exec.locked)).toEqual(new Set(set.map((i) => objects[i]!)));
            expect(exec.locked.length).toBe(set.length);
            for (const i of set) expect(++holders[i]!).toBe(1);
            yield { queue: null, deadline: rig.kernel.clock.now + 100, what: "its work" };
            for (const i of set) holders[i]!--;
            exec.fini();
            expect(exec.locked.length).toBe(0);
            rig.kernel.checkInvariants();
          }
          finished++;
          return 0;
        });
      });
      rig.run();
      expect(finished).toBe(clients.length);
      expect(objects.map((o) => o.lock.locked)).toEqual(objects.map(() => false));
      rig.store.dispose();
    }),
    { seed: 38, numRuns: 200, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 38: the oldest ticket is never told to give up for ever, under either policy", () => {
  let steps = 0;
  fc.assert(
    fc.property(program, fc.constantFrom<WwPolicy>("wait-die", "wound-wait"), ({ seed, clients }, policy) => {
      const rig = new Rig({ strategy: seededStrategy(seed) });
      const family = new WwClass(policy);
      const locks = Array.from({ length: 6 }, () => new WwMutex(family));
      const tickets = clients.map(() => family.acquire());
      let done = 0;
      clients.forEach((sets, c) => {
        rig.kernel.createProcess(`client${c}`, function* (): Blocking<number> {
          const ticket = tickets[c]!;
          const set = sets[0]!;
          const held: WwMutex[] = [];
          let contended = null as WwMutex | null;
          let dies = 0;
          for (let i = 0; i < set.length; i++) {
            steps++;
            const lock = locks[set[i]!]!;
            if (held.includes(lock)) continue;
            const result: number = contended === lock ? yield* lock.lockSlow(ticket) : yield* lock.lock(ticket);
            if (result === -Errno.EDEADLK) {
              for (const h of held.splice(0).toReversed()) h.unlock();
              dies++;
              contended = lock;
              // The oldest of all is told so by nobody in either scheme.
              expect(c).not.toBe(0);
              expect(yield* lock.lockSlow(ticket)).toBe(0);
              held.push(lock);
              contended = null;
              i = -1;
              continue;
            }
            expect(result).toBe(0);
            expect(yield* lock.lock(ticket)).toBe(-Errno.EALREADY);
            held.push(lock);
            yield { queue: null, deadline: rig.kernel.clock.now + 10, what: "its work" };
          }
          expect(dies).toBeLessThan(100);
          expect(ticket.held).toBe(held.length);
          for (const h of held.toReversed()) h.unlock();
          ticket.fini();
          done++;
          return 0;
        });
      });
      rig.run();
      expect(done).toBe(clients.length);
      expect(locks.some((lock) => lock.locked)).toBe(false);
      rig.store.dispose();
    }),
    { seed: 39, numRuns: 800, endOnFailure: true },
  );
  expect(steps).toBeGreaterThan(10_000);
});

test("invariant 39: a duplicate is -EALREADY, or counts as locked when duplicates are ignored", () => {
  const rig = new Rig();
  const client = rig.process();
  const [a, b] = [new DmaResv(), new DmaResv()];
  const strict = new DrmExec();
  expect(client.drive(strict.lockAll([a, b, a]))).toBe(-Errno.EALREADY);
  expect([a.lock.locked, b.lock.locked]).toEqual([false, false]);
  const lenient = new DrmExec(EXEC_IGNORE_DUPLICATES);
  expect(client.drive(lenient.lockAll([a, b, a]))).toBe(0);
  expect(lenient.locked).toEqual([a, b]);
  lenient.fini();
  expect([a.lock.locked, b.lock.locked]).toEqual([false, false]);
});

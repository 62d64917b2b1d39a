import fc from "fast-check";
import { expect, test } from "vitest";
import { CgroupTree, type Cgroup } from "../../../src/kernel/cgroup/cgroup.ts";
import type { DmemPool } from "../../../src/kernel/cgroup/dmem.ts";
import { Errno } from "../../../src/kernel/errors.ts";

function tree(): { t: CgroupTree; groups: Cgroup[] } {
  const t = new CgroupTree();
  for (const [parent, name] of [["/", "a"], ["/", "b"], ["/a", "x"], ["/a", "y"]] as const) t.mkdir(t.find(parent)!, name);
  return { t, groups: ["/", "/a", "/b", "/a/x", "/a/y"].map((path) => t.find(path)!) };
}

test("a charge counts in every ancestor; the first limit going up stops it and is named", () => {
  const { t, groups } = tree();
  const [root, a, , x] = groups as [Cgroup, Cgroup, Cgroup, Cgroup];
  const region = t.dmem.register("drm/0000:01:00.0/vram0", 1000);
  t.dmem.pool(a, region).counter.max = 100;
  const charge = t.dmem.tryCharge(x, region, 80);
  expect(charge.result).toBe(0);
  expect([x, a, root].map((g) => region.pools.get(g)!.counter.usage)).toEqual([80, 80, 80]);
  const refused = t.dmem.tryCharge(x, region, 21);
  expect([refused.result, refused.limit?.cgroup.path]).toEqual([-Errno.EAGAIN, "/a"]);
  t.dmem.uncharge(charge.pool!, 80);
  expect([x, a, root].map((g) => region.pools.get(g)!.counter.usage)).toEqual([0, 0, 0]);
  t.dmem.unregister(region);
  expect(t.dmem.tryCharge(x, region, 1).result).toBe(-Errno.ENODEV);
});

test("who may be evicted: the own pool always, others inside the limit, never what min protects, what low protects in the second pass", () => {
  const { t, groups } = tree();
  const [root, a, b, x, y] = groups as [Cgroup, Cgroup, Cgroup, Cgroup, Cgroup];
  const region = t.dmem.register("r", 1000);
  for (const g of [b, x, y]) t.dmem.tryCharge(g, region, 50);
  const pool = (g: Cgroup): DmemPool => t.dmem.pool(g, region);
  const hit = { value: false };
  const may = (limit: Cgroup | null, victim: Cgroup, ignoreLow = false): boolean => t.dmem.evictValuable(limit === null ? null : pool(limit), pool(victim), ignoreLow, hit);
  expect([may(x, x), may(a, y), may(a, b), may(root, b), may(null, b)]).toEqual([true, true, false, true, true]);
  pool(y).counter.min = 50;
  pool(a).counter.min = 50;
  expect([may(a, y), may(null, y), may(null, x)]).toEqual([false, false, true]);
  pool(b).counter.low = 60;
  expect([may(null, b), hit.value, may(null, b, true)]).toEqual([false, true, true]);
});

const step = fc.record({ kind: fc.constantFrom("charge", "charge", "uncharge", "max", "min", "low"), group: fc.nat(4), bytes: fc.nat(60) });

test("invariant 82: use stays below every limit, a parent's is the sum below and its own, uncharging restores, min protects", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (all) => {
      const { t, groups } = tree();
      const region = t.dmem.register("r", 1000);
      const charges: { pool: DmemPool; bytes: number }[] = [];
      const own = new Map<Cgroup, number>();
      for (const g of groups) t.dmem.pool(g, region);
      for (const { kind, group, bytes } of all) {
        const g = groups[group]!;
        const { counter } = t.dmem.pool(g, region);
        const before = groups.map((each) => region.pools.get(each)!.counter.usage);
        if (kind === "charge") {
          const charge = t.dmem.tryCharge(g, region, bytes);
          if (charge.result === 0) {
            charges.push({ pool: charge.pool!, bytes });
            own.set(g, (own.get(g) ?? 0) + bytes);
            for (let at: DmemPool | null = charge.pool; at !== null; at = at.parent) expect(at.counter.usage).toBeLessThanOrEqual(at.counter.max);
          } else {
            expect(charge.limit!.counter.usage + bytes).toBeGreaterThan(charge.limit!.counter.max);
            expect(groups.map((each) => region.pools.get(each)!.counter.usage)).toEqual(before);
          }
        } else if (kind === "uncharge" && charges.length > 0) {
          const [gone] = charges.splice(bytes % charges.length, 1);
          t.dmem.uncharge(gone!.pool, gone!.bytes);
          own.set(gone!.pool.cgroup, own.get(gone!.pool.cgroup)! - gone!.bytes);
        } else if (kind === "max") counter.max = 4 * bytes;
        else if (kind === "min") counter.min = bytes;
        else if (kind === "low") counter.low = bytes;
        t.checkInvariants();
        for (const each of groups) {
          const pool = region.pools.get(each)!;
          const below = [...pool.children].reduce((n, child) => n + child.counter.usage, 0);
          expect(pool.counter.usage).toBe(below + (own.get(each) ?? 0));
          // Nobody outside takes what is wholly protected all the way up.
          const chain = [pool, ...(pool.parent?.parent === null ? [] : [pool.parent!])];
          const safe = each !== groups[0] && pool.counter.usage > 0 && chain.every((p) => p.counter.min >= p.counter.usage);
          if (safe) expect(t.dmem.evictValuable(null, pool, true, { value: false })).toBe(false);
        }
        steps++;
      }
    }),
    { seed: 82, numRuns: 300 },
  );
  expect(steps).toBeGreaterThan(10_000);
});

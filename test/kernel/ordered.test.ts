import fc from "fast-check";
import { expect, test } from "vitest";
import { OrderedSet } from "../../src/kernel/ordered.ts";

test("an ordered set is a sorted array", () => {
  const step = fc.record({ add: fc.boolean(), value: fc.nat(40) });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), fc.nat(45), (steps, from) => {
    const set = new OrderedSet<number>((a, b) => a - b);
    const plain = new Set<number>();
    for (const { add, value } of steps) {
      if (!add) expect(set.delete(value)).toBe(plain.delete(value));
      else if (!plain.has(value)) {
        set.add(value);
        plain.add(value);
      }
    }
    const sorted = [...plain].toSorted((a, b) => a - b);
    expect([...set.from()]).toEqual(sorted);
    expect([...set.backwards()]).toEqual(sorted.toReversed());
    expect([...set.from((value) => value >= from)]).toEqual(sorted.filter((value) => value >= from));
    expect(set.firstWhere((value) => value >= from)).toBe(sorted.find((value) => value >= from) ?? null);
    expect(set.size).toBe(sorted.length);
  }), { numRuns: 500 });
});

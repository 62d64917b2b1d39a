import fc from "fast-check";
import { expect, test } from "vitest";
import { HandleTable } from "../../src/api/handles.ts";

test("a live handle finds its object; stale, foreign, null and garbage handles find nothing", () => {
  const table = new HandleTable<{ id: number }>(3, 1001);
  const other = new HandleTable<{ id: number }>(3, 1002);
  const kind = new HandleTable<{ id: number }>(4, 1001);
  const a = table.add({ id: 1 });
  const theirs = other.add({ id: 2 });
  const second = kind.add({ id: 3 });
  expect(table.get(a)?.id).toBe(1);
  for (const wrong of [0, -1, NaN, a + 1, a - 8, a + 256, theirs, second, 2 ** 48]) expect(table.get(wrong)).toBeUndefined();
  expect(table.remove(a)?.id).toBe(1);
  expect(table.get(a)).toBeUndefined();
  expect(table.isStale(a)).toBe(true);
  const b = table.add({ id: 4 });
  expect(b).not.toBe(a);
  expect(table.get(a)).toBeUndefined();
  expect(table.remove(a)).toBeUndefined();
});

test("any sequence of add and remove equals a map", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.nat(20), { nil: null }), { maxLength: 200 }), (steps) => {
    const table = new HandleTable<{ n: number }>(9, 7);
    const model = new Map<number, { n: number }>();
    const handles: number[] = [];
    steps.forEach((pick, n) => {
      if (pick === null || handles.length === 0) {
        const object = { n };
        const handle = table.add(object);
        expect(model.has(handle)).toBe(false);
        model.set(handle, object);
        handles.push(handle);
      } else {
        const handle = handles[pick % handles.length]!;
        expect(table.remove(handle)).toBe(model.get(handle));
        model.delete(handle);
      }
      expect(table.size).toBe(model.size);
      for (const handle of handles) expect(table.get(handle)).toBe(model.get(handle));
    });
    expect(new Map(table.entries())).toEqual(model);
  }));
});

import { describe, expect as full, test } from "vitest";
import { expect } from "./expect.ts";

const passes = (assertion: () => void): boolean => {
  try {
    assertion();
    return true;
  } catch {
    return false;
  }
};

describe("the quick expect says what the real one says", () => {
  const values: readonly unknown[] = [0, -0, 1, 2n, NaN, "", "a", null, undefined, true, [], [1, [2]], [1, [2]], [1, [3]], [undefined], new Array(1), {}, { a: 1 }, { a: 1 }, { a: 1, b: undefined }, { b: { c: [1] } }, { b: { c: [1] } }, new Map([[1, 2]]), new Map([[1, 2]]), new Uint8Array(2), new Uint8Array(2), { a: 1, [Symbol.for("s")]: 1 }, { a: 1, [Symbol.for("s")]: 2 }, Object.create(null), full.anything()];
  test.each(["toBe", "toEqual", "toStrictEqual", "toBeLessThan", "toBeLessThanOrEqual", "toBeGreaterThan", "toBeGreaterThanOrEqual"] as const)("%s", (matcher) => {
    for (const a of values) {
      for (const b of values) {
        full(passes(() => expect(a)[matcher](b as never)), `${String(matcher)} ${JSON.stringify([typeof a, typeof b])}`).toBe(passes(() => full(a)[matcher](b as never)));
        full(passes(() => expect(a).not[matcher](b as never))).toBe(passes(() => full(a).not[matcher](b as never)));
      }
    }
  });

  test("toBeNull, others, and its message", () => {
    for (const a of values) full(passes(() => expect(a).toBeNull())).toBe(passes(() => full(a).toBeNull()));
    expect(["a", "b"]).toContain("a");
    full(() => expect(1, "one").toBe(2)).toThrow("one");
    full(() => expect(1, "one").toBeLessThan(0)).toThrow("one");
  });
});

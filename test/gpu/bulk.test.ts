import fc from "fast-check";
import { expect, test } from "vitest";
import { bulkOf } from "../../src/gpu/bulk.ts";

const PAGE = 65536;
const memories = [
  { name: "shared memory", shared: true, memory: new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true }) },
  { name: "memory of one thread", shared: false, memory: new WebAssembly.Memory({ initial: 2, maximum: 4 }) },
];

for (const { name, shared, memory } of memories) {
  test(`${name}: copies and fills as typed arrays do, overlapping or not`, () => {
    const bulk = bulkOf(memory, shared);
    const bytes = new Uint8Array(memory.buffer);
    const want = new Uint8Array(2 * PAGE);
    const place = fc.integer({ min: 0, max: PAGE });
    fc.assert(
      fc.property(fc.array(fc.record({ to: place, from: place, value: fc.option(fc.integer({ min: 0, max: 255 })), length: fc.oneof(fc.nat(20), place) }), { maxLength: 10 }), (steps) => {
        for (let i = 0; i < want.length; i++) bytes[i] = want[i] = i * 7;
        for (const { to, from, value, length } of steps) {
          if (value === null) {
            bulk.copy(to, from, length);
            want.copyWithin(to, from, from + length);
          } else {
            bulk.fill(to, value, length);
            want.fill(value, to, to + length);
          }
        }
        expect(Buffer.compare(new Uint8Array(memory.buffer), want)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test(`${name}: what reaches beyond the end throws and changes nothing`, () => {
    const bulk = bulkOf(memory, shared);
    const bytes = new Uint8Array(memory.buffer).fill(1);
    expect(() => bulk.fill(2 * PAGE - 4, 9, 5)).toThrow(WebAssembly.RuntimeError);
    expect(() => bulk.copy(2 * PAGE - 4, 0, 5)).toThrow(WebAssembly.RuntimeError);
    expect(() => bulk.copy(0, 2 * PAGE - 4, 5)).toThrow(WebAssembly.RuntimeError);
    expect(bytes.every((byte) => byte === 1)).toBe(true);
    bulk.fill(2 * PAGE, 9, 0);
  });
}

test("places above 2 GiB", () => {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true });
  const bulk = bulkOf(memory, true);
  memory.grow(40_000);
  const high = 2 ** 31 + 12345;
  bulk.fill(high, 5, 100);
  bulk.copy(high + 1000, high + 50, 100);
  expect([...new Uint8Array(memory.buffer, high + 1045, 10)]).toEqual([5, 5, 5, 5, 5, 0, 0, 0, 0, 0]);
});

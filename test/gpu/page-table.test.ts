import fc from "fast-check";
import { expect, test } from "vitest";
import { LinearStore } from "../../src/gpu/linear.ts";
import { GpuPageTable } from "../../src/gpu/page-table.ts";

const P = 65536;
const START = 2 ** 40;

function make(): { store: LinearStore; table: GpuPageTable } {
  const store = new LinearStore(2 ** 30);
  return { store, table: GpuPageTable.create(store, START, 64 * P)! };
}

test("compiled code finds what was mapped, by the contract's own arithmetic", () => {
  const { store, table } = make();
  table.map(START + 3 * P, 5 * P, 2 * P, 3);
  const va = START + 4 * P + 100;
  const index = Math.floor(va / P) - table.basePage;
  const entry = store.u32[(table.table >>> 2) + index]!;
  expect(entry & 3).toBe(3);
  expect(((entry & 0xffff0000) >>> 0) | (va % P)).toBe(6 * P + 100);
  expect(table.translate(va, 4, 3)).toBe(6 * P + 100);
});

test("nothing outside the window, nothing without permission", () => {
  const { table } = make();
  table.map(START, P, P, 1);
  expect(table.translate(START + 8, 4, 1)).toBe(P + 8);
  expect(table.translate(START + 8, 4, 2)).toBe(-1);
  expect(table.translate(START - 1, 1, 1)).toBe(-1);
  expect(table.translate(START + 64 * P, 1, 1)).toBe(-1);
  expect(table.translate(START + P, 1, 1)).toBe(-1);
  expect(table.entry(0)).toBe(0);
});

test("runs join pages that follow each other with the same flags, and no others", () => {
  const { table } = make();
  table.map(START, 10 * P, 3 * P, 3);
  table.map(START + 3 * P, 13 * P, P, 1);
  table.map(START + 4 * P, 20 * P, P, 1);
  expect(table.translate(START + 100, 10 * P, 1)).toBe(10 * P + 100);
  expect(table.run).toBe(3 * P - 100);
  expect(table.translate(START + 100, 200, 1)).toBe(10 * P + 100);
  expect(table.run).toBe(200);
  table.translate(START + 3 * P, 5 * P, 1);
  expect(table.run).toBe(P);
});

test("a linear address in the upper half of 4 GiB survives", () => {
  const { table } = make();
  table.map(START, 0xfffe0000, P, 3);
  expect(table.translate(START + 9, 1, 3)).toBe(0xfffe0009);
});

test("against a map of pages", () => {
  const op = fc.record({ map: fc.boolean(), page: fc.integer({ min: 0, max: 31 }), n: fc.integer({ min: 1, max: 8 }), linear: fc.integer({ min: 1, max: 60000 }), flags: fc.integer({ min: 1, max: 3 }) });
  fc.assert(
    fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
      const { store, table } = make();
      const model = new Map<number, { linear: number; flags: number }>();
      for (const o of ops) {
        const n = Math.min(o.n, 64 - o.page);
        if (o.map) table.map(START + o.page * P, o.linear * P, n * P, o.flags);
        else table.unmap(START + o.page * P, n * P);
        for (let i = 0; i < n; i++) {
          if (o.map) model.set(o.page + i, { linear: o.linear + i, flags: o.flags });
          else model.delete(o.page + i);
        }
      }
      expect(table.present).toBe(model.size);
      for (let page = 0; page < 64; page++) {
        const m = model.get(page);
        for (const need of [1, 2, 3]) expect(table.translate(START + page * P + 3, 1, need)).toBe(m !== undefined && (m.flags & need) === need ? m.linear * P + 3 : -1);
      }
      table.unmap(START, 64 * P);
      table.destroy();
      expect(store.counts().pagetable).toBe(0);
      store.dispose();
    }),
    { seed: 2, numRuns: 100 },
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { LinearStore } from "../../../src/gpu/linear.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { AddressSpace } from "../../../src/kernel/mm/address-space.ts";
import { PAGE } from "../../../src/kernel/mm/vma.ts";

const RW = 3;

test("fresh memory is zero, writable, and gone after unmap", () => {
  const store = new LinearStore(2 ** 30);
  const mm = new AddressSpace(store, 0);
  const at = mm.mapAnonymous(0, 100, RW, false, false);
  const bytes = mm.bytes(at, 100, true)!;
  expect(bytes.every((b) => b === 0)).toBe(true);
  bytes[7] = 9;
  expect(mm.bytes(at + 7, 1, false)![0]).toBe(9);
  expect(mm.unmap(at, 100)).toBe(0);
  expect(mm.bytes(at, 1, false)).toBeNull();
  store.dispose();
});

test("protection: no write through a read-only mapping, nothing through reserved space", () => {
  const store = new LinearStore(2 ** 30);
  const mm = new AddressSpace(store, 0);
  const readOnly = mm.mapAnonymous(0, PAGE, 1, false, false);
  expect(mm.resolve(readOnly, 4, false)).not.toBeNull();
  expect(mm.resolve(readOnly, 4, true)).toBeNull();
  const reserved = mm.reserve(PAGE, 2 ** 21);
  expect(reserved % 2 ** 21).toBe(0);
  expect(mm.resolve(reserved, 1, false)).toBeNull();
  expect(mm.reserve(PAGE, 3)).toBe(-Errno.EINVAL);
  store.dispose();
});

test("two processes' windows are disjoint; a forked child keeps addresses and gets a copy", () => {
  const store = new LinearStore(2 ** 30);
  const a = new AddressSpace(store, 0);
  const b = new AddressSpace(store, 1);
  const at = a.mapAnonymous(0, PAGE, RW, false, false);
  expect(b.resolve(at, 1, false)).toBeNull();
  a.bytes(at, 1, true)![0] = 1;
  const child = a.fork() as AddressSpace;
  a.bytes(at, 1, true)![0] = 2;
  expect(child.bytes(at, 1, false)![0]).toBe(1);
  child.destroy();
  expect(a.bytes(at, 1, false)![0]).toBe(2);
  store.dispose();
});

test("any sequence of map, fixed map, reserve and unmap equals a page-by-page model and leaks nothing", () => {
  const step = fc.record({ kind: fc.constantFrom("map", "fixed", "reserve", "unmap"), page: fc.nat(12), pages: fc.integer({ min: 1, max: 4 }) });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const store = new LinearStore(2 ** 30);
    const mm = new AddressSpace(store, 3);
    const base = mm.gpuWindow.start + PAGE;
    const model = new Map<number, string>();
    const set = (start: number, pages: number, what: string | null): void => {
      for (let i = 0; i < pages; i++) {
        const page = (start - base) / PAGE + i;
        if (what === null) model.delete(page);
        else model.set(page, what);
      }
    };
    steps.forEach((s, n) => {
      const address = base + s.page * PAGE;
      const bytes = s.pages * PAGE;
      if (s.kind === "unmap") {
        mm.unmap(address, bytes);
        set(address, s.pages, null);
        return;
      }
      const at = s.kind === "reserve" ? mm.reserve(bytes, PAGE) : mm.mapAnonymous(s.kind === "fixed" ? address : 0, bytes, RW, s.kind === "fixed", false);
      expect(at).toBeGreaterThan(0);
      if (s.kind !== "fixed") for (let i = 0; i < s.pages; i++) expect(model.has((at - base) / PAGE + i)).toBe(false);
      set(at, s.pages, s.kind === "reserve" ? "reserved" : `m${n}`);
      if (s.kind !== "reserve") mm.bytes(at, 1, true)![0] = n & 255;
      mm.checkInvariants();
    });
    for (let page = 0; page < 40; page++) {
      const what = model.get(page);
      expect(mm.find(base + page * PAGE) !== null).toBe(what !== undefined);
      expect(mm.resolve(base + page * PAGE, 1, true) !== null).toBe(what?.startsWith("m") ?? false);
    }
    mm.destroy();
    expect(store.ram.used).toBe(0);
    store.dispose();
  }), { numRuns: 60 });
});

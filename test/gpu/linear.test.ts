import { expect, test } from "vitest";
import { LinearStore, OutOfFrames } from "../../src/gpu/linear.ts";

const MIB = 2 ** 20;

test("no memory exists before it is used", () => {
  const store = new LinearStore(MIB);
  expect(store.u8.length).toBe(0);
  expect(store.counts()).toEqual({ system: 0, vram: 0, pagetable: 0, scratch: 0 });
  store.checkInvariants();
});

test("system pages are charged to RAM and zero, also when they were used before", () => {
  const store = new LinearStore(2 * MIB);
  const a = store.allocatePages(MIB)!;
  expect(a % 65536).toBe(0);
  expect(a).toBeGreaterThan(0);
  store.u8.fill(7, a, a + MIB);
  expect(store.ram.free).toBe(MIB);
  expect(store.allocatePages(2 * MIB)).toBeNull();
  store.releasePages(a, MIB);
  const b = store.allocatePages(MIB)!;
  expect(b).toBe(a);
  expect(store.u8.subarray(b, b + MIB).every((byte) => byte === 0)).toBe(true);
  store.checkInvariants();
});

test("growing keeps addresses and contents, and old views stay alive", () => {
  const store = new LinearStore(2 ** 30);
  const a = store.allocatePages(65536)!;
  const old = store.u8;
  store.u8[a] = 42;
  const big = store.allocatePages(64 * MIB)!;
  expect(store.u8.length).toBeGreaterThanOrEqual(big + 64 * MIB);
  expect(store.u8[a]).toBe(42);
  old[a] = 43;
  expect(store.u8[a]).toBe(43);
});

test("scratch memory for compiled code: zeroed, private, released once", () => {
  const store = new LinearStore(MIB);
  const a = store.allocate(100);
  const b = store.allocate(70_000);
  expect(store.counts().scratch).toBe(3);
  store.u8[a] = 1;
  store.release(a);
  expect(store.u8[store.allocate(1)]).toBe(0);
  store.release(b);
  expect(() => store.release(b)).toThrow(/not allocated/);
});

test("linear memory ends at 4 GiB: null for frames, an error for scratch", () => {
  const store = new LinearStore(2 ** 40);
  expect(store.allocateFrames("vram", 65536)).toBeNull();
  expect(() => store.allocate(2 ** 33)).toThrow(OutOfFrames);
  expect(store.counts().vram).toBe(0);
});

test("thousands of machines, one after the other, use few memories", () => {
  let last = -1;
  for (let i = 0; i < 3000; i++) {
    const store = new LinearStore(MIB);
    const at = store.allocatePages(65536)!;
    expect(store.u8[at + 5]).toBe(0);
    store.u8[at + 5] = 9;
    store.dispose();
    last = at;
  }
  expect(last).toBeGreaterThan(0);
});

test("a disposed machine's memory cannot be used", () => {
  const store = new LinearStore(MIB);
  store.allocatePages(65536);
  store.dispose();
  expect(() => store.allocatePages(65536)).toThrow(/disposed/);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import type { DeviceFault } from "../../src/compiler/abi.ts";
import { LinearStore } from "../../src/gpu/linear.ts";
import { GpuPageTable } from "../../src/gpu/page-table.ts";
import type { GpuAddressSpace } from "../../src/gpu/ports.ts";
import { Transfer } from "../../src/gpu/transfer.ts";

const P = 65536;
const START = 2 ** 40;
const PAGES = 6;

/** Pages that follow each other in the address space and are scattered in memory; the first and third are on the bus. */
function space(): { store: LinearStore; memory: GpuAddressSpace; read: (at: number) => number; write: (at: number, value: number) => void } {
  const store = new LinearStore(2 ** 30);
  const pageTable = GpuPageTable.create(store, START, 64 * P)!;
  const at: number[] = [];
  for (let i = 0; i < PAGES; i++) {
    at.push(store.allocateFrames("vram", 1)!);
    store.allocateFrames("vram", i % 2);
  }
  [3, 0, 4, 1, 5, 2].forEach((frame, i) => pageTable.map(START + i * P, at[frame]!, P, 3 | (i % 2 === 0 && i < 4 ? 4 : 0)));
  const memory = { pageTable, fault: () => false, untouched: () => 0 };
  const linear = (offset: number): number => pageTable.translate(START + offset, 1, 1);
  return { store, memory, read: (offset) => store.u8[linear(offset)]!, write: (offset, value) => void (store.u8[linear(offset)] = value) };
}

const rows = fc.record({ width: fc.integer({ min: 0, max: 300 }), height: fc.integer({ min: 0, max: 5 }), depth: fc.integer({ min: 0, max: 3 }) });

test("rectangular copies and fills do what a loop over bytes does, however they are chopped", () => {
  const { store, memory, read, write } = space();
  const transfer = new Transfer(store);
  const base = fc.integer({ min: 0, max: 2 * P });
  fc.assert(
    fc.property(rows, base, base, fc.nat(40), fc.nat(40), fc.nat(100), fc.integer({ min: 1, max: 700 }), fc.constantFrom(0, 1, 2, 4, 16), (extent, dstAt, srcAt, dstGap, srcGap, sliceGap, chunk, patternLength) => {
      const src = srcAt;
      const dst = 3 * P + (dstAt % (2 * P));
      const width = patternLength > 1 ? Math.floor(extent.width / patternLength) * patternLength : extent.width;
      const e = { ...extent, width };
      const dstPitch = width + dstGap;
      const srcPitch = width + srcGap;
      const dstSlicePitch = dstPitch * e.height + sliceGap;
      const srcSlicePitch = srcPitch * e.height;
      for (let i = 0; i < width * 2 + 40; i++) write(Math.min(src + i * 7, PAGES * P - 1), i & 255);
      const expected = new Map<number, number>();
      const pattern = Uint8Array.from({ length: Math.max(1, patternLength) }, (_, i) => i + 1);
      for (let z = 0; z < e.depth; z++) {
        for (let y = 0; y < e.height; y++) {
          for (let x = 0; x < width; x++) {
            const to = dst + z * dstSlicePitch + y * dstPitch + x;
            expected.set(to, patternLength === 0 ? read(src + z * srcSlicePitch + y * srcPitch + x) : pattern[x % pattern.length]!);
          }
        }
      }
      const guards = [dst - 1, dst + dstSlicePitch * e.depth].map((at) => [at, read(at)] as const);
      if (patternLength === 0) transfer.begin({ kind: "copy", dst: START + dst, src: START + src, extent: e, dstPitch, dstSlicePitch, srcPitch, srcSlicePitch }, memory, "t");
      else transfer.begin({ kind: "fill", dst: START + dst, extent: e, pitch: dstPitch, slicePitch: dstSlicePitch, pattern }, memory, "t");
      let total = 0;
      while (!transfer.done) {
        const n = transfer.step(chunk);
        expect(n).toBeGreaterThan(0);
        expect(n).toBeLessThanOrEqual(chunk);
        total += n;
      }
      expect(total).toBe(width * e.height * e.depth);
      for (const [at, value] of expected) expect(read(at)).toBe(value);
      for (const [at, value] of guards) if (!expected.has(at)) expect(read(at)).toBe(value);
    }),
    { seed: 3, numRuns: 300 },
  );
});

test("it knows when it crossed the bus", () => {
  const { store, memory } = space();
  const transfer = new Transfer(store);
  const run = (dst: number, src: number): boolean => {
    transfer.begin({ kind: "copy", dst: START + dst, src: START + src, extent: { width: 64, height: 1, depth: 1 }, dstPitch: 0, srcPitch: 0, dstSlicePitch: 0, srcSlicePitch: 0 }, memory, "t");
    transfer.step(1000);
    return transfer.bus;
  };
  expect(run(P, 3 * P)).toBe(false);
  expect(run(P, 2 * P)).toBe(true);
  expect(run(0, P)).toBe(true);
  expect(run(P, 3 * P + 100)).toBe(false);
});

test("no translation and no permission are told apart", () => {
  const { store, memory } = space();
  const transfer = new Transfer(store);
  memory.pageTable.map(START + 10 * P, P, P, 1);
  const fault = (dst: number): DeviceFault => {
    transfer.begin({ kind: "fill", dst, extent: { width: 8, height: 1, depth: 1 }, pitch: 0, slicePitch: 0, pattern: Uint8Array.of(1) }, memory, "memset");
    try {
      transfer.step(100);
    } catch (error) {
      return error as DeviceFault;
    }
    throw new Error("no fault");
  };
  expect(fault(START + 20 * P)).toMatchObject({ kind: "illegal-address", access: { address: BigInt(START + 20 * P), kind: "write" }, site: { kernel: "memset" } });
  expect(fault(START + 10 * P).kind).toBe("write-protected");
});

import { expect, test } from "vitest";
import { busShare } from "../../src/gpu/bus-share.ts";
import { FRAME } from "../../src/gpu/frames.ts";
import { LinearStore } from "../../src/gpu/linear.ts";
import { GpuPageTable, PTE_BUS, PTE_READ } from "../../src/gpu/page-table.ts";
import { a100Pcie40 } from "../../src/gpu/profiles/a100.ts";
import { computeTime } from "../../src/gpu/timing.ts";

test("the part of a launch's pointers that lead over the bus; numbers, null and addresses of nothing do not count", () => {
  const store = new LinearStore(64 * FRAME);
  const base = 2 ** 40;
  const table = GpuPageTable.create(store, base, 64 * FRAME)!;
  table.map(base + FRAME, 3 * FRAME, 2 * FRAME, PTE_READ);
  table.map(base + 8 * FRAME, 5 * FRAME, 2 * FRAME, PTE_READ | PTE_BUS);
  const [local, remote, nothing] = [base + FRAME + 12, base + 9 * FRAME, base + 32 * FRAME];
  const share = (...values: number[]): number => busShare(table, new Uint8Array(BigUint64Array.from(values, BigInt).buffer));
  expect(share()).toBe(0);
  expect(share(local, 7, 0)).toBe(0);
  expect(share(remote)).toBe(1);
  expect(share(remote, 1000, nothing, 2 ** 52)).toBe(1);
  expect(share(local, remote)).toBe(0.5);
  expect(share(local, local, local, remote)).toBe(0.25);
  expect(busShare(table, new Uint8Array(5))).toBe(0);
});

test("bytes that cross the bus take the bus's time", () => {
  const time = (bus: number): number => computeTime(a100Pcie40, 1000, 2 ** 24, 108, 2 ** 17, bus);
  expect(time(0)).toBeCloseTo((2 ** 24 / a100Pcie40.memoryBandwidth) * 1e9, 3);
  expect(time(1)).toBeCloseTo((2 ** 24 / a100Pcie40.pcie.bandwidth) * 1e9, 3);
  expect(time(0.5)).toBeCloseTo(time(1) / 2, 3);
});

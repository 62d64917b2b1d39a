import { expect, test } from "vitest";
import { blocksPerMultiprocessor } from "../../src/gpu/occupancy.ts";
import { a100Pcie40 } from "../../src/gpu/profiles/a100.ts";
import { mi250xDie } from "../../src/gpu/profiles/mi250x.ts";

const KIB = 1024;

/** Rows as the occupancy calculator for compute capability 8.0 gives them. */
test.each([
  { threads: 1024, shared: 0, registers: 32, blocks: 2 },
  { threads: 1024, shared: 0, registers: 64, blocks: 1 },
  { threads: 256, shared: 0, registers: 32, blocks: 8 },
  { threads: 256, shared: 0, registers: 64, blocks: 4 },
  { threads: 256, shared: 48 * KIB, registers: 32, blocks: 3 },
  { threads: 128, shared: 163 * KIB, registers: 32, blocks: 1 },
  { threads: 32, shared: 0, registers: 16, blocks: 32 },
  { threads: 33, shared: 0, registers: 16, blocks: 32 },
  { threads: 96, shared: 0, registers: 0, blocks: 21 },
  { threads: 1024, shared: 0, registers: 65, blocks: 0 },
  { threads: 1025, shared: 0, registers: 16, blocks: 0 },
  { threads: 64, shared: 163 * KIB + 1, registers: 16, blocks: 0 },
  { threads: 64, shared: 0, registers: 256, blocks: 0 },
])("$threads threads, $shared bytes, $registers registers: $blocks", ({ threads, shared, registers, blocks }) => {
  expect(blocksPerMultiprocessor(a100Pcie40, threads, shared, registers)).toBe(blocks);
});

test("wavefronts of 64 round groups up", () => {
  expect(blocksPerMultiprocessor(mi250xDie, 65, 0, 0)).toBe(16);
  expect(blocksPerMultiprocessor(mi250xDie, 256, 64 * KIB, 0)).toBe(1);
});

import type { Mutant } from "./mutant.ts";

/** Planted faults of memory management. */
export const mutants: readonly Mutant[] = [
  { name: "vram-room-leaks", invariant: 73, what: "freed room is not given back", test: "test/invariants/ttm.test.ts" },
  { name: "move-copies-nothing", invariant: 74, what: "a move copies no bytes", test: "test/invariants/ttm.test.ts" },
  { name: "swap-forgets-bytes", invariant: 74, what: "what was swapped out comes back as zeros", test: "test/invariants/ttm.test.ts" },
  { name: "cpu-fault-ignores-move", invariant: 74, what: "the CPU sees a half-moved object", test: "test/kernel/ttm/machine.test.ts" },
  { name: "pinned-objects-move", invariant: 75, what: "pinned objects are moved", test: "test/invariants/ttm.test.ts" },
  { name: "validate-always-moves", invariant: 76, what: "an object in place is moved", test: "test/invariants/ttm-evict.test.ts" },
  { name: "evicts-most-recent", invariant: 77, what: "the most recently used goes first", test: "test/invariants/ttm-evict.test.ts" },
  { name: "lru-never-bumped", invariant: 77, what: "use does not change the order", test: "test/invariants/ttm-evict.test.ts" },
  { name: "evict-gives-up-early", invariant: 78, what: "only one object is evicted", test: "test/invariants/ttm-evict.test.ts" },
  { name: "new-owner-ignores-move-fence", invariant: 79, what: "room is used before its old contents have left", test: "test/invariants/ttm-move.test.ts" },
  { name: "evict-ignores-users", invariant: 79, what: "objects are moved while kernels use them", test: "test/invariants/ttm-move.test.ts" },
  { name: "move-keeps-page-tables", invariant: 79, what: "the page table leads to the old place after a move", test: "test/invariants/ttm.test.ts" },
  { name: "buddy-never-merges", invariant: 80, what: "free buddies are not merged", test: "test/kernel/ttm/allocators.test.ts" },
  { name: "buddy-ignores-clear", invariant: 80, what: "CLEAR takes any memory", test: "test/kernel/ttm/allocators.test.ts" },
  { name: "drm-mm-ignores-alignment", invariant: 81, what: "nodes are not aligned", test: "test/kernel/ttm/allocators.test.ts" },
  { name: "dmem-not-uncharged", invariant: 82, what: "freed VRAM stays charged to its cgroup", test: "test/invariants/ttm-dmem.test.ts" },
];

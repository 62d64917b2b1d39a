import type { Mutant } from "./mutant.ts";

/** Planted faults of the GPU's address spaces. */
export const mutants: readonly Mutant[] = [
  { name: "map-leaves-old", invariant: 67, what: "a new mapping is put over an old one", test: "test/invariants/vm.test.ts" },
  { name: "split-forgets-offset", invariant: 68, what: "the rest of a split mapping shows the wrong bytes", test: "test/invariants/vm.test.ts" },
  { name: "unmap-keeps-page-table", invariant: 69, what: "what was unmapped can still be reached", test: "test/invariants/vm.test.ts" },
  { name: "binds-out-of-order", invariant: 70, what: "a bind overtakes another of its line", test: "test/invariants/vm-binds.test.ts" },
  { name: "bind-signals-early", invariant: 70, what: "the out-fence of a bind comes before its effect", test: "test/invariants/vm-binds.test.ts" },
  { name: "failed-bind-leaves-half", invariant: 71, what: "the first operations of a failed request stay", test: "test/invariants/vm-binds.test.ts" },
  { name: "banned-vm-binds", invariant: 71, what: "a banned VM takes binds", test: "test/kernel/vm/sm-map.test.ts" },
  { name: "unmap-frees-before-flush", invariant: 72, what: "memory is freed before the TLB flush", test: "test/invariants/vm-binds.test.ts" },
];

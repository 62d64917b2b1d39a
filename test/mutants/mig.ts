import type { Mutant } from "./mutant.ts";

/** Planted faults of partitioning. */
export const mutants: readonly Mutant[] = [
  { name: "mig-placements-overlap", invariant: 106, what: "a GPU instance is placed where another already is", test: "test/invariants/mig.test.ts" },
  { name: "mig-mode-on-busy-gpu", invariant: 106, what: "the mode changes while the GPU is in use or has instances", test: "test/invariants/mig.test.ts" },
  { name: "mig-instances-share-multiprocessors", invariant: 106, what: "compute instances run their work on the multiprocessors of the whole GPU", test: "test/invariants/mig.test.ts" },
  { name: "mig-destroys-gi-with-ci", invariant: 107, what: "a GPU instance with compute instances can be destroyed", test: "test/invariants/mig.test.ts" },
  { name: "mig-destroys-ci-with-client", invariant: 107, what: "a compute instance that programs work on can be destroyed", test: "test/invariants/mig.test.ts" },
];

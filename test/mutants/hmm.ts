import type { Mutant } from "./mutant.ts";

const test = "test/invariants/hmm.test.ts";

/** Planted faults of shared virtual memory. */
export const mutants: readonly Mutant[] = [
  { name: "hmm-commit-without-retry", invariant: 83, what: "a fault commits pages that changed since it looked", test },
  { name: "hmm-invalidate-leaves-pte", invariant: 83, what: "an invalidation returns with page table entries left", test },
  { name: "hmm-touch-leaves-page-away", invariant: 84, what: "a CPU access to a page in device memory reads what RAM has", test },
  { name: "hmm-views-stay-stale", invariant: 84, what: "live arrays are not made good before the program runs on", test },
  { name: "hmm-write-ignores-protection", invariant: 85, what: "a look-up for writing does not ask for the right to write", test: "test/kernel/hmm/range-fault.test.ts" },
  { name: "gpusvm-splits-ranges", invariant: 85, what: "a partial munmap takes only the unmapped part of a range", test },
  { name: "mm-release-forgets-devices", invariant: 86, what: "the end of a process does not tell the devices", test },
  { name: "hmm-migrates-pinned", invariant: 87, what: "a migration collects pinned pages", test },
  { name: "hmm-failed-migration-moves", invariant: 87, what: "a page whose migration failed is mapped at its target", test },
];

import type { Mutant } from "./mutant.ts";

const test = "test/fault/kernel.test.ts";

/** Planted faults of the ways out of a request that fails in the middle. */
export const mutants: readonly Mutant[] = [
  { name: "failed-import-stays", invariant: 5, what: "an import whose handle fails leaves its object", test },
  { name: "failed-vm-stays", invariant: 5, what: "a VM that gets no handle stays", test },
  { name: "failed-context-stays", invariant: 5, what: "a context that gets no handle stays", test },
  { name: "failed-queue-stays", invariant: 5, what: "a queue that gets no handle stays", test },
  { name: "failed-exec-keeps-locks", invariant: 5, what: "a submission that fails keeps the reservations locked", test },
  { name: "answer-not-taken-back", invariant: 5, what: "what a request made stays when its answer cannot be copied out", test },
  { name: "faults-hit-others", invariant: 5, what: "a task filter lets every task fail", test: "test/fault/isolation.test.ts" },
];

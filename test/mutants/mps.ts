import type { Mutant } from "./mutant.ts";

/** Planted faults of MPS. */
export const mutants: readonly Mutant[] = [
  { name: "mps-fault-hits-one-client", invariant: 108, what: "a fatal fault ends only the client that caused it", test: "test/invariants/mps.test.ts" },
  { name: "mps-admits-during-fault", invariant: 108, what: "new clients join a context that has faulted", test: "test/invariants/mps.test.ts" },
  { name: "mps-takes-too-many-clients", invariant: 108, what: "a server takes more clients than its limit", test: "test/invariants/mps.test.ts" },
  { name: "mps-percentage-ignored", invariant: 109, what: "a client's percentage limits nothing", test: "test/invariants/mps-share.test.ts" },
];

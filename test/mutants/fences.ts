import type { Mutant } from "./mutant.ts";

const fence = "test/invariants/fence.test.ts";
const resv = "test/invariants/resv.test.ts";
const exec = "test/invariants/exec.test.ts";

/** Planted faults of fences, reservations and locking. */
export const mutants: readonly Mutant[] = [
  { name: "fence-signals-twice", invariant: 22, what: "a second signal of a fence counts too", test: fence },
  { name: "fence-keeps-callbacks", invariant: 23, what: "callbacks stay after they were called, and can be removed", test: fence },
  { name: "fence-late-callback-called", invariant: 24, what: "a callback that comes too late is called", test: fence },
  { name: "fence-callbacks-reversed", invariant: 25, what: "callbacks run in the wrong order", test: fence },
  { name: "fence-status-early", invariant: 26, what: "an error shows before the fence has signaled", test: fence },
  { name: "fence-enables-again", invariant: 27, what: "signaling is enabled by every waiter", test: fence },
  { name: "fence-seqno-repeats", invariant: 28, what: "fences of a context have the same number", test: fence },
  { name: "fence-context-reused", invariant: 29, what: "context numbers come again", test: fence },
  { name: "fence-array-any", invariant: 31, what: "an array of all signals with the first", test: fence },
  { name: "chain-node-alone", invariant: 32, what: "a chain node does not wait for those before it", test: fence },
  { name: "unwrap-repeats", invariant: 33, what: "a leaf is given as often as it is found", test: fence },
  { name: "resv-writer-ignores-readers", invariant: 34, what: "writers do not wait for readers", test: resv },
  { name: "resv-usage-exact", invariant: 36, what: "a query has only the fences of exactly its usage", test: resv },
  { name: "resv-usage-exact", invariant: 35, what: "users do not wait for memory management", test: resv },
  { name: "resv-drops-unsignaled", invariant: 37, what: "a new fence takes the place of any other", test: resv },
  { name: "ww-oldest-dies", invariant: 38, what: "whoever meets a held lock gives up, the oldest too", test: exec },
  { name: "ww-locks-twice", invariant: 39, what: "a second lock of the same object counts as success", test: exec },
  { name: "exec-keeps-a-lock", invariant: 39, what: "a roll-back leaves the first lock held", test: exec },
];

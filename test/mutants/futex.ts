import type { Mutant } from "./mutant.ts";

const test = "test/invariants/futex.test.ts";

/** Faults in futexes. */
export const mutants: readonly Mutant[] = [
  { name: "futex-wait-without-look", invariant: 93, what: "FUTEX_WAIT sleeps whatever the word is", test },
  { name: "futex-wake-loses-first", invariant: 94, what: "a waker takes the first waiter out of line and does not wake it", test },
  { name: "futex-wakes-newest-first", invariant: 95, what: "who came last is woken first", test },
  { name: "futex-private-key-without-mm", invariant: 96, what: "private words of two processes at one address are one", test },
  { name: "requeue-loses-waiters", invariant: 97, what: "who is moved to another word waits nowhere", test },
  { name: "pi-boost-not-transitive", invariant: 98, what: "only the direct owner inherits, not the one that it waits for", test },
  { name: "pi-boost-kept-after-unlock", invariant: 98, what: "who gives a lock back keeps the priority it inherited", test },
  { name: "pi-deadlock-undetected", invariant: 98, what: "a cycle of more than one lock is not noticed", test },
  { name: "pi-unlock-by-anyone", invariant: 98, what: "any thread may give back a lock", test },
  { name: "robust-owner-died-not-set", invariant: 99, what: "a dead owner's words are not marked", test },
  { name: "robust-list-forgotten-at-exit", invariant: 99, what: "the end of a process does not look at its threads' robust lists", test },
];

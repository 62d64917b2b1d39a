import type { Mutant } from "./mutant.ts";

const test = "test/invariants/syncobj.test.ts";

/** Planted faults of syncobjs and sync files. */
export const mutants: readonly Mutant[] = [
  { name: "syncobj-reset-nothing", invariant: 40, what: "a reset leaves the fence in place", test },
  { name: "syncobj-wait-any", invariant: 41, what: "a wait for all ends with the first", test },
  { name: "syncobj-wait-wrong-index", invariant: 41, what: "a wait for any names another row", test },
  { name: "syncobj-timeout-zero", invariant: 42, what: "a wait whose time is over succeeds", test },
  { name: "syncobj-wakes-early", invariant: 42, what: "a wait gives up before its time is over", test },
  { name: "syncobj-wait-follows", invariant: 43, what: "a wait looks again at what the syncobj holds", test },
  { name: "sync-file-follows", invariant: 44, what: "a sync file shows what the syncobj holds later", test },
  { name: "syncobj-import-dedupes", invariant: 45, what: "an import gives the handle that there is", test },
  { name: "timeline-signal-overtakes", invariant: 46, what: "a host signal reaches a point before those before it", test },
  { name: "syncobj-query-submitted", invariant: 46, what: "a query gives what was submitted, not what was reached", test },
  { name: "syncobj-transfer-signals", invariant: 47, what: "a transfer gives a fence that has signaled", test },
  { name: "syncobj-array-partial", invariant: 48, what: "syncobjs before a bad handle are changed", test },
];

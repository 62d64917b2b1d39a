import type { Mutant } from "./mutant.ts";

const file = "test/invariants/wddm.test.ts";
const bands = "test/invariants/wddm-bands.test.ts";
const tdr = "test/invariants/wddm-tdr.test.ts";

/** Faults planted in the Windows side of the kernel. */
export const mutants: readonly Mutant[] = [
  { name: "fence-value-falls", invariant: 100, what: "a signal of a lower value sets a monitored fence back", test: file },
  { name: "fence-waits-for-more", invariant: 100, what: "a wait for a value waits for the next one", test: file },
  { name: "paging-gets-new-fence", invariant: 101, what: "a preempted paging packet is submitted again with a new fence", test: file },
  { name: "render-keeps-fence", invariant: 101, what: "a preempted packet is submitted again with its old fence", test: file },
  { name: "paging-not-first", invariant: 101, what: "preempted paging packets wait for the others", test: file },
  { name: "tdr-timer-half", invariant: 102, what: "a node counts as hung after half of TdrDelay", test: tdr },
  { name: "tdr-limit-off-by-one", invariant: 102, what: "one more adapter reset is borne than TdrLimitCount says", test: tdr },
  { name: "runs-without-residency", invariant: 103, what: "packets run whether their device's allocations are resident or not", test: file },
  { name: "evicts-from-running-device", invariant: 103, what: "allocations are taken from a device that is on an engine", test: file },
  { name: "engine-reset-removes-neighbour", invariant: 104, what: "an engine reset removes the other devices too", test: tdr },
  { name: "normal-band-starves", invariant: 105, what: "band NORMAL is promised nothing beside FOCUS", test: bands },
  { name: "higher-band-waits", invariant: 105, what: "a higher band waits for the end of the packet that runs", test: bands },
];

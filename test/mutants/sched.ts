import type { Mutant } from "./mutant.ts";

const test = "test/invariants/sched.test.ts";
const policies = "test/invariants/sched-policies.test.ts";
const system = "test/invariants/system.test.ts";
const recovery = "test/invariants/recovery.test.ts";

/** Planted faults of the scheduler, recovery and accounting. */
export const mutants: readonly Mutant[] = [
  { name: "sched-failure-not-passed-on", invariant: 30, what: "a failed dependency does not cancel the job that asked for it", test },
  { name: "sched-entity-reorders", invariant: 49, what: "a job overtakes its predecessor", test },
  { name: "sched-ignores-dependency", invariant: 50, what: "a job begins before what it depends on is over", test },
  { name: "sched-scheduled-after-finished", invariant: 51, what: "the two fences signal in the wrong order", test },
  { name: "sched-kill-forgets-error", invariant: 52, what: "a killed entity's jobs end well", test },
  { name: "sched-guilty-runs", invariant: 53, what: "a guilty entity's jobs run", test },
  { name: "sched-credits-unlimited", invariant: 54, what: "the ring takes any number", test },
  { name: "sched-small-job-passes", invariant: 55, what: "a small job goes past a big one that lacks credits", test },
  { name: "sched-idles", invariant: 56, what: "a free place in the ring is not filled when a job ends", test },
  { name: "sched-fifo-newest", invariant: 57, what: "the newest job goes first", test: policies },
  { name: "sched-rr-sticks", invariant: 57, what: "round robin stays with one entity", test: policies },
  { name: "sched-priority-inverted", invariant: 58, what: "the least urgent band goes first", test: policies },
  { name: "sched-fair-ignores-priority", invariant: 59, what: "all priorities get the same share", test: policies },
  { name: "sched-fair-forgets-runtime", invariant: 60, what: "time on the hardware does not count, so one entity stays first", test: policies },
  { name: "sched-frees-twice", invariant: 61, what: "a job is freed twice", test },
  { name: "sched-timeout-not-rearmed", invariant: 62, what: "the clock does not start anew for the next head", test },
  { name: "sched-start-loses-job", invariant: 63, what: "a job lost in a reset is not ended", test },
  { name: "recovery-innocent-guilty", invariant: 63, what: "everybody is guilty of an adapter reset", test: recovery },
  { name: "sched-kill-keeps-running", invariant: 64, what: "a killed entity's jobs run", test },
  { name: "sched-fini-forgets", invariant: 65, what: "the newest job is not ended when its scheduler goes", test },
  { name: "sched-set-priority-loses", invariant: 66, what: "a waiting job is lost when its entity's priority changes", test },
  { name: "fence-contexts-outlive-machine", invariant: 110, what: "a number comes from something that outlives the machine", test: system },
  { name: "fdinfo-counts-twice", invariant: 111, what: "time on the copy engine is counted twice", test: system },
  { name: "sched-trace-run-late", invariant: 112, what: "the trace says that a job began after it ended", test: system },
];

import { FairRunQueue } from "./fair.ts";
import { FifoRunQueue, type Chooser } from "./fifo.ts";
import { RoundRobinRunQueue } from "./rr.ts";
import type { RunQueue } from "./run-queue.ts";

/**
 * The rule by which a scheduler picks the next job. `rr`: entities of a priority in turn (Linux before 6.2); `fifo`: the oldest job of the highest priority (6.2 on); `fair`:
 * shares of time by priority (newest). The first two are strict between priorities.
 */
export type SchedPolicy = "rr" | "fifo" | "fair";

/** All policies. */
export const schedPolicies: readonly SchedPolicy[] = ["rr", "fifo", "fair"];

/** An empty run queue with a policy. */
export function makeRunQueue(policy: SchedPolicy, chooser: Chooser): RunQueue {
  switch (policy) {
    case "rr":
      return new RoundRobinRunQueue();
    case "fifo":
      return new FifoRunQueue(chooser);
    case "fair":
      return new FairRunQueue();
  }
}

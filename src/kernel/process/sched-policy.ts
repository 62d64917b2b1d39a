import { Errno } from "../errors.ts";

/** Scheduling policies, Linux values (sched(7)). */
export const SCHED_OTHER = 0;
export const SCHED_FIFO = 1;
export const SCHED_RR = 2;
export const SCHED_BATCH = 3;
export const SCHED_IDLE = 5;

/** Largest real-time priority. */
export const MAX_RT_PRIORITY = 99;
/** Kernel priority of a nice value of 0; real-time threads are below 100. */
const DEFAULT_PRIO = 120;
/** First kernel priority that is not real-time. */
export const MAX_RT_PRIO = 100;

/** How a thread wants to be scheduled. */
export interface SchedAttributes {
  readonly policy: number;
  /** 1 (least) to 99 for SCHED_FIFO and SCHED_RR, else 0. */
  readonly priority: number;
  /** -20 (most urgent) to 19. */
  readonly nice: number;
}

/** What every thread begins with. */
export const DEFAULT_SCHED: SchedAttributes = { policy: SCHED_OTHER, priority: 0, nice: 0 };

/** Whether a policy is a real-time one. */
export function isRealTime(policy: number): boolean {
  return policy === SCHED_FIFO || policy === SCHED_RR;
}

/** The kernel's own number, as traces show it: 0 to 98 real-time, 100 to 139 others; lower is more urgent. */
export function kernelPriority(attributes: SchedAttributes): number {
  return isRealTime(attributes.policy) ? MAX_RT_PRIORITY - attributes.priority : DEFAULT_PRIO + attributes.nice;
}

/** -EINVAL for a policy or priority that does not exist, else 0. */
export function checkSchedAttributes(policy: number, priority: number): number {
  if (![SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE].includes(policy) || !Number.isInteger(priority)) return -Errno.EINVAL;
  if (isRealTime(policy)) return priority >= 1 && priority <= MAX_RT_PRIORITY ? 0 : -Errno.EINVAL;
  return priority === 0 ? 0 : -Errno.EINVAL;
}

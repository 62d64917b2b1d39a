import type { FaultInjector } from "./injector.ts";

/** Whether, and how, the end of a job is noticed late: after so many ns, when the next interrupt comes, or (null) at once. */
export function lateness(faults: FaultInjector): number | "interrupt" | null {
  if (faults.should("fail_irq", null)) return "interrupt";
  return faults.should("fail_fence", null) ? faults.attrs.fail_fence.delayNs : null;
}

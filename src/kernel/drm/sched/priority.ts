/** Priorities of drm_sched, most urgent first (enum drm_sched_priority). */
export const SchedPriority = { kernel: 0, high: 1, normal: 2, low: 3 } as const;

/** Urgency of a priority band is its number times this; a level refines it. */
export const BAND = 65536;

/** The priority band of an urgency. */
export function priorityOf(urgency: number): number {
  return Math.max(0, Math.min(3, Math.round(urgency / BAND)));
}

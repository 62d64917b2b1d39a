/** What the fast path gives back: a batch of groups is finished, a work-item left in the middle, the group was parked, or it waits for others. */
export const outcome = { batch: 0, exit: 1, parked: 2, spinning: 3 } as const;

/** Instructions a work-item may execute in one region before it goes on in the slow path, where others get turns. */
export const ITEM_FUEL: number = 1 << 19;

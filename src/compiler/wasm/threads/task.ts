/**
 * A task is a row of work-groups that one thread runs, one after the other, in a slot of its own. These are its words in `DeviceThreads.tasks`: what to do, and what came of it.
 * What comes of it depends on memory and the task alone, not on who runs it or when.
 */
export const task = {
  /** In: address of the slot, open at the first group; how many groups; instructions after which to come back. */
  slot: 0, groups: 1, fuel: 2,
  /** Out: outcome of the fast path (TRAPPED: WebAssembly trapped), groups finished, instructions and bytes counted. */
  outcome: 3, finished: 4, instructions: 5, bytes: 6,
} as const;

/** Words of a task, and most tasks at a time. */
export const TASK_WORDS: number = 8;
export const MAX_TASKS: number = 32;

/** What a task of a helper came to when its code trapped, which is our bug. */
export const TRAPPED: number = -1;

/** Threads that may run tasks, the caller's included. */
export const MAX_THREADS: number = 8;

import { mutant } from "../mutants.ts";
import type { Thread } from "../process/thread.ts";
import type { Bucket, Sleep, Word } from "./key.ts";

/** A thread's part in priority inheritance. */
export interface PiOwner {
  /** Locks that it owns and others wait for. */
  readonly owned: Set<PiState>;
  /** The lock that it waits for. */
  blockedOn: PiState | null;
}

/** A thread that waits for a lock. */
export interface PiWaiter {
  readonly thread: Thread;
  readonly sleep: Sleep;
  /** The word as this thread sees it: it becomes owner through its own memory. */
  readonly word: Word;
  readonly order: number;
  granted: boolean;
}

/** A lock with waiters: the kernel's view of a futex word (futex_pi_state with its rt_mutex). */
export class PiState {
  readonly bucket: Bucket;
  owner: Thread;
  readonly waiters: Set<PiWaiter> = new Set();

  constructor(bucket: Bucket, owner: Thread) {
    this.bucket = bucket;
    this.owner = owner;
  }

  /** The most urgent waiter, the oldest of equals. */
  top(): PiWaiter | null {
    let best: PiWaiter | null = null;
    for (const waiter of this.waiters) {
      if (best === null || waiter.thread.priority < best.thread.priority || (waiter.thread.priority === best.thread.priority && waiter.order < best.order)) best = waiter;
    }
    return best;
  }
}

/** The priority that a thread inherits: that of the most urgent thread which it keeps waiting; null: nobody waits. */
export function inheritedPriority(thread: Thread): number | null {
  let best: number | null = null;
  for (const state of thread.pi.owned) {
    const top = state.top()?.thread.priority ?? null;
    if (top !== null && (best === null || top < best)) best = top;
  }
  return best;
}

/** Brings a thread's inherited priority up to date, and along the chain of locks those of the owners it waits for. */
export function propagate(from: Thread): void {
  for (let thread: Thread | null = from; thread !== null; ) {
    const before = thread.priority;
    thread.inherit(inheritedPriority(thread));
    if (thread.priority === before || mutant("pi-boost-not-transitive")) return;
    thread = thread.pi.blockedOn?.owner ?? null;
  }
}

/** A blocked thread's own priority has changed: those whom it waits for may inherit another. */
export function priorityChanged(thread: Thread): void {
  thread.inherit(inheritedPriority(thread));
  if (thread.pi.blockedOn !== null) propagate(thread.pi.blockedOn.owner);
}

/** Whether `thread` would wait for itself if it waited for a lock that `owner` has. */
export function wouldDeadlock(thread: Thread, owner: Thread): boolean {
  if (mutant("pi-deadlock-undetected")) return thread === owner;
  for (let at: Thread | null = owner; at !== null; at = at.pi.blockedOn?.owner ?? null) if (at === thread) return true;
  return false;
}

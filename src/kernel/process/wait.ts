import { touch } from "../footprint.ts";
import type { DmaFence } from "../fence/fence.ts";
import type { Thread } from "./thread.ts";

/** Why a parked thread runs again. "interrupted": a signal came, and the wait was asked for as interruptible. */
export type WakeReason = "woken" | "timeout" | "interrupted";

/**
 * What a blocked thread yields: the queue it parks on (null: only let others run), until when, and for whom the answer is meant.
 */
export interface WaitRequest {
  readonly queue: WaitQueue | null;
  /** Absolute virtual nanoseconds, or null for no limit. With queue null: sleep until then, or just a scheduling point. */
  readonly deadline: number | null;
  /** For messages: "futex 0x7f.. to change from 0". */
  readonly what: string;
  /** A signal ends the wait (TASK_INTERRUPTIBLE). Whoever sets it handles "interrupted", usually by returning -ERESTARTSYS. */
  readonly interruptible?: boolean;
  /** For explaining a deadlock: the fences, the word or the threads that would end the wait. */
  readonly fences?: () => readonly DmaFence[];
  /** Address of the word that the wait is for. */
  readonly word?: number;
  /** Threads whose end, or whose unlocking, would end the wait. */
  readonly threads?: () => readonly Thread[];
}

/** A computation that may park its thread. Driven by the machine in one of the three calling styles. */
export type Blocking<T> = Generator<WaitRequest, T, WakeReason>;

/** A computation that waits for nothing: the value, as a Blocking. */
// eslint-disable-next-line require-yield
export function* ready<T>(value: T): Blocking<T> {
  return value;
}

/** Threads parked on one condition, in arrival order. Waking does not consume the condition: sleepers look again. */
export class WaitQueue {
  readonly waiters: Thread[] = [];

  get size(): number {
    return this.waiters.length;
  }

  /** Wakes all waiters, in arrival order. */
  wakeAll(): void {
    touch(this);
    while (this.waiters.length > 0) this.waiters.shift()!.wake("woken");
  }

  /** Wakes the longest waiting one. */
  wakeOne(): boolean {
    touch(this);
    const first = this.waiters.shift();
    if (first === undefined) return false;
    first.wake("woken");
    return true;
  }

  /** Takes a thread off the queue without waking it. */
  remove(thread: Thread): void {
    touch(this);
    const i = this.waiters.indexOf(thread);
    if (i >= 0) this.waiters.splice(i, 1);
  }
}

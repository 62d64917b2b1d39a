import { Errno } from "../errors.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";

/**
 * Futexes. The key is where the word really lies (its linear-memory address): private words of two processes
 * never match, words of memory they share always do.
 */
export class FutexTable {
  private readonly queues = new Map<number, WaitQueue>();

  /**
   * FUTEX_WAIT. Sleeps while the word is `expected`. Returns 0 (woken), -EAGAIN (the word differs), -ETIMEDOUT, -EINVAL (misaligned),
   * -EFAULT (not mapped).
   * @param deadline absolute virtual nanoseconds, or null.
   */
  *wait(mm: AddressSpace, address: number, expected: number, deadline: number | null, what: string): Blocking<number> {
    if ((address & 3) !== 0) return -Errno.EINVAL;
    const key = mm.resolve(address, 4, false);
    if (key === null) return -Errno.EFAULT;
    if (mm.load32(address) !== expected >>> 0) return -Errno.EAGAIN;
    let queue = this.queues.get(key);
    if (queue === undefined) this.queues.set(key, (queue = new WaitQueue()));
    const reason = yield { queue, deadline, what };
    if (queue.size === 0 && this.queues.get(key) === queue) this.queues.delete(key);
    return reason === "timeout" ? -Errno.ETIMEDOUT : reason === "killed" ? -Errno.EINTR : 0;
  }

  /** FUTEX_WAKE: wakes at most `count` waiters in arrival order; returns how many, or -EINVAL, -EFAULT. */
  wake(mm: AddressSpace, address: number, count: number): number {
    if ((address & 3) !== 0) return -Errno.EINVAL;
    const key = mm.resolve(address, 4, false);
    if (key === null) return -Errno.EFAULT;
    const queue = this.queues.get(key);
    if (queue === undefined) return 0;
    let woken = 0;
    while (woken < count && queue.wakeOne()) woken++;
    if (queue.size === 0) this.queues.delete(key);
    return woken;
  }

  /** Threads waiting on futexes, in all. */
  get waiters(): number {
    let n = 0;
    for (const queue of this.queues.values()) n += queue.size;
    return n;
  }
}

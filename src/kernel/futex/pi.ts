import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { Thread } from "../process/thread.ts";
import type { Blocking } from "../process/wait.ts";
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from "./constants.ts";
import { Sleep, type Bucket, type Buckets, type Word } from "./key.ts";
import { PiState, propagate, wouldDeadlock, type PiWaiter } from "./pi-state.ts";

/** Finds a thread by its number, in all processes. */
export type FindThread = (tid: number) => Thread | undefined;

/** Locks whose owners inherit the priority of those who wait (kernel/futex/pi.c). */
export class PiLocks {
  private readonly buckets: Buckets;
  private readonly findThread: FindThread;
  private order = 0;

  constructor(buckets: Buckets, findThread: FindThread) {
    this.buckets = buckets;
    this.findThread = findThread;
  }

  /**
   * FUTEX_LOCK_PI, FUTEX_LOCK_PI2 and FUTEX_TRYLOCK_PI. 0: the caller is the owner.
   * -EINVAL, -EFAULT: the word; -EDEADLK: it is the owner already, or would wait for itself; -ESRCH: the owner does not exist; -EAGAIN: try-lock, and it is taken;
   * -ETIMEDOUT; -ERESTARTNOINTR: a signal came.
   */
  *lock(thread: Thread, word: Word, isPrivate: boolean, deadline: number | null, tryOnly: boolean): Blocking<number> {
    if ((word.address & 3) !== 0) return -Errno.EINVAL;
    const bucket = this.buckets.of(word, isPrivate, true);
    if (bucket === null) return -Errno.EFAULT;
    const state = this.acquire(thread, word, bucket);
    if (typeof state === "number" || tryOnly) {
      this.settle(bucket);
      return state === 1 ? 0 : typeof state === "number" ? state : -Errno.EAGAIN;
    }
    const waiter = this.enqueue(thread, word, state);
    const reason = yield { queue: waiter.sleep, deadline, what: `the lock at 0x${word.address.toString(16)}, which thread ${state.owner.tid} has`, interruptible: true };
    if (waiter.granted) return 0;
    return reason === "timeout" ? -Errno.ETIMEDOUT : -Errno.ERESTARTNOINTR;
  }

  /** FUTEX_UNLOCK_PI. -EPERM: somebody else is the owner; -EINVAL: word and kernel disagree; -EFAULT. */
  unlock(thread: Thread, word: Word, isPrivate: boolean): number {
    if ((word.address & 3) !== 0) return -Errno.EINVAL;
    const bucket = this.buckets.of(word, isPrivate, true);
    if (bucket === null) return -Errno.EFAULT;
    const value = word.mm.load32(word.address)!;
    const state = bucket.pi;
    if ((value & FUTEX_TID_MASK) !== thread.tid && !mutant("pi-unlock-by-anyone")) {
      this.buckets.drop(bucket);
      return -Errno.EPERM;
    }
    if (state === null) {
      this.buckets.drop(bucket);
      word.mm.store32(word.address, 0);
      return 0;
    }
    if (state.owner !== thread && !mutant("pi-unlock-by-anyone")) return -Errno.EINVAL;
    this.handOver(state, false);
    return 0;
  }

  /**
   * Tries to make a thread the owner. 1: it is; a state: it must wait for this one; else a negative errno. The word then has its waiters bit.
   */
  acquire(thread: Thread, word: Word, bucket: Bucket): PiState | number {
    const value = word.mm.load32(word.address)!;
    const tid = value & FUTEX_TID_MASK;
    if (tid === thread.tid) return -Errno.EDEADLK;
    if (bucket.pi !== null) {
      if (bucket.pi.owner.tid !== tid) return -Errno.EINVAL;
    } else {
      if (tid === 0) {
        word.mm.store32(word.address, (thread.tid | (value & FUTEX_OWNER_DIED)) >>> 0);
        return 1;
      }
      const owner = this.findThread(tid);
      if (owner === undefined || owner.state === "dead") return -Errno.ESRCH;
      word.mm.store32(word.address, (value | FUTEX_WAITERS) >>> 0);
      bucket.pi = new PiState(bucket, owner);
    }
    return wouldDeadlock(thread, bucket.pi.owner) ? -Errno.EDEADLK : bucket.pi;
  }

  /** Makes a thread wait for a lock, with an own sleep or one that it is in already. */
  enqueue(thread: Thread, word: Word, state: PiState, sleep?: Sleep): PiWaiter {
    const waiter: PiWaiter = { thread, word, sleep: sleep ?? new Sleep(() => this.leave(state, waiter)), order: this.order++, granted: false };
    state.waiters.add(waiter);
    state.owner.pi.owned.add(state);
    thread.pi.blockedOn = state;
    propagate(state.owner);
    return waiter;
  }

  /** A waiter goes without the lock: timeout, signal, death. */
  leave(state: PiState, waiter: PiWaiter): void {
    if (!state.waiters.delete(waiter)) return;
    waiter.thread.pi.blockedOn = null;
    const { owner } = state;
    this.settle(state.bucket);
    propagate(owner);
  }

  /** Drops the state of a lock that nobody waits for. */
  settle(bucket: Bucket): void {
    const state = bucket.pi;
    if (state !== null && state.waiters.size === 0) {
      state.owner.pi.owned.delete(state);
      bucket.pi = null;
    }
    this.buckets.drop(bucket);
  }

  /** The owner has ended (exit_pi_state_list): each of its locks goes to the most urgent waiter, marked. */
  ownerDied(thread: Thread): void {
    for (const state of [...thread.pi.owned]) this.handOver(state, true);
  }

  private handOver(state: PiState, died: boolean): void {
    const next = state.top();
    invariant(next !== null, "a lock's state has waiters");
    const { thread, word } = next;
    state.waiters.delete(next);
    const before = state.owner;
    before.pi.owned.delete(state);
    thread.pi.blockedOn = null;
    state.owner = thread;
    if (state.waiters.size > 0) thread.pi.owned.add(state);
    word.mm.store32(word.address, (thread.tid | FUTEX_WAITERS | (died ? FUTEX_OWNER_DIED : 0)) >>> 0);
    this.settle(state.bucket);
    if (!mutant("pi-boost-kept-after-unlock")) propagate(before);
    propagate(thread);
    next.granted = true;
    next.sleep.wakeOne();
  }
}

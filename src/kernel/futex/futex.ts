import { Errno, invariant } from "../errors.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import { mutant } from "../mutants.ts";
import type { Thread } from "../process/thread.ts";
import type { Blocking } from "../process/wait.ts";
import { FUTEX_BITSET_MATCH_ANY } from "./constants.ts";
import { Buckets, rankOf, Sleep, type Bucket, type Entry, type Word } from "./key.ts";
import { inheritedPriority } from "./pi-state.ts";
import { PiLocks, type FindThread } from "./pi.ts";
import { applyWakeOp } from "./wake-op.ts";

/** One of the words of futex_waitv(2). */
export interface WaitvWord {
  readonly address: number;
  readonly expected: number;
  readonly isPrivate: boolean;
}

/**
 * Futexes (kernel/futex). A private word is known by address space and address, a shared one by where it really lies: private words of two
 * processes never match, words of memory that they share always do, and private and shared never match each other.
 */
export class FutexTable {
  readonly buckets: Buckets = new Buckets();
  readonly pi: PiLocks;
  private readonly running: () => Thread;

  /** @param running the thread whose call is being served */
  constructor(findThread: FindThread, running: () => Thread) {
    this.pi = new PiLocks(this.buckets, findThread);
    this.running = running;
  }

  /**
   * FUTEX_WAIT and FUTEX_WAIT_BITSET. Sleeps while the word is `expected`. Returns 0 (woken), -EAGAIN (the word differs), -ETIMEDOUT, -EINVAL (misaligned, no bits),
   * -EFAULT (not mapped), -ERESTARTSYS (a signal came).
   * @param deadline absolute virtual nanoseconds, or null.
   */
  *wait(mm: AddressSpace, address: number, expected: number, deadline: number | null, what: string, isPrivate: boolean = false, bitset: number = FUTEX_BITSET_MATCH_ANY): Blocking<number> {
    if ((address & 3) !== 0 || bitset >>> 0 === 0) return -Errno.EINVAL;
    const bucket = this.buckets.of({ mm, address }, isPrivate, false);
    if (bucket === null) return -Errno.EFAULT;
    if (mm.load32(address) !== expected >>> 0 && !mutant("futex-wait-without-look")) {
      this.buckets.drop(bucket);
      return -Errno.EAGAIN;
    }
    const sleep = new Sleep(this.asleepNoMore);
    this.enqueue(sleep, bucket, bitset);
    const reason = yield { queue: sleep, deadline, what, interruptible: true, word: address };
    if (sleep.woken >= 0) return 0;
    return reason === "timeout" ? -Errno.ETIMEDOUT : -Errno.ERESTARTSYS;
  }

  /**
   * futex_waitv(2): sleeps while all words are as expected. Returns the index of a word that was woken, or -EAGAIN, -ETIMEDOUT, -EINVAL, -EFAULT, -ERESTARTSYS.
   */
  *waitv(mm: AddressSpace, words: readonly WaitvWord[], deadline: number | null): Blocking<number> {
    const found: Bucket[] = [];
    let result = 0;
    for (const { address, isPrivate } of words) {
      const bucket = (address & 3) === 0 ? this.buckets.of({ mm, address }, isPrivate, false) : null;
      if (bucket === null) {
        result = (address & 3) === 0 ? -Errno.EFAULT : -Errno.EINVAL;
        break;
      }
      found.push(bucket);
    }
    if (result === 0 && words.some(({ address, expected }) => mm.load32(address) !== expected >>> 0)) result = -Errno.EAGAIN;
    if (result < 0) {
      for (const bucket of found) this.buckets.drop(bucket);
      return result;
    }
    const sleep = new Sleep(this.asleepNoMore);
    for (const bucket of found) this.enqueue(sleep, bucket, FUTEX_BITSET_MATCH_ANY);
    const reason = yield { queue: sleep, deadline, what: `any of ${words.length} words to change`, interruptible: true };
    if (sleep.woken >= 0) return sleep.woken;
    return reason === "timeout" ? -Errno.ETIMEDOUT : -Errno.ERESTARTSYS;
  }

  /**
   * FUTEX_WAKE and FUTEX_WAKE_BITSET: wakes at most `count` (but at least one, as ever) whose bits match, most urgent first, then in order of arrival.
   * Returns how many, or -EINVAL (misaligned, no bits, somebody waits there for a lock), -EFAULT.
   */
  wake(mm: AddressSpace, address: number, count: number, isPrivate: boolean = false, bitset: number = FUTEX_BITSET_MATCH_ANY): number {
    if ((address & 3) !== 0 || bitset >>> 0 === 0) return -Errno.EINVAL;
    const bucket = this.buckets.find({ mm, address }, isPrivate);
    if (bucket === undefined) return 0;
    return bucket === null ? -Errno.EFAULT : this.wakeBucket(bucket, count, bitset);
  }

  /** FUTEX_WAKE_OP: changes word 2, wakes waiters of word 1, and of word 2 when its old value compares. -ENOSYS: unknown operation or comparison. */
  wakeOp(one: Word, two: Word, isPrivate: boolean, count: number, count2: number, encoded: number): number {
    if ((one.address & 3) !== 0 || (two.address & 3) !== 0) return -Errno.EINVAL;
    const first = this.buckets.of(one, isPrivate, false);
    const second = this.buckets.of(two, isPrivate, true);
    const done = first === null || second === null ? -Errno.EFAULT : applyWakeOp(two, encoded);
    if (done < 0) {
      for (const bucket of [first, second]) if (bucket !== null) this.buckets.drop(bucket);
      return done;
    }
    const woken = this.wakeBucket(first!, count, FUTEX_BITSET_MATCH_ANY);
    if (done === 0 || woken < 0) {
      this.buckets.drop(second!);
      return woken;
    }
    const more = this.wakeBucket(second!, count2, FUTEX_BITSET_MATCH_ANY);
    return more < 0 ? more : woken + more;
  }

  private wakeBucket(bucket: Bucket, count: number, bitset: number): number {
    let woken = bucket.pi === null ? 0 : -Errno.EINVAL;
    for (const entry of woken < 0 ? [] : this.inOrder(bucket)) {
      if (entry.target !== null) {
        woken = -Errno.EINVAL;
        break;
      }
      if ((entry.bitset & bitset) === 0) continue;
      this.wakeEntry(entry);
      if (++woken >= count) break;
    }
    this.buckets.drop(bucket);
    return woken;
  }

  private inOrder(bucket: Bucket): readonly Entry[] {
    return mutant("futex-wakes-newest-first") ? bucket.entries.toReversed() : [...bucket.entries];
  }

  /** Ends the sleep of an entry: it is what the thread waited for. */
  wakeEntry(entry: Entry): void {
    const { sleep } = entry;
    sleep.woken = sleep.entries.indexOf(entry);
    this.asleepNoMore(sleep);
    if (!mutant("futex-wake-loses-first")) sleep.wakeOne();
  }

  /** Puts the running thread in line for a word. */
  enqueue(sleep: Sleep, bucket: Bucket, bitset: number, target: Entry["target"] = null): Entry {
    const thread = this.running();
    const entry: Entry = { bucket, thread, bitset: bitset >>> 0, rank: rankOf(thread), sleep, target };
    sleep.entries.push(entry);
    this.insert(entry);
    return entry;
  }

  /** Moves an entry to the end of another word's line. */
  requeue(entry: Entry, to: Bucket): void {
    this.takeOut(entry);
    entry.bucket = to;
    this.insert(entry);
  }

  private insert(entry: Entry): void {
    const { entries } = entry.bucket;
    let i = entries.length;
    while (i > 0 && entries[i - 1]!.rank > entry.rank) i--;
    entries.splice(i, 0, entry);
  }

  private takeOut(entry: Entry): void {
    const { bucket } = entry;
    const i = bucket.entries.indexOf(entry);
    if (i >= 0) bucket.entries.splice(i, 1);
    this.buckets.drop(bucket);
  }

  /** All entries of a sleep leave their lines: it was woken, or its thread went away. */
  readonly asleepNoMore = (sleep: Sleep): void => {
    for (const entry of sleep.entries) this.takeOut(entry);
  };

  /** Threads waiting on futexes, in all. */
  get waiters(): number {
    const sleeps = new Set<Sleep>();
    for (const bucket of this.buckets.all()) {
      for (const { sleep } of bucket.entries) sleeps.add(sleep);
      for (const { sleep } of bucket.pi?.waiters ?? []) sleeps.add(sleep);
    }
    return sleeps.size;
  }

  /** Throws EmulatorBug when a line holds somebody who does not wait, is out of order, or a priority is not what the waiters make it. */
  checkInvariants(): void {
    for (const bucket of this.buckets.all()) {
      invariant(bucket.entries.length > 0 || bucket.pi !== null, "a bucket is kept only for waiters");
      bucket.entries.forEach((entry, i) => {
        invariant(entry.bucket === bucket && entry.thread.state === "parked" && entry.thread.waiting?.queue === entry.sleep, "who is in line for a word sleeps on it");
        invariant(i === 0 || bucket.entries[i - 1]!.rank <= entry.rank, "a word's line is in order of urgency");
      });
      const state = bucket.pi;
      if (state === null) continue;
      invariant(state.waiters.size > 0 && state.owner.state !== "dead" && state.owner.pi.owned.has(state), "a lock with waiters has a living owner that knows of it");
      for (const { thread } of state.waiters) invariant(thread.pi.blockedOn === state && thread.state === "parked", "who waits for a lock is parked");
      const inherited = inheritedPriority(state.owner) ?? Infinity;
      invariant(state.owner.priority === Math.min(state.owner.normalPriority, inherited), "an owner is as urgent as the most urgent who waits for it");
    }
  }
}

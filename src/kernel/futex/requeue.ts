import { Errno } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { Thread } from "../process/thread.ts";
import type { Blocking } from "../process/wait.ts";
import type { FutexTable } from "./futex.ts";
import { Sleep, type Bucket, type Entry, type Word } from "./key.ts";
import type { PiState, PiWaiter } from "./pi-state.ts";

/** How many to wake and how many to move; `expected` null: without a look at the word. */
export interface RequeueCounts {
  readonly wake: number;
  readonly move: number;
  readonly expected: number | null;
}

interface Buckets {
  readonly from: Bucket;
  readonly to: Bucket;
}

function find(table: FutexTable, from: Word, to: Word, isPrivate: boolean, writeTo: boolean): Buckets | number {
  if ((from.address & 3) !== 0 || (to.address & 3) !== 0) return -Errno.EINVAL;
  const first = table.buckets.of(from, isPrivate, false);
  const second = table.buckets.of(to, isPrivate, writeTo);
  if (first !== null && second !== null) return { from: first, to: second };
  for (const bucket of [first, second]) if (bucket !== null) table.buckets.drop(bucket);
  return -Errno.EFAULT;
}

/**
 * FUTEX_REQUEUE and FUTEX_CMP_REQUEUE: wakes some waiters of one word and moves others to another, without waking them. Returns how many were woken or moved.
 * -EINVAL: misaligned, a negative count, or somebody there waits for a lock; -EFAULT; -EAGAIN: the word is not as expected.
 */
export function requeue(table: FutexTable, from: Word, to: Word, isPrivate: boolean, counts: RequeueCounts): number {
  if (counts.wake < 0 || counts.move < 0) return -Errno.EINVAL;
  const found = find(table, from, to, isPrivate, false);
  if (typeof found === "number") return found;
  const result = requeueFound(table, from, found, counts);
  table.buckets.drop(found.from);
  table.buckets.drop(found.to);
  return result;
}

function requeueFound(table: FutexTable, from: Word, found: Buckets, { wake, move, expected }: RequeueCounts): number {
  if (expected !== null && from.mm.load32(from.address) !== expected >>> 0) return -Errno.EAGAIN;
  if (found.from.pi !== null) return -Errno.EINVAL;
  let done = 0;
  for (const entry of [...found.from.entries]) {
    if (done - wake >= move) break;
    if (entry.target !== null) return -Errno.EINVAL;
    if (++done <= wake) table.wakeEntry(entry);
    else if (mutant("requeue-loses-waiters")) table.asleepNoMore(entry.sleep);
    else if (found.to !== found.from) table.requeue(entry, found.to);
  }
  return done;
}

/** A thread in FUTEX_WAIT_REQUEUE_PI: what has become of it. */
class RequeueSleep extends Sleep {
  lock: { readonly state: PiState; readonly waiter: PiWaiter } | null = null;
  acquired = false;
  private readonly table: FutexTable;

  constructor(table: FutexTable) {
    super(table.asleepNoMore);
    this.table = table;
  }

  override remove(thread: Thread): void {
    super.remove(thread);
    if (this.lock !== null) this.table.pi.leave(this.lock.state, this.lock.waiter);
  }
}

/**
 * FUTEX_WAIT_REQUEUE_PI: waits like FUTEX_WAIT until FUTEX_CMP_REQUEUE_PI moves it to the lock at `to`, and then until it has the lock: 0.
 * -EINVAL: the words are one, misaligned, no bits; -EAGAIN: not as expected, or a signal came when it was moved already; -ETIMEDOUT; -EFAULT; -ERESTARTNOINTR: a signal came.
 */
export function* waitRequeuePi(table: FutexTable, from: Word, expected: number, to: Word, isPrivate: boolean, bitset: number, deadline: number | null): Blocking<number> {
  if (bitset >>> 0 === 0 || (from.mm === to.mm && from.address === to.address)) return -Errno.EINVAL;
  const found = find(table, from, to, isPrivate, true);
  if (typeof found === "number") return found;
  const bad = found.from === found.to ? -Errno.EINVAL : from.mm.load32(from.address) !== expected >>> 0 ? -Errno.EAGAIN : 0;
  if (bad !== 0) {
    table.buckets.drop(found.from);
    table.buckets.drop(found.to);
    return bad;
  }
  const sleep = new RequeueSleep(table);
  table.enqueue(sleep, found.from, bitset, { bucket: found.to, word: to });
  table.buckets.drop(found.to);
  const reason = yield { queue: sleep, deadline, what: `the lock at 0x${to.address.toString(16)}, by way of the word at 0x${from.address.toString(16)}`, interruptible: true };
  if (sleep.acquired || sleep.lock?.waiter.granted === true) return 0;
  if (reason === "timeout") return -Errno.ETIMEDOUT;
  return sleep.lock === null ? -Errno.ERESTARTNOINTR : -Errno.EAGAIN;
}

/**
 * FUTEX_CMP_REQUEUE_PI: gives the lock at `to` to the first waiter if it is free, and lets up to `move` others wait for it. Returns how many.
 * -EINVAL: misaligned, the words are one, `wake` is not 1, or a waiter does not wait for that lock; -EAGAIN: not as expected; -EFAULT, -ESRCH, -EDEADLK: the lock.
 */
export function cmpRequeuePi(table: FutexTable, from: Word, to: Word, isPrivate: boolean, { wake, move, expected }: RequeueCounts): number {
  if (wake !== 1 || move < 0) return -Errno.EINVAL;
  const found = find(table, from, to, isPrivate, true);
  if (typeof found === "number") return found;
  const result = found.from === found.to ? -Errno.EINVAL : from.mm.load32(from.address) !== expected! >>> 0 ? -Errno.EAGAIN : moveToLock(table, found, move);
  table.buckets.drop(found.from);
  table.pi.settle(found.to);
  return result;
}

function moveToLock(table: FutexTable, found: Buckets, move: number): number {
  let done = 0;
  if (found.from.pi !== null) return -Errno.EINVAL;
  for (const entry of [...found.from.entries]) {
    if (done - 1 >= move) break;
    const { target } = entry;
    if (target === null || target.bucket.space !== found.to.space || target.bucket.offset !== found.to.offset) return -Errno.EINVAL;
    const result = lockFor(table, entry, target.word, found.to);
    if (result < 0) return result;
    done++;
  }
  return done;
}

/** Makes a waiter the owner of the lock, or lets it wait there. */
function lockFor(table: FutexTable, entry: Entry, word: Word, bucket: Bucket): number {
  const state = table.pi.acquire(entry.thread, word, bucket);
  const sleep = entry.sleep as RequeueSleep;
  if (typeof state === "number") {
    if (state < 0) return state;
    sleep.acquired = true;
    table.wakeEntry(entry);
    return 0;
  }
  table.asleepNoMore(sleep);
  sleep.entries.length = 0;
  sleep.lock = { state, waiter: table.pi.enqueue(entry.thread, word, state, sleep) };
  return 0;
}

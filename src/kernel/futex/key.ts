import type { AddressSpace } from "../mm/address-space.ts";
import { touchMemory } from "../footprint.ts";
import { mutant } from "../mutants.ts";
import type { Thread } from "../process/thread.ts";
import { MAX_RT_PRIO } from "../process/sched-policy.ts";
import { WaitQueue } from "../process/wait.ts";
import type { PiState } from "./pi-state.ts";

/** What makes two words the same futex: the same space, and the same place in it. One bucket for each, while somebody waits there. */
export class Bucket {
  readonly space: object;
  readonly offset: number;
  /** Most urgent first, then oldest first (a plist). */
  readonly entries: Entry[] = [];
  /** Set while the word is a priority-inheriting lock with waiters. */
  pi: PiState | null = null;

  constructor(space: object, offset: number) {
    this.space = space;
    this.offset = offset;
  }
}

/** A word in somebody's memory. */
export interface Word {
  readonly mm: AddressSpace;
  readonly address: number;
}

/** One thread's wait for one word. */
export interface Entry {
  bucket: Bucket;
  readonly thread: Thread;
  readonly bitset: number;
  /** Real-time priorities count; all others are equal, as in the kernel's plist. Fixed when the wait begins. */
  readonly rank: number;
  readonly sleep: Sleep;
  /** FUTEX_WAIT_REQUEUE_PI: the lock that it wants to be moved to. */
  readonly target: { readonly bucket: Bucket; readonly word: Word } | null;
}

/** What a thread sleeps on: one or more entries, of which the first wake-up removes all. */
export class Sleep extends WaitQueue {
  readonly entries: Entry[] = [];
  /** Index of the entry that was woken; -1: none. */
  woken = -1;
  private readonly gone: (sleep: Sleep) => void;

  /** @param gone called when the thread leaves without having been woken */
  constructor(gone: (sleep: Sleep) => void) {
    super();
    this.gone = gone;
  }

  override remove(thread: Thread): void {
    super.remove(thread);
    this.gone(this);
  }
}

/** Where a thread stands among those that wait for one word. */
export function rankOf(thread: Thread): number {
  return Math.min(thread.priority, MAX_RT_PRIO);
}

/** Buckets by key. */
export class Buckets {
  private readonly spaces = new Map<object, Map<number, Bucket>>();
  /** Stand for "this address space's memory, used as if it could be shared": such words never match private ones. */
  private readonly unshared = new WeakMap<AddressSpace, object>();
  /** The machine's memory: the space of words that several address spaces map. */
  private readonly everywhere: object = {};

  /**
   * The bucket of a word, or null (EFAULT). It is kept only while something waits there (`drop`).
   * @param isPrivate FUTEX_PRIVATE_FLAG
   * @param write the operation may change the word
   */
  of({ mm, address }: Word, isPrivate: boolean, write: boolean): Bucket | null {
    const linear = mm.resolve(address, 4, write);
    if (linear === null) return null;
    touchMemory(linear, 4, true);
    if (isPrivate) return mutant("futex-private-key-without-mm") ? this.at(this.everywhere, address) : this.at(mm, address);
    if (mm.find(address)?.shared === true) return this.at(this.everywhere, linear);
    let space = this.unshared.get(mm);
    if (space === undefined) this.unshared.set(mm, (space = {}));
    return this.at(space, address);
  }

  /** The bucket of a word where something waits; undefined: nothing does; null: EFAULT. */
  find(word: Word, isPrivate: boolean): Bucket | null | undefined {
    // Most wakes find nobody: no bucket is made for them.
    if (this.spaces.size > 0) return this.of(word, isPrivate, false);
    const linear = word.mm.resolve(word.address, 4, false);
    if (linear === null) return null;
    touchMemory(linear, 4, true);
    return undefined;
  }

  /** Nobody waits anywhere. */
  get idle(): boolean {
    return this.spaces.size === 0;
  }

  /** Forgets a bucket that nobody needs. */
  drop(bucket: Bucket): void {
    if (bucket.entries.length > 0 || bucket.pi !== null) return;
    const places = this.spaces.get(bucket.space);
    if (places?.get(bucket.offset) !== bucket) return;
    places.delete(bucket.offset);
    if (places.size === 0) this.spaces.delete(bucket.space);
  }

  *all(): Generator<Bucket> {
    for (const places of this.spaces.values()) yield* places.values();
  }

  private at(space: object, offset: number): Bucket {
    let places = this.spaces.get(space);
    if (places === undefined) this.spaces.set(space, (places = new Map()));
    let bucket = places.get(offset);
    if (bucket === undefined) places.set(offset, (bucket = new Bucket(space, offset)));
    return bucket;
  }
}

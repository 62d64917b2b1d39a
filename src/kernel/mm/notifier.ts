import { mutant } from "../mutants.ts";

/**
 * What happens to a range of an address space (enum mmu_notifier_event): `unmap`: it goes. `protect`: rights change, also by fork. `migrate`: its pages move.
 * `release`: the whole address space goes.
 */
export type MmuEvent = "unmap" | "protect" | "migrate" | "release";

/** Told before something happens to a range, so that a device drops what it knows of it (mmu notifier). */
export type MmuNotifier = (start: number, end: number, event: MmuEvent) => void;

/**
 * Watches one range of an address space for a device (struct mmu_interval_notifier). The device takes `readBegin` before it looks at pages, and uses what it
 * saw only when `readRetry` of that number is false under its own lock.
 */
export class MmuIntervalNotifier {
  readonly start: number;
  readonly end: number;
  private sequence = 0;
  private readonly callback: (start: number, end: number, event: MmuEvent) => void;

  /**
   * @param start first address; @param end behind the last
   * @param invalidate drops all device mappings of the range before it returns
   */
  constructor(start: number, end: number, invalidate: (start: number, end: number, event: MmuEvent) => void) {
    this.start = start;
    this.end = end;
    this.callback = invalidate;
  }

  /** Number of the state that pages are looked up in (mmu_interval_read_begin). */
  readBegin(): number {
    return this.sequence;
  }

  /** Whether what was seen since `readBegin` may be out of date (mmu_interval_read_retry). */
  readRetry(sequence: number): boolean {
    return !mutant("hmm-commit-without-retry") && sequence !== this.sequence;
  }

  /** Something is about to happen to [start, end). When it returns the device has no use of the range. */
  invalidate(start: number, end: number, event: MmuEvent): void {
    this.sequence++;
    this.callback(Math.max(start, this.start), Math.min(end, this.end), event);
  }
}

/** The interval notifiers of one address space. */
export class IntervalNotifiers {
  private readonly all: Set<MmuIntervalNotifier> = new Set();

  /** Begins to watch (mmu_interval_notifier_insert). */
  insert(notifier: MmuIntervalNotifier): void {
    this.all.add(notifier);
  }

  /** Ends watching (mmu_interval_notifier_remove). */
  remove(notifier: MmuIntervalNotifier): void {
    this.all.delete(notifier);
  }

  /** How many there are. */
  get size(): number {
    return this.all.size;
  }

  /** Tells whoever watches a part of [start, end). */
  invalidate(start: number, end: number, event: MmuEvent): void {
    if (this.all.size === 0) return;
    for (const notifier of [...this.all]) if (notifier.start < end && notifier.end > start) notifier.invalidate(start, end, event);
  }

  /** The address space is gone. */
  clear(): void {
    this.all.clear();
  }
}

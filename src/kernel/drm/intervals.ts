import { invariant } from "../errors.ts";

/** Something that covers [start, end). */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/**
 * Disjoint intervals in ascending order. Removing a range cuts what overlaps it: at most two of the old intervals survive in part (drm_gpuvm's
 * split by map and unmap).
 */
export class IntervalMap<T extends Interval> implements Iterable<T> {
  private readonly list: T[] = [];
  private readonly part: (whole: T, start: number, end: number) => T;
  private last: T | null = null;

  /** @param part the piece [start, end) of an interval */
  constructor(part: (whole: T, start: number, end: number) => T) {
    this.part = part;
  }

  get size(): number {
    return this.list.length;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.list[Symbol.iterator]();
  }

  /** The interval that holds `at`, or null. */
  find(at: number): T | null {
    const last = this.last;
    if (last !== null && at >= last.start && at < last.end) return last;
    const found = this.list[this.firstEndingAfter(at)];
    if (found === undefined || found.start > at) return null;
    this.last = found;
    return found;
  }

  /** Adds an interval where there is none. */
  insert(interval: T): void {
    const i = this.firstEndingAfter(interval.start);
    const next = this.list[i];
    invariant(next === undefined || next.start >= interval.end, "intervals are disjoint");
    if (i === this.list.length) this.list.push(interval);
    else this.list.splice(i, 0, interval);
  }

  /**
   * Removes [start, end).
   * @param gone told of each old interval that was touched, into how many pieces what is left of it falls (0, 1 or 2), and which these are
   */
  remove(start: number, end: number, gone: (whole: T, pieces: number, rest: readonly T[]) => void): void {
    this.last = null;
    const first = this.firstEndingAfter(start);
    let i = first;
    const touched: { readonly whole: T; readonly rest: T[] }[] = [];
    for (; i < this.list.length && this.list[i]!.start < end; i++) {
      const whole = this.list[i]!;
      const rest: T[] = [];
      if (whole.start < start) rest.push(this.part(whole, whole.start, start));
      if (whole.end > end) rest.push(this.part(whole, end, whole.end));
      touched.push({ whole, rest });
    }
    if (touched.length === 0) return;
    this.list.splice(first, touched.length, ...touched.flatMap(({ rest }) => rest));
    for (const { whole, rest } of touched) gone(whole, rest.length, rest);
  }

  checkInvariants(start: number, end: number): void {
    let at = start;
    for (const interval of this.list) {
      invariant(interval.start >= at && interval.end > interval.start, "intervals are disjoint and ascending");
      at = interval.end;
    }
    invariant(at <= end, "intervals are inside their window");
  }

  /** Index of the first interval whose end lies after `at`. */
  private firstEndingAfter(at: number): number {
    const list = this.list;
    const last = list[list.length - 1];
    if (last === undefined || at >= last.end) return list.length;
    let low = 0;
    let high = list.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[middle]!.end > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

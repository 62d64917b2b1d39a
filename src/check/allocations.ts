/** One piece of device memory, as the program that asked for it sees it. */
export interface Allocation {
  readonly address: number;
  readonly size: number;
  /** What made it: "cuMemAlloc", "buffer". */
  readonly label: string;
  /** Bytes behind it that are its own and nobody's, as far as is known. */
  readonly zone: number;
  /** Counted from 1 in the process. */
  readonly number: number;
  /** Virtual ns of its beginning and end. */
  readonly since: number;
  until: number | null;
  /** What has been written, as begin and end, begin and end, ...; null: all of it counts as written. */
  written: number[] | null;
  /** Bytes from its start that are known to have been written. */
  known: number;
}

/** Bytes that no allocation has, behind each. */
export const RED_ZONE = 256;

/** Allocations that have ended and are still known. */
const MAX_FREED = 1024;

/** The allocations of one process: live ones by address, and the newest of those that have ended. */
export class Allocations {
  /** Ascending, disjoint. */
  private readonly live: Allocation[] = [];
  private readonly freed: Allocation[] = [];
  private count = 0;
  /** Grows with every change. */
  version = 0;

  private below(address: number): number {
    let low = 0;
    let high = this.live.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.live[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  add(address: number, size: number, label: string, since: number, written: number[] | null, zone: number): Allocation {
    const made: Allocation = { address, size, label, number: ++this.count, since, until: null, written, known: 0, zone };
    this.live.splice(this.below(address) + 1, 0, made);
    this.version++;
    return made;
  }

  /** The live one that begins at `address` ends. */
  remove(address: number, now: number): Allocation | null {
    const i = this.below(address);
    const found = this.live[i];
    if (found === undefined || found.address !== address) return null;
    this.live.splice(i, 1);
    found.until = now;
    this.freed.push(found);
    if (this.freed.length > MAX_FREED) this.freed.shift();
    this.version++;
    return found;
  }

  /** The live one that holds the byte. */
  at(address: number): Allocation | null {
    const found = this.live[this.below(address)];
    return found !== undefined && address < found.address + found.size ? found : null;
  }

  /** The newest one that held the byte and has ended. */
  endedAt(address: number): Allocation | null {
    return this.freed.findLast((old) => address >= old.address && address < old.address + old.size) ?? null;
  }

  /** The live one that is nearest to the byte. */
  nearest(address: number): Allocation | null {
    const i = this.below(address);
    const before = this.live[i] ?? null;
    const after = this.live[i + 1] ?? null;
    if (before === null || after === null) return before ?? after;
    return address - (before.address + before.size) <= after.address - address ? before : after;
  }

  /** Live ones with a byte in [start, end). */
  *within(start: number, end: number): Iterable<Allocation> {
    for (let i = Math.max(0, this.below(start)); i < this.live.length && this.live[i]!.address < end; i++) {
      if (this.live[i]!.address + this.live[i]!.size > start) yield this.live[i]!;
    }
  }

  /** All that are known, live or not. */
  *all(): Iterable<Allocation> {
    yield* this.live;
    yield* this.freed;
  }
}

/** Adds [start, end) to a list of disjoint ascending ranges. */
export function addRange(ranges: number[], start: number, end: number): void {
  let i = 0;
  while (i < ranges.length && ranges[i + 1]! < start) i += 2;
  let [from, to] = [start, end];
  let n = i;
  while (n < ranges.length && ranges[n]! <= to) {
    from = Math.min(from, ranges[n]!);
    to = Math.max(to, ranges[n + 1]!);
    n += 2;
  }
  ranges.splice(i, n - i, from, to);
}

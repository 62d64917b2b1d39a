import { MAX_INTERVAL, TAG_MANY, TAG_SHIFT } from "../compiler/wasm/checked/layout.ts";

/** A launch whose groups are told apart. */
export interface Running {
  /** Numbers of the intervals in which its groups are now. */
  present(): Iterable<number>;
  /** Index of a group in the grid, by its number. */
  blockOf(group: number): readonly [number, number, number];
  readonly blockSize: readonly [number, number, number];
}

/** A work-group, as a report names it. */
export interface Group {
  readonly block: readonly [number, number, number];
  readonly size: readonly [number, number, number];
}

/** Stands for no group: the beginning of a launch. */
const NO_GROUP = -1;

/**
 * Numbers the intervals between barriers, and remembers whose they are. There are as many as there are barriers passed, so that all is in two arrays of numbers, which grow as needed.
 */
export class Intervals {
  /** By interval: number of its launch, and of its group. */
  private launchOf = new Int32Array(1024);
  private groupOf = new Int32Array(1024);
  /** By interval: the first one of its group since a barrier that orders accesses to global memory too. */
  private epochOf = new Int32Array(1024);
  /** Grows when numbers begin anew. */
  generation = 0;
  private readonly launches = new Map<number, Running>();
  /** First intervals of launches that have not ended, and their numbers. */
  private readonly running = new Map<Running, { readonly first: number; readonly number: number }>();
  /** Numbers that groups still used when numbers last began anew. */
  private readonly reserved = new Set<number>();
  private readonly forget: () => void;
  private next = 1;
  private lastLaunch = 0;

  /** @param forget called when numbers begin anew: all tags must go */
  constructor(forget: () => void) {
    this.forget = forget;
  }

  private take(launch: number, group: number): number {
    if (this.next > MAX_INTERVAL) this.restart();
    if (this.reserved.size > 0) while (this.reserved.has(this.next)) this.next++;
    const number = this.next++;
    if (number >= this.launchOf.length) this.grow(number);
    this.launchOf[number] = launch;
    this.groupOf[number] = group;
    this.epochOf[number] = number;
    return number;
  }

  private grow(number: number): void {
    const length = Math.max(2 * this.launchOf.length, number + 1);
    const larger = (old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const made = new Int32Array(length);
      made.set(old);
      return made;
    };
    [this.launchOf, this.groupOf, this.epochOf] = [larger(this.launchOf), larger(this.groupOf), larger(this.epochOf)];
  }

  private restart(): void {
    this.forget();
    this.generation++;
    let first = 0;
    this.reserved.clear();
    const kept = new Set<number>();
    for (const [launch, at] of this.running) {
      first = Math.max(first, at.first);
      kept.add(at.number);
      for (const number of launch.present()) this.reserved.add(number);
    }
    for (const number of [...this.launches.keys()]) if (!kept.has(number)) this.launches.delete(number);
    this.next = first + 1;
  }

  /** A launch begins. @returns its number, the tag of its beginning, and that of words that several of its groups read */
  launch(launch: Running): { readonly number: number; readonly base: number; readonly many: number } {
    // So that most launches have all their numbers before them.
    if (this.running.size === 0 && this.next > MAX_INTERVAL / 2) this.restart();
    const number = ++this.lastLaunch | 0;
    this.launches.set(number, launch);
    const first = this.take(number, NO_GROUP);
    this.running.set(launch, { first, number });
    const base = (first << TAG_SHIFT) >>> 0;
    return { number, base, many: (base | TAG_MANY) >>> 0 };
  }

  ended(launch: Running): void {
    this.running.delete(launch);
  }

  /** A group's next interval begins. @param before tag of the one before, when what was done in it to global memory is not past; 0: it is @returns its tag */
  advance(launch: number, group: number, before: number = 0): number {
    const { generation } = this;
    const number = this.take(launch, group);
    if (before !== 0 && generation === this.generation) this.epochOf[number] = this.epochOf[before >>> TAG_SHIFT]!;
    return (number << TAG_SHIFT) >>> 0;
  }

  /** Whether no barrier that orders accesses to global memory is between two intervals of a group. */
  ofOneEpoch(a: number, b: number): boolean {
    return this.epochOf[a >>> TAG_SHIFT] === this.epochOf[b >>> TAG_SHIFT];
  }

  /** Number of the group in its launch that a tag speaks of; -1: of none, or of several. */
  groupOfTag(tag: number): number {
    return this.groupOf[tag >>> TAG_SHIFT]!;
  }

  /** Whether both tags are of one group of the launch. */
  ofOneGroup(a: number, b: number, launch: number): boolean {
    const [x, y] = [a >>> TAG_SHIFT, b >>> TAG_SHIFT];
    return this.launchOf[x] === launch && this.launchOf[y] === launch && this.groupOf[x] === this.groupOf[y] && this.groupOf[x] !== NO_GROUP;
  }

  /** Whose access a tag speaks of; null: of several groups, or of nobody. */
  owner(tag: number): Group | null {
    const number = tag >>> TAG_SHIFT;
    const launch = this.launches.get(this.launchOf[number] ?? 0);
    const group = this.groupOf[number] ?? NO_GROUP;
    return launch === undefined || group === NO_GROUP ? null : { block: launch.blockOf(group), size: launch.blockSize };
  }
}

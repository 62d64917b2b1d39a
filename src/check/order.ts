import { TAG_ITEM, TAG_MANY, TAG_SHIFT } from "../compiler/wasm/checked/layout.ts";
import type { Intervals } from "./intervals.ts";

/** What one group has done to be ordered with others. */
interface GroupOrder {
  /** Interval that `acquired` speaks of. */
  interval: number;
  /** When its work-items last saw what others let go of, up to the last barrier; 0: never. */
  all: number;
  /** The same since then, by work-item. */
  readonly acquired: Map<number, number>;
  /** Intervals in which some work-item let go of what it had done, ascending, and when one first did. */
  readonly released: { readonly interval: number; readonly time: number }[];
  /** The same for each work-item: by interval and work-item. */
  readonly own: Map<number, number>;
}

/** More work-items than a group has. */
const ITEMS = TAG_ITEM + 1;

/**
 * What orders accesses beside barriers: atomics, volatile accesses and fences, in kernels that have them all. Each access that synchronises has a time, in the order in which they happen. One
 * access comes before another when its work-item (or its group, after a barrier) has let go of something since, and the other's (or its group, before a barrier) has looked at something later.
 * That is so wherever a program really orders them, by whatever chain; and sometimes where it does not, since nobody asks which words they were, nor where the fences stand.
 */
export class Order {
  private readonly intervals: Intervals;
  /** Lanes of a warp are one: their collectives order them. Else 1. */
  private readonly together: number;
  private readonly generation: number;
  private readonly groups = new Map<number, GroupOrder>();
  private time = 0;
  /** When somebody first let go of something. */
  private first = Infinity;

  /** @param together work-items of a row that count as one */
  constructor(intervals: Intervals, together: number) {
    this.intervals = intervals;
    this.together = together;
    this.generation = intervals.generation;
  }

  private groupOf(tag: number): GroupOrder {
    const number = this.intervals.groupOfTag(tag);
    let found = this.groups.get(number);
    if (found === undefined) this.groups.set(number, (found = { interval: tag >>> TAG_SHIFT, all: 0, acquired: new Map(), released: [], own: new Map() }));
    if (found.interval !== tag >>> TAG_SHIFT) {
      // Behind a barrier all know what one knew.
      for (const time of found.acquired.values()) found.all = Math.max(found.all, time);
      found.acquired.clear();
      found.interval = tag >>> TAG_SHIFT;
    }
    return found;
  }

  private itemOf(tag: number): number {
    return Math.floor((tag & TAG_ITEM) / this.together);
  }

  /** A work-item makes an access that synchronises. @param tag of the work-item, without marks @param looks it reads @param lets it writes */
  synchronised(tag: number, looks: boolean, lets: boolean): void {
    const time = ++this.time;
    const group = this.groupOf(tag);
    const item = this.itemOf(tag);
    if (looks) group.acquired.set(item, time);
    if (!lets) return;
    const interval = tag >>> TAG_SHIFT;
    const key = interval * ITEMS + item;
    if (!group.own.has(key)) group.own.set(key, time);
    if (group.released.at(-1)?.interval !== interval) group.released.push({ interval, time });
    this.first = Math.min(this.first, time);
  }

  /** Whether the access that left a tag may come before one that the work-item of another tag makes now. */
  before(old: number, tag: number): boolean {
    if (this.generation !== this.intervals.generation) return true;
    const group = this.groupOf(tag);
    return this.released(old) < Math.max(group.all, group.acquired.get(this.itemOf(tag)) ?? 0);
  }

  /** When what an access did was first let go of; Infinity: never. */
  private released(old: number): number {
    const number = this.intervals.groupOfTag(old);
    if (number < 0) return this.first;
    const group = this.groups.get(number);
    if (group === undefined) return Infinity;
    const interval = old >>> TAG_SHIFT;
    const some = (old & TAG_MANY) !== 0;
    const later = firstFrom(group.released, some ? interval : interval + 1);
    return some ? later : Math.min(later, group.own.get(interval * ITEMS + this.itemOf(old)) ?? Infinity);
  }
}

/** When something was first let go of in an interval from `from` on. */
function firstFrom(released: GroupOrder["released"], from: number): number {
  let low = 0;
  let high = released.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (released[middle]!.interval < from) low = middle + 1;
    else high = middle;
  }
  return released[low]?.time ?? Infinity;
}

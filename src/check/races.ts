import type { CheckedFacts } from "../compiler/abi.ts";
import { access as flag, NARROW_LINE, plane, TAG_ATOMIC, TAG_ITEM, TAG_MANY, TAG_PART, TAG_SHIFT } from "../compiler/wasm/checked/layout.ts";
import type { Group, Intervals } from "./intervals.ts";
import { Order } from "./order.ts";

/** The other of two accesses that nothing orders. */
export interface Conflict {
  /** Null: several groups. */
  readonly by: Group | null;
  /** Null: several work-items. */
  readonly item: number | null;
  readonly write: boolean;
  readonly atomic: boolean;
  /** Both are atomic, but one of them for its own group only. */
  readonly narrow: boolean;
  readonly line: number;
}

/**
 * What may follow what on one word. Kept of it: its last writer and its last reader ("several" when there were more). Accesses of one group are ordered by its barriers; those of
 * different groups of a launch by nothing, unless the kernel has both fences and atomics (see `Order`); launches are taken to be ordered by their queues.
 */
export class RaceRules {
  private readonly intervals: Intervals;
  private readonly launch: number;
  private readonly base: number;
  private readonly many: number;
  private readonly facts: CheckedFacts;
  private readonly warpSize: number;
  /** Null: the kernel has nothing that orders accesses but barriers. */
  private readonly order: Order | null;

  constructor(intervals: Intervals, launch: number, base: number, many: number, facts: CheckedFacts, warpSize: number) {
    this.intervals = intervals;
    this.launch = launch;
    this.base = base;
    this.many = many;
    this.facts = facts;
    this.warpSize = warpSize;
    this.order = facts.ordersItems ? new Order(intervals, facts.ordersWarps ? warpSize : 1) : null;
  }

  /**
   * Enters an access into the word's tags.
   * @param word address of the word's shadow, in the plane of states @param part the access does not cover the word
   * @returns what it is in conflict with; null: nothing
   */
  access(u32: Uint32Array, word: number, what: number, tag: number, part: boolean, line: number): Conflict | null {
    const found = this.enter(u32, word, what, tag, part, line);
    if ((what & flag.synchronises) !== 0) this.order?.synchronised(tag, (what & 1) !== 0, (what & 2) !== 0);
    return found;
  }

  private enter(u32: Uint32Array, word: number, what: number, tag: number, part: boolean, line: number): Conflict | null {
    const [writes, synchronises] = [(what & 2) !== 0, (what & flag.synchronises) !== 0];
    const at = (of: number): number => (word + of) >>> 2;
    const writer = u32[at(plane.writer)]!;
    const reader = u32[at(plane.reader)]!;
    // A volatile or atomic load waits for others to write: that is what it is for.
    if (synchronises && !writes) return null;
    const mine = (tag | (part ? TAG_PART : 0)) >>> 0;
    let found: Conflict | null = null;
    const shared = (what & flag.shared) !== 0;
    const byWriter = this.unordered(writer, tag, shared);
    const both = synchronises && (writer & TAG_ATOMIC) !== 0;
    const foreign = !shared && !this.intervals.ofOneGroup(writer, tag, this.launch);
    const narrow = (what & flag.narrow) !== 0;
    const narrowWriter = both && (u32[at(plane.writerLine)]! & NARROW_LINE) !== 0;
    const apart = both && foreign && (narrow || narrowWriter);
    if (byWriter && (!both || apart) && !(part && (writer & TAG_PART) !== 0)) found = this.conflict(writer, true, u32[at(plane.writerLine)]!, apart);
    if (!writes) {
      u32[at(plane.reader)] = this.joined(reader, whole(reader, mine), this.unordered(reader, tag, shared));
      u32[at(plane.readerLine)] = line;
      return found;
    }
    if (found === null && this.unordered(reader, tag, shared) && !(part && (reader & TAG_PART) !== 0)) found = this.conflict(reader, false, u32[at(plane.readerLine)]!);
    u32[at(plane.writer)] = synchronises ? (this.joined(writer, mine, byWriter) | TAG_ATOMIC) >>> 0 : whole(writer, mine);
    u32[at(plane.writerLine)] = (synchronises && (narrow || (byWriter && narrowWriter)) ? line | NARROW_LINE : line) >>> 0;
    return found;
  }

  /** Whether whoever left the tag is another than the work-item, with nothing between the two accesses. */
  private unordered(old: number, tag: number, shared: boolean): boolean {
    if (old < this.base) return false;
    // Shared memory is another group's no more.
    if (!shared && !this.intervals.ofOneGroup(old, tag, this.launch)) return !(this.facts.ordersGroups && this.order!.before(old, tag));
    if (old >>> TAG_SHIFT !== tag >>> TAG_SHIFT && (shared || !this.intervals.ofOneEpoch(old, tag))) return false;
    if ((old & TAG_MANY) !== 0) {
      if (this.facts.ordersWarps) return false;
    } else {
      const [a, b] = [old & TAG_ITEM, tag & TAG_ITEM];
      if (a === b) return false;
      // Lanes of one warp wait for each other at its collectives, which are not followed one by one.
      if (this.facts.ordersWarps && Math.floor(a / this.warpSize) === Math.floor(b / this.warpSize)) return false;
    }
    return !(this.order !== null && this.order.before(old, tag));
  }

  /** The tag of both. */
  private joined(old: number, mine: number, both: boolean): number {
    if (!both) return mine;
    if (!this.intervals.ofOneGroup(old, mine, this.launch)) return (this.many | (old & mine & TAG_PART)) >>> 0;
    return ((mine & ~(TAG_ITEM | TAG_PART)) | TAG_MANY | (old & mine & TAG_PART)) >>> 0;
  }

  private conflict(old: number, write: boolean, line: number, narrow: boolean = false): Conflict {
    return { by: this.intervals.owner(old), item: (old & TAG_MANY) !== 0 ? null : old & TAG_ITEM, write, atomic: (old & TAG_ATOMIC) !== 0, narrow, line: (line & ~NARROW_LINE) >>> 0 };
  }
}

/** The tag of an access to a part of a word, after one by the same work-item to the whole: it has been at the whole. */
function whole(old: number, mine: number): number {
  return (old | TAG_PART) >>> 0 === mine ? old : mine;
}

/** The barriers of one work-group whose work-items run one by one. Those that name different counts do not meet. */

export interface BarrierGroup {
  readonly warpSize: number;
  readonly items: number;
  /** Work-items that have not exited. */
  readonly live: number;
  exited(item: number): boolean;
  /** The work-items of a complete barrier go on. */
  release(waiters: readonly number[]): void;
}

interface Meeting {
  readonly key: number;
  readonly count: number | null;
  readonly waiters: number[];
  /** Arrivals by warp, waiting ones included. */
  readonly arrivals: Map<number, number[]>;
  arrived: number;
}

/** See `BarrierGroup`: the meetings in progress. */
export class Barriers {
  private readonly meetings = new Map<number, Meeting>();
  private readonly group: BarrierGroup;

  constructor(group: BarrierGroup) {
    this.group = group;
  }

  /** @param count null: everybody. @param waits false: it only counts */
  arrive(item: number, id: number, count: number | null, waits: boolean): void {
    // Ids are below 16; a count of 0 does not occur.
    const key = id + 16 * (count ?? 0);
    let meeting = this.meetings.get(key);
    if (meeting === undefined) {
      meeting = { key, count, waiters: [], arrivals: new Map(), arrived: 0 };
      this.meetings.set(key, meeting);
    }
    meeting.arrived++;
    if (count !== null) {
      const warp = Math.floor(item / this.group.warpSize);
      const list = meeting.arrivals.get(warp) ?? [];
      meeting.arrivals.set(warp, list);
      list.push(item);
    }
    if (waits) meeting.waiters.push(item);
    this.complete(meeting);
  }

  /** Somebody exited: who waits for all the others may now be complete. */
  recheck(): void {
    for (const meeting of [...this.meetings.values()]) this.complete(meeting);
  }

  private complete(meeting: Meeting): void {
    if (meeting.arrived === 0) return;
    if (meeting.count === null ? meeting.waiters.length < this.group.live : !this.counted(meeting, meeting.count)) return;
    this.meetings.delete(meeting.key);
    this.group.release(meeting.waiters);
  }

  /** Whether `count` have come, where a warp of which any lane has come brings its missing and exited lanes along. */
  private counted(meeting: Meeting, count: number): boolean {
    const { warpSize, items } = this.group;
    let total = meeting.arrived;
    for (const [warp, list] of meeting.arrivals) {
      const here = new Set(list);
      for (let lane = 0; lane < warpSize; lane++) {
        const item = warp * warpSize + lane;
        if (item >= items || (this.group.exited(item) && !here.has(item))) total++;
      }
    }
    return total >= count;
  }
}

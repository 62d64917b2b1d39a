import type { Group } from "./group.ts";
import type { BarrierWait } from "./waits.ts";
import type { WorkItem } from "./work-item.ts";

/** Who has come to one barrier since it was last complete. */
interface Meeting {
  readonly id: number;
  readonly count: number | null;
  readonly waiters: WorkItem[];
  /** Arrivals by warp, the waiting ones included; one entry for each arrival. Kept only for meetings with a count. */
  readonly arrivals: Map<number, WorkItem[]>;
  arrived: number;
}

/** The barriers of one work-group. Those that name different counts do not meet. */
export class Barriers {
  private readonly group: Group;
  private readonly meetings = new Map<string, Meeting>();

  constructor(group: Group) {
    this.group = group;
  }

  private meeting(id: number, count: number | null): Meeting {
    const key = `${id} ${count}`;
    const known = this.meetings.get(key);
    if (known !== undefined) return known;
    const fresh: Meeting = { id, count, waiters: [], arrivals: new Map(), arrived: 0 };
    this.meetings.set(key, fresh);
    return fresh;
  }

  private register(meeting: Meeting, item: WorkItem): void {
    meeting.arrived++;
    if (meeting.count === null) return;
    const ofWarp = meeting.arrivals.get(item.warp);
    if (ofWarp === undefined) meeting.arrivals.set(item.warp, [item]);
    else ofWarp.push(item);
  }

  /** The work-item counts, and goes on. */
  arrive(item: WorkItem, id: number, count: number): void {
    const meeting = this.meeting(id, count);
    this.register(meeting, item);
    this.completeIfDue(meeting);
  }

  /** The work-item, already blocked with a `BarrierWait`, takes part. It may be awake again on return. */
  wait(item: WorkItem): void {
    const wait = item.wait as BarrierWait;
    const meeting = this.meeting(wait.id, wait.count);
    meeting.waiters.push(item);
    this.register(meeting, item);
    this.completeIfDue(meeting);
  }

  /** Somebody exited: who waits for all the others may now be complete. */
  recheck(): void {
    for (const meeting of this.meetings.values()) this.completeIfDue(meeting);
  }

  private completeIfDue(meeting: Meeting): void {
    if (meeting.arrived === 0) return;
    if (meeting.count === null ? meeting.waiters.length < this.group.live : !this.counted(meeting, meeting.count)) return;
    this.meetings.delete(`${meeting.id} ${meeting.count}`);
    const voters = meeting.waiters.filter((item) => (item.wait as BarrierWait).reduction !== null);
    const yes = voters.filter((item) => (item.wait as BarrierWait).predicate).length;
    for (const item of meeting.waiters) {
      const { reduction } = item.wait as BarrierWait;
      if (reduction !== null) {
        const results = { and: yes === voters.length ? 1 : 0, or: yes > 0 ? 1 : 0, popc: yes };
        item.frame.values[reduction.dst] = results[reduction.red];
      }
      item.wake();
    }
  }

  /** Whether `count` work-items have come, where a warp of which any lane has come brings its missing and exited lanes along. */
  private counted(meeting: Meeting, count: number): boolean {
    const { warps, live, launch } = this.group;
    const { warpSize } = launch.config;
    if (meeting.arrived + warps.length * warpSize - live < count) return false; // even with every missing lane
    let total = meeting.arrived;
    for (const [warp, items] of meeting.arrivals) {
      const here = new Set(items);
      const lanes = warps[warp]!;
      total += warpSize - lanes.length + lanes.filter((item) => item.status === "exited" && !here.has(item)).length;
    }
    return total >= count;
  }
}

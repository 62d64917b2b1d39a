import { comparePlaces, placeOf } from "../ir/convergence.ts";
import { LOCAL_START, TURN } from "../ir/limits.ts";
import { alignUp } from "../ir/layout.ts";
import { Barriers } from "./barriers.ts";
import { resolveCollectives } from "./collectives.ts";
import { maskOfLanes } from "./lanes.ts";
import type { Launch } from "./launch.ts";
import { newFrame } from "./steps-control.ts";
import { WorkItem } from "./work-item.ts";

/**
 * Why `Group.run` came back: all exited; spent its turn; everybody sleeps; or the budget ended in the middle.
 */
export type Outcome = "finished" | "turn" | "idle" | "budget";

/** One work-group in progress. */
export class Group {
  readonly launch: Launch;
  readonly block: readonly [number, number, number];
  /** Work-items by dimension: smaller than the launch's block at the edge of an OpenCL range. */
  readonly size: readonly [number, number, number];
  readonly multiprocessor: number;
  readonly items: readonly WorkItem[];
  readonly warps: readonly (readonly WorkItem[])[];
  readonly shared: DataView;
  readonly barriers: Barriers;
  /** Work-items that have not exited. */
  live: number;
  /** The work-item whose turn it is. */
  private cursor = 0;
  private turnSpent = 0;

  constructor(launch: Launch, number: number, block: readonly [number, number, number]) {
    const { config, program, kernel, info } = launch;
    this.launch = launch;
    this.block = block;
    const extent = (d: 0 | 1 | 2): number => Math.min(config.block[d], config.globalSize[d] - block[d] * config.block[d]);
    this.size = [extent(0), extent(1), extent(2)];
    this.multiprocessor = number % launch.smInstructions.length;
    this.shared = new DataView(new ArrayBuffer(launch.sharedBytes));
    this.barriers = new Barriers(this);
    const items: WorkItem[] = [];
    for (let z = 0; z < this.size[2]; z++) {
      for (let y = 0; y < this.size[1]; y++) {
        for (let x = 0; x < this.size[0]; x++) items.push(new WorkItem(this, items.length, [x, y, z], config.warpSize, info.localBytes));
      }
    }
    const localStart = alignUp(LOCAL_START, program.frameAlign);
    for (const item of items) item.frames.push(newFrame(kernel, localStart, [], [], null));
    this.items = items;
    this.live = items.length;
    const warps: WorkItem[][] = [];
    for (const item of items) (warps[item.warp] ??= []).push(item);
    this.warps = warps;
  }

  exit(item: WorkItem): void {
    item.status = "exited";
    this.live--;
    this.barriers.recheck();
  }

  /**
   * Gives the work-items their turns, in ascending order, until `launch.instructions` reaches `limit` or there is a reason to come back earlier.
   * The order in which instructions are executed does not depend on `limit`.
   */
  run(limit: number): Outcome {
    for (;;) {
      for (; this.cursor < this.items.length; this.cursor++) {
        const item = this.items[this.cursor]!;
        if (item.status !== "ready") continue;
        if (!this.turn(item, limit)) return "budget";
      }
      this.cursor = 0;
      const outcome = this.afterSweep();
      if (outcome !== null) return outcome;
    }
  }

  /** Runs one work-item until it blocks, exits or has spent its turn. @returns false if the limit came first */
  private turn(item: WorkItem, limit: number): boolean {
    const { launch } = this;
    const before = item.turnSpent;
    const end = Math.min(TURN, before + limit - launch.instructions);
    while (item.status === "ready" && item.turnSpent < end) {
      const frame = item.frame;
      const block = frame.code.blocks[frame.block]!;
      const index = frame.index++;
      item.turnSpent += block.costs[index]!;
      block.steps[index]!(item, frame);
    }
    const spent = item.turnSpent - before;
    launch.instructions += spent;
    launch.smInstructions[this.multiprocessor]! += spent;
    this.turnSpent += spent;
    if (item.status === "ready" && item.turnSpent < TURN) return false;
    item.ranOut = item.status === "ready" || item.status === "asleep";
    item.turnSpent = 0;
    return true;
  }

  /** Every work-item has had its turn: lets go who may, and says whether the group should make room for others. */
  private afterSweep(): Outcome | null {
    if (this.live === 0) return "finished";
    let woke = false;
    for (const lanes of this.warps) woke = resolveCollectives(lanes) || woke;
    for (const lanes of this.warps) woke = releaseActiveMask(lanes) || woke;
    let ready = woke;
    let asleep = false;
    for (const item of this.items) {
      if (item.status === "ready") ready = true;
      else if (item.status === "asleep") {
        asleep = true;
        item.status = "ready";
      }
    }
    if (!ready && !asleep) this.stuck();
    if (!ready) return "idle";
    if (this.turnSpent < TURN) return null;
    this.turnSpent = 0;
    return "turn";
  }

  /** Nobody can go on, ever. */
  private stuck(): never {
    const item = this.items.find((candidate) => candidate.status === "waiting")!;
    const waiting = this.items.filter((candidate) => candidate.status === "waiting").length;
    this.launch.fault(item, "barrier-divergence", `${waiting} of ${this.items.length} work-items wait for others that will never come, ${this.items.length - this.live} have exited;`);
  }
}

/**
 * Lets the lanes go on that wait at the activemask that comes first of those that lanes wait at (see convergence.ts), if no lane of the warp can go on before.
 * @returns whether any did
 */
function releaseActiveMask(lanes: readonly WorkItem[]): boolean {
  if (lanes.some((item) => (item.status === "ready" || item.status === "asleep") && !item.ranOut)) return false;
  const waiting = lanes.filter((item) => item.status === "waiting" && item.wait?.kind === "activemask").map((item) => ({ item, place: placesOf(item) }));
  if (waiting.length === 0) return false;
  const first = waiting.map(({ place }) => place).reduce((a, b) => (comparePlaces(b, a) < 0 ? b : a));
  const members = waiting.filter(({ place }) => comparePlaces(place, first) === 0).map(({ item }) => item);
  const mask = maskOfLanes(members.map((item) => item.lane));
  for (const item of members) {
    if (item.wait?.kind === "activemask") item.frame.values[item.wait.instr.dst] = mask;
    item.wake();
  }
  return true;
}

/** Where a lane stands that waits at an activemask. */
function placesOf({ frames, wait }: WorkItem): number[] {
  const calls = frames.flatMap(({ via }) => (via === null ? [] : [placeOf(via)]));
  return wait?.kind === "activemask" ? [...calls, placeOf(wait.instr)] : calls;
}

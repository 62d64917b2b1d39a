import type { BlockId, Instr, ValueId } from "../ir/ops.ts";
import type { Code } from "./code.ts";
import type { Group } from "./group.ts";
import type { Wait } from "./waits.ts";
import type { Value } from "./values.ts";

/** One activation of a function. */
export interface Frame {
  readonly code: Code;
  /** By value id; what is not computed yet is 0, and never read in valid IR. */
  readonly values: Value[];
  block: BlockId;
  /** Next step in the block. */
  index: number;
  /** First byte of this activation's locals in the work-item's local memory. */
  readonly localBase: number;
  /** The caller's values that take the results. */
  readonly results: readonly ValueId[];
  /** The call; null for the kernel itself. */
  readonly via: Instr | null;
}

/**
 * - `ready`: can go on;
 * - `asleep`: can go on, but gave up the rest of its turn (nanosleep);
 * - `waiting`: at a barrier, collective or activemask (`wait` says which);
 * - `exited`.
 */
export type Status = "ready" | "asleep" | "waiting" | "exited";

/** One work-item: its stack of frames and what it waits for. */
export class WorkItem {
  readonly group: Group;
  /** Linear number in the group. */
  readonly number: number;
  readonly thread: readonly [number, number, number];
  readonly lane: number;
  readonly warp: number;
  readonly local: DataView;
  readonly frames: Frame[] = [];
  status: Status = "ready";
  wait: Wait | null = null;
  /** Cost spent in the current turn. Kept across `run` calls, so that the interleaving does not depend on budgets. */
  turnSpent: number = 0;
  /** True when the last turn ended by running out, not by blocking. */
  ranOut: boolean = false;

  constructor(group: Group, number: number, thread: readonly [number, number, number], warpSize: number, localBytes: number) {
    this.group = group;
    this.number = number;
    this.thread = thread;
    this.lane = number % warpSize;
    this.warp = Math.floor(number / warpSize);
    this.local = new DataView(new ArrayBuffer(localBytes));
  }

  get frame(): Frame {
    return this.frames[this.frames.length - 1]!;
  }

  /** Stops at the instruction just begun until `wake`. */
  block(wait: Wait): void {
    this.status = "waiting";
    this.wait = wait;
  }

  wake(): void {
    this.status = "ready";
    this.wait = null;
  }
}

import { PAGE_SHIFT, PTE_READ, type CodeEnv, type LaunchConfig } from "../../abi.ts";
import { outcome } from "../fast/outcome.ts";
import { launch } from "../lower/layout.ts";
import { MAX_TASKS, task, TASK_WORDS } from "../threads/task.ts";
import type { Independence } from "./independent.ts";
import type { LoadedKernel, Scratch } from "./kernel-code.ts";

/**
 * Tasks of one slice, by their part of it. The last ones are small, so that threads come to the end at about the same time, though groups differ. More would be more even still, but each is a call of
 * compiled code that begins anew.
 */
const TOGETHER: readonly number[] = [2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1];
const ALONE: readonly number[] = [1];
/** Most instructions of one task: what is counted in a call must fit its words. */
const MOST = 1 << 23;
/** Slices in a row in which hardly a task came far before its groups run in turn again. */
const MAX_STRIKES = 2;

/** Groups that one thread runs one after the other: the first may be in the middle, in a slot of its own; -1: it has not begun. */
interface Row {
  group: number;
  groups: number;
  slot: number;
}

/** What the execution does for its tasks. */
export interface Slots {
  /** A slot in which the group has been opened. */
  open(group: number): number;
  close(slot: number): void;
  /** The group in this slot goes on in the slow path. */
  leave(slot: number, spinning: boolean): void;
}

/** What one slice came to. */
export interface Slice {
  finished: number;
  instructions: number;
  bytes: number;
  /** Groups that left for the slow path. */
  left: number;
}

/**
 * Runs the groups of a launch several at a time, where they are independent. A slice is a list of tasks, made from what is known before it begins; each task does the same whoever
 * runs it and whenever. So one thread and several come to the same results, counts and slices. What is unusual waits until all tasks are done, and is then dealt with in the groups' order.
 */
export class Tasks {
  private readonly kernel: LoadedKernel;
  private readonly env: CodeEnv;
  private readonly config: LaunchConfig;
  private readonly scratch: Scratch;
  private readonly independence: Independence;
  private readonly slots: Slots;
  private readonly run_: (launch: number, slot: number) => number;
  /** Rows that have begun or lie before `next`, in order. */
  private readonly rows: Row[] = [];
  private readonly words: Int32Array;
  private readonly total: number;
  private next: number;
  private strikes = 0;
  /** Groups run in turn: pages turned out to be shared in a way that does not fit. */
  private alone = false;
  private readonly hidden: number[] = [];

  /** @param next first group that has not begun @param begun slot of the group before it, when that is in the middle; -1: none is */
  constructor(kernel: LoadedKernel, config: LaunchConfig, scratch: Scratch, independence: Independence, run: (launch: number, slot: number) => number, slots: Slots, next: number, begun: number) {
    this.kernel = kernel;
    this.env = kernel.env;
    this.config = config;
    this.scratch = scratch;
    this.independence = independence;
    this.run_ = run;
    this.slots = slots;
    this.total = config.grid[0] * config.grid[1] * config.grid[2];
    this.next = next;
    this.words = kernel.env.threads?.tasks ?? new Int32Array(TASK_WORDS * MAX_TASKS);
    if (begun >= 0) this.rows.push({ group: this.next++, groups: 1, slot: begun });
    const { i32 } = kernel.views;
    // What the launch is, for each of the other threads; their counts are their own.
    const bytes = kernel.code.program.launchBytes;
    for (const block of scratch.blocks) i32.copyWithin(block >> 2, scratch.launch >> 2, (scratch.launch + bytes) >> 2);
  }

  /** Groups in the middle. */
  get open(): number {
    return this.rows.reduce((sum, { slot }) => sum + Number(slot >= 0), 0);
  }

  /**
   * Runs a slice of about `budget` instructions in which at most `most` groups end.
   * @param average instructions of a group so far; Infinity: none has ended
   */
  slice(budget: number, most: number, average: number): Slice {
    const slice: Slice = { finished: 0, instructions: 0, bytes: 0, left: 0 };
    do {
      const safe = !this.alone && this.hide();
      this.alone ||= !safe;
      let count = 0;
      try {
        count = this.choose(this.alone ? ALONE : TOGETHER, budget - slice.instructions, most - slice.finished, average);
        if (count > 0) this.perform(count);
      } finally {
        this.show();
      }
      if (count === 0) break;
      this.collect(count, slice);
    } while (this.alone && slice.left === 0 && slice.instructions < budget && slice.finished < most);
    return slice;
  }

  /** Puts the slice's tasks at the front of `rows`, and writes them down. @returns how many */
  private choose(parts: readonly number[], budget: number, most: number, average: number): number {
    // When only so many may end, none that is in the middle is left behind.
    if (most < this.total) this.rows.sort((a, b) => Number(a.slot < 0) - Number(b.slot < 0));
    const sum = parts.reduce((all, part) => all + part, 0);
    const unit = budget / sum;
    // Towards the end of the grid all get a part.
    const fitting = Math.min(budget / average, this.total - this.next) / sum;
    let before = 0;
    let room = most;
    let count = 0;
    for (; count < parts.length && room > 0; count++) {
      const part = parts[count]!;
      const share = Math.max(1, Math.floor(unit * part));
      // Whole groups, rounded so that all tasks together come to what fits.
      const each = Math.max(1, Math.round(fitting * (before + part)) - Math.round(fitting * before));
      const fuel = Math.min(MOST, average > 2 * share ? share : Math.max(2 * share, 2 * each * average));
      before += part;
      let row = this.rows[count];
      if (row === undefined) {
        const groups = Math.min(each, this.total - this.next);
        if (groups === 0) break;
        row = { group: this.next, groups, slot: -1 };
        this.next += groups;
        this.rows.push(row);
      }
      const limit = row.slot >= 0 ? row.groups : each;
      if (row.groups > Math.min(limit, room)) {
        const groups = Math.min(limit, room);
        this.rows.splice(count + 1, 0, { group: row.group + groups, groups: row.groups - groups, slot: -1 });
        row.groups = groups;
      }
      if (row.slot < 0) row.slot = this.slots.open(row.group);
      room -= row.groups;
      const at = count * TASK_WORDS;
      this.words[at + task.slot] = row.slot;
      this.words[at + task.groups] = row.groups;
      this.words[at + task.fuel] = fuel;
    }
    return count;
  }

  private perform(count: number): void {
    const { env, kernel, scratch } = this;
    const { fastModule } = kernel.code;
    kernel.calls += count;
    if (env.threads === undefined || env.threads === null || !env.linear.shared || count === 1 || fastModule === null) {
      for (let i = 0; i < count; i++) this.task(i);
      return;
    }
    env.threads.run({ module: fastModule, linear: env.linear, blocks: scratch.blocks, task: (i) => this.task(i) }, count);
  }

  /** Runs one task on this thread. A thread's program does the same (src/compiler/wasm/threads/source.ts). */
  private task(number: number): void {
    const { words } = this;
    const { i32 } = this.kernel.views;
    const at = number * TASK_WORDS;
    const block = this.scratch.launch;
    i32[(block + launch.callLimit) >> 2] = words[at + task.fuel]!;
    i32[(block + launch.groupCount) >> 2] = words[at + task.groups]!;
    i32[(block + launch.finished) >> 2] = 0;
    i32[(block + launch.counted) >> 2] = 0;
    i32[(block + launch.counted + 4) >> 2] = 0;
    words[at + task.outcome] = this.run_(block, words[at + task.slot]!);
    words[at + task.finished] = i32[(block + launch.finished) >> 2]!;
    words[at + task.instructions] = i32[(block + launch.counted) >> 2]!;
    words[at + task.bytes] = i32[(block + launch.counted + 4) >> 2]!;
  }

  /** Sums up what the tasks came to. */
  private collect(count: number, slice: Slice): void {
    const done = this.rows.splice(0, count);
    const kept: Row[] = [];
    let stuck = 0;
    done.forEach((row, i) => {
      const at = i * TASK_WORDS;
      const finished = this.words[at + task.finished]!;
      slice.finished += finished;
      slice.instructions += this.words[at + task.instructions]! >>> 0;
      slice.bytes += this.words[at + task.bytes]! >>> 0;
      row.group += finished;
      row.groups -= finished;
      const how = this.words[at + task.outcome];
      if (how === outcome.parked) {
        kept.push(row);
        return;
      }
      if (how === outcome.batch) this.slots.close(row.slot);
      else {
        slice.left++;
        if (finished === 0) stuck++;
        this.slots.leave(row.slot, how === outcome.spinning);
        row.group++;
        row.groups--;
      }
      row.slot = -1;
      if (row.groups > 0) kept.push(row);
    });
    this.rows.unshift(...kept);
    this.strikes = this.independence.guard && 2 * stuck > count ? this.strikes + 1 : 0;
    if (this.strikes >= MAX_STRIKES) this.alone = true;
  }

  /**
   * Makes the pages that are stored to unreadable where some loads may go anywhere.
   * @returns false when such a page is mapped elsewhere too, where its stores could be seen: then the groups are not known to be independent
   */
  private hide(): boolean {
    const { table, basePage, pageCount } = this.config.pageTable;
    const { i32 } = this.kernel.views;
    const { env, independence: { guard } } = this;
    for (const [low, end] of this.independence.written) {
      const last = Math.min(pageCount - 1, Math.floor((end - 1) / 2 ** PAGE_SHIFT) - basePage);
      for (let page = Math.max(0, Math.floor(low / 2 ** PAGE_SHIFT) - basePage); page <= last; page++) {
        const at = (table >> 2) + page;
        const entry = i32[at]!;
        if (entry === 0) continue;
        if (env.soleMapping?.((entry >>> PAGE_SHIFT) * 2 ** PAGE_SHIFT) === false) {
          this.show();
          return false;
        }
        if (!guard || (entry & PTE_READ) === 0) continue;
        this.hidden.push(at);
        i32[at] = entry & ~PTE_READ;
      }
    }
    return true;
  }

  private show(): void {
    if (this.hidden.length === 0) return;
    const { i32 } = this.kernel.views;
    for (const at of this.hidden) i32[at]! |= PTE_READ;
    this.hidden.length = 0;
  }
}

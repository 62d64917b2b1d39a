import { isWide } from "../emit/types.ts";
import type { FlowNode } from "../fast/flow.ts";
import type { Block } from "../graph/node.ts";
import { narrowOffset, record, RECORD_SHIFT, RECORDS, slot, status, team, teamBytes, teamsOffset, wideOffset } from "../lower/layout.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import type { Run } from "./context.ts";
import type { KernelCode } from "./kernel-code.ts";
import { SlowGroup, type Meter } from "./slow-group.ts";

/** Hands a group that the fast path could not finish to the slow one. */

/**
 * Makes state machines of the group's work-items. The one that left has its values in its slots; those before it stand at the end of the region,
 * those behind it still at its beginning; other warps stand where they stopped.
 * @param together all work-items (of the current warp) stand at the node, nobody is in its middle
 */
export function leaveFastPath(run: Run, meter: Meter, code: KernelCode, at: number, together: boolean): SlowGroup {
  return new Leaving(run, meter, code, at).leave(together);
}

class Leaving {
  private readonly run: Run;
  private readonly code: KernelCode;
  private readonly at: number;
  private readonly group: SlowGroup;
  private readonly nodes: readonly FlowNode[];
  private readonly i32: Int32Array;

  constructor(run: Run, meter: Meter, code: KernelCode, at: number) {
    this.run = run;
    this.code = code;
    this.at = at;
    this.i32 = run.views.i32;
    this.nodes = code.program.regions!.flow.nodes;
    run.slot = at;
    this.group = new SlowGroup(run, meter, at);
  }

  private header(offset: number): number {
    return this.i32[(this.at + offset) >> 2]!;
  }

  private record(item: number, offset: number): number {
    return (this.at + RECORDS + (item << RECORD_SHIFT) + offset) >> 2;
  }

  leave(together: boolean): SlowGroup {
    const { team: { warp, warpSize } } = this.code.program.regions!.levels;
    const items = this.header(slot.items);
    const current = together ? -1 : this.header(slot.item);
    if (!warp) {
      const node = this.nodes[this.header(slot.node)]!;
      const exited = (item: number): boolean => {
        if (item === current || !this.code.program.regions!.flow.someExit) return false;
        // Work-items that have not begun have no status yet.
        return (item < current || !this.isEntry(node.head)) && this.i32[this.record(item, record.status)] === status.exited;
      };
      this.place(node, 0, items, current, exited, this.at + slot.group_values);
      this.group.startAt(Math.max(current, 0));
      return this.group;
    }
    const running = this.header(slot.team);
    for (let number = 0; number * warpSize < items; number++) {
      const state = this.at + teamsOffset(this.code.layout) + number * teamBytes(this.code.layout);
      const first = number * warpSize;
      const end = Math.min(items, first + warpSize);
      const index = this.i32[(state + team.node) >> 2]!;
      const alive = this.i32[(state + team.alive) >> 2]!;
      const exited = (item: number): boolean => index < 0 || ((alive >>> (item - first)) & 1) === 0;
      const node = this.nodes[Math.max(index, 0)]!;
      this.place(node, first, end, number === running ? (together ? -1 : Math.max(current, first)) : -1, exited, state + team.cells);
      // A warp that has finished stands nowhere.
      if (number >= running || index < 0) continue;
      // This warp has come to the barrier in front of its node.
      const barrier = node.head.preds[0]!.nodes[0]!;
      for (let item = first; item < end; item++) if (!exited(item)) this.group.atBarrierAlready(item, barrier);
    }
    this.group.startAt(together ? running * warpSize : Math.max(current, running * warpSize));
    return this.group;
  }

  private isEntry(block: Block): boolean {
    return block === this.code.program.kernel.graph.entry;
  }

  /** Places the work-items `first` .. `end - 1`, of which `current` (-1: none) stands in the middle of the node. */
  private place(node: FlowNode, first: number, end: number, current: number, exited: (item: number) => boolean, cells: number): void {
    const { flow } = this.code.program.regions!;
    const leads = node.kind === "items" && node.blocks.some((block) => block.succs.some((next) => flow.at.has(next)));
    const behind = leads ? this.nodes[this.header(slot.next)]!.head : null;
    for (let item = first; item < end; item++) {
      const early = item < current;
      if (exited(item) || (early && behind === null)) {
        this.group.markExited(item);
        continue;
      }
      if (item === current) {
        // It may have left at the region's head, which takes its results anew.
        this.bringResults(node.head, item, cells);
        continue;
      }
      const head = early ? behind! : node.head;
      this.i32[this.record(item, record.pc)] = this.isEntry(head) ? 0 : head.resume;
      if (!this.isEntry(head)) this.bringValues(head, item, cells);
    }
  }

  /** Copies the values that the group (or warp) keeps in common to where one work-item's are saved. */
  private bringValues(head: Block, item: number, from: number): void {
    const { regions, kernel } = this.code.program;
    const { cells } = regions!;
    for (const value of kernel.saved.at.get(head) ?? []) {
      const cell = cells.get(value);
      if (cell === undefined) continue;
      const index = kernel.saved.slot.get(value);
      if (index === undefined) throw new EmulatorBug("a saved value without a slot");
      const wide = isWide(value.type!);
      const source = (from + 8 * cell) >> 2;
      const target = (this.at + (wide ? wideOffset : narrowOffset)(this.code.layout, index) + (wide ? 8 : 4) * item) >> 2;
      this.i32[target] = this.i32[source]!;
      if (wide) this.i32[target + 1] = this.i32[source + 1]!;
    }
    this.bringResults(head, item, from);
  }

  /** Puts the results of the meeting before the head, where all have them in common, in a work-item's record. */
  private bringResults(head: Block, item: number, from: number): void {
    const { cells } = this.code.program.regions!;
    for (const result of head.nodes) {
      if (result.op !== "result" || !cells.has(result)) continue;
      const at = head.preds[0]!.nodes[0]!;
      const votes = at.op === "barred" ? this.votes(at.attr) : this.i32[(from + 8 * cells.get(result)!) >> 2]!;
      this.i32[this.record(item, record.a)] = votes;
    }
  }

  private votes(reduction: string): number {
    const yes = this.header(slot.lastYes);
    if (reduction === "popc") return yes;
    return reduction === "and" ? Number(yes === this.header(slot.lastVoters)) : Number(yes > 0);
  }
}

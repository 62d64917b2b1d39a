/**
 * Where things lie in a launch's scratch memory: the launch block, and one slot for each work-group in progress. Compiled code and the
 * scheduler both go by this file. All offsets are in bytes.
 */

/** The launch block. Three-element fields are x, y, z. */
export const launch = {
  table: 0, pageCount: 4, basePage: 8, baseAddress: 16, tableLimit: 24,
  sharedBytes: 36, localBytes: 40, controlBytes: 44,
  /** i64: bytes << 32 | instructions, counted since the scheduler last looked. */
  counted: 48,
  /** Instructions at which running code gives way; and at which a whole call should come back. */
  limit: 56, callLimit: 60,
  warpSize: 64, entid: 68, workdim: 80, nctaid: 84, smCount: 96, dynShared: 100, gridid: 104, dynStart: 108,
  gsize: 112, goff: 136,
  /** i64, counted on the group's multiprocessor before this call, for %clock64. */
  clock: 160,
  /** First work-group of a batch, how many, and how many were finished. */
  firstGroup: 168, groupCount: 172, finished: 176,
  /** Checked code: table of shadow pages, tag at which the launch begins, tag of words that several of its groups read. */
  shadow: 180, raceBase: 184, raceMany: 188,
  /** A staging area for accesses that cross pages. */
  bounce: 256, bounceBytes: 256,
  symbols: 512,
} as const;

/** A slot's header. */
export const slot = {
  launch: 0, items: 4, ctaid: 8, ntid: 20, group: 32, shared: 40, local: 44, control: 48, smid: 52,
  /** Where the fast code stands: node of the group's flow, next work-item, where that node's work-items go. */
  node: 56, item: 60, next: 64, alive: 68,
  /** Fast path in warps: the warp it stands in, whether some warp has stopped at the barrier since the last one, and votes at it (yes, all) now and at the last. */
  team: 72, any: 76, yes: 80, voters: 84, lastYes: 88, lastVoters: 92,
  /** The group has not begun. */
  fresh: 96,
  /** Checked code: tag of the group's present interval, and of its first. */
  interval: 100, groupBase: 104,
  /** Values that the whole group has in common. */
  group_values: 128,
} as const;

/** Cells of 8 bytes for values of the group, behind the header. */
export const GROUP_CELLS = 240;

/** Records of the work-items: state of one that stopped in the middle. */
export const RECORDS = 2048;
export const RECORD_SHIFT = 6;
export const record = {
  pc: 0, status: 4, frame: 8, fn: 12, local: 16, site: 20, id: 24, count: 28, a: 32, b: 40, c: 44, depth: 48, tid: 52,
} as const;

/** Work-items that slots are laid out for: the smallest that holds the group. */
export const CAPACITIES: readonly number[] = [64, 256, 1024];

/** A control frame's header: where to resume, caller's frame, function, local offset, site of the call; then arguments and results. */
export const frame = { pc: 0, caller: 4, callerFn: 8, callerLocal: 12, via: 16, values: 24 } as const;

/** Offsets of saved values by slot number, for a kernel with that many slots of 4 bytes. Values of one slot lie side by side by work-item. */
export interface SlotLayout {
  readonly narrow: number;
  readonly wide: number;
  /** Most work-items. */
  readonly items: number;
  /** Work-items that may go together: 4, 8 or 16, so many that rows of the groups divide by it, or are long. */
  readonly row: number;
  /** Warps that keep a state of their own (0: the group goes through the code as one), and how many values each has in common. */
  readonly teams: number;
  readonly cells: number;
}

/** State of a warp: node of the flow where it goes on (-1: all its work-items have exited), mask of those that have not, and common values. */
export const team = { node: 0, alive: 4, cells: 8 } as const;

/** Bytes of a warp's state. */
export function teamBytes(layout: SlotLayout): number {
  return team.cells + 8 * layout.cells;
}

/** Offset of the first warp's state in a slot. */
export function teamsOffset(layout: SlotLayout): number {
  return wideOffset(layout, layout.wide);
}

// A little more than the power of two, so that neighbouring slots of one work-item do not compete for the same cache lines.
const PAD = 64;

/** Offset in the slot of 4-byte values number `index`, of work-item 0. */
export function narrowOffset(layout: SlotLayout, index: number): number {
  return RECORDS + (layout.items << RECORD_SHIFT) + index * (layout.items * 4 + PAD);
}

/** Offset in the slot of 8-byte values number `index`, of work-item 0. */
export function wideOffset(layout: SlotLayout, index: number): number {
  return narrowOffset(layout, layout.narrow) + index * (layout.items * 8 + PAD);
}

/** Room for what work-items that go together have overwritten (see simd/undo.ts). */
export const UNDO_BYTES = 4096;

/** Offset of that room in a slot. */
export function undoOffset(layout: SlotLayout): number {
  return (teamsOffset(layout) + layout.teams * teamBytes(layout) + 63) & ~63;
}

/** Bytes of a slot up to its shared memory. */
export function slotBytes(layout: SlotLayout): number {
  return undoOffset(layout) + UNDO_BYTES;
}

/** What a stopped work-item (status in its record, and result of a step) waits for. */
export const status = {
  ready: 0, exited: 1, fuel: 2, spin: 3, barrier: 4, collective: 5, activemask: 6, sleep: 7, again: 8, boundary: 9,
} as const;

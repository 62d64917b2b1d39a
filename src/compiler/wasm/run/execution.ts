import { PAGE_SIZE, type Execution, type LaunchConfig, type LaunchHooks, type RunStatus } from "../../abi.ts";
import { alignUp, dynamicSharedStart, sharedSize } from "../../ir/layout.ts";
import { outcome } from "../fast/outcome.ts";
import { launch, record, RECORD_SHIFT, RECORDS, slot, slotBytes } from "../lower/layout.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { beginGroup, resumeChecked } from "./checked.ts";
import { Run } from "./context.ts";
import { leaveFastPath } from "./leave.ts";
import type { LoadedKernel, Scratch } from "./kernel-code.ts";
import { SlowGroup, type Meter } from "./slow-group.ts";
import { Tasks } from "./tasks.ts";

/** Instructions in one call of the fast path, and in the first calls: V8 exchanges its baseline code only between calls. */
const SLICE = 1 << 23;
const SHORT_SLICE = 1 << 18;
const SHORT_CALLS = 64;

/** Writes a number below 2^53 as two halves: a BigInt for each would be a quarter of what an empty launch costs. */
function writeWide(i32: Int32Array, at: number, value: number): void {
  i32[at >> 2] = value;
  i32[(at + 4) >> 2] = value < 2 ** 31 ? 0 : Math.floor(value / 2 ** 32);
}

function equal(a: LaunchConfig["grid"], b: LaunchConfig["grid"]): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}

/** Whether two launches of a kernel have the same sizes. */
function alike(a: LaunchConfig, b: LaunchConfig): boolean {
  return equal(a.grid, b.grid) && equal(a.block, b.block) && equal(a.globalSize, b.globalSize) && equal(a.globalOffset, b.globalOffset)
    && a.dynamicSharedBytes === b.dynamicSharedBytes && a.workDim === b.workDim && a.smCount === b.smCount && a.warpSize === b.warpSize;
}

/** A launch in progress. */
export class WasmExecution implements Execution, Meter {
  readonly blocksTotal: number;
  blocksDone: number = 0;
  lastStep: number = 0;
  private readonly kernel: LoadedKernel;
  private readonly config: LaunchConfig;
  private readonly scratch: Scratch;
  private readonly context: Run;
  private readonly localBytes: number;
  /** Bytes of a slot up to its shared memory. */
  private readonly header: number;
  private readonly sharedBytes: number;
  private readonly onePage: boolean;
  /** First work-group that nobody has begun. */
  private next = 0;
  private readonly resident: SlowGroup[] = [];
  private readonly freeSlots: number[];
  private cursor = 0;
  /** Slot of the group that the fast path is in the middle of; -1: none. */
  private fastSlot = -1;
  /** Groups that run several at a time, because they are independent; null: they run in turn; undefined: not decided. */
  private tasks: Tasks | null | undefined;
  /** The current group has had its turn: others come first. */
  private turnOver = true;
  private over = false;
  private instructions = 0;
  /** Instructions by multiprocessor, kept when the kernel looks at them. */
  private readonly clocks: number[] = [];
  private bytes = 0;
  private budget = 0;
  private slowStep: ((launch: number, slot: number, item: number) => number) | null = null;

  constructor(kernel: LoadedKernel, config: LaunchConfig, hooks: LaunchHooks) {
    this.kernel = kernel;
    this.config = config;
    const { grid, block } = config;
    this.blocksTotal = grid[0] * grid[1] * grid[2];
    const { info, controlBytes, program } = kernel.code;
    this.sharedBytes = sharedSize(info.sharedBytes, config.dynamicSharedBytes);
    this.localBytes = info.localBytes;
    this.header = slotBytes(kernel.code.layout);
    const items = block[0] * block[1] * block[2];
    // Checked code finds the shadow of shared memory at a constant distance where it lies in one page.
    this.onePage = kernel.env.checker != null && this.sharedBytes > 0 && this.sharedBytes <= PAGE_SIZE;
    const room = alignUp(this.sharedBytes, 64) + alignUp(items * this.localBytes, 64) + items * controlBytes + 64 + (this.onePage ? this.sharedBytes : 0);
    this.scratch = kernel.take(room);
    this.freeSlots = [...this.scratch.slots];
    this.context = new Run(info.name, kernel.views, hooks, config.pageTable, this.scratch.launch, this.scratch.launch + program.facts.params, info.paramBytes, program.sites, program.features, kernel.env.checker?.launch(config, program.facts.order!) ?? null);
    this.writeLaunchBlock();
    this.tasks = kernel.code.mayBeIndependent && this.blocksTotal > 1 && kernel.fastRun(config) !== null ? undefined : null;
  }

  private writeLaunchBlock(): void {
    const { config, kernel, scratch } = this;
    const { views } = kernel;
    views.refresh();
    const { i32, i64, u8 } = views;
    const at = scratch.launch;
    // Most launches are like the one before.
    if (scratch.wrote === null || !alike(scratch.wrote, config)) this.writeSizes(i32);
    const { pageTable } = config;
    const { table } = scratch;
    if (table.table !== pageTable.table || table.basePage !== pageTable.basePage || table.pageCount !== pageTable.pageCount) this.writePageTable(i32);
    i32[(at + launch.gridid) >> 2] = config.gridId;
    const { checked } = this.context;
    if (checked !== null) {
      views.refresh();
      views.i32[(at + launch.shadow) >> 2] = checked.table;
      views.i32[(at + launch.raceBase) >> 2] = checked.base;
      views.i32[(at + launch.raceMany) >> 2] = checked.many;
    }
    const { params, paramBytes } = this.context;
    if (paramBytes > 0) {
      if (config.params.length >= paramBytes) u8.set(config.params.length === paramBytes ? config.params : config.params.subarray(0, paramBytes), params);
      else {
        u8.fill(0, params, params + paramBytes);
        u8.set(config.params, params);
      }
    }
    for (let i = 0; i < config.symbols.length; i++) i64[(at + launch.symbols + 8 * i) >> 3] = BigInt.asIntN(64, config.symbols[i]!);
  }

  private writePageTable(i32: Int32Array): void {
    const { config: { pageTable: { table, basePage, pageCount } }, scratch } = this;
    const at = scratch.launch;
    i32[(at + launch.table) >> 2] = table;
    i32[(at + launch.pageCount) >> 2] = pageCount;
    writeWide(i32, at + launch.basePage, basePage);
    writeWide(i32, at + launch.baseAddress, basePage * PAGE_SIZE);
    writeWide(i32, at + launch.tableLimit, pageCount * PAGE_SIZE);
    scratch.table.table = table;
    scratch.table.basePage = basePage;
    scratch.table.pageCount = pageCount;
  }

  private writeSizes(i32: Int32Array): void {
    const { config, kernel, scratch } = this;
    const at = scratch.launch;
    const w = (offset: number, value: number): void => void (i32[(at + offset) >> 2] = value);
    const { block, grid, globalSize, globalOffset } = config;
    w(launch.sharedBytes, this.sharedBytes);
    w(launch.localBytes, this.localBytes);
    w(launch.controlBytes, kernel.code.controlBytes);
    w(launch.warpSize, config.warpSize);
    w(launch.workdim, config.workDim);
    w(launch.smCount, config.smCount);
    w(launch.dynShared, config.dynamicSharedBytes);
    w(launch.dynStart, dynamicSharedStart(kernel.code.info.sharedBytes));
    for (let d = 0; d < 3; d++) {
      w(launch.entid + 4 * d, block[d]!);
      w(launch.nctaid + 4 * d, grid[d]!);
      writeWide(i32, at + launch.gsize + 8 * d, globalSize[d]!);
      writeWide(i32, at + launch.goff + 8 * d, globalOffset[d]!);
    }
    scratch.wrote = config;
  }

  /** Groups in the middle, where several run at a time; -1 where they run in turn. */
  get open(): number {
    return this.tasks ? this.tasks.open + this.resident.length : -1;
  }

  run(limits: { readonly budget: number; readonly maxBlocks: number; readonly resident: number }): RunStatus {
    if (this.over) throw new EmulatorBug("run was called on an execution that is over");
    resumeChecked(this.context, this.kernel.code.program.facts);
    this.kernel.views.refresh();
    const before = { instructions: this.instructions, bytes: this.bytes, blocks: this.blocksDone };
    this.budget = this.instructions + limits.budget;
    const outer = this.kernel.active.run;
    this.kernel.active.run = this.context;
    let stalled: boolean;
    try {
      stalled = this.advance(limits);
    } catch (error) {
      this.dispose();
      throw error;
    } finally {
      this.kernel.active.run = outer;
    }
    return {
      done: this.blocksDone === this.blocksTotal,
      blocks: this.blocksDone - before.blocks,
      instructions: this.instructions - before.instructions,
      bytes: this.bytes - before.bytes,
      stalled,
    };
  }

  /** The first groups run in turn, so that a short launch need not ask whether they are independent. @returns as `proceed` */
  private advance(limits: { readonly budget: number; readonly maxBlocks: number; readonly resident: number }): boolean {
    const lastBlock = this.blocksDone + limits.maxBlocks;
    const { togetherFrom } = this.kernel.code;
    const end = this.budget;
    if (this.tasks === undefined && this.instructions < togetherFrom) {
      this.budget = Math.min(end, togetherFrom);
      const stalled = this.proceed(lastBlock, Math.max(1, limits.resident));
      this.budget = end;
      if (stalled) return true;
    }
    if (this.tasks === undefined && this.resident.length === 0 && this.instructions >= togetherFrom) this.decide();
    if (!this.tasks) return this.proceed(lastBlock, Math.max(1, limits.resident));
    // Tasks end when they are done, so a slice is only about as long as it should be; what is left after its half is left.
    while (this.left > limits.budget / 2 && this.blocksDone < lastBlock && this.blocksDone < this.blocksTotal) {
      if (this.resident.length > 0) {
        if (this.proceed(lastBlock, 1)) return true;
      } else if (!this.together(this.tasks, lastBlock - this.blocksDone)) break;
    }
    return false;
  }

  /** Looks whether the groups are independent. */
  private decide(): void {
    const { kernel, config, scratch } = this;
    const run = kernel.fastRun(config);
    const proof = run === null || this.blocksTotal - this.next < 2 ? null : kernel.code.provenIndependent(config);
    this.tasks = null;
    if (run === null || proof === null) return;
    this.tasks = new Tasks(kernel, config, scratch, proof, run, {
      open: (group) => this.openFast(group),
      close: (at) => void this.freeSlots.push(at),
      leave: (at, spinning) => this.leave(at, spinning),
    }, this.next, this.fastSlot);
    this.next = this.blocksTotal;
    this.fastSlot = -1;
    this.turnOver = true;
    this.cursor = 0;
  }

  /** @returns false when nothing may run */
  private together(tasks: Tasks, most: number): boolean {
    const average = this.blocksDone === 0 ? Infinity : this.instructions / this.blocksDone;
    const slice = tasks.slice(this.left, most, average);
    this.kernel.views.refresh();
    this.instructions += slice.instructions;
    this.bytes += slice.bytes;
    this.blocksDone += slice.finished;
    this.cursor = 0;
    this.turnOver = false;
    return slice.instructions > 0 || slice.finished > 0 || slice.left > 0;
  }

  dispose(): void {
    if (this.over) return;
    this.over = true;
    this.resident.length = 0;
    this.context.checked?.end();
    this.kernel.give(this.scratch);
  }

  get left(): number {
    return this.budget - this.instructions;
  }

  /** @returns whether it came back because every resident group only waited */
  private proceed(lastBlock: number, most: number): boolean {
    let idle = 0;
    while (this.left > 0 && this.blocksDone < lastBlock && this.blocksDone < this.blocksTotal) {
      if (this.fastSlot >= 0 || (this.turnOver && this.next < this.blocksTotal && this.resident.length < most)) {
        idle = 0;
        if (this.begin(lastBlock)) continue;
      }
      // Those that left have ended: all go on together.
      if (this.tasks && this.resident.length === 0) return false;
      if (this.turnOver) this.cursor++;
      this.turnOver = false;
      this.cursor %= this.resident.length;
      const group = this.resident[this.cursor]!;
      group.progressed = false;
      switch (group.run()) {
        case "finished":
          this.resident.splice(this.cursor, 1);
          this.cursor--;
          this.freeSlots.push(group.slot);
          this.blocksDone++;
          this.turnOver = true;
          idle = 0;
          break;
        case "turn":
          this.turnOver = true;
          idle = 0;
          break;
        case "idle":
          this.turnOver = true;
          idle = group.progressed ? 0 : idle + 1;
          if (idle > this.resident.length && (this.resident.length >= most || this.next >= this.blocksTotal)) return true;
          break;
        case "budget": return false;
      }
    }
    return false;
  }

  /** Begins work-groups (or goes on with the one that was parked). @returns false when a group is now on the slow path and should have its turn */
  private begin(lastBlock: number): boolean {
    const run = this.kernel.fastRun(this.config);
    if (run === null) {
      this.cursor = this.resident.length;
      this.resident.push(this.admit(this.next++));
      this.turnOver = false;
      return false;
    }
    const { launch: block } = this.scratch;
    const { views } = this.kernel;
    if (this.fastSlot < 0) this.fastSlot = this.openFast(this.next);
    const at = this.fastSlot;
    this.context.slot = at;
    const slice = this.kernel.calls++ < SHORT_CALLS ? SHORT_SLICE : SLICE;
    const w = (offset: number, value: number): void => void (views.i32[(block + offset) >> 2] = value);
    w(launch.callLimit, Math.min(this.left, slice));
    w(launch.groupCount, Math.min(this.blocksTotal - this.next, lastBlock - this.blocksDone, 0x7fff_ffff));
    w(launch.finished, 0);
    w(launch.counted, 0);
    w(launch.counted + 4, 0);
    const result = run(block, at);
    views.refresh();
    const { i32 } = views;
    this.instructions += i32[(block + launch.counted) >> 2]! >>> 0;
    this.bytes += i32[(block + launch.counted + 4) >> 2]! >>> 0;
    const finished = i32[(block + launch.finished) >> 2]!;
    this.blocksDone += finished;
    this.next += finished;
    switch (result) {
      case outcome.batch:
        this.fastSlot = -1;
        this.freeSlots.push(at);
        return true;
      case outcome.parked:
        return true;
      default: {
        this.fastSlot = -1;
        this.next++;
        this.cursor = this.resident.length;
        this.leave(at, result === outcome.spinning);
        this.turnOver = false;
        return false;
      }
    }
  }

  /** A slot in which a group has been opened for the fast path. */
  private openFast(group: number): number {
    const at = this.freeSlots.pop() ?? this.kernel.addSlot(this.scratch);
    const { i32 } = this.kernel.views;
    this.openSlot(at, group);
    i32[(at + slot.node) >> 2] = 0;
    i32[(at + slot.item) >> 2] = 0;
    i32[(at + slot.fresh) >> 2] = 1;
    return at;
  }

  /** The group in this slot goes on in the slow path. */
  private leave(at: number, spinning: boolean): void {
    this.context.slot = at;
    this.clearRecords(at);
    this.resident.push(leaveFastPath(this.context, this, this.kernel.code, at, spinning));
  }

  step(at: number, item: number, limit: number): number {
    const { launch: block } = this.scratch;
    const { views } = this.kernel;
    const { i32 } = views;
    i32[(block + launch.limit) >> 2] = limit;
    i32[(block + launch.counted) >> 2] = 0;
    i32[(block + launch.counted + 4) >> 2] = 0;
    if (this.context.features.clock) views.i64[(block + launch.clock) >> 3] = BigInt(this.clockOf(at));
    const result = (this.slowStep ??= this.kernel.slowStep())(block, at, item);
    // The memory may have grown, in a hook; whoever calls hooks renews the views.
    const after = views.i32;
    this.lastStep = after[(block + launch.counted) >> 2]! >>> 0;
    this.instructions += this.lastStep;
    if (this.context.features.clock) this.clocks[after[(at + slot.smid) >> 2]!] = this.clockOf(at) + this.lastStep;
    this.bytes += after[(block + launch.counted + 4) >> 2]! >>> 0;
    return result;
  }

  /** Instructions so far on the multiprocessor of the slot's group. */
  private clockOf(at: number): number {
    return this.clocks[this.kernel.views.i32[(at + slot.smid) >> 2]!] ?? 0;
  }

  /** Prepares a slot for work-group `number` and gives its state machines. */
  private admit(number: number): SlowGroup {
    const at = this.freeSlots.pop() ?? this.kernel.addSlot(this.scratch);
    this.openSlot(at, number);
    const items = this.clearRecords(at);
    for (let item = 0; item < items; item++) this.kernel.views.i32[(at + RECORDS + (item << RECORD_SHIFT) + record.pc) >> 2] = 0;
    this.kernel.views.u8.fill(0, this.kernel.views.i32[(at + slot.shared) >> 2]!, this.kernel.views.i32[(at + slot.shared) >> 2]! + this.sharedBytes);
    if (this.localBytes > 0) {
      const local = this.kernel.views.i32[(at + slot.local) >> 2]!;
      this.kernel.views.u8.fill(0, local, local + items * this.localBytes);
    }
    beginGroup(this.context, at);
    return new SlowGroup(this.context, this, at);
  }

  /** Writes a slot's header. */
  private openSlot(at: number, number: number): void {
    const { i32 } = this.kernel.views;
    const { grid, block, globalSize } = this.config;
    const base = at >> 2;
    const row = Math.floor(number / grid[0]);
    let place = number - row * grid[0];
    let items = 1;
    for (let d = 0; d < 3; d++) {
      const size = Math.min(block[d]!, globalSize[d]! - place * block[d]!);
      i32[base + (slot.ctaid >> 2) + d] = place;
      i32[base + (slot.ntid >> 2) + d] = size;
      items *= size;
      place = d === 0 ? row % grid[1] : Math.floor(row / grid[1]);
    }
    i32[base + (slot.launch >> 2)] = this.scratch.launch;
    i32[base + (slot.items >> 2)] = items;
    i32[base + (slot.group >> 2)] = number;
    const full = block[0] * block[1] * block[2];
    let shared = at + this.header;
    if (this.onePage && Math.floor(shared / PAGE_SIZE) !== Math.floor((shared + this.sharedBytes - 1) / PAGE_SIZE)) shared = alignUp(shared, PAGE_SIZE);
    const local = shared + alignUp(this.sharedBytes, 64);
    i32[base + (slot.shared >> 2)] = shared;
    i32[base + (slot.local >> 2)] = local;
    i32[base + (slot.control >> 2)] = local + alignUp(full * this.localBytes, 64);
    i32[base + (slot.smid >> 2)] = number % Math.max(1, this.config.smCount);
  }

  /** Indices and an empty call stack for all work-items of the group; where they resume stays as it is. */
  private clearRecords(at: number): number {
    const { i32 } = this.kernel.views;
    const [nx, ny, nz] = [0, 4, 8].map((d) => i32[(at + slot.ntid + d) >> 2]!) as [number, number, number];
    let item = 0;
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++, item++) {
          const base = (at + RECORDS + (item << RECORD_SHIFT)) >> 2;
          i32[base + (record.frame >> 2)] = 0;
          i32[base + (record.fn >> 2)] = 0;
          i32[base + (record.depth >> 2)] = 0;
          i32[base + (record.tid >> 2)] = x;
          i32[base + (record.tid >> 2) + 1] = y;
          i32[base + (record.tid >> 2) + 2] = z;
        }
      }
    }
    return item;
  }
}

import { DeviceFault, type MemoryAccess, type Site } from "../compiler/abi.ts";
import { OutOfFrames } from "./linear.ts";
import { Meter } from "./meter.ts";
import { traceSlice, type GpuPorts, type WorkOutcome } from "./ports.ts";
import { touchMemory } from "../kernel/footprint.ts";
import type { GpuProfile } from "./profile.ts";
import { Resident, type ComputeWork } from "./resident.ts";
import { comesBefore, RunList } from "./run-list.ts";
import { busShare } from "./bus-share.ts";
import { computeTime, wholeNs } from "./timing.ts";

/** A multiprocessor's room in integer shares: fine enough that 32 blocks divide it. */
export const UNITS: number = 2 ** 20;
/** Instructions of one slice: two to four milliseconds of real time. */
const SLICE_INSTRUCTIONS = 2 ** 21;
/** The same where work-groups run side by side: each has its part of it. Threads meet at the end of a slice, so it is longer where that is but a moment of the GPU's own time, ns. */
const SLICE_TOGETHER = 2 ** 23;
const SLICE_LONGEST = 2 ** 25;
const MOMENT = 4000;
/** Without a finished work-group for so many instructions, all resident groups are kept in progress: they may wait for one another. */
const WIDEN_AFTER = 2 ** 26;
/** Shortest and longest slice of a kernel that only waits, ns; after so many instructions of mere waiting they may be longer. */
const STALL_FIRST = 1000;
const STALL_MOST = 1_000_000;
const STALL_PATIENCE = 2 ** 24;

/** Whether a launch must wait for others of its own client, because of the client's ceiling. */
function atCeiling(resident: Resident): boolean {
  const work = resident.work!;
  const cap = work.cap;
  if (cap === undefined || cap === null) return false;
  return cap.multiprocessors * UNITS - cap.units < resident.blockUnits * (work.launch.cooperative ? resident.blocksLeft : 1);
}

/** How long a launch may run, for GPUs and machines that do not say it otherwise. */
export interface ComputeLimits {
  /** Virtual ns that a launch may run on a GPU without a watchdog. */
  readonly hangLimitNs: number;
  /** Instructions without a finished work-group after which virtual time runs faster for a launch. */
  readonly hangPatience: number;
}

/**
 * The multiprocessors of a GPU. Launches of several queues run at once while there is room; who is most urgent gets room first. A
 * launch runs in slices: at the start of a slice its work-groups get room and really execute, up to a budget; the slice ends after the
 * time that the counted work takes. So at every slice end a more urgent launch can take over.
 */
export class ComputeEngine {
  /** For traces: "compute", or "compute gi1 ci0" for one of a partitioned GPU. */
  readonly name: string;
  /** Launches taken and not ended. */
  load = 0;
  private readonly ports: GpuPorts;
  private readonly gpu: number;
  private readonly profile: GpuProfile;
  private readonly limits: ComputeLimits;
  private readonly meter: Meter;
  /** Who waits, and whose turn it is. */
  readonly turns: RunList;
  private readonly spare: Resident[] = [];
  private readonly running: Resident[] = [];
  private freeUnits: number;
  /** Multiprocessors that running slices spread over, counted for each. */
  private spread = 0;
  private dispatching = false;
  private again = false;
  private nextGrid = 1;
  private inside: ComputeWork | null = null;
  /** Launches that are to stop at their next preemption point, and those that did. */
  private readonly suspending = new Map<ComputeWork, () => void>();
  private readonly suspended = new Map<ComputeWork, Resident>();
  /** Instructions of a slice, and of one in which groups run side by side. */
  private readonly budget: number;
  private readonly budgetTogether: number;
  private readonly request = { budget: SLICE_INSTRUCTIONS, maxBlocks: 0, resident: 0 };
  private readonly hooks = {
    fault: (access: MemoryAccess, site: Site): boolean => this.inside!.memory.fault(access, site),
    printf: (text: string): void => this.inside!.print(text),
    now: (): number => this.ports.clock.now,
  };
  private readonly onSlice = (resident: Resident): void => this.sliceEnded(resident);

  constructor(ports: GpuPorts, gpu: number, profile: GpuProfile, limits: ComputeLimits, name: string = "compute", meter: Meter = new Meter(ports.clock)) {
    this.name = name;
    this.meter = meter;
    this.ports = ports;
    this.gpu = gpu;
    this.profile = profile;
    this.limits = limits;
    this.turns = new RunList(ports, gpu, profile, atCeiling);
    this.freeUnits = profile.multiprocessors * UNITS;
    // On a slow GPU a slice has fewer instructions, so that preemption is no coarser than an eighth of a time slice of a launch that fills it.
    const perSlice = (profile.multiprocessors * profile.instructionsPerClock * profile.clockHz * profile.timesliceNs) / 8e9;
    this.budget = Math.max(1, Math.min(SLICE_INSTRUCTIONS, Math.floor(perSlice)));
    this.budgetTogether = Math.max(1, Math.min(SLICE_TOGETHER, Math.floor(perSlice)));
  }

  /** How many there are in all. */
  get multiprocessors(): number {
    return this.profile.multiprocessors;
  }

  /** Takes a launch. It starts at once when there is room and nobody more urgent. */
  submit(work: ComputeWork): void {
    const resident = this.spare.pop() ?? new Resident(this.onSlice);
    resident.begin(work, Math.floor(UNITS / work.perMultiprocessor));
    this.load++;
    this.turns.add(resident);
    this.dispatch();
  }

  /**
   * Asks a launch to stop, as a preemption command does: it holds no multiprocessor when `stopped` is called, and keeps its registers and shared memory. One that has
   * not begun stops at once; one that has, at the end of its slice when the hardware can stop launches in the middle, and never when it cannot: then it ends.
   */
  suspend(work: ComputeWork, stopped: () => void): void {
    const waiting = this.turns.find(work);
    if (waiting !== undefined && (waiting.execution === null || (this.stopsMidway && this.mayStop(waiting)))) {
      this.turns.remove(waiting);
      this.suspended.set(work, waiting);
      stopped();
      return;
    }
    this.suspending.set(work, stopped);
  }

  /** Time to carry the state of a launch that was stopped to memory, or back, ns. */
  stateNs(work: ComputeWork): number {
    const resident = this.suspended.get(work);
    return resident === undefined || resident.execution === null ? 0 : this.turns.stateNs(resident);
  }

  /** That state, bytes. */
  stateBytes(work: ComputeWork): number {
    const resident = this.suspended.get(work);
    return resident === undefined ? 0 : this.turns.stateBytes(resident);
  }

  /** A launch that was stopped goes on where it was. */
  resume(work: ComputeWork): void {
    const resident = this.suspended.get(work);
    if (resident === undefined) return;
    this.suspended.delete(work);
    this.turns.add(resident);
    this.dispatch();
  }

  private get stopsMidway(): boolean {
    return this.profile.preemption === "instruction" || this.profile.preemption === "thread-group";
  }

  /** Whether nothing of a launch is in the middle that the hardware cannot save; if something is, it goes on to where nothing is. */
  private mayStop(resident: Resident): boolean {
    resident.leaving = this.profile.preemption === "thread-group" && !resident.drained;
    if (resident.leaving) resident.drain(true);
    return !resident.leaving;
  }

  /** Takes a launch whose slice has ended out of the turns when it was asked to stop. */
  private suspendNow(resident: Resident): boolean {
    const stopped = this.suspending.size === 0 || !this.stopsMidway ? undefined : this.suspending.get(resident.work!);
    if (stopped === undefined || !this.mayStop(resident)) return false;
    this.suspending.delete(resident.work!);
    this.suspended.set(resident.work!, resident);
    this.hide(resident);
    stopped();
    return true;
  }

  /** Kills a launch, wherever it is. */
  abort(work: ComputeWork): void {
    const running = this.running.find((r) => r.work === work);
    const resident = running ?? this.turns.find(work) ?? this.suspended.get(work);
    if (resident === undefined) return;
    if (running !== undefined) {
      this.ports.events.cancel(running.event!);
      this.stop(running);
    } else if (!this.suspended.delete(work)) {
      this.turns.remove(resident);
    }
    this.end(resident, "killed");
    this.dispatch();
  }

  private dispatch(): void {
    if (this.dispatching) {
      this.again = true;
      return;
    }
    this.dispatching = true;
    do {
      this.again = false;
      for (;;) {
        const next = this.turns.pick(this.running.length);
        if (next === null || !this.start(next)) break;
      }
    } while (this.again);
    this.dispatching = false;
    if (this.ports.trace.enabled) this.turns.forEach(this.hide);
  }

  /** Gives a launch room and runs a slice of it. False when there is not enough room. */
  private start(resident: Resident): boolean {
    const work = resident.work!;
    const left = resident.blocksLeft;
    this.keepForOlder(resident);
    const room = Math.floor(this.capped(resident) / resident.blockUnits);
    if (room < 1 || (work.launch.cooperative && room < left)) return false;
    this.turns.take(resident);
    const blocks = Math.min(left, room);
    resident.units = blocks * resident.blockUnits;
    resident.multiprocessors = Math.min(this.multiprocessorsOf(work), blocks);
    this.hold(work, resident.units, resident.multiprocessors);
    this.running.push(resident);
    this.meter.begin();
    work.meter?.begin();
    if (this.ports.trace.enabled && !resident.shown) {
      resident.shown = true;
      traceSlice(this.ports, true, this.gpu, this.name, work);
    }
    const now = this.ports.clock.now;
    let overhead = this.turns.switchCost;
    if (resident.execution === null) {
      overhead += this.ports.costs.launchOverhead;
      work.started(now + overhead);
    }
    // Where a kernel will go is not known before it has run.
    touchMemory(0, Infinity, true);
    resident.sliceNs = this.execute(resident, work, blocks, overhead);
    resident.event = this.ports.events.at(now + resident.sliceNs, resident.sliceEnded, work.label);
    return true;
  }

  /**
   * Launches that run in less room than they could use, and come before `next`, get what is free for their next slice: freed room goes to the
   * groups of the older launch first.
   */
  private keepForOlder(next: Resident): void {
    for (const resident of this.running) {
      const wanted = resident.blocksLeft - Math.floor(resident.units / resident.blockUnits);
      if (wanted <= 0 || !comesBefore(resident, next)) continue;
      const extra = Math.min(wanted, Math.floor(this.capped(resident) / resident.blockUnits)) * resident.blockUnits;
      resident.units += extra;
      this.hold(resident.work!, extra, 0);
    }
  }

  /** Shares that a launch may take now: what is free, and what its client's ceiling leaves. */
  private capped(resident: Resident): number {
    const cap = resident.work!.cap;
    return cap === undefined || cap === null ? this.freeUnits : Math.min(this.freeUnits, cap.multiprocessors * UNITS - cap.units);
  }

  /** Multiprocessors that a launch may spread over. */
  private multiprocessorsOf(work: ComputeWork): number {
    const cap = work.cap;
    return cap === undefined || cap === null ? this.profile.multiprocessors : Math.min(cap.multiprocessors, this.profile.multiprocessors);
  }

  /** Takes room for a launch, or with negative numbers gives it back. */
  private hold(work: ComputeWork, units: number, multiprocessors: number): void {
    this.freeUnits -= units;
    this.spread += multiprocessors;
    const cap = work.cap;
    if (cap === undefined || cap === null) return;
    cap.units += units;
    cap.spread += multiprocessors;
  }

  /** Part of the multiprocessors it spreads over that a launch has for itself: those that others use too are shared evenly. */
  private shareOf(work: ComputeWork): number {
    const share = Math.min(1, this.profile.multiprocessors / this.spread);
    const cap = work.cap;
    return cap === undefined || cap === null ? share : Math.min(share, cap.multiprocessors / cap.spread);
  }

  /** Runs the device code of one slice and says how long that takes in virtual time. */
  private execute(resident: Resident, work: ComputeWork, blocks: number, overhead: number): number {
    this.inside = work;
    try {
      const execution = (resident.execution ??= this.launch(work, resident));
      const request = this.request;
      if (work.launch.cooperative) resident.window = execution.blocksTotal;
      request.budget = (execution.open ?? -1) < 0 ? this.budget : Math.max(this.budgetTogether, Math.min(SLICE_LONGEST, Math.floor(MOMENT * resident.pace)));
      request.maxBlocks = resident.draining || execution.blocksTotal;
      request.resident = resident.draining > 0 ? 1 : Math.min(resident.window, execution.blocksTotal);
      const status = execution.run(request);
      this.meter.add(status.bytes);
      work.meter?.add(status.bytes);
      resident.advance(status.blocks, blocks);
      resident.drained = status.done || status.blocks === request.maxBlocks;
      if (resident.draining > 0) resident.draining = resident.drained ? 0 : resident.draining - status.blocks;
      // Work-items that faulted have waited for their pages; their multiprocessors were theirs meanwhile.
      overhead += work.memory.takeStall?.() ?? 0;
      const time = overhead + computeTime(this.profile, status.instructions, status.bytes, resident.multiprocessors * this.shareOf(work), blocks * work.threads, resident.bus);
      if (status.done || status.blocks > 0) {
        resident.idle = 0;
        resident.endStall();
        resident.pace = time > 0 ? status.instructions / time : 0;
        return wholeNs(time);
      }
      return this.withoutProgress(resident, blocks, status.instructions, status.stalled, wholeNs(time));
    } catch (error) {
      resident.fault = this.faultOf(error, work);
      return wholeNs(overhead);
    } finally {
      this.inside = null;
    }
  }

  /**
   * A slice in which no work-group was finished. Groups that only wait are looked at less and less often: up to a millisecond apart, and when
   * looking costs much, up to a quarter of the time they have waited. Other work may be an endless
   * loop: after `hangPatience` instructions without an end its virtual time runs ever faster (each slice adds a quarter), so that
   * the time limit comes in bounded real time.
   */
  private withoutProgress(resident: Resident, blocks: number, instructions: number, stalled: boolean, time: number): number {
    // Independent groups go on side by side: what each has done counts.
    resident.idle += Math.ceil(instructions / Math.max(1, resident.execution?.open ?? 1));
    if ((stalled || resident.idle > WIDEN_AFTER) && resident.draining === 0) resident.window = Math.max(resident.window, blocks);
    if (stalled) {
      resident.stalledWork += instructions;
      const most = resident.stalledWork > STALL_PATIENCE ? Math.max(STALL_MOST, Math.ceil(resident.stalledNs / 4)) : STALL_MOST;
      resident.stallNs = Math.max(time, Math.min(most, Math.max(STALL_FIRST, resident.stallNs * 2)));
      resident.stalledNs += resident.stallNs;
      return resident.stallNs;
    }
    resident.endStall();
    return resident.idle > this.limits.hangPatience ? Math.max(time, Math.ceil(resident.ranNs / 4)) : time;
  }

  private launch(work: ComputeWork, resident: Resident): NonNullable<Resident["execution"]> {
    const launch = work.launch;
    resident.bus = this.profile.integrated ? 0 : busShare(work.memory.pageTable, work.params);
    return work.loaded.start({
      kernel: launch.kernel,
      workDim: launch.workDim,
      grid: launch.grid,
      block: launch.block,
      globalSize: launch.globalSize,
      globalOffset: launch.globalOffset,
      dynamicSharedBytes: launch.dynamicSharedBytes,
      params: work.params,
      warpSize: this.profile.warpSize,
      pageTable: work.memory.pageTable,
      symbols: launch.symbols,
      smCount: this.multiprocessorsOf(work),
      gridId: this.nextGrid++,
    }, this.hooks);
  }

  private faultOf(error: unknown, work: ComputeWork): DeviceFault {
    if (error instanceof DeviceFault) return error;
    if (!(error instanceof OutOfFrames)) throw error;
    return new DeviceFault("out-of-memory", { kernel: work.launch.kernel, line: null, block: [0, 0, 0], thread: [0, 0, 0] }, null, error.message);
  }

  private sliceEnded(resident: Resident): void {
    this.stop(resident);
    resident.ranNs += resident.sliceNs;
    if (resident.fault !== null) {
      this.end(resident, "fault");
    } else if (resident.execution!.blocksDone === resident.execution!.blocksTotal) {
      this.end(resident, "done");
    } else if (resident.ranNs >= (this.profile.jobTimeoutNs || this.limits.hangLimitNs)) {
      this.end(resident, "timeout");
    } else if (!this.suspendNow(resident)) {
      this.turns.add(resident);
    }
    this.dispatch();
  }

  /** Takes a launch's room away. */
  private stop(resident: Resident): void {
    this.hold(resident.work!, -resident.units, -resident.multiprocessors);
    this.meter.end();
    resident.work!.meter?.end();
    resident.units = 0;
    resident.multiprocessors = 0;
    resident.event = null;
    const at = this.running.indexOf(resident);
    const last = this.running.pop()!;
    if (at < this.running.length) this.running[at] = last;
  }

  private end(resident: Resident, outcome: WorkOutcome): void {
    const work = resident.work!;
    const fault = resident.fault;
    this.suspending.delete(work);
    resident.execution?.dispose();
    this.hide(resident);
    resident.work = null;
    resident.execution = null;
    resident.fault = null;
    this.spare.push(resident);
    this.load--;
    work.ended(outcome, fault);
  }

  private readonly hide = (resident: Resident): void => {
    if (!resident.shown) return;
    resident.shown = false;
    if (this.ports.trace.enabled) traceSlice(this.ports, false, this.gpu, this.name, resident.work!);
  };
}

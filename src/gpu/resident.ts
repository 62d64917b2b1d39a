import type { DeviceCode, DeviceFault, Execution, LoadedCode } from "../compiler/abi.ts";
import type { Meter } from "./meter.ts";
import type { EngineWork } from "./ports.ts";

/** A kernel launch, as the compute engine takes it. */
export interface LaunchShape {
  readonly code: DeviceCode;
  readonly kernel: string;
  readonly workDim: 1 | 2 | 3;
  readonly grid: readonly [number, number, number];
  readonly block: readonly [number, number, number];
  readonly globalSize: readonly [number, number, number];
  readonly globalOffset: readonly [number, number, number];
  readonly dynamicSharedBytes: number;
  readonly symbols: BigUint64Array;
  readonly cooperative: boolean;
}

/** What contexts take turns by. `lastTurn` is the engine's own note. */
export interface TurnTaker {
  lastTurn: number;
  /** Sees to it that there is memory of the GPU to save state in. False: there is none, so its launches cannot be stopped midway. Absent: there always is. */
  saveArea?(bytes: number): boolean;
  /** Its state goes to that memory. */
  saveState?(bytes: number): void;
  /** Its state comes back from there. */
  restoreState?(bytes: number): void;
}

/**
 * A ceiling on what one client of a shared context holds of the multiprocessors at once, over all of its launches. The engine keeps the account.
 */
export interface SmCap {
  /** Most multiprocessors. */
  readonly multiprocessors: number;
  /** Shares of a multiprocessor that running slices hold, and the multiprocessors they spread over, counted for each. */
  units: number;
  spread: number;
}

/** Work of the compute engine. */
export interface ComputeWork extends EngineWork {
  readonly launch: LaunchShape;
  /** The parameter block. */
  readonly params: Uint8Array;
  readonly loaded: LoadedCode;
  /** Lower is more urgent. */
  readonly urgency: number;
  /** Order of submission: among equally urgent work the lowest is the natural first. */
  readonly sequence: number;
  /** The context it belongs to. */
  readonly group: TurnTaker;
  /** What its client may hold at once; absent or null: everything. */
  readonly cap?: SmCap | null;
  /** Counts its time on the multiprocessors, beside the GPU's own meter. */
  readonly meter?: Meter;
  /** Work-groups that one multiprocessor holds. */
  readonly perMultiprocessor: number;
  /** Work-items of a work-group. */
  readonly threads: number;
  /** Text of device printf. */
  print(text: string): void;
}

/** One launch that the compute engine has taken. Kept and used again, so that a small launch allocates nothing here. */
export class Resident {
  work: ComputeWork | null = null;
  execution: Execution | null = null;
  /** Share of a multiprocessor that one work-group takes. */
  blockUnits = 0;
  /** Held while a slice runs. */
  units = 0;
  multiprocessors = 0;
  /** Work-groups that the emulation keeps in progress at once. */
  window = 1;
  sliceNs = 0;
  /** Time spent running, over all slices. */
  ranNs = 0;
  /** Instructions for each ns of the last slice that finished work-groups; 0: there was none. */
  pace = 0;
  /** Instructions since a work-group was last finished. */
  idle = 0;
  /** Of the slices in a row that did nothing but wait: length of the last, their sum, and instructions spent on waiting. */
  stallNs = 0;
  stalledNs = 0;
  stalledWork = 0;
  fault: DeviceFault | null = null;
  event: object | null = null;
  /** Part of its traffic that crosses the bus, 0 to 1. */
  bus = 0;
  /** State that lies in the context-save area, bytes. */
  savedBytes = 0;
  /** No work-group is in the middle. */
  drained = true;
  /** It runs on only so that its work-groups in the middle end: how many may; 0: it runs as usual. */
  draining = 0;
  /** It was asked to stop for good, so that it drains whoever else waits. */
  leaving = false;
  /** Work-groups that the hardware holds at once, and how many of those that began together have ended: the emulation runs them one after the other, the hardware all at a time. */
  wave = 1;
  waveDone = 0;
  /** For traces: a slice is shown as running. */
  shown = false;
  readonly sliceEnded: () => void;

  constructor(ended: (resident: Resident) => void) {
    this.sliceEnded = () => ended(this);
  }

  begin(work: ComputeWork, blockUnits: number): void {
    this.work = work;
    this.execution = null;
    this.blockUnits = blockUnits;
    this.units = 0;
    this.multiprocessors = 0;
    this.window = 1;
    this.sliceNs = 0;
    this.ranNs = 0;
    this.pace = 0;
    this.idle = 0;
    this.endStall();
    this.fault = null;
    this.event = null;
    this.bus = 0;
    this.savedBytes = 0;
    this.drained = true;
    this.draining = 0;
    this.leaving = false;
    this.wave = 1;
    this.waveDone = 0;
    this.shown = false;
  }

  /** Begins or ends running on to the next point where no work-group is in the middle. */
  drain(begin: boolean): void {
    if (!begin) this.draining = this.leaving ? this.draining : 0;
    else if (this.draining === 0) this.draining = Math.max(this.window, this.execution?.open ?? 0, Math.min(this.blocksLeft, this.waveDone === 0 && this.idle === 0 ? 0 : this.wave - this.waveDone));
  }

  /** `blocks` work-groups have ended, of `wave` that the hardware holds. */
  advance(blocks: number, wave: number): void {
    if (wave !== this.wave) this.waveDone = 0;
    this.wave = wave;
    this.waveDone = (this.waveDone + blocks) % wave;
  }

  /** It did something. */
  endStall(): void {
    this.stallNs = 0;
    this.stalledNs = 0;
    this.stalledWork = 0;
  }

  /** Work-groups not yet finished. */
  get blocksLeft(): number {
    const execution = this.execution;
    if (execution !== null) return execution.blocksTotal - execution.blocksDone;
    const grid = this.work!.launch.grid;
    return grid[0] * grid[1] * grid[2];
  }
}

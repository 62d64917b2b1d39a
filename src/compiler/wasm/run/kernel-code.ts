import type { CheckClass, CodeEnv, KernelInfo, LaunchConfig } from "../../abi.ts";
import { MAX_CALL_DEPTH } from "../../ir/limits.ts";
import { slotBytes, type SlotLayout } from "../lower/layout.ts";
import { fastModule } from "../fast/module.ts";
import { suitsLaunch } from "../fast/regions.ts";
import type { ModuleFacts } from "../graph/import.ts";
import { slowModule } from "../slow/module.ts";
import { buildProgram, type KernelProgram } from "../slow/program.ts";
import { MAX_THREADS } from "../threads/task.ts";
import { hidesDivergence } from "./checked.ts";
import { importsFor, type Active } from "./imports.ts";
import { mayBeIndependent, provenIndependent, type Independence } from "./independent.ts";
import { Views } from "./views.ts";

/**
 * Threads that run atomics on global memory at once. With one, a read-modify-write needs no locked instruction, though the memory is of the kind that can be shared. Several threads
 * take part only in kernels that have no such atomics (see independent.ts).
 */
const ATOMIC_THREADS: number = 1;

/** One kernel compiled for one kind of memory: made when it is first launched, and kept with the module for whoever loads it next. */
export class KernelCode {
  readonly info: KernelInfo;
  readonly program: KernelProgram;
  readonly layout: SlotLayout;
  readonly warpSize: number;
  /** Bytes of a work-item's control stack. */
  readonly controlBytes: number;
  private slow: { module: WebAssembly.Module; imports: string[] } | null = null;
  private fast: { module: WebAssembly.Module; imports: string[] } | null = null;
  private readonly memory: { readonly shared: boolean; readonly maximumPages: number };
  /** Instructions of a launch from which on its groups run several at a time, if they are independent. */
  readonly togetherFrom: number;

  /**
   * @param items work-items that slots are laid out for
   * @param row work-items that may go together (see `SlotLayout.row`)
   */
  constructor(facts: ModuleFacts, info: KernelInfo, memory: { readonly shared: boolean; readonly maximumPages: number }, items: number, row: number, warpSize: number, slowOnly: boolean, checks: ReadonlySet<CheckClass> | null, togetherFrom: number) {
    this.togetherFrom = togetherFrom;
    this.info = info;
    this.warpSize = warpSize;
    this.memory = memory;
    this.program = buildProgram(facts, info.name, ATOMIC_THREADS > 1, !slowOnly, warpSize, checks);
    const { saved } = this.program.kernel;
    const { regions } = this.program;
    const warps = regions !== null && regions.levels.team.warp;
    this.layout = { narrow: saved.narrow, wide: saved.wide, items, row, teams: warps ? Math.ceil(items / warpSize) : 0, cells: warps ? regions.cells.size + regions.carried.size : 0 };
    const frames = this.program.functions.map(({ routine }) => routine?.frameBytes ?? 0);
    this.controlBytes = frames.length === 0 ? 0 : facts.recursive.size > 0 ? MAX_CALL_DEPTH * Math.max(...frames) : frames.reduce((a, b) => a + b, 0);
  }

  /** Whether barriers are checked, and the fast path could run past one that some work-items do not come to. */
  get hidesDivergence(): boolean {
    this.hides ??= this.findHidden();
    return this.hides;
  }

  private hides: boolean | null = null;

  private findHidden(): boolean {
    return this.program.facts.checks?.has("barriers") === true && hidesDivergence(this.program);
  }

  /** Whether its work-groups may turn out to be independent, so that several run at a time. */
  get mayBeIndependent(): boolean {
    this.independent ??= mayBeIndependent(this.program);
    return this.independent;
  }

  private independent: boolean | null = null;
  private readonly proofs = new Map<string, Independence | null>();

  /** Whether groups of this launch are independent; launches that are alike are asked about once. */
  provenIndependent(config: LaunchConfig): Independence | null {
    const { params, grid, block, globalSize, globalOffset, symbols, warpSize } = config;
    const key = [params.join(), grid, block, globalSize, globalOffset, symbols.join(), warpSize].join(" ");
    let proof = this.proofs.get(key);
    if (proof === undefined) {
      if (this.proofs.size >= KEPT_PROOFS) this.proofs.clear();
      proof = provenIndependent(this.program, config, this.info.sharedBytes);
      this.proofs.set(key, proof);
    }
    return proof;
  }

  /** What other threads run; null when they cannot: they have none of the functions that are written in TypeScript. */
  get fastModule(): WebAssembly.Module | null {
    const code = this.fastCode();
    return code === null || code.imports.some((name) => name !== "remainder") ? null : code.module;
  }

  /** The fast path's module; null when it cannot run the kernel. */
  fastCode(): { module: WebAssembly.Module; imports: string[] } | null {
    const { regions } = this.program;
    if (regions === null) return null;
    if (this.fast === null) {
      const { bytes, imports } = fastModule(this.program, regions, this.layout, this.memory);
      this.fast = { module: new WebAssembly.Module(bytes), imports };
    }
    return this.fast;
  }

  slowCode(): { module: WebAssembly.Module; imports: string[] } {
    if (this.slow === null) {
      const { bytes, imports } = slowModule(this.program, this.layout, this.memory);
      this.slow = { module: new WebAssembly.Module(bytes), imports };
    }
    return this.slow;
  }
}

type FastRun = (launch: number, slot: number) => number;
type Step = (launch: number, slot: number, item: number) => number;

/** Scratch memory of one launch: the launch block and slots for work-groups. */
export interface Scratch {
  readonly launch: number;
  /** Launch blocks of other threads; empty when there can be none. */
  readonly blocks: readonly number[];
  readonly slots: number[];
  /** Bytes of shared, local and control memory that each slot has room for. */
  readonly room: number;
  /** The launch whose sizes and page table the launch block has. */
  wrote: LaunchConfig | null;
  /** Its page table, which may have moved since. */
  readonly table: { table: number; basePage: number; pageCount: number };
}

/** A kernel in one machine's memory: instances, and scratch memory kept from launch to launch. */
export class LoadedKernel {
  readonly code: KernelCode;
  readonly env: CodeEnv;
  readonly views: Views;
  readonly active: Active = { run: null };
  private step: Step | null = null;
  private run: FastRun | null | undefined = undefined;
  /** Calls of the fast path so far: the first ones are kept short, so that V8 gets to exchange its baseline code. */
  calls = 0;
  private readonly idle: Scratch[] = [];
  private retired = false;

  constructor(code: KernelCode, env: CodeEnv) {
    this.code = code;
    this.env = env;
    this.views = new Views(env.linear);
  }

  /** The fast path's entry; null when it cannot run the kernel, or not in such groups. */
  fastRun(config: LaunchConfig): FastRun | null {
    const { regions } = this.code.program;
    if (regions === null || !suitsLaunch(regions, config) || this.code.hidesDivergence) return null;
    if (this.run !== undefined) return this.run;
    const code = this.code.fastCode();
    if (code === null) this.run = null;
    else {
      const instance = new WebAssembly.Instance(code.module, { e: { memory: this.env.linear.memory, ...importsFor(this.code.program, code.imports, this.active) } });
      this.run = instance.exports["run"] as FastRun;
    }
    return this.run;
  }

  slowStep(): Step {
    if (this.step === null) {
      const { module, imports } = this.code.slowCode();
      const instance = new WebAssembly.Instance(module, { e: { memory: this.env.linear.memory, ...importsFor(this.code.program, imports, this.active) } });
      this.step = instance.exports["step"] as Step;
    }
    return this.step;
  }

  /** Scratch with a launch block and no slot, or one kept from before. @param room bytes of variable size in each slot */
  take(room: number): Scratch {
    for (let at = this.idle.length - 1; at >= 0; at--) {
      const scratch = this.idle[at]!;
      if (scratch.room < room) continue;
      const last = this.idle.pop()!;
      if (last !== scratch) this.idle[at] = last;
      return scratch;
    }
    // The first slot lies behind the launch block (or blocks), so that small launches take one allocation.
    const { launchBytes } = this.code.program;
    const copies = this.code.mayBeIndependent ? MAX_THREADS - 1 : 0;
    const base = this.env.allocate((1 + copies) * launchBytes + this.slotSize(room));
    this.views.refresh();
    return { launch: base, blocks: Array.from({ length: copies }, (_, i) => base + (i + 1) * launchBytes), slots: [base + (1 + copies) * launchBytes], room, wrote: null, table: { table: -1, basePage: 0, pageCount: 0 } };
  }

  /** Bytes of a slot with `room` for shared, local and control memory. */
  private slotSize(room: number): number {
    return slotBytes(this.code.layout) + room;
  }

  addSlot(scratch: Scratch): number {
    const slot = this.env.allocate(this.slotSize(scratch.room));
    this.views.refresh();
    scratch.slots.push(slot);
    return slot;
  }

  /** Hands scratch back; what is beyond the first few slots is released. */
  give(scratch: Scratch): void {
    if (scratch.slots.length > KEPT_SLOTS) for (const slot of scratch.slots.splice(KEPT_SLOTS)) this.env.release(slot);
    if (!this.retired && this.idle.length < KEPT_SCRATCH) this.idle.push(scratch);
    else this.drop(scratch);
  }

  /** No launch will come any more: those that run hand their scratch back for good. */
  retire(): void {
    this.retired = true;
    this.trim();
  }

  /** Releases what is kept for later launches. */
  trim(): void {
    for (const scratch of this.idle.splice(0)) this.drop(scratch);
  }

  private drop(scratch: Scratch): void {
    for (const slot of scratch.slots.slice(1)) this.env.release(slot);
    this.env.release(scratch.launch);
  }
}

const KEPT_PROOFS = 64;
const KEPT_SLOTS = 12;
const KEPT_SCRATCH = 4;


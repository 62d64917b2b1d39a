import type { KernelAttributes, KernelParam, Module } from "./ir/module.ts";

/**
 * The contract between compiled device code and the GPU that runs it: memory layout, page tables, faults, counting.
 * `src/gpu` knows this file and nothing else of the compiler; the back end knows this file and nothing of `src/gpu`.
 *
 * ## Page tables
 * A GPU address space is a window of pages of `PAGE_SIZE` bytes, described by a flat table of little-endian u32 entries in
 * the machine's linear memory. For a virtual address `va` (u64): `index = (va >> 16) - basePage` computed in 64 bits;
 * `index >= pageCount` (unsigned) is a fault; else `entry = u32[table + 4*index]`.
 * The access is allowed when the entry has PTE_READ (loads), PTE_WRITE (stores), or both (atomics);
 * the linear-memory address is then `(entry & 0xffff0000) | (va & 0xffff)`. Entry 0 is not present.
 * An access that crosses a page boundary is translated by page (an aligned scalar never does).
 * Tables may be changed by the host between calls of `run` and inside the `fault` callback, never otherwise.
 */
export const PAGE_SIZE = 65536;
export const PAGE_SHIFT = 16;
export const PTE_READ = 1;
export const PTE_WRITE = 2;

/** The page table of one address space, as compiled code reads it. */
export interface PageTableView {
  /** Byte address of the first entry in linear memory. */
  readonly table: number;
  /** Page number (va >> 16) of the first entry; below 2^32. */
  readonly basePage: number;
  readonly pageCount: number;
}

/** The machine's linear memory. `shared` tells how a module must declare its import. Growing never moves addresses. */
export interface LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  /** Current maximum of the memory, in 64 KiB pages (a WebAssembly import must not declare less). */
  readonly maximumPages: number;
  /** How often it has grown: asking a memory for its buffer is dear. Absent: the buffer is asked. */
  readonly grown?: number;
}

/** What the machine lends to loaded code. */
export interface CodeEnv {
  readonly linear: LinearMemory;
  /**
   * Scratch memory for launches: page aligned, zeroed, private to the caller until `release`. Shared memory, local frames, parameter
   * blocks and saved registers live there, outside every page table. Throws when the machine is out of backing memory.
   */
  allocate(bytes: number): number;
  release(address: number): void;
  /** Checked mode: who is told of the accesses of device code. Absent or null: nobody, and code is compiled without checks. */
  readonly checker?: CodeChecker | null;
  /** Threads of the host that help with large launches. Absent or null: none, everything runs on the calling thread. Results and counts are the same. */
  readonly threads?: DeviceThreads | null;
  /** Whether the page of linear memory at this address is in one place of one page table only. Absent: all are. */
  soleMapping?(linear: number): boolean;
}

/**
 * Threads of the host that run work-groups. They run nothing by themselves: `run` hands out tasks, takes a share of them and comes back when all are done, so that to
 * the caller it is a plain call.
 */
export interface DeviceThreads {
  /** Threads besides the caller's. */
  readonly helpers: number;
  /** The tasks of the next `run`; see src/compiler/wasm/threads/task.ts. */
  readonly tasks: Int32Array;
  /** Runs the first `count` tasks, each once, in no certain order. @throws EmulatorBug when a helper's code trapped */
  run(code: ThreadedCode, count: number): void;
}

/** Code whose work-groups may run on several threads. */
export interface ThreadedCode {
  readonly module: WebAssembly.Module;
  readonly linear: LinearMemory;
  /** A launch block for each thread besides the caller's. */
  readonly blocks: readonly number[];
  /** Runs a task on the calling thread. */
  task(number: number): void;
}

/** What checked device code looks for. */
export type CheckClass = "bounds" | "lifetime" | "uninitialised" | "races" | "barriers";

/** Checked mode, as one process's device code sees it. */
export interface CodeChecker {
  readonly classes: ReadonlySet<CheckClass>;
  /** A launch begins. */
  launch(config: LaunchConfig, facts: CheckedFacts): LaunchChecker;
}

/** What a checker must know of a kernel. */
export interface CheckedFacts {
  /** It has both device-wide fences (or ordered atomics) and atomics, by which its work-groups may order their accesses. */
  readonly ordersGroups: boolean;
  /** It has both fences (or ordered atomics) that at least a work-group sees, and atomics, by which work-items of a group may. */
  readonly ordersItems: boolean;
  /** It has operations by which the lanes of a warp wait for each other. */
  readonly ordersWarps: boolean;
}

/** A pointer that a checked kernel is given. */
export interface PointerUse {
  readonly address: number;
  /** Whether the kernel writes through it. */
  readonly written: boolean;
}

/** The memory that it leads to. */
export interface PointerReach {
  /** First address, and end. */
  readonly low: number;
  readonly high: number;
  /** Whether reads through it must be looked at one by one: others may write there, or not all of it has been written. */
  readonly open: boolean;
}

/** One checked launch. Tags and flags are those of src/compiler/wasm/checked/layout.ts. */
export interface LaunchChecker {
  /** Linear address of the table of shadow pages, the tag at which the launch begins, and that of words which several groups read. */
  readonly table: number;
  readonly base: number;
  readonly many: number;
  /** Code is about to run: translations may have changed since it last did. */
  resume(): void;
  /** What is known of the memory that the kernel's pointers lead to, in their order. @param closed whether it writes through these pointers only */
  roots(pointers: readonly PointerUse[], closed: boolean): readonly PointerReach[];
  /** A work-group begins in a slot. @param group its number @param shared linear address of its shared memory @param local likewise, of all its work-items @returns its first tag */
  group(slot: number, group: number, shared: number, sharedBytes: number, local: number, localBytes: number): number;
  /** Bytes of linear memory that are no place for anything: accesses that seem to go there always come to `access`. */
  opaque(linear: number, bytes: number): void;
  /** All of the slot's group have come to a barrier. @param sharedOnly it orders accesses to shared memory only @returns its next tag */
  barrier(slot: number, sharedOnly: boolean): number;
  /** An access that was not settled in the code. @param what flags @param tag of the work-item @param site asked for when something is reported */
  access(linear: number, size: number, what: number, tag: number, slot: number, line: number, site: () => Site): void;
  /** An access that the hardware refuses: nothing is mapped there. */
  missing(address: bigint, size: number, how: AccessKind, line: number, site: Site): void;
  /** A barrier that not all work-items of the group come to, or not to the same one. */
  diverged(site: Site, detail: string): void;
  /** The launch is over. */
  end(): void;
}

/** What an access does to memory; an atomic needs both permissions. */
export type AccessKind = "read" | "write" | "atomic";

/** One access that could not be made. */
export interface MemoryAccess {
  /** Virtual address; for an access to shared or local memory, also through a generic address, the byte offset there. */
  readonly address: bigint;
  readonly size: number;
  readonly kind: AccessKind;
}

/** Where in the program something happened. Lines are 1-based; null when the front end had none. */
export interface Site {
  readonly kernel: string;
  readonly line: number | null;
  readonly block: readonly [number, number, number];
  readonly thread: readonly [number, number, number];
}

/** Why a kernel was ended. A closed union: the APIs map it with exhaustiveness checks. */
export type FaultKind =
  | "illegal-address"      // no translation, or outside shared/local memory
  | "write-protected"      // translation without PTE_WRITE
  | "misaligned"
  | "trap"                 // trap instruction, unreachable reached
  | "assert"
  | "illegal-instruction"  // something we do not execute
  | "invalid-pc"           // calli to what is no function of the module
  | "stack-overflow"
  | "barrier-divergence"   // the group can never go on: some exited or wait elsewhere, forever
  | "out-of-memory";       // machine limit

/**
 * Thrown by `Execution.run`; the execution is dead after it. The program's own fault, never ours.
 */
export class DeviceFault extends Error {
  readonly kind: FaultKind;
  readonly site: Site;
  readonly access: MemoryAccess | null;
  constructor(kind: FaultKind, site: Site, access: MemoryAccess | null, detail: string) {
    const where = `kernel ${site.kernel}, block (${site.block.join(",")}), thread (${site.thread.join(",")})${site.line === null ? "" : `, line ${site.line}`}`;
    const what = access === null ? "" : ` ${access.kind} of ${access.size} bytes at 0x${access.address.toString(16)}`;
    super(`${kind}:${what} ${detail} in ${where}`);
    this.name = "DeviceFault";
    this.kind = kind;
    this.site = site;
    this.access = access;
  }
}

/** What a launcher must know of a kernel. */
export interface KernelInfo {
  readonly name: string;
  readonly params: readonly KernelParam[];
  readonly paramBytes: number;
  readonly attributes: KernelAttributes;
  /** Statically declared shared memory, bytes; the dynamic part starts at the next multiple of 16. */
  readonly sharedBytes: number;
  /** Local memory of a work-item, bytes. */
  readonly localBytes: number;
  /** Bytes of const-space variables the module has. */
  readonly constBytes: number;
  readonly usesBarrier: boolean;
  readonly usesPrintf: boolean;
}

/** One launch, in terms of work-groups ("blocks") and work-items ("threads"). Sizes in work-items and work-groups. */
export interface LaunchConfig {
  readonly kernel: string;
  readonly workDim: 1 | 2 | 3;
  /** Number of work-groups by dimension; their product is below 2^53. */
  readonly grid: readonly [number, number, number];
  /** Work-items of a full work-group. */
  readonly block: readonly [number, number, number];
  /** OpenCL: total work-items (the last group of a dimension is cut to fit) and offset. CUDA: grid*block and 0. */
  readonly globalSize: readonly [number, number, number];
  readonly globalOffset: readonly [number, number, number];
  readonly dynamicSharedBytes: number;
  /** The parameter block, as `KernelInfo.params` lays it out. Copied. */
  readonly params: Uint8Array;
  readonly warpSize: number;
  readonly pageTable: PageTableView;
  /** Address of each global-space symbol of the module, in `DeviceCode.symbols` order. */
  readonly symbols: BigUint64Array;
  /** Multiprocessors, for %smid: block b runs on b mod smCount. */
  readonly smCount: number;
  readonly gridId: number;
}

/** Called while the kernel is inside `run`. */
export interface LaunchHooks {
  /**
   * An access has no translation. Return true after making it possible (the access is tried again),
   * false to let the kernel die of a DeviceFault.
   */
  fault(access: MemoryAccess, site: Site): boolean;
  printf(text: string): void;
  /** Virtual time in nanoseconds, for %globaltimer. */
  now(): number;
}

/** Work done in one `run`, for the cost model. Counted, not sampled: it depends on program and data alone. */
export interface RunStatus {
  readonly done: boolean;
  /** Work-groups finished in this call. */
  readonly blocks: number;
  /** Instructions executed (IR weight; arithmetic about 1, special functions more), summed over work-items. */
  readonly instructions: number;
  /** Bytes loaded and stored in global space, summed. */
  readonly bytes: number;
  /** True when nothing but waiting happened: every resident work-group spun or slept (so that a caller may back off). */
  readonly stalled: boolean;
}

/** A launch under way: run it piece by piece, then dispose of it. */
export interface Execution {
  /**
   * Runs until about `budget` instructions are counted, all work-groups are finished, or `maxBlocks` more are.
   * At most `resident` work-groups are in progress at once; they get turns at back edges when one does not finish
   * (so that spinning on another's progress works). Always returns: an endless loop comes back with done = false.
   * Work-groups that are proven to be independent of one another may also be in progress several at a time, whatever `resident` says; of them too no more than `maxBlocks` are in the middle when that is not less than `open`.
   * @throws DeviceFault
   */
  run(limits: { readonly budget: number; readonly maxBlocks: number; readonly resident: number }): RunStatus;
  /** Work-groups in progress together because they are independent; 0 when none is in the middle; -1 or absent: groups are not run that way. */
  readonly open?: number;
  readonly blocksTotal: number;
  readonly blocksDone: number;
  /** Frees scratch memory; the execution may be dropped at any point. */
  dispose(): void;
}

/** A program compiled for a machine's memory. Cheap to make again from the same DeviceCode. */
export interface LoadedCode {
  start(config: LaunchConfig, hooks: LaunchHooks): Execution;
  /** Gives back scratch memory that is kept from launch to launch. The code stays usable. Absent: it keeps none. */
  trim?(): void;
}

/** What a compiler gives: kernels, what must be laid out in device memory, and how to load it. */
export interface DeviceCode {
  readonly module: Module;
  readonly kernels: ReadonlyMap<string, KernelInfo>;
  /** Module variables that need device memory, in the order of `LaunchConfig.symbols`. */
  readonly symbols: readonly string[];
  load(env: CodeEnv): LoadedCode;
}

/** A program text that a front end refuses. `line`/`column` are 1-based; 0 when unknown. */
export class CompileError extends Error {
  readonly line: number;
  readonly column: number;
  readonly kind: "syntax" | "unsupported" | "type" | "target" | "link";
  constructor(kind: CompileError["kind"], message: string, line = 0, column = 0) {
    super(line > 0 ? `line ${line}: ${message}` : message);
    this.name = "CompileError";
    this.kind = kind;
    this.line = line;
    this.column = column;
  }
}

import type { CodeEnv, DeviceThreads, LinearMemory, PageTableView } from "../compiler/abi.ts";
import { EmulatorBug, invariant } from "../kernel/errors.ts";
import { bulkOf, type Bulk } from "./bulk.ts";
import { Capacity } from "./capacity.ts";
import { FRAME, FrameMap, MAX_FRAMES } from "./frames.ts";

/** What frames are used for; leaks are counted by kind. */
export type FrameKind = "system" | "vram" | "pagetable" | "scratch";

/** Who is told what copy engines write, and lends device code of a process its checker. */
export interface MemoryWatcher {
  wrote(table: PageTableView, va: number, bytes: number): void;
  envFor(pid: number, name: string): CodeEnv;
}

/** Memories kept for the next machine. A WebAssembly memory reserves some 10 GiB of address space until it is collected. */
const MAX_POOLED = 4;
/** Touched frames above which a memory is dropped rather than pooled. */
const MAX_POOLED_FRAMES = 4096;
const INITIAL_PAGES = 64;
/** Without shared memory, growing would detach every view: the memory has one size, 1 GiB. */
const UNSHARED_PAGES = 16384;

/** One WebAssembly memory and what of it is in use. */
interface Backing {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  readonly maximumPages: number;
  readonly bulk: Bulk;
  readonly frames: FrameMap;
  /** By frame: entries of GPU page tables that lead to it. */
  readonly mappings: Uint16Array;
}

/** Threads that help with large launches. */
export interface MachineThreads extends DeviceThreads {
  /** Nothing runs in this memory any more: it is held no longer. */
  release(memory: WebAssembly.Memory): void;
}

const pool: Backing[] = [];

/** What a machine shows before it first touches memory, one for all: typed arrays are dear to make. */
const EMPTY = { u8: new Uint8Array(0), u32: new Uint32Array(0), i32: new Int32Array(0), f64: new Float64Array(0), u64: new BigUint64Array(0) } as const;

function makeBacking(): Backing {
  const pooled = pool.pop();
  if (pooled !== undefined) return pooled;
  const shared = typeof SharedArrayBuffer !== "undefined";
  const maximumPages = shared ? MAX_FRAMES : UNSHARED_PAGES;
  const memory = new WebAssembly.Memory(shared ? { initial: INITIAL_PAGES, maximum: maximumPages, shared: true } : { initial: maximumPages, maximum: maximumPages });
  return { memory, shared, maximumPages, bulk: bulkOf(memory, shared), frames: new FrameMap(maximumPages), mappings: new Uint16Array(maximumPages) };
}

/** Thrown to compiled code that asks for scratch memory when there is none; the launch dies of it. */
export class OutOfFrames extends Error {
  constructor(bytes: number) {
    super(`the machine's linear memory has no room for ${bytes} bytes`);
    this.name = "OutOfFrames";
  }
}

/**
 * The physical memory of a machine: one WebAssembly memory, cut into frames of 64 KiB that are zero when handed out. System memory and
 * every GPU's memory lie in it. Made on first use, so that a machine that never touches memory costs nothing.
 */
export class LinearStore implements LinearMemory, CodeEnv, Bulk {
  /** System memory promised to processes and buffer objects. */
  readonly ram: Capacity;
  /** The whole memory as bytes and as 32-bit words. They are replaced when the memory grows: read them anew for each use. */
  u8: Uint8Array = EMPTY.u8;
  u32: Uint32Array = EMPTY.u32;
  i32: Int32Array = EMPTY.i32;
  f64: Float64Array = EMPTY.f64;
  u64: BigUint64Array = EMPTY.u64;
  grown = 0;
  /** Asked before frames are given out: whether there are none to be had (fault injection). */
  refuse: ((kind: FrameKind, bytes: number) => boolean) | null = null;
  /** Checked mode: who knows what device code may touch; null: nobody. */
  watcher: MemoryWatcher | null = null;
  /** Who helps with large launches; null: nobody. */
  threads: MachineThreads | null = null;
  private backing: Backing | null = null;
  private disposed = false;
  private readonly used: Record<FrameKind, number> = { system: 0, vram: 0, pagetable: 0, scratch: 0 };
  private readonly scratch = new Map<number, number>();

  /** @param ramBytes system memory of the machine, bytes */
  constructor(ramBytes: number) {
    this.ram = new Capacity(ramBytes);
  }

  get linear(): LinearMemory {
    return this;
  }

  get memory(): WebAssembly.Memory {
    return this.ensure().memory;
  }

  get shared(): boolean {
    return this.ensure().shared;
  }

  get maximumPages(): number {
    return this.ensure().maximumPages;
  }

  /**
   * Contiguous zeroed frames.
   * @returns their linear address (never 0), or null when there is no such run.
   */
  allocateFrames(kind: FrameKind, frames: number): number | null {
    if (this.refuse !== null && this.refuse(kind, frames * FRAME)) return null;
    const backing = this.ensure();
    const first = backing.frames.take(frames);
    if (first < 0) return null;
    if (!this.reach(backing, first + frames)) {
      backing.frames.give(first, frames, true);
      return null;
    }
    backing.frames.makeClean(first, frames, backing.bulk);
    this.used[kind] += frames;
    return first * FRAME;
  }

  /** @param clean the caller knows every byte to be zero again */
  freeFrames(kind: FrameKind, address: number, frames: number, clean: boolean = false): void {
    this.used[kind] -= frames;
    invariant(this.used[kind] >= 0, "no more frames of a kind are freed than were allocated");
    this.ensure().frames.give(address / FRAME, frames, clean);
  }

  /** Copies bytes within the memory, faster than `u8` does; places may overlap. */
  copy(to: number, from: number, bytes: number): void {
    this.ensure().bulk.copy(to, from, bytes);
  }

  /** Fills bytes with one value, faster than `u8` does. */
  fill(at: number, value: number, bytes: number): void {
    this.ensure().bulk.fill(at, value, bytes);
  }

  /** An entry of a GPU page table begins (`by` 1) or ceases (-1) to lead to the frame at this address. */
  countMapping(linear: number, by: 1 | -1): void {
    this.ensure().mappings[linear / FRAME]! += by;
  }

  soleMapping(linear: number): boolean {
    return this.ensure().mappings[linear / FRAME] === 1;
  }

  /** System memory, charged to the machine's RAM. Zeroed, contiguous; null when there is no more. */
  allocatePages(bytes: number): number | null {
    if (!this.ram.charge(bytes)) return null;
    const address = this.allocateFrames("system", Math.ceil(bytes / FRAME));
    if (address === null) this.ram.uncharge(bytes);
    return address;
  }

  releasePages(address: number, bytes: number): void {
    this.freeFrames("system", address, Math.ceil(bytes / FRAME));
    this.ram.uncharge(bytes);
  }

  /** @throws OutOfFrames */
  allocate(bytes: number): number {
    const frames = Math.max(1, Math.ceil(bytes / FRAME));
    const address = this.allocateFrames("scratch", frames);
    if (address === null) throw new OutOfFrames(bytes);
    this.scratch.set(address, frames);
    return address;
  }

  release(address: number): void {
    const frames = this.scratch.get(address);
    if (frames === undefined) throw new EmulatorBug(`release of scratch memory 0x${address.toString(16)} that is not allocated`);
    this.scratch.delete(address);
    this.freeFrames("scratch", address, frames);
  }

  /** Frames in use, by kind. */
  counts(): Readonly<Record<FrameKind, number>> {
    return { ...this.used };
  }

  /** Gives the memory back; nothing of this machine may run or be looked at any more. */
  dispose(): void {
    const backing = this.backing;
    this.disposed = true;
    this.backing = null;
    this.u8 = EMPTY.u8;
    this.u32 = EMPTY.u32;
    this.i32 = EMPTY.i32;
    this.f64 = EMPTY.f64;
    this.u64 = EMPTY.u64;
    if (backing !== null) this.threads?.release(backing.memory);
    if (backing !== null && pool.length < MAX_POOLED && backing.frames.touched <= MAX_POOLED_FRAMES) {
      backing.frames.reset();
      backing.mappings.fill(0);
      pool.push(backing);
    }
  }

  /** Gives the memory back and begins anew. False: some of it is still in use. */
  restart(): boolean {
    if (this.disposed || this.ram.used !== 0 || this.used.system + this.used.vram + this.used.pagetable + this.used.scratch !== 0) return false;
    this.dispose();
    this.disposed = false;
    return true;
  }

  checkInvariants(): void {
    const total = this.used.system + this.used.vram + this.used.pagetable + this.used.scratch;
    invariant((this.backing?.frames.inUse ?? 0) === total, "frames in use are the sum over kinds");
    invariant(this.ram.used >= 0 && this.ram.used <= this.ram.total, "RAM in use is within its size");
  }

  private ensure(): Backing {
    if (this.backing !== null) return this.backing;
    if (this.disposed) throw new EmulatorBug("memory of a disposed machine was used");
    this.backing = makeBacking();
    this.look(this.backing);
    return this.backing;
  }

  /** Grows the memory to hold `frames` frames. */
  private reach(backing: Backing, frames: number): boolean {
    const have = this.u8.length / FRAME;
    if (frames <= have) return true;
    const want = Math.min(backing.maximumPages, Math.max(frames, have * 2));
    try {
      backing.memory.grow(want - have);
    } catch {
      try {
        backing.memory.grow(frames - have);
      } catch {
        return false;
      }
    }
    this.look(backing);
    return true;
  }

  private look(backing: Backing): void {
    const buffer = backing.memory.buffer;
    this.grown++;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }
}

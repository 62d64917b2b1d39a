import { DeviceFault, PTE_READ, PTE_WRITE, type AccessKind } from "../compiler/abi.ts";
import { touchMemory } from "../kernel/footprint.ts";
import type { LinearStore } from "./linear.ts";
import { PTE_BUS } from "./page-table.ts";
import type { GpuAddressSpace } from "./ports.ts";

/** A copy between GPU virtual addresses, by rows and slices. */
export interface CopyShape {
  readonly kind: "copy";
  readonly dst: number;
  readonly src: number;
  readonly extent: { readonly width: number; readonly height: number; readonly depth: number };
  readonly dstPitch: number;
  readonly dstSlicePitch: number;
  readonly srcPitch: number;
  readonly srcSlicePitch: number;
}

/** A repeated pattern over rows and slices. */
export interface FillShape {
  readonly kind: "fill";
  readonly dst: number;
  readonly extent: { readonly width: number; readonly height: number; readonly depth: number };
  readonly pitch: number;
  readonly slicePitch: number;
  readonly pattern: Uint8Array;
}

/**
 * A copy or fill in progress: moves bytes of linear memory through the page table, some at a time. Rows that follow each other without gap
 * are taken as one.
 */
export class Transfer {
  /** Bytes of one row, rows of one slice, slices. */
  private width = 0;
  private height = 0;
  private depth = 0;
  private dst = 0;
  private dstPitch = 0;
  private dstSlicePitch = 0;
  private src = 0;
  private srcPitch = 0;
  private srcSlicePitch = 0;
  private pattern: Uint8Array | null = null;
  private zero = false;
  private x = 0;
  private y = 0;
  private z = 0;
  /** Whether any byte so far crossed the bus. */
  bus = false;
  /** How often each byte crosses the GPU's own memory. */
  traffic = 1;
  private memory!: GpuAddressSpace;
  private label = "";
  private readonly store: LinearStore;

  constructor(store: LinearStore) {
    this.store = store;
  }

  get done(): boolean {
    return this.z >= this.depth;
  }

  /** Takes up a new piece of work. */
  begin(shape: CopyShape | FillShape, memory: GpuAddressSpace, label: string): void {
    this.memory = memory;
    this.label = label;
    this.width = shape.extent.width;
    this.height = shape.extent.height;
    this.depth = this.width === 0 || this.height === 0 ? 0 : shape.extent.depth;
    this.x = this.y = this.z = 0;
    this.bus = false;
    this.dst = shape.dst;
    if (shape.kind === "copy") {
      this.pattern = null;
      this.traffic = 2;
      this.dstPitch = shape.dstPitch;
      this.dstSlicePitch = shape.dstSlicePitch;
      this.src = shape.src;
      this.srcPitch = shape.srcPitch;
      this.srcSlicePitch = shape.srcSlicePitch;
    } else {
      this.pattern = shape.pattern;
      this.zero = shape.pattern.every((byte) => byte === 0);
      this.traffic = 1;
      this.dstPitch = this.srcPitch = shape.pitch;
      this.dstSlicePitch = this.srcSlicePitch = shape.slicePitch;
    }
    if (this.height === 1 || (this.dstPitch === this.width && this.srcPitch === this.width)) {
      this.width *= this.height;
      this.height = 1;
      if (this.depth === 1 || (this.dstSlicePitch === this.width && this.srcSlicePitch === this.width)) {
        this.width *= this.depth;
        this.depth = Math.min(this.depth, 1);
      }
    }
  }

  /**
   * Moves at most `most` bytes.
   * @returns how many it were
   * @throws DeviceFault when an address has no translation or may not be accessed so
   */
  step(most: number): number {
    let moved = 0;
    while (moved < most && this.z < this.depth) {
      const want = Math.min(this.width - this.x, most - moved);
      const dst = this.dst + this.z * this.dstSlicePitch + this.y * this.dstPitch + this.x;
      const n = this.pattern === null ? this.copyRun(dst, want) : this.fillRun(dst, want, this.pattern);
      if (this.store.watcher !== null) this.store.watcher.wrote(this.memory.pageTable, dst, n);
      moved += n;
      this.x += n;
      if (this.x === this.width) {
        this.x = 0;
        if (++this.y === this.height) {
          this.y = 0;
          this.z++;
        }
      }
    }
    return moved;
  }

  private copyRun(dst: number, want: number): number {
    const src = this.src + this.z * this.srcSlicePitch + this.y * this.srcPitch + this.x;
    const from = this.translate(src, want, PTE_READ, "read");
    const table = this.memory.pageTable;
    const readable = table.run;
    const to = this.translate(dst, readable, PTE_WRITE, "write");
    const n = table.run;
    touchMemory(from, n, false);
    touchMemory(to, n, true);
    this.store.copy(to, from, n);
    return n;
  }

  private fillRun(dst: number, want: number, pattern: Uint8Array): number {
    if (this.zero && this.memory.pageTable.entry(dst) === 0) {
      const untouched = this.memory.untouched(dst, want);
      if (untouched > 0) return untouched;
    }
    const to = this.translate(dst, want, PTE_WRITE, "write");
    const n = this.memory.pageTable.run;
    touchMemory(to, n, true);
    const bytes = this.store.u8;
    const length = pattern.length;
    if (length === 1 || this.zero) {
      this.store.fill(to, pattern[0]!, n);
      return n;
    }
    // One turned pattern first (a run may begin inside one), then ever longer copies of what is there.
    const phase = this.x % length;
    const head = Math.min(length, n);
    for (let i = 0; i < head; i++) bytes[to + i] = pattern[(phase + i) % length]!;
    for (let filled = head; filled < n; ) {
      const more = Math.min(filled, n - filled);
      this.store.copy(to + filled, to, more);
      filled += more;
    }
    return n;
  }

  private translate(va: number, bytes: number, need: number, kind: AccessKind): number {
    const table = this.memory.pageTable;
    let at = table.translate(va, bytes, need);
    if (at < 0) {
      const site = { kernel: this.label, line: null, block: [0, 0, 0], thread: [0, 0, 0] } as const;
      const access = { address: BigInt(va), size: bytes, kind };
      if (this.memory.fault(access, site)) at = table.translate(va, bytes, need);
      if (at < 0) throw new DeviceFault(table.entry(va) === 0 ? "illegal-address" : "write-protected", site, access, "by a copy engine");
    }
    if ((table.flags & PTE_BUS) !== 0) this.bus = true;
    return at;
  }
}

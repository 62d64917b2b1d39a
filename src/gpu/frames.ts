import { invariant } from "../kernel/errors.ts";
import type { Bulk } from "./bulk.ts";

/** Bytes of a frame: the page of CPU, GPU and IOMMU alike, and of WebAssembly. */
export const FRAME = 65536;
/** Frames of a 32-bit WebAssembly memory. */
export const MAX_FRAMES = 65536;

/**
 * Which frames are taken and which may hold old bytes: two bitmaps, first fit. Frame 0 is never given out, so that address 0 and page table
 * entry 0 mean nothing.
 */
export class FrameMap {
  private readonly taken: Uint32Array;
  /** Set once a frame was handed out; cleared when its bytes are known to be zero. */
  private readonly dirty: Uint32Array;
  private readonly limit: number;
  /** No frame below this word is free. */
  private lowest = 0;
  /** Highest frame ever handed out, plus one. */
  touched = 0;
  inUse = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.taken = new Uint32Array(Math.ceil(limit / 32));
    this.dirty = new Uint32Array(Math.ceil(limit / 32));
    this.taken[0] = 1;
  }

  /** The lowest run of `n` free frames, now taken; -1 when there is none. */
  take(n: number): number {
    const first = n === 1 ? this.findOne() : this.findRun(n);
    if (first < 0) return -1;
    this.mark(this.taken, first, n, true);
    this.inUse += n;
    if (first + n > this.touched) this.touched = first + n;
    return first;
  }

  /** Frees a run that was taken. */
  give(first: number, n: number, clean: boolean): void {
    invariant(Number.isInteger(first) && first > 0 && first + n <= this.limit, "a freed run of frames is in range");
    for (let i = first; i < first + n; i++) invariant((this.taken[i >>> 5]! & (1 << (i & 31))) !== 0, "a frame is freed once");
    this.mark(this.taken, first, n, false);
    this.mark(this.dirty, first, n, !clean);
    this.inUse -= n;
    if (first >>> 5 < this.lowest) this.lowest = first >>> 5;
  }

  /** Zeroes those frames of a taken run that may hold old bytes. */
  makeClean(first: number, n: number, bulk: Pick<Bulk, "fill">): void {
    for (let i = first; i < first + n; i++) {
      if ((this.dirty[i >>> 5]! & (1 << (i & 31))) === 0) continue;
      let end = i + 1;
      while (end < first + n && (this.dirty[end >>> 5]! & (1 << (end & 31))) !== 0) end++;
      bulk.fill(i * FRAME, 0, (end - i) * FRAME);
      i = end;
    }
    this.mark(this.dirty, first, n, false);
  }

  /** Forgets who had what; frames that are in use count as dirty. */
  reset(): void {
    for (let w = 0; w < this.taken.length; w++) this.dirty[w]! |= this.taken[w]!;
    this.taken.fill(0);
    this.taken[0] = 1;
    this.lowest = 0;
    this.inUse = 0;
  }

  private findOne(): number {
    for (let w = this.lowest; w < this.taken.length; w++) {
      const word = this.taken[w]!;
      if (word === 0xffffffff) continue;
      this.lowest = w;
      const bit = 31 - Math.clz32(~word & (word + 1));
      return w * 32 + bit < this.limit ? w * 32 + bit : -1;
    }
    this.lowest = this.taken.length;
    return -1;
  }

  private findRun(n: number): number {
    let run = 0;
    for (let w = this.lowest; w < this.taken.length; w++) {
      const word = this.taken[w]!;
      if (word === 0) {
        run += 32;
      } else if (word === 0xffffffff) {
        run = 0;
        continue;
      } else {
        for (let bit = 0; bit < 32; bit++) {
          run = (word & (1 << bit)) === 0 ? run + 1 : 0;
          if (run >= n) return w * 32 + bit + 1 - n;
        }
        continue;
      }
      if (run >= n) return w * 32 + 32 - run;
    }
    return -1;
  }

  private mark(map: Uint32Array, first: number, n: number, set: boolean): void {
    let i = first;
    const end = first + n;
    while (i < end) {
      const w = i >>> 5;
      const upTo = Math.min(end, (w + 1) * 32);
      const count = upTo - i;
      const mask = count === 32 ? 0xffffffff : ((1 << count) - 1) << (i & 31);
      map[w] = set ? map[w]! | mask : map[w]! & ~mask;
      i = upTo;
    }
  }
}

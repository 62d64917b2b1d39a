import { FRAME } from "../../gpu/frames.ts";
import { mutant } from "../mutants.ts";
import { OutOfFrames, type LinearStore } from "../../gpu/linear.ts";

/** Above this, memory is backed page by page on first touch; bytes. */
export const CONTIGUOUS_LIMIT: number = 256 * 2 ** 20;

/**
 * Where the bytes of a buffer object are: frames of a GPU's memory, or pages of system memory. A move is from one storage to another. Fresh storage reads as zero. What the bytes
 * count for (VRAM, RAM) is the object's matter, because that is decided before they move.
 */
export class Storage {
  readonly kind: "vram" | "system";
  readonly size: number;
  /** Linear address of the first byte, or 0 when backed page by page. */
  readonly linear: number;
  /** Linear address of each page, 0 where not backed; null when contiguous. */
  readonly pages: Uint32Array | null;
  private readonly store: LinearStore;

  private constructor(store: LinearStore, kind: "vram" | "system", size: number, linear: number) {
    this.store = store;
    this.kind = kind;
    this.size = size;
    this.linear = linear;
    this.pages = linear === 0 ? new Uint32Array(size / FRAME) : null;
  }

  /**
   * Null when the machine has no more memory of this kind.
   * @param size whole pages
   * @param contiguous it must be one run, because the CPU maps it
   */
  static create(store: LinearStore, kind: "vram" | "system", size: number, contiguous: boolean): Storage | null {
    const linear = contiguous || size <= CONTIGUOUS_LIMIT ? store.allocateFrames(kind, size / FRAME) : null;
    if (linear === null && contiguous) return null;
    if (linear !== null && mutant("fresh-memory-not-cleared")) store.fill(linear, 0x5a, size);
    return new Storage(store, kind, size, linear ?? 0);
  }

  /** Linear address of the page at `offset` (a multiple of the page size), or 0: not backed. */
  page(offset: number): number {
    return this.pages === null ? this.linear + offset : this.pages[offset / FRAME]!;
  }

  /** The same, backing the page when it is not. 0: the machine has no more memory. */
  touch(offset: number): number {
    const have = this.page(offset);
    if (have !== 0) return have;
    const fresh = this.store.allocateFrames(this.kind, 1) ?? 0;
    this.pages![offset / FRAME] = fresh;
    return fresh;
  }

  /** Copies [offset, offset + bytes), whole pages, to the same place of another storage. */
  copyTo(other: Storage, offset: number, bytes: number): void {
    if (this.pages === null && other.pages === null) {
      this.store.copy(other.linear + offset, this.linear + offset, bytes);
      return;
    }
    for (let at = offset; at < offset + bytes; at += FRAME) {
      const from = this.page(at);
      if (from === 0) continue;
      const to = other.touch(at);
      if (to === 0) throw new OutOfFrames(FRAME);
      this.store.copy(to, from, FRAME);
    }
  }

  /** Copies of the pages that are not all zero, by offset: for swapping out. */
  save(): Map<number, Uint8Array> {
    const saved = new Map<number, Uint8Array>();
    const { u32, u8 } = this.store;
    for (let at = 0; at < this.size; at += FRAME) {
      const from = this.page(at);
      if (from === 0) continue;
      let i = from >>> 2;
      const end = i + FRAME / 4;
      while (i < end && u32[i] === 0) i++;
      if (i < end) saved.set(at, u8.slice(from, from + FRAME));
    }
    return saved;
  }

  /** Writes saved pages back. */
  restore(saved: ReadonlyMap<number, Uint8Array>): void {
    for (const [at, bytes] of saved) this.store.u8.set(bytes, this.touch(at));
  }

  free(): void {
    if (this.pages === null) this.store.freeFrames(this.kind, this.linear, this.size / FRAME);
    else for (const page of this.pages) if (page !== 0) this.store.freeFrames(this.kind, page, 1);
  }
}

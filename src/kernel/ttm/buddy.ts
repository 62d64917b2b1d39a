import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";

/** Flags of GpuBuddy.alloc (gpu_buddy.h): only inside [start, end). */
export const BUDDY_RANGE = 1;
/** From the highest address down. */
export const BUDDY_TOPDOWN = 2;
/** One run of addresses. */
export const BUDDY_CONTIGUOUS = 4;
/** Cleared memory first. */
export const BUDDY_CLEAR = 8;
/** With CONTIGUOUS: keep the rounding that makes a power of two instead of giving the rest back. */
export const BUDDY_TRIM_DISABLE = 16;

/** Smallest chunk that an allocator may have, bytes. */
const MIN_CHUNK = 4096;

type BlockState = "free" | "allocated" | "split";

/** A power of two of chunks, aligned to its own size inside its root. */
export class BuddyBlock {
  /** First byte. */
  readonly offset: number;
  /** Size is the chunk size times 2 to this. */
  readonly order: number;
  readonly parent: BuddyBlock | null;
  state: BlockState = "free";
  /** Its bytes are known to be zero. */
  clear = false;
  left: BuddyBlock | null = null;
  right: BuddyBlock | null = null;

  constructor(offset: number, order: number, parent: BuddyBlock | null) {
    this.offset = offset;
    this.order = order;
    this.parent = parent;
  }

  /** The other half of its parent; null for a root. */
  get buddy(): BuddyBlock | null {
    const parent = this.parent;
    return parent === null ? null : parent.left === this ? parent.right : parent.left;
  }
}

function powerOfTwo(n: number): boolean {
  return n > 0 && Number.isInteger(Math.log2(n));
}

/**
 * Binary buddy allocator of a GPU's memory (drivers/gpu/buddy.c): blocks are halved on demand and merged when both halves are free. Which free blocks are
 * already zero is kept apart, so that whoever wants cleared memory gets it without clearing; two halves of different cleanness stay apart until a
 * larger block is needed.
 */
export class GpuBuddy {
  readonly size: number;
  readonly chunk: number;
  readonly maxOrder: number;
  readonly roots: readonly BuddyBlock[];
  /** Free bytes, and how many of them are known to be zero. */
  avail: number;
  clearAvail = 0;
  /** Free blocks by order, ascending by offset: [dirty, clear]. */
  private readonly lists: readonly [BuddyBlock[], BuddyBlock[]][];

  private constructor(size: number, chunk: number) {
    this.size = size;
    this.chunk = chunk;
    this.avail = size;
    const roots: BuddyBlock[] = [];
    let left = size / chunk;
    for (let at = 0; left > 0; ) {
      const order = Math.floor(Math.log2(left));
      roots.push(new BuddyBlock(at, order, null));
      at += chunk * 2 ** order;
      left -= 2 ** order;
    }
    this.roots = roots;
    this.maxOrder = roots[0]!.order;
    this.lists = Array.from({ length: this.maxOrder + 1 }, () => [[], []]);
    for (const root of roots) this.listOf(root).push(root);
  }

  /**
   * An allocator with everything free and not known to be zero. The size is rounded down to whole chunks.
   * @param chunk smallest block, bytes
   * @returns -EINVAL: size below a chunk; chunk below 4 KiB or no power of two
   */
  static create(size: number, chunk: number): GpuBuddy | number {
    if (!Number.isSafeInteger(size) || size < chunk || chunk < MIN_CHUNK || !powerOfTwo(chunk)) return -Errno.EINVAL;
    return new GpuBuddy(Math.floor(size / chunk) * chunk, chunk);
  }

  /** Bytes of a block. */
  bytes(block: BuddyBlock): number {
    return this.chunk * 2 ** block.order;
  }

  /**
   * Blocks of together `size` bytes.
   * @param start @param end only with RANGE: where they may lie
   * @param minBlock smallest block to be made of, a power of two
   * @returns -EINVAL: size or minBlock below a chunk, not aligned, range too small, larger than everything; -ENOSPC
   */
  alloc(start: number, end: number, size: number, minBlock: number, flags: number): BuddyBlock[] | number {
    const { chunk } = this;
    const [from, to] = (flags & BUDDY_RANGE) !== 0 ? [start, end] : [0, this.size];
    if (size < chunk || minBlock < chunk || !powerOfTwo(minBlock)) return -Errno.EINVAL;
    if (size % chunk !== 0 || from % chunk !== 0 || to % chunk !== 0 || from < 0) return -Errno.EINVAL;
    if (to > this.size || from + size > to) return -Errno.EINVAL;
    if (from + size === to && (flags & BUDDY_RANGE) !== 0) return this.allocRange(from, to);
    if ((flags & BUDDY_CONTIGUOUS) !== 0) return this.allocContiguous(from, to, size, minBlock, flags);
    if (size % minBlock !== 0) return -Errno.EINVAL;
    return this.allocScattered(from, to, size, minBlock, flags);
  }

  /** Gives blocks back. @param cleared their bytes are zero */
  free(blocks: readonly BuddyBlock[], cleared: boolean = false): void {
    for (const block of blocks) {
      invariant(block.state === "allocated", "a buddy block is freed once");
      block.clear = cleared;
      this.avail += this.bytes(block);
      if (cleared) this.clearAvail += this.bytes(block);
      this.settle(block, false);
    }
  }

  /**
   * Cuts one allocated block (or a run of them) down to `size` bytes from its start; the rest is free again.
   * @returns -EINVAL: not aligned, or larger than what is there; else the blocks left
   */
  trim(blocks: readonly BuddyBlock[], size: number): BuddyBlock[] | number {
    const have = blocks.reduce((sum, block) => sum + this.bytes(block), 0);
    if (size <= 0 || size % this.chunk !== 0 || size > have) return -Errno.EINVAL;
    const kept: BuddyBlock[] = [];
    let left = size;
    for (const block of [...blocks].toSorted((a, b) => a.offset - b.offset)) {
      if (left >= this.bytes(block)) {
        kept.push(block);
        left -= this.bytes(block);
        continue;
      }
      if (left === 0) {
        this.free([block], block.clear);
        continue;
      }
      const { clear } = block;
      this.free([block], clear);
      const part = this.allocRange(block.offset, block.offset + left);
      invariant(typeof part !== "number", "what was just freed can be taken again");
      kept.push(...part);
      left = 0;
    }
    return kept;
  }

  /** Free blocks by order: for the debugfs dump. */
  freeCounts(): readonly { readonly order: number; readonly count: number; readonly bytes: number }[] {
    return this.lists.map(([dirty, clear], order) => ({ order, count: dirty.length + clear.length, bytes: (dirty.length + clear.length) * this.chunk * 2 ** order }));
  }

  checkInvariants(): void {
    let free = 0;
    let zero = 0;
    const visit = (block: BuddyBlock): void => {
      if (block.state === "split") {
        const { left, right } = block;
        invariant(left !== null && right !== null, "a split block has halves");
        invariant(!(left.state === "free" && right.state === "free" && left.clear === right.clear), "two free buddies of equal cleanness are merged");
        invariant(left.offset === block.offset && right.offset === block.offset + this.bytes(left), "halves fill their parent");
        visit(left);
        visit(right);
        return;
      }
      invariant((block.offset - this.rootOf(block).offset) % this.bytes(block) === 0, "a block is aligned to its size");
      if (block.state !== "free") return;
      free += this.bytes(block);
      zero += block.clear ? this.bytes(block) : 0;
      invariant(this.listOf(block).includes(block), "a free block is on the list of its order");
    };
    for (const root of this.roots) visit(root);
    invariant(free === this.avail && zero === this.clearAvail, "free bytes are the sum of the free blocks");
  }

  private rootOf(block: BuddyBlock): BuddyBlock {
    let at = block;
    while (at.parent !== null) at = at.parent;
    return at;
  }

  private listOf(block: BuddyBlock): BuddyBlock[] {
    return this.lists[block.order]![block.clear ? 1 : 0];
  }

  private add(block: BuddyBlock): void {
    block.state = "free";
    const list = this.listOf(block);
    let at = list.length;
    while (at > 0 && list[at - 1]!.offset > block.offset) at--;
    list.splice(at, 0, block);
  }

  private remove(block: BuddyBlock): void {
    const list = this.listOf(block);
    list.splice(list.indexOf(block), 1);
  }

  /** Puts a block among the free ones, merged as far as it goes. @param force also with a buddy of other cleanness; the result is not known to be zero */
  private settle(block: BuddyBlock, force: boolean): BuddyBlock {
    let at = block;
    for (;;) {
      const { buddy, parent } = at;
      if (parent === null || buddy === null || buddy.state !== "free" || mutant("buddy-never-merges")) break;
      if (buddy.clear !== at.clear) {
        if (!force) break;
        if (buddy.clear) this.clearAvail -= this.bytes(buddy);
        else this.clearAvail -= this.bytes(at);
      }
      this.remove(buddy);
      parent.clear = buddy.clear && at.clear;
      parent.left = parent.right = null;
      at = parent;
    }
    this.add(at);
    return at;
  }

  private split(block: BuddyBlock): void {
    const half = block.order - 1;
    block.state = "split";
    block.left = new BuddyBlock(block.offset, half, block);
    block.right = new BuddyBlock(block.offset + this.chunk * 2 ** half, half, block);
    for (const part of [block.left, block.right]) {
      part.clear = block.clear;
      this.add(part);
    }
  }

  private take(block: BuddyBlock): BuddyBlock {
    this.remove(block);
    block.state = "allocated";
    this.avail -= this.bytes(block);
    if (block.clear) this.clearAvail -= this.bytes(block);
    return block;
  }

  /** A free block of exactly `order` whose range lies in [from, to): the smallest that holds one is halved. Null: none. */
  private find(from: number, to: number, order: number, flags: number): BuddyBlock | null {
    const wanted = (flags & BUDDY_CLEAR) !== 0 && !mutant("buddy-ignores-clear") ? 1 : 0;
    const topDown = (flags & BUDDY_TOPDOWN) !== 0;
    for (const kind of [wanted, 1 - wanted]) {
      for (let o = order; o <= this.maxOrder; o++) {
        const list = this.lists[o]![kind as 0 | 1];
        for (let i = 0; i < list.length; i++) {
          const block = list[topDown ? list.length - 1 - i : i]!;
          if (this.fits(block, from, to, order)) return this.descend(block, from, to, order, topDown);
        }
      }
    }
    return null;
  }

  /** Whether a part of 2^order chunks of the block lies in [from, to). */
  private fits(block: BuddyBlock, from: number, to: number, order: number): boolean {
    const bytes = this.chunk * 2 ** order;
    const low = Math.max(block.offset, from);
    const first = block.offset + Math.ceil((low - block.offset) / bytes) * bytes;
    return first + bytes <= Math.min(block.offset + this.bytes(block), to);
  }

  private descend(block: BuddyBlock, from: number, to: number, order: number, topDown: boolean): BuddyBlock {
    let at = block;
    while (at.order > order) {
      this.remove(at);
      this.split(at);
      const [first, second] = topDown ? [at.right!, at.left!] : [at.left!, at.right!];
      at = this.fits(first, from, to, order) ? first : second;
    }
    return at;
  }

  private allocScattered(from: number, to: number, size: number, minBlock: number, flags: number): BuddyBlock[] | number {
    const minOrder = Math.log2(minBlock / this.chunk);
    const got: BuddyBlock[] = [];
    let left = size / this.chunk;
    let order = Math.min(Math.floor(Math.log2(left)), this.maxOrder);
    let forced = false;
    while (left > 0) {
      order = Math.min(order, Math.floor(Math.log2(left)));
      const block = order < minOrder ? null : this.find(from, to, order, flags);
      if (block !== null) {
        got.push(this.take(block));
        left -= 2 ** block.order;
      } else if (order > minOrder) {
        order--;
      } else if (!forced && this.forceMerge()) {
        forced = true;
        order = Math.min(Math.floor(Math.log2(left)), this.maxOrder);
      } else {
        for (const taken of got) this.free([taken], taken.clear);
        return -Errno.ENOSPC;
      }
    }
    return got;
  }

  private allocContiguous(from: number, to: number, size: number, minBlock: number, flags: number): BuddyBlock[] | number {
    const order = Math.ceil(Math.log2(Math.max(size, minBlock) / this.chunk));
    let block = order > this.maxOrder ? null : this.find(from, to, order, flags);
    if (block === null && this.forceMerge() && order <= this.maxOrder) block = this.find(from, to, order, flags);
    if (block === null) return this.tryHarder(from, to, size, minBlock);
    const taken = [this.take(block)];
    if ((flags & BUDDY_TRIM_DISABLE) !== 0 || this.bytes(block) === size) return taken;
    return this.trim(taken, size);
  }

  /** No block is large enough, but neighbours may be: a run of free memory of any shape. */
  private tryHarder(from: number, to: number, size: number, align: number): BuddyBlock[] | number {
    let start = -1;
    let at = -1;
    for (const block of this.lists.flatMap(([dirty, clear]) => [...dirty, ...clear]).toSorted((a, b) => a.offset - b.offset)) {
      const low = Math.max(block.offset, from);
      const end = Math.min(block.offset + this.bytes(block), to);
      if (low >= end) continue;
      if (block.offset !== at || start < 0) start = Math.ceil(low / align) * align;
      at = block.offset + this.bytes(block);
      if (end - start >= size) return this.allocRange(start, start + size);
    }
    return -Errno.ENOSPC;
  }

  /** Exactly [from, to). -ENOSPC unless all of it is free. */
  private allocRange(from: number, to: number): BuddyBlock[] | number {
    const inside: BuddyBlock[] = [];
    const visit = (block: BuddyBlock): boolean => {
      const end = block.offset + this.bytes(block);
      if (end <= from || block.offset >= to) return true;
      if (block.state === "allocated") return false;
      if (block.offset >= from && end <= to && block.state === "free") {
        inside.push(block);
        return true;
      }
      if (block.state === "free") {
        this.remove(block);
        this.split(block);
      }
      return visit(block.left!) && visit(block.right!);
    };
    for (const root of this.roots) {
      if (visit(root)) continue;
      this.mergeAll();
      return -Errno.ENOSPC;
    }
    return inside.map((block) => this.take(block));
  }

  /** Undoes halvings that nobody needed. */
  private mergeAll(): void {
    for (const [dirty, clear] of this.lists) {
      for (const block of [...dirty, ...clear]) {
        if (block.state !== "free" || block.buddy?.state !== "free" || block.buddy.clear !== block.clear) continue;
        this.remove(block);
        this.settle(block, false);
      }
    }
  }

  /** Merges free buddies of different cleanness too. False: there were none. */
  private forceMerge(): boolean {
    let merged = false;
    for (const [dirty, clear] of this.lists) {
      for (const block of [...dirty, ...clear]) {
        const { buddy } = block;
        if (!dirty.includes(block) && !clear.includes(block)) continue;
        if (buddy === null || buddy.state !== "free" || buddy.clear === block.clear) continue;
        this.remove(block);
        this.settle(block, true);
        merged = true;
      }
    }
    return merged;
  }
}

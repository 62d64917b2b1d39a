import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import { OrderedSet } from "../ordered.ts";

/**
 * Where DrmMm looks for a hole (enum drm_mm_insert_mode): the smallest that is large enough, the lowest or highest address, or the hole that was made last
 * (after an eviction scan). `once`: only the first hole in that order is tried.
 */
export type MmMode = "best" | "low" | "high" | "evict";

/** One allocated range (struct drm_mm_node). */
export interface MmNode {
  readonly start: number;
  readonly size: number;
  readonly color: number;
}

/** The part of a hole that may be used, given its neighbours' colours (null: the end of the range). */
export type ColorAdjust = (before: MmNode | null, after: MmNode | null, color: number, hole: { start: number; end: number }) => void;

/** A node among its neighbours. */
interface Linked extends MmNode {
  before: Linked | null;
  after: Linked | null;
}

interface Hole {
  readonly start: number;
  readonly end: number;
  readonly before: MmNode | null;
  readonly after: MmNode | null;
}

/** What is to be inserted. Alignment 0 or 1: none. */
export interface MmRequest {
  readonly size: number;
  readonly alignment?: number;
  readonly color?: number;
  readonly start?: number;
  readonly end?: number;
  readonly mode?: MmMode;
  readonly once?: boolean;
}

/**
 * Range allocator with holes (drivers/gpu/drm/drm_mm.c): nodes of any size in one range, with colours that neighbours may have to keep away from, and a scan that finds
 * which nodes to evict for a hole.
 */
export class DrmMm {
  readonly start: number;
  readonly size: number;
  private readonly list: OrderedSet<Linked> = new OrderedSet((a, b) => a.start - b.start);
  private readonly byStart: OrderedSet<Hole> = new OrderedSet((a, b) => a.start - b.start);
  private readonly bySize: OrderedSet<Hole> = new OrderedSet((a, b) => a.end - a.start - (b.end - b.start) || a.start - b.start);
  private unused: number;
  private readonly adjust: ColorAdjust | null;
  /** End of the node that was removed last, for "evict": its hole is tried first. */
  private lastFreed = -1;
  private scanning: MmScan | null = null;

  /** @param adjust how colours keep apart; null: they do not */
  constructor(start: number, size: number, adjust: ColorAdjust | null = null) {
    invariant(size > 0, "a range to allocate from is not empty");
    this.start = start;
    this.size = size;
    this.adjust = adjust;
    this.unused = size;
    this.dig(null, null);
  }

  /** Allocated ranges, ascending. */
  get nodes(): readonly MmNode[] {
    return [...this.list.from()];
  }

  /** Free ranges, ascending. */
  holes(): Generator<Hole> {
    return this.byStart.from();
  }

  /** Bytes (or pages, as the user counts) not allocated. */
  get free(): number {
    return this.unused;
  }

  /** Finds room. -ENOSPC: there is none that fits range, alignment and colours. */
  insert(request: MmRequest): MmNode | number {
    invariant(this.scanning === null, "nothing is inserted during an eviction scan");
    const { size, alignment = 0, color = 0, start = this.start, end = this.start + this.size, mode = "best", once = false } = request;
    if (!(size > 0) || end - start < size) return -Errno.ENOSPC;
    for (const hole of this.ordered(mode, size)) {
      const at = this.placeIn(hole, size, alignment, color, start, end, mode === "high");
      if (at !== null) return this.fill(hole, { start: at, size, color });
      if (once) break;
    }
    return -Errno.ENOSPC;
  }

  /** Takes exactly this range. -ENOSPC: something is there, or the neighbours' colours forbid it. */
  reserve(start: number, size: number, color: number = 0): MmNode | number {
    invariant(this.scanning === null, "nothing is reserved during an eviction scan");
    const hole = this.byStart.firstWhere((at) => at.end > start);
    if (hole === null || hole.start > start || hole.end < start + size) return -Errno.ENOSPC;
    const usable = { start: hole.start, end: hole.end };
    this.adjust?.(hole.before, hole.after, color, usable);
    if (size <= 0 || usable.start > start || usable.end < start + size) return -Errno.ENOSPC;
    return this.fill(hole, { start, size, color });
  }

  /** Gives a range back. */
  remove(node: MmNode): void {
    const linked = this.list.firstWhere((at) => at.start >= node.start);
    invariant(linked === node, "a range is given back once");
    this.list.delete(linked);
    const { before, after } = linked;
    for (const [left, right] of [[before, linked], [linked, after]] as const) {
      const hole = this.between(left, right);
      if (hole !== null) this.forget(hole);
    }
    if (before !== null) before.after = after;
    if (after !== null) after.before = before;
    this.dig(before, after);
    this.unused += node.size;
    this.lastFreed = node.start;
  }

  /** Begins to look for nodes to evict; see MmScan. Until it is over the allocator may not be used otherwise. */
  scan(request: MmRequest): MmScan {
    invariant(this.scanning === null, "one eviction scan at a time");
    this.scanning = new MmScan(this, request, () => (this.scanning = null));
    return this.scanning;
  }

  /** Where in [from, to) of a hole of these neighbours a request would lie, or null. */
  placeIn(hole: Hole, size: number, alignment: number, color: number, start: number, end: number, high: boolean): number | null {
    const usable = { start: hole.start, end: hole.end };
    this.adjust?.(hole.before, hole.after, color, usable);
    const low = Math.max(usable.start, start);
    const top = Math.min(usable.end, end);
    if (top - low < size) return null;
    const align = alignment > 1 && !mutant("drm-mm-ignores-alignment") ? alignment : 1;
    const at = high ? Math.floor((top - size) / align) * align : Math.ceil(low / align) * align;
    return at < low || at + size > top ? null : at;
  }

  checkInvariants(): void {
    let at = this.start;
    let free = 0;
    let before: Linked | null = null;
    for (const node of this.list.from()) {
      invariant(node.size > 0 && node.start >= at, "allocated ranges are disjoint and ascending");
      invariant(node.before === before && (before === null || before.after === node), "allocated ranges know their neighbours");
      free += node.start - at;
      at = node.start + node.size;
      before = node;
    }
    invariant(at <= this.start + this.size, "allocated ranges are inside the whole");
    free += this.start + this.size - at;
    invariant(free === this.unused && this.bySize.size === this.byStart.size, "holes are what is not allocated");
    let sum = 0;
    for (const hole of this.byStart.from()) sum += hole.end - hole.start;
    invariant(sum === free, "each free range is a hole");
  }

  /** Puts a node into a hole; what is left on its sides are holes. */
  private fill(hole: Hole, { start, size, color }: MmNode): MmNode {
    this.forget(hole);
    const node: Linked = { start, size, color, before: hole.before as Linked | null, after: hole.after as Linked | null };
    if (node.before !== null) node.before.after = node;
    if (node.after !== null) node.after.before = node;
    this.list.add(node);
    this.unused -= size;
    this.dig(node.before, node);
    this.dig(node, node.after);
    return node;
  }

  /** The hole between neighbours, as it would be. */
  private gap(before: Linked | null, after: Linked | null): Hole {
    return { start: before === null ? this.start : before.start + before.size, end: after === null ? this.start + this.size : after.start, before, after };
  }

  /** The hole between neighbours that is there. */
  private between(before: Linked | null, after: Linked | null): Hole | null {
    const gap = this.gap(before, after);
    return gap.end > gap.start ? this.byStart.firstWhere((at) => at.start >= gap.start) : null;
  }

  private dig(before: Linked | null, after: Linked | null): void {
    const hole = this.gap(before, after);
    if (hole.end <= hole.start) return;
    this.byStart.add(hole);
    this.bySize.add(hole);
  }

  private forget(hole: Hole): void {
    this.byStart.delete(hole);
    this.bySize.delete(hole);
  }

  private ordered(mode: MmMode, size: number): Iterable<Hole> {
    if (mode === "high") return this.byStart.backwards();
    if (mode === "best") return this.bySize.from((hole) => hole.end - hole.start >= size);
    if (mode === "evict") return [...this.holes()].toSorted((a, b) => Number(this.wasFreed(b)) - Number(this.wasFreed(a)));
    return this.holes();
  }

  private wasFreed(hole: Hole): boolean {
    return hole.start <= this.lastFreed && this.lastFreed < hole.end;
  }
}

/**
 * Search for nodes to evict (struct drm_mm_scan): nodes are added in the order in which one would part with them, until those added make a hole; then each is taken out again,
 * in reverse, and answers whether it has to go.
 */
export class MmScan {
  private readonly mm: DrmMm;
  private readonly request: MmRequest;
  private readonly added: MmNode[] = [];
  private readonly over: () => void;
  /** Where the hole will be; null until there is one. */
  hit: { readonly start: number; readonly end: number } | null = null;

  constructor(mm: DrmMm, request: MmRequest, over: () => void) {
    this.mm = mm;
    this.request = request;
    this.over = over;
  }

  /** @returns true when what was added so far makes a hole that fits */
  addBlock(node: MmNode): boolean {
    invariant(this.mm.nodes.includes(node) && !this.added.includes(node), "a node is scanned once, while it is allocated");
    this.added.push(node);
    const { size, alignment = 0, color = 0, start = this.mm.start, end = this.mm.start + this.mm.size, mode = "best" } = this.request;
    const keep = this.mm.nodes.filter((other) => !this.added.includes(other));
    const before = keep.findLast((other) => other.start < node.start) ?? null;
    const after = keep.find((other) => other.start > node.start) ?? null;
    const hole = { start: before === null ? this.mm.start : before.start + before.size, end: after?.start ?? this.mm.start + this.mm.size, before, after };
    const at = this.mm.placeIn(hole, size, alignment, color, start, end, mode === "high");
    if (at !== null) this.hit = { start: at, end: at + size };
    return at !== null;
  }

  /** Takes the node that was added last out again. @returns true: it lies in the hole and must be evicted */
  removeBlock(node: MmNode): boolean {
    invariant(this.added.at(-1) === node, "scanned nodes are taken out in reverse");
    this.added.pop();
    if (this.added.length === 0) this.over();
    return this.hit !== null && node.start < this.hit.end && node.start + node.size > this.hit.start;
  }

  /** After all blocks were taken out: a neighbour of the hole that must go too because of its colour, or null. */
  colorEvict(adjust: ColorAdjust): MmNode | null {
    if (this.hit === null) return null;
    const { hit } = this;
    const rest = this.mm.nodes.filter((node) => node.start + node.size <= hit.start || node.start >= hit.end);
    const before = rest.findLast((node) => node.start < hit.start) ?? null;
    const after = rest.find((node) => node.start >= hit.end) ?? null;
    const usable = { start: before === null ? this.mm.start : before.start + before.size, end: after?.start ?? this.mm.start + this.mm.size };
    adjust(before, after, this.request.color ?? 0, usable);
    return usable.start > hit.start ? before : usable.end < hit.end ? after : null;
  }
}

/** Disjoint ranges of numbers, ascending; neighbours are one. */
export class Spans {
  /** Start and end of each, in turn. */
  private readonly edges: number[] = [];
  private lastStart = 0;
  private lastEnd = 0;

  /** Whether nothing is in it. */
  get empty(): boolean {
    return this.edges.length === 0;
  }

  /** Adds [start, end). */
  add(start: number, end: number): void {
    if (start >= this.lastStart && end <= this.lastEnd) return;
    const { edges } = this;
    const from = this.count(start, false);
    const to = this.count(end, true);
    const low = (from & 1) === 1 ? edges[from - 1]! : start;
    const high = (to & 1) === 1 ? edges[to]! : end;
    const first = from & ~1;
    edges.splice(first, ((to + 1) & ~1) - first, low, high);
    this.lastStart = low;
    this.lastEnd = high;
  }

  /** Takes [start, end) out. */
  remove(start: number, end: number): void {
    this.lastStart = this.lastEnd = 0;
    const { edges } = this;
    const from = this.count(start, false);
    const to = this.count(end, true);
    edges.splice(from, to - from, ...((from & 1) === 1 ? [start] : []), ...((to & 1) === 1 ? [end] : []));
  }

  /** Whether a number is in it. */
  has(at: number): boolean {
    return (this.count(at, true) & 1) === 1;
  }

  /** Whether all of [start, end) is in it. */
  covers(start: number, end: number): boolean {
    const i = this.count(start, true);
    return (i & 1) === 1 && this.edges[i]! >= end;
  }

  /** The ranges: start and end of each. */
  *all(): Generator<readonly [number, number]> {
    for (let i = 0; i < this.edges.length; i += 2) yield [this.edges[i]!, this.edges[i + 1]!];
  }

  /** How many edges lie before `at` (or at it, when `inclusive`). */
  private count(at: number, inclusive: boolean): number {
    const { edges } = this;
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (edges[middle]! < at || (inclusive && edges[middle] === at)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

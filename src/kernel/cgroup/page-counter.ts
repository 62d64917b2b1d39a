import { invariant } from "../errors.ts";

/** No limit (PAGE_COUNTER_MAX). */
export const NO_LIMIT: number = Number.MAX_SAFE_INTEGER;

/**
 * A hierarchical counter with limits and protections (mm/page_counter.c): what is charged to one is charged to all its ancestors.
 * Units are whatever the controller counts: bytes for device memory, processes for pids.
 */
export class PageCounter {
  readonly parent: PageCounter | null;
  usage = 0;
  /** Highest usage ever. */
  peak = 0;
  max: number = NO_LIMIT;
  private minimum = 0;
  private lowest = 0;
  /** Effective protections, as the last calculateProtection() left them. */
  emin = 0;
  elow = 0;
  private childrenMin = 0;
  private childrenLow = 0;

  constructor(parent: PageCounter | null) {
    this.parent = parent;
  }

  get min(): number {
    return this.minimum;
  }

  set min(value: number) {
    this.protect(() => {
      this.minimum = value;
    });
  }

  get low(): number {
    return this.lowest;
  }

  set low(value: number) {
    this.protect(() => {
      this.lowest = value;
    });
  }

  /** Charges `n` here and in every ancestor, or nowhere. Returns the counter whose limit stands in the way, or null. */
  tryCharge(n: number): PageCounter | null {
    const stopped = this.limiting(n);
    if (stopped === null) this.charge(n);
    return stopped;
  }

  /** Charges without asking for limits. */
  charge(n: number): void {
    this.change(n);
    this.parent?.charge(n);
  }

  /** Takes a charge back, here and in every ancestor. */
  uncharge(n: number): void {
    invariant(this.usage >= n, "no more is uncharged than was charged");
    this.change(-n);
    this.parent?.uncharge(n);
  }

  /** Usage of the children that their `min` (or `low`) protects. */
  protectedByChildren(kind: "min" | "low"): number {
    return kind === "min" ? this.childrenMin : this.childrenLow;
  }

  /**
   * Works out `emin` and `elow` below `root` (page_counter_calculate_protection with recursive protection). Parents first.
   */
  calculateProtection(root: PageCounter): void {
    if (root === this) {
      this.emin = 0;
      this.elow = 0;
      return;
    }
    if (this.usage === 0) return;
    const parent = this.parent!;
    if (parent === root) {
      this.emin = this.minimum;
      this.elow = this.lowest;
      return;
    }
    this.emin = effective(this.usage, parent.usage, this.minimum, parent.emin, parent.childrenMin);
    this.elow = effective(this.usage, parent.usage, this.lowest, parent.elow, parent.childrenLow);
  }

  /** The first counter, going up, whose limit `n` more would exceed. */
  private limiting(n: number): PageCounter | null {
    return this.usage + n > this.max ? this : (this.parent?.limiting(n) ?? null);
  }

  private change(n: number): void {
    this.protect(() => {
      this.usage += n;
      if (this.usage > this.peak) this.peak = this.usage;
    });
  }

  /** Keeps the parent's sums of protected usage right over a change of ours. */
  private protect(change: () => void): void {
    const min = Math.min(this.usage, this.minimum);
    const low = Math.min(this.usage, this.lowest);
    change();
    if (this.parent === null) return;
    this.parent.childrenMin += Math.min(this.usage, this.minimum) - min;
    this.parent.childrenLow += Math.min(this.usage, this.lowest) - low;
  }
}

/** A child's share of its parent's effective protection: what it claims and uses, scaled down when the siblings claim more than there is, and a part of what nobody claims. */
function effective(usage: number, parentUsage: number, setting: number, parentEffective: number, siblings: number): number {
  const claimed = Math.min(usage, setting);
  if (siblings > parentEffective) return Math.floor((claimed * parentEffective) / siblings);
  if (parentEffective > siblings && parentUsage > siblings && usage > claimed) {
    return claimed + Math.floor(((parentEffective - siblings) * (usage - claimed)) / (parentUsage - siblings));
  }
  return claimed;
}

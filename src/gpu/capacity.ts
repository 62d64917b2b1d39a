import { invariant } from "../kernel/errors.ts";

/** A quantity of bytes that is promised piece by piece: a GPU's memory, the machine's RAM. */
export class Capacity {
  readonly total: number;
  used = 0;
  /** Highest value of `used` so far. */
  peak = 0;

  constructor(total: number) {
    this.total = total;
  }

  get free(): number {
    return this.total - this.used;
  }

  /** Takes `bytes`; false when there are not so many left. */
  charge(bytes: number): boolean {
    if (this.used + bytes > this.total) return false;
    this.used += bytes;
    if (this.used > this.peak) this.peak = this.used;
    return true;
  }

  uncharge(bytes: number): void {
    this.used -= bytes;
    invariant(this.used >= 0, "more bytes given back than were taken");
  }
}

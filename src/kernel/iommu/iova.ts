/** First I/O address given out, so that 0 is never one. */
const FIRST_IOVA = 2 ** 32;

/**
 * The I/O addresses of one domain. A strict domain's are never used again, so that a stale number never means something new; a lazy domain gives them back
 * after a flush (`free`), and they are used again, the latest first.
 */
export class IovaSpace {
  private readonly page: number;
  private cursor = FIRST_IOVA;
  private readonly spare: Map<number, number[]> = new Map();

  /** @param page smallest unit, bytes */
  constructor(page: number) {
    this.page = page;
  }

  /** A range of at least `bytes`. */
  allocate(bytes: number): number {
    const size = Math.ceil(bytes / this.page) * this.page;
    const again = this.spare.get(size)?.pop();
    if (again !== undefined) return again;
    const iova = this.cursor;
    this.cursor += size;
    return iova;
  }

  /** Gives a range back. */
  free(iova: number, bytes: number): void {
    const same = this.spare.get(bytes);
    if (same === undefined) this.spare.set(bytes, [iova]);
    else same.push(iova);
  }
}

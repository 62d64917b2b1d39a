/** Unmapped ranges that wait for one flush of the IOTLB (IOVA_DEFAULT_FQ_SIZE of drivers/iommu/dma-iommu.c). */
export const FLUSH_QUEUE_ENTRIES = 256;
/** Longest time that they wait, ns (IOVA_FQ_TIMEOUT, 10 ms). */
export const FLUSH_QUEUE_TIMEOUT_NS = 10_000_000;

/** Time and events of the machine. */
export interface FlushTimer {
  readonly clock: { readonly now: number };
  readonly events: { at(time: number, run: () => void, label: string): object; cancel(event: object): void };
}

/** Ranges whose translations may still be in the IOTLB: their addresses are not given out before the flush. */
export class FlushQueue {
  private readonly timer: FlushTimer;
  private readonly flushAll: (ranges: readonly (readonly [number, number])[]) => void;
  private waiting: (readonly [number, number])[] = [];
  private event: object | null = null;

  /** @param flush flushes the IOTLB, then may give the addresses out again */
  constructor(timer: FlushTimer, flush: (ranges: readonly (readonly [number, number])[]) => void) {
    this.timer = timer;
    this.flushAll = flush;
  }

  /** Ranges that wait: start and bytes. */
  get pending(): readonly (readonly [number, number])[] {
    return this.waiting;
  }

  /** A range was unmapped. */
  add(start: number, bytes: number): void {
    this.waiting.push([start, bytes]);
    if (this.waiting.length >= FLUSH_QUEUE_ENTRIES) this.flush();
    else this.event ??= this.timer.events.at(this.timer.clock.now + FLUSH_QUEUE_TIMEOUT_NS, () => {
      this.event = null;
      this.flush();
    }, "iommu flush queue");
  }

  flush(): void {
    if (this.event !== null) this.timer.events.cancel(this.event);
    this.event = null;
    const ranges = this.waiting;
    this.waiting = [];
    this.flushAll(ranges);
  }
}

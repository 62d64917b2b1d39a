import type { Site } from "../../compiler/abi.ts";

/** Faults that are serviced in one go (UVM's uvm_perf_fault_batch_count). */
export const BATCH_FAULTS = 256;

/** What servicing costs, ns; `bandwidth` in bytes/s. */
export interface BatchCosts {
  /** One batch: interrupt, fetch, replay. */
  readonly batch: number;
  readonly page: number;
  /** Setting up the copy of one block. */
  readonly block: number;
  readonly bandwidth: number;
}

/**
 * The faults of a GPU on their way through the service. Faults of different work-items gather in a batch: one that faults again has seen the replay of
 * the last, so a new batch begins. What it all takes is asked for when the slice of work is over.
 */
export class FaultBatches {
  private readonly costs: BatchCosts;
  private readonly waiting: Set<string> = new Set();
  private faults = 0;
  private ns = 0;
  /** Since the machine was made. */
  readonly counts = { faults: 0, batches: 0, pages: 0, bytes: 0 };

  constructor(costs: BatchCosts) {
    this.costs = costs;
  }

  /** A work-item faults. */
  fault(site: Site): void {
    const who = `${site.block.join()}/${site.thread.join()}`;
    if (this.faults === BATCH_FAULTS || this.waiting.has(who)) this.replay();
    this.waiting.add(who);
    this.faults++;
    this.counts.faults++;
  }

  /** Pages were made accessible; `bytes` of them crossed the bus in `blocks` copies. */
  serviced(pages: number, bytes: number, blocks: number): void {
    this.ns += pages * this.costs.page + blocks * this.costs.block + (bytes / this.costs.bandwidth) * 1e9;
    this.counts.pages += pages;
    this.counts.bytes += bytes;
  }

  /** A processor is made to wait. */
  nap(ns: number): void {
    this.ns += ns;
  }

  /** Time since it was last asked for; the work that faulted takes so much longer. */
  take(): number {
    if (this.faults > 0) this.replay();
    const ns = Math.ceil(this.ns);
    this.ns = 0;
    return ns;
  }

  private replay(): void {
    this.ns += this.costs.batch;
    this.counts.batches++;
    this.faults = 0;
    this.waiting.clear();
  }
}

import type { DmaFence } from "./fence.ts";
import type { DmaResv, Usage } from "./resv.ts";

/**
 * A walk over a reservation's unsignaled fences without its lock (dma_resv_for_each_fence_unlocked): when the reservation changes between two steps, it begins again,
 * and says so, so that the caller can forget what it gathered.
 */
export class ResvCursor {
  /** Whether the fence just given is the first of a new beginning (dma_resv_iter_is_restarted): also true for the very first. */
  restarted = true;
  private readonly resv: DmaResv;
  private readonly usage: Usage;
  private version = -1;
  private found: readonly DmaFence[] = [];
  private at = 0;

  constructor(resv: DmaResv, usage: Usage) {
    this.resv = resv;
    this.usage = usage;
  }

  /** The next unsignaled fence, or null at the end. */
  next(): DmaFence | null {
    this.restarted = this.version !== this.resv.version;
    if (this.restarted) {
      this.found = this.resv.fences(this.usage);
      this.at = 0;
      this.version = this.resv.version;
    }
    while (this.at < this.found.length) {
      const fence = this.found[this.at++]!;
      if (!fence.signaled) return fence;
    }
    return null;
  }
}

import type { DmaFence } from "./fence.ts";

/**
 * What a fence on a buffer means, from the strictest on. A query with one usage gives the fences of that and of all stricter ones.
 * - `kernel`: memory management (moves, clears); everybody waits for it.
 * - `write`, `read`: use by jobs with implicit synchronisation.
 * - `bookkeep`: use that orders itself; only freeing and moving wait for it.
 */
export const Usage = { kernel: 0, write: 1, read: 2, bookkeep: 3 } as const;
/** One of the values of Usage. */
export type Usage = (typeof Usage)[keyof typeof Usage];

/** What somebody who is about to read or to write must wait for (dma_resv_usage_rw): a writer for all users, a reader for writers. */
export function usageFor(write: boolean): Usage {
  return write ? Usage.read : Usage.write;
}

interface Entry {
  fence: DmaFence;
  usage: Usage;
}

/** The fences on one buffer (struct dma_resv), shared by every device and file that has the buffer. */
export class DmaResv {
  private entries: Entry[] = [];

  /** Adds a fence. It takes the place of a signaled one, or of an earlier one of the same context and not stricter usage. */
  add(fence: DmaFence, usage: Usage): void {
    fence.get();
    for (const entry of this.entries) {
      const sameLine = entry.fence.context === fence.context && entry.usage >= usage && entry.fence.seqno <= fence.seqno;
      if (!sameLine && !entry.fence.signaled) continue;
      entry.fence.put();
      entry.fence = fence;
      entry.usage = usage;
      return;
    }
    this.entries.push({ fence, usage });
  }

  /** Unsignaled fences of this usage and all stricter ones. */
  fences(usage: Usage): readonly DmaFence[] {
    return this.entries.filter((entry) => entry.usage <= usage && !entry.fence.signaled).map((entry) => entry.fence);
  }

  /** Whether nothing of this usage or stricter is outstanding. */
  idle(usage: Usage): boolean {
    return !this.entries.some((entry) => entry.usage <= usage && !entry.fence.signaled);
  }

  /** Lets go of all fences. */
  clear(): void {
    for (const entry of this.entries.splice(0)) entry.fence.put();
  }
}

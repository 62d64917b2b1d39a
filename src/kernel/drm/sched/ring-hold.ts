import type { DmaFence, FenceCallback } from "../../fence/fence.ts";

/** A job that the hardware has taken and holds back until what stands before it in the ring is over. */
export class RingHold implements FenceCallback {
  private pending = 0;
  private readonly go: () => void;

  /** Calls `go` when all fences have signaled; at once when they have already. Their references are put. */
  constructor(fences: readonly DmaFence[], go: () => void) {
    this.go = go;
    this.pending = 1;
    for (const fence of fences) {
      if (fence.addCallback(this) === 0) this.pending++;
      fence.put();
    }
    this.fenceSignaled();
  }

  fenceSignaled(): void {
    if (--this.pending === 0) this.go();
  }
}

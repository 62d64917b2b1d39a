import type { DmaFence, FenceCallback } from "../../fence/fence.ts";

/** A job that the hardware has taken and holds back until what stands before it in the ring is over. */
class RingHold implements FenceCallback {
  pending = 1;
  private readonly go: () => void;

  constructor(go: () => void) {
    this.go = go;
  }

  fenceSignaled(): void {
    if (--this.pending === 0) this.go();
  }
}

/** Calls `go` when all fences have signaled; at once when they have already. Their references are put. */
export function holdInRing(fences: readonly DmaFence[], go: () => void): void {
  const hold = new RingHold(go);
  for (const fence of fences) {
    if (fence.addCallback(hold) === 0) hold.pending++;
    fence.put();
  }
  hold.fenceSignaled();
}

import type { DmaFence, FenceCallback, FenceContext } from "./fence.ts";

/** Whether a fence array waits for all of its members or for the first. */
export type ArrayMode = "all" | "any";

/**
 * A fence over several (dma_fence_array): signals when all members have, or when any has. Its error is that of the first member to end badly before it signals.
 */
export class FenceArray implements FenceCallback {
  readonly fence: DmaFence;
  readonly members: readonly DmaFence[];
  private pending: number;
  private error = 0;

  /** @param members at least one; a reference to each is taken and kept until the array signals */
  constructor(context: FenceContext, members: readonly DmaFence[], mode: ArrayMode) {
    this.fence = context.emit();
    this.members = members.map((member) => member.get());
    this.pending = mode === "all" ? members.length : 1;
    for (const member of this.members) {
      if (this.fence.signaled) break;
      if (member.addCallback(this) !== 0) this.fenceSignaled(member);
    }
  }

  fenceSignaled(member: DmaFence): void {
    if (this.fence.signaled) return;
    if (this.error === 0) this.error = member.error;
    if (--this.pending > 0) return;
    if (this.error !== 0) this.fence.setError(this.error);
    this.fence.signal();
    for (const m of this.members) {
      m.removeCallback(this);
      m.put();
    }
  }
}

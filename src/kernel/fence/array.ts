import { mutant } from "../mutants.ts";
import type { DmaFence, FenceCallback, FenceContainer, FenceContext } from "./fence.ts";

/** Whether a fence array waits for all of its members or for the first. */
export type ArrayMode = "all" | "any";

/**
 * A fence over several (dma_fence_array): signals when all members have, or when any has. Its error is that of the first member to end badly before it signals.
 */
export class FenceArray implements FenceCallback, FenceContainer {
  readonly fence: DmaFence;
  readonly members: readonly DmaFence[];
  private pending: number;
  private error = 0;
  private latest = -1;

  /** @param members at least one; a reference to each is taken and kept until the array signals */
  constructor(context: FenceContext, members: readonly DmaFence[], mode: ArrayMode) {
    this.fence = context.emit();
    this.fence.container = this;
    this.members = members.map((member) => member.get());
    this.pending = mode === "all" && !mutant("fence-array-any") ? members.length : 1;
    for (const member of this.members) {
      if (this.fence.signaled) break;
      if (member.addCallback(this) !== 0) this.fenceSignaled(member);
    }
  }

  parts(): Iterable<DmaFence> {
    return this.members;
  }

  fenceSignaled(member: DmaFence): void {
    if (this.fence.signaled) return;
    if (this.error === 0) this.error = member.error;
    this.latest = Math.max(this.latest, member.timestamp);
    if (--this.pending > 0) return;
    if (this.error !== 0) this.fence.setError(this.error);
    this.fence.signal(this.latest);
    for (const m of this.members) {
      m.removeCallback(this);
      m.put();
    }
  }
}

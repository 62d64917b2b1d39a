import { Errno } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { DmaFence, FenceCallback, FenceContainer, FenceContext } from "./fence.ts";

/**
 * A node of a fence chain (dma_fence_chain): stands for its own fence and everything before it in the chain, so it signals when its own fence and all
 * earlier nodes have. Nodes that have signaled are forgotten by those after them, so that a long timeline stays a short chain.
 */
export class FenceChain implements FenceCallback, FenceContainer {
  /** Signals when everything up to here has. */
  readonly fence: DmaFence;
  /** The fence that this node adds. */
  readonly own: DmaFence;
  /** Number of the node before it, 0 for the first: also known when that node is forgotten. */
  readonly previousSeqno: number;
  private before: FenceChain | null;
  private pending = 0;

  /**
   * @param context of the chain; a node whose number does not grow needs one of its own
   * @param seqno higher than that of `previous`, when both are of one context
   */
  constructor(context: FenceContext, previous: FenceChain | null, own: DmaFence, seqno: number) {
    this.fence = context.emit(seqno);
    this.fence.container = this;
    this.before = previous;
    this.previousSeqno = previous !== null && previous.fence.context === context ? previous.seqno : 0;
    this.own = own.get();
    const parts = previous === null || mutant("chain-node-alone") ? [own] : [own, previous.fence];
    for (const part of parts) if (part.addCallback(this) === 0) this.pending++;
    if (this.pending === 0) this.finish();
  }

  get seqno(): number {
    return this.fence.seqno;
  }

  /** The node before it, as long as something before it is outstanding. Signaled nodes on the way are dropped (dma_fence_chain_walk). */
  get previous(): FenceChain | null {
    while (this.before !== null && this.before.fence.signaled) this.before = this.before.before;
    return this.before;
  }

  *parts(): Iterable<DmaFence> {
    const own = [this.own];
    for (let node = this.previous; node !== null; node = node.previous) own.push(node.own);
    yield* own.toReversed();
  }

  fenceSignaled(): void {
    if (--this.pending === 0) this.finish();
  }

  /** Lets go of the node and its own fence. */
  put(): void {
    this.own.put();
    this.fence.put();
  }

  private finish(): void {
    if (this.own.error !== 0) this.fence.setError(this.own.error);
    this.fence.signal(Math.max(this.own.timestamp, this.before?.fence.timestamp ?? -1));
  }
}

/**
 * The node that stands for point `seqno`: the first one whose number is not lower (dma_fence_chain_find_seqno). Null when all up to it has signaled (seqno 0 too).
 * @returns -EINVAL when the chain does not reach that far
 */
export function chainFind(last: FenceChain | null, seqno: number): FenceChain | null | number {
  if (seqno === 0) return null;
  if (last === null || last.seqno < seqno) return -Errno.EINVAL;
  let node = last;
  while (node.previousSeqno >= seqno) {
    if (node.previous === null || node.previous.fence.context !== node.fence.context) return null;
    if (node.previous.seqno < seqno) break;
    node = node.previous;
  }
  return node.fence.signaled ? null : node;
}

/** Each unsignaled fence that a chain is made of, oldest first, once. */
export function unwrapChain(last: FenceChain | null): readonly DmaFence[] {
  return last === null ? [] : [...new Set([...last.parts()].filter((fence) => !fence.signaled))];
}

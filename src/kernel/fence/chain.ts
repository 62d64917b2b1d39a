import { Errno } from "../errors.ts";
import type { DmaFence, FenceCallback, FenceContext } from "./fence.ts";

/**
 * A node of a fence chain (dma_fence_chain): stands for its own fence and everything before it in the chain, so it signals when its own fence and all
 * earlier nodes have.
 */
export class FenceChain implements FenceCallback {
  /** Signals when everything up to here has. */
  readonly fence: DmaFence;
  /** The fence that this node adds. */
  readonly own: DmaFence;
  readonly previous: FenceChain | null;
  private pending = 0;

  /** @param context of the chain; @param seqno higher than that of `previous` */
  constructor(context: FenceContext, previous: FenceChain | null, own: DmaFence, seqno: number) {
    this.fence = context.emit(seqno);
    this.previous = previous;
    this.own = own.get();
    for (const part of [own, ...(previous === null ? [] : [previous.fence])]) if (part.addCallback(this) === 0) this.pending++;
    if (this.pending === 0) this.finish();
  }

  get seqno(): number {
    return this.fence.seqno;
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
    this.fence.signal();
  }
}

/**
 * The node that stands for point `seqno`: the first one whose number is not lower. Null when all up to it has signaled (seqno 0 too).
 * @returns -EINVAL when the chain does not reach that far
 */
export function chainFind(last: FenceChain | null, seqno: number): FenceChain | null | number {
  if (seqno === 0) return null;
  if (last === null || last.seqno < seqno) return -Errno.EINVAL;
  let node = last;
  while (node.previous !== null && node.previous.seqno >= seqno) node = node.previous;
  return node.fence.signaled ? null : node;
}

/** Each unsignaled fence that a chain is made of, oldest first, once. */
export function unwrapChain(last: FenceChain | null): readonly DmaFence[] {
  const leaves: DmaFence[] = [];
  for (let node = last; node !== null; node = node.previous) if (!node.own.signaled && !leaves.includes(node.own)) leaves.push(node.own);
  return leaves.toReversed();
}

import { Errno } from "../errors.ts";
import { FenceChain } from "../fence/chain.ts";
import { DmaFence, type FenceContext } from "../fence/fence.ts";
import { mutant } from "../mutants.ts";
import type { PointState, Timeline } from "./timeline.ts";

interface Future {
  readonly point: number;
  readonly fence: DmaFence;
}

/**
 * Points that a program gives fences, or signals. A point is reached when its own fence and those of all points before it have signaled (a fence chain).
 * NON-SPEC: a fence of Linux may not depend on a program, so there a job cannot wait for a point that
 * has no fence yet (-EINVAL); user-mode drivers hold the job back in a thread of their own. Here it can, as with a monitored fence of Windows, and when the
 * timeline is abandoned the points that were never reached end with -ECANCELED, so that no wait is for ever.
 */
export class UserTimeline implements Timeline {
  reached = 0;
  last = 0;
  onAdd: (() => void) | null = null;
  private readonly context: FenceContext;
  /** Nodes of points that have fences and are not reached, oldest first. */
  private readonly nodes: FenceChain[] = [];
  /** Points waited for that have no fence yet, ascending. */
  private futures: Future[] = [];
  private failures: { readonly from: number; readonly to: number; readonly error: number }[] = [];
  private abandoned = false;

  constructor(context: FenceContext) {
    this.context = context;
  }

  /** The program reaches a point, as soon as all before it are. A point that lies behind changes nothing. @param error 0 or how it ends */
  signal(point: number, error: number): void {
    if (point <= this.last) return;
    if (this.nodes.length === 0 || mutant("timeline-signal-overtakes")) {
      this.last = point;
      this.reach(point, error);
      this.onAdd?.();
      return;
    }
    const { registry } = this.context;
    const fence = registry.context("syncobj", "stub").emit();
    if (error !== 0) fence.setError(error);
    fence.signal();
    this.add(point, fence);
    fence.put();
  }

  /**
   * Gives a point a fence (drm_syncobj_add_point). A point that is not later than the last is out of order: its fence only delays what comes after.
   *
   * @param fence what it waits for; a reference is taken
   */
  add(point: number, fence: DmaFence): void {
    const ordered = point > this.last;
    if (fence.signaled && this.nodes.length === 0) {
      if (ordered) {
        this.last = point;
        this.reach(point, fence.error);
      }
    } else {
      const context = ordered ? this.context : this.context.registry.context("syncobj", "timeline");
      const node = new FenceChain(context, this.nodes.at(-1) ?? null, fence, ordered ? point : this.last);
      if (ordered) this.last = point;
      this.nodes.push(node);
      if (node.fence.addCallback({ fenceSignaled: () => this.drain() }) !== 0) this.drain();
    }
    this.onAdd?.();
  }

  find(point: number): PointState {
    if (point <= this.reached) return point > 0 ? "reached" : "missing";
    const node = this.nodes.find((n) => n.seqno >= point);
    if (node !== undefined) return node.fence;
    if (this.abandoned) return "missing";
    let i = this.futures.length;
    while (i > 0 && this.futures[i - 1]!.point > point) i--;
    const known = this.futures[i - 1];
    if (known !== undefined && known.point === point) return known.fence;
    const fence = new DmaFence(this.context, point, null, true);
    this.futures.splice(i, 0, { point, fence });
    return fence;
  }

  tail(): DmaFence | null {
    return this.nodes.at(-1)?.fence ?? null;
  }

  errorAt(point: number): number {
    return this.failures.find((f) => point > f.from && point <= f.to)?.error ?? 0;
  }

  abandon(): void {
    this.abandoned = true;
    for (const { fence } of this.futures.splice(0)) end(fence, -Errno.ECANCELED);
  }

  /** Nodes signal in their order; what has is reached. */
  private drain(): void {
    while (this.nodes.length > 0 && this.nodes[0]!.fence.signaled) {
      const node = this.nodes.shift()!;
      this.reach(node.seqno, node.fence.error);
      node.put();
    }
  }

  private reach(point: number, error: number): void {
    if (point <= this.reached) return;
    if (error !== 0) this.failures.push({ from: this.reached, to: point, error });
    this.reached = point;
    let n = 0;
    while (n < this.futures.length && this.futures[n]!.point <= point) n++;
    for (const { fence } of this.futures.splice(0, n)) end(fence, error);
  }
}

function end(fence: DmaFence, error: number): void {
  if (error !== 0) fence.setError(error);
  fence.signal();
  fence.put();
}

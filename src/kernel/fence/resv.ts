import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { Blocking } from "../process/wait.ts";
import type { DmaFence } from "./fence.ts";
import { ResvCursor } from "./resv-cursor.ts";
import { WwClass, WwMutex } from "./ww-mutex.ts";

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
  if (mutant("resv-writer-ignores-readers")) return Usage.write;
  return write ? Usage.read : Usage.write;
}

/** All reservations are of one class, so that any set of them can be locked together (reservation_ww_class). */
export const reservationClass: WwClass = new WwClass("wait-die");

/** Fences that one reservation can have; more give -ENOMEM. */
export const MAX_RESV_FENCES = 65536;

/** One fence of a reservation. */
export interface ResvEntry {
  fence: DmaFence;
  usage: Usage;
}

/** The fences on one buffer (struct dma_resv), or on all private buffers of a VM, shared by every device and file that has the buffer. */
export class DmaResv {
  readonly lock: WwMutex = new WwMutex(reservationClass);
  /** Grows with every change: who looks without the lock sees that it must begin again. */
  sequence = 0;
  private entries: ResvEntry[] = [];
  private room = 0;
  /** Reservations of the VMs that map the buffer, and how often: their fences are the buffer's too. */
  private shared: Map<DmaResv, number> | null = null;

  /** Makes room for `n` more fences, so that adding cannot fail (dma_resv_reserve_fences). 0 or -ENOMEM. */
  reserve(n: number): number {
    this.dropSignaled();
    if (this.entries.length + n > MAX_RESV_FENCES) return -Errno.ENOMEM;
    this.room = Math.max(this.room, this.entries.length + n);
    return 0;
  }

  /**
   * Adds a fence; there must be room (dma_resv_add_fence). It takes the place of a signaled one, or of an earlier one of the same ordered context and not stricter usage.
   */
  add(fence: DmaFence, usage: Usage): void {
    const { entries } = this;
    for (const entry of entries) {
      const old = entry.fence;
      const sameLine = old.context === fence.context && fence.context.ordered && entry.usage >= usage && old.seqno <= fence.seqno;
      if (!sameLine && !old.signaled && !mutant("resv-drops-unsignaled")) continue;
      this.put(entry, fence, usage);
      return;
    }
    invariant(entries.length < this.room, "room for a fence is reserved before it is added");
    entries.push({ fence: fence.get(), usage });
    this.sequence++;
  }

  /** Makes room and adds: for callers that have no step between, and cannot fail. @returns 0 or -ENOMEM */
  publish(fence: DmaFence, usage: Usage): number {
    const result = this.reserve(1);
    if (result === 0) this.add(fence, usage);
    return result;
  }

  /** Every fence of a context gives way to another (dma_resv_replace_fences): a preemption fence to a page table update, say. */
  replace(contextId: number, fence: DmaFence, usage: Usage): void {
    for (const entry of this.entries) if (entry.fence.context.id === contextId) this.put(entry, fence, usage);
  }

  /** Forgets a fence that is over. */
  remove(fence: DmaFence): void {
    const at = this.entries.findIndex((entry) => entry.fence === fence);
    if (at < 0) return;
    this.entries.splice(at, 1);
    this.sequence++;
    fence.put();
  }

  /** A VM maps the buffer: what runs there uses it. */
  join(vm: DmaResv): void {
    if (vm === this) return;
    this.shared ??= new Map();
    this.shared.set(vm, (this.shared.get(vm) ?? 0) + 1);
    this.sequence++;
  }

  /** A mapping of a VM goes. With the last one what still runs there is remembered: it may yet use the buffer. */
  leave(vm: DmaResv): void {
    const n = this.shared?.get(vm);
    if (n === undefined) return;
    if (n > 1) {
      this.shared!.set(vm, n - 1);
      return;
    }
    this.shared!.delete(vm);
    for (const { fence, usage } of vm.entries) if (!fence.signaled) this.publish(fence, usage);
    this.sequence++;
  }

  /** Unsignaled fences of this usage and all stricter ones, each once. */
  fences(usage: Usage): readonly DmaFence[] {
    const found = new Set<DmaFence>();
    this.collect(usage, found);
    return [...found];
  }

  /** Whether nothing of this usage or stricter is outstanding (dma_resv_test_signaled). */
  idle(usage: Usage): boolean {
    const busy = (entry: ResvEntry): boolean => entry.usage <= usage && !entry.fence.check();
    if (this.entries.some(busy)) return false;
    if (this.shared !== null) for (const vm of this.shared.keys()) if (vm.entries.some(busy)) return false;
    return true;
  }

  /** A walk without the lock: see ResvCursor. */
  cursor(usage: Usage): ResvCursor {
    return new ResvCursor(this, usage);
  }

  /**
   * Waits until nothing of this usage is outstanding (dma_resv_wait_timeout), also what is added in the meantime.
   *
   * @param deadline absolute virtual ns, or null
   * @returns 0, -ETIME, -EINTR
   */
  *wait(usage: Usage, deadline: number | null, what: string): Blocking<number> {
    const cursor = this.cursor(usage);
    for (let fence = cursor.next(); fence !== null; fence = cursor.next()) {
      fence.get();
      const result = yield* fence.wait(deadline, `${what}: fence ${fence.toString()}`);
      fence.put();
      if (result < 0) return result;
    }
    return 0;
  }

  /** Lets go of all fences. */
  clear(): void {
    for (const entry of this.entries.splice(0)) entry.fence.put();
    this.shared = null;
    this.sequence++;
  }

  /** Changes with what lies in reservations that this one takes in, too. */
  get version(): number {
    let sum = this.sequence;
    if (this.shared !== null) for (const vm of this.shared.keys()) sum += vm.sequence;
    return sum;
  }

  private collect(usage: Usage, found: Set<DmaFence>): void {
    for (const entry of this.entries) {
      if (entry.fence.signaled) continue;
      if (mutant("resv-usage-exact") ? entry.usage === usage : entry.usage <= usage) found.add(entry.fence);
    }
    if (this.shared !== null) for (const vm of this.shared.keys()) vm.collect(usage, found);
  }

  private put(entry: ResvEntry, fence: DmaFence, usage: Usage): void {
    fence.get();
    entry.fence.put();
    entry.fence = fence;
    entry.usage = usage;
    this.sequence++;
  }

  private dropSignaled(): void {
    if (!this.entries.some((entry) => entry.fence.signaled)) return;
    const live = this.entries.filter((entry) => !entry.fence.signaled);
    for (const entry of this.entries) if (entry.fence.signaled) entry.fence.put();
    this.entries = live;
    this.sequence++;
  }
}

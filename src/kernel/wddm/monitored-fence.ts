import { invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { GemObject } from "../drm/gem.ts";
import type { PointState } from "../drm/timeline.ts";
import { UserTimeline } from "../drm/user-timeline.ts";
import type { FenceContext } from "../fence/fence.ts";

/** MonitoredValue while nobody waits: no value can exceed it, so no interrupt comes (WDDM 3.2 native fences). */
export const NOBODY_WAITS: bigint = 2n ** 64n - 1n;

/**
 * A monitored fence: a value that only grows, and lies in memory that CPU and GPU read. A wait for v is over when the value is v or more. The GPU raises an interrupt only when the new
 * value exceeds MonitoredValue, one less than the smallest value waited for.
 */
export class MonitoredFence extends UserTimeline {
  /** Interrupts that signals caused. */
  interrupts = 0;
  private targets: number[] = [];
  private readonly memory: GemObject;

  /** @param memory at least 16 bytes; a reference is taken */
  constructor(context: FenceContext, memory: GemObject, initial: number) {
    super(context);
    this.memory = memory.get();
    if (initial > 0) super.signal(initial, 0);
    this.publish();
  }

  /** NON-SPEC: a lower value changes nothing, so that no waiter sees the value fall. */
  override signal(value: number, error: number): void {
    const monitored = this.monitored;
    const lower = value <= this.reached;
    if (lower && mutant("fence-value-falls")) this.reached = value;
    super.signal(value, error);
    if (!lower && BigInt(this.reached) > monitored) this.interrupts++;
    this.targets = this.targets.filter((target) => target > this.reached);
    this.publish();
  }

  override find(value: number): PointState {
    this.adopt();
    const found = super.find(mutant("fence-waits-for-more") ? value + 1 : value);
    if (found !== "reached" && found !== "missing") {
      this.targets.push(value);
      this.publish();
    }
    return found;
  }

  override abandon(): void {
    super.abandon();
    this.memory.put();
  }

  /** One less than the smallest value waited for. */
  get monitored(): bigint {
    return this.targets.length === 0 ? NOBODY_WAITS : BigInt(Math.min(...this.targets)) - 1n;
  }

  /** A kernel may have written a higher value: it counts from the next look on. */
  adopt(): void {
    const words = this.words();
    if (words === null) return;
    const current = words[0]! + words[1]! * 2 ** 32;
    if (Number.isSafeInteger(current) && current > this.reached) this.signal(current, 0);
  }

  checkInvariants(): void {
    invariant(this.targets.every((target) => target > this.reached), "nobody waits for a value that is reached");
  }

  private publish(): void {
    const words = this.words();
    if (words === null) return;
    const { monitored } = this;
    words[0] = this.reached >>> 0;
    words[1] = Math.floor(this.reached / 2 ** 32);
    words[2] = Number(monitored & 0xffff_ffffn);
    words[3] = Number(monitored >> 32n);
  }

  private words(): Uint32Array | null {
    const linear = this.memory.backing.page(0);
    return linear === 0 ? null : this.memory.device.core.store.u32.subarray(linear >>> 2, (linear >>> 2) + 4);
  }
}

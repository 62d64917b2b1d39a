import type { MigrateWork } from "../../gpu/migrate-engine.ts";
import { copyTime } from "../../gpu/timing.ts";
import type { DmaFence, FenceCallback } from "../fence/fence.ts";
import { Usage } from "../fence/resv.ts";
import { mutant } from "../mutants.ts";
import type { TtmBo } from "./bo.ts";
import { VRAM } from "./placement.ts";
import { OutOfFrames } from "../../gpu/linear.ts";
import { Storage } from "./storage.ts";

/**
 * One move of an object, from the decision to the last byte. It waits for who still uses the old place, for the object's move before it and for
 * the room it goes to; then nobody reaches the old place any more (page tables, IOMMU, CPU mappings), the bytes are copied by the GPU, and the fence signals. Everybody who
 * uses the object, or the room it left, waits for that fence.
 */
export class BoMove implements FenceCallback, MigrateWork {
  readonly label: string;
  readonly bus: boolean;
  readonly fence: DmaFence;
  /** Where the bytes go; null before the move begins, and when they stay where they are or are thrown away. */
  to: Storage | null = null;
  private readonly kind: "vram" | "system" | null;
  /** False once it was begun or is over. */
  waiting = true;
  private readonly bo: TtmBo;
  /** The GPU may use the place it leads to. */
  private readonly usable: boolean;
  /** The contents are thrown away. */
  readonly discard: boolean;
  private readonly deps: DmaFence[] = [];
  private left: number;
  private done = 0;

  /** @param kind of memory that the bytes go to; null: they stay */
  constructor(bo: TtmBo, kind: "vram" | "system" | null, discard: boolean, deps: Iterable<DmaFence>) {
    const { ttm } = bo.device;
    this.bo = bo;
    this.usable = !bo.evicted;
    this.kind = kind;
    this.discard = discard;
    // Between two places of the GPU's memory when it was there and stays there.
    this.bus = !(kind === "vram" && bo.memType === VRAM && bo.pending === null && bo.storage?.kind === "vram");
    this.label = `move ${bo.where}`;
    this.fence = ttm.fences.emit();
    for (const fence of deps) if (!fence.signaled && !this.deps.includes(fence)) this.deps.push(fence.get());
    this.left = this.deps.length;
  }

  /** Whether it still waits for something. */
  get blocked(): boolean {
    return this.left > 0;
  }

  /** Puts it on its way. It may be over when this returns. */
  start(): void {
    const { bo } = this;
    bo.pending = this;
    this.fence.get();
    bo.resv.publish(this.fence, Usage.kernel);
    for (const { vm } of bo.vmBos) vm.moving.add(this.fence);
    for (const fence of this.deps) if (fence.addCallback(this) < 0) this.left--;
    if (this.left === 0) this.go(true);
    this.fence.put();
  }

  fenceSignaled(_fence: DmaFence): void {
    if (--this.left === 0) this.go(false);
  }

  begin(): number {
    this.waiting = false;
    for (const dep of this.deps.splice(0)) dep.put();
    const { bo } = this;
    bo.copying = this;
    for (const { importer } of bo.attachments) importer.moveNotify?.();
    let flush = 0;
    if (!mutant("move-keeps-page-tables")) for (const vmBo of bo.vmBos) flush = Math.max(flush, vmBo.vm.zap(vmBo));
    if (this.kind !== null) {
      this.to = Storage.create(bo.device.core.store, this.kind, bo.size, bo.cpuMappings > 0);
      if (this.to === null) throw new OutOfFrames(bo.size);
    }
    if (bo.cpuMappings > 0 && (this.to !== null || this.discard)) bo.device.ttm.zapCpu(bo);
    return flush;
  }

  step(most: number): number {
    const bytes = Math.min(most, this.bo.size - this.done);
    if (bytes > 0 && !mutant("move-copies-nothing")) this.bo.storage?.copyTo(this.to!, this.done, bytes);
    this.done += bytes;
    return bytes;
  }

  /** Somebody cannot wait: copies what is left at once. @returns ns until the GPU will have done it */
  finishBytes(): number {
    const { bo } = this;
    const rest = bo.size - this.done;
    if (this.to === null) return 0;
    const { gpu } = bo.device;
    const time = gpu.migrate.busyUntil - gpu.ports.clock.now + (rest > 0 ? copyTime(gpu.profile, rest, this.bus, 2) : 0);
    if (rest > 0) bo.storage?.copyTo(this.to, this.done, rest);
    this.done = bo.size;
    return Math.ceil(time);
  }

  ended(): void {
    const { bo } = this;
    const { ttm } = bo.device;
    bo.copying = null;
    const old = bo.storage;
    if (this.to !== null || this.discard) {
      bo.storage = this.to;
      old?.free();
    }
    if (bo.pending === this) bo.pending = null;
    for (const vmBo of bo.vmBos) {
      vmBo.vm.moving.delete(this.fence);
      // Also when it will have to leave again: the jobs that this move was made for come first.
      if (this.usable) vmBo.vm.rebind(vmBo);
    }
    ttm.moves.delete(this);
    this.fence.signal();
    this.fence.put();
    if (bo.deleted) ttm.reap(bo);
  }

  /** @param asked by whoever wants the move, who pays for the flush; else by the last fence it waited for */
  private go(asked: boolean): void {
    const { device } = this.bo;
    if (this.kind !== null && this.bo.storage !== null) {
      device.gpu.migrate.submit(this);
      return;
    }
    // Nothing to copy: only what the GPU knows of the old place has to go.
    const flush = this.begin();
    if (asked) device.ttm.charge(flush);
    if (flush === 0 || asked) this.ended();
    else device.gpu.ports.events.at(device.gpu.ports.clock.now + flush, () => this.ended(), "TLB flush");
  }
}

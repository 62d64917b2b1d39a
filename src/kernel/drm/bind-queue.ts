import type { DmaFence, FenceCallback, FenceContext } from "../fence/fence.ts";
import { mutant } from "../mutants.ts";
import type { GemObject } from "./gem.ts";
import { UserTimeline } from "./user-timeline.ts";
import type { Syncobj } from "./syncobj.ts";
import type { GpuVm } from "./vm.ts";
import { applyBind, bindCost, dropBound, type Bound } from "./vm-bind.ts";

/** Who is told when a bind is done. */
export interface BindSignal {
  readonly syncobj: Syncobj;
  readonly point: number;
}

/** Some operations that are done together, when what they wait for has happened. */
class BindJob implements FenceCallback {
  readonly fence: DmaFence;
  readonly ops: readonly Bound[];
  left = 0;
  private readonly waits: readonly DmaFence[];
  private readonly signals: readonly BindSignal[];
  private readonly queue: BindQueue;

  constructor(queue: BindQueue, fence: DmaFence, ops: readonly Bound[], waits: readonly DmaFence[], signals: readonly BindSignal[]) {
    this.queue = queue;
    this.fence = fence;
    this.ops = ops;
    this.waits = waits.map((wait) => wait.get());
    this.signals = signals;
    for (const { syncobj, point } of signals) {
      syncobj.get();
      if (point === 0) syncobj.replaceFence(fence);
    }
  }

  arm(): void {
    for (const wait of this.waits) if (wait.addCallback(this) === 0) this.left++;
  }

  fenceSignaled(): void {
    if (--this.left === 0) this.queue.kick();
  }

  /** Everything is over: the effect is visible, the TLBs are flushed. */
  end(): void {
    for (const op of this.ops) dropBound(op);
    for (const wait of this.waits) wait.put();
    this.tell();
    for (const { syncobj } of this.signals) syncobj.put();
    this.fence.put();
  }

  /** Signals the out-fences. */
  tell(): void {
    this.fence.signal();
    for (const { syncobj, point } of this.signals) if (point > 0 && syncobj.timeline instanceof UserTimeline) syncobj.timeline.signal(point, 0);
  }
}

/**
 * A line of asynchronous binds of one VM: they are done one after the other, in the order they came, each when its in-fences have signaled; its out-fences signal when the
 * effect is visible. Lines do not wait for one another.
 */
export class BindQueue {
  private readonly vm: GpuVm;
  private readonly context: FenceContext;
  private readonly jobs: BindJob[] = [];
  private busy = false;

  constructor(vm: GpuVm) {
    this.vm = vm;
    this.context = vm.device.core.fences.context(vm.device.driver, `bind ${vm.id}`);
  }

  /** Takes a request. Nothing can fail from here on but by mishap, and then the VM is banned. */
  push(ops: readonly Bound[], waits: readonly DmaFence[], signals: readonly BindSignal[]): void {
    const job = new BindJob(this, this.context.emit(), ops, waits, signals);
    this.vm.get();
    this.jobs.push(job);
    job.arm();
    this.kick();
  }

  /** Does what can be done now. */
  kick(): void {
    if (this.busy && !mutant("binds-out-of-order")) return;
    const job = mutant("binds-out-of-order") ? this.jobs.find((other) => other.left === 0) : this.jobs[0];
    if (job === undefined || job.left > 0) return;
    this.jobs.splice(this.jobs.indexOf(job), 1);
    this.busy = true;
    const { vm } = this;
    const { clock, events, costs, trace } = vm.device.core.kernel;
    let update = 0;
    for (const op of job.ops) update += bindCost(vm, op);
    if (mutant("bind-signals-early")) job.tell();
    events.at(clock.now + update, () => {
      const gone: GemObject[] = [];
      for (const op of job.ops) {
        const result = vm.banned === 0 ? applyBind(vm, op, gone) : 0;
        if (result < 0) vm.ban(result);
      }
      if (gone.length === 0) {
        this.finish(job, gone);
        return;
      }
      // What was unmapped may be in TLBs until they are flushed; it is not freed before.
      if (trace.enabled) trace.emit("gpu:tlb_flush", { gpu: vm.device.index, vm: vm.id, reason: "unmap" });
      events.at(clock.now + costs.tlbFlush, () => this.finish(job, gone), "TLB flush");
    }, "bind");
  }

  private finish(job: BindJob, gone: readonly GemObject[]): void {
    for (const object of gone) object.put();
    job.end();
    this.busy = false;
    this.kick();
    this.vm.put();
  }
}

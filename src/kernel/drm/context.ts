import type { DeviceFault } from "../../compiler/abi.ts";
import type { TurnTaker } from "../../gpu/resident.ts";
import { invariant } from "../errors.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import type { ContextFault } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import type { GpuJob } from "./gpu-job.ts";
import type { ExecQueue } from "./queue.ts";
import type { GpuVm } from "./vm.ts";

/**
 * A fault domain over one address space: when one of its jobs faults or hangs, all of its work ends and it takes no more; nothing outside it is harmed.
 * It lives while it has a handle or queues.
 */
export class GpuContext implements TurnTaker {
  readonly file: DrmFile;
  readonly vm: GpuVm;
  readonly label: string;
  readonly queues: Set<ExecQueue> = new Set();
  fault: ContextFault | null = null;
  lastTurn = 0;
  private readonly mm: AddressSpace;
  private readonly notifier: number;
  private references = 1;

  /** @param notifier address of a u32 in `mm` that is set to 1 when the context is banned; 0 for none */
  constructor(file: DrmFile, vm: GpuVm, mm: AddressSpace, notifier: number, label: string) {
    this.file = file;
    this.vm = vm.get();
    this.mm = mm;
    this.notifier = notifier;
    this.label = label;
    file.device.contexts.add(this);
    file.liveContexts++;
  }

  get(): this {
    this.references++;
    return this;
  }

  put(): void {
    this.references--;
    invariant(this.references >= 0, "a context is put as often as got");
    if (this.references > 0) return;
    invariant(this.queues.size === 0, "a freed context has no queues");
    this.file.device.contexts.delete(this);
    this.vm.put();
    this.file.contextFreed();
  }

  /** Ends the context's work for good because of `job`. Jobs in flight are taken off the engines by `killWork`. */
  ban(job: GpuJob, reason: ContextFault["reason"], fault: DeviceFault | null): void {
    if (this.fault !== null) return;
    const kernel = this.file.device.core.kernel;
    this.fault = { reason, fault, label: job.label, queue: job.queue.id, point: job.point, time: kernel.clock.now };
    this.file.device.resets += reason === "timeout" ? 1 : 0;
    if (kernel.trace.enabled) this.traceBan(job, reason, fault);
    for (const queue of this.queues) queue.entity.guilty = true;
    if (this.notifier !== 0 && this.mm.store32(this.notifier, 1)) kernel.futex.wake(this.mm, this.notifier, Infinity);
  }

  /** The adapter was reset and took this context's work with it, whose fault it was not. */
  lose(): void {
    if (this.fault !== null) return;
    const kernel = this.file.device.core.kernel;
    this.fault = { reason: "device-lost", fault: null, label: this.label, queue: 0, point: 0, time: kernel.clock.now };
    for (const queue of this.queues) queue.entity.guilty = true;
    if (this.notifier !== 0 && this.mm.store32(this.notifier, 1)) kernel.futex.wake(this.mm, this.notifier, Infinity);
  }

  private traceBan(job: GpuJob, reason: ContextFault["reason"], fault: DeviceFault | null): void {
    const { trace } = this.file.device.core.kernel;
    const fields = { gpu: this.file.device.index, engine: job.engine, ...job.traceFields(), reason: fault?.kind ?? reason, message: fault?.message ?? "" };
    trace.emit(reason === "fault" ? "gpu:fault" : reason === "timeout" ? "gpu:timeout" : "gpu:reset", fields);
  }

  /** Any job of this context that is on an engine. */
  runningJob(): GpuJob | null {
    for (const queue of this.queues) if (queue.running.length > 0) return queue.running[0]!;
    return null;
  }

  /** Takes everything of this context off the engines. */
  killWork(): void {
    for (const queue of this.queues) queue.killRunning();
  }
}

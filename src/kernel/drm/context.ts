import type { DeviceFault } from "../../compiler/abi.ts";
import type { TurnTaker } from "../../gpu/resident.ts";
import { invariant } from "../errors.ts";
import { logBan } from "../log/messages.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import type { ContextFault } from "../sys/uapi.ts";
import type { DrmFile } from "./file.ts";
import type { GpuJob } from "./gpu-job.ts";
import type { ExecQueue } from "./queue.ts";
import { SaveArea } from "./save-area.ts";
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
  /** Times that a job of it hung. */
  hangs = 0;
  /** Losses of the GPU's memory before it was made. */
  readonly vramLossesBefore: number;
  lastTurn = 0;
  /** Where its state lies while it is stopped. */
  readonly area: SaveArea;
  private readonly mm: AddressSpace;
  private readonly notifier: number;
  private references = 1;

  /** @param notifier address of a u32 in `mm` that is set to 1 when the context is banned; 0 for none */
  constructor(file: DrmFile, vm: GpuVm, mm: AddressSpace, notifier: number, label: string) {
    this.file = file;
    this.vm = vm.get();
    this.area = new SaveArea(file.device);
    this.mm = mm;
    this.notifier = notifier;
    this.label = label;
    this.vramLossesBefore = (file.device.whole?.recovery ?? file.device.recovery).vramLosses;
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
    this.file.device.wddm?.deviceFreed(this);
    this.area.free();
    this.vm.put();
    this.file.contextFreed();
  }

  saveArea(bytes: number): boolean {
    return this.area.reserve(bytes);
  }

  saveState(bytes: number): void {
    this.area.save(bytes);
  }

  restoreState(bytes: number): void {
    this.area.restore(bytes);
  }

  /** Ends the context's work for good because of `job`. Jobs in flight are taken off the engines by `killWork`. */
  ban(job: GpuJob, reason: ContextFault["reason"], fault: DeviceFault | null): void {
    if (this.fault !== null) return;
    const kernel = this.file.device.core.kernel;
    this.fault = { reason, fault, label: job.label, queue: job.queue.id, point: job.point, time: kernel.clock.now };
    if (reason === "timeout" && this.file.device.wddm !== null) this.file.device.resets++;
    if (kernel.trace.enabled) this.traceBan(job, reason, fault);
    logBan(job, reason, fault);
    this.condemn();
  }

  /** Ends the context's work because the adapter was reset, or is gone. @param job of it that was on an engine, or null */
  end(reason: "reset-guilty" | "reset-innocent" | "device-lost", job: GpuJob | null): void {
    if (this.fault !== null) return;
    if (job !== null) {
      this.ban(job, reason, null);
      return;
    }
    const { kernel } = this.file.device.core;
    this.fault = { reason, fault: null, label: this.label, queue: 0, point: 0, time: kernel.clock.now };
    this.condemn();
  }

  /** The adapter was reset and took this context's work with it, whose fault it was not. */
  lose(): void {
    this.banBecause("device-lost", null);
  }

  /** Ends the context's work for good for a cause outside of it, which is named only as far as it may be known here. */
  banBecause(reason: ContextFault["reason"], fault: DeviceFault | null): void {
    if (this.fault !== null) return;
    const kernel = this.file.device.core.kernel;
    this.fault = { reason, fault, label: this.label, queue: 0, point: 0, time: kernel.clock.now };
    this.condemn();
  }

  /** Jobs that have not begun will not, and the program is told. */
  private condemn(): void {
    for (const queue of this.queues) queue.entity.guilty = true;
    if (this.notifier !== 0 && this.mm.store32(this.notifier, 1)) this.file.device.core.kernel.futex.wake(this.mm, this.notifier, Infinity);
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

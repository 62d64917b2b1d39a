import type { GpuContext } from "../context.ts";
import type { GpuDevice } from "../device.ts";
import type { GpuJob } from "../gpu-job.ts";
import { Errno } from "../../errors.ts";
import { logResetBegin, logResetEnd, logWedged } from "../../log/messages.ts";
import { mutant } from "../../mutants.ts";
import type { SchedJob } from "../sched/job.ts";
import type { DrmScheduler } from "../sched/scheduler.ts";
import type { TimedOut } from "../sched/settings.ts";
import type { RecoveryOptions, ResetOutcome } from "./options.ts";
import { loseVram, usesVram } from "./vram.ts";

/** Recovery of one GPU: what was reset how often, and what a hang does now. */
export class Recovery {
  readonly options: RecoveryOptions;
  /** Resets of one engine, and of the whole adapter, since boot. */
  engineResets = 0;
  adapterResets = 0;
  /** Times that the GPU's own memory lost its contents. */
  vramLosses = 0;
  /** The device is lost for good. */
  wedged = false;
  private readonly device: GpuDevice;
  private resetting = false;

  constructor(device: GpuDevice, options: RecoveryOptions) {
    this.device = device;
    this.options = options;
  }

  /** A launch ran longer than its engine allows: the job ends with -ETIME, and its context is banned when that has happened too often. */
  hung(job: GpuJob): void {
    const { context } = job;
    context.get();
    this.blame(job);
    if (this.works(this.options.engineReset, "whether the engine reset works")) {
      this.engineReset();
      job.scheduler.finish(job, -Errno.ETIME);
      if (context.fault !== null) context.killWork();
    } else {
      job.scheduler.finish(job, -Errno.ETIME);
      this.adapter.reset(context);
    }
    if (context.fault !== null) context.file.slice.shared?.faulted(context, "timeout", null);
    context.put();
  }

  /** The software scheduler's own timeout: the job at the head of the ring. The recipe of drm_sched: stop, reset, start. */
  timedOut(scheduler: DrmScheduler, bad: SchedJob): TimedOut {
    const job = bad as GpuJob;
    if (this.wedged) return "enodev";
    // Lost interrupts are found here at the latest.
    if (job.reveal()) return "no-hang";
    const { context } = job;
    context.get();
    scheduler.stop(bad);
    this.blame(job);
    scheduler.increaseKarma(bad);
    const works = this.works(this.options.engineReset, "whether the engine reset works");
    if (works) {
      this.engineReset();
      // The innocent go on where they were; what the engine had of the guilty is gone.
      for (const other of scheduler.pending.jobs() as readonly GpuJob[]) {
        if (other !== job && other.context.fault === null) scheduler.reattach(other);
      }
      job.abort();
      if (context.fault !== null) context.killWork();
      scheduler.start(-Errno.ETIME);
    } else {
      bad.hw.injected = -Errno.ETIME;
      job.abort();
      this.adapter.reset(context);
      if (scheduler.stopped) scheduler.start(-Errno.ECANCELED);
    }
    context.put();
    return this.wedged ? "enodev" : "reset";
  }

  /**
   * Resets the whole adapter: everything on its engines is lost. Contexts that had work there, or memory that is lost, are banned.
   *
   * @param guilty the context whose job hung, or null: by hand
   */
  reset(guilty: GpuContext | null): void {
    if (this.wedged || this.resetting) return;
    const { device } = this;
    const { trace } = device.core.kernel;
    if (this.adapterResets >= (this.options.maxAdapterResets ?? Infinity) || !this.works(this.options.adapterReset, "whether the adapter reset works")) {
      this.wedge();
      return;
    }
    this.resetting = true;
    this.adapterResets++;
    device.resets++;
    if (trace.enabled) trace.emit("gpu:adapter_reset", { gpu: device.index, count: this.adapterResets });
    logResetBegin(device);
    const schedulers = device.schedulers;
    for (const scheduler of schedulers) scheduler.stop(null);
    for (const part of device.parts ?? []) part.recovery.reset(guilty);
    const lost = this.options.vram === "lost";
    if (lost) {
      this.vramLosses++;
      loseVram(device);
    }
    for (const context of [...device.contexts]) {
      const job = context.runningJob();
      if (job === null && !(lost && usesVram(context.vm))) continue;
      context.get();
      if (!mutant("recovery-innocent-guilty") || job === null) context.end(context === guilty ? "reset-guilty" : "reset-innocent", job);
      else context.end("reset-guilty", job);
      if (mutant("recovery-spares-running")) context.fault = null;
      context.killWork();
      context.put();
    }
    for (const scheduler of schedulers) scheduler.start(-Errno.ECANCELED);
    this.resetting = false;
    logResetEnd(device, this.adapterResets);
  }

  /** The device is lost: every context ends, and none can be made. */
  wedge(): void {
    if (this.wedged) return;
    this.wedged = true;
    const { device } = this;
    const { trace } = device.core.kernel;
    if (trace.enabled) trace.emit("gpu:wedged", { gpu: device.index });
    if (device.whole === null) logWedged(device);
    for (const part of device.parts ?? []) part.recovery.wedge();
    for (const context of [...device.contexts]) {
      context.get();
      context.end("device-lost", context.runningJob());
      context.killWork();
      context.put();
    }
  }

  /** The recovery that resets the adapter: that of the GPU which this may be a part of. */
  private get adapter(): Recovery {
    return this.device.whole?.recovery ?? this;
  }

  private engineReset(): void {
    this.engineResets++;
    this.device.resets++;
  }

  private blame(job: GpuJob): void {
    const { context } = job;
    context.hangs++;
    if (context.hangs >= (this.options.banAfter ?? 1)) context.ban(job, "timeout", null);
  }

  private works(outcome: ResetOutcome | undefined, what: string): boolean {
    if (outcome === "choice") return this.device.core.kernel.choices.choose(2, what) === 0;
    return outcome !== "fails";
  }
}

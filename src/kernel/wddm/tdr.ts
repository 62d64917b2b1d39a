import type { DeviceFault } from "../../compiler/abi.ts";
import type { GpuContext } from "../drm/context.ts";
import type { GpuJob } from "../drm/gpu-job.ts";
import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { WddmAdapter } from "./adapter.ts";
import { VIDEO_ENGINE_TIMEOUT_DETECTED, VIDEO_TDR_TIMEOUT_DETECTED } from "./constants.ts";
import type { DeviceState } from "./device.ts";
import { JobWork } from "./dma-job.ts";
import type { VidSchNode } from "./node.ts";
import type { Packet } from "./packet.ts";

/** Recoveries of an adapter since boot. */
export interface TdrStatistics {
  engineResets: number;
  adapterResets: number;
  /** Page faults of applications, ended by an engine reset. */
  pageFaults: number;
  devicesRemoved: number;
}

/**
 * Timeout detection and recovery. A node that does not obey a preemption within TdrDelay is hung: its engine is reset and the application whose packet ran loses its device; where the
 * driver cannot reset one engine, the adapter is reset, every device on it is lost and video memory with them. Too many of these stop the machine.
 */
export class Tdr {
  readonly statistics: TdrStatistics = { engineResets: 0, adapterResets: 0, pageFaults: 0, devicesRemoved: 0 };
  private readonly adapter: WddmAdapter;

  constructor(adapter: WddmAdapter) {
    this.adapter = adapter;
  }

  /** How long the GPU may take to obey, ns; Infinity: detection is off. */
  delayNs(): number {
    const { registry } = this.adapter.dxgkrnl;
    return registry.get("TdrLevel") === 0 || registry.get("TdrDebugMode") === 1 ? Infinity : registry.get("TdrDelay") * 1e9;
  }

  /** A node did not obey a preemption in time. */
  timeout(node: VidSchNode, packet: Packet): void {
    const { dxgkrnl } = this.adapter;
    const { registry, kernel } = dxgkrnl;
    if (kernel.trace.enabled) kernel.trace.emit("Microsoft-Windows-DxgKrnl/TdrDetected", { NodeOrdinal: node.ordinal, SubmissionFenceId: packet.fenceId, ProcessId: packet.context.device.process.pid });
    if (registry.get("TdrDebugMode") === 0 && kernel.trace.enabled) kernel.trace.emit("Microsoft-Windows-DxgKrnl/TdrDebugBreak", { NodeOrdinal: node.ordinal });
    if (registry.get("TdrLevel") === 1) {
      dxgkrnl.bugCheck(`node ${node.name} did not obey a preemption within ${registry.get("TdrDelay")} s, and TdrLevel asks for a stop`);
      return;
    }
    const job = packet.work instanceof JobWork ? packet.work.job : null;
    if (job === null || dxgkrnl.options.engineReset === false) this.resetAdapter(job);
    else this.resetEngine(node, job, "timeout", null);
  }

  /** A job did something that the hardware stops: a bad address, a trap. */
  engineFault(job: GpuJob, fault: DeviceFault | null): void {
    this.statistics.pageFaults++;
    this.end(job, "fault", fault);
  }

  /**
   * NON-SPEC: a packet that never ends on hardware that can be preempted is never a timeout of Windows. The machine gives it up after its hang limit, so that every program ends; it
   * counts as an engine reset.
   */
  gaveUp(job: GpuJob): void {
    this.end(job, "timeout", null);
  }

  /** Every device that was removed had a cause. */
  checkInvariants(): void {
    const { devicesRemoved, engineResets, adapterResets } = this.statistics;
    invariant(devicesRemoved === 0 || engineResets + adapterResets > 0, "devices are removed by resets only");
  }

  /** The job is off its engine already. */
  private end(job: GpuJob, reason: "fault" | "timeout", fault: DeviceFault | null): void {
    const node = this.adapter.packetOf(job)?.node;
    if (this.adapter.dxgkrnl.options.engineReset === false) {
      this.resetAdapter(job, reason, fault);
      return;
    }
    if (node === undefined) this.remove(job, reason, fault, job);
    else this.resetEngine(node, job, reason, fault, job);
  }

  /** @param gone a job whose engine has forgotten it already */
  private resetEngine(node: VidSchNode, job: GpuJob, reason: "fault" | "timeout", fault: DeviceFault | null, gone: GpuJob | null = null): void {
    this.statistics.engineResets++;
    const { kernel } = this.adapter.dxgkrnl;
    if (kernel.trace.enabled) kernel.trace.emit("Microsoft-Windows-DxgKrnl/EngineReset", { NodeOrdinal: node.ordinal, Code: VIDEO_ENGINE_TIMEOUT_DETECTED, ProcessId: job.queue.context.file.pid });
    if (!this.holdFor([node])) return;
    const lost = node.reset();
    // What stood behind it in the hardware queue is submitted anew.
    const mine = this.adapter.packetOf(job)?.packet;
    node.enqueueAgain(lost.filter((packet) => packet !== mine));
    this.remove(job, reason, fault, gone);
    if (mutant("engine-reset-removes-neighbour")) this.removeNeighbour(job);
  }

  private removeNeighbour(job: GpuJob): void {
    for (const context of this.adapter.gpu.contexts) if (context !== job.queue.context) this.removeDevice(context, "STOPPED");
  }

  /** The application's device is gone: its work ends, its queues take no more. */
  private remove(job: GpuJob, reason: "fault" | "timeout", fault: DeviceFault | null, gone: GpuJob | null): void {
    const { context } = job;
    context.get();
    this.statistics.devicesRemoved++;
    const device = this.adapter.deviceOf(context);
    device.state = reason === "timeout" ? "HUNG" : "ERROR_DMAPAGEFAULT";
    device.process.resets++;
    context.ban(job, reason, fault);
    if (gone !== null) gone.scheduler.finish(gone, reason === "fault" ? -Errno.EIO : -Errno.ETIME);
    context.killWork();
    context.put();
  }

  /** Everything on the adapter is lost. */
  private resetAdapter(job: GpuJob | null, reason: "fault" | "timeout" = "timeout", fault: DeviceFault | null = null): void {
    const { adapter } = this;
    const { dxgkrnl, gpu } = adapter;
    this.statistics.adapterResets++;
    const { kernel, registry } = dxgkrnl;
    if (kernel.trace.enabled) kernel.trace.emit("Microsoft-Windows-DxgKrnl/AdapterReset", { Code: VIDEO_TDR_TIMEOUT_DETECTED, ProcessId: job?.queue.context.file.pid ?? 0 });
    if (!dxgkrnl.noteRecovery()) {
      dxgkrnl.bugCheck(`more than ${registry.get("TdrLimitCount")} adapter resets within ${registry.get("TdrLimitTime")} s`);
      return;
    }
    if (!this.holdFor(adapter.nodes)) return;
    for (const node of adapter.nodes) node.enqueueAgain(node.reset());
    for (const context of [...gpu.contexts]) {
      if (context === job?.queue.context) continue;
      this.removeDevice(context, "RESET");
    }
    const onEngine = job !== null && adapter.packetOf(job) !== undefined && job.queue.running.includes(job);
    if (job !== null) this.remove(job, reason, fault, onEngine ? null : job);
    adapter.purgeVram();
  }

  /** A device that is lost because of another. */
  private removeDevice(context: GpuContext, state: DeviceState): void {
    if (context.fault !== null) return;
    context.get();
    this.statistics.devicesRemoved++;
    this.adapter.deviceOf(context).state = state;
    context.lose();
    context.killWork();
    context.put();
  }

  /** The driver resets: its nodes take nothing meanwhile. False: it took too long, and the machine has stopped. */
  private holdFor(nodes: readonly VidSchNode[]): boolean {
    const { dxgkrnl } = this.adapter;
    const { kernel, registry, options } = dxgkrnl;
    const took = options.resetNs ?? kernel.costs.engineReset;
    if (took > registry.get("TdrDdiDelay") * 1e9) {
      dxgkrnl.bugCheck(`the driver's reset took ${took / 1e9} s, more than TdrDdiDelay`);
      return false;
    }
    for (const node of nodes) node.hold(true);
    kernel.events.at(kernel.clock.now + took, () => {
      for (const node of nodes) node.hold(false);
    }, "reset done");
    return true;
  }
}

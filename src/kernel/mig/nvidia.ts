import { timesliceFactors, timesliceNames, type Timeslice } from "../../gpu/partition/timeslice.ts";
import type { GpuDevice } from "../drm/device.ts";
import type { Kernel, Subsystem } from "../machine.ts";
import { MigCapabilities } from "./capabilities.ts";
import { ControlFile } from "./control.ts";
import { MigGpu } from "./mig.ts";

/** A GPU as the control node knows it. */
export class NvGpu {
  readonly device: GpuDevice;
  /** Null: it cannot be partitioned. */
  readonly mig: MigGpu | null;
  timeslice: Timeslice = "default";

  constructor(device: GpuDevice, mig: MigGpu | null) {
    this.device = device;
    this.mig = mig;
  }

  /** Sets how long a context runs while another waits, on the GPU and all of its instances. */
  setTimeslice(value: number): boolean {
    const name = timesliceNames[value];
    if (name === undefined) return false;
    this.timeslice = name;
    const ns = this.device.gpu.profile.timesliceNs * timesliceFactors[name];
    this.device.gpu.compute.turns.timeslice = ns;
    for (const gi of this.mig?.instances.values() ?? []) for (const ci of gi.compute.values()) ci.slice.engine.turns.timeslice = ns;
    return true;
  }
}

/** What NVIDIA's driver adds to the graphics core: the control node, partitions, their rights. */
export class NvidiaDriver implements Subsystem {
  readonly name = "nvidia";
  readonly kernel: Kernel;
  readonly gpus: readonly NvGpu[];

  constructor(kernel: Kernel, devices: readonly GpuDevice[]) {
    this.kernel = kernel;
    const partitionable = devices.filter(({ gpu }) => gpu.profile.mig !== undefined);
    const files = new MigCapabilities(kernel, partitionable.map(({ index }) => index));
    this.gpus = devices.map((device) => new NvGpu(device, device.gpu.profile.mig === undefined ? null : new MigGpu(device, device.gpu.profile.mig, files)));
    kernel.vfs.mknod("/dev/nvidiactl", () => new ControlFile(this));
  }

  /** The GPU of that number. */
  find(minor: number): NvGpu | undefined {
    return this.gpus.find(({ device }) => device.index === minor);
  }

  checkInvariants(): void {
    for (const { mig } of this.gpus) mig?.checkInvariants();
  }

  objectCounts(): Readonly<Record<string, number>> {
    const counts = { gpuInstances: 0, computeInstances: 0, files: 0, objects: 0, vms: 0, contexts: 0, queues: 0, jobs: 0, vramBytes: 0 };
    for (const { mig } of this.gpus) {
      for (const { compute, device } of mig?.instances.values() ?? []) {
        counts.gpuInstances++;
        counts.computeInstances += compute.size;
        counts.files += device.files.size;
        counts.objects += device.objects.size;
        counts.vms += device.vms.size;
        counts.contexts += device.contexts.size;
        counts.queues += device.counts.queues;
        counts.jobs += device.counts.jobs;
        counts.vramBytes += device.gpu.vram.used;
      }
    }
    return counts;
  }
}

/** Puts the driver into a machine that has NVIDIA GPUs and runs Linux. */
export function attachNvidia(kernel: Kernel, devices: readonly GpuDevice[]): NvidiaDriver | null {
  const mine = devices.filter(({ gpu }) => gpu.profile.vendor === "nvidia");
  if (kernel.os !== "linux" || mine.length === 0) return null;
  const driver = new NvidiaDriver(kernel, mine);
  kernel.subsystems.push(driver);
  return driver;
}

import { ComputeEngine } from "../../gpu/compute-engine.ts";
import { migName, type ComputeInstanceProfile, type GpuInstanceProfile, type MigCapability } from "../../gpu/partition/mig.ts";
import type { GpuProfile } from "../../gpu/profile.ts";
import { mutant } from "../mutants.ts";
import { GpuDevice } from "../drm/device.ts";
import type { DrmFile } from "../drm/file.ts";
import type { ComputeSlice } from "../drm/slice.ts";
import { migUuid } from "./uuid.ts";

const MIB = 2 ** 20;

/** What a GPU instance is to programs: the GPU's data sheet with its own share of everything. */
function sheetOf(whole: GpuProfile, capability: MigCapability, profile: GpuInstanceProfile): GpuProfile {
  const { mig: _mig, ...rest } = whole;
  const share = profile.memorySlices / capability.memorySlices;
  return {
    ...rest,
    name: `${whole.name} ${migName(profile, profile.slices)}`,
    multiprocessors: profile.multiprocessors,
    memoryBandwidth: whole.memoryBandwidth * share,
    vramBytes: profile.memoryMiB * MIB,
    l2Bytes: whole.l2Bytes * share,
    memoryBusBits: whole.memoryBusBits * share,
    copyEngines: profile.copyEngines,
  };
}

/**
 * A GPU instance: a device of its own but for its PCI function. It has its own memory, copy engines, schedulers and fault domain; its multiprocessors belong
 * to its compute instances.
 */
export class GpuInstance {
  readonly id: number;
  readonly profile: GpuInstanceProfile;
  /** First memory slice. */
  readonly start: number;
  readonly capability: MigCapability;
  readonly device: GpuDevice;
  readonly compute: Map<number, ComputeInstance> = new Map();

  constructor(whole: GpuDevice, capability: MigCapability, profile: GpuInstanceProfile, start: number, id: number) {
    this.id = id;
    this.profile = profile;
    this.start = start;
    this.capability = capability;
    this.device = new GpuDevice(whole.core, whole.index, sheetOf(whole.gpu.profile, capability, profile), whole, ` gi${id}`);
  }

  get end(): number {
    return this.start + this.profile.memorySlices;
  }

  /** Compute instances that work now: they share the instance's bandwidth. */
  get busy(): number {
    let n = 0;
    for (const instance of this.compute.values()) if (instance.slice.engine.load > 0) n++;
    return n;
  }

  /** Gives the device back. Nobody uses it any more. */
  release(): void {
    this.device.domain.caches.delete(this.device);
  }
}

/** A compute instance: some multiprocessors of a GPU instance with their own run list. What a program takes for a GPU. */
export class ComputeInstance {
  readonly id: number;
  readonly gi: GpuInstance;
  readonly profile: ComputeInstanceProfile;
  /** First compute slice inside the GPU instance. */
  readonly start: number;
  readonly name: string;
  readonly slice: ComputeSlice;

  constructor(gi: GpuInstance, profile: ComputeInstanceProfile, start: number, id: number) {
    const { device } = gi;
    const { core } = device;
    this.id = id;
    this.gi = gi;
    this.profile = profile;
    this.start = start;
    this.name = migName(gi.profile, profile.slices);
    const whole = device.whole!.gpu.profile;
    const label = ` gi${gi.id} ci${id}`;
    const sheet: GpuProfile = {
      ...device.gpu.profile,
      name: `${whole.name} ${this.name}`,
      multiprocessors: profile.multiprocessors,
      // Memory is the GPU instance's; those who use it at once share its bandwidth.
      get memoryBandwidth() {
        return device.gpu.profile.memoryBandwidth / Math.max(1, gi.busy);
      },
    };
    this.slice = {
      profile: sheet,
      uuid: migUuid(device.whole!.uuid, gi.id, id),
      engine: mutant("mig-instances-share-multiprocessors") ? device.whole!.gpu.compute : new ComputeEngine(core.kernel, device.index, sheet, device.limits, `compute${label}`, device.gpu.meter),
      scheduler: device.makeScheduler(`compute${label}`, sheet.limits.maxConcurrentKernels),
      cap: null,
      urgencyShift: 0,
      shared: null,
    };
    this.slice.engine.turns.timeslice = device.whole!.gpu.compute.turns.timeslice;
  }

  get end(): number {
    return this.start + this.profile.slices;
  }

  /** Open files that work on it. */
  get clients(): DrmFile[] {
    return [...this.gi.device.files].filter((file) => file.slice.engine === this.slice.engine);
  }

  /** Whether programs work on it, or left work there. */
  get inUse(): boolean {
    return this.clients.length > 0 || [...this.gi.device.contexts].some((context) => context.file.slice.engine === this.slice.engine);
  }
}

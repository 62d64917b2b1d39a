import { computeProfilesOf, instanceIdAt, migName, type ComputeInstanceProfile, type GpuInstanceProfile, type MigCapability } from "../../gpu/partition/mig.ts";
import { Errno, invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import type { GpuDevice } from "../drm/device.ts";
import type { MigComputeProfileInfo, MigMode, MigProfileInfo } from "../sys/nv-uapi.ts";
import { ComputeInstance, GpuInstance } from "./instances.ts";

/** Files, or what outlives them: objects that are exported, contexts with unfinished jobs. */
function holdsAnything(device: GpuDevice): boolean {
  return device.files.size + device.objects.size + device.contexts.size + device.vms.size > 0;
}

/** Told of instances that come and go, by whoever shows them in the file system. */
export interface InstanceFiles {
  added(gpu: number, gi: GpuInstance, ci: ComputeInstance | null): void;
  removed(gpu: number, gi: number, ci: number | null): void;
}

/**
 * The partition of one GPU: whether it is cut, and how. Instances are placed where they fit and never moved, so the order in which they were made
 * decides what else fits (MIG User Guide, "Partitioning").
 */
export class MigGpu {
  readonly whole: GpuDevice;
  readonly capability: MigCapability;
  readonly instances: Map<number, GpuInstance> = new Map();
  private readonly devices = new Set<GpuDevice>();
  private readonly files: InstanceFiles;
  private enabled = false;
  private wanted = false;

  constructor(whole: GpuDevice, capability: MigCapability, files: InstanceFiles) {
    this.whole = whole;
    this.capability = capability;
    this.files = files;
  }

  get mode(): MigMode {
    return { current: this.enabled, pending: this.wanted };
  }

  /** Whether programs have the GPU or an instance open, or left work or memory there. */
  get inUse(): boolean {
    if (holdsAnything(this.whole)) return true;
    for (const { device } of this.instances.values()) if (holdsAnything(device)) return true;
    return false;
  }

  /** Asks for a mode: at once on an idle GPU without instances, else with the next reset. */
  setMode(enable: boolean): "set" | "pending" {
    this.wanted = enable;
    if (this.enabled === enable) return "set";
    if ((this.inUse || this.instances.size > 0) && !mutant("mig-mode-on-busy-gpu")) return "pending";
    this.apply();
    return "set";
  }

  /** The GPU was reset: instances are gone, the pending mode holds. -EBUSY: in use. */
  reset(): number {
    if (this.inUse) return -Errno.EBUSY;
    for (const gi of [...this.instances.values()]) {
      for (const ci of [...gi.compute.keys()]) this.dropCompute(gi, ci);
      this.drop(gi);
    }
    this.apply();
    return 0;
  }

  private apply(): void {
    this.enabled = this.wanted;
    this.whole.parts = this.enabled ? this.devices : null;
  }

  /** Starts where a profile fits beside what is there. */
  freeStarts(profile: GpuInstanceProfile): number[] {
    const others = [...this.instances.values()];
    const slices = others.reduce((sum, gi) => sum + gi.profile.slices, 0);
    const same = others.filter((gi) => gi.profile.id === profile.id).length;
    if (slices + profile.slices > this.capability.computeSlices || same >= profile.most) return [];
    return profile.starts.filter((start) => !others.some((gi) => start < gi.end && gi.start < start + profile.memorySlices));
  }

  /** How many more of a profile could be made now. */
  private room(profile: GpuInstanceProfile): number {
    const others = [...this.instances.values()];
    const slices = this.capability.computeSlices - others.reduce((sum, gi) => sum + gi.profile.slices, 0);
    const same = others.filter((gi) => gi.profile.id === profile.id).length;
    return Math.max(0, Math.min(this.freeStarts(profile).length, Math.floor(slices / profile.slices), profile.most - same));
  }

  profiles(): readonly MigProfileInfo[] {
    return this.capability.profiles.map((p) => ({
      id: p.id, name: p.name, free: this.room(p), total: p.most, slices: p.slices, memoryMiB: p.memoryMiB, multiprocessors: p.multiprocessors, copyEngines: p.copyEngines, decoders: p.decoders,
      encoders: p.encoders, jpeg: p.jpeg, ofa: p.ofa, starts: p.starts, size: p.memorySlices, freeStarts: this.freeStarts(p),
    }));
  }

  /**
   * Makes a GPU instance. Without a wish it goes to the last place that fits, so that small instances leave room for large ones at the front.
   * @returns its id; -EOPNOTSUPP: MIG is off; -EINVAL: no such profile, no such placement; -ENOSPC: no room
   */
  create(profileId: number, start: number | null): number {
    if (!this.enabled) return -Errno.EOPNOTSUPP;
    const profile = this.capability.profiles.find((p) => p.id === profileId);
    if (profile === undefined || (start !== null && !profile.starts.includes(start))) return -Errno.EINVAL;
    const free = mutant("mig-placements-overlap") ? [...profile.starts].filter((at) => !this.instances.has(instanceIdAt(at, profile.memorySlices))) : this.freeStarts(profile);
    const at = start ?? free.at(-1);
    if (at === undefined || !free.includes(at)) return -Errno.ENOSPC;
    const id = instanceIdAt(at, profile.memorySlices);
    const gi = new GpuInstance(this.whole, this.capability, profile, at, id);
    this.instances.set(id, gi);
    this.devices.add(gi.device);
    this.files.added(this.whole.index, gi, null);
    return id;
  }

  /** -ENOENT; -EBUSY: it has compute instances, or memory that programs still share. */
  destroy(id: number): number {
    const gi = this.instances.get(id);
    if (gi === undefined) return -Errno.ENOENT;
    if ((gi.compute.size > 0 || holdsAnything(gi.device)) && !mutant("mig-destroys-gi-with-ci")) return -Errno.EBUSY;
    this.drop(gi);
    return 0;
  }

  private drop(gi: GpuInstance): void {
    this.instances.delete(gi.id);
    this.devices.delete(gi.device);
    gi.release();
    this.files.removed(this.whole.index, gi.id, null);
  }

  private static freeComputeStarts(gi: GpuInstance, profile: ComputeInstanceProfile): number[] {
    const others = [...gi.compute.values()];
    const sms = others.reduce((sum, ci) => sum + ci.profile.multiprocessors, 0);
    if (sms + profile.multiprocessors > gi.profile.multiprocessors) return [];
    return profile.starts.filter((start) => !others.some((ci) => start < ci.end && ci.start < start + profile.slices));
  }

  /** -ENOENT: no such GPU instance. */
  computeProfiles(id: number): readonly MigComputeProfileInfo[] | number {
    const gi = this.instances.get(id);
    if (gi === undefined) return -Errno.ENOENT;
    return computeProfilesOf(this.capability, gi.profile).map((p) => ({
      id: p.id, name: migName(gi.profile, p.slices), slices: p.slices, free: MigGpu.freeComputeStarts(gi, p).length, total: p.starts.length, multiprocessors: p.multiprocessors,
    }));
  }

  /** Makes a compute instance; profile null: the whole GPU instance. @returns it; -ENOENT, -EINVAL, -ENOSPC */
  createCompute(id: number, profileId: number | null): ComputeInstance | number {
    const gi = this.instances.get(id);
    if (gi === undefined) return -Errno.ENOENT;
    const profiles = computeProfilesOf(this.capability, gi.profile);
    const profile = profileId === null ? profiles.at(-1) : profiles.find((p) => p.id === profileId);
    if (profile === undefined) return -Errno.EINVAL;
    const start = MigGpu.freeComputeStarts(gi, profile)[0];
    if (start === undefined) return -Errno.ENOSPC;
    let number = 0;
    while (gi.compute.has(number)) number++;
    const ci = new ComputeInstance(gi, profile, start, number);
    gi.compute.set(number, ci);
    this.files.added(this.whole.index, gi, ci);
    return ci;
  }

  /** -ENOENT; -EBUSY: programs work on it. */
  destroyCompute(id: number, number: number): number {
    const gi = this.instances.get(id);
    const ci = gi?.compute.get(number);
    if (gi === undefined || ci === undefined) return -Errno.ENOENT;
    if (ci.inUse && !mutant("mig-destroys-ci-with-client")) return -Errno.EBUSY;
    this.dropCompute(gi, number);
    return 0;
  }

  private dropCompute(gi: GpuInstance, number: number): void {
    gi.compute.delete(number);
    this.files.removed(this.whole.index, gi.id, number);
  }

  checkInvariants(): void {
    const all = [...this.instances.values()];
    invariant(this.enabled || all.length === 0, "only a partitioned GPU has instances");
    invariant(all.reduce((sum, gi) => sum + gi.profile.slices, 0) <= this.capability.computeSlices, "compute slices of all instances are at most the GPU's");
    invariant(all.reduce((sum, gi) => sum + gi.profile.memorySlices, 0) <= this.capability.memorySlices, "memory slices of all instances are at most the GPU's");
    invariant(all.reduce((sum, gi) => sum + gi.device.gpu.vram.total, 0) <= this.whole.gpu.profile.vramBytes, "memory of all instances is at most the GPU's");
    invariant(!this.enabled || this.whole.gpu.vram.used === 0, "a partitioned GPU holds no memory as a whole");
    for (const gi of all) {
      invariant(this.instances.get(gi.id) === gi && gi.end <= this.capability.memorySlices, "a GPU instance is on the GPU, by its id");
      for (const other of all) invariant(gi === other || gi.start >= other.end || other.start >= gi.end, "placements are disjoint");
      const computes = [...gi.compute.values()];
      invariant(computes.reduce((sum, ci) => sum + ci.profile.multiprocessors, 0) <= gi.profile.multiprocessors, "compute instances have no more multiprocessors than their GPU instance");
      for (const ci of computes) {
        invariant(ci.gi === gi, "a compute instance belongs to one GPU instance");
        ci.slice.scheduler.checkInvariants();
        for (const other of computes) invariant(ci === other || ci.start >= other.end || other.start >= ci.end, "compute instances are disjoint");
      }
      for (const file of gi.device.files) invariant(computes.some((ci) => ci.slice.engine === file.slice.engine), "who works on a GPU instance has one of its compute instances");
      gi.device.checkInvariants();
    }
  }
}

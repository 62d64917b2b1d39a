/**
 * One way to cut a GPU: a GPU instance profile. NVIDIA MIG User Guide, "Supported MIG Profiles"; NVML names the fields in
 * nvmlGpuInstanceProfileInfo_t.
 */
export interface GpuInstanceProfile {
  /** As the driver numbers it: `nvidia-smi mig -cgi <id>`. */
  readonly id: number;
  /** "2g.10gb" */
  readonly name: string;
  /** Compute slices, of the GPU's seven. */
  readonly slices: number;
  /** Memory slices, of the GPU's eight: the length of a placement. */
  readonly memorySlices: number;
  /** Where a placement may begin. */
  readonly starts: readonly number[];
  /** How many there may be at once. */
  readonly most: number;
  readonly multiprocessors: number;
  /** Memory for programs, MiB. */
  readonly memoryMiB: number;
  readonly copyEngines: number;
  readonly decoders: number;
  readonly encoders: number;
  readonly jpeg: number;
  readonly ofa: number;
}

/** How a GPU can be partitioned. */
export interface MigCapability {
  readonly computeSlices: number;
  readonly memorySlices: number;
  /** Multiprocessors of one compute slice of an instance that is cut further. */
  readonly multiprocessorsPerSlice: number;
  readonly profiles: readonly GpuInstanceProfile[];
}

/** A compute instance profile inside a GPU instance: a share of its multiprocessors. The rest is shared. */
export interface ComputeInstanceProfile {
  /** NVML_COMPUTE_INSTANCE_PROFILE_*: 0 is one slice, 1 two, 2 three, 3 four, 4 seven. */
  readonly id: number;
  readonly slices: number;
  readonly starts: readonly number[];
  readonly multiprocessors: number;
}

/** Compute instance profile ids by slices (nvml.h). */
const computeProfileIds: ReadonlyMap<number, number> = new Map([[1, 0], [2, 1], [3, 2], [4, 3], [7, 4]]);

/**
 * The compute instance profiles of a GPU instance profile, smallest first. The largest is the whole instance.
 * @param capability of the GPU
 */
export function computeProfilesOf(capability: MigCapability, profile: GpuInstanceProfile): readonly ComputeInstanceProfile[] {
  const found: ComputeInstanceProfile[] = [];
  for (const [slices, id] of computeProfileIds) {
    // Three slices of four are not offered; of seven they are.
    if (slices > profile.slices || (slices === 3 && profile.slices === 4)) continue;
    const step = slices === 3 ? 4 : slices;
    const starts: number[] = [];
    for (let at = 0; at + slices <= profile.slices; at += step) starts.push(at);
    found.push({ id, slices, starts, multiprocessors: slices === profile.slices ? profile.multiprocessors : slices * capability.multiprocessorsPerSlice });
  }
  return found;
}

/**
 * The number that a GPU instance gets from its place: 0 has all eight memory slices, 1 and 2 a half, 3 to 6 a quarter, 7 to 14 one slice. So ids are by
 * range, not dense.
 */
export function instanceIdAt(start: number, memorySlices: number): number {
  return 8 / memorySlices - 1 + start / memorySlices;
}

/** "MIG 2g.10gb", or "MIG 1c.2g.10gb" when a compute instance is a part of its GPU instance. */
export function migName(profile: GpuInstanceProfile, computeSlices: number): string {
  return computeSlices === profile.slices ? `MIG ${profile.name}` : `MIG ${computeSlices}c.${profile.name}`;
}

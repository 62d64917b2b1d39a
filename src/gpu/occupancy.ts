import type { GpuProfile } from "./profile.ts";

/** Granularity in which a multiprocessor hands out registers to a warp and shared memory to a block (compute capability 8.x and 9.0: occupancy calculator). */
const REGISTER_UNIT = 256;
const SHARED_UNIT = 128;

/**
 * Work-groups of one kernel that fit on one multiprocessor at the same time: the least of what threads, blocks, shared memory and registers
 * allow. 0 when not even one fits.
 * @param threads work-items of a group; @param sharedBytes static and dynamic shared memory of a group
 * @param registers of a work-item; 0 when unknown
 */
export function blocksPerMultiprocessor(profile: GpuProfile, threads: number, sharedBytes: number, registers: number): number {
  const limits = profile.limits;
  if (threads > limits.maxThreadsPerBlock || sharedBytes > limits.sharedPerBlockOptin || registers > limits.maxRegistersPerThread) return 0;
  const warps = Math.ceil(threads / profile.warpSize);
  let blocks = Math.min(limits.maxBlocksPerMultiprocessor, Math.floor(limits.maxThreadsPerMultiprocessor / (warps * profile.warpSize)));
  const shared = Math.ceil((sharedBytes + limits.reservedSharedPerBlock) / SHARED_UNIT) * SHARED_UNIT;
  if (shared > 0) blocks = Math.min(blocks, Math.floor(limits.sharedPerMultiprocessor / shared));
  if (registers > 0) {
    const perWarp = Math.ceil((registers * profile.warpSize) / REGISTER_UNIT) * REGISTER_UNIT;
    if (perWarp * warps > limits.registersPerBlock) return 0;
    blocks = Math.min(blocks, Math.floor(limits.registersPerMultiprocessor / (perWarp * warps)));
  }
  return blocks;
}

import type { GpuProfile } from "../profile.ts";

const MIB = 2 ** 20;
const KIB = 2 ** 10;

/**
 * No real GPU: the smallest one on which everything can be seen. Two multiprocessors, 64 MiB, two copy engines, a watchdog of two
 * seconds (the default TdrDelay). All numbers are MODEL; the limits are those of compute capability 8.0, cut to two blocks a multiprocessor
 * of full size.
 */
export const tiny: GpuProfile = {
  id: "tiny",
  name: "Glass Tiny",
  vendor: "nvidia",
  vendorId: 0x10de,
  deviceId: 0x0001,
  subsystemId: 0x000110de,
  computeCapability: [8, 0],
  gfxTarget: "sm_80",
  multiprocessors: 2,
  warpSize: 32,
  clockHz: 1_000_000_000,
  memoryClockHz: 1_000_000_000,
  memoryBusBits: 128,
  memoryBandwidth: 32_000_000_000,
  vramBytes: 64 * MIB,
  l2Bytes: MIB,
  constantBytes: 64 * KIB,
  pcie: { generation: 3, lanes: 4, bandwidth: 3_100_000_000 },
  copyEngines: 2,
  instructionsPerClock: 64,
  limits: {
    maxThreadsPerBlock: 1024,
    maxBlockDim: [1024, 1024, 64],
    maxGridDim: [2147483647, 65535, 65535],
    maxThreadsPerMultiprocessor: 2048,
    maxBlocksPerMultiprocessor: 8,
    sharedPerBlock: 48 * KIB,
    sharedPerBlockOptin: 99 * KIB,
    sharedPerMultiprocessor: 100 * KIB,
    reservedSharedPerBlock: KIB,
    registersPerBlock: 65536,
    registersPerMultiprocessor: 65536,
    maxRegistersPerThread: 255,
    maxConcurrentKernels: 16,
  },
  priorities: { least: 0, greatest: -5 },
  preemption: "instruction",
  timesliceNs: 2_000_000,
  jobTimeoutNs: 2_000_000_000,
  kernelExecTimeout: true,
  ecc: false,
  integrated: false,
  contextsShareMultiprocessors: false,
  driverVersion: "580.65.06",
};

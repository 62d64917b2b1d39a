import { migH100x80 } from "../partition/mig-profiles.ts";
import type { GpuProfile } from "../profile.ts";

const MIB = 2 ** 20;
const KIB = 2 ** 10;

/**
 * H100 SXM5, 80 GB. Multiprocessors, caches, lanes: NVIDIA H100 Tensor Core GPU Architecture whitepaper (2022). Clocks and memory size: as
 * nvidia-smi shows them on this board (1980 MHz, 2619 MHz, 81559 MiB). Bandwidth: 2619 MHz * 2 * 5120 bit / 8 = 3.35 TB/s.
 * PCI ids: the PCI ID repository (10de:2330, subsystem 10de:16c1).
 * Limits of compute capability 9.0: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
 */
export const h100Sxm80: GpuProfile = {
  id: "h100-sxm-80gb",
  name: "NVIDIA H100 80GB HBM3",
  vendor: "nvidia",
  vendorId: 0x10de,
  deviceId: 0x2330,
  subsystemId: 0x16c110de,
  computeCapability: [9, 0],
  gfxTarget: "sm_90",
  multiprocessors: 132,
  warpSize: 32,
  clockHz: 1_980_000_000,
  memoryClockHz: 2_619_000_000,
  memoryBusBits: 5120,
  memoryBandwidth: 3_352_000_000_000,
  vramBytes: 81559 * MIB,
  l2Bytes: 50 * MIB,
  constantBytes: 64 * KIB,
  // Effective rate of a generation 5 x16 link: 50 of 63 GB/s.
  pcie: { generation: 5, lanes: 16, bandwidth: 50_000_000_000 },
  copyEngines: 3,
  // 128 FP32 lanes a multiprocessor (whitepaper): 132 * 128 * 2 * 1.98 GHz are the published 67 TFLOPS.
  instructionsPerClock: 128,
  limits: {
    maxThreadsPerBlock: 1024,
    maxBlockDim: [1024, 1024, 64],
    maxGridDim: [2147483647, 65535, 65535],
    maxThreadsPerMultiprocessor: 2048,
    maxBlocksPerMultiprocessor: 32,
    sharedPerBlock: 48 * KIB,
    sharedPerBlockOptin: 227 * KIB,
    sharedPerMultiprocessor: 228 * KIB,
    reservedSharedPerBlock: KIB,
    registersPerBlock: 65536,
    registersPerMultiprocessor: 65536,
    maxRegistersPerThread: 255,
    maxConcurrentKernels: 128,
  },
  priorities: { least: 0, greatest: -5 },
  preemption: "instruction",
  // MODEL: the driver's default time slice is not published.
  timesliceNs: 2_000_000,
  jobTimeoutNs: 0,
  kernelExecTimeout: false,
  ecc: true,
  integrated: false,
  contextsShareMultiprocessors: false,
  driverVersion: "580.65.06",
  mig: migH100x80,
  // 700 W, adjustable from 200 W (H100 data sheet and nvidia-smi -q). MODEL: power at rest, temperatures under load.
  board: {
    brand: "NVIDIA", partNumber: "900-2G520-0000-000", vbios: "96.00.74.00.0D", idleWatts: 70, limitWatts: 700, minWatts: 200, maxWatts: 700, idleClockHz: 345_000_000,
    idleCelsius: 29, fullCelsius: 66, shutdownCelsius: 95, slowdownCelsius: 92, targetCelsius: 87, memoryCelsius: 95,
  },
};
